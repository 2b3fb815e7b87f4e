"""Learning from readers in rounds: what to ask next, how good the model is, what it suggests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from desktop.commands.learning import SkipQuery, StartRound
from desktop.commands.proposal import OfferProposals, WithdrawProposals
from desktop.domain.annotation import Answer, Origin, Provenance, Target
from desktop.domain.answer_labels import label_value
from desktop.domain.contracts import Progress
from desktop.domain.errors import AccessProblem, UserError
from desktop.domain.learning import LearningQuery, LearningRound, LearningSkip, RoundPlan
from desktop.domain.proposal import Proposal
from desktop.domain.record import stable_id
from desktop.domain.schema import QuestionKind, Schema, Scope
from desktop.domain.study import Case, FrameRef
from desktop.domain.task import AssignmentState, Role
from desktop.engines.learning import stopping
from desktop.store import queries
from desktop.version import __version__
from desktop.workspace.jobs import Job
from desktop.workspace.learning.learning_pool import (
    FeatureBook,
    Frozen,
    Taught,
    make_round,
    teach,
)
from desktop.workspace.learning.learning_topic import Topic, frames_of, freeze, labels_of
from desktop.workspace.places import data_dir

if TYPE_CHECKING:
    from desktop.workspace.workspace import Workspace

OnDone = Callable[[LearningRound], None]
OnError = Callable[[UserError], None]
_KINDS = (QuestionKind.CHOICE, QuestionKind.YES_NO)
_HARD = "Hard for the model"
_LATELY = 3  # rounds that surprise is counted over


@dataclass(frozen=True)
class QueueLine:
    """One case of the queue. ``state``: open, answered or passed over."""

    query: LearningQuery
    case: Case
    frame: FrameRef | None
    state: str
    note: str = ""


@dataclass(frozen=True)
class Ways:
    """Names and titles: ways of choosing cases and of describing images, and learners."""

    samplers: tuple[tuple[str, str], ...]
    extractors: tuple[tuple[str, str], ...]
    learners: tuple[tuple[str, str], ...]


class Learning:
    """Reached as ``workspace.learning``; main thread only. Rounds are the lead's, the queue is
    everybody's."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._book = FeatureBook(data_dir() / "features" / f"{workspace.project_id}.npz")
        self.is_busy = False

    # what there is ---------------------------------------------------------------------------

    def topics(self) -> list[Topic]:
        """Questions that can be learned, in the newest version of each schema."""
        newest: dict[str, Schema] = {}
        for schema in self._workspace.schemas():
            if schema.name not in newest or schema.version > newest[schema.name].version:
                newest[schema.name] = schema
        return [
            Topic(schema, question)
            for schema in newest.values()
            for question in schema.case_questions()
            if question.kind in _KINDS and question.scope is Scope.STUDY
        ]

    def rounds(self, topic: Topic) -> list[LearningRound]:
        """All rounds of a question so far, the oldest first."""
        found = queries.many(
            self._workspace._read, LearningRound, order="number", question_id=topic.question.id
        )
        return [r for r in found if r.schema_id.rpartition("@")[0] == topic.schema.name]

    def queries_of(self, round_id: str) -> list[LearningQuery]:
        """The cases that a round asked about, in their order."""
        found = queries.many(self._workspace._read, LearningQuery, round_id=round_id)
        return sorted(found, key=lambda q: q.rank)

    def ways(self) -> Ways:
        """What a round can be made with: what ships, and what plugins brought."""
        from desktop.engines.learning import image_features, learner, samplers

        _ = self._workspace.plugins  # theirs count from here on
        return Ways(
            tuple((s.name, s.title) for s in samplers.samplers()),
            tuple((e.name, e.title) for e in image_features.extractors()),
            tuple((one.name, one.title) for one in learner.learners()),
        )

    # the queue -------------------------------------------------------------------------------

    def queue(self, topic: Topic) -> list[QueueLine]:
        """The latest round as this reader has it before them."""
        rounds = self.rounds(topic)
        return [self._line(q) for q in self.queries_of(rounds[-1].id)] if rounds else []

    def next_case(self, topic: Topic) -> str:
        """The next case of the queue that is open for this reader, "" where there is none.

        Nothing holds the queue up: what is answered or passed over is left behind.
        """
        return next((q.case.id for q in self.queue(topic) if q.state == "open"), "")

    def skip(self, query: LearningQuery, why: str) -> None:
        """Pass over a case with a reason; it rests for some rounds, others may still answer."""
        self._workspace.run(SkipQuery(case_id=query.case_id, query_id=query.id, why=why))

    # rounds ----------------------------------------------------------------------------------

    def start_round(
        self,
        topic: Topic,
        plan: RoundPlan | None = None,
        on_done: OnDone = lambda _round: None,
        on_error: OnError = lambda _error: None,
    ) -> Job:
        """Learn from the answers so far and put the next cases before the readers; as a job.

        The round is written as one event at the end: after a kill it is there as a whole or not at
        all, and starting again gives the same cases.
        """
        frozen = self._freeze(topic, plan or self.plan(topic))
        self.is_busy = True

        def done(made: tuple[LearningRound, tuple[LearningQuery, ...]]) -> None:
            self.is_busy = False
            try:
                self._put(made)
            except UserError as error:
                on_error(error)
                return
            on_done(made[0])

        def failed(error: UserError) -> None:
            self.is_busy = False
            on_error(error)

        title = f"Learning round {frozen.number}"
        return self._workspace.jobs.start(
            title, lambda progress: make_round(frozen, progress), done, failed
        )

    def run_round(
        self, topic: Topic, plan: RoundPlan | None = None, progress: Progress | None = None
    ) -> LearningRound:
        """The same, blocking."""
        made = make_round(self._freeze(topic, plan or self.plan(topic)), progress or Progress())
        self._put(made)
        return made[0]

    def plan(self, topic: Topic) -> RoundPlan:
        """The plan of the last round, or the default one."""
        rounds = self.rounds(topic)
        return rounds[-1].plan if rounds else RoundPlan()

    def _put(self, made: tuple[LearningRound, tuple[LearningQuery, ...]]) -> None:
        if not made[1]:
            raise UserError(
                "There is nothing left to ask.",
                "Every case of this question is answered, held back, or resting.",
                "Add images, or wait until the cases that were passed over come back.",
            )
        self._workspace.run(StartRound(round=made[0], queries=made[1]))

    # how good it is --------------------------------------------------------------------------

    def signals(self, topic: Topic) -> list[stopping.Signal]:
        """Three reasons why labelling might stop; a person decides."""
        rounds = self.rounds(topic)
        if not rounds:
            return []
        last = rounds[-1]
        standing = stopping.estimate(last.standing.right, last.standing.checked)
        kappas = [r.kappa for r in rounds if r.kappa is not None]
        lately = rounds[-_LATELY:]
        surprised, answered = sum(r.surprised for r in lately), sum(r.answered for r in lately)
        return [
            stopping.is_steady(kappas, safe=last.plan.safe),
            stopping.is_good_enough(standing, last.plan.target),
            stopping.is_worth_it(surprised, answered),
        ]

    def labels_for_a_point(self, topic: Topic) -> int | None:
        """About how many more labels for one more point of accuracy, where the curve can say."""
        seen = [(r.labelled, r.standing.value) for r in self.rounds(topic)]
        known = [(n, v) for n, v in seen if v is not None]
        return stopping.labels_for_a_point([n for n, _ in known], [v for _, v in known])

    # what it suggests ------------------------------------------------------------------------

    def start_suggesting(
        self,
        topic: Topic,
        surest: float = 0.8,
        on_done: Callable[[int], None] = lambda _n: None,
        on_error: OnError = lambda _error: None,
    ) -> Job:
        """Offer what the model says of open cases as suggestions, where it is sure enough."""
        frozen = self._freeze(topic, self.plan(topic))

        def done(taught: Taught) -> None:
            try:
                on_done(self._offer(topic, frozen, taught, surest))
            except UserError as error:
                on_error(error)

        return self._workspace.jobs.start(
            "Suggesting answers", lambda progress: teach(frozen, progress), done, on_error
        )

    def _offer(self, topic: Topic, frozen: Frozen, taught: Taught, surest: float) -> int:
        if taught.probabilities is None:
            raise UserError("There is no model yet.", "", "It takes two different answers.")
        run_id = stable_id("learning-suggestions", topic.key)
        self._workspace.run(WithdrawProposals(run_id=run_id))
        learner = taught.model.title if taught.model else ""
        detail = {"round": str(frozen.number), "learner": learner}
        offered = []
        for case, row in zip(frozen.cases, taught.probabilities, strict=True):
            best = int(row.argmax())
            if case.label >= 0 or row[best] < surest:
                continue
            offered.append(
                Proposal(
                    id=self._workspace.new_id(),
                    case_id=case.case_id,
                    run_id=run_id,
                    schema_id=topic.schema.id,
                    target=Target(scope=Scope.STUDY),
                    question_id=topic.question.id,
                    value=label_value(topic.question, frozen.classes[best]),
                    score=float(row[best]),
                    soft={c: float(p) for c, p in zip(frozen.classes, row, strict=True)},
                    origin=Origin.MODEL,
                    provenance=Provenance(tool="learning", app_version=__version__, detail=detail),
                )
            )
        if offered:
            what = f"Suggest answers for {len(offered)} cases"
            self._workspace.run(OfferProposals(proposals=tuple(offered), what=what))
        return len(offered)

    # freezing --------------------------------------------------------------------------------

    def labels(self, topic: Topic) -> tuple[dict[str, str], tuple[str, ...]]:
        """The answer of each case that counts as its label, and what was left out, in words."""
        return labels_of(self._workspace, topic)

    def frozen_for_check(self, topic: Topic, plan: RoundPlan) -> Frozen:
        """What a check of the labels learns from; nothing is written."""
        _ = self._workspace.plugins
        return freeze(self._workspace, topic, plan, (), self._book)

    def _freeze(self, topic: Topic, plan: RoundPlan) -> Frozen:
        """What a round is made of; AccessProblem for who doesn't lead."""
        _ = self._workspace.plugins
        self._workspace._check_writable()
        if self._workspace.reader.role is not Role.LEAD:
            raise AccessProblem("Only the lead starts rounds.", "", "Ask the lead of this project.")
        before = [(r, self.queries_of(r.id)) for r in self.rounds(topic)]
        return freeze(self._workspace, topic, plan, before, self._book)

    def _line(self, query: LearningQuery) -> QueueLine:
        workspace = self._workspace
        case = workspace.case(query.case_id)
        frames = frames_of(workspace, case)
        skip = queries.maybe(
            workspace._read, LearningSkip, LearningSkip.id_for(query.id, workspace.reader.id)
        )
        answers = queries.many(workspace._read, Answer, case_id=case.id)
        assignment = workspace.assignment(case.id)
        state, note = "open", ""
        if any(a.question_id == query.question_id for a in answers):
            state = "answered"  # by whom and how stays with who may see it
        elif skip is not None:
            state, note = "passed over", skip.reason
        elif assignment.state is AssignmentState.SKIPPED:
            state, note = "passed over", assignment.reason
        if workspace.help_standing(case.id).why_hidden:
            query = _without_help(query)
        return QueueLine(query, case, frames[len(frames) // 2] if frames else None, state, note)


def _without_help(query: LearningQuery) -> LearningQuery:
    """The query without what the model says: a reason that names answers is help as well."""
    says = query.why in ("rare", "uncertain")
    return replace(query, reason=_HARD if says else query.reason, predicted="", soft={})
