"""A model over a list of cases: a job, kept case by case, taken up where it ended."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from desktop.commands.model_run import OfferModelResult
from desktop.domain.contracts import Progress
from desktop.domain.errors import AccessProblem, Cancelled, FileProblem, ModelProblem, UserError
from desktop.domain.model_card import ModelCard, Task
from desktop.domain.model_run import ModelCase, ModelRun
from desktop.domain.proposal import Proposal
from desktop.domain.runs import runs_digest
from desktop.domain.schema import Schema
from desktop.domain.study import Case
from desktop.imaging.frame import Frame
from desktop.inference.adapted_run import adapter_of
from desktop.inference.case_run import Bench, Findings, run_series
from desktop.inference.regions import FoundRegion
from desktop.inference.session import ModelFacts
from desktop.store import queries
from desktop.store.database import Connection
from desktop.workspace.models.model_proposals import (
    SeriesSeen,
    check_offers,
    content_of,
    proposals_of,
    run_of,
    series_seen,
    why_not_for,
)
from desktop.workspace.models.model_trials import Trial
from desktop.workspace.models.models import ShelvedModel

if TYPE_CHECKING:
    from desktop.workspace.jobs import Job
    from desktop.workspace.workspace import Workspace

_REGIONS = "desktop.inference.regions:connected_regions"
_REGIONS_LIMIT_S = 120.0
_FAULTS_IN_A_ROW = 3  # cases; a model that fails on so many is not tried on the rest


@dataclass(frozen=True)
class LeftOut:
    """A case that was not run, and why."""

    case_id: str
    title: str
    why: str


@dataclass(frozen=True)
class RunReport:
    """What a run did. ``full``: cases with a series that has as many as the card allows, so that
    there may be more."""

    run_id: str
    done: int
    known: int
    offered: int
    seconds: float
    left_out: tuple[LeftOut, ...] = ()
    full: int = 0

    @property
    def sentence(self) -> str:
        made = "1 suggestion" if self.offered == 1 else f"{self.offered:,} suggestions"
        parts = [f"{made} on {'1 case' if self.done == 1 else f'{self.done:,} cases'}"]
        if self.known:
            parts.append(f"{self.known:,} {'was' if self.known == 1 else 'were'} done before")
        if self.full:
            parts.append(f"{self.full:,} with as many as the card allows")
        if self.left_out:
            parts.append(f"{len(self.left_out):,} left out")
        return ", ".join(parts) + "."


@dataclass
class _Tally:
    done: int = 0
    known: int = 0
    offered: int = 0
    full: int = 0
    left_out: list[LeftOut] = field(default_factory=list)
    faults: list[ModelProblem] = field(default_factory=list)  # of the model, in a row


class ModelRuns:
    """Reached as ``workspace.models.runs``."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def run(
        self, sha256: str, case_ids: Sequence[str] | None = None, progress: Progress | None = None
    ) -> RunReport:
        """Run a model over cases (None: all) and offer what it finds; blocking."""
        model, group = self._ready(sha256), self._workspace.new_id()
        kept = _Keeping(progress or Progress(), lambda part: self._keep(part, group))
        return self._work(model, case_ids, kept)

    def start(
        self,
        sha256: str,
        case_ids: Sequence[str] | None,
        on_done: Callable[[RunReport], None],
        on_error: Callable[[UserError], None],
    ) -> Job:
        """The same as a job. What is done when it is cancelled stays, and is skipped next time."""
        model, group = self._ready(sha256), self._workspace.new_id()
        return self._workspace.jobs.start(
            f"Running {model.card.name}",
            lambda progress: self._work(model, case_ids, progress),
            on_done,
            on_error,
            on_part=lambda part: self._keep(part, group),
        )

    def try_on(self, sha256: str, case_id: str, progress: Progress | None = None) -> Trial:
        """Run a model on one case to see what it would suggest; nothing is kept. Blocking."""
        return self._trial(self._to_try(sha256, case_id), case_id, progress or Progress())

    def start_try(
        self,
        sha256: str,
        case_id: str,
        on_done: Callable[[Trial], None],
        on_error: Callable[[UserError], None],
    ) -> Job:
        """The same as a job."""
        model = self._to_try(sha256, case_id)
        return self._workspace.jobs.start(
            f"Trying {model.card.name}",
            lambda progress: self._trial(model, case_id, progress),
            on_done,
            on_error,
        )

    def records(self) -> list[ModelRun]:
        """The runs that the project knows, the latest first."""
        found = queries.many(self._workspace._read, ModelRun)
        return sorted(found, key=lambda r: r.begun_utc, reverse=True)

    def cases_done(self, run_id: str) -> list[ModelCase]:
        """What one run has done."""
        return queries.many(self._workspace._read, ModelCase, run_id=run_id)

    # on the main thread ----------------------------------------------------------------------

    def _ready(self, sha256: str) -> ShelvedModel:
        model = self._workspace.models.get(sha256)
        if model.problem:
            raise ModelProblem(f"{model.card.name} can't be used.", model.problem)
        check_offers(model.card)
        _ = self._workspace.plugins  # the adapters they bring count from here on
        adapter_of(model.card)
        self._workspace._check_writable()
        return model

    def _to_try(self, sha256: str, case_id: str) -> ShelvedModel:
        """A model that may be shown at work on a case that its reader may see suggestions of."""
        if why := self._workspace.why_no_suggestions(case_id):
            raise AccessProblem(why, "So no model is tried on it.", "Try it on another case.")
        return self._ready(sha256)

    def _keep(self, part: OfferModelResult, group: str) -> None:
        self._workspace.run(part, group=group)

    # on a worker's thread --------------------------------------------------------------------

    def _work(
        self, model: ShelvedModel, case_ids: Sequence[str] | None, progress: Progress
    ) -> RunReport:
        began, tally, run = time.monotonic(), _Tally(), run_of(model.card)
        with self._workspace._database.another_reader() as connection:
            facts = self._describe(model)
            cases = queries.many(connection, Case, order="position")
            wanted = None if case_ids is None else set(case_ids)
            cases = [c for c in cases if wanted is None or c.id in wanted]
            for number, case in enumerate(cases):
                whole = _Share(progress, number, len(cases), case.title)
                self._one(connection, model, facts, case, whole, tally)
                if len(tally.faults) >= _FAULTS_IN_A_ROW:
                    raise tally.faults[-1]
            if tally.faults and not tally.done and not tally.known:
                raise tally.faults[-1]
            progress.report(1.0, "done")
        seconds = time.monotonic() - began
        return RunReport(
            run.id,
            tally.done,
            tally.known,
            tally.offered,
            seconds,
            tuple(tally.left_out),
            tally.full,
        )

    def _trial(self, model: ShelvedModel, case_id: str, progress: Progress) -> Trial:
        with self._workspace._database.another_reader() as connection:
            facts = self._describe(model)
            case = queries.one(connection, Case, case_id)
            result = self._case(connection, model, facts, case, "", _Share(progress, 0, 1, ""))
        if not isinstance(result, OfferModelResult):
            raise ModelProblem("This model is not for this case.", result or "It has no images.")
        found = sorted(result.proposals, key=lambda p: -p.score)
        runs = {runs_digest(one): one for one in result.runs}
        seconds = result.done.seconds
        return Trial(model.card.name, result.run.id, case_id, tuple(found), runs, seconds)

    def _one(
        self,
        connection: Connection,
        model: ShelvedModel,
        facts: ModelFacts,
        case: Case,
        progress: _Share,
        tally: _Tally,
    ) -> None:
        """One case; it is left out where a file can't be read or the model fails on it.

        A model that fails on several cases in a row, or on all, ends the run.
        """
        run = run_of(model.card)
        known = queries.maybe(connection, ModelCase, ModelCase.id_for(run.id, case.id))
        before = "" if known is None else known.content_sha256
        try:
            result = self._case(connection, model, facts, case, before, progress)
        except FileProblem as error:
            tally.left_out.append(LeftOut(case.id, case.title, str(error)))
            return
        except ModelProblem as error:
            tally.left_out.append(LeftOut(case.id, case.title, f"{error.title} {error.detail}"))
            tally.faults.append(error)
            return
        if not isinstance(result, str):
            tally.faults.clear()
        if result is None:
            tally.known += 1
        elif isinstance(result, str):
            tally.left_out.append(LeftOut(case.id, case.title, result))
        else:
            progress.hand_over(result)
            tally.done += 1
            tally.offered += len(result.proposals)
            each = Counter(p.target.series_id for p in result.proposals)
            tally.full += model.card.most in each.values()

    def _case(
        self,
        connection: Connection,
        model: ShelvedModel,
        facts: ModelFacts,
        case: Case,
        before: str,
        progress: Progress,
    ) -> OfferModelResult | str | None:
        """What a model finds on a case; None where it is done already, words where it is not
        for the model."""
        card, began = model.card, time.monotonic()
        schema = queries.maybe(connection, Schema, case.schema_id) if case.schema_id else None
        why = why_not_for(card, schema)
        if why or schema is None:
            return why
        series = _series_of(connection, case, card)
        if not series:
            return "It has no images."
        content, run = content_of(series), run_of(card)
        if content == before:
            return None
        proposals: list[Proposal] = []
        runs: list[bytes] = []
        for number, seen in enumerate(series):
            part = _Share(progress, number, len(series), "")
            findings = self._findings(model, facts, seen, part)
            made, pixels = proposals_of(card, run.id, case.id, schema, content, seen, findings)
            proposals, runs = proposals + made, runs + pixels
        done = ModelCase(
            id=ModelCase.id_for(run.id, case.id),
            run_id=run.id,
            case_id=case.id,
            content_sha256=content,
            offered=len(proposals),
            seconds=round(time.monotonic() - began, 3),
        )
        return OfferModelResult(run=run, done=done, proposals=tuple(proposals), runs=tuple(runs))

    def _findings(
        self, model: ShelvedModel, facts: ModelFacts, seen: SeriesSeen, progress: Progress
    ) -> Findings:
        card, host = model.card, self._workspace.models.host

        def frame(place: int) -> Frame:
            found = self._workspace.frames.get(seen.refs[place])
            seen.pixels[place] = found.pixels_sha256
            return found

        def run(feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
            return host.run(
                model.path, card.sha256, feeds, limit_s=card.limit_s, check=progress.check
            )

        def regions(
            chances: npt.NDArray[np.uint8], threshold: float, least: int, most: int
        ) -> list[FoundRegion]:
            found: list[FoundRegion] = host.call(
                _REGIONS,
                chances,
                threshold,
                least,
                most,
                limit_s=_REGIONS_LIMIT_S,
                check=progress.check,
            )
            return found

        if len(facts.inputs) != 1 and adapter_of(card) is None:
            names = ", ".join(t.words for t in facts.inputs)
            raise ModelProblem("This model wants more than an image.", f"It wants {names}.")
        return run_series(
            Bench(
                card, len(seen.refs), frame, run, regions, facts.inputs[0].name,
                tuple(t.name for t in facts.outputs), progress,
                tuple(t.name for t in facts.inputs),
            )
        )  # fmt: skip

    def _describe(self, model: ShelvedModel) -> ModelFacts:
        return self._workspace.models.host.describe(model.path, model.card.sha256)


class _Share(Progress):
    """A part of a longer job; a model in the child is not waited for once it is cancelled."""

    def __init__(self, whole: Progress, number: int, count: int, text: str) -> None:
        super().__init__()
        self._whole, self._number, self._count, self._text = whole, number, count, text

    def check(self) -> None:
        if self._whole.is_cancelled:
            raise Cancelled
        self._whole.check()

    def report(self, fraction: float, text: str = "") -> None:
        words = ", ".join(part for part in (self._text, text) if part)
        self._whole.report((self._number + fraction) / self._count, words)

    def hand_over(self, part: object) -> None:
        self._whole.hand_over(part)


class _Keeping(_Share):
    """The whole of a job that keeps its parts itself."""

    def __init__(self, whole: Progress, keep: Callable[[OfferModelResult], None]) -> None:
        super().__init__(whole, 0, 1, "")
        self._keep = keep

    def hand_over(self, part: object) -> None:
        self.check()
        assert isinstance(part, OfferModelResult)
        self._keep(part)


def _series_of(connection: Connection, case: Case, card: ModelCard) -> list[SeriesSeen]:
    """The series of a case that have images; for one answer about the case, the longest one."""
    found = series_seen(connection, case)
    if card.task is Task.CLASSIFICATION and found:
        return [max(found, key=lambda s: len(s.refs))]
    return found
