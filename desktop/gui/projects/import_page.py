"""Taking images in: how far it is, and afterwards what was added, known already or refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QHeaderView,
    QStackedWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from desktop.domain.errors import UserError
from desktop.gui.schema.schema_choice import SchemaBox, cases_without_schema, use_schema
from desktop.gui.shell import Shell
from desktop.gui.widgets import icons
from desktop.gui.widgets.furniture import across, down, frame, label, push
from desktop.gui.widgets.progress_card import ProgressCard

if TYPE_CHECKING:
    from desktop.domain.schema import Schema
    from desktop.workspace.reports import ImportReport, Refused

_SHOWN = 2000


class ImportPage(QWidget):
    """Progress with cancel; then the result, which waits until the person goes on."""

    finished = Signal(str)  # the first new case, or ""
    wanted = Signal()  # the person asks for the result
    found_again = Signal()  # images whose files had been missing

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._shell, self._reading = shell, shell.reading
        self._schema: Schema | None = None
        self._report: ImportReport | None = None
        outer = down(self, (24, 16, 24, 16), 12)
        self._stack = QStackedWidget()
        outer.addWidget(self._stack)
        self._stack.addWidget(self._make_progress())
        self._stack.addWidget(self._make_result())

    def start(self, paths: Sequence[Path], schema: Schema | None = None) -> None:
        """Read these files and folders in; new cases are read with ``schema`` if given."""
        room = self._reading.workspace
        if room is None:
            return
        self._schema, self._report = schema, None
        self._stack.setCurrentIndex(0)
        try:
            self._card.follow(
                room.jobs,
                lambda: room.start_import(list(paths), self._done, self._failed),
                "Looking at the files…",
            )
        except UserError as error:
            self._failed(error)

    @property
    def is_running(self) -> bool:
        return self._card.is_running

    # progress ------------------------------------------------------------------------------

    def _make_progress(self) -> QWidget:
        page = QWidget()
        outer = down(page)
        self._card = ProgressCard(
            "Reading images in",
            "You can go on working; this goes on below.",
            "Cancel",
            "Stops reading in; nothing is added.",
        )
        self._card.cancelled.connect(self._cancelled)
        outer.addStretch(2)
        middle = across()
        middle.addStretch(1)
        middle.addWidget(self._card)
        middle.addStretch(1)
        outer.addLayout(middle)
        outer.addStretch(3)
        return page

    def _cancelled(self) -> None:
        self._leave()
        self._shell.say("Reading in was cancelled", "Nothing was added.")

    def _failed(self, error: UserError) -> None:
        self._leave()
        self._shell.say_error(error)

    def _leave(self) -> None:
        """Without a result there is nothing to stay for."""
        self._card.end()
        if self.isVisible():
            self.finished.emit("")

    # result --------------------------------------------------------------------------------

    def _make_result(self) -> QWidget:
        page = QWidget()
        column = down(page, gap=12)
        head = across(gap=12)
        self._mark = icons.Glyph("check", "ok", 24)
        head.addWidget(self._mark)
        self._sentence = label("", "title", wrap=True)
        head.addWidget(self._sentence, 1)
        column.addLayout(head)
        self._ask = frame("card")
        ask = across(self._ask, (16, 8, 16, 8), 12)
        self._ask_text = label(wrap=True)
        ask.addWidget(self._ask_text, 1)
        self._box = SchemaBox()
        self._box.setMinimumWidth(260)
        ask.addWidget(self._box)
        apply = push("Use it", "primary", tip="Reads all cases without a schema with this one.")
        apply.clicked.connect(self._apply_schema)
        ask.addWidget(apply)
        column.addWidget(self._ask)
        self._tree = QTreeWidget()
        self._tree.setColumnCount(2)
        self._tree.setHeaderLabels(["File", "Why"])
        self._tree.setRootIsDecorated(True)
        self._tree.setUniformRowHeights(True)
        self._tree.setAccessibleName("Files that were not taken in")
        self._tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        self._tree.header().resizeSection(0, 420)
        column.addWidget(self._tree, 1)
        self._all_well = label("Every file was taken in.", "muted")
        column.addWidget(self._all_well)
        column.addStretch(0)
        row = across(gap=8)
        row.addStretch(1)
        more = push("To the work list", tip="All cases with their state.")
        more.clicked.connect(lambda: self.finished.emit(""))
        row.addWidget(more)
        self._go = push(
            "Read the first case", "primary", "next", "Opens the first of the new cases."
        )
        self._go.clicked.connect(self._open_first)
        row.addWidget(self._go)
        column.addLayout(row)
        return page

    def _done(self, report: ImportReport) -> None:
        self._report = report
        self._card.end()
        room = self._reading.workspace
        if room is None:
            return
        waiting = cases_without_schema(room) if report.cases else []
        schemas = room.schemas()
        schema = self._schema or (schemas[0] if len(schemas) == 1 else None)
        if schema is not None and waiting:
            use_schema(room, schema, waiting)
            waiting = []
        self._show(report, len(waiting))
        if report.found_again:
            self.found_again.emit()
        if not self.isVisible():
            self._shell.say(report.sentence, kind="ok", act="Show", on_act=self.wanted.emit)
        elif not report.refused and not report.duplicates and not waiting and report.cases:
            self.finished.emit(report.cases[0])

    def _show(self, report: ImportReport, waiting: int) -> None:
        self._stack.setCurrentIndex(1)
        fine = bool(report.added or report.found_again)
        self._mark.show_as("check" if fine else "warning", "ok" if fine else "warn")
        self._sentence.setText(report.sentence if fine else _nothing_new(report))
        self._go.setVisible(bool(report.cases))
        self._ask.setVisible(waiting > 0)
        if waiting:
            room = self._reading.workspace
            self._box.offer(room.schemas() if room else ())
            cases = "1 case needs" if waiting == 1 else f"{waiting:,} cases need"
            self._ask_text.setText(f"{cases} a schema: what is drawn and asked.")
        self._fill(report)

    def _fill(self, report: ImportReport) -> None:
        self._tree.clear()
        for title, lines in (
            ("Refused", report.refused),
            ("Known already, not taken twice", report.duplicates),
        ):
            if lines:
                self._tree.addTopLevelItem(_branch(title, lines))
        some = bool(report.refused or report.duplicates)
        self._tree.setVisible(some)
        self._all_well.setVisible(not some)
        self._tree.expandAll()

    def _apply_schema(self) -> None:
        room = self._reading.workspace
        if room is None:
            return
        try:
            use_schema(room, self._box.schema(), cases_without_schema(room))
        except UserError as error:
            self._shell.say_error(error)
            return
        self._ask.hide()

    def _open_first(self) -> None:
        if self._report is not None and self._report.cases:
            self.finished.emit(self._report.cases[0])


def _branch(title: str, lines: Sequence[Refused]) -> QTreeWidgetItem:
    top = QTreeWidgetItem([f"{title} ({len(lines):,})", ""])
    for line in lines[:_SHOWN]:
        item = QTreeWidgetItem([line.path.name, line.reason])
        item.setToolTip(0, str(line.path))
        item.setToolTip(1, line.reason)
        top.addChild(item)
    if len(lines) > _SHOWN:
        top.addChild(QTreeWidgetItem([f"and {len(lines) - _SHOWN:,} more", ""]))
    return top


def _nothing_new(report: ImportReport) -> str:
    if report.duplicates and not report.refused:
        return "Nothing new: all of these images are in the project already."
    if report.refused:
        return "No image was taken in. The reasons are below."
    return "No image was found there."
