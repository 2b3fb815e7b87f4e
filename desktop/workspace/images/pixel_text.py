"""Looking for text in the pixels of cases: a job, kept as it goes, taken up where it ended.

What is kept are boxes, scores and numbers of characters; never what a text says.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from desktop.commands.model_run import OfferModelResult
from desktop.domain.annotation import Label, Origin, Provenance, Target
from desktop.domain.contracts import Progress
from desktop.domain.errors import FileProblem, ModelProblem, UserError
from desktop.domain.geometry import Box
from desktop.domain.model_run import TEXT_TASK, ModelCase, ModelRun, TextBox, TextFrame
from desktop.domain.proposal import Proposal
from desktop.domain.record import stable_id
from desktop.domain.schema import LabelClass, Schema, Scope
from desktop.domain.study import Case
from desktop.domain.task import Assignment, AssignmentState
from desktop.inference import text_reader
from desktop.store import queries
from desktop.store.database import Connection
from desktop.version import __version__
from desktop.workspace.images.text_search import CASE_LIMIT_S, CaseLook, CaseSearch, Read
from desktop.workspace.models.model_proposals import SeriesSeen, content_of, series_seen
from desktop.workspace.models.model_runs import LeftOut

if TYPE_CHECKING:
    from desktop.workspace.jobs import Job
    from desktop.workspace.workspace import Workspace

NAME = "Text in pixels"
_READER = "desktop.inference.text_reader"
_HOW = "a few images of a long series"  # another way to look is another run
_FRAME_LIMIT_S = 60.0


@dataclass(frozen=True)
class TextReport:
    """What a search did; ``images`` have text."""

    done: int
    known: int
    images: int
    cases: int
    left_out: tuple[LeftOut, ...] = ()
    not_ended: tuple[LeftOut, ...] = ()

    @property
    def sentence(self) -> str:
        many = _count(self.done + self.known, "case")
        parts = [f"{many} looked through: {images_with_text(self.images, self.cases)}"]
        if self.left_out:
            parts.append(f"{_count(len(self.left_out), 'case')} left out")
        if self.not_ended:
            many = _count(len(self.not_ended), "case")
            parts.append(f"{many} not to the end ({CASE_LIMIT_S / 60:g} minutes each; look again)")
        return ", ".join(parts) + "."


@dataclass(frozen=True)
class CaseText:
    """A case with text on some images. ``places`` is the number of boxes."""

    case_id: str
    title: str
    frames: tuple[TextFrame, ...]

    @property
    def images(self) -> int:
        return len(self.frames)

    @property
    def places(self) -> int:
        return sum(len(f.boxes) for f in self.frames)


@dataclass
class _Tally:
    known: int = 0
    done: list[ModelCase] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    not_ended: list[LeftOut] = field(default_factory=list)


class PixelText:
    """Reached as ``workspace.pixel_text``; main thread, except where a method says so."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.why_not: Callable[[], str] = text_reader.why_not
        self.fingerprint: Callable[[], str] = self._child_fingerprint
        self.read: Read = self._child_read
        self.clock: Callable[[], float] = time.monotonic

    def find(
        self, case_ids: Sequence[str] | None = None, progress: Progress | None = None
    ) -> TextReport:
        """Look through cases (None: all) that were not looked through as they are; blocking."""
        self._check_ready()
        group, asked = self._workspace.new_id(), progress or Progress()
        kept = Progress(asked.report, lambda part: self._keep(part, group))
        return self._work(case_ids, kept)

    def start(
        self,
        case_ids: Sequence[str] | None,
        on_done: Callable[[TextReport], None],
        on_error: Callable[[UserError], None],
    ) -> Job:
        """The same as a job. What is done stays when it is cancelled; the next one goes on."""
        self._check_ready()
        group = self._workspace.new_id()
        return self._workspace.jobs.start(
            "Looking for text in pixels",
            lambda progress: self._work(case_ids, progress),
            on_done,
            on_error,
            on_part=lambda part: self._keep(part, group),
        )

    def found(self, *, only_done: bool = False) -> list[CaseText]:
        """Cases in which text was found, in the order of the list; of ``only_done`` those that
        somebody has marked done, as an export takes them."""
        connection, latest = self._workspace._read, _latest(self._workspace._read)
        with_text = {case_id: done for case_id, done in latest.items() if done.text}
        cases = [queries.maybe(connection, Case, case_id) for case_id in with_text]
        made = []
        for case in sorted((c for c in cases if c is not None), key=lambda c: c.order):
            states = queries.many(connection, Assignment, case_id=case.id) if only_done else []
            if not only_done or any(a.state is AssignmentState.DONE for a in states):
                made.append(CaseText(case.id, case.title, with_text[case.id].text))
        return made

    # ------------------------------------------------------------------------------------------

    def _check_ready(self) -> None:
        if why := self.why_not():
            raise ModelProblem("Text can't be looked for on this machine.", why)
        self._workspace._check_writable()

    def _keep(self, part: OfferModelResult, group: str) -> None:
        self._workspace.run(part, group=group)

    def _child_fingerprint(self) -> str:
        found: str = self._workspace.models.host.call(f"{_READER}:fingerprint")
        return found

    def _child_read(self, pixels: npt.NDArray[np.uint8]) -> Sequence[TextBox]:
        found: Sequence[TextBox] = self._workspace.models.host.call(
            f"{_READER}:find_text", pixels, limit_s=_FRAME_LIMIT_S
        )
        return found

    def _work(self, case_ids: Sequence[str] | None, progress: Progress) -> TextReport:
        tally, run = _Tally(), _run_of(self.fingerprint())
        with self._workspace._database.another_reader() as connection:
            cases = queries.many(connection, Case, order="position")
            wanted = None if case_ids is None else set(case_ids)
            cases = [c for c in cases if wanted is None or c.id in wanted]
            for number, case in enumerate(cases):

                def say(share: float, text: str, at: int = number, title: str = case.title) -> None:
                    progress.report((at + share) / len(cases), f"{title}, {text}")

                self._case(connection, run, case, progress, say, tally)
        images = sum(len(d.text) for d in tally.done)
        return TextReport(
            len(tally.done) - tally.known, tally.known, images,
            sum(bool(d.text) for d in tally.done), tuple(tally.left_out), tuple(tally.not_ended),
        )  # fmt: skip

    def _case(
        self,
        connection: Connection,
        run: ModelRun,
        case: Case,
        progress: Progress,
        say: Callable[[float, str], None],
        tally: _Tally,
    ) -> None:
        """One case; a file that can't be read leaves it out."""
        began, series = self.clock(), series_seen(connection, case)
        content = content_of(series)
        known = queries.maybe(connection, ModelCase, ModelCase.id_for(run.id, case.id))
        if known is not None and known.content_sha256 != content:
            known = None
        schema = queries.maybe(connection, Schema, case.schema_id) if case.schema_id else None
        if known is not None and not known.open and _is_offered(known, schema):
            tally.known += 1
            tally.done.append(known)
            return
        spent = 0.0 if known is None else known.seconds

        def done_with(look: CaseLook, offered: int, not_ended: bool) -> ModelCase:
            return ModelCase(
                id=ModelCase.id_for(run.id, case.id), run_id=run.id, case_id=case.id,
                content_sha256=content, offered=offered, text=look.text, read=look.read,
                seconds=round(spent + self.clock() - began, 3), open=not_ended,
            )  # fmt: skip

        def keep(look: CaseLook) -> None:
            part = done_with(look, 0, True)
            progress.hand_over(OfferModelResult(run=run, done=part, proposals=()))

        search = CaseSearch(self._workspace.frames.get, self.read, known, keep, self.clock)
        try:
            look = search.run(series, progress, say)
        except FileProblem as error:
            tally.left_out.append(LeftOut(case.id, case.title, str(error)))
            return
        proposals = _proposals(run, case, schema, series, look.text)
        done = done_with(look, len(proposals), look.unread > 0)
        progress.hand_over(OfferModelResult(run=run, done=done, proposals=proposals))
        tally.done.append(done)
        if look.unread:
            why = f"{_count(look.unread, 'image')} of {look.images:,} not reached in time."
            tally.not_ended.append(LeftOut(case.id, case.title, why))


