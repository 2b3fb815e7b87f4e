"""The cells of the matrix of rules, painted: bars and intervals where text alone hides them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QPointF,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import (
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from desktop.gui.rules.rules_model import (
    COLUMNS,
    COVERS,
    ERRORS,
    ESTIMATED,
    KNOWN,
    ON,
    RULE,
    SAME,
    VOTES,
    AnyIndex,
    RuleModel,
)
from desktop.gui.rules.rules_words import rule_sentence
from desktop.gui.widgets import icons, theme

if TYPE_CHECKING:
    from desktop.engines.intervals import Interval


class RuleCells(QStyledItemDelegate):
    """Paints bars and intervals where the text alone would hide them."""

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        return QSize(COLUMNS[index.column()].width, 46)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
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
