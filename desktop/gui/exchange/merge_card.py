"""Colleagues' bundles in: previewed, merged; strangers' keys compared; conflicts settled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QBoxLayout,
    QFileDialog,
    QFrame,
    QLineEdit,
    QProgressBar,
    QWidget,
)

from desktop.domain.errors import AccessProblem, UserError
from desktop.domain.task import Role
from desktop.gui.exchange.conflict_words import frame_of, title_of, version_words
from desktop.gui.goto import go_to_frame
from desktop.gui.projects.places_of_projects import SUFFIX, free_path
from desktop.gui.shell import Shell
from desktop.gui.widgets import icons
from desktop.gui.widgets.furniture import across, clear, down, label, push
from desktop.gui.window.running import was_cancelled

if TYPE_CHECKING:
    from desktop.workspace.jobs import Job
    from desktop.workspace.team.merging import MergeReport
    from desktop.workspace.team.team import Conflict, Version
    from desktop.workspace.workspace import Workspace

_SHOWN = 50


class MergeCard(QFrame):
    """For the lead: copies out, bundles back in, and what has to be settled."""

    told = Signal()  # something about the bundles is there to be read

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self._shell, self._reading = shell, shell.reading
        self._bundles: list[Path] = []
        self._job: Job | None = None
        column = down(self, (20, 16, 20, 16), 8)
        head = across(gap=8)
        head.addWidget(icons.Glyph("exchange", "accent"))
        head.addWidget(label("Merge colleagues' bundles", "heading"))
        head.addStretch(1)
        self.key = label(role="small")
        self.key.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        head.addWidget(self.key)
        column.addLayout(head)
        column.addWidget(
            label(
                "Hand out copies of this project; each is worked on alone and comes back as a "
                "bundle: add it here or drop it on the window. Any order, any number of times: "
                "nothing is doubled or overwritten.",
                "muted",
                wrap=True,
            )
        )
        row = across(gap=8)
        self.copy = push("Hand out a copy…", icon="bundle", tip="A copy for another machine.")
        self.copy.clicked.connect(lambda: self._ask_copy())
        self.folder = push("Add a folder…", icon="folder", tip="A bundle that is a folder.")
        self.folder.clicked.connect(lambda: self._ask_folder())
        self.zips = push("Add zip files…", icon="folder", tip="Bundles that are one file each.")
        self.zips.clicked.connect(lambda: self._ask_zips())
        for button in (self.copy, self.folder, self.zips):
            row.addWidget(button)
        row.addStretch(1)
        column.addLayout(row)
        self._body = down(gap=8)
        column.addLayout(self._body)

    def refresh(self) -> None:
        """Show the card to the lead of an open project only, with what waits to be settled."""
        room = self._reading.workspace
        is_lead = room is not None and room.reader.role is Role.LEAD and not room.read_only
        self.setVisible(is_lead)
        if room is not None and is_lead:
            self.key.setText(f"This workstation: {room.team.fingerprint}")
            if not self._bundles and self._job is None:
                clear(self._body)
                self._show_conflicts(room)

    @property
    def is_busy(self) -> bool:
        """Whether bundles are being looked at or taken in."""
        return self._job is not None

    def add(self, bundles: Sequence[Path]) -> None:
        """Take bundles into the preview."""
        if self.is_busy:
            self._shell.say("Bundles are being looked at", "Wait for them or stop it.", "warn")
            return
        self._bundles += [b for b in bundles if b not in self._bundles]
        self._preview()

    def hand_out(self, target: Path) -> None:
        """Write a copy of the project."""
        room = self._reading.workspace
        if room is None:
            return
        try:
            room.team.hand_out(target)
        except UserError as error:
            self._shell.say_error(error)
            return
        self._shell.say("The copy is written", target.name, "ok")

    # preview ---------------------------------------------------------------------------------

    def _preview(self) -> None:
        room = self._reading.workspace
        self._list_bundles()
        if room is not None and self._bundles:
            self._work(room, self._previewed, dry_run=True)

    def _previewed(self, report: MergeReport) -> None:
        self._list_bundles()
        self._say_line(f"Preview: {report.sentence}", "warn" if report.missing else "muted")
        self._add_row(("Merge", "primary", self._merge), ("Leave it", "", self._drop))

    def _merge(self) -> None:
        room = self._reading.workspace
        if room is not None:
            self._work(room, self._merged, dry_run=False)

    def _merged(self, report: MergeReport) -> None:
        self._bundles.clear()
        self._shell.say("Merged", report.sentence, "ok")
        self.refresh()

    def _work(
        self, room: Workspace, on_done: Callable[[MergeReport], None], *, dry_run: bool
    ) -> None:
        """Look at the bundles, or take them in; this card shows how far it is."""
        self._list_bundles()
        row = self._row()
        bar = QProgressBar()
        bar.setRange(0, 1000)
        bar.setTextVisible(False)
        what = label("Looking at the bundles…" if dry_run else "Merging…", "muted")
        stop = push("Stop", tip="Nothing of the bundles is kept then.")
        for part, share in ((what, 0), (bar, 1), (stop, 0)):
            row.addWidget(part, share)
        try:
            job = room.team.start_merge(
                self._bundles, self._over(on_done), self._over(self._refused), dry_run=dry_run
            )
        except UserError as error:
            self._refused(error)
            return
        if job not in room.jobs.running:
            return
        self._job = job
        stop.clicked.connect(job.cancel)

        def moved() -> None:
            if job in room.jobs.running:
                bar.setValue(round(job.fraction * 1000))
                what.setText(job.text or what.text())
            else:
                stop_listening()
                if was_cancelled(job):
                    self._job = None
                    self._drop()

        stop_listening = room.jobs.on_changed(moved)

    def _over(self, then: Callable[[Any], None]) -> Callable[[Any], None]:
        """The job has ended: what the card showed of it goes."""

        def ended(result: Any) -> None:
            self._job = None
            then(result)
            self.told.emit()

        return ended

    def _refused(self, error: UserError) -> None:
        self._list_bundles()
        if isinstance(error, AccessProblem):
            self._ask_trust(error)
            return
        self._say_line(str(error), "danger")
        self._add_row(("Choose others", "", self._drop))

    def _list_bundles(self) -> None:
        clear(self._body)
        for bundle in self._bundles:
            self._body.addWidget(label(bundle.name, "small"))

    def _drop(self) -> None:
        self._bundles.clear()
        self.refresh()

    def _ask_trust(self, problem: AccessProblem) -> None:
        """A stranger's key: the fingerprint is typed as its owner reads it out."""
        self._say_line(f"{problem.title} {problem.hint}", "warn")
        row = self._row()
        self.typed, self.name = QLineEdit(), QLineEdit()
        self.typed.setPlaceholderText("Fingerprint as its owner reads it: XXXX-XXXX-XXXX-XXXX")
        self.name.setPlaceholderText("Name of the workstation")
        self.typed.setAccessibleName("Fingerprint")
        self.name.setAccessibleName("Name of the workstation")
        self.trust = push("Trust", "primary", tip="Take bundles of this workstation from now on.")
        self.trust.clicked.connect(self._trust)
        leave = push("Leave it")
        leave.clicked.connect(self._drop)
        row.addWidget(self.typed, 2)
        row.addWidget(self.name, 1)
        row.addWidget(self.trust)
        row.addWidget(leave)

    def _trust(self) -> None:
        room = self._reading.workspace
        if room is None:
            return
        wrong: UserError | None = None
        for bundle in self._bundles:
            try:
                room.team.trust(bundle, self.typed.text(), self.name.text() or bundle.name)
            except UserError as error:
                wrong = error
            else:
                self._preview()
                return
        if wrong is not None:
            self._shell.say_error(wrong)

    # conflicts -------------------------------------------------------------------------------

    def _show_conflicts(self, room: Workspace) -> None:
        waiting = room.team.conflicts()
        if not waiting:
            return
        count = "1 conflict" if len(waiting) == 1 else f"{len(waiting):,} conflicts"
        self._body.addWidget(label(f"{count} to settle", "heading"))
        for conflict in waiting[:_SHOWN]:
            head = self._row()
            head.addWidget(label(title_of(room, conflict)), 1)
            if conflict.case_id:
                show = push("Show the image", "link", tip="Opens the case at this place.")
                show.clicked.connect(lambda _on=False, c=conflict: self._show(c))
                head.addWidget(show)
            for version in conflict.versions:
                row = self._row()
                row.addWidget(label(version_words(room, version), "muted", wrap=True), 1)
                stand = push("Let this stand", tip="The other versions stay in the log.")
                stand.clicked.connect(lambda _on=False, c=conflict, v=version: self._settle(c, v))
                row.addWidget(stand)
        if len(waiting) > _SHOWN:
            self._say_line(f"and {len(waiting) - _SHOWN:,} more after these", "muted")

    def _show(self, conflict: Conflict) -> None:
        room = self._reading.workspace
        if room is not None:
            go_to_frame(self._reading, conflict.case_id, frame_of(room, conflict))
            self._shell.page_wanted.emit("read")

    def _settle(self, conflict: Conflict, version: Version) -> None:
        room = self._reading.workspace
        if room is None:
            return
        try:
            room.team.settle(conflict, version)
        except UserError as error:
            self._shell.say_error(error)
        self.refresh()

    # asking ----------------------------------------------------------------------------------

    def _ask_copy(self) -> None:
        room = self._reading.workspace
        if room is None:
            return
        proposed = free_path(room.path.parent, f"{room.title} copy", SUFFIX)
        chosen, _kind = QFileDialog.getSaveFileName(
            self, "Where the copy goes", str(proposed), f"Project (*{SUFFIX})"
        )
        if chosen:
            self.hand_out(Path(chosen))

    def _ask_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "A bundle that is a folder")
        if chosen:
            self.add([Path(chosen)])

    def _ask_zips(self) -> None:
        chosen, _kind = QFileDialog.getOpenFileNames(self, "Bundles", "", "Bundles (*.zip)")
        self.add([Path(c) for c in chosen])

    # small things ----------------------------------------------------------------------------

    def _say_line(self, words: str, role: str) -> None:
        self._body.addWidget(label(words, role, wrap=True))

    def _add_row(self, *acts: tuple[str, str, Any]) -> None:
        row = self._row()
        row.addStretch(1)
        for words, role, slot in acts:
            button = push(words, role) if role else push(words)
            button.clicked.connect(lambda _on=False, s=slot: s())
            row.addWidget(button)

    def _row(self) -> QBoxLayout:
        """A new line of the body; it goes when the body is cleared."""
        holder = QWidget()
        self._body.addWidget(holder)
        return across(holder, gap=8)
