"""Answers that are known: gold and what an adjudicator ruled, else what all readers said alike.

Labels that readers took over from rules do not count: rules would be measured against themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

from desktop.domain.annotation import Annotation, Answer, Origin
from desktop.domain.answer_labels import label_name
from desktop.domain.errors import UserError
from desktop.domain.proposal import Proposal, Verdict
from desktop.domain.schema import AnswerValue, Scope
from desktop.domain.task import AssignmentState
from desktop.engines.rules.rule_subject import Said
from desktop.workspace.rules.rule_items import Records, RuleItem, frames_of_region


@dataclass(frozen=True)
class Known:
    """``labels`` by item key. ``ruled`` of them are gold or rulings, the others from readers."""

    labels: dict[str, str]
    ruled: int

    @property
    def sentence(self) -> str:
        """Where the known answers come from."""
        total = len(self.labels)
        if not total:
            return "No answer is known yet."
        if not self.ruled:
            return f"{total:,} known answers: what the readers said alike."
        rest = total - self.ruled
        if not rest:
            return f"{total:,} known answers: gold and rulings."
        return f"{total:,} known answers: {self.ruled:,} gold or ruled, {rest:,} said alike."


def known_answers(records: Records) -> Known:
    """The known answers of all items."""
    labels: dict[str, str] = {}
    ruled = 0
    for item in records.items:
        gold = _gold(records, item)
        if gold:
            labels[item.key] = gold
            ruled += 1
            continue
        said = said_about(records, item)
        final = {label for label, is_ruling in said.values() if is_ruling}
        everybody = {label for label, _ in said.values()}
        found = final or everybody
        if len(found) == 1:
            labels[item.key] = found.pop()
            ruled += bool(final)
    return Known(labels, ruled)


def _gold(records: Records, item: RuleItem) -> str:
    """The answer of a gold case, for what is asked of whole cases."""
    found, target = records.gold.get(item.case_id), records.target
    if found is None or target.level is not Scope.STUDY:
        return ""
    if target.question_id:
        return label_of(records, found.answers.get(target.question_id))
    if not found.has_regions:
        return ""
    return "yes" if any(r.label.class_id == target.class_id for r in found.regions) else "no"


def readers_said(records: Records, item: RuleItem) -> tuple[Said, ...]:
    """What each reader said about an item."""
    said = said_about(records, item)
    return tuple(Said(reader, label) for reader, (label, _) in sorted(said.items()))


def said_about(records: Records, item: RuleItem) -> dict[str, tuple[str, bool]]:
    """By reader: the label they gave, and whether it is a ruling."""
    if item.region is not None:
        return _about_region(records, item.region)
    if records.target.question_id:
        return _answers(records, item)
    return _presence(records, item)


def _answers(records: Records, item: RuleItem) -> dict[str, tuple[str, bool]]:
    target = records.target
    found = {}
    for answer in records.answers.get(item.case_id, ()):
        if answer.question_id == target.question_id and _is_about(answer, item):
            label = label_of(records, answer.value)
            if label and answer.origin is not Origin.RULE:
                found[answer.reader_id] = (label, answer.origin is Origin.ADJUDICATED)
    return found


def _is_about(answer: Answer, item: RuleItem) -> bool:
    if item.target.scope is Scope.FRAME:
        return answer.target.frame == item.target.frame
    return answer.target.frame is None


def _presence(records: Records, item: RuleItem) -> dict[str, tuple[str, bool]]:
    """A reader who closed the case said no where they drew nothing of the class."""
    found: dict[str, tuple[str, bool]] = {
        a.reader_id: ("no", False)
        for a in records.assignments.get(item.case_id, ())
        if a.state is AssignmentState.DONE or a.no_finding
    }
    frame = item.target.frame
    for region in records.annotations.get(item.case_id, ()):
        if region.label.class_id != records.target.class_id or region.origin is Origin.RULE:
            continue
        if frame is None or frame in frames_of_region(records, region):
            is_ruling = region.origin is Origin.ADJUDICATED
            ruled = is_ruling or found.get(region.reader_id, ("", False))[1]
            found[region.reader_id] = ("yes", ruled)
    return found


def _about_region(records: Records, region: Annotation | Proposal) -> dict[str, tuple[str, bool]]:
    target = records.target
    found: dict[str, tuple[str, bool]] = {}
    if isinstance(region, Annotation):
        if region.origin is Origin.RULE:
            return found
        if not target.question_id:
            is_it = "yes" if region.label.class_id == target.class_id else "no"
            return {region.reader_id: (is_it, region.origin is Origin.ADJUDICATED)}
        label = label_of(records, region.label.attributes.get(target.question_id))
        if label:
            found[region.reader_id] = (label, region.origin is Origin.ADJUDICATED)
        return found
    if not target.question_id and region.label and region.label.class_id == target.class_id:
        for decision in records.decisions.get(region.id, ()):
            said = "yes" if decision.verdict is Verdict.ACCEPTED else "no"
            found[decision.reader_id] = (said, False)
    return found


def label_of(records: Records, value: AnswerValue) -> str:
    """The label of an answer to what is voted on, "" for none."""
    question = records.target.question(records.schema)
    if question is None or value is None:
        return ""
    try:
        return label_name(question, value, records.target.choice)
    except UserError:  # an answer to an older version of the question
        return ""
