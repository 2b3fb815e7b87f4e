"""What suggestions did: per run, per reader, per subject, in minutes; read from the claims."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from desktop.domain.annotation import Annotation, Answer, MaskSlice, Origin
from desktop.domain.contracts import Progress
from desktop.domain.help_study import PLAN_ID, Arm, BlindLock, HelpPlan
from desktop.domain.model_run import ModelCase, ModelRun
from desktop.domain.proposal import Decision, Proposal, ProposedFrame, Verdict
from desktop.domain.schema import Schema
from desktop.domain.study import Case
from desktop.domain.task import Assignment, AssignmentState, Reader, Role
from desktop.domain.time_span import TimeState
from desktop.engines.agreement.region_groups import Mark
from desktop.engines.gold.help_effect import (
    Effect,
    HelpItem,
    Share,
    TimeSaved,
    effect,
    effects_by,
    share,
    time_saved,
)
from desktop.store import queries, working_time
from desktop.store.database import Connection
from desktop.workspace.claims.case_claims import Pixels
from desktop.workspace.claims.truth import CaseTruth, truth_of
from desktop.workspace.models.help_places import Place, is_same, places


@dataclass(frozen=True)
class RunLine:
    """What became of one run's suggestions. ``right`` compares them with the truth.

    ``case_ids`` are the cases behind each figure: cases, offered, accepted, edited, rejected,
    waiting, right, wrong.
    """

    run_id: str
    name: str
    origin: str
    sha256: str
    cases: int
    offered: int
    accepted: int
    edited: int
    rejected: int
    right: Share
    case_ids: dict[str, tuple[str, ...]]

    @property
    def wrong_cases(self) -> tuple[str, ...]:
        return self.case_ids.get("wrong", ())

    @property
    def undecided(self) -> int:
        return max(0, self.offered - self.accepted - self.edited - self.rejected)


@dataclass(frozen=True)
class Misleading:
    """A place where a suggestion made a right answer wrong."""

    case_id: str
    title: str
    about: str
    reader_id: str
    source: str


@dataclass(frozen=True)
class HelpReport:
    """All of it. ``arm_seconds`` are mean seconds of work per closed case, by arm."""

    plan: HelpPlan | None
    runs: tuple[RunLine, ...]
    all: Effect
    by_reader: tuple[Effect, ...]
    by_source: tuple[Effect, ...]
    by_subject: tuple[Effect, ...]
    misleading: tuple[Misleading, ...]
    saved: TimeSaved
    arm_cases: dict[Arm, int] = field(default_factory=dict)
    arm_case_ids: dict[Arm, tuple[str, ...]] = field(default_factory=dict)
    arm_seconds: dict[Arm, float] = field(default_factory=dict)
    items: tuple[HelpItem, ...] = ()


@dataclass
class _Run:
    """Sums of one run while the cases are read."""

    name: str
    origin: str
    sha256: str = ""
    cases: set[str] = field(default_factory=set)
    classes: set[int] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    judged: int = 0
    right: int = 0
    behind: dict[str, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))

    def count(self, figure: str, case_id: str) -> None:
        self.counts[figure] += 1
        self.behind[figure][case_id] = None


class _Reader:
    """Reads one case after the other."""

    def __init__(self, connection: Connection) -> None:
        self._read = connection
        self.plan = queries.maybe(connection, HelpPlan, PLAN_ID)
        self._schemas = {s.id: s for s in queries.many(connection, Schema)}
        self._titles = {c.id: c.title for c in queries.many(connection, Case)}
        self.runs: dict[str, _Run] = {}
        for run in queries.many(connection, ModelRun):
            self.runs[run.id] = _Run(run.model, Origin.MODEL.value, run.sha256)
        for done in queries.many(connection, ModelCase):
            if done.run_id in self.runs:
                self.runs[done.run_id].cases.add(done.case_id)
        self.items: list[HelpItem] = []
        plain = queries.many(connection, Reader)
        self._plain = {r.id for r in plain if r.role is Role.READER}

    def title(self, case_id: str) -> str:
        return self._titles.get(case_id, "")

    def meet(self, proposals: dict[str, list[Proposal]]) -> None:
        """Get to know all runs before cases are judged: a silent run said "absent"."""
        for case_id, own in proposals.items():
            for proposal in own:
                run = self._run(proposal)
                run.cases.add(case_id)
                if proposal.label is not None:
                    run.classes.add(proposal.label.class_id)

    def take(self, case_id: str, proposals: list[Proposal], locks: list[BlindLock]) -> None:
        truth = truth_of(self._read, case_id)
        regions = queries.many(self._read, Annotation, case_id=case_id)
        made = {a.id: a for a in regions}
        pixels = Pixels(self._read)
        for proposal in proposals:
            self._tally(proposal, truth, made, pixels)
        if not locks:
            return
        answers = queries.many(self._read, Answer, case_id=case_id)
        for lock in locks:
            if lock.reader_id == truth.author_id:
                continue
            seen = [p for p in proposals if self._is_seen(p.origin.value, lock)]
            self.items += self._answered(lock, seen, answers, truth)
            self.items += self._found(lock, seen, regions, truth, pixels)

    def _run(self, proposal: Proposal) -> _Run:
        if proposal.run_id not in self.runs:
            name = proposal.provenance.tool or proposal.origin.value
            sha256 = proposal.provenance.detail.get("sha256", "")
            self.runs[proposal.run_id] = _Run(name, proposal.origin.value, sha256)
        return self.runs[proposal.run_id]

    def _tally(
        self, proposal: Proposal, truth: CaseTruth, made: dict[str, Annotation], pixels: Pixels
    ) -> None:
        run = self._run(proposal)
        run.count("offered", proposal.case_id)
        verdicts = queries.many(self._read, Decision, proposal_id=proposal.id)
        kinds = [fate(d, proposal, made) for d in verdicts]
        known = (kind for kind in ("edited", "accepted", "rejected") if kind in kinds)
        run.count(next(known, "waiting"), proposal.case_id)  # one line counts once
        right = is_right(proposal, truth, pixels)
        if right is not None:
            run.judged += 1
            run.right += right
            run.count("right" if right else "wrong", proposal.case_id)

    def _answered(
        self, lock: BlindLock, proposals: list[Proposal], answers: list[Answer], truth: CaseTruth
    ) -> Iterator[HelpItem]:
        blind = {a.question_id: a.value for a in lock.answers}
        own = [a for a in answers if a.reader_id == lock.reader_id]
        final = {a.question_id: a.value for a in own}
        ruled = {a.question_id for a in own if a.origin is Origin.ADJUDICATED}
        for proposal in proposals:
            asked = proposal.question_id
            if asked and asked in truth.answers and asked not in ruled:
                about = self._schemas[proposal.schema_id].question(asked).text
                yield HelpItem(
                    lock.reader_id, self._run(proposal).name, lock.case_id, about,
                    blind.get(asked), proposal.value, final.get(asked), truth.answers[asked],
                )  # fmt: skip

    def _found(
        self, lock: BlindLock, proposals: list[Proposal], regions: list[Annotation],
        truth: CaseTruth, pixels: Pixels,
    ) -> Iterator[HelpItem]:  # fmt: skip
        """Regions by place, see ``help_places``."""
        if not truth.has_regions:
            return
        own = [
            r
            for r in regions
            if r.reader_id == lock.reader_id and r.origin is not Origin.ADJUDICATED
        ]
        slices = queries.many(self._read, MaskSlice, case_id=lock.case_id) if own else []
        true = [pair for pairs in truth.regions.values() for pair in pairs]
        before = _marks(pixels, [(r, _parts(r, lock.slices)) for r in lock.regions])
        after = _marks(pixels, [(r, _parts(r, slices)) for r in own])
        known, truly = _marks(pixels, true), [r for r, _parts_of in true]
        for run_id, run in self.runs.items():
            if lock.case_id not in run.cases or not self._is_seen(run.origin, lock):
                continue
            drafts = [p for p in proposals if p.run_id == run_id and p.label is not None]
            said = _marks(pixels, [(p, p.frames) for p in drafts])
            for class_id in sorted(run.classes):
                four = (known, said, before, after)
                found = [*places(*([m for m in s if m.label == class_id] for s in four))]
                everywhere = [_holds(s, class_id) for s in (truly, drafts, lock.regions, own)]
                if any(everywhere):  # of the whole case, without a place
                    found = [Place(everywhere[2], everywhere[1], everywhere[3], everywhere[0])]
                for place in found:
                    yield HelpItem(
                        lock.reader_id, run.name, lock.case_id, self._class_name(lock, class_id),
                        place.blind, place.suggested, place.final, place.truth,
                    )  # fmt: skip

    def _is_seen(self, origin: str, lock: BlindLock) -> bool:
        """A consensus is not shown to plain readers, so it can't have changed their minds."""
        return origin != Origin.CONSENSUS.value or lock.reader_id not in self._plain

    def _class_name(self, lock: BlindLock, class_id: int) -> str:
        case = queries.one(self._read, Case, lock.case_id)
        schema = self._schemas.get(case.schema_id)
        return schema.label_class(class_id).name if schema else f"class {class_id}"


