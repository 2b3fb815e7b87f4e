"""The quality page: how well readers agree, row by row, and the cases behind every number."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QModelIndex, Qt, QTimer, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QButtonGroup,
    QFileDialog,
    QMenu,
    QSplitter,
    QStackedWidget,
    QWidget,
)

from desktop.domain.errors import UserError
from desktop.domain.event import Event
from desktop.domain.task import Role
from desktop.gui.page import Page
from desktop.gui.projects.places_of_projects import free_path
from desktop.gui.quality.quality_choices import QualityChoices
from desktop.gui.quality.quality_detail import TIME, QualityDetail
from desktop.gui.quality.quality_regions import RegionsView
from desktop.gui.quality.quality_suspects import SuspectsView
from desktop.gui.quality.quality_table import ACTIVE, BIAS, KNOWN, MOST, BoardTable
from desktop.gui.shell import Shell
from desktop.gui.widgets.furniture import ElidedLabel, EmptyState, across, down, label, push
from desktop.gui.widgets.segments import segments

if TYPE_CHECKING:
    from desktop.workspace.quality.quality_board import Board
    from desktop.workspace.quality.quality_detail import TopicDetail
    from desktop.workspace.quality.quality_measures import BoardOptions, OwnWeights
    from desktop.workspace.quality.quality_report import Report


TABS = ("Answers", "Regions", "Label errors")
TAB_TIPS = (
    "Agreement on questions, and on which classes were marked.",
    "Overlap and distance of what readers drew and painted.",
    "Labels that look wrong to a model, and masks unlike the others.",
)


class QualityPage(Page):
    """Choices above, the board, and the chosen row in detail below."""

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(shell, parent)
        self.board: Board | None = None
        self._names: dict[str, str] = {}
        self._stale = True
        self._wants_focus = False
        self._wanted = ""
        self._asked = 0
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.timeout.connect(self._load_detail)
        column = down(self, (24, 16, 24, 12), 10)
        column.addLayout(self._make_head())
        self._tabs = QStackedWidget()
        self.table = BoardTable()
        self.table.selectionModel().currentRowChanged.connect(lambda *_rows: self._pause.start(60))
        self.table.selectionModel().currentChanged.connect(self._cell_moved)
        self.detail = QualityDetail(shell)
        self.detail.chosen.connect(self.chosen)
        self.detail.weights.changed.connect(self._keep_weights)
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(self.table)
        split.addWidget(self.detail)
        split.setStretchFactor(1, 3)
        split.setStretchFactor(0, 2)
        split.setSizes([250, 480])
        self._split = split
        self._stack = QStackedWidget()
        self._stack.addWidget(split)
        self._nothing = EmptyState("quality", "Counting…", "")
        self._stack.addWidget(self._nothing)
        self._stack.setCurrentWidget(self._nothing)
        self.regions = RegionsView(shell, self.names_of, self._options)
        self.regions.chosen.connect(self.chosen)
        self.suspects = SuspectsView(shell, self.names_of)
        self.suspects.chosen.connect(self.chosen)
        answers = QWidget()
        inside = down(answers, gap=8)
        self.choices = QualityChoices()
        self.choices.changed.connect(self.refresh)
        inside.addWidget(self.choices)
        inside.addWidget(self._stack, 1)
        for tab in (answers, self.regions, self.suspects):
            self._tabs.addWidget(tab)
        column.addWidget(self._tabs, 1)
        self._reading.committed.connect(self._committed)
        self._reading.opened.connect(self._opened)

    def _make_head(self) -> Any:
        head = across(gap=12)
        head.addWidget(label("Quality", "title"))
        self.count = ElidedLabel("", "muted")
        self._group = QButtonGroup(self)
        head.addWidget(segments(self._group, TABS, self.show_tab, tips=TAB_TIPS))
        head.addWidget(self.count, 1)
        self.names = push(
            "Show names", "", "person", "Who the letters stand for. Asking is noted in the log."
        )
        self.names.clicked.connect(self._toggle_names)
        head.addWidget(self.names)
        self.write = push(
            "Report…", "", "bundle", "A folder with the report as HTML and PDF, tables and plots."
        )
        menu = QMenu(self.write)
        menu.setToolTipsVisible(True)
        self.write_plain = menu.addAction("Write report…", lambda: self._ask_report(False))
        self.write_plain.setToolTip("Readers stay letters.")
        self.write_named = menu.addAction("With readers' names…", lambda: self._ask_report(True))
        self.write.setMenu(menu)
        head.addWidget(self.write)
        return head

    def show_tab(self, number: int) -> None:
        """Show one of TABS."""
        self._group.button(number).setChecked(True)
        self._tabs.setCurrentIndex(number)

    # showing -------------------------------------------------------------------------------

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        if self._stale:
            self.refresh()

    def take_focus(self) -> None:
        self._wants_focus = True
        self._give_focus()

    def _give_focus(self) -> None:
        """The table gets the keyboard once it has rows."""
        if self._wants_focus and self.table.isVisible():
            self._wants_focus = False
            self.table.setFocus()

    def refresh(self) -> None:
        """Count anew, in the background."""
        self._stale = not self.isVisible()
        room = self._reading.workspace
        leads = room is not None and room.reader.role is Role.LEAD
        self.write_named.setEnabled(leads)
        self.write_named.setToolTip(
            "Asking for names is noted in the log."
            if leads
            else "Only the lead puts readers' names into a report."
        )
        if self._stale or room is None:
            return
        self._asked += 1
        ticket = self._asked
        options = self.choices.options(room.quality.own_weights())

        def done(board: Board) -> None:
            if ticket == self._asked:
                self._show_board(board)

        room.quality.start_board(options, done, self._shell.say_error)

    def _show_board(self, board: Board) -> None:
        kept = self._wanted
        self.board = board
        self.table.board.show_board(board)
        readers = len(board.readers)
        patients = f", {board.patients:,} patients" if board.patients < board.cases else ""
        people = f"{readers} reader{'' if readers == 1 else 's'}"
        self.count.setText(f"{board.cases:,} cases{patients}, {people}")
        if not board.rows:
            self._show_nothing()
            return
        self._stack.setCurrentWidget(self._split)
        row = next((i for i, r in enumerate(board.rows) if r.topic.key == kept), 0)
        self.table.selectRow(row)
        self._give_focus()
        room = self._reading.workspace
        if room is not None:
            room.quality.start_times(self.table.board.show_times, self._shell.say_error)

    def _options(self) -> BoardOptions | None:
        """What is chosen, for regions too."""
        room = self._reading.workspace
        return None if room is None else self.choices.options(room.quality.own_weights())

    def _keep_weights(self, topic: str, own: OwnWeights | None) -> None:
        room = self._reading.workspace
        if room is None:
            return
        try:
            room.quality.keep_own_weights(topic, own)
        except UserError as error:
            self._shell.say_error(error)
            return
        self.choices.take_own_weights()

    def _show_nothing(self) -> None:
        closed = self.choices.closed.isChecked()
        self._nothing.say(
            "Nothing to compare yet",
            "Agreement is counted from answers and regions of cases that readers have closed."
            if closed
            else "Agreement is counted from answers; nobody has answered a question yet.",
        )
        self._stack.setCurrentWidget(self._nothing)

    def _load_detail(self) -> None:
        room, row = self._reading.workspace, self.table.currentIndex().row()
        if room is None or self.board is None or not 0 <= row < len(self.board.rows):
            return
        self._wanted = self.board.rows[row].topic.key
        ticket = (self._asked, self._wanted)

        def done(detail: TopicDetail) -> None:
            if ticket == (self._asked, self._wanted):
                self.detail.show_detail(detail, self.names_of(detail.readers), self.board)
                self._show_behind()

        room.quality.start_detail(self.board, self._wanted, done, self._shell.say_error)

    def _cell_moved(self, now: QModelIndex, before: QModelIndex) -> None:
        """Another figure of the same row: its cases are listed at once."""
        if now.row() == before.row():
            self._show_behind()

    def _show_behind(self) -> None:
        """List the cases behind the current cell of the board."""
        from desktop.workspace.quality.known_cases import RIGHT, TAKEN

        shown, column = self.detail.detail, self.table.currentIndex().column()
        if shown is None or shown.topic.key != self._wanted:
            return
        if column == KNOWN:
            self.detail.show_known(RIGHT)
        elif column == BIAS:
            self.detail.show_known(TAKEN)
        elif column == MOST:
            self.detail.show_most_common()
        elif column == ACTIVE:
            self.detail.show_view(TIME)
            self.detail.show_shared()
        else:
            self.detail.show_shared()

    # report --------------------------------------------------------------------------------

    def _ask_report(self, with_names: bool) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder for the report")
        if folder:
            self.write_report(Path(folder), with_names)

    def write_report(self, folder: Path, with_names: bool = False) -> None:
        """Write the report of what the board shows into a new folder inside this one."""
        room = self._reading.workspace
        if room is None or self.board is None:
            return
        from desktop.gui.quality.quality_files import write_report

        target = free_path(folder, f"Quality of {room.title}", "")

        def done(report: Report) -> None:
            try:
                page = write_report(report, target)
            except OSError as error:
                self._shell.say("The report was not written", str(error), "warn")
                return
            self._shell.say(
                "The quality report is written",
                str(target),
                "ok",
                "Open",
                lambda: _open(page),
            )

        report = self.regions.report
        try:
            room.quality.start_report(self.board, report, with_names, done, self._shell.say_error)
        except UserError as error:
            self._shell.say_error(error)

    # names ---------------------------------------------------------------------------------

    def names_of(self, readers: Sequence[str]) -> tuple[str, ...]:
        """Readers as they may be told just now: letters, or their names."""
        if self.board is None:
            return tuple("Reader" for _ in readers)
        return tuple(self._names.get(r) or f"Reader {self.board.letter(r)}" for r in readers)

    def _toggle_names(self) -> None:
        room = self._reading.workspace
        if room is None:
            return
        self._names = {} if self._names else room.quality.reader_names()
        self.names.setText(" Hide names" if self._names else " Show names")
        if self.detail.detail is not None:
            shown = self.detail.detail
            self.detail.show_detail(shown, self.names_of(shown.readers), self.board)
        self.regions.refresh_names()
        self.suspects.refresh_names()

    def _committed(self, event: Event) -> None:
        if event.command not in ("RecordTime", "ShowReaderNames"):
            self._stale = True

    def _opened(self, _room: object) -> None:
        self.board, self._names, self._wanted = None, {}, ""
        self.names.setText(" Show names")
        self.table.board.show_board(None)
        self.detail.show_detail(None, ())
        self.regions.forget()
        self.suspects.forget()
        self._stale = True


def _open(page: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(page)))
