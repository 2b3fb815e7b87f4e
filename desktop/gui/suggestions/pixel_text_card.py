"""Text in pixels: looking for it over the work list, and the words about it before an export."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QProgressBar, QWidget

from desktop.domain.errors import UserError
from desktop.gui.shell import Shell
from desktop.gui.widgets import icons
from desktop.gui.widgets.furniture import across, clear, down, label, push
from desktop.gui.window.running import was_cancelled

if TYPE_CHECKING:
    from desktop.workspace.images.pixel_text import CaseText, TextReport
    from desktop.workspace.jobs import Job

_SHOWN = 6
_LOOK_TIP = (
    "All cases. What was looked through already is skipped, and a search that was cancelled or "
    "came to its limit of 5 minutes a case goes on where it was."
)


class PixelTextCard(QFrame):
    """A button that looks through the work list, how far it is, and the cases with text."""

    chosen = Signal(str)

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self._shell, self._reading = shell, shell.reading
        self._job: Job | None = None
        self._stop_listening: Any = None
        column = down(self, (20, 14, 20, 14), 8)
        head = across(gap=8)
        head.addWidget(icons.Glyph("learning", "accent"))
        head.addWidget(label("Text in pixels", "heading"))
        head.addStretch(1)
        column.addLayout(head)
        column.addWidget(
            label(
                "Finds writing on images, such as a name on an ultrasound. Kept are the place, the "
                "score and the number of characters, never what it says. Of a long series the "
                "first, the middle and the last image are read, and each whose edge differs. A "
                "search can miss text.",
                "muted",
                wrap=True,
            )
        )
        self.why = label(role="warn", wrap=True)
        column.addWidget(self.why)
        self.notice = TextNotice()
        self.notice.chosen.connect(self.chosen)
        column.addWidget(self.notice)
        foot = across(gap=8)
        self.state = label(role="muted")
        foot.addWidget(self.state)
        self.progress = QProgressBar()
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        foot.addWidget(self.progress, 1)
        foot.addStretch(0)
        self.cancel = push("Cancel", tip="Stops the search; cases that are done stay done.")
        self.cancel.clicked.connect(self._stop)
        foot.addWidget(self.cancel)
        self.look = push("Look for text in pixels", tip=_LOOK_TIP)
        self.look.clicked.connect(self._start)
        foot.addWidget(self.look)
        column.addLayout(foot)
        self._show_running(False)
        self._reading.opened.connect(lambda _room: self._end())

    def refresh(self) -> None:
        """Show what is known now."""
        room = self._reading.workspace
        if room is None:
            return
        why = room.pixel_text.why_not() or ("" if room.case_count() else "There are no cases yet.")
        self.look.setEnabled(not why)
        self.look.setToolTip(why or _LOOK_TIP)
        self.why.setText(why)
        self.why.setVisible(bool(why))
        self.notice.show_found(room.pixel_text.found(), "")

    def _start(self) -> None:
        room = self._reading.workspace
        if room is None or self._job is not None:
            return
        self._stop_listening = room.jobs.on_changed(self._moved)
        try:
            self._job = room.pixel_text.start(None, self._done, self._failed)
        except UserError as error:
            self._failed(error)
            return
        if self._job in room.jobs.running:
            self._show_running(True)
        else:
            self._end()

    def _moved(self) -> None:
        job = self._job
        if job is None:
            return
        self.progress.setValue(round(job.fraction * 1000))
        self.state.setText(job.text or "Looking for text")
        if was_cancelled(job):
            self._end()
            self._shell.say(
                "The search was cancelled", "What is done stays; the next search goes on there."
            )

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self.state.setText("Stopping…")

    def _done(self, report: TextReport) -> None:
        self._end()
        left = report.left_out or report.not_ended
        detail = f"{left[0].title}: {left[0].why}" if left else ""
        tone = "warn" if left or report.images else "ok"
        self._shell.say(f"Text in pixels: {report.sentence}", detail, tone)

    def _failed(self, error: UserError) -> None:
        self._end()
        self._shell.say_error(error)

    def _end(self) -> None:
        self._job = None
        if self._stop_listening is not None:
            self._stop_listening()
            self._stop_listening = None
        self._show_running(False)
        if self.isVisible():
            self.refresh()

    def _show_running(self, on: bool) -> None:
        for part in (self.progress, self.state, self.cancel):
            part.setVisible(on)
        self.look.setVisible(not on)


class TextNotice(QWidget):
    """A sentence about images with text and a link to each of their cases; hidden without any."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = down(self, gap=4)
        row = across(gap=8)
        row.addWidget(icons.Glyph("warning", "warn"))
        self.sentence = label(role="warn", wrap=True)
        row.addWidget(self.sentence, 1)
        column.addLayout(row)
        self._links = down(gap=2)
        column.addLayout(self._links)
        self.hide()

    def show_found(self, found: list[CaseText], advice: str) -> None:
        """Say on how many images text was found, with what is to be done about it."""
        clear(self._links)
        images = sum(f.images for f in found)
        many = "1 image" if images == 1 else f"{images:,} images"
        self.sentence.setText(f"Text was found in the pixels of {many}. {advice}".strip())
        for case in found[:_SHOWN]:
            self._links.addWidget(self._link(case))
        if len(found) > _SHOWN:
            rest = len(found) - _SHOWN
            words = "1 more case" if rest == 1 else f"{rest:,} more cases"
            self._links.addWidget(label(f"And {words}.", "muted"))
        self.setVisible(bool(found))

    def _link(self, case: CaseText) -> QWidget:
        made = QWidget()
        row = across(made, (24, 0, 0, 0))
        images = "1 image" if case.images == 1 else f"{case.images:,} images"
        link = push(case.title, "link", tip="Opens the case (Enter)")
        link.clicked.connect(lambda _on=False, c=case.case_id: self.chosen.emit(c))
        row.addWidget(link)
        row.addWidget(label(f"{images} with text", "muted"))
        row.addStretch(1)
        return made
