"""Small pieces that pages are put together from: texts, buttons, rules, cards, empty states."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from desktop.gui.widgets import icons


def label(text: str = "", role: str = "", wrap: bool = False) -> QLabel:
    """A plain text in one of the style sheet's roles; never read as rich text."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setProperty("role", role)
    made.setWordWrap(wrap)
    return made


def push(text: str, role: str = "", icon: str = "", tip: str = "") -> QPushButton:
    """A push button; ``role`` is primary, quiet, link or nothing."""
    made = QPushButton(text)
    made.setProperty("role", role)
    if icon:
        token = {"primary": "on_accent", "link": "accent"}.get(role, "text")
        icons.bind(made, icon, token)
        made.setIconSize(QSize(18, 18))
        retext(made, text)
    if tip:
        made.setToolTip(tip)
    return made


def retext(button: QPushButton, text: str) -> None:
    """Other words on a button; those beside an icon keep a little distance from it."""
    button.setText(f" {text}" if text and not button.icon().isNull() else text)
    button.setAccessibleName(text)


def inset(field: QAbstractSpinBox) -> None:
    """Keep digits as far from the edge as in other fields: style sheets don't reach in there."""
    field.lineEdit().setTextMargins(6, 0, 0, 0)


def rule(upright: bool = False) -> QFrame:
    """A hairline."""
    made = QFrame()
    made.setProperty("role", "rule-v" if upright else "rule")
    return made


def frame(role: str) -> QFrame:
    """A surface in one of the style sheet's roles."""
    made = QFrame()
    made.setProperty("role", role)
    return made


def across(
    parent: QWidget | None = None, margins: Sequence[int] = (0, 0, 0, 0), gap: int = 8
) -> QHBoxLayout:
    """A horizontal layout with spacing from the scale."""
    return _spaced(QHBoxLayout(parent) if parent else QHBoxLayout(), margins, gap)  # type: ignore[return-value]


def down(
    parent: QWidget | None = None, margins: Sequence[int] = (0, 0, 0, 0), gap: int = 8
) -> QVBoxLayout:
    """A vertical layout with spacing from the scale."""
    return _spaced(QVBoxLayout(parent) if parent else QVBoxLayout(), margins, gap)  # type: ignore[return-value]


def scrolled(inside: QWidget) -> QScrollArea:
    """Scrolls up and down over ``inside``, which keeps to the width that there is."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(inside)
    return area


def centred(inside: QWidget) -> QWidget:
    """``inside``, up to its greatest width, in the middle of a wide page."""
    middle = QWidget()
    row = across(middle)
    row.addStretch(1)
    row.addWidget(inside, 20)
    row.addStretch(1)
    return middle


def _spaced(layout: QBoxLayout, margins: Sequence[int], gap: int) -> QBoxLayout:
    layout.setContentsMargins(*margins)
    layout.setSpacing(gap)
    return layout


def reset_role(widget: QWidget, name: str, value: object) -> None:
    """Set a property that the style sheet asks for, and restyle."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def clear(layout: QLayout) -> None:
    """Take everything out of a layout and let it go."""
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.setParent(None)
            widget.deleteLater()


def in_groups(digits: str, size: int = 8) -> str:
    """A long number in groups, so that eyes and line breaks find a hold."""
    return " ".join(digits[i : i + size] for i in range(0, len(digits), size))


class ElidedLabel(QLabel):
    """A text of one line that ends in … where room is short; the whole text is its tooltip."""

    def __init__(
        self,
        text: str = "",
        role: str = "",
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._whole = ""
        self._mode = mode
        self.setProperty("role", role)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.setText(text)

    def setText(self, text: str) -> None:
        self._whole = text
        self.setAccessibleName(text)
        self._fit()
        self.updateGeometry()

    def whole(self) -> str:
        return self._whole

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(self.font())
        return QSize(metrics.horizontalAdvance(self._whole) + 4, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(16, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        metrics = QFontMetrics(self.font())
        shown = metrics.elidedText(self._whole, self._mode, max(0, self.width()))
        super().setText(shown)
        self.setToolTip(self._whole if shown != self._whole else "")


class EmptyState(QWidget):
    """What a list shows while it is empty: what would fill it, and the act that does."""

    def __init__(
        self,
        icon: str,
        title: str,
        text: str = "",
        buttons: Sequence[QPushButton] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        column = down(self, (16, 24, 16, 24), 8)
        column.addStretch(2)
        column.addWidget(icons.Glyph(icon, "faint", 32), 0, Qt.AlignmentFlag.AlignHCenter)
        self.title = label(title, "heading", wrap=True)
        self.text = label(text, "muted", wrap=True)
        for item in (self.title, self.text):
            item.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(item)
        self.text.setVisible(bool(text))
        for button in buttons:
            column.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)

    def say(self, title: str, text: str = "") -> None:
        """Change the words."""
        self.title.setText(title)
        self.text.setText(text)
        self.text.setVisible(bool(text))
