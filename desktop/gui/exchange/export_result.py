"""What came of an export: what was written and compared, or why nothing was."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFrame, QWidget

from desktop.domain.errors import UserError
from desktop.gui.widgets import icons
from desktop.gui.widgets.furniture import across, clear, down, in_groups, label, push

if TYPE_CHECKING:
    from desktop.exchange.bundle import BundleReport

_NOTES = 12


class ExportResult(QFrame):
    """A card that is hidden until there is something to say."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._column = down(self, (20, 16, 20, 16), 8)
        self.hide()

    def show_done(self, report: BundleReport) -> None:
        """The bundle is whole."""
        cases = "1 case" if report.case_count == 1 else f"{report.case_count:,} cases"
        lines = [
            f"Everything was read back: {report.compared_voxels:,} voxels compared, none differs."
            if report.compared_voxels
            else "Everything was read back; there are no masks in it to compare.",
            f"{cases} in {report.parts:,} files, {max(1, round(report.seconds))} s.",
            f"Fingerprint of the manifest: {in_groups(report.manifest_sha256)}",
        ]
        lines += [note.sentence for note in report.notes[:_NOTES]]
        if len(report.notes) > _NOTES:
            lines.append(f"And {len(report.notes) - _NOTES:,} more notes, in the bundle's card.")
        self._say(True, "The bundle is complete", lines, Path(report.path))

    def show_failed(self, error: UserError) -> None:
        """There is no bundle."""
        self._say(False, error.title, [error.detail, error.hint], None)

    def _say(self, fine: bool, title: str, lines: list[str], path: Path | None) -> None:
        clear(self._column)
        head = QWidget()
        row = across(head, gap=8)
        row.addWidget(icons.Glyph("check" if fine else "error", "ok" if fine else "danger"))
        row.addWidget(label(title, "heading", wrap=True), 1)
        if path is not None:
            button = push("Open the folder", icon="folder", tip="Shows the bundle among the files.")
            folder = path if path.is_dir() else path.parent
            button.clicked.connect(
                lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
            )
            row.addWidget(button)
        self._column.addWidget(head)
        for line in filter(None, lines):
            text = label(line, "muted", wrap=True)
            text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._column.addWidget(text)
        self.show()
