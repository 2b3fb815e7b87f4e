"""What results of rules become: suggestions for readers, cases to read, a table in the bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from desktop.domain.annotation import Label, Origin, Provenance
from desktop.domain.answer_labels import label_value
from desktop.domain.errors import UserError
from desktop.domain.proposal import Proposal
from desktop.domain.record import stable_id
from desktop.domain.rule import RuleRun, RuleVersion
from desktop.domain.schema import QuestionKind, Scope
from desktop.version import __version__

if TYPE_CHECKING:
    from desktop.workspace.rules.rule_board import RuleBoard
    from desktop.workspace.rules.rule_items import RuleItem

TOOL = "rules"


def can_suggest(board: RuleBoard) -> str:
    """Why no suggestions can be made of the results; "" where they can."""
    question = board.target.question(board.schema)
    if question is not None and question.kind is QuestionKind.MULTIPLE:
        return "One choice is not the whole answer to a question with several; the votes are kept."
    if question is None and board.target.level is Scope.STUDY:
        return "A region can't be suggested from its presence; the votes are kept for the bundle."
    return ""


def suggestions(board: RuleBoard, run_id: str, threshold: float) -> tuple[Proposal, ...]:
    """One draft per item that is sure enough. A region gets the same shape again, with the label
    that the rules give it; "no" to a class is no region and makes none."""
    made = [_suggestion(board, n, run_id) for n in board.surest(threshold)]
    return tuple(p for p in made if p is not None)


def run_record(board: RuleBoard, run_id: str, threshold: float, suggested: int) -> RuleRun:
    """What is kept of a run beside its table."""
    model = board.model
    versions = []
    for j, (rule, column) in enumerate(zip(board.rules, board.columns, strict=True)):
        figures = board.figures[j]
        versions.append(
            RuleVersion(
                rule_id=rule.id,
                name=rule.name,
                version=rule.version,
                digest=rule.digest,
                rule_kind=rule.rule_kind,
                votes=figures.votes,
                errors=len(column.errors),
                accuracy=None if figures.accuracy is None else round(figures.accuracy, 6),
                weight=round(float(model.dependencies.weight[j]), 6),
            )
        )
    return RuleRun(
        id=run_id,
        target=board.target,
        schema_id=board.schema.id,
        labels=board.labels,
        prior=tuple(round(float(p), 6) for p in model.prior),
        rules=tuple(versions),
        items=len(board.items),
        without_votes=int(model.no_evidence.sum()),
        suggested=suggested,
        threshold=threshold,
        table="",
        verdict=board.contest.sentence,
        app_version=__version__,
    )


def _suggestion(board: RuleBoard, n: int, run_id: str) -> Proposal | None:
    item, label = board.items[n], board.labels[int(board.model.label[n])]
    common = Proposal(
        id=stable_id("rule-suggestion", run_id, item.key),
        case_id=item.case_id,
        run_id=run_id,
        schema_id=board.schema.id,
        target=item.target,
        score=round(float(board.model.certainty[n]), 6),
        soft=board.soft(n),
        origin=Origin.RULE,
        provenance=Provenance(
            tool=TOOL, app_version=__version__, detail={"votes": _votes_words(board, n)}
        ),
    )
    if item.region is not None:
        return _region(board, item, label, common)
    question = board.target.question(board.schema)
    if question is None:  # of a frame: the class without a shape
        return (
            replace(common, label=Label(class_id=board.target.class_id)) if label == "yes" else None
        )
    return replace(common, question_id=question.id, value=label_value(question, label))


def _region(board: RuleBoard, item: RuleItem, label: str, common: Proposal) -> Proposal | None:
    region = item.region
    if not isinstance(region, Proposal) or region.label is None:
        return None  # a region that a reader drew is theirs
    question = board.target.question(board.schema)
    if question is None:
        if label != "yes":
            return None
        given = Label(class_id=board.target.class_id, attributes=region.label.attributes)
    else:
        value = label_value(question, label)
        given = replace(region.label, attributes={**region.label.attributes, question.id: value})
    return replace(
        common,
        label=given,
        geometry=region.geometry,
        frames=region.frames,
        pixels_sha256=region.pixels_sha256,
    )


def _votes_words(board: RuleBoard, n: int) -> str:
    """Who voted for what, as "rule v2: label; …"."""
    at = (board.votes.item == n).nonzero()[0].tolist()
    return "; ".join(
        f"{board.rules[int(board.votes.worker[v])].name} "
        f"v{board.rules[int(board.votes.worker[v])].version}: "
        f"{board.labels[int(board.votes.label[v])]}"
        for v in at
    )


def refuse_if_not(board: RuleBoard) -> None:
    """UserError where the results can't become suggestions."""
    why = can_suggest(board)
    if why:
        raise UserError("These results can't become suggestions.", why)
