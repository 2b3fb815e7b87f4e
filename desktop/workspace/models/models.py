"""The shelf of models: files trusted by their hash, each with a card; and what runs on them.

A model lies as ``SHA256.onnx`` with ``SHA256.json`` beside it, in this user's folder or in the one
beside the project file. What has another hash than its name is never run.
"""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from desktop.domain.errors import AccessProblem, ModelProblem, UserError
from desktop.domain.model_card import ModelCard, Task
from desktop.domain.record import to_json
from desktop.domain.task import Role
from desktop.inference.host import ModelHost
from desktop.inference.prompt_family import family_of
from desktop.inference.session import LARGEST_BYTES
from desktop.workspace.models.model_cards import check_card, guessed_card, takes_prompts
from desktop.workspace.places import data_dir

if TYPE_CHECKING:
    from desktop.workspace.jobs import Job
    from desktop.workspace.models.model_runs import ModelRuns
    from desktop.workspace.models.prompter import WorkspacePrompter
    from desktop.workspace.workspace import Workspace

_LARGEST_CARD = 1 << 20


@dataclass(frozen=True)
class ShelvedModel:
    """A model on the shelf. ``problem`` says why it can't be used, "" where it can."""

    card: ModelCard
    path: Path
    decoder: Path | None = None
    problem: str = ""


