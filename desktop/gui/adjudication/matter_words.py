"""A matter and what readers said about it, in words. Readers are letters here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop.domain.adjudication import Ruling
from desktop.domain.annotation import Annotation
from desktop.domain.errors import UserError
from desktop.gui.form.question_words import answer_text
from desktop.gui.reading.region_words import shape_word, size_text, where_text

if TYPE_CHECKING:
    from desktop.workspace.claims.matters import Claim, Matter
    from desktop.workspace.workspace import Workspace

_RULED = {
    Ruling.ACCEPTED: "Taken as {who} said it",
    Ruling.REJECTED: "Rejected: none of it stands",
    Ruling.EDITED: "Taken from {who}, to be edited",
    Ruling.MERGED: "Merged",
    Ruling.OWN: "Answered by the adjudicator",
}


def matter_title(room: Workspace, matter: Matter) -> str:
    """The question, or the class of the finding."""
    if matter.question is not None:
        return matter.question.text
    schema = room.schema(matter.case_id)
    try:
        return schema.label_class(matter.class_id).name if schema else "Finding"
    except UserError:
        return "Finding"


def claim_text(room: Workspace, matter: Matter, claim: Claim) -> str:
    """What one reader said."""
    if matter.question is not None:
        return answer_text(matter.question, claim.value) or "Said nothing"
    region = claim.region
    if region is None:
        return "Nothing marked here"
    size = size_text(room, region, claim.slices)[0]
    parts = [shape_word(region), size, *_differing(room, matter, region)]
    images = {c.region.target.frame for c in matter.claims if c.region is not None} - {None}
    if len(images) > 1:
        parts.append(where_text(room, region, claim.slices))
    if len(claim.slices) > 1:
        parts.append(f"{len(claim.slices)} images")
    return " · ".join(p for p in parts if p)


def ruling_text(room: Workspace, matter: Matter) -> str:
    """What was ruled; "" while it waits."""
    ruling = matter.ruling
    if ruling is None:
        return ""
    if matter.question is not None and ruling.verdict is not Ruling.REJECTED:
        answers = {a.id: a for a in room.answers(matter.case_id)}
        made = answers.get(ruling.made_id)
        if made is not None:
            return f"Ruled: {answer_text(matter.question, made.value)}"
    taken = next((c for c in matter.claims if c.record and c.record.id == ruling.taken_id), None)
    words = _RULED[ruling.verdict].format(who=taken.letter if taken else "a reader")
    if matter.is_stale:
        words = f"{words}. A reader changed it since: rule again."
    return words


def apart_text(matter: Matter) -> str:
    """How far the readers are from each other, with the number."""
    value = matter.disagreement
    words = "Close together" if value < 0.25 else "Apart" if value < 0.6 else "Far apart"
    return f"{words}: {value:.2f} of 1"


def _differing(room: Workspace, matter: Matter, region: Annotation) -> list[str]:
    """The class and the answers, where readers differ in them."""
    schema = room.schema(matter.case_id)
    regions = [c.region for c in matter.claims if c.region is not None]
    if schema is None:
        return []
    found = []
    if len({r.label.class_id for r in regions}) > 1:
        found.append(schema.label_class(region.label.class_id).name)
    keys = sorted({k for r in regions for k in r.label.attributes})
    for key in keys:
        if len({str(r.label.attributes.get(key)) for r in regions}) > 1:
            question = schema.question(key)
            said = answer_text(question, region.label.attributes.get(key)) or "not answered"
            found.append(f"{question.text} {said}")
    return found
