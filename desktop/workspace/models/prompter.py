"""Prompted outlines on the image shown: encoded once per image and window, decoded per prompt."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from desktop.domain.errors import ModelProblem, UserError
from desktop.domain.study import FrameRef, Window
from desktop.inference.prepare import shown_pixels, window_for
from desktop.inference.prompt_family import PromptFamily, family_of
from desktop.inference.prompting import Encoded, ModelFile, Outlined
from desktop.interaction.prompting import Prompted, PromptProblem, Prompts
from desktop.workspace.models.model_proposals import provenance_of
from desktop.workspace.models.models import ShelvedModel

if TYPE_CHECKING:
    from desktop.workspace.workspace import Workspace

_PROMPTING = "desktop.inference.prompting"
_ENCODE_LIMIT_S = 60.0
_KEPT = 4  # encoded images, about 4 MB each (SAM 2: 40 MB)

Answer = Callable[[Prompted | PromptProblem], None]


@dataclass(frozen=True)
class _Known:
    """A prompted model that has been looked through."""

    model: ShelvedModel
    family: PromptFamily
    encoder: ModelFile
    decoder: ModelFile


class WorkspacePrompter:
    """The interaction's ``Prompter``; main thread. Answers come back on the main thread, too."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._known: _Known | None = None
        self._encoded: OrderedDict[tuple[str, ...], Encoded] = OrderedDict()

    def why_not(self, case_id: str) -> str:
        """Why no outline can be asked for; "" where it can."""
        hidden = self._workspace.help_standing(case_id).why_hidden
        if hidden:
            return hidden
        if self._workspace.models.prompted() is None:
            return "No prompted model is on the shelf. The lead adds one on the Models page."
        return ""

    def ask(self, prompts: Prompts, answer: Answer) -> None:
        """Ask for an outline; ``answer`` is called once, later, on the main thread."""
        why = self.why_not(prompts.case_id)
        model = self._workspace.models.prompted()
        if why or model is None:
            self._post(lambda: answer(PromptProblem(prompts.ticket, why)))
            return
        self._workspace.frames.request(
            prompts.frame, lambda frame: self._framed(model, prompts, frame, answer)
        )

    # any thread ------------------------------------------------------------------------------

    def _framed(self, model: ShelvedModel, prompts: Prompts, frame: Any, answer: Answer) -> None:
        if isinstance(frame, UserError):
            self._fail(prompts, frame, answer)
            return
        window = window_for(frame, prompts.window)

        def known(found: _Known) -> None:
            key = _key(found, prompts.frame, frame.pixels_sha256, window)
            ready = self._encoded.get(key)
            if ready is not None:
                self._encoded.move_to_end(key)
                self._decode(found, ready, prompts, window, answer)
                return

            def encoded(value: Any, error: UserError | None) -> None:
                if error is not None:
                    self._fail(prompts, error, answer)
                    return
                self._encoded[key] = value
                while len(self._encoded) > _KEPT:
                    self._encoded.popitem(last=False)
                self._decode(found, value, prompts, window, answer)

            pixels: np.ndarray = shown_pixels(frame, window)
            self._call("encode", (found.encoder, found.family, pixels), _ENCODE_LIMIT_S, encoded)

        self._look(model, prompts, known, answer)

    def _look(
        self, model: ShelvedModel, prompts: Prompts, then: Callable[[_Known], None], answer: Answer
    ) -> None:
        """Find out the family of a model, once."""
        if self._known is not None and self._known.model == model:
            then(self._known)
            return
        encoder = ModelFile(str(model.path), model.card.sha256)
        decoder = ModelFile(str(model.decoder), model.card.decoder_sha256)

        def second(first: Any) -> Callable[[Any, UserError | None], None]:
            def both(facts: Any, error: UserError | None) -> None:
                try:
                    if error is not None:
                        raise error
                    family = family_of(first, facts)
                except UserError as problem:
                    self._fail(prompts, problem, answer)
                    return
                self._known = _Known(model, family, encoder, decoder)
                then(self._known)

            return both

        def described(facts: Any, error: UserError | None) -> None:
            if error is not None:
                self._fail(prompts, error, answer)
            else:
                self._describe(decoder, second(facts))

        self._describe(encoder, described)

    def _describe(self, file: ModelFile, done: Callable[[Any, UserError | None], None]) -> None:
        self._workspace.models.host.submit(
            "desktop.inference.session:describe",
            file.path,
            file.sha256,
            limit_s=_ENCODE_LIMIT_S,
            on_done=done,
        )

    def _decode(
        self, known: _Known, encoded: Encoded, prompts: Prompts, window: Window | None,
        answer: Answer,
    ) -> None:  # fmt: skip
        def decoded(value: Outlined | None, error: UserError | None) -> None:
            if error is not None or value is None:
                self._fail(prompts, error or ModelProblem("The model gave nothing."), answer)
                return
            made = provenance_of(known.model.card, window)
            detail = {
                **made.detail,
                "family": known.family.name,
                "prompts": _prompt_words(prompts),
                "iou": f"{value.score:.3f}",
            }
            found = Prompted(
                ticket=prompts.ticket,
                mask_yx=value.mask_yx,
                score=value.score,
                low_res=value.low_res,
                model=known.model.card.name,
                detail=detail,
            )
            self._post(lambda: answer(found))

        before = prompts.before if known.family.takes_mask else None
        args = (known.decoder, known.family, encoded, prompts.points_xy, prompts.labels, before)
        self._call("decode", args, known.model.card.limit_s, decoded)

    def _call(
        self, name: str, args: tuple[Any, ...], limit_s: float, done: Callable[[Any, Any], None]
    ) -> None:
        host = self._workspace.models.host
        host.submit(f"{_PROMPTING}:{name}", *args, limit_s=limit_s, on_done=done)

    def _fail(self, prompts: Prompts, error: UserError, answer: Answer) -> None:
        self._post(lambda: answer(PromptProblem(prompts.ticket, str(error))))

    def _post(self, what: Callable[[], None]) -> None:
        self._workspace.jobs.hand_back(what)


def _key(known: _Known, frame: FrameRef, pixels: str, window: Window | None) -> tuple[str, ...]:
    shown = "" if window is None else f"{window.center}/{window.width}"
    return (known.encoder.sha256, frame.key, pixels, shown)


def _prompt_words(prompts: Prompts) -> str:
    """Every prompt as label@x,y in image pixels."""
    pairs = zip(prompts.labels, prompts.points_xy, strict=True)
    return " ".join(f"{label}@{x:.1f},{y:.1f}" for label, (x, y) in pairs)
