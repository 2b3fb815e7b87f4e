"""The lead's page for giving out work: batches, the packages that carry them, and gold."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QButtonGroup, QStackedWidget, QWidget

from desktop.domain.event import Event
from desktop.gui.page import Page
from desktop.gui.shell import Shell
from desktop.gui.team.assign_batches import BatchesPane
from desktop.gui.team.assign_gold import GoldPane
from desktop.gui.team.assign_packages import PackagesPane
from desktop.gui.widgets.furniture import across, down, label, push
from desktop.gui.widgets.segments import segments

PANES = ("Batches", "Packages", "Gold")
_TIPS = (
    "Which cases go to whom, and how far they are.",
    "One file per reader, with nothing of anybody else in it.",
    "How readers do on cases with a known answer.",
)


class AssignPage(Page):
    """Three panes under one head; each reads what it shows when it comes into sight."""

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(shell, parent)
        column = down(self, (24, 16, 24, 16), 12)
        head = across(gap=12)
        head.addWidget(label("Assign", "title"))
        self.group = QButtonGroup(self)
        head.addWidget(segments(self.group, PANES, self.show_pane, 0, _TIPS))
        head.addStretch(1)
        back = push("Back", tip="Back to where you were (Esc)")
        back.clicked.connect(self.left)
        head.addWidget(back)
        column.addLayout(head)
        self.panes = QStackedWidget()
        self.batches = BatchesPane(shell)
        self.packages = PackagesPane(shell)
        self.gold = GoldPane(shell)
        self.gold.chosen.connect(self.chosen)
        for pane in (self.batches, self.packages, self.gold):
            self.panes.addWidget(pane)
        column.addWidget(self.panes, 1)
        self._reading.committed.connect(self._committed)
        self._reading.opened.connect(lambda _room: self.refresh())

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self.refresh()

    def show_pane(self, number: int) -> None:
        self.group.button(number).setChecked(True)
        self.panes.setCurrentIndex(number)
        self.refresh()

    def refresh(self) -> None:
        """Read anew what is in sight."""
        room = self._reading.workspace
        if self.isVisible() and room is not None:
            pane: Any = self.panes.currentWidget()
            pane.refresh()

    def take_focus(self) -> None:
        self.group.button(self.panes.currentIndex()).setFocus()

    def _committed(self, event: Event) -> None:
        if not event.case_id:
            self.refresh()
