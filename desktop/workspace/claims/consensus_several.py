"""Consensus of questions with several answers: each choice is voted on, together they are one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from msgspec.structs import replace as with_fields

from desktop.domain.annotation import Target
from desktop.domain.contracts import Progress
from desktop.domain.errors import UserError
from desktop.domain.record import stable_id
from desktop.domain.schema import Question
from desktop.engines.consensus.consensus import Consensus, fit_predict, recommended
from desktop.engines.estimate import Options
from desktop.engines.votes import NO_LABEL, Votes, vote_labels
from desktop.workspace.claims.case_claims import CaseClaims
from desktop.workspace.claims.consensus_report import (
    ConsensusReport,
    Line,
    Read,
    Subject,
    draft,
    provenance,
)
from desktop.workspace.claims.consensus_votes import Item, answers_of

_YES = 1


@dataclass
class _Gathered:
    """What was found of one item, choice by choice. None in ``chosen``: a tie."""

    item: Item
    chosen: list[str] | None = field(default_factory=list)
    counted: list[str] | None = field(default_factory=list)
    soft: dict[str, float] = field(default_factory=dict)
    certainty: float = 1.0
    disagreement: float = 0.0
    readers: int = 0


def vote_on_each_choice(
    read: Read,
    subject: Subject,
    question: Question,
    options: Options,
    settings: dict[str, float],
    progress: Progress,
) -> ConsensusReport:
    """One answer of all choices that are in, with the least certain of them as its certainty."""
    gathered: dict[str, _Gathered] = {}
    found: Consensus | None = None
    why, readers = "", 0
    for number, choice in enumerate(question.choices):
        progress.report(0.5 + 0.5 * number / len(question.choices), choice.text)
        triplets, items = answers_of(read, replace(subject, choice=choice.id))
        if not triplets:
            continue
        votes = Votes.from_triplets(triplets, labels=vote_labels(question, choice.id))
        if not options.method:
            method, why = recommended(votes)
            options = replace(options, method=method)
        found = fit_predict(votes, options)
        readers = max(readers, votes.n_workers)
        for place, key in enumerate(votes.items):
            _take(gathered.setdefault(key, _Gathered(items[key])), choice.id, votes, found, place)
    if found is None:
        raise UserError(
            "Nobody has answered this yet.", "", "Wait for readings, or choose something else."
        )
    made = [_line(read, question, found.method, settings, one) for one in gathered.values()]
    made.sort(key=lambda line: (not line.differs, -line.disagreement, line.case_title))
    note = "Each choice is voted on; together they are the answer."
    return ConsensusReport(
        subject=subject,
        method=found.method,
        title=found.title,
        lines=tuple(made),
        readers=readers,
        run_id=read.run_id,
        notes=(note, *found.notes),
        why=why,
        settings=settings,
    )


def _take(one: _Gathered, choice: str, votes: Votes, found: Consensus, place: int) -> None:
    label, counted = int(found.label[place]), int(found.majority.label[place])
    share = found.majority.share[place]
    one.chosen = _with(one.chosen, choice, label)
    one.counted = _with(one.counted, choice, counted)
    one.soft[choice] = round(float(found.probability[place, _YES]), 6)
    one.certainty = min(one.certainty, float(found.certainty[place]))
    one.disagreement = max(one.disagreement, float(1 - share.max()) if share.size else 0.0)
    one.readers = max(one.readers, int(votes.raters_per_item()[place]))


def _with(chosen: list[str] | None, choice: str, label: int) -> list[str] | None:
    if chosen is None or label == NO_LABEL:
        return None
    return [*chosen, choice] if label == _YES else chosen


def _line(
    read: Read, question: Question, method: str, settings: dict[str, float], one: _Gathered
) -> Line:
    claims, target = one.item
    proposal = None
    if one.chosen is not None and claims.schema is not None:
        place = "/".join((claims.case.id, target.series_id, _frame(target)))
        proposal_id = stable_id(read.run_id, place, method, *one.chosen)
        made_with = provenance(method, settings, one.readers)
        proposal = with_fields(
            draft(claims, claims.schema, proposal_id, read.run_id, made_with),
            question_id=question.id,
            value=tuple(one.chosen),
            target=target,
            soft=one.soft,
            score=min(1.0, one.certainty),
        )
    return Line(
        case_id=claims.case.id,
        case_title=claims.case.title,
        majority=_words(claims, question, one.counted),
        answer=_words(claims, question, one.chosen),
        certainty=one.certainty,
        disagreement=one.disagreement,
        differs=one.chosen != one.counted,
        proposal=proposal,
        frame=target.frame,
    )


def _frame(target: Target) -> str:
    return target.frame.key if target.frame else ""


def _words(claims: CaseClaims, question: Question, chosen: list[str] | None) -> str:
    if chosen is None:
        return "tied"
    texts = question.choice_texts()
    return ", ".join(texts.get(c, c) for c in chosen) or "None of them"
