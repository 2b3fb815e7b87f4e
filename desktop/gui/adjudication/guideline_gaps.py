"""Gaps in the guidelines, as adjudicators met them: a list to write the next version from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QScrollArea, QStackedWidget, QWidget

from desktop.domain.errors import AccessProblem
from desktop.gui.shell import Shell
from desktop.gui.widgets.furniture import EmptyState, across, clear, down, frame, label, push

if TYPE_CHECKING:
    from desktop.workspace.claims.guideline_gaps import Gap


class GapList(QWidget):
    """One card per gap; ``chosen`` carries the case to jump to."""

    chosen = Signal(str)

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell, self._reading = shell, shell.reading
        outer = across(self, (24, 16, 24, 16))
        holder = QWidget()
        holder.setMaximumWidth(820)
        column = down(holder, gap=12)
        head = across(gap=8)
        self._count = label("", "heading")
        head.addWidget(self._count)
        head.addStretch(1)
        self.save = push("Save as …", icon="bundle", tip="Writes the list as text or CSV.")
        self.save.clicked.connect(self._ask_where)
        head.addWidget(self.save)
        column.addLayout(head)
        self._stack = QStackedWidget()
        area = QScrollArea()
        area.setWidgetResizable(True)
        inside = QWidget()
        self._list = down(inside, gap=8)
        area.setWidget(inside)
        self._stack.addWidget(area)
        self._stack.addWidget(
            EmptyState(
                "form",
                "No gap was named yet",
                "Give a ruling the cause “Guideline gap” (G) and it is kept here.",
            )
        )
        column.addWidget(self._stack, 1)
        outer.addStretch(1)
        outer.addWidget(holder, 20)
        outer.addStretch(1)

    def refresh(self) -> None:
        """Read the gaps anew."""
        room = self._reading.workspace
        try:
            gaps = room.adjudication.gaps() if room is not None else []
        except AccessProblem:
            gaps = []
        self._count.setText("1 gap" if len(gaps) == 1 else f"{len(gaps)} gaps")
        self.save.setEnabled(bool(gaps))
        self.save.setToolTip(
            "Writes the list as text or CSV." if gaps else "There is no gap to write yet."
        )
        self._stack.setCurrentIndex(0 if gaps else 1)
        clear(self._list)
        for gap in gaps:
            self._list.addWidget(self._card(gap))
        self._list.addStretch(1)

    def write(self, target: Path) -> None:
        """Write the list; the ending says how."""
        room = self._reading.workspace
        if room is not None:
            room.adjudication.export_gaps(target)
            self._shell.say("Guideline gaps written", target.name, "ok")

    def _card(self, gap: Gap) -> QWidget:
        card = frame("card")
        row = across(card, (14, 10, 10, 10), 12)
        words = down(gap=2)
        words.addWidget(label(gap.note, wrap=True))
        words.addWidget(label(f"{gap.about} · {gap.case_title}", "small"))
        row.addLayout(words, 1)
        go = push("Show", "link", tip="Shows the disagreement that it comes from.")
        go.clicked.connect(lambda _c=False, c=gap.case_id: self.chosen.emit(c))
        row.addWidget(go)
        return card

    def _ask_where(self) -> None:
        path, _kind = QFileDialog.getSaveFileName(
            self, "Save guideline gaps", "guideline-gaps.csv", "Table (*.csv);;Text (*.txt)"
        )
        if path:
            self.write(Path(path))
