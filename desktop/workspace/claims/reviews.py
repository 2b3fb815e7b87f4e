"""Review of one reader's case at a time: what is to be looked at, pins and their threads.

A reviewer sees readers as letters; a reader sees pins on own work only, and no reviewer's name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop.commands.review import AnswerPin, PassCase, PinComment, ResolvePin, ReturnCase
from desktop.domain.annotation import Annotation, Answer, MaskSlice
from desktop.domain.errors import AccessProblem
from desktop.domain.event import Event
from desktop.domain.geometry import XY
from desktop.domain.letters import letter_at
from desktop.domain.review import Comment, Pin, PinState, Review, ReviewState
from desktop.domain.study import Case, FrameRef
from desktop.domain.task import Assignment, AssignmentState, Role
from desktop.store import queries
from desktop.workspace.claims.case_claims import in_letter_order

if TYPE_CHECKING:
    from desktop.workspace.workspace import Workspace

REVIEWS = frozenset({Role.LEAD, Role.REVIEWER})
_ORDER = {
    ReviewState.BACK: 0,
    ReviewState.LOOKING: 1,
    None: 2,
    ReviewState.RETURNED: 3,
    ReviewState.PASSED: 4,
}


@dataclass(frozen=True)
class Thread:
    """A pin with what was said, oldest first. ``number`` counts a case's pins from 1."""

    number: int
    pin: Pin
    comments: tuple[Comment, ...]


@dataclass(frozen=True)
class ReviewLine:
    """One reader's case in the reviewer's queue. ``state`` None: nobody has looked at it yet."""

    case: Case
    owner_id: str
    letter: str
    state: ReviewState | None
    open_pins: int
    rounds: int = 0

    @property
    def is_with_reader(self) -> bool:
        return self.state is ReviewState.RETURNED


@dataclass(frozen=True)
class Work:
    """What one reader said about one case."""

    annotations: tuple[Annotation, ...]
    slices: tuple[MaskSlice, ...]
    answers: tuple[Answer, ...]
    no_finding: bool