class Models:
    """Reached as ``workspace.models``; main thread, except where a method says so."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.host = ModelHost()

    @property
    def folders(self) -> tuple[Path, Path]:
        """This user's shelf, and the one beside the project."""
        mine = data_dir() / "models"
        return mine, self._workspace.path.with_suffix(".models")

    @functools.cached_property
    def runs(self) -> ModelRuns:
        """Running models over cases."""
        from desktop.workspace.models.model_runs import ModelRuns

        return ModelRuns(self._workspace)

    @functools.cached_property
    def prompter(self) -> WorkspacePrompter:
        """Prompted outlines on the image shown."""
        from desktop.workspace.models.prompter import WorkspacePrompter

        return WorkspacePrompter(self._workspace)

    # the shelf -------------------------------------------------------------------------------

    def shelf(self) -> list[ShelvedModel]:
        """All models, by name; each once, also where both folders have it."""
        found: dict[str, ShelvedModel] = {}
        for folder in self.folders:
            for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
                shelved = self._shelved(path)
                if shelved is not None:
                    found.setdefault(shelved.card.sha256, shelved)
        return sorted(found.values(), key=lambda s: (s.card.name.casefold(), s.card.sha256))

    def get(self, sha256: str) -> ShelvedModel:
        """A model by the beginning of its hash; ModelProblem where it is not there or not one."""
        found = [s for s in self.shelf() if s.card.sha256.startswith(sha256.lower())]
        if len(found) != 1 or not sha256:
            raise ModelProblem("There is no such model on the shelf.", sha256[:12], "Add it first.")
        return found[0]

    def prompted(self) -> ShelvedModel | None:
        """The model of the prompt tool: the one chosen here, else the first that can be used."""
        found = [s for s in self.shelf() if s.card.task is Task.PROMPT and not s.problem]
        wanted = self._workspace.settings.get("prompt_model")
        return next((s for s in found if s.card.sha256 == wanted), found[0] if found else None)

    def use_for_prompts(self, sha256: str) -> None:
        """Outline with this model from now on, on this machine."""
        shelved = self.get(sha256)
        if shelved.card.task is not Task.PROMPT or shelved.problem:
            raise ModelProblem(
                f"{shelved.card.name} can't outline.", shelved.problem, "Choose a prompted model."
            )
        self._workspace.settings.set("prompt_model", shelved.card.sha256)

    def forms(self, task: Task) -> list[tuple[str, str]]:
        """(name, title) of the adapters that can read the numbers of a task's models."""
        from desktop.inference.adapters import adapters

        _ = self._workspace.plugins  # theirs count from here on
        return [(a.name, a.title) for a in adapters() if a.task is task]

    # changing it -----------------------------------------------------------------------------

    def add(
        self,
        path: Path,
        card: ModelCard | None = None,
        decoder: Path | None = None,
        *,
        beside_project: bool = False,
    ) -> ModelCard:
        """Look through a file, copy it to the shelf and write its card; blocking.

        Without a card the one beside the file is taken (NAME.json), else one is guessed.
        Raises ModelProblem where the file is refused.
        """
        self._check_lead()
        done = self._look(Path(path), card, decoder)
        return self._put(*done, beside_project=beside_project)

    def start_add(
        self,
        path: Path,
        decoder: Path | None,
        on_done: Callable[[ModelCard], None],
        on_error: Callable[[UserError], None],
    ) -> Job:
        """The same as a job."""
        self._check_lead()
        return self._workspace.jobs.start(
            "Looking through the model",
            lambda _progress: self._look(Path(path), None, decoder),
            lambda done: on_done(self._put(*done)),
            on_error,
        )

    def change(self, card: ModelCard) -> None:
        """Write another card for a model on the shelf; the file stays what it is."""
        self._check_lead()
        shelved = self.get(card.sha256)
        check_card(card)
        _write(shelved.path.with_suffix(".json"), to_json(card).encode())

    def remove(self, sha256: str) -> None:
        """Take a model off the shelf. What it suggested stays."""
        self._check_lead()
        shelved = self.get(sha256)
        for path in (shelved.path.with_suffix(".json"), shelved.path, shelved.decoder):
            if path is not None:
                path.unlink(missing_ok=True)

    def close(self) -> None:
        self.host.close()

    # ------------------------------------------------------------------------------------------

    def _look(
        self, path: Path, card: ModelCard | None, decoder: Path | None
    ) -> tuple[ModelCard, bytes, bytes | None]:
        """Check the files in the child; any thread."""
        if card is None:
            card = _card_beside(path)
        if decoder is None and (card is None or card.task is Task.PROMPT):
            decoder = _decoder_beside(path)
        data = _read(path)
        facts = self.host.describe(path, _sha256(data))
        other = None
        if decoder is not None:
            other = _read(decoder)
            second = self.host.describe(decoder, _sha256(other))
            if takes_prompts(facts) and not takes_prompts(second):  # chosen the other way round
                data, facts, other, second = other, second, data, facts
                path, card = decoder, card or _card_beside(decoder)
            family = family_of(facts, second).name
            card = card or ModelCard(
                sha256="", name=path.stem, licence="not stated", task=Task.PROMPT
            )
            card = replace(card, family=family, decoder_sha256=_sha256(other), task=Task.PROMPT)
        card = replace(card or guessed_card(path.stem, facts), sha256=_sha256(data))
        check_card(card)
        return card, data, other

    def _put(
        self, card: ModelCard, data: bytes, decoder: bytes | None, beside_project: bool = False
    ) -> ModelCard:
        folder = self.folders[int(beside_project)]
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / f"{card.sha256}.onnx", data)
        if decoder is not None:
            _write(folder / f"{card.decoder_sha256}.onnx", decoder)
        _write(folder / f"{card.sha256}.json", to_json(card).encode())
        return card

    def _shelved(self, path: Path) -> ShelvedModel | None:
        card = _read_card(path)
        if card is None or card.sha256 != path.stem:
            return None
        file = path.with_suffix(".onnx")
        decoder = path.with_name(f"{card.decoder_sha256}.onnx") if card.decoder_sha256 else None
        problem = ""
        if not file.is_file() or (decoder is not None and not decoder.is_file()):
            problem = "Its file is gone. Add it again."
        elif card.task is Task.PROMPT and decoder is None:
            problem = "Its decoder is missing. Add both files."
        return ShelvedModel(card, file, decoder, problem)

    def _check_lead(self) -> None:
        self._workspace.accounts.check_signed_in()
        if self._workspace.reader.role is not Role.LEAD:
            raise AccessProblem("Only the lead changes models.", "", "Ask the lead.")


def _card_beside(path: Path) -> ModelCard | None:
    return _read_card(path.with_suffix(".json"), loud=True)


def _decoder_beside(path: Path) -> Path | None:
    """NAME-decoder.onnx beside NAME-encoder.onnx."""
    if "encoder" not in path.name:
        return None
    other = path.with_name(path.name.replace("encoder", "decoder"))
    return other if other.is_file() else None


def _read_card(path: Path, loud: bool = False) -> ModelCard | None:
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST_CARD:
            return None
        return msgspec.json.decode(path.read_bytes(), type=ModelCard)
    except (OSError, ValueError) as error:
        if loud:
            raise ModelProblem("The model's card can't be read.", str(error)[:200]) from error
        return None


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise ModelProblem(
                "This model file is too large.", f"{LARGEST_BYTES / 1e9:.1f} GB are allowed."
            )
        return path.read_bytes()
    except OSError as error:
        raise ModelProblem("The model file can't be read.", error.strerror or "") from error


def _write(path: Path, data: bytes) -> None:
    draft = path.with_name(path.name + ".part")
    try:
        draft.write_bytes(data)
        os.replace(draft, path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise ModelProblem("The model can't be kept.", error.strerror or "") from error


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