def look_at(connection: Connection, case: Case) -> ModelCase | None:
    """The latest search through a case as its images are now; None where there was none, or none
    that came to its end."""
    done = _latest(connection, case.id).get(case.id)
    if (
        done is None
        or done.open
        or done.content_sha256 != content_of(series_seen(connection, case))
    ):
        return None
    return done


def images_with_text(images: int, cases: int) -> str:
    """In words, such as "text on 2 images of 1 case"."""
    if not images:
        return "no text found"
    return f"text on {_count(images, 'image')} of {_count(cases, 'case')}"


def class_for_text(schema: Schema | None) -> LabelClass | None:
    """The class of a schema that stands for text in pixels, by its name or the meaning of its
    code; None where it has none."""
    for offered in schema.classes if schema is not None else ():
        names = {offered.name, offered.code.meaning if offered.code is not None else ""}
        if any(name.strip().casefold() == NAME.casefold() for name in names):
            return offered
    return None


def _is_offered(done: ModelCase, schema: Schema | None) -> bool:
    """Whether what was found needs no second look: a schema may have got a class for text."""
    return not done.text or done.offered > 0 or class_for_text(schema) is None


def _latest(connection: Connection, case_id: str = "") -> dict[str, ModelCase]:
    """By case what the latest search kept."""
    runs = [r for r in queries.many(connection, ModelRun) if r.task == TEXT_TASK]
    only = {"case_id": case_id} if case_id else {}
    found: dict[str, ModelCase] = {}
    for run in sorted(runs, key=lambda r: r.begun_utc):
        for done in queries.many(connection, ModelCase, run_id=run.id, **only):
            found[done.case_id] = done
    return found


