"""The reading page: tools, image, panel, and the strip of series."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFrame, QSplitter, QStackedWidget, QTabBar, QWidget

from desktop.gui.action_set import ActionSet
from desktop.gui.adjudication.returned_card import ReturnedCard
from desktop.gui.form.form_panel import FormPanel
from desktop.gui.form.help_panel import HelpPanel
from desktop.gui.learning.round_card import RoundCard
from desktop.gui.reading.history_panel import HistoryPanel
from desktop.gui.reading.labels_panel import LabelsPanel
from desktop.gui.reading.patch_card import PatchCard
from desktop.gui.reading.series_strip import SeriesStrip
from desktop.gui.shell import Shell
from desktop.gui.suggestions.model_trial import ModelTrial
from desktop.gui.suggestions.suggestion_acts import SuggestionActs
from desktop.gui.suggestions.suggestions_panel import SuggestionsPanel
from desktop.gui.widgets.furniture import EmptyState, across, down, frame, push, rule
from desktop.gui.window.frame_bar import FrameBar
from desktop.gui.window.tool_column import ToolColumn

PANEL_PX = 320
TABS = ("Form", "Labels", "Help", "Log")


class ReadingPage(QWidget):
    """The image is the room; the canvas comes in once the window stands."""

    def __init__(
        self,
        shell: Shell,
        actions: ActionSet,
        image: QWidget,
        suggestion_acts: SuggestionActs,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.canvas: Any = None
        self._shell = shell
        column = down(self, gap=0)
        middle = across(gap=0)
        column.addLayout(middle, 1)
        self.tools = ToolColumn(actions)
        middle.addWidget(self.tools)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(1)
        middle.addWidget(self.splitter, 1)
        centre = QWidget()
        self.splitter.addWidget(centre)
        inside = down(centre, gap=0)
        self.image = image
        self._image_column = down(image, gap=0)
        self._stack = QStackedWidget()
        self._image_column.addWidget(self._stack, 1)
        self._empty = self._make_empty(actions)
        self._stack.addWidget(self._empty)
        inside.addWidget(image, 1)
        self.bar = FrameBar(shell, actions)
        inside.addWidget(self.bar)
        self.panel = SidePanel(shell, actions, suggestion_acts)
        self.splitter.addWidget(self.panel)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setStretchFactor(1, 0)
        self.splitter.setSizes([1000, PANEL_PX])
        self.strip = SeriesStrip(shell)
        column.addWidget(self.strip)
        self.panel.returned.image_wanted.connect(self.focus_image)
        self.panel.returned.question_wanted.connect(self._show_question)
        shell.reading.view_changed.connect(lambda _old, _new: self._choose())
        self.trial = ModelTrial(shell, lambda: self.canvas, self)
        self._choose()

    def take_canvas(self, make: Callable[[], QWidget]) -> None:
        """Put the canvas in; called once, after the first paint of the window."""
        if self.canvas is None:
            self.canvas = make()
            self._stack.addWidget(self.canvas)
            if hasattr(self.canvas, "decorations"):
                self.panel.returned.layer.attach(self.canvas)
            self._choose()

    def look_again(self) -> None:
        """Read the images anew, after their files were found at another place."""
        self.strip.refresh()
        if self.canvas is not None:
            self.canvas.read_again()

    def _show_question(self, question_id: str) -> None:
        self.panel.show_tab("Form")
        self.panel.form.focus_question(question_id)

    def take_focus(self) -> None:
        self.focus_image()

    def focus_image(self) -> None:
        if self.canvas is not None:
            self.canvas.setFocus(Qt.FocusReason.OtherFocusReason)

    def _choose(self) -> None:
        shown = self.canvas is not None and bool(self._shell.reading.view.series_id)
        self._stack.setCurrentWidget(self.canvas if shown else self._empty)
        room = self._shell.reading.workspace
        has_cases = bool(room and room.case_count())
        self._empty_words(has_cases)

    def _make_empty(self, actions: ActionSet) -> EmptyState:
        open_button = push(
            "Open images or DICOM…", "primary", "folder", actions["project.images"].toolTip()
        )
        open_button.clicked.connect(lambda: actions["project.images"].trigger())
        return EmptyState("drop", "", "", [open_button])

    def _empty_words(self, has_cases: bool) -> None:
        if has_cases:
            self._empty.say("No case open", "Pick one from the work list, or add images.")
        else:
            self._empty.say(
                "This project has no images yet",
                "Drop files or folders here: DICOM studies, photographs, slides as images.",
            )


class SidePanel(QFrame):
    """Form, labels, help and log behind tabs."""

    def __init__(
        self,
        shell: Shell,
        actions: ActionSet,
        suggestion_acts: SuggestionActs,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setProperty("role", "side")
        self.setMinimumWidth(280)
        self.setMaximumWidth(520)
        column = down(self, gap=0)
        head = frame("topbar")
        row = across(head, (4, 0, 4, 0), 0)
        self.tabs = QTabBar()
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        self.tabs.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        for name in TABS:
            self.tabs.addTab(name)
        row.addWidget(self.tabs)
        row.addStretch(1)
        column.addWidget(head)
        self.returned = ReturnedCard(shell)
        column.addWidget(self.returned)
        self.round = RoundCard(shell)
        column.addWidget(self.round)
        self.patch = PatchCard()
        column.addWidget(self.patch)
        self.pages = QStackedWidget()
        column.addWidget(self.pages, 1)
        self.form = FormPanel(shell, actions)
        self.labels = LabelsPanel(shell)
        self.help = HelpPanel(shell, actions)
        self.suggestions = SuggestionsPanel(shell, actions, suggestion_acts)
        helping = QWidget()
        inside = down(helping, gap=0)
        inside.addWidget(self.suggestions, 1)
        inside.addWidget(rule())
        inside.addWidget(self.help, 1)
        self.log = HistoryPanel(shell)
        self.explained = ""
        self.beside = HelpPanel(shell, None)
        self.beside.hide()
        self.beside.closed.connect(self.close_beside)
        self.asking = QSplitter(Qt.Orientation.Vertical)
        self.asking.setChildrenCollapsible(False)
        self.asking.setHandleWidth(1)
        self.asking.addWidget(self.form)
        self.asking.addWidget(self.beside)
        self.asking.setStretchFactor(0, 3)
        self.asking.setStretchFactor(1, 2)
        for page in (self.asking, self.labels, helping, self.log):
            self.pages.addWidget(page)
        self.tabs.currentChanged.connect(self.pages.setCurrentIndex)

    def explain(self, question_id: str) -> None:
        """Show below the form what the guidelines say about a question; again closes it."""
        if self.explained == question_id and not self.beside.isHidden():
            self.close_beside()
            return
        self.explained = question_id
        self.show_tab("Form")
        if self.beside.isHidden():
            self.beside.show()
            height = self.asking.height()
            self.asking.setSizes([height * 3 // 5, height * 2 // 5])
        # the page knows its places once it has its width
        QTimer.singleShot(0, self.beside, lambda: self.beside.go_to(question_id))

    def close_beside(self) -> bool:
        """Whether the guidelines below the form were open."""
        was_open = not self.beside.isHidden()
        self.beside.hide()
        return was_open

    def show_tab(self, name: str) -> None:
        self.tabs.setCurrentIndex(TABS.index(name))

    @property
    def tab(self) -> str:
        return TABS[self.tabs.currentIndex()]


def canvas_for(reading: Any) -> QWidget:
    """The canvas; it brings the image library, so it is loaded when it is wanted."""
    from desktop.gui.canvas.canvas import CanvasView

    return CanvasView(reading)
