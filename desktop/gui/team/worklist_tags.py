"""Tags of the cases that are chosen in the work list: put on and taken off by whoever leads."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QItemSelection, QStringListModel, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCompleter, QLineEdit, QTableView, QWidget

from desktop.domain.errors import UserError
from desktop.domain.site import SITE
from desktop.domain.task import Role
from desktop.gui.canvas.linked_viewers import is_escape_asked
from desktop.gui.shell import Shell
from desktop.gui.widgets.furniture import across, label, push

if TYPE_CHECKING:
    from desktop.workspace.workspace import Workspace


class TagBar(QWidget):
    """How many cases are chosen, a field for a tag, and the two acts; ``chosen`` gives the ids."""

    def __init__(self, shell: Shell, chosen: Callable[[], list[str]], table: QTableView) -> None:
        super().__init__()
        self._shell, self._chosen, self._table = shell, chosen, table
        row = across(self, gap=8)
        self.count = label("", "muted")
        row.addWidget(self.count)
        row.addStretch(1)
        self._words = QStringListModel(self)
        self.field = QLineEdit()
        self.field.setPlaceholderText(f"Tag, or {SITE}NAME")
        self.field.setClearButtonEnabled(True)
        self.field.setFixedWidth(240)
        self.field.setAccessibleName("Tag for the chosen cases")
        self.field.setToolTip(
            f"Enter puts the tag on the chosen cases (T goes here). {SITE}NAME names their site; "
            "Quality compares sites."
        )
        completer = QCompleter(self._words, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self.field.setCompleter(completer)
        self.field.returnPressed.connect(lambda: self.tag(True))
        self.field.textChanged.connect(lambda _t: self._refresh())
        self.field.installEventFilter(self)
        row.addWidget(self.field)
        self.on = push("Add tag")
        self.on.clicked.connect(lambda: self.tag(True))
        self.off = push("Take tag off")
        self.off.clicked.connect(lambda: self.tag(False))
        row.addWidget(self.on)
        row.addWidget(self.off)
        table.selectionModel().selectionChanged.connect(self._selected)
        table.model().modelReset.connect(self._refresh)
        self._refresh()

    def show_for(self, room: Workspace | None) -> bool:
        """Show itself to the lead; whether this person may see tags at all."""
        desk: Any = getattr(room, "batches", None)
        leads = room is not None and room.reader.role is Role.LEAD and desk is not None
        self.setVisible(leads)
        if leads:
            self._words.setStringList(list(desk.tags()))
        return leads

    def take_focus(self) -> None:
        """Put the keyboard into the field."""
        if self.isVisible():
            self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.field.selectAll()

    def tag(self, on: bool) -> None:
        """Put the tag in the field on the chosen cases, or take it off."""
        room = self._shell.reading.workspace
        word = self.field.text().strip()
        ids = self._chosen()
        if room is None or not word or not ids:
            self._refresh()
            return
        parts = self._table.selectionModel().selection().toList()
        places = [(part.top(), part.bottom()) for part in parts]
        try:
            room.batches.tag(ids, word, on)
        except UserError as error:
            self._shell.say_error(error)
            return
        self._select(places)
        many = "1 case" if len(ids) == 1 else f"{len(ids):,} cases"
        self._shell.say(
            f"{many} {'tagged' if on else 'without'} {word}",
            kind="ok",
            act="Undo",
            on_act=self._shell.undo_of_project,
        )
        self._table.setFocus()

    def _select(self, places: list[tuple[int, int]]) -> None:
        """The same rows again: the list was read anew."""
        model, last = self._table.model(), self._table.model().columnCount() - 1
        wanted = QItemSelection()
        for top, bottom in places:
            wanted.select(model.index(top, 0), model.index(bottom, last))
        how = self._table.selectionModel().SelectionFlag.ClearAndSelect
        self._table.selectionModel().select(wanted, how)

    def _selected(self, _new: Any, _old: Any) -> None:
        self._refresh()

    def _refresh(self) -> None:
        count = sum(part.height() for part in self._table.selectionModel().selection().toList())
        self.count.setText(
            f"{count:,} case{'' if count == 1 else 's'} chosen" if count else "No case is chosen"
        )
        word = self.field.text().strip()
        why = "" if count else "Choose cases first (Shift and Ctrl choose several)."
        why = why or ("" if word and word != SITE else "Write a tag first.")
        for button, words in (
            (self.on, "Puts this tag on the chosen cases (Enter)."),
            (self.off, "Takes this tag off the chosen cases."),
        ):
            button.setEnabled(not why)
            button.setToolTip(why or words)

    def eventFilter(self, watched: Any, event: QEvent) -> bool:
        """Esc leaves the field for the table."""
        if is_escape_asked(event):
            event.accept()
            return True
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and event.key() == Qt.Key.Key_Escape
        ):
            self._table.setFocus()
            return True
        return bool(super().eventFilter(watched, event))
