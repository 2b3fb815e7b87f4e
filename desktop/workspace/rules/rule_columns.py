"""Running rules: one column of judgements per rule, kept where nothing it looks at has changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from desktop.domain.contracts import Progress
from desktop.domain.errors import Cancelled, UserError
from desktop.domain.rule import Rule
from desktop.domain.schema import AnswerValue
from desktop.engines.rules.rule_kinds import Judgement, Need, RuleKind, completed, rule_kind
from desktop.engines.rules.rules_on_reports import ReportWords
from desktop.workspace.rules.rule_items import RuleItem
from desktop.workspace.rules.rule_material import Material

MESSAGES_KEPT = 3
_SENT = {True: "1", False: "0", None: "-"}
_READ: dict[str, Judgement] = {"1": True, "0": False, "-": None}

SearchReport = Callable[[dict[str, AnswerValue], str], Judgement]


@dataclass(eq=False)
class Column:
    """What one rule made of all items. ``judgements`` by item key; an item with an error has none.
    ``errors``: item keys, ``messages`` the first of them in words. ``fresh``: how many were judged
    in this run, the others were kept from before."""

    rule: Rule
    judgements: dict[str, Judgement] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    fresh: int = 0

    def fails(self, item_key: str, error: Exception) -> None:
        """Count an error of the rule; never an abstention."""
        self.errors.append(item_key)
        words = f"{error.title} {error.detail}" if isinstance(error, UserError) else str(error)
        message = f"{type(error).__name__}: {words}".strip()[:200]
        if message not in self.messages and len(self.messages) < MESSAGES_KEPT:
            self.messages.append(message)


class KeptColumns:
    """Judgements of earlier runs, by the digest of the rule and of what it saw."""

    def __init__(self, load: Callable[[str], str], save: Callable[[dict[str, str]], None]) -> None:
        self._load, self._save = load, save
        self._known: dict[str, dict[str, str]] = {}
        self._changed: set[str] = set()

    def of(self, key: str) -> dict[str, str]:
        """Judgements as text by the digest of what was seen; main thread at the first look."""
        if key not in self._known:
            text = self._load(key)
            self._known[key] = dict(json.loads(text)) if text else {}
        return self._known[key]

    def put(self, key: str, found: dict[str, str]) -> None:
        """Remember a column; any thread."""
        if found != self._known.get(key):
            self._known[key] = found
            self._changed.add(key)

    def keep(self) -> None:
        """Write what changed; main thread."""
        changed, self._changed = self._changed, set()
        self._save({key: json.dumps(self._known[key], sort_keys=True) for key in changed})


def column_key(rule: Rule, kind: RuleKind, extra: str = "") -> str:
    """Under which a rule's column is kept: another rule, kind version or plugin is another."""
    parts = (rule.digest, str(kind.version), rule.target.key, extra)
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def run_rules(
    rules: Sequence[Rule],
    items: Sequence[RuleItem],
    material: Material,
    kept: KeptColumns,
    keys: dict[str, str],
    search_report: SearchReport,
    progress: Progress,
) -> list[Column]:
    """Judge every item by every rule; an item's pixels are decoded once for all rules.

    ``keys`` are the column keys by rule id. ``search_report`` searches a report for patterns.
    """
    columns = [Column(rule) for rule in rules]
    ready: list[tuple[Column, RuleKind, dict[str, AnswerValue], dict[str, str]]] = []
    for column in columns:
        try:
            kind = rule_kind(column.rule.rule_kind)
            parameters = completed(kind, column.rule.parameters)
        except UserError as error:
            for item in items:
                column.fails(item.key, error)
            continue
        ready.append((column, kind, parameters, kept.of(keys[column.rule.id])))
    made: dict[str, dict[str, str]] = {column.rule.id: {} for column in columns}
    total = max(1, len(items))
    for number, item in enumerate(items):
        progress.report(number / total, f"{number:,} of {total:,}")
        digests: dict[frozenset[Need], str] = {}
        for column, kind, parameters, before in ready:
            seen = digests.get(kind.needs) or _seen(material, item, kind.needs)
            digests[kind.needs] = seen
            text = before.get(seen)
            if text is None:
                text = _judge(column, kind, parameters, item, material, search_report)
                column.fresh += 1
            if text is not None:
                made[column.rule.id][seen] = text
                column.judgements[item.key] = _READ.get(text, text[1:])
    for column, _kind, _parameters, _before in ready:
        kept.put(keys[column.rule.id], made[column.rule.id])
    progress.report(1.0)
    return columns


def _judge(
    column: Column,
    kind: RuleKind,
    parameters: dict[str, AnswerValue],
    item: RuleItem,
    material: Material,
    search_report: SearchReport,
) -> str | None:
    """The judgement as text, None for an error."""
    try:
        if isinstance(kind, ReportWords) and parameters["pattern"]:
            report = material.records.reports.get(item.case_id)
            found = None if report is None else search_report(parameters, report)
        else:
            found = kind.judge(parameters, material.subject(item))
    except Cancelled:
        raise
    except Exception as error:  # noqa: BLE001 - a rule may raise anything; it is counted and told
        column.fails(item.key, error)
        return None
    return f"={found}" if isinstance(found, str) else _SENT[found]


def _seen(material: Material, item: RuleItem, needs: frozenset[Need]) -> str:
    parts = [material.digest(item, need) for need in sorted(needs, key=lambda n: n.value)]
    return hashlib.sha256("".join(parts).encode()).hexdigest()[:20]
