"""The cases behind a figure of the Help board: pressed, a figure lists them, and each one opens."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QPushButton, QScrollArea, QWidget

from desktop.gui.reading.reading import Reading
from desktop.gui.widgets.furniture import across, clear, down, frame, label, push

MOST = 40


class HelpCases(QWidget):
    """A card that stays away until a figure is pressed; ``chosen`` carries a case to be read."""

    chosen = Signal(str)

    def __init__(self, reading: Reading, area: QScrollArea) -> None:
        super().__init__()
        self._reading, self._area = reading, area
        self.case_ids: tuple[str, ...] = ()
        card = frame("card")
        down(self).addWidget(card)
        column = down(card, (20, 14, 20, 14), 6)
        head = across(gap=8)
        self.heading = label(role="heading", wrap=True)
        head.addWidget(self.heading, 1)
        away = push("Close", "quiet", tip="Closes this list.")
        away.clicked.connect(self.hide)
        head.addWidget(away, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(head)
        self._lines = down(gap=2)
        column.addLayout(self._lines)
        self.hide()

    def show_cases(self, what: str, case_ids: Sequence[str]) -> None:
        """List these cases, each once, and go there."""
        room = self._reading.workspace
        self.case_ids = tuple(dict.fromkeys(case_ids))
        clear(self._lines)
        count = len(self.case_ids)
        self.heading.setText(f"{what}: {'1 case' if count == 1 else f'{count:,} cases'}")
        links = []
        for case_id in self.case_ids[:MOST] if room is not None else ():
            assert room is not None
            link = push(room.case(case_id).title, "link", tip="Opens this case.")
            link.clicked.connect(lambda _c=False, c=case_id: self.chosen.emit(c))
            self._lines.addWidget(link, 0, Qt.AlignmentFlag.AlignLeft)
            links.append(link)
        if count > MOST:
            self._lines.addWidget(label(f"and {count - MOST:,} more", "muted"))
        self.show()
        for link in links[:1]:
            link.setFocus(Qt.FocusReason.OtherFocusReason)
        QTimer.singleShot(0, lambda: self._area.ensureWidgetVisible(self))  # once it has its place

    def figure(
        self, words: str, what: str, case_ids: Callable[[], Sequence[str]], count: int
    ) -> QWidget:
        """A figure that lists its cases when pressed; plain words where it counts none."""
        if not count:
            return label(words)
        made: QPushButton = push(words, "link", tip=f"{what}: lists these cases.")
        made.setAccessibleName(f"{what}: {words}")
        made.clicked.connect(lambda: self.show_cases(what, case_ids()))
        return made