class ReviewDesk:
    """Reached as ``workspace.reviews``."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    # the reviewer's side ---------------------------------------------------------------------

    def queue(self) -> list[ReviewLine]:
        """Closed readings of others: those that came back first, then in the work list's order.

        A case whose review another reviewer began is left out.
        """
        self._check_reviews()
        read, me = self._workspace._read, self._workspace.reader.id
        reviews = {r.id: r for r in queries.many(read, Review)}
        open_pins: dict[tuple[str, str], int] = {}
        for pin in queries.many(read, Pin):
            if pin.state is not PinState.CLOSED:
                key = (pin.case_id, pin.reader_id)
                open_pins[key] = open_pins.get(key, 0) + 1
        work: dict[str, list[Assignment]] = {}
        for state in (AssignmentState.DONE, AssignmentState.RETURNED):
            for found in queries.many(read, Assignment, state=state.value):
                work.setdefault(found.case_id, []).append(found)
        lines = []
        for case in queries.many(read, Case, order="position"):
            here = work.get(case.id, [])
            letters = self._letters(case.id, [a.reader_id for a in here])
            for assignment in here:
                review = reviews.get(Review.id_for(case.id, assignment.reader_id))
                if assignment.reader_id == me or (review and review.reviewer_id != me):
                    continue
                line = ReviewLine(
                    case=case,
                    owner_id=assignment.reader_id,
                    letter=letters[assignment.reader_id],
                    state=review.state if review else None,
                    open_pins=open_pins.get((case.id, assignment.reader_id), 0),
                    rounds=review.rounds if review else 0,
                )
                lines.append(line)
        return sorted(lines, key=lambda x: (_ORDER[x.state], x.case.order, x.letter))

    def work_of(self, case_id: str, owner_id: str) -> Work:
        """What one reader said about a case."""
        self._check_reviews()
        read = self._workspace._read
        regions = queries.many(read, Annotation, case_id=case_id, reader_id=owner_id)
        own = {a.id for a in regions}
        slices = queries.many(read, MaskSlice, case_id=case_id)
        assignment = queries.maybe(read, Assignment, Assignment.id_for(case_id, owner_id))
        return Work(
            annotations=tuple(sorted(regions, key=lambda a: (a.created_utc, a.id))),
            slices=tuple(s for s in slices if s.annotation_id in own),
            answers=tuple(queries.many(read, Answer, case_id=case_id, reader_id=owner_id)),
            no_finding=bool(assignment and assignment.no_finding),
        )

    def pin(
        self,
        case_id: str,
        owner_id: str,
        text: str,
        frame: FrameRef | None = None,
        at: XY | None = None,
        annotation_id: str = "",
        question_id: str = "",
    ) -> Event | None:
        """Say something at a place."""
        return self._workspace.run(
            PinComment(
                case_id=case_id,
                owner_id=owner_id,
                text=text,
                frame=frame,
                at=at,
                annotation_id=annotation_id,
                question_id=question_id,
            )
        )

    def settle(self, pin: Pin, text: str = "") -> Event | None:
        """Close a pin."""
        return self._workspace.run(ResolvePin(case_id=pin.case_id, pin_id=pin.id, text=text))

    def open_again(self, pin: Pin, text: str) -> Event | None:
        """Open a pin once more, with a word why."""
        return self._workspace.run(
            ResolvePin(case_id=pin.case_id, pin_id=pin.id, settled=False, text=text)
        )

    def give_back(self, case_id: str, owner_id: str) -> Event | None:
        """Return the case to its reader."""
        return self._workspace.run(ReturnCase(case_id=case_id, owner_id=owner_id))

    def let_pass(self, case_id: str, owner_id: str) -> Event | None:
        """Say that nothing is left to settle."""
        return self._workspace.run(PassCase(case_id=case_id, owner_id=owner_id))

    # the reader's side -----------------------------------------------------------------------

    def answer(self, pin: Pin, text: str) -> Event | None:
        """Answer a pin on one's own work."""
        return self._workspace.run(AnswerPin(case_id=pin.case_id, pin_id=pin.id, text=text))

    def open_counts(self) -> dict[str, int]:
        """How many pins wait for this reader, by case; none before the case was returned."""
        read, me = self._workspace._read, self._workspace.reader.id
        counts: dict[str, int] = {}
        for pin in queries.many(read, Pin, reader_id=me, state=PinState.OPEN.value):
            counts[pin.case_id] = counts.get(pin.case_id, 0) + 1
        reviews = {c: queries.maybe(read, Review, Review.id_for(c, me)) for c in counts}
        return {c: n for c, n in counts.items() if (review := reviews[c]) and review.rounds}

    def state(self, case_id: str, owner_id: str = "") -> Review | None:
        """How far the review of a reader's case is; "" for one's own."""
        owner_id = self._allowed(owner_id)
        return queries.maybe(self._workspace._read, Review, Review.id_for(case_id, owner_id))

    def threads(self, case_id: str, owner_id: str = "") -> list[Thread]:
        """Pins on a reader's case with their comments; "" for one's own work.

        A reader sees pins only once the case was returned: a review in the making is nobody's.
        """
        owner_id = self._allowed(owner_id)
        read = self._workspace._read
        review = queries.maybe(read, Review, Review.id_for(case_id, owner_id))
        own = owner_id == self._workspace.reader.id
        if own and (review is None or not review.rounds):
            return []
        pins = queries.many(read, Pin, case_id=case_id, reader_id=owner_id)
        pins.sort(key=lambda p: (p.created_utc, p.id))
        found = []
        for number, pin in enumerate(pins, start=1):
            said = queries.many(read, Comment, pin_id=pin.id)
            said.sort(key=lambda c: (c.time_utc, c.id))
            found.append(Thread(number, pin, tuple(said)))
        return found

    # -----------------------------------------------------------------------------------------

    def _letters(self, case_id: str, readers: list[str]) -> dict[str, str]:
        """Other letters than those of adjudication, so that nobody puts the two together."""
        order = in_letter_order(self._workspace._secret, f"review {case_id}", readers)
        return {reader: letter_at(n) for n, reader in enumerate(order)}

    def _allowed(self, owner_id: str) -> str:
        me = self._workspace.reader
        self._workspace.accounts.check_signed_in()
        if not owner_id or owner_id == me.id:
            return me.id
        self._check_reviews()
        return owner_id

    def _check_reviews(self) -> None:
        self._workspace.accounts.check_signed_in()
        if self._workspace.reader.role not in REVIEWS:
            raise AccessProblem(
                "Only reviewers and the lead look at others' cases.",
                "",
                "Ask the lead of this project.",
            )
