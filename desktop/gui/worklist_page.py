"""The work list: every case with its state, found at once among a hundred thousand."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QColor, QIcon, QKeyEvent, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QHeaderView,
    QLineEdit,
    QStackedWidget,
    QTableView,
    QWidget,
)

from desktop.domain.event import Event
from desktop.domain.split import SYNTHETIC_TAG, is_synthetic
from desktop.domain.task import AssignmentState, Role
from desktop.domain.time_span import TimeState
from desktop.gui import icons, theme
from desktop.gui.clock_words import clock_words
from desktop.gui.furniture import EmptyState, across, down, label, push
from desktop.gui.reading import Reading
from desktop.gui.segments import segments
from desktop.gui.shell import Shell
from desktop.gui.worklist_tags import TagBar

if TYPE_CHECKING:
    from desktop.workspace.view import CaseLine

PAGE = 200
_PAGES_KEPT = 20
COLUMNS = ("No.", "Case", "Modality", "State", "Regions", "Tags")
TAGS = 5  # hidden from readers: a tag may tell what they are not to know
_WIDTHS = (80, 320, 110, 190, 100, 200)
_STATES = {
    AssignmentState.OPEN: ("Open", "muted", ""),
    AssignmentState.DONE: ("Done", "ok", "check"),
    AssignmentState.SKIPPED: ("Skipped", "warn", "skip"),
    AssignmentState.RETURNED: ("Returned", "accent", "undo"),
}
_Index = QModelIndex | QPersistentModelIndex


class CaseModel(QAbstractTableModel):
    """Rows are read a page at a time, when they come into sight."""

    def __init__(self, reading: Reading, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._reading = reading
        self.search = ""
        self._count = 0
        self._comments: dict[str, int] | None = None
        self._flags: dict[str, str] = {}
        self._pages: OrderedDict[int, list[CaseLine]] = OrderedDict()

    def refresh(self, search: str | None = None) -> None:
        """Read anew, with another search if given."""
        self.beginResetModel()
        self._comments = None
        if search is not None:
            self.search = search
        self._pages.clear()
        room = self._reading.workspace
        self._count = room.case_count(self.search) if room else 0
        self._flags = room.flags() if room else {}
        self.endResetModel()

    def forget_rows(self) -> None:
        """Read the rows in sight again; their number stayed the same."""
        self._comments = None
        self._pages.clear()
        room = self._reading.workspace
        self._flags = room.flags() if room else {}
        if self._count:
            last = self.index(self._count - 1, len(COLUMNS) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else self._count

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(
        self, section: int, way: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if way == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        line = self.line(index.row())
        if line is None:
            return None
        column = index.column()
        words, token, icon = _STATES[line.state]
        if line.state is AssignmentState.RETURNED:
            count = self._open_comments().get(line.case.id, 0)
            words = f"{words} ({count} open)" if count else f"{words} (all answered)"
        if role == Qt.ItemDataRole.DisplayRole:
            regions = f"{line.annotation_count:,}" if line.annotation_count else "–"
            number = f"{line.place + 1:,}"
            flag = self._flags.get(line.case.id, "")
            marks = ("SYNTHETIC",) if is_synthetic(line.case) else ()
            title = "  ·  ".join(t for t in (line.case.title, *marks, flag) if t)
            tags = ", ".join(t for t in line.case.tags if t != SYNTHETIC_TAG)
            return (number, title, line.modality, words, regions, tags)[column]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role == Qt.ItemDataRole.ForegroundRole and column in (0, 3, TAGS):
            return QColor(getattr(theme.current(), token if column == 3 else "muted"))
        if role == Qt.ItemDataRole.ToolTipRole and column == TAGS:
            return "\n".join(line.case.tags)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._worked(line.case.id)
        if role == Qt.ItemDataRole.DecorationRole and column == 1 and line.case.id in self._flags:
            return icons.icon("flag", "warn", "warn")
        if role == Qt.ItemDataRole.DecorationRole and column == 3 and icon:
            return icons.icon(icon, token, token)
        if role == Qt.ItemDataRole.DecorationRole and column == 3:
            return _blank()
        return None

    def _worked(self, case_id: str) -> str:
        room = self._reading.workspace
        sums = room.working_seconds((case_id,)).get(case_id, {}) if room else {}
        parts = [f"{s.value} {clock_words(sums[s])}" for s in TimeState if sums.get(s, 0) >= 1]
        return f"Your time on this case: {', '.join(parts)}" if parts else ""

    def _open_comments(self) -> dict[str, int]:
        """How many comments wait on each returned case; read once and kept until rows change."""
        if self._comments is None:
            desk = getattr(self._reading.workspace, "reviews", None)
            self._comments = desk.open_counts() if desk is not None else {}
        return self._comments

    def line(self, row: int) -> CaseLine | None:
        """The case of a row, or None beyond the end."""
        number, at = divmod(row, PAGE)
        if number not in self._pages:
            room = self._reading.workspace
            found = room.cases(number * PAGE, PAGE, self.search) if room else []
            self._pages[number] = found
            while len(self._pages) > _PAGES_KEPT:
                self._pages.popitem(last=False)
        else:
            self._pages.move_to_end(number)
        lines = self._pages[number]
        return lines[at] if at < len(lines) else None


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
        table = _CaseTable(self._open, lambda: self.tags.take_focus())
        table.setModel(self.model)
        table.setShowGrid(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.setWordWrap(False)
        table.setAccessibleName("Cases")
        rows = table.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(34)
        columns = table.horizontalHeader()
        columns.setHighlightSections(False)
        for number, width in enumerate(_WIDTHS):
            table.setColumnWidth(number, width)
        columns.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
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


class _CaseTable(QTableView):
    """A table in which Enter opens the row, T goes to the tags, and Tab leaves."""

    def __init__(self, on_open: Any, on_tag: Any) -> None:
        super().__init__()
        self._on_open, self._on_tag = on_open, on_tag
        self.setTabKeyNavigation(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = event.modifiers() in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.KeypadModifier,
        )
        if plain and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.currentIndex().isValid():
                self._on_open(self.currentIndex().row())
            return
        if plain and event.key() == Qt.Key.Key_T:
            self._on_tag()
            return
        super().keyPressEvent(event)


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


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in (0, 4) else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


def _blank() -> QIcon:
    """Keeps the words of rows without an icon in line with the others."""
    made = QPixmap(theme.ICON_PX, theme.ICON_PX)
    made.fill(Qt.GlobalColor.transparent)
    return QIcon(made)