def help_report(connection: Connection, progress: Progress) -> HelpReport:
    """Read the whole project's suggestions, decisions, blind answers, truths and times."""
    reader = _Reader(connection)
    proposals: dict[str, list[Proposal]] = defaultdict(list)
    for proposal in queries.many(connection, Proposal):
        proposals[proposal.case_id].append(proposal)
    locks: dict[str, list[BlindLock]] = defaultdict(list)
    for lock in queries.many(connection, BlindLock, seed=reader.plan.seed) if reader.plan else ():
        locks[lock.case_id].append(lock)
    reader.meet(proposals)
    cases = sorted({*proposals, *locks})
    for number, case_id in enumerate(cases):
        progress.report(number / max(1, len(cases)), "Reading suggestions")
        reader.take(case_id, proposals.get(case_id, []), locks.get(case_id, []))
    items = reader.items
    work = _arm_seconds(connection, reader.plan)
    seconds = {arm: [length for _case, length in own] for arm, own in work.items()}
    return HelpReport(
        plan=reader.plan,
        runs=tuple(_line(run_id, run) for run_id, run in reader.runs.items()),
        all=effect("All", items),
        by_reader=effects_by(items, lambda i: i.reader),
        by_source=effects_by(items, lambda i: i.source),
        by_subject=effects_by(items, lambda i: i.about),
        misleading=tuple(
            Misleading(i.case, reader.title(i.case), i.about, i.reader, i.source)
            for i in items
            if i.misled
        ),
        saved=time_saved(seconds[Arm.NONE], seconds[Arm.FIRST]),
        arm_cases={arm: len(own) for arm, own in seconds.items()},
        arm_case_ids={arm: tuple(dict(own)) for arm, own in work.items()},
        arm_seconds={arm: sum(own) / len(own) for arm, own in seconds.items() if own},
        items=tuple(items),
    )


