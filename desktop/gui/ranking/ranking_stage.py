"""What is judged, side by side: the question, the images it is about, and the candidates, which
move together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop.gui.canvas.pane_link import PaneLink
from desktop.gui.ranking.candidate_panel import LETTERS, CandidatePanel, TextPane, first_look
from desktop.gui.widgets.furniture import across, down

if TYPE_CHECKING:
    from desktop.workspace.ranking.ranking import Asked
    from desktop.workspace.workspace import Workspace

_PROMPT_PX = 108


class CandidateStage(QWidget):
    """``pressed`` carries the number of the candidate that was clicked."""

    pressed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.link = PaneLink(self)
        self.panels: list[CandidatePanel] = []
        self._context: CandidatePanel | None = None
        self._prompt_id = ""
        column = down(self, gap=8)
        self.prompt = TextPane()
        self.prompt.setAccessibleName("Question")
        column.addWidget(self.prompt)
        self._row: QHBoxLayout = across(gap=12)
        column.addLayout(self._row, 1)

    def show_asked(self, room: Workspace, asked: Asked) -> None:
        """Show a question; the look at the images stays while the prompt does."""
        if asked.prompt.id != self._prompt_id:
            self.link.reset(first_look(room, asked.candidates))
        self._prompt_id = asked.prompt.id
        self.prompt.setPlainText(asked.prompt.text)
        self.prompt.setVisible(bool(asked.prompt.text))
        self.prompt.fit(_PROMPT_PX)
        self._show_panels(room, asked)

    def forget(self) -> None:
        """Show nothing any more."""
        self._prompt_id = ""
        for panel in (*self.panels, self._context):
            if panel is not None:
                panel.forget()

    def page(self, direction: int) -> None:
        """Texts scroll; images step through their series."""
        shown = [p for p in self.panels if not p.isHidden()]
        for panel in shown:
            if panel.text is not None and not panel.text.isHidden():
                panel.text.scroll_page(direction)
        panes = [p.image for p in (*shown, self._context) if p is not None and p.image is not None]
        if panes:
            panes[0].step(direction)

    def toggle_regions(self) -> None:
        self.link.change(regions_shown=not self.link.view.regions_shown)

    def toggle_outlines(self) -> None:
        self.link.change(outlines_only=not self.link.view.outlines_only)

    def show_places(self, places: Sequence[int], current: int) -> None:
        """Which tier each candidate is in; -1 none yet, as many as candidates: unacceptable."""
        for number, (panel, place) in enumerate(zip(self.panels, places, strict=False)):
            last = len(places)
            words = "" if place < 0 else "unacceptable" if place == last else f"tier {place + 1}"
            panel.choose(number == current, words)

    def _show_panels(self, room: Workspace, asked: Asked) -> None:
        candidates, images = asked.candidates, asked.prompt.images
        while len(self.panels) < len(candidates):
            number = len(self.panels)
            panel = CandidatePanel(LETTERS[number], self.link)
            panel.pressed.connect(lambda n=number: self.pressed.emit(n))
            self.panels.append(panel)
            self._row.addWidget(panel, 1)
        if images and self._context is None:
            self._context = CandidatePanel("Image", self.link)
            self._row.insertWidget(0, self._context, 1)
        if self._context is not None:
            self._context.setVisible(bool(images))
            if images:
                self._context.show_context(room, images)
        for number, panel in enumerate(self.panels):
            panel.setVisible(number < len(candidates))
            if number < len(candidates):
                panel.show_candidate(room, candidates[number], LETTERS[number])
