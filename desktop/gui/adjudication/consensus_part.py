"""Consensus on the adjudicate page: choose what and how, look, offer as suggestions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QStackedWidget,
    QTableView,
    QWidget,
)

from desktop.domain.errors import AccessProblem, UserError
from desktop.gui.shell import Shell
from desktop.gui.widgets import theme
from desktop.gui.widgets.furniture import EmptyState, across, down, label, push, retext

if TYPE_CHECKING:
    from desktop.workspace.claims.consensus_report import ConsensusReport, Line, Subject

COLUMNS = ("Case", "Majority", "Consensus", "Certainty", "Disagreement")
_WIDTHS = (240, 190, 190, 100, 120)
_NUMBERS = (3, 4)
_Index = QModelIndex | QPersistentModelIndex


class LineModel(QAbstractTableModel):
    """The lines of a report; those that differ from plain majority stand out."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lines: tuple[Line, ...] = ()
        self._title = COLUMNS[2]

    def show(self, report: ConsensusReport | None) -> None:
        self.beginResetModel()
        self._lines = report.lines if report is not None else ()
        self._title = f"Consensus: {report.title}" if report is not None else COLUMNS[2]
        self.endResetModel()

    def line(self, row: int) -> Line:
        return self._lines[row]

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._lines)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(
        self, section: int, way: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if way == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._title if section == 2 else COLUMNS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        line, column = self._lines[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            mark = "≠ " if line.differs and column == 2 else ""
            return (
                line.case_title,
                line.majority,
                f"{mark}{line.answer}",
                f"{line.certainty:.2f}",
                f"{line.disagreement:.2f}",
            )[column]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role == Qt.ItemDataRole.ForegroundRole:
            look = theme.current()
            if line.differs and column in (1, 2):
                return QColor(look.warn)
            return QColor(look.muted) if column in (0, *_NUMBERS) else None
        if role == Qt.ItemDataRole.FontRole and line.differs and column == 2:
            return theme.font(theme.FONT_PX, QFont.Weight.DemiBold)
        if role == Qt.ItemDataRole.ToolTipRole:
            if line.proposal is None:
                return "Nothing is offered here: it is tied, or there is nothing to offer."
            return "Differs from plain majority" if line.differs else ""
        return None


class ConsensusPart(QWidget):
    """``chosen`` carries the case of a line that was opened."""

    chosen = Signal(str)

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell, self._reading = shell, shell.reading
        self._subjects: list[Subject] = []
        self.report: ConsensusReport | None = None
        column = down(self, (24, 14, 24, 14), 10)
        column.addLayout(self._make_choice())
        self.summary = label("", "muted", wrap=True)
        column.addWidget(self.summary)
        self._stack = QStackedWidget()
        self.model = LineModel(self)
        self.table = self._make_table()
        self._stack.addWidget(self.table)
        self._empty = EmptyState(
            "stack", "No consensus yet", "Choose what it is about, then press Make consensus."
        )
        self._stack.addWidget(self._empty)
        self._stack.setCurrentWidget(self._empty)
        column.addWidget(self._stack, 1)
        foot = across(gap=10)
        self.notes = label("", "small", wrap=True)
        foot.addWidget(self.notes, 1)
        self.offer = push("Offer as suggestions", "primary", "check")
        self.offer.setToolTip("Puts the answers before those who decide; nothing is a label yet.")
        self.offer.clicked.connect(self._offer)
        foot.addWidget(self.offer)
        column.addLayout(foot)
        self._show(None)

    def refresh(self) -> None:
        """Read what a consensus can be made of."""
        room = self._reading.workspace
        try:
            found = room.consensus.subjects() if room is not None else []
        except AccessProblem:
            found = []
        if [s.id for s in found] == [s.id for s in self._subjects]:
            return
        self._subjects = found
        self.subject.clear()
        titles = {s.name: s.title for s in room.schemas()} if room is not None else {}
        several = len({s.schema_name for s in found}) > 1
        for item in found:
            of = f"   ({titles.get(item.schema_name, item.schema_name)})" if several else ""
            self.subject.addItem(f"{item.title}{of}")
        self._fill_methods()
        self._show(None)

    def take_focus(self) -> None:
        self.subject.setFocus(Qt.FocusReason.OtherFocusReason)

    def make(self) -> None:
        """Make the consensus in the background."""
        room, subject = self._reading.workspace, self._chosen()
        if room is None or subject is None:
            return
        self.go.setEnabled(False)
        method = str(self.method.currentData() or "")
        self._empty.say("Counting …", subject.title)
        room.consensus.start(subject, method, self._done, self._failed)

    # -----------------------------------------------------------------------------------------

    def _make_choice(self) -> Any:
        row = across(gap=8)
        self.subject = QComboBox()
        self.subject.setAccessibleName("What the consensus is about")
        self.subject.setToolTip("A question, a number, or the regions of a class.")
        self.subject.setMinimumWidth(200)
        self.subject.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.subject.currentIndexChanged.connect(lambda _n: self._fill_methods())
        self.method = QComboBox()
        self.method.setAccessibleName("Method")
        self.method.setMinimumWidth(170)
        self.method.currentIndexChanged.connect(lambda _n: self._explain())
        self.go = push("Make consensus", "", "play", "Counts all closed readings.")
        self.go.clicked.connect(self.make)
        row.addWidget(self.subject, 3)
        row.addWidget(self.method, 1)
        row.addWidget(self.go)
        return row

    def _make_table(self) -> QTableView:
        table = QTableView()
        table.setModel(self.model)
        table.setShowGrid(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.setTabKeyNavigation(False)
        table.setWordWrap(False)
        table.setAccessibleName("Consensus by case")
        rows = table.verticalHeader()
        rows.hide()
        rows.setDefaultSectionSize(32)
        columns = table.horizontalHeader()
        columns.setHighlightSections(False)
        for number, width in enumerate(_WIDTHS):
            table.setColumnWidth(number, width)
        columns.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        table.activated.connect(
            lambda index: self.chosen.emit(self.model.line(index.row()).case_id)
        )
        return table

    def _chosen(self) -> Subject | None:
        number = self.subject.currentIndex()
        return self._subjects[number] if 0 <= number < len(self._subjects) else None

    def _fill_methods(self) -> None:
        room, subject = self._reading.workspace, self._chosen()
        self.method.clear()
        self._show(None)
        if room is None or subject is None:
            self.go.setEnabled(False)
            return
        self.go.setEnabled(True)
        self.method.addItem("What suits", "")
        for item in room.consensus.methods(subject):
            self.method.addItem(item.title, item.name)
            self.method.setItemData(
                self.method.count() - 1, item.summary, Qt.ItemDataRole.ToolTipRole
            )
        self._explain()

    def _explain(self) -> None:
        tip = self.method.currentData(Qt.ItemDataRole.ToolTipRole)
        self.method.setToolTip(tip or "The method that suits the number of readers and cases.")

    def _done(self, report: ConsensusReport) -> None:
        self.go.setEnabled(True)
        self._show(report)

    def _failed(self, error: UserError) -> None:
        self.go.setEnabled(True)
        self._show(None)
        self._empty.say(error.title, f"{error.detail} {error.hint}".strip())

    def _show(self, report: ConsensusReport | None) -> None:
        self.report = report
        self.model.show(report)
        self._stack.setCurrentWidget(self.table if report is not None else self._empty)
        self.offer.setEnabled(bool(report and report.offered))
        if report is None:
            self.summary.setText("")
            self.notes.setText("")
            retext(self.offer, "Offer as suggestions")
            self._empty.say(
                "No consensus yet", "Choose what it is about, then press Make consensus."
            )
            return
        retext(self.offer, f"Offer {report.offered:,} as suggestions")
        differing = report.differing
        count = len(report.lines)
        items = "1 item" if count == 1 else f"{count:,} items"
        words = f"{report.title}, {items}, {report.readers} readers. "
        words += (
            "It says the same as plain majority everywhere."
            if not differing
            else f"It differs from plain majority on {differing:,}, listed first."
        )
        self.summary.setText(f"{words} {report.why}".strip())
        self.notes.setText(" ".join(report.notes))

    def _offer(self) -> None:
        room, report = self._reading.workspace, self.report
        if room is None or report is None:
            return
        try:
            count = room.consensus.offer(report)
        except UserError as error:
            self._shell.say_error(error)
            return
        many = "1 suggestion" if count == 1 else f"{count:,} suggestions"
        self._shell.say(
            f"{many} offered", "Readers don't see them; lead and adjudicators decide.", "ok"
        )


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in _NUMBERS else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
