"""The suggestions of the open case as a person reads them: name, score, place, where from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop.domain.geometry import Mask
from desktop.domain.number_words import number_text
from desktop.domain.proposal import Decision, Proposal, Verdict
from desktop.domain.schema import AnswerValue, Question
from desktop.domain.study import FrameRef
from desktop.gui.goto import place_of
from desktop.gui.reading.reading import Reading

if TYPE_CHECKING:
    from desktop.workspace.workspace import Workspace

SUGGESTION_KINDS = frozenset({"proposal", "decision", "blind_lock", "help_plan"})
_WORDS = {True: "yes", False: "no"}


@dataclass(frozen=True)
class SuggestionLine:
    """One row of the list. ``colour`` "" for answers; ``decided`` is "accepted" or "rejected"."""

    proposal: Proposal
    name: str
    colour: str
    score: str
    facts: str
    decided: str = ""


def band(score: float) -> str:
    """How sure in one word."""
    return "high" if score >= 0.8 else "middle" if score >= 0.5 else "low"


def suggestions(reading: Reading) -> list[tuple[Proposal, Decision | None]]:
    """What this reader may see of the open case, surest first."""
    room, view = reading.workspace, reading.view
    return room.proposals(view.case_id) if room is not None and view.case_id else []


def waiting(reading: Reading) -> list[Proposal]:
    """Those that nobody has decided about, from the score that is asked for up."""
    least = reading.view.least_score
    return [p for p, d in suggestions(reading) if d is None and p.score >= least]


def chosen(reading: Reading) -> Proposal | None:
    """The suggestion chosen in the view, where it still waits."""
    wanted = reading.view.suggestion
    return next((p for p in waiting(reading) if p.id == wanted), None) if wanted else None


def line_of(
    room: Workspace, proposal: Proposal, decision: Decision | None = None
) -> SuggestionLine:
    """A suggestion in words."""
    schema = room.schema_by_id(proposal.schema_id)
    colour = ""
    if proposal.label is not None:
        known = schema.label_class(proposal.label.class_id)
        name, colour = f"{known.key} {known.name}".strip(), known.color
    else:
        question = schema.question(proposal.question_id)
        name = f"{question.text} {answer_words(question, proposal.value)}"
    source = proposal.provenance.tool or proposal.origin.value
    facts = " · ".join(part for part in (where(room, proposal), source) if part)
    words = f"{proposal.score:.2f} {band(proposal.score)}"
    decided = "" if decision is None else _verdict(decision)
    return SuggestionLine(proposal, name, colour, words, facts, decided)


def answer_words(question: Question, value: AnswerValue) -> str:
    """An answer as its choice says it."""
    texts = question.choice_texts()
    if isinstance(value, bool):
        return _WORDS[value]
    if isinstance(value, tuple):
        return ", ".join(texts.get(v, v) for v in value)
    return texts.get(str(value), number_text(value) if isinstance(value, float) else str(value))


def frames_of(proposal: Proposal) -> tuple[FrameRef, ...]:
    """The images that a suggestion lies on."""
    if isinstance(proposal.geometry, Mask):
        return tuple(part.frame for part in proposal.frames)
    return () if proposal.target.frame is None else (proposal.target.frame,)


def best_frame(proposal: Proposal) -> FrameRef | None:
    """The image to look at first: where most of it is."""
    if isinstance(proposal.geometry, Mask) and proposal.frames:
        return max(proposal.frames, key=lambda part: part.area_px).frame
    return proposal.target.frame


def where(room: Workspace, proposal: Proposal) -> str:
    """The images in words, e.g. "images 12 to 14"."""
    refs = frames_of(proposal)
    if not refs:
        return "this case" if proposal.question_id else ""
    found = [place_of(room, refs[0]), place_of(room, refs[-1])]
    numbers = sorted(place[1] + 1 for place in found if place is not None)
    if not numbers:
        return ""
    first, last = numbers[0], numbers[-1]
    return f"image {first}" if first == last else f"images {first} to {last}"


def _verdict(decision: Decision) -> str:
    return "accepted" if decision.verdict is Verdict.ACCEPTED else "rejected"
