"""The schemas that can be edited: those of the project with their use, and those that ship."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QResizeEvent
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from desktop.domain.schema import Schema
from desktop.gui.widgets import theme

_KEY = Qt.ItemDataRole.UserRole
_SIDES_PX = 24  # what the style leaves free beside the words of a line


@dataclass(frozen=True)
class Offer:
    """One line. ``key`` stays the same through versions; ``detail`` stands below the title."""

    key: str
    title: str
    detail: str
    changed: bool = False


class SchemaList(QListWidget):
    """Titles in two groups; the chosen line is told by its key."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Schemas")
        self.setProperty("role", "plain")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWordWrap(True)
        self.currentItemChanged.connect(self._picked)

    def show_offers(self, groups: list[tuple[str, list[Offer]]], key: str) -> None:
        """Fill the list and keep ``key`` chosen; nothing is told."""
        self.blockSignals(True)
        self.clear()
        for title, offers in groups:
            if not offers:
                continue
            self.addItem(heading(title))
            for offer in offers:
                mark = "changed · " if offer.changed else ""
                item = QListWidgetItem(f"{offer.title}\n{mark}{offer.detail}")
                item.setData(_KEY, offer.key)
                item.setToolTip(f"{offer.title}\n{offer.detail}")
                self.addItem(item)
                if offer.key == key:
                    self.setCurrentItem(item)
        fit_lines(self)
        self.blockSignals(False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        fit_lines(self)

    def _picked(self, item: QListWidgetItem | None, _old: QListWidgetItem | None) -> None:
        if item is not None and item.data(_KEY):
            self.chosen.emit(str(item.data(_KEY)))


def fit_lines(listing: QListWidget) -> None:
    """Make each line that can be picked as high as its words need, wrapped beside a scroll bar."""
    bar = listing.verticalScrollBar().sizeHint().width()
    room = QRect(0, 0, max(80, listing.width() - bar - _SIDES_PX), 10_000)
    wrap = int(Qt.TextFlag.TextWordWrap)
    for row in range(listing.count()):
        item = listing.item(row)
        if item.flags() & Qt.ItemFlag.ItemIsSelectable:
            height = listing.fontMetrics().boundingRect(room, wrap, item.text()).height() + 10
            if item.sizeHint().height() != height:
                item.setSizeHint(QSize(0, height))


def heading(title: str) -> QListWidgetItem:
    """The title of a group of lines; it can't be picked."""
    made = QListWidgetItem(title)
    made.setFlags(Qt.ItemFlag.NoItemFlags)
    made.setFont(theme.font(theme.SMALL_PX, QFont.Weight.DemiBold))
    made.setForeground(QColor(theme.current().muted))
    made.setSizeHint(QSize(0, 30))
    return made


def detail_of(schema: Schema, cases: int) -> str:
    """Version and use of a schema of the project."""
    read = "no case" if not cases else "1 case" if cases == 1 else f"{cases:,} cases"
    return f"version {schema.version}, {read}"
