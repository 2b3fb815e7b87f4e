"""Packages: one file per reader, written in the background, and what went out before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QFileDialog, QLineEdit, QProgressBar, QWidget

from desktop.domain.errors import UserError
from desktop.gui.shell import Shell
from desktop.gui.widgets.furniture import (
    ElidedLabel,
    across,
    centred,
    clear,
    down,
    frame,
    label,
    push,
    rule,
    scrolled,
)

if TYPE_CHECKING:
    from desktop.workspace.jobs import Job
    from desktop.workspace.team.packages import PackageReport
    from desktop.workspace.workspace import Workspace


class PackagesPane(QWidget):
    """Readers to tick, a folder, a passphrase; below, the packages that went out."""

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell, self._reading = shell, shell.reading
        self._boxes: dict[str, QCheckBox] = {}
        self.folder = Path()
        self._job: Job | None = None
        self._stop_hearing: Callable[[], None] | None = None
        outer = across(self)
        holder = QWidget()
        holder.setMaximumWidth(860)
        column = down(holder, (0, 0, 8, 0), 12)
        column.addWidget(self._make_card())
        self._out = frame("card")
        self._sent = down(self._out, (16, 12, 16, 12), 6)
        column.addWidget(self._out)
        column.addStretch(1)
        outer.addWidget(scrolled(centred(holder)))

    def _make_card(self) -> QWidget:
        card = frame("card")
        column = down(card, (16, 12, 16, 12), 8)
        column.addWidget(label("Write packages", "heading"))
        column.addWidget(
            label(
                "Each reader gets a project file with their open cases and preference tasks, and "
                "nothing of anybody else: no names, answers, counts or gold. What they hand in is "
                "a bundle, which you merge on the page Exchange.",
                "muted",
                wrap=True,
            )
        )
        self._list = down(gap=0)
        column.addLayout(self._list)
        row = across(gap=8)
        row.addWidget(label("Folder"))
        self.place = ElidedLabel("", "muted", Qt.TextElideMode.ElideLeft)
        row.addWidget(self.place, 1)
        choose = push("Choose…", icon="folder", tip="Where the files go.")
        choose.clicked.connect(self._choose)
        row.addWidget(choose)
        column.addLayout(row)
        row = across(gap=8)
        row.addWidget(label("Passphrase"))
        self.phrase, self.again_phrase = QLineEdit(), QLineEdit()
        for field, words in ((self.phrase, "None: not encrypted"), (self.again_phrase, "Again")):
            field.setEchoMode(QLineEdit.EchoMode.Password)
            field.setPlaceholderText(words)
            field.setAccessibleName(f"Passphrase of the packages: {words}")
            row.addWidget(field, 1)
        column.addLayout(row)
        self.with_images = QCheckBox("Copy the images into a folder beside each file")
        self.with_images.setToolTip("For readers who can't reach the images where they lie.")
        self.again = QCheckBox("Also what went out before and is still open")
        self.again.setToolTip("For a file that was lost. Both files can be merged.")
        self.again.toggled.connect(self._show_readers)
        column.addWidget(self.with_images)
        column.addWidget(self.again)
        row = across(gap=12)
        self.progress = QProgressBar()
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        self.doing = label(role="muted")
        self.cancel = push("Cancel", "quiet", tip="Nothing is written then.")
        self.cancel.clicked.connect(self._cancel)
        self.go = push("Write packages", "primary", "bundle")
        self.go.clicked.connect(self.write)
        row.addWidget(self.progress, 1)
        row.addWidget(self.doing)
        row.addWidget(self.cancel)
        row.addStretch(0)
        row.addWidget(self.go)
        column.addLayout(row)
        self.report = label(role="ok", wrap=True)
        column.addWidget(self.report)
        self._show_running(False)
        self.report.hide()
        return card

    # what holds ------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read readers and packages anew."""
        room = self._reading.workspace
        if room is None:
            return
        if self.folder == Path():
            self.folder = room.path.parent
        self.place.setText(str(self.folder))
        self._show_readers()
        self._show_sent(room)

    def _show_readers(self) -> None:
        room = self._reading.workspace
        if room is None:
            return
        chosen = {k for k, box in self._boxes.items() if box.isChecked()}
        first = not self._boxes
        clear(self._list)
        self._boxes = {}
        sums: dict[str, list[int]] = {}
        names: dict[str, str] = {}
        for line in room.batches.lines():
            for r in line.readers:
                one = sums.setdefault(r.reader_id, [0, 0, 0])
                one[0], one[1] = one[0] + r.cases, one[1] + r.closed
                one[2] += max(0, r.handed_out - r.closed)
                names[r.reader_id] = r.name
        tasks = room.team.tasks_to_hand_out(self.again.isChecked())
        people = {r.id: name or r.pseudonym for r, name in room.readers()}
        for reader_id in tasks:
            sums.setdefault(reader_id, [0, 0, 0])
            names.setdefault(reader_id, people.get(reader_id, ""))
        for reader_id, (cases, closed, out) in sums.items():
            open_cases = cases - closed - (0 if self.again.isChecked() else out)
            waiting = open_cases + tasks.get(reader_id, 0)
            row = across(gap=12)
            holder = QWidget()
            holder.setLayout(row)
            box = QCheckBox(names[reader_id])
            box.setEnabled(waiting > 0)
            box.setChecked(waiting > 0 and (first or reader_id in chosen))
            box.setToolTip(
                "This reader's cases and preference tasks that wait to be handed out."
                if waiting
                else "All of this reader's cases and preference tasks are done or out."
            )
            box.toggled.connect(self._show_ready)
            row.addWidget(box, 1)
            words = f"{open_cases:,} to hand out · {out:,} out · {closed:,} of {cases:,} closed"
            words = f"{words} · {_tasks(tasks[reader_id])}" if reader_id in tasks else words
            row.addWidget(label(words, "muted"))
            self._boxes[reader_id] = box
            self._list.addWidget(holder)
        if not sums:
            words = "Nothing is assigned yet. Make a batch or a preference task first."
            self._list.addWidget(label(words, "muted", wrap=True))
        self._show_ready()

    def _show_ready(self) -> None:
        count = sum(box.isChecked() for box in self._boxes.values())
        self.go.setEnabled(bool(count) and self._job is None)
        self.go.setToolTip(
            "Writes one file for each reader that is ticked." if count else "Tick a reader first."
        )

    def _show_sent(self, room: Workspace) -> None:
        clear(self._sent)
        self._sent.addWidget(label("Handed out", "heading"))
        names = {r.id: name or r.pseudonym for r, name in room.readers()}
        sent = room.team.packages()
        if not sent:
            self._sent.addWidget(label("No package has gone out yet.", "muted"))
        for number, one in enumerate(sent[:100]):
            if number:
                self._sent.addWidget(rule())
            row = across(gap=12)
            holder = QWidget()
            holder.setLayout(row)
            who = ElidedLabel(names.get(one.reader_id, ""))
            who.setFixedWidth(160)
            row.addWidget(who)
            hidden = f", {len(one.gold):,} gold" if one.gold else ""
            hidden += f", {len(one.repeats):,} shown twice" if one.repeats else ""
            kind = "training" if one.training else "cases"
            held = [f"{len(one.items):,} {kind}{hidden}"] if one.items else []
            held += [_tasks(len(one.tasks))] if one.tasks else []
            row.addWidget(label(", ".join(held), "muted"), 1)
            when = label(one.issued_utc[:16].replace("T", " ") + " UTC", "small")
            when.setToolTip(one.issued_utc)
            row.addWidget(when)
            self._sent.addWidget(holder)

    # acts ------------------------------------------------------------------------------------

    def _choose(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Where the packages go", str(self.folder))
        if chosen:
            self.folder = Path(chosen)
            self.place.setText(chosen)

    def write(self) -> None:
        """Write the files of the readers that are ticked."""
        room = self._reading.workspace
        if room is None or self._job is not None:
            return
        if self.phrase.text() != self.again_phrase.text():
            self._shell.say("The two passphrases differ", "Type the same one twice.", "warn")
            self.again_phrase.setFocus()
            return
        chosen = [k for k, box in self._boxes.items() if box.isChecked()]
        self.report.hide()
        try:
            job = room.team.start_packages(
                chosen,
                self.folder,
                self.phrase.text(),
                self._written,
                self._failed,
                again=self.again.isChecked(),
                with_images=self.with_images.isChecked(),
            )
        except UserError as error:
            self._shell.say_error(error)
            return
        if job in room.jobs.running:
            self._job = job
            self._stop_hearing = room.jobs.on_changed(self._moved)
            self._show_running(True)

    def _cancel(self) -> None:
        if self._job is not None:
            self._job.cancel()

    def _moved(self) -> None:
        job, room = self._job, self._reading.workspace
        if job is None:
            return
        self.progress.setValue(round(1000 * job.fraction))
        self.doing.setText(job.text)
        if room is None or job not in room.jobs.running:
            self._ended()

    def _ended(self) -> None:
        if self._stop_hearing is not None:
            self._stop_hearing()
            self._stop_hearing = None
        self._job = None
        self._show_running(False)
        self._show_ready()

    def _written(self, made: Sequence[PackageReport]) -> None:
        self._ended()
        self.phrase.clear()
        self.again_phrase.clear()
        self.again.setChecked(False)
        self.report.setText("\n".join(one.sentence for one in made))
        self.report.show()
        self.refresh()

    def _failed(self, error: UserError) -> None:
        self._ended()
        self._shell.say_error(error)

    def _show_running(self, on: bool) -> None:
        for widget in (self.progress, self.doing, self.cancel):
            widget.setVisible(on)
        self.go.setVisible(not on)


def _tasks(count: int) -> str:
    return "1 preference task" if count == 1 else f"{count:,} preference tasks"
