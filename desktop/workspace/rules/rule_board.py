"""What a run of rules came to: votes, the label model beside the majority, and what if."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from desktop.domain.contracts import Progress
from desktop.domain.rule import Rule, RuleTarget
from desktop.domain.schema import Schema
from desktop.engines.rules.evidence import Evidence, explain
from desktop.engines.rules.label_model import (
    LabelModel,
    LabelModelOptions,
    fit_label_model,
    without_rule,
)
from desktop.engines.rules.model_contest import Contest, compare_with_majority
from desktop.engines.rules.rule_figures import RuleFigures, rule_figures
from desktop.engines.rules.rule_hearing import Blind
from desktop.engines.votes import NO_LABEL, Votes
from desktop.workspace.rules.rule_columns import Column
from desktop.workspace.rules.rule_items import RuleItem
from desktop.workspace.rules.rule_known import Known

SURE = 0.8  # from this certainty on a suggestion is made, if nobody says otherwise


@dataclass(eq=False, kw_only=True)
class RuleBoard:
    """Everything the screen shows of one run. ``rules`` are those that ran, in the order of the
    votes' workers; ``columns`` hold their errors."""

    target: RuleTarget
    schema: Schema
    labels: tuple[str, ...]
    items: list[RuleItem]
    rules: tuple[Rule, ...]
    columns: list[Column]
    known: Known
    votes: Votes
    options: LabelModelOptions
    model: LabelModel
    figures: tuple[RuleFigures, ...]
    contest: Contest
    titles: dict[str, str] = field(default_factory=dict)  # of cases

    def evidence(self, item: int) -> Evidence:
        """Why the label model says what it says of an item."""
        return explain(self.votes, self.model, item)

    def items_of(self, rule: int, what: str) -> list[int]:
        """Items of one cell of the matrix: "votes", "overlap", "conflict", "wrong" (on known
        answers), "right", "errors", or "against" (the label model says otherwise)."""
        votes = self.votes
        if what == "errors":
            failed = set(self.columns[rule].errors)
            return [n for n, item in enumerate(self.items) if item.key in failed]
        mine = np.flatnonzero(votes.worker == rule)
        at, label = votes.item[mine], votes.label[mine]
        gold = votes.gold if votes.gold is not None else np.full(votes.n_items, NO_LABEL)
        counts = votes.per_item()
        keep = np.ones(mine.size, dtype=np.bool_)
        match what:
            case "overlap":
                keep = counts[at] > 1
            case "conflict":
                cell = votes.item * votes.n_labels + votes.label
                same = np.bincount(cell, minlength=votes.n_items * votes.n_labels)
                keep = counts[at] > same[at * votes.n_labels + label]
            case "wrong":
                keep = (gold[at] != NO_LABEL) & (gold[at] != label)
            case "right":
                keep = gold[at] == label
            case "against":
                keep = (self.model.label[at] != NO_LABEL) & (self.model.label[at] != label)
        return sorted(int(i) for i in at[keep])

    def doubtful(self, threshold: float = SURE) -> list[int]:
        """Items for readers, most doubtful first: those whose rules contradict each other before
        those no rule speaks about. What is known already is left out."""
        model = self.model
        unknown = np.ones(len(self.items), dtype=np.bool_)
        if self.votes.gold is not None:
            unknown = self.votes.gold == NO_LABEL
        found = np.flatnonzero(model.doubtful(threshold) & unknown).tolist()
        return sorted(found, key=lambda n: (bool(model.no_evidence[n]), model.certainty[n]))

    def surest(self, threshold: float = SURE) -> list[int]:
        """Items that are sure enough to be suggested and are not known."""
        wanted = (self.model.label != NO_LABEL) & (self.model.certainty >= threshold)
        if self.votes.gold is not None:
            wanted &= self.votes.gold == NO_LABEL
        return [int(n) for n in np.flatnonzero(wanted)]

    def conflicts(self) -> list[int]:
        """Items on which rules contradict each other, the most evenly split first: good ones to
        have an answer for."""
        share = self.model.majority.share
        split = np.flatnonzero((share.max(axis=1, initial=0.0) < 1.0) & (self.model.n_votes > 1))
        return sorted((int(n) for n in split), key=lambda n: (share[n].max(), n))

    def soft(self, item: int) -> dict[str, float]:
        """Probabilities by label."""
        row = self.model.probability[item]
        return {label: round(float(p), 6) for label, p in zip(self.labels, row, strict=True)}

    def table(self) -> bytes:
        """All items as CSV: what was voted, what came of it."""
        text = io.StringIO()
        out = csv.writer(text, lineterminator="\n")
        names = [f"vote:{rule.name}" for rule in self.rules]
        chances = [f"p:{label}" for label in self.labels]
        head = ["item", "case", "label", "certainty", "votes", "no_evidence", "majority", "known"]
        out.writerow([*head, *chances, *names])
        cast = np.full((len(self.items), len(self.rules)), NO_LABEL)
        cast[self.votes.item, self.votes.worker] = self.votes.label
        failed = [set(column.errors) for column in self.columns]
        model, gold = self.model, self.votes.gold
        for n, item in enumerate(self.items):
            given = NO_LABEL if gold is None else int(gold[n])
            row: list[object] = [item.key, item.case_id, self._name(int(model.label[n]))]
            row += [f"{model.certainty[n]:.6f}", int(model.n_votes[n])]
            row += [int(model.no_evidence[n]), self._name(int(model.majority.label[n]))]
            row += [self._name(given), *(f"{p:.6f}" for p in model.probability[n])]
            row += [
                "error" if item.key in failed[j] else self._name(int(vote))
                for j, vote in enumerate(cast[n])
            ]
            out.writerow(row)
        return text.getvalue().encode()

    def _name(self, label: int) -> str:
        return "" if label == NO_LABEL else self.labels[label]


