"""The matrix of rules: one row per rule, figures as bars, every cell leads to its items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from desktop.gui import icons, theme
from desktop.gui.rules_words import percent, rule_sentence, votes_words

if TYPE_CHECKING:
    from desktop.domain.rule import Rule
    from desktop.domain.schema import Schema
    from desktop.engines.intervals import Interval
    from desktop.engines.rule_figures import RuleFigures
    from desktop.workspace.rule_board import RuleBoard

_INVERTED = " Right less often than chance: likely inverted. Nothing was changed."
_SURPRISING = " The estimate lies outside of that."
_Index = QModelIndex | QPersistentModelIndex
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

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self.rules)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
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

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
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


class RuleTable(QTableView):
    """The matrix. ``cell_chosen`` carries row and column, ``switched`` the row to try without."""

    cell_chosen = Signal(int, int)
    switched = Signal(int)
    opened = Signal(int)

    def __init__(self, model: RuleModel) -> None:
        super().__init__()
        self.setModel(model)
        self.setAccessibleName("Rules")
        self.setItemDelegate(_Painter(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectItems)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(46)
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setMinimumSectionSize(40)
        for number, column in enumerate(COLUMNS):
            self.setColumnWidth(number, column.width)
        head.setSectionResizeMode(RULE, QHeaderView.ResizeMode.Stretch)
        self.clicked.connect(self._clicked)
        self.doubleClicked.connect(lambda index: self.opened.emit(index.row()))

    def resizeEvent(self, event: Any) -> None:
        """The rule's own words keep room; the rest can be scrolled to."""
        super().resizeEvent(event)
        fixed = sum(c.width for n, c in enumerate(COLUMNS) if n != RULE)
        tight = self.viewport().width() - fixed < COLUMNS[RULE].width
        mode = QHeaderView.ResizeMode.Fixed if tight else QHeaderView.ResizeMode.Stretch
        self.horizontalHeader().setSectionResizeMode(RULE, mode)
        if tight:
            self.setColumnWidth(RULE, COLUMNS[RULE].width)

    def currentChanged(self, current: _Index, previous: _Index) -> None:
        super().currentChanged(current, previous)
        if current.isValid():
            self.cell_chosen.emit(current.row(), current.column())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        if event.key() == Qt.Key.Key_Space and index.isValid():
            self.switched.emit(index.row())
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and index.isValid():
            self.opened.emit(index.row())
        elif event.text().isalpha():
            event.ignore()  # letters are keys of the page
        else:
            super().keyPressEvent(event)

    def _clicked(self, index: QModelIndex) -> None:
        if index.column() == ON:
            self.switched.emit(index.row())


