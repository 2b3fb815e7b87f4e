"""The rules as rows of a table: columns, figures and the words behind each cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)

from desktop.gui.rules.rules_words import percent, rule_sentence, votes_words

if TYPE_CHECKING:
    from desktop.domain.rule import Rule
    from desktop.domain.schema import Schema
    from desktop.engines.intervals import Interval
    from desktop.engines.rules.rule_figures import RuleFigures
    from desktop.workspace.rules.rule_board import RuleBoard

_INVERTED = " Right less often than chance: likely inverted. Nothing was changed."
_SURPRISING = " The estimate lies outside of that."
AnyIndex = QModelIndex | QPersistentModelIndex
FIGURES = Qt.ItemDataRole.UserRole


@dataclass(frozen=True)
class MatrixColumn:
    """One column. ``what`` names the items behind its cells; see ``RuleBoard.items_of``."""

    title: str
    what: str
    width: int
    tip: str


COLUMNS = (
    MatrixColumn("On", "", 44, "Whether the rule takes part. Space or a click tries it without."),
    MatrixColumn("Rule", "votes", 240, "What it looks for. Its items are below."),
    MatrixColumn("Votes for", "votes", 120, "What it says where that holds, and otherwise."),
    MatrixColumn("Covers", "votes", 104, "Share of all items on which it speaks."),
    MatrixColumn("Overlap", "overlap", 72, "Share of all items on which another rule speaks too."),
    MatrixColumn("Conflict", "conflict", 72, "Share of all items on which another rule differs."),
    MatrixColumn(
        "Right, estimated",
        "against",
        150,
        "How often it is right where it speaks, as learned from how rules agree; 95 % interval.",
    ),
    MatrixColumn(
        "Right, known",
        "wrong",
        150,
        "How often it is right on known answers; 95 % interval. Its items are those it gets wrong.",
    ),
    MatrixColumn("Says the same as", "votes", 130, "Rules that share one vote with it."),
    MatrixColumn("Errors", "errors", 72, "Items on which the rule failed. They are not silence."),
)
ON, RULE, VOTES, COVERS, OVERLAP, CONFLICT, ESTIMATED, KNOWN, SAME, ERRORS = range(len(COLUMNS))


class RuleModel(QAbstractTableModel):
    """All rules of one target, with the figures of the last run where they took part."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rules: list[Rule] = []
        self.board: RuleBoard | None = None
        self._schema: Schema | None = None

    def show_rules(self, rules: list[Rule], schema: Schema, board: RuleBoard | None) -> None:
        """Show other rules or figures."""
        self.beginResetModel()
        self.rules, self._schema, self.board = rules, schema, board
        self.endResetModel()

    def place(self, row: int) -> int | None:
        """The number of a row's rule in the board; None where it took no part."""
        if self.board is None or not 0 <= row < len(self.rules):
            return None
        ids = [r.id for r in self.board.rules]
        rule_id = self.rules[row].id
        return ids.index(rule_id) if rule_id in ids else None

    def figures(self, row: int) -> RuleFigures | None:
        place = self.place(row)
        return None if place is None or self.board is None else self.board.figures[place]

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self.rules)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(
        self, section: int, way: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if way != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section].title
        if role == Qt.ItemDataRole.ToolTipRole:
            return COLUMNS[section].tip
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        rule, figures = self.rules[index.row()], self.figures(index.row())
        column = index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(rule, figures, column)
        if role == FIGURES:
            return figures
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(rule, figures, column)
        return None

    def _text(self, rule: Rule, figures: RuleFigures | None, column: int) -> str:
        assert self._schema is not None
        if column == ON:
            return "on" if rule.enabled else "off"
        if column == RULE:
            return rule.name
        if column == VOTES:
            return votes_words(rule, self._schema)
        if figures is None:
            return ""
        match column:
            case _ if column == COVERS:
                return percent(figures.coverage)
            case _ if column == OVERLAP:
                return percent(figures.overlap)
            case _ if column == CONFLICT:
                return percent(figures.conflict)
            case _ if column == ESTIMATED:
                return "" if figures.accuracy is None else percent(figures.accuracy)
            case _ if column == KNOWN:
                asked = figures.gold_asked
                return percent(figures.gold_right / asked) if asked else ""
            case _ if column == SAME:
                return ", ".join(self.alike(rule))
            case _:
                return self._errors(rule)

    def alike(self, rule: Rule) -> list[str]:
        """Names of the rules that share one vote with a rule."""
        board = self.board
        if board is None:
            return []
        group = {r.id: f.group for r, f in zip(board.rules, board.figures, strict=True)}
        mine = group.get(rule.id)
        return [r.name for r in board.rules if r.id != rule.id and group[r.id] == mine]

    def errors(self, rule: Rule) -> tuple[int, list[str]]:
        """How many items a rule failed on, and the first messages."""
        for column in self.board.columns if self.board else ():
            if column.rule.id == rule.id:
                return len(column.errors), column.messages
        return 0, []

    def _errors(self, rule: Rule) -> str:
        count, _ = self.errors(rule)
        return f"{count:,}" if count else "none"

    def _tip(self, rule: Rule, figures: RuleFigures | None, column: int) -> str:
        if column == RULE:
            return f"{rule.name}, version {rule.version}: holds where {rule_sentence(rule)}."
        if figures is None:
            return "Run the rules to see this." if rule.enabled else "It is switched off."
        match column:
            case _ if column == COVERS:
                return f"It speaks on {figures.votes:,} items."
            case _ if column == ESTIMATED:
                words = _interval_words(figures.accuracy, figures.accuracy_interval)
                return words + (_INVERTED if figures.inverted else "")
            case _ if column == KNOWN:
                if not figures.gold_asked:
                    return "No known answer where it speaks."
                share = figures.gold_right / figures.gold_asked
                words = f"Right on {figures.gold_right:,} of {figures.gold_asked:,} known answers: "
                words += _interval_words(share, figures.gold_interval)
                return words + (_SURPRISING if figures.surprising else "")
            case _ if column == SAME:
                alike = self.alike(rule)
                return f"Shares one vote with {', '.join(alike)}." if alike else "It has its own."
            case _ if column == ERRORS:
                return "\n".join(self.errors(rule)[1]) or "It failed nowhere."
        return COLUMNS[column].tip


def _interval_words(value: float | None, interval: Interval | None) -> str:
    if value is None or interval is None:
        return "It never speaks."
    return f"{percent(value)} (95 % {percent(interval.low)} to {percent(interval.high)})."
