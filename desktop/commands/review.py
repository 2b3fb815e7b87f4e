"""Review: a reviewer pins comments to a reader's case and returns it; the reader answers."""

from __future__ import annotations

from msgspec.structs import replace

from desktop.commands.assignment import assignment_of
from desktop.domain.account import Signature
from desktop.domain.annotation import Annotation
from desktop.domain.contracts import Command, Transaction
from desktop.domain.errors import AccessProblem, ConflictProblem, UserError
from desktop.domain.geometry import XY
from desktop.domain.review import Comment, Pin, PinState, Review, ReviewState
from desktop.domain.study import FrameRef
from desktop.domain.task import Assignment, AssignmentState


class PinComment(Command, frozen=True):
    """Say something about one reader's case at a place."""

    case_id: str
    owner_id: str
    text: str
    frame: FrameRef | None = None
    at: XY | None = None
    annotation_id: str = ""
    question_id: str = ""

    @property
    def title(self) -> str:
        return "Pin a comment"

    def apply(self, txn: Transaction) -> None:
        review = _taken_up(txn, self.case_id, self.owner_id)
        if self.annotation_id:
            region = txn.get(Annotation, self.annotation_id)
            if (region.case_id, region.reader_id) != (self.case_id, self.owner_id):
                raise ConflictProblem("This region is not of the reader under review.")
        pin = Pin(
            id=txn.new_id(),
            case_id=self.case_id,
            reader_id=self.owner_id,
            reviewer_id=txn.reader_id,
            frame=self.frame,
            at=self.at,
            annotation_id=self.annotation_id,
            question_id=self.question_id,
            created_utc=txn.now_utc(),
        )
        txn.put(pin)
        _say(txn, pin, self.text)
        txn.put(replace(review, changed_utc=txn.now_utc()))


class AnswerPin(Command, frozen=True):
    """The reader's answer to a pin on their own work."""

    case_id: str
    pin_id: str
    text: str

    @property
    def title(self) -> str:
        return "Answer a comment"

    def apply(self, txn: Transaction) -> None:
        pin = _pin(txn, self.case_id, self.pin_id)
        if pin.reader_id != txn.reader_id:
            raise AccessProblem("This comment is about another reader's work.")
        if pin.state is PinState.CLOSED:
            raise ConflictProblem("This comment is settled already.")
        review = txn.maybe(Review, Review.id_for(self.case_id, pin.reader_id))
        if review is None or review.state is not ReviewState.RETURNED:
            raise ConflictProblem(
                "This case is with the reviewer.", "", "Wait until it is returned."
            )
        _say(txn, pin, self.text)
        txn.put(replace(pin, state=PinState.ANSWERED))


class ResolvePin(Command, frozen=True):
    """The reviewer settles a pin, or opens it again with a word why."""

    case_id: str
    pin_id: str
    settled: bool = True
    text: str = ""

    @property
    def title(self) -> str:
        return "Settle a comment" if self.settled else "Open a comment again"

    def apply(self, txn: Transaction) -> None:
        pin = _pin(txn, self.case_id, self.pin_id)
        _taken_up(txn, self.case_id, pin.reader_id)
        if self.text.strip():
            _say(txn, pin, self.text)
        txn.put(replace(pin, state=PinState.CLOSED if self.settled else PinState.OPEN))


class ReturnCase(Command, frozen=True):
    """Give a case back to its reader with the open pins."""

    case_id: str
    owner_id: str

    @property
    def title(self) -> str:
        return "Return case to its reader"

    def apply(self, txn: Transaction) -> None:
        review = _taken_up(txn, self.case_id, self.owner_id)
        open_pins = [p for p in pins_of(txn, review) if p.state is not PinState.CLOSED]
        if not open_pins:
            raise UserError(
                "There is nothing to return this case for.",
                "No comment on it is open.",
                "Pin one with C, or pass the case.",
            )
        for pin in open_pins:
            txn.put(replace(pin, state=PinState.OPEN))
        txn.put(
            replace(
                review,
                state=ReviewState.RETURNED,
                rounds=review.rounds + 1,
                changed_utc=txn.now_utc(),
            )
        )
        work = txn.get(Assignment, Assignment.id_for(self.case_id, self.owner_id))
        txn.put(replace(work, state=AssignmentState.RETURNED, reason=""))
        signature_id = Signature.id_for(self.case_id, self.owner_id)
        if txn.maybe(Signature, signature_id) is not None:
            txn.delete(Signature, signature_id)