class _Painter(QStyledItemDelegate):
    """Paints bars and intervals where the text alone would hide them."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(COLUMNS[index.column()].width, 46)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        look = theme.current()
        model = index.model()
        assert isinstance(model, RuleModel)
        rule, figures = model.rules[index.row()], model.figures(index.row())
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(option.rect)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(box, QColor(look.chosen))
            if option.state & QStyle.StateFlag.State_HasFocus:
                painter.setPen(QPen(QColor(look.accent), 2))
                painter.drawRect(box.adjusted(1, 1, -1, -1))
        painter.setPen(QColor(look.line))
        painter.drawLine(box.bottomLeft(), box.bottomRight())
        inner = box.adjusted(10, 4, -8, -4)
        text = str(index.data() or "")
        column = index.column()
        if column == ON:
            self._switch(painter, inner, rule.enabled)
        elif column == RULE:
            self._two_lines(painter, inner, rule.name, rule_sentence(rule), rule.enabled)
        elif column == VOTES:
            self._words(painter, inner, text, look.text if rule.enabled else look.faint)
        elif figures is None:
            self._words(painter, inner, "–", look.faint)
        elif column == COVERS:
            self._bar(painter, inner, figures.coverage, text)
        elif column == ESTIMATED:
            token = look.danger if figures.inverted else look.accent
            self._interval(painter, inner, figures.accuracy, figures.accuracy_interval, token, text)
            if figures.inverted:
                self._sign(painter, inner)
        elif column == KNOWN:
            share = figures.gold_right / figures.gold_asked if figures.gold_asked else None
            token = look.warn if figures.surprising else look.ok
            self._interval(painter, inner, share, figures.gold_interval, token, text)
        elif column == SAME:
            self._chip(painter, inner, text)
        elif column == ERRORS:
            bad = text not in ("none", "")
            self._words(painter, inner, text, look.danger if bad else look.muted)
        else:
            self._words(painter, inner, text, look.text)
        painter.restore()

    def _words(self, painter: QPainter, box: QRectF, text: str, colour: str) -> None:
        painter.setPen(QColor(colour))
        painter.setFont(theme.font())
        shown = painter.fontMetrics().elidedText(
            text, Qt.TextElideMode.ElideRight, int(box.width())
        )
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(box, int(flags), shown)

    def _two_lines(
        self, painter: QPainter, box: QRectF, name: str, sentence: str, enabled: bool
    ) -> None:
        look = theme.current()
        upper = QRectF(box.x(), box.y(), box.width(), box.height() / 2)
        self._words(painter, upper, name, look.text if enabled else look.faint)
        painter.setFont(theme.font(theme.SMALL_PX))
        painter.setPen(QColor(look.muted if enabled else look.faint))
        shown = painter.fontMetrics().elidedText(
            sentence, Qt.TextElideMode.ElideRight, int(box.width())
        )
        lower = upper.translated(0, box.height() / 2)
        painter.drawText(lower, int(Qt.AlignmentFlag.AlignVCenter), shown)

    def _switch(self, painter: QPainter, box: QRectF, on: bool) -> None:
        look = theme.current()
        side = QRectF(box.x(), box.center().y() - 8, 28, 16)
        painter.setPen(QPen(QColor(look.accent if on else look.edge), 1.5))
        painter.setBrush(QColor(look.accent) if on else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(side, 8, 8)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(look.on_accent if on else look.edge))
        x = side.right() - 8 if on else side.left() + 8
        painter.drawEllipse(QPointF(x, side.center().y()), 5, 5)

    def _bar(self, painter: QPainter, box: QRectF, share: float, text: str) -> None:
        look = theme.current()
        track = QRectF(box.x(), box.center().y() + 8, box.width() - 6, 4)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(look.line))
        painter.drawRoundedRect(track, 2, 2)
        painter.setBrush(QColor(look.accent))
        width = max(3.0, track.width() * share) if share > 0 else 0.0
        painter.drawRoundedRect(QRectF(track.x(), track.y(), width, 4), 2, 2)
        self._words(painter, box.adjusted(0, -2, 0, -12), text, look.text)

    def _interval(
        self,
        painter: QPainter,
        box: QRectF,
        value: float | None,
        interval: Interval | None,
        token: str,
        text: str,
    ) -> None:
        look = theme.current()
        if value is None or interval is None:
            self._words(painter, box, "–", look.faint)
            return
        self._words(painter, QRectF(box.x(), box.y(), 44, box.height()), text, look.text)
        track = box.adjusted(48, 0, -14, 0)
        y = track.center().y()
        painter.setPen(QPen(QColor(look.line), 1))
        painter.drawLine(QPointF(track.left(), y), QPointF(track.right(), y))
        middle = track.left() + track.width() / 2
        painter.drawLine(QPointF(middle, y - 6), QPointF(middle, y + 6))

        def at(share: float) -> float:
            return float(track.left() + track.width() * share)

        painter.setPen(QPen(QColor(token), 2))
        painter.drawLine(QPointF(at(interval.low), y), QPointF(at(interval.high), y))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(token))
        painter.drawEllipse(QPointF(at(value), y), 4, 4)

    def _sign(self, painter: QPainter, box: QRectF) -> None:
        look = theme.current()
        mark = icons.pixmap("warning", look.danger, 14)
        painter.drawPixmap(QPointF(box.right() - 12, box.center().y() - 7), mark)

    def _chip(self, painter: QPainter, box: QRectF, text: str) -> None:
        look = theme.current()
        if not text:
            self._words(painter, box, "–", look.faint)
            return
        painter.setFont(theme.font(theme.SMALL_PX))
        room = int(box.width()) - 14
        shown = painter.fontMetrics().elidedText(f"= {text}", Qt.TextElideMode.ElideRight, room)
        width = painter.fontMetrics().horizontalAdvance(shown) + 14
        chip = QRectF(box.x(), box.center().y() - 10, width, 20)
        painter.setPen(QPen(QColor(look.warn), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(chip, 10, 10)
        painter.setPen(QColor(look.text))
        painter.drawText(chip, int(Qt.AlignmentFlag.AlignCenter), shown)


def _interval_words(value: float | None, interval: Interval | None) -> str:
    if value is None or interval is None:
        return "It never speaks."
    return f"{percent(value)} (95 % {percent(interval.low)} to {percent(interval.high)})."
