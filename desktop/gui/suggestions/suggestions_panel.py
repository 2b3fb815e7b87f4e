"""Suggestions of the open case: what models, rules and consensus drafted, for a person to decide.

Nothing here is a label. In a study the section also says when suggestions are shown.
"""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, QSignalBlocker, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QSizePolicy, QSlider, QVBoxLayout, QWidget

from desktop.domain.event import Event
from desktop.domain.help_study import Arm, HelpStanding
from desktop.gui.action_set import ActionSet
from desktop.gui.shell import Shell
from desktop.gui.suggestions.suggestion_acts import SuggestionActs
from desktop.gui.suggestions.suggestion_book import SUGGESTION_KINDS, line_of, suggestions, waiting
from desktop.gui.suggestions.suggestion_list import SuggestionModel, SuggestionView
from desktop.gui.widgets import icons
from desktop.gui.widgets.furniture import across, down, label, push
from desktop.interaction.view import ViewState


class SuggestionsPanel(QWidget):
    """Above the guidelines. Reads anew when it is seen."""

    def __init__(
        self, shell: Shell, actions: ActionSet, acts: SuggestionActs, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._shell, self._reading, self._acts = shell, shell.reading, acts
        self._stale = True
        self._syncing = False
        column = down(self, (0, 12, 0, 0), 6)
        head = across(margins=(16, 0, 12, 0))
        self.title = label("Suggestions", "section")
        head.addWidget(self.title)
        head.addStretch(1)
        self.decided = label(role="muted")
        head.addWidget(self.decided)
        column.addLayout(head)
        column.addWidget(self._make_state(actions))
        column.addWidget(self._make_slider())
        self.model = SuggestionModel(self)
        self.list = SuggestionView()
        self.list.setModel(self.model)
        self.list.on_key = self._key
        self.list.setMinimumHeight(96)
        self.scribbles = actions.button("pixels.switch", text=True)
        self.rest = actions.button("pixels.rest", text=True)
        self.list.selectionModel().selectionChanged.connect(lambda _a, _b: self._picked())
        column.addWidget(self.list, 1)
        column.addWidget(self._make_foot(actions))
        column.addLayout(self._make_scribbles(actions))
        self._reading.committed.connect(self._committed)
        self._reading.view_changed.connect(self._viewed)
        shell.theme_changed.connect(self.list.viewport().update)
        self.refresh()

    def refresh(self) -> None:
        """Read the suggestions anew, now or when the section is next seen."""
        self._stale = not self.isVisible()
        if self._stale:
            return
        room, view = self._reading.workspace, self._reading.view
        found = suggestions(self._reading)
        left = waiting(self._reading)
        lines = [line_of(room, p) for p in left] if room is not None else []
        self.model.show_lines(lines)
        done = sum(1 for _p, d in found if d is not None)
        self.title.setText(f"Suggestions · {len(left)}" if left else "Suggestions")
        self.decided.setText(f"{done} decided" if done else "")
        self._show_state(room.help_standing(view.case_id) if room and view.case_id else None)
        some = any(d is None for _p, d in found)
        self._slider_part.setVisible(some)
        self.all.setText(_all_words(len(left), view.least_score))
        self.list.setVisible(bool(left))
        self._foot.setVisible(bool(left))
        tall = QSizePolicy.Policy.Expanding if left else QSizePolicy.Policy.Maximum
        self.setSizePolicy(QSizePolicy.Policy.Preferred, tall)
        self._show_chosen()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self.refresh()

    # parts ---------------------------------------------------------------------------------

    def _make_state(self, actions: ActionSet) -> QWidget:
        self._state = QWidget()
        column = down(self._state, (16, 0, 12, 4), 8)
        row = across(gap=8)
        self._glyph = icons.Glyph("lock", "muted", 16)
        row.addWidget(self._glyph, 0, Qt.AlignmentFlag.AlignTop)
        self.words = label(role="muted", wrap=True)
        row.addWidget(self.words, 1)
        column.addLayout(row)
        self.lock = push("Lock blind answer", "primary", "lock", actions["suggest.lock"].toolTip())
        self.lock.clicked.connect(self._acts.lock_answer)
        column.addWidget(self.lock, 0, Qt.AlignmentFlag.AlignLeft)
        return self._state

    def _make_slider(self) -> QWidget:
        self._slider_part = QWidget()
        row = across(self._slider_part, (16, 0, 16, 0), 8)
        row.addWidget(label("Score from", "muted"))
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 100)
        self.slider.setPageStep(10)
        self.slider.setAccessibleName("Lowest score shown")
        self.slider.setToolTip("Suggestions below this score are left out, here and on the image.")
        self.slider.valueChanged.connect(self._slid)
        row.addWidget(self.slider, 1)
        self.least = label("0.00", "muted")
        row.addWidget(self.least)
        return self._slider_part

    def _make_foot(self, actions: ActionSet) -> QWidget:
        self._foot = QWidget()
        column = down(self._foot, (12, 4, 12, 10), 6)
        first, second = across(gap=6), across(gap=6)
        for row, act_id, words, role in (
            (first, "suggest.accept", "Accept", "primary"),
            (first, "suggest.reject", "Reject", ""),
            (first, "suggest.edit", "Edit", ""),
            (second, "suggest.all", "Accept all above", "quiet"),
        ):
            button = push(words, role, tip=actions[act_id].toolTip())
            method = getattr(self._acts, actions.act(act_id).handler)
            button.clicked.connect(lambda _c=False, m=method: m())
            row.addWidget(button)
            if act_id == "suggest.all":
                self.all = button
        for row in (first, second):
            row.addStretch(1)
            column.addLayout(row)
        return self._foot

    def _make_scribbles(self, actions: ActionSet) -> QVBoxLayout:
        """The switch; while it is on, what to paint and the brush for all that is no class."""
        switch, asks = actions["pixels.switch"], actions.button("pixels.ask", text=True)
        column = down(margins=(12, 0, 12, 8), gap=4)
        column.addWidget(self.scribbles, alignment=Qt.AlignmentFlag.AlignLeft)
        inner = down(margins=(16, 0, 0, 0), gap=4)
        self.teach = label("Paint two classes, or one and:", "muted", wrap=True)
        inner.addWidget(self.teach)
        inner.addWidget(self.rest, alignment=Qt.AlignmentFlag.AlignLeft)
        column.addLayout(inner)
        column.addWidget(asks, alignment=Qt.AlignmentFlag.AlignLeft)

        def follow() -> None:
            for part in (self.teach, self.rest):
                part.setVisible(switch.isChecked())

        switch.changed.connect(follow)
        follow()
        return column

    def _show_state(self, standing: HelpStanding | None) -> None:
        words, icon = "", "info"
        can_lock = False
        if standing is None:
            words = "Open a case to see what is suggested for it."
        elif (why := self._not_given()) and why != standing.why_hidden:
            words, icon = why, "eye-off"
        elif standing.is_study and standing.arm is Arm.NONE:
            words, icon = "This case is read without help.", "eye-off"
        elif standing.is_study and standing.arm is Arm.BLIND and not standing.is_locked:
            words, icon, can_lock = (
                "Answer first. Once your answer is locked, suggestions are shown.", "unlock", True
            )  # fmt: skip
        elif standing.is_study and standing.arm is Arm.BLIND:
            words, icon = "Your blind answer is locked.", "lock"
        if not words and not suggestions(self._reading):
            words = "None for this case. Models and rules make them; your own strokes can, too."
        elif not self.model.lines and suggestions(self._reading):
            more = "" if words.endswith(".") or not words else "."
            words = f"{words}{more} None waits from this score up.".strip()
        self.words.setText(words)
        self._glyph.show_as(icon, "ok" if icon == "lock" else "muted")
        self.lock.setVisible(can_lock)
        self._state.setVisible(bool(words))

    def _not_given(self) -> str:
        room, view = self._reading.workspace, self._reading.view
        return room.why_no_suggestions(view.case_id) if room is not None else ""

    # what happens --------------------------------------------------------------------------

    def _key(self, what: str) -> None:
        ways = {
            "accept": self._acts.accept_suggestion,
            "reject": self._acts.reject_suggestion,
            "edit": self._acts.edit_suggestion,
        }
        ways[what]()

    def _picked(self) -> None:
        rows = self.list.selectionModel().selectedIndexes()
        if not self._syncing and rows:
            self._acts.choose(self.model.lines[rows[0].row()].proposal)

    def _slid(self, value: int) -> None:
        self._reading.replace(least_score=value / 100)

    def _show_chosen(self) -> None:
        row = self.model.row_of(self._reading.view.suggestion)
        self._syncing = True
        selection = self.list.selectionModel()
        if row < 0:
            selection.clearSelection()
        else:
            index = self.model.index(row)
            selection.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
            self.list.scrollTo(index)
        self._syncing = False

    def _committed(self, event: Event) -> None:
        if any(c.kind in SUGGESTION_KINDS for c in event.changes):
            self.refresh()

    def _viewed(self, old: ViewState, new: ViewState) -> None:
        if old.least_score != new.least_score:
            with QSignalBlocker(self.slider):
                self.slider.setValue(round(new.least_score * 100))
            self.least.setText(f"{new.least_score:.2f}")
        if (old.case_id, old.least_score) != (new.case_id, new.least_score):
            self.refresh()
        elif old.suggestion != new.suggestion:
            self._show_chosen()


def _all_words(count: int, least: float) -> str:
    above = f" from {least:.2f}" if least else ""
    return f"Accept all {count}{above}" if count > 1 or least else "Accept all above"