def _arm_seconds(
    connection: Connection, plan: HelpPlan | None
) -> dict[Arm, list[tuple[str, float]]]:
    """(case, seconds of work) of closed cases by arm, one for each case and reader."""
    found: dict[Arm, list[tuple[str, float]]] = {arm: [] for arm in Arm}
    if plan is None:
        return found
    closed = {
        (a.reader_id, a.case_id)
        for a in queries.many(connection, Assignment)
        if a.state is AssignmentState.DONE
    }
    for reader_id, case_id, state, seconds in working_time.seconds_by_reader(connection):
        if state is TimeState.ACTIVE and (reader_id, case_id) in closed:
            found[plan.arm(case_id, reader_id)].append((case_id, seconds))
    return found


def _line(run_id: str, run: _Run) -> RunLine:
    n = run.counts
    return RunLine(
        run_id, run.name, run.origin, run.sha256, len(run.cases), n["offered"], n["accepted"],
        n["edited"], n["rejected"], share(run.right, run.judged),
        {"cases": tuple(sorted(run.cases))} | {k: tuple(v) for k, v in run.behind.items()},
    )  # fmt: skip


def fate(decision: Decision, proposal: Proposal, made: dict[str, Annotation]) -> str:
    """Accepted as it was, accepted and then edited, or rejected (also: accepted and deleted)."""
    if decision.verdict is Verdict.REJECTED:
        return "rejected"
    if proposal.label is None:
        return "accepted"
    region = made.get(decision.made_id)
    if region is None:
        return "rejected"
    changed = region.geometry != proposal.geometry or region.label.class_id != (
        proposal.label.class_id
    )
    return "edited" if changed or region.origin is Origin.MODEL_EDITED else "accepted"


def _parts(region: Annotation, slices: Sequence[MaskSlice]) -> tuple[MaskSlice, ...]:
    return tuple(s for s in slices if s.annotation_id == region.id)


def _holds(regions: Iterable[Annotation | Proposal], class_id: int) -> bool:
    """Whether something of a class is said of the whole case, without a shape."""
    return any(r.geometry is None and r.label and r.label.class_id == class_id for r in regions)


def _marks(
    pixels: Pixels,
    regions: Iterable[tuple[Annotation | Proposal, Sequence[MaskSlice | ProposedFrame]]],
) -> list[Mark]:
    return [pixels.mark_of(r, parts, 0) for r, parts in regions if r.geometry is not None]


def is_right(proposal: Proposal, truth: CaseTruth, pixels: Pixels) -> bool | None:
    """Against the truth; None where it is not known.

    A region is right where, on the images that both mark, it shares enough pixels with a true one
    of its class to be the same finding.
    """
    if proposal.question_id:
        known = proposal.question_id in truth.answers
        return proposal.value == truth.answers[proposal.question_id] if known else None
    if not truth.has_regions or proposal.label is None:
        return None
    true = truth.regions.get(proposal.label.class_id, [])
    if proposal.geometry is None:
        return any(region.geometry is None for region, _parts in true)
    said = pixels.mark_of(proposal, proposal.frames, 0)
    return any(is_same(said, mark) for mark in _marks(pixels, true))
