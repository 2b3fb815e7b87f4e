"""Gold: cases with a known answer, and what they tell about the readers.

Hidden gold is read in packages under another id; here it finds back to its case. What a reader says
of a gold case that is theirs anyway counts as well, unless the known answer is their own work.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from desktop.commands.gold import MakeGold, RemoveGold
from desktop.domain.annotation import Annotation, Answer, MaskSlice
from desktop.domain.batch import Batch, Mode, Package
from desktop.domain.errors import AccessProblem
from desktop.domain.event import Event
from desktop.domain.gold import GoldCase
from desktop.domain.number_words import number_text
from desktop.domain.schema import AnswerValue, Schema
from desktop.domain.study import Case
from desktop.domain.task import SEES_ALL, Assignment, AssignmentState, Role
from desktop.engines.gold.gold_scores import GoldAnswer, GoldScore, Share, score_answers
from desktop.engines.proportions import AccuracyWatch, wilson
from desktop.store import queries
from desktop.workspace.claims.case_claims import Pixels
from desktop.workspace.team.gold_marks import REGIONS, Mark, Work, marks_of, same_value
from desktop.workspace.team.turns import cases_of

if TYPE_CHECKING:
    from desktop.store.database import Connection
    from desktop.workspace.workspace import Workspace

_SEES = SEES_ALL - {Role.REVIEWER}


@dataclass(frozen=True)
class GoldLine:
    """One gold case as its list shows it; ``shown``: how often it was hidden in a package."""

    gold: GoldCase
    title: str
    shown: int
    share: Share


@dataclass(frozen=True)
class Miss:
    """A gold case that a reader did not answer as it is known."""

    case_id: str
    title: str
    words: str


@dataclass(frozen=True)
class ReaderGold:
    """One reader on gold. ``repeats``: the share of answers that were the same the second time."""

    reader_id: str
    name: str
    score: GoldScore
    repeats: Share
    misses: tuple[Miss, ...]


@dataclass(frozen=True)
class Feedback:
    """What training tells after a case."""

    right: int
    asked: int
    lines: tuple[str, ...]

    @property
    def sentence(self) -> str:
        if self.right == self.asked:
            return "As it is known."
        return f"{self.right} of {self.asked} as it is known."


@dataclass
class _Read:
    """One gold case as one reader closed it: where, and the marks."""

    gold: GoldCase
    as_case: str
    marks: list[Mark] = field(default_factory=list)


class Gold:
    """Reached as ``workspace.gold``; main thread only. Nothing of it is shown to readers, but the
    feedback of a training."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    # making ----------------------------------------------------------------------------------

    def make(
        self, case_id: str, reader_id: str = "", concept: str = "", difficulty: str = ""
    ) -> Event | None:
        """Make what a reader (the acting one if none is named) said of a case the known answer."""
        return self._workspace.run(
            MakeGold(
                case_id=case_id,
                from_reader_id=reader_id or self._workspace.reader.id,
                concept=concept,
                difficulty=difficulty,
            )
        )

    def remove(self, case_id: str) -> Event | None:
        """The case is no gold any more."""
        return self._workspace.run(RemoveGold(case_id=case_id))

    def of(self, case_id: str) -> GoldCase | None:
        """The known answer to a case, if it is gold."""
        return queries.maybe(self._seen(), GoldCase, GoldCase.id_for(case_id))

    # what it tells ---------------------------------------------------------------------------

    def lines(self) -> list[GoldLine]:
        """All gold cases, by title, with how they were answered."""
        read = self._seen()
        right: dict[str, list[int]] = {}
        shown: dict[str, int] = {}
        for package in queries.many(read, Package):
            for case_id in package.gold.values():
                shown[case_id] = shown.get(case_id, 0) + 1
        for reader_id in self._reader_ids():
            for one in self._reads(reader_id):
                sums = right.setdefault(one.gold.case_id, [0, 0])
                sums[0] += sum(m.right for m in one.marks)
                sums[1] += len(one.marks)
        found = []
        for gold in queries.many(read, GoldCase):
            good, asked = right.get(gold.case_id, (0, 0))
            share = Share(good, asked, wilson(good, asked))
            title = self._title(gold.case_id)
            found.append(GoldLine(gold, title, shown.get(gold.case_id, 0), share))
        return sorted(found, key=lambda line: (line.title, line.gold.id))

    def scores(self, watch: AccuracyWatch | None = None) -> list[ReaderGold]:
        """Each reader who answered gold or was shown a case twice, by name."""
        names = queries.identities(self._seen())
        found = []
        for reader_id in self._reader_ids():
            reads = list(self._reads(reader_id))
            repeats = self._repeats(reader_id)
            if not reads and not repeats.asked:
                continue
            answers = [
                GoldAnswer(
                    reader_id=reader_id,
                    case_id=f"{one.gold.case_id}\x1f{mark.question_id}",
                    right=mark.right,
                    concept=one.gold.concept or self._question(one.gold.case_id, mark.question_id),
                    difficulty=one.gold.difficulty,
                )
                for one in reads
                for mark in one.marks
            ]
            score = score_answers(answers, watch).get(reader_id) or _nothing(reader_id)
            misses = tuple(self._miss(one) for one in reads if not all(m.right for m in one.marks))
            name = names.get(reader_id, "") or f"R-{reader_id[:6].upper()}"
            found.append(ReaderGold(reader_id, name, score, repeats, misses))
        return sorted(found, key=lambda r: (r.name.casefold(), r.reader_id))

    def feedback(self, case_id: str) -> Feedback | None:
        """In a training: how the reader's closed case compares with the known answer, else None."""
        workspace = self._workspace
        read, reader_id = workspace._read, workspace.reader.id
        gold = queries.maybe(read, GoldCase, GoldCase.id_for(case_id))
        if gold is None or not self._trains(case_id):
            return None
        state = queries.maybe(read, Assignment, Assignment.id_for(case_id, reader_id))
        if state is None or state.state is not AssignmentState.DONE:
            return None
        marks = marks_of(gold, self._work(case_id, reader_id), Pixels(read))
        lines = tuple(self._words(case_id, mark) for mark in marks)
        return Feedback(sum(m.right for m in marks), len(marks), lines)

    # ------------------------------------------------------------------------------------------

    def _reads(self, reader_id: str) -> Iterator[_Read]:
        """Gold that a reader closed, in the order in which it was given to them."""
        read = self._seen()
        gold = {g.case_id: g for g in queries.many(read, GoldCase)}
        done: set[str] = {
            a.case_id
            for a in queries.many(
                read, Assignment, reader_id=reader_id, state=AssignmentState.DONE.value
            )
        }
        packages = sorted(
            queries.many(read, Package, reader_id=reader_id), key=lambda p: (p.issued_utc, p.id)
        )
        order: dict[str, str] = {}  # id as shown -> case of the project
        training: set[str] = set()
        for package in packages:
            for item in package.items:
                order[item] = package.gold.get(item, package.repeats.get(item, item))
            training |= set(package.items) if package.training else set()
        order |= {c: c for c in sorted(done) if c not in order}
        pixels = Pixels(read)
        for shown_as, case_id in order.items():
            known = gold.get(case_id)
            repeat = any(shown_as in p.repeats for p in packages)
            if known is None or shown_as not in done or repeat or shown_as in training:
                continue
            if known.author_id == reader_id or self._trains(case_id, reader_id):
                continue
            marks = marks_of(known, self._work(shown_as, reader_id), pixels)
            yield _Read(known, shown_as, marks)

    def _repeats(self, reader_id: str) -> Share:
        """How many answers to repeated cases were the same both times."""
        read = self._seen()
        same = asked = 0
        for package in queries.many(read, Package, reader_id=reader_id):
            for shown_as, case_id in package.repeats.items():
                state_id = Assignment.id_for(shown_as, reader_id)
                state = queries.maybe(read, Assignment, state_id)
                if state is None or state.state is not AssignmentState.DONE:
                    continue
                first, second = (
                    {a.question_id: a.value for a in self._work(c, reader_id).answers}
                    for c in (case_id, shown_as)
                )
                for question_id in first.keys() | second.keys():
                    asked += 1
                    same += same_value(first.get(question_id), second.get(question_id))
        return Share(same, asked, wilson(same, asked))

    def _work(self, case_id: str, reader_id: str) -> Work:
        read, mine = self._workspace._read, {"case_id": case_id, "reader_id": reader_id}
        regions = queries.many(read, Annotation, **mine)
        ids = {r.id for r in regions}
        slices = queries.many(read, MaskSlice, case_id=case_id)
        return Work(
            queries.many(read, Answer, **mine),
            regions,
            [s for s in slices if s.annotation_id in ids],
        )

    def _trains(self, case_id: str, reader_id: str = "") -> bool:
        """Whether the case belongs to a training, here or as a whole package."""
        workspace = self._workspace
        if workspace.issued_to:
            return True  # the known answer is in the package for nothing else
        reader_id = reader_id or workspace.reader.id
        return any(
            b.mode is Mode.TRAINING
            and reader_id in b.reader_ids
            and case_id in cases_of(workspace._read, b.id)
            for b in queries.many(workspace._read, Batch)
        )

    def _miss(self, one: _Read) -> Miss:
        case_id = one.gold.case_id
        words = "; ".join(self._words(case_id, m) for m in one.marks if not m.right)
        return Miss(case_id, self._title(case_id), words)

    def _words(self, case_id: str, mark: Mark) -> str:
        """One mark as a sentence: what was asked, what was said, what is known."""
        if mark.question_id == REGIONS:
            said, known = int(float(str(mark.said))), int(float(str(mark.known)))
            if mark.right:
                return f"Regions: {said} marked, as it is known"
            return f"Regions: {said} marked, {known} known; they do not all overlap"
        asked = self._question(case_id, mark.question_id)
        said_words = self._value(case_id, mark.question_id, mark.said)
        if mark.right:
            return f"{asked}: {said_words}, as it is known"
        known_words = self._value(case_id, mark.question_id, mark.known)
        return f"{asked}: said {said_words}, known {known_words}"

    def _question(self, case_id: str, question_id: str) -> str:
        if question_id == REGIONS:
            return "Regions"
        schema = self._schema(case_id)
        found = [q.text for q in schema.questions if q.id == question_id] if schema else []
        return found[0] if found else question_id

    def _value(self, case_id: str, question_id: str, value: AnswerValue) -> str:
        if value is None:
            return "nothing"
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, (int, float)):
            return number_text(value)
        schema = self._schema(case_id)
        questions = [q for q in schema.questions if q.id == question_id] if schema else []
        texts = {c.id: c.text for q in questions for c in q.choices}
        chosen = value if isinstance(value, (tuple, list)) else (value,)
        return ", ".join(texts.get(str(c), str(c)) for c in chosen) or "nothing"

    def _schema(self, case_id: str) -> Schema | None:
        case = queries.maybe(self._workspace._read, Case, case_id)
        return self._workspace.schema_by_id(case.schema_id) if case and case.schema_id else None

    def _title(self, case_id: str) -> str:
        case = queries.maybe(self._workspace._read, Case, case_id)
        return case.title if case is not None else "A case that is gone"

    def _reader_ids(self) -> list[str]:
        return [reader.id for reader, _name in self._workspace.readers()]

    def _seen(self) -> Connection:
        workspace = self._workspace
        workspace.accounts.check_signed_in()
        if workspace.reader.role not in _SEES:
            raise AccessProblem(
                "Gold is not shown to readers.", "", "Ask the lead of this project."
            )
        return workspace._read


def _nothing(reader_id: str) -> GoldScore:
    from desktop.engines.proportions import watch_accuracy

    return GoldScore(
        reader_id=reader_id,
        accuracy=Share(0, 0, None),
        by_concept={},
        by_difficulty={},
        missed=(),
        watch=watch_accuracy([]),
    )