def _run_of(sha256: str) -> ModelRun:
    return ModelRun(
        id=stable_id("pixel-text", sha256, f"{text_reader.THRESHOLD:g}", _HOW, __version__),
        model=NAME, sha256=sha256, licence=text_reader.LICENCE, task=TEXT_TASK,
        threshold=text_reader.THRESHOLD, card_sha256="", app_version=__version__,
    )  # fmt: skip


def _proposals(
    run: ModelRun,
    case: Case,
    schema: Schema | None,
    series: list[SeriesSeen],
    text: tuple[TextFrame, ...],
) -> tuple[Proposal, ...]:
    """Boxes as suggestions where the schema has a class for them."""
    meant = class_for_text(schema)
    if schema is None or meant is None:
        return ()
    detail = {"sha256": run.sha256, "licence": run.licence, "threshold": f"{run.threshold:g}"}
    provenance = Provenance(tool=NAME, app_version=__version__, detail=detail)
    place = {ref.key: (seen, k) for seen in series for k, ref in enumerate(seen.refs)}
    first = Proposal(
        id="", case_id=case.id, run_id=run.id, schema_id=schema.id,
        target=Target(scope=Scope.REGION), label=Label(class_id=meant.id),
        origin=Origin.MODEL, provenance=provenance,
    )  # fmt: skip
    made = []
    for found in text:
        seen, number = place[found.frame.key]
        target = Target(scope=Scope.REGION, series_id=seen.series_id, frame=found.frame)
        for index, box in enumerate(found.boxes):
            name = stable_id(run.id, case.id, found.frame.key, seen.pixels[number], str(index))
            shape = Box(x0=box.x0, y0=box.y0, x1=box.x1, y1=box.y1)
            made.append(
                replace(
                    first, id=name, target=target, geometry=shape, score=box.score,
                    pixels_sha256=seen.pixels[number],
                )
            )  # fmt: skip
    return tuple(made)


def _count(many: int, what: str) -> str:
    return f"{many:,} {what}{'' if many == 1 else 's'}"
