"""Bundles out: what goes in, where to, how far, and what was read back and compared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QWidget,
)

from desktop.domain.errors import UserError
from desktop.domain.event import Event
from desktop.gui.exchange.export_result import ExportResult
from desktop.gui.exchange.merge_card import MergeCard
from desktop.gui.goto import open_case
from desktop.gui.projects.places_of_projects import free_path
from desktop.gui.shell import Shell
from desktop.gui.suggestions.pixel_text_card import TextNotice
from desktop.gui.widgets import icons
from desktop.gui.widgets.furniture import (
    across,
    centred,
    down,
    frame,
    label,
    push,
    rule,
    scrolled,
)
from desktop.gui.widgets.segments import segments
from desktop.gui.window.running import was_cancelled

if TYPE_CHECKING:
    from desktop.exchange.bundle import BundleReport
    from desktop.workspace.jobs import Job

_SETTLED_MS = 50


class ExchangePage(QWidget):
    """Export, its result, and verifying."""

    wanted = Signal()  # the person asks for the result

    def __init__(self, shell: Shell, verify: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._shell, self._reading = shell, shell.reading
        self._job: Job | None = None
        self._stop_listening: Any = None
        self._target = Path()
        self._formats: dict[str, QCheckBox] = {}
        outer = across(self, (24, 16, 24, 16))
        holder = QWidget()
        holder.setMaximumWidth(860)
        column = down(holder, gap=12)
        column.addWidget(label("Exchange", "title"))
        column.addWidget(self._make_export())
        self._result = ExportResult()
        column.addWidget(self._result)
        column.addWidget(self._make_verify(verify))
        self.merge = MergeCard(shell)
        self.merge.told.connect(self._show_merge)
        column.addWidget(self.merge)
        column.addStretch(1)
        self._area = scrolled(centred(holder))
        outer.addWidget(self._area)
        self._reading.opened.connect(self._opened)
        self._reading.committed.connect(self._committed)

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self._offer_formats()
        self._show_counts()
        self._show_text()
        self.merge.refresh()

    def take_focus(self) -> None:
        self.go.setFocus()

    def take(self, bundles: list[Path]) -> None:
        """Bundles that were dropped; the merge card comes into sight."""
        if self.merge.isHidden():
            self._shell.say("Only the lead merges bundles", "Ask the lead of this project.", "warn")
            return
        self.merge.add(bundles)
        self._show_merge()

    def _show_merge(self) -> None:
        """Bring the merge card into sight, once what it says has found its place."""
        QTimer.singleShot(_SETTLED_MS, lambda: self._area.ensureWidgetVisible(self.merge))

    # parts ---------------------------------------------------------------------------------

    def _make_export(self) -> QWidget:
        card = frame("card")
        column = down(card, (20, 16, 20, 16), 12)
        head = across(gap=8)
        head.addWidget(icons.Glyph("bundle", "accent"))
        head.addWidget(label("Export a bundle", "heading"))
        head.addStretch(1)
        column.addLayout(head)
        column.addWidget(
            label(
                "Labels, answers, masks and the signed log, without names; images only where "
                "ticked. "
                "Every file is read back and compared before the bundle counts as done.",
                "muted",
                wrap=True,
            )
        )
        column.addLayout(self._make_options())
        self.text = TextNotice()
        self.text.chosen.connect(self._open_case)
        column.addWidget(self.text)
        column.addWidget(rule())
        column.addLayout(self._make_foot())
        return card

    def _make_options(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(10)
        grid.setColumnStretch(1, 1)
        self._kinds = QButtonGroup(self)
        kinds = across()
        kinds.addWidget(
            segments(
                self._kinds,
                ("A folder", "One file (zip)"),
                self._kind_picked,
                tips=("Files to be read directly.", "One file to be handed on."),
            )
        )
        kinds.addStretch(1)
        grid.addWidget(label("As"), 0, 0)
        grid.addLayout(kinds, 0, 1)
        self.place = QLineEdit()
        self.place.setReadOnly(True)
        self.place.setAccessibleName("Where the bundle goes")
        browse = push("Change…", tip="Another folder for the bundle.")
        browse.clicked.connect(self._browse)
        where = across(gap=8)
        where.addWidget(self.place, 1)
        where.addWidget(browse)
        grid.addWidget(label("To"), 1, 0)
        grid.addLayout(where, 1, 1)
        self.only_done = QCheckBox("Only cases that are done")
        self.only_done.toggled.connect(lambda _on: self._show_text())
        self.boxes = QCheckBox("Fill boxes as masks (a box is not a contour; off is exact)")
        self.pictures = QCheckBox("Images of preference tasks and image folders (else no pixels)")
        self.pictures.setToolTip(
            "PNG files, as training reads them. Writing on images is not removed."
        )
        about = label("What")
        about.setContentsMargins(0, 4, 0, 0)
        grid.addWidget(about, 2, 0, Qt.AlignmentFlag.AlignTop)
        what = down(gap=0)
        what.addWidget(self.only_done)
        what.addWidget(self.boxes)
        what.addWidget(self.pictures)
        grid.addLayout(what, 2, 1)
        self._format_grid = QGridLayout()
        self._format_grid.setHorizontalSpacing(24)
        self._format_grid.setVerticalSpacing(0)
        formats = label("Formats")
        formats.setContentsMargins(0, 4, 0, 0)
        grid.addWidget(formats, 3, 0, Qt.AlignmentFlag.AlignTop)
        grid.addLayout(self._format_grid, 3, 1)
        return grid

    def _make_foot(self) -> QHBoxLayout:
        foot = across(gap=12)
        self.count = label(role="muted")
        foot.addWidget(self.count)
        self.progress = QProgressBar()
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        self.progress.hide()
        foot.addWidget(self.progress, 1)
        foot.addStretch(0)
        self._gap = QWidget()
        foot.addWidget(self._gap, 1)
        self.cancel = push("Cancel", tip="Stops the export; nothing is left behind.")
        self.cancel.clicked.connect(self._stop)
        self.cancel.hide()
        foot.addWidget(self.cancel)
        self.go = push("Export", "primary", "bundle", "Writes the bundle and reads it back.")
        self.go.clicked.connect(self._export)
        foot.addWidget(self.go)
        return foot

    def _make_verify(self, verify: Any) -> QWidget:
        card = frame("card")
        row = across(card, (20, 16, 20, 16), 12)
        row.addWidget(icons.Glyph("verify", "accent"), 0, Qt.AlignmentFlag.AlignTop)
        words = down(gap=2)
        words.addWidget(label("Verify a bundle", "heading"))
        words.addWidget(
            label(
                "Recomputes every hash, checks the signature and the chain of all events. "
                "Nothing is changed.",
                "muted",
                wrap=True,
            )
        )
        row.addLayout(words, 1)
        button = push(
            "Choose a bundle…", icon="verify", tip="A zip file, or manifest.json in a folder."
        )
        button.clicked.connect(lambda: verify())
        row.addWidget(button)
        return card

    def _offer_formats(self) -> None:
        if self._formats or self._reading.workspace is None:
            return
        from desktop.exchange.exporter import exporters

        for number, exporter in enumerate(exporters()):
            tick = QCheckBox(exporter.title)
            tick.setChecked(True)
            tick.toggled.connect(lambda _on: self._show_counts())
            self._formats[exporter.name] = tick
            self._format_grid.addWidget(tick, number // 2, number % 2)

    # export --------------------------------------------------------------------------------

    def _kind_picked(self, _number: int) -> None:
        self._show_place()

    def _browse(self) -> None:
        folder = QFileDialog.getExistingDirectory(
            self, "Where the bundle goes", str(self._target.parent)
        )
        room = self._reading.workspace
        if folder and room is not None:
            self._target = self._proposed(Path(folder))
            self._show_place()

    def _show_place(self) -> None:
        room = self._reading.workspace
        if room is None:
            return
        if self._target == Path():
            self._target = self._proposed(room.path.parent)
        self._target = self._proposed(self._target.parent)
        self.place.setText(str(self._target))

    def _proposed(self, folder: Path) -> Path:
        room = self._reading.workspace
        suffix = ".zip" if self._kinds.checkedId() == 1 else ""
        title = f"{room.title} bundle" if room else "bundle"
        return free_path(folder, title, suffix)

    def _export(self) -> None:
        room = self._reading.workspace
        if room is None or self._job is not None:
            return
        from desktop.exchange.exporter import BundleOptions

        chosen = tuple(n for n, tick in self._formats.items() if tick.isChecked())
        options = BundleOptions(
            formats=() if len(chosen) == len(self._formats) else chosen,
            only_done=self.only_done.isChecked(),
            boxes_as_masks=self.boxes.isChecked(),
            pictures=self.pictures.isChecked(),
        )
        self._result.hide()
        self._show_place()
        self._stop_listening = room.jobs.on_changed(self._moved)
        try:
            self._job = room.start_export(self._target, options, self._done, self._failed)
        except UserError as error:
            self._failed(error)
            return
        if self._job is not None and self._job in room.jobs.running:
            self._show_running(True)
        else:
            self._end()

    def _moved(self) -> None:
        room, job = self._reading.workspace, self._job
        if job is None or room is None:
            return
        self.progress.setValue(round(job.fraction * 1000))
        self.count.setText(job.text or "Exporting")
        if was_cancelled(job):
            self._end()
            self._shell.say("The export was cancelled", "Nothing was left behind.")

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self.count.setText("Stopping…")

    def _end(self) -> None:
        self._job = None
        if self._stop_listening is not None:
            self._stop_listening()
            self._stop_listening = None
        self._show_running(False)
        self._show_counts()

    def _show_running(self, on: bool) -> None:
        self.progress.setVisible(on)
        self._gap.setVisible(not on)
        self.cancel.setVisible(on)
        self.go.setVisible(not on)

    def _failed(self, error: UserError) -> None:
        self._end()
        self._result.show_failed(error)
        if not self.isVisible():
            self._shell.say(
                "The export did not work", error.title, "warn", "Show", self.wanted.emit
            )

    def _done(self, report: BundleReport) -> None:
        self._end()
        self._result.show_done(report)
        if not self.isVisible():
            self._shell.say("The bundle is complete", "", "ok", "Show", self.wanted.emit)

    # ---------------------------------------------------------------------------------------

    def _show_counts(self) -> None:
        room = self._reading.workspace
        if room is None or self._job is not None:
            return
        if not self.place.text():
            self._show_place()
        total = room.case_count()
        self.count.setText("1 case" if total == 1 else f"{total:,} cases")
        any_format = not self._formats or any(t.isChecked() for t in self._formats.values())
        self.go.setEnabled(bool(total) and any_format)
        why = "" if total else "There are no cases yet."
        fine = "Writes the bundle and reads it back."
        self.go.setToolTip(why or (fine if any_format else "Choose at least one format."))

    def _show_text(self) -> None:
        """Warn of text in the pixels of the cases that would be exported."""
        room = self._reading.workspace
        if room is not None:
            found = room.pixel_text.found(only_done=self.only_done.isChecked())
            images = sum(case.images for case in found)
            them = "it" if images == 1 else "them"
            self.text.show_found(found, f"Look at {them} before this leaves.")

    def _open_case(self, case_id: str) -> None:
        open_case(self._reading, case_id)
        self._shell.page_wanted.emit("read")

    def _opened(self, _room: object) -> None:
        self._target = Path()
        self.place.clear()
        self._result.hide()
        self._end()

    def _committed(self, event: Event) -> None:
        if not event.case_id and self.isVisible():
            self._show_counts()
            if any(c.kind == "model_case" for c in event.changes):
                self._show_text()
