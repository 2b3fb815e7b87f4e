"""The table of the work list: its rows, read when they come into sight, and its keys."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import (
    QTableView,
)

from desktop.domain.split import SYNTHETIC_TAG, is_synthetic
from desktop.domain.task import AssignmentState
from desktop.domain.time_span import TimeState
from desktop.gui.reading.reading import Reading
from desktop.gui.widgets import icons, theme
from desktop.gui.widgets.clock_words import clock_words

if TYPE_CHECKING:
    from desktop.workspace.view import CaseLine

PAGE = 200
_PAGES_KEPT = 20
COLUMNS = ("No.", "Case", "Modality", "State", "Regions", "Tags")
TAGS = 5  # hidden from readers: a tag may tell what they are not to know
WIDTHS = (64, 200, 110, 190, 90, 220)
_STATES = {
    AssignmentState.OPEN: ("Open", "muted", "open"),
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
        if role == Qt.ItemDataRole.DecorationRole and column == 3:
            return icons.icon(icon, token, token)
        return None

    def _worked(self, case_id: str) -> str:
        room = self._reading.workspace
        sums = room.working_seconds((case_id,)).get(case_id, {}) if room else {}
        parts = [f"{s.value} {clock_words(sums[s])}" for s in TimeState if sums.get(s, 0) >= 1]
        if room is None or not parts:
            return ""
        tools = [
            f"{tool or 'no tool'} {clock_words(seconds)}"
            for reader_id, _case, tool, state, seconds in room.time_by_tool(case_id)
            if reader_id == room.reader.id and state is TimeState.ACTIVE and seconds >= 1
        ]
        by_tool = f"\nActive by tool: {', '.join(tools)}" if tools else ""
        return f"Your time on this case: {', '.join(parts)}{by_tool}"

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


class CaseTable(QTableView):
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


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in (0, 4) else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