@dataclass(frozen=True, kw_only=True)
class WhatIf:
    """What would change with a rule switched off."""

    rule: Rule
    changed: list[int]
    lost: int
    gained: int
    doubtful_before: int
    doubtful_after: int
    contest_before: Contest
    contest_after: Contest
    sentence: str


def make_board(
    target: RuleTarget,
    schema: Schema,
    items: list[RuleItem],
    columns: list[Column],
    known: Known,
    titles: dict[str, str],
    progress: Progress,
) -> RuleBoard:
    """Votes of the columns, and what the label model makes of them."""
    labels = target.labels(schema)
    rules = tuple(column.rule for column in columns)
    place = {label: k for k, label in enumerate(labels)}
    item, worker, label = [], [], []
    blind_item, blind_rule = [], []
    for j, column in enumerate(columns):
        failed = set(column.errors)
        for n, one in enumerate(items):
            judged = column.judgements.get(one.key)
            if judged is None or one.key in failed:
                blind_item.append(n)
                blind_rule.append(j)
                continue
            vote = _vote(column.rule, judged)
            if vote in place:
                item.append(n)
                worker.append(j)
                label.append(place[vote])
    gold = np.array([place.get(known.labels.get(one.key, ""), NO_LABEL) for one in items], int)
    votes = Votes(
        np.array(item, dtype=np.int64),
        np.array(worker, dtype=np.int64),
        np.array(label, dtype=np.int64),
        [one.key for one in items],
        [rule.name for rule in rules],
        labels,
        gold if (gold != NO_LABEL).any() else None,
    )
    blind = Blind(np.array(blind_item, dtype=np.int64), np.array(blind_rule, dtype=np.int64))
    options = _options(rules, blind)
    model = fit_label_model(votes, options, progress)
    return RuleBoard(
        target=target,
        schema=schema,
        labels=labels,
        items=items,
        rules=rules,
        columns=columns,
        known=known,
        votes=votes,
        options=options,
        model=model,
        figures=rule_figures(votes, model),
        contest=compare_with_majority(votes, options, progress, model.dependencies),
        titles=titles,
    )


def what_if_off(board: RuleBoard, rule: int, threshold: float = SURE) -> WhatIf:
    """Learn again without one rule; nothing is stored."""
    votes = without_rule(board.votes, rule)
    model = fit_label_model(votes, board.options)
    contest = compare_with_majority(votes, board.options, found=model.dependencies)
    before, after = board.model.label, model.label
    changed = np.flatnonzero(before != after)
    lost = int(((before != NO_LABEL) & (after == NO_LABEL)).sum())
    gained = int(((before == NO_LABEL) & (after != NO_LABEL)).sum())
    doubt = int(board.model.doubtful(threshold).sum()), int(model.doubtful(threshold).sum())
    return WhatIf(
        rule=board.rules[rule],
        changed=[int(n) for n in changed],
        lost=lost,
        gained=gained,
        doubtful_before=doubt[0],
        doubtful_after=doubt[1],
        contest_before=board.contest,
        contest_after=contest,
        sentence=_what_if_words(board, rule, changed.size, lost, doubt, contest),
    )


def _what_if_words(
    board: RuleBoard,
    rule: int,
    changed: int,
    lost: int,
    doubt: tuple[int, int],
    contest: Contest,
) -> str:
    name, items = board.rules[rule].name, max(1, len(board.items))
    if not changed and doubt[0] == doubt[1]:
        return f"Without {name} nothing would change."
    parts = [f"Without {name} {changed:,} of {items:,} items would have another result"]
    if lost:
        parts.append(f"{lost:,} of them none")
    parts.append(f"{doubt[1]:,} instead of {doubt[0]:,} would need a reader")
    words = ", ".join(parts) + "."
    before = board.contest
    if before.asked and contest.asked:
        words += (
            f" On known answers it would be right on {contest.model_right:,} of {contest.asked:,} "
            f"(now {before.model_right:,} of {before.asked:,})."
        )
    return words


def _vote(rule: Rule, judged: bool | str) -> str:
    """The label a judgement votes for, "" for silence."""
    if judged is True:
        return rule.votes_for
    return rule.otherwise if judged is False else judged


def _options(rules: Sequence[Rule], blind: Blind) -> LabelModelOptions:
    place = {rule.id: n for n, rule in enumerate(rules)}
    together = [(n, place[o]) for n, r in enumerate(rules) for o in r.same_as if o in place]
    apart = [(n, place[o]) for n, r in enumerate(rules) for o in r.not_same_as if o in place]
    return LabelModelOptions(blind=blind, together=together, apart=apart)