class PassCase(Command, frozen=True):
    """Say that nothing is left to settle on a reader's case."""

    case_id: str
    owner_id: str

    @property
    def title(self) -> str:
        return "Pass case"

    def apply(self, txn: Transaction) -> None:
        review = _taken_up(txn, self.case_id, self.owner_id)
        left = [p for p in pins_of(txn, review) if p.state is not PinState.CLOSED]
        if left:
            many = "1 comment is" if len(left) == 1 else f"{len(left)} comments are"
            raise UserError(f"{many} not settled.", "", "Settle them, or return the case.")
        txn.put(replace(review, state=ReviewState.PASSED, changed_utc=txn.now_utc()))


def hand_back(txn: Transaction, case_id: str) -> None:
    """The acting reader closes a returned case: it goes back to the same reviewer."""
    review = txn.maybe(Review, Review.id_for(case_id, txn.reader_id))
    if review is None or review.state is not ReviewState.RETURNED:
        return
    left = [p for p in pins_of(txn, review) if p.state is PinState.OPEN]
    if left:
        many = "1 comment waits" if len(left) == 1 else f"{len(left)} comments wait"
        raise UserError(
            f"{many} for your answer.", "", "Press N for the next one; say what you did about it."
        )
    txn.put(replace(review, state=ReviewState.BACK, changed_utc=txn.now_utc()))


def is_returned(txn: Transaction, case_id: str) -> bool:
    """Whether the acting reader's case is back with them."""
    review = txn.maybe(Review, Review.id_for(case_id, txn.reader_id))
    return review is not None and review.state is ReviewState.RETURNED


def pins_of(txn: Transaction, review: Review) -> list[Pin]:
    """All pins of one reader's case."""
    return txn.find(Pin, case_id=review.case_id, reader_id=review.reader_id)


def _pin(txn: Transaction, case_id: str, pin_id: str) -> Pin:
    pin = txn.get(Pin, pin_id)
    if pin.case_id != case_id:
        raise ConflictProblem("This comment belongs to another case.")
    return pin


def _taken_up(txn: Transaction, case_id: str, owner_id: str) -> Review:
    """The review of a reader's case, begun by the acting reviewer or now; refused to others."""
    if owner_id == txn.reader_id:
        raise AccessProblem("Nobody reviews their own work.", "", "Ask another reviewer.")
    review = txn.maybe(Review, Review.id_for(case_id, owner_id))
    if review is None:
        work = txn.maybe(Assignment, Assignment.id_for(case_id, owner_id))
        if work is None or work.state is not AssignmentState.DONE:
            raise ConflictProblem("This reader has not closed the case yet.", "", "Wait for it.")
        return Review(
            id=Review.id_for(case_id, owner_id),
            case_id=case_id,
            reader_id=owner_id,
            reviewer_id=txn.reader_id,
        )
    if review.reviewer_id != txn.reader_id:
        raise ConflictProblem(
            "Another reviewer is at this case.", "", "It stays with whoever began its review."
        )
    if review.state is ReviewState.RETURNED:
        raise ConflictProblem("This case is with its reader.", "", "Wait until it comes back.")
    if assignment_of_owner(txn, case_id, owner_id).state is not AssignmentState.DONE:
        raise ConflictProblem("The reader has opened this case again.", "", "Wait for it.")
    if review.state is ReviewState.PASSED:
        review = replace(review, state=ReviewState.LOOKING)
    return review


def assignment_of_owner(txn: Transaction, case_id: str, owner_id: str) -> Assignment:
    """A reader's piece of work on a case."""
    found = txn.maybe(Assignment, Assignment.id_for(case_id, owner_id))
    return found if found is not None else assignment_of(txn, case_id)


def _say(txn: Transaction, pin: Pin, text: str) -> None:
    if not text.strip():
        raise UserError("A comment needs words.", "", "Write one sentence.")
    txn.put(
        Comment(
            id=txn.new_id(),
            case_id=pin.case_id,
            pin_id=pin.id,
            author_id=txn.reader_id,
            text=text.strip(),
            time_utc=txn.now_utc(),
        )
    )
