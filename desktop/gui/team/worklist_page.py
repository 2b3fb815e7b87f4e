"""The work list: every case with its state, found at once among a hundred thousand."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QLineEdit,
    QStackedWidget,
    QTableView,
    QWidget,
)

from desktop.domain.event import Event
from desktop.domain.task import Role
from desktop.gui.shell import Shell
from desktop.gui.team.worklist_table import TAGS, WIDTHS, CaseModel, CaseTable
from desktop.gui.team.worklist_tags import TagBar
from desktop.gui.widgets import icons
from desktop.gui.widgets.furniture import EmptyState, across, down, label, push
from desktop.gui.widgets.segments import segments
from desktop.gui.widgets.table_look import WideColumn, dress


class WorklistPage(QWidget):
    """Search above, the table below; Enter or a double click opens a case."""

    chosen = Signal(str)
    schemas_wanted = Signal()

    def __init__(self, shell: Shell, open_images: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._shell, self._reading = shell, shell.reading
        self._stale = True
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.timeout.connect(self._searched)
        column = down(self, (24, 16, 24, 16), 12)
        head = across(gap=12)
        head.addWidget(label("Work list", "title"))
        self.count = label(role="muted")
        head.addWidget(self.count)
        self._whose = QButtonGroup(self)
        tips = ("Cases that are assigned to you.", "All cases of the project.")
        self._choice = segments(self._whose, ("Mine", "All"), self._show_whose, 0, tips)
        head.addWidget(self._choice)
        head.addStretch(1)
        self.assign = push("Assign cases…", icon="person", tip="Who reads what, and packages.")
        self.assign.clicked.connect(lambda: shell.page_wanted.emit("assign"))
        head.addWidget(self.assign)
        self.search = _SearchField(self._to_table)
        self.search.setPlaceholderText("Search cases")
        self.search.setToolTip(
            "By title, patient key, your flags and, for who leads, tags (Ctrl+F)."
        )
        self.search.setClearButtonEnabled(True)
        self.search.setFixedWidth(280)
        self.search.setAccessibleName("Search cases")
        self.search.addAction(
            icons.icon("search", "muted"), QLineEdit.ActionPosition.LeadingPosition
        )
        self.search.textChanged.connect(lambda _t: self._pause.start(120))
        head.addWidget(self.search)
        self.schemas = push("Schemas", "", "form", "What cases are read with, and new versions.")
        self.schemas.clicked.connect(self.schemas_wanted)
        head.addWidget(self.schemas)
        self.next_open = push(
            "Next open case", "primary", "next", "Opens the first case that is still open."
        )
        self.next_open.clicked.connect(self._open_next)
        head.addWidget(self.next_open)
        column.addLayout(head)
        self.model = CaseModel(self._reading, self)
        self.table = self._make_table()
        self._stack = QStackedWidget()
        self._stack.addWidget(self.table)
        add = push("Open images or DICOM…", "primary", "folder", "A folder or files (Ctrl+O).")
        add.clicked.connect(lambda: open_images())
        self._add = add
        self._nothing = EmptyState("worklist", "", "", [add])
        self._stack.addWidget(self._nothing)
        column.addWidget(self._stack, 1)
        self.tags = TagBar(shell, self.selected, self.table)
        column.addWidget(self.tags)
        self._reading.committed.connect(self._committed)
        self._reading.opened.connect(self._opened)

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        if self._stale:
            self.refresh()
        self._show_current()

    def refresh(self) -> None:
        """Read the list anew."""
        self._stale = not self.isVisible()
        if self._stale:
            return
        room = self._reading.workspace
        everything = self._whose.checkedId() == 1
        self._choice.setVisible(room is not None and room.show_all_cases(everything))
        self.assign.setVisible(room is not None and room.reader.role is Role.LEAD)
        self.table.setColumnHidden(TAGS, not self.tags.show_for(room))
        self.model.refresh(self.search.text().strip())
        self._show_counts()

    def take_focus(self) -> None:
        self.table.setFocus()

    def selected(self) -> list[str]:
        """Ids of the chosen cases, in the order of the list."""
        room = self._reading.workspace
        if room is None:
            return []
        found: dict[int, str] = {}
        for part in self.table.selectionModel().selection().toList():
            lines = room.cases(part.top(), part.height(), self.model.search)
            found |= {part.top() + n: line.case.id for n, line in enumerate(lines)}
        return [found[row] for row in sorted(found)]

    def focus_search(self) -> None:
        """Put the keyboard on the search."""
        self.search.setFocus()
        self.search.selectAll()

    def _make_table(self) -> QTableView:
        table = CaseTable(self._open, lambda: self.tags.take_focus())
        table.setModel(self.model)
        dress(table, "Cases", 34)
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        WideColumn(table, 1, WIDTHS)
        table.doubleClicked.connect(lambda index: self._open(index.row()))
        return table

    def _open(self, row: int) -> None:
        line = self.model.line(row)
        if line is not None:
            self.chosen.emit(line.case.id)

    def _open_next(self) -> None:
        room = self._reading.workspace
        case_id = room.first_open_case() if room else ""
        if case_id:
            self.chosen.emit(case_id)
        else:
            self._shell.say("No case is open any more", "All are done or skipped.", "ok")

    def _to_table(self) -> None:
        if self._pause.isActive():
            self._searched()
        self.table.setFocus()
        if self.model.rowCount() and not self.table.currentIndex().isValid():
            self.table.selectRow(0)

    def _searched(self) -> None:
        self._pause.stop()
        self.refresh()

    def _show_counts(self) -> None:
        room = self._reading.workspace
        total = room.case_count() if room else 0
        mine = bool(room and room.shows_assigned)
        found = self.model.rowCount()
        text = f"{total:,} cases" if total != 1 else "1 case"
        self.count.setText(f"{found:,} of {text}" if found != total else text)
        self._stack.setCurrentWidget(self.table if found else self._nothing)
        self.next_open.setEnabled(bool(total))
        self.schemas.setVisible(bool(room and room.reader.role is Role.LEAD))
        self._add.setVisible(not total and not mine)
        if not total and mine:
            self._nothing.say(
                "Nothing is assigned to you yet", "The lead gives out cases; they show here."
            )
        elif not total:
            self._nothing.say(
                "No cases yet", "Each study or photograph that you open becomes a case."
            )
        elif not found:
            self._nothing.say(
                "No case fits this search", "Search by title, patient key, flag or tag."
            )

    def _show_whose(self, _number: int) -> None:
        room = self._reading.workspace
        if room is not None:
            self.refresh()
            self._show_current()

    def _show_current(self) -> None:
        room, view = self._reading.workspace, self._reading.view
        if room and view.case_id and not self.search.text():
            row = room.case_position(view.case_id)
            self.table.selectRow(row)
            self.table.scrollTo(
                self.model.index(row, 0), QAbstractItemView.ScrollHint.PositionAtCenter
            )

    def _committed(self, event: Event) -> None:
        if not self.isVisible() or not event.case_id:
            self._stale = True
            if self.isVisible():
                self.refresh()
        else:
            self.model.forget_rows()

    def _opened(self, _room: object) -> None:
        self.search.clear()
        self.refresh()


class _SearchField(QLineEdit):
    """A field from which Enter and Down lead into the table."""

    def __init__(self, on_down: Any) -> None:
        super().__init__()
        self._on_down = on_down

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._on_down()
            return
        super().keyPressEvent(event)
