"""Who is at the desk: notices input, locks when it stays away, and keeps the working time."""

from __future__ import annotations

import datetime
import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication

from desktop.domain.errors import UserError
from desktop.domain.time_span import TimeState
from desktop.gui.goto import open_case
from desktop.gui.reading.sign_card import SignCard
from desktop.gui.team.readers_page import ReadersPage
from desktop.gui.widgets.clock_words import clock_words
from desktop.gui.window.lock import LockOverlay
from desktop.interaction.view import ViewState

if TYPE_CHECKING:
    from desktop.gui.window.main_window import MainWindow
    from desktop.workspace.access.active_time import ActiveTime

_INPUT = {
    QEvent.Type.KeyPress,
    QEvent.Type.ShortcutOverride,  # a key that becomes a shortcut is never a key press
    QEvent.Type.MouseButtonPress,
    QEvent.Type.MouseButtonRelease,
    QEvent.Type.MouseMove,
    QEvent.Type.Wheel,
    QEvent.Type.TabletMove,
    QEvent.Type.TabletPress,
    QEvent.Type.TouchBegin,
    QEvent.Type.TouchUpdate,
}


def running_s() -> float:
    """Seconds that pass while the machine sleeps as well, where the system tells."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


class Attendance(QObject):
    """Also the handler of the acts about it. ``wire`` is called once the window stands."""

    def __init__(self, window: MainWindow, now_s: Callable[[], float] = running_s) -> None:
        super().__init__(window)
        self._window, self._shell, self._reading = window, window.shell, window.shell.reading
        self.now_s = now_s
        self._last_input = now_s()
        self._time: ActiveTime | None = None
        self._base: dict[str, float] = {}
        self._loading = False
        self._waiting = self._late = 0  # for models; questions left behind that are still open
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.timeout.connect(self.tick)
        self._poll = QTimer(self)
        self._poll.setInterval(100)
        self._poll.timeout.connect(self._look)

    def wire(self) -> None:
        """Take part in the window."""
        window, reading = self._window, self._reading
        self.lock = LockOverlay(window)
        self.lock.given.connect(self._given)
        self.lock.left.connect(self._leave_project)
        self.sign_card = SignCard(window, reading)
        self.sign_card.signed.connect(window.acts.after_closing)
        self.readers_page = ReadersPage(self._shell)
        self.readers_page.left.connect(lambda: window.show_page("read"))
        window.add_page("readers", self.readers_page)
        window.acts.ask_signature = self.sign_card.ask
        reading.leaving.connect(self._leaving)
        reading.opened.connect(self._opened)
        reading.view_changed.connect(self._viewed)
        self._shell.waiting.connect(self._waits)
        self._show_time()

    # acts ----------------------------------------------------------------------------------

    def lock_now(self) -> None:
        """Cover the window at once."""
        room = self._reading.workspace
        if room is None or self.lock.is_on:
            return
        if self._time is not None:
            self._time.pause(True)
            self._time.write()
        self.lock.lock(room.reader_name, room.accounts.has_password(room.reader.id))

    def toggle_pause(self) -> None:
        """Stop the clock of the case, or go on."""
        if self._time is not None:
            self._time.pause(not self._time.is_paused)
        self._show_time()

    def toggle_timer(self) -> None:
        self._shell.settings.set("show_timer", not self._shell.settings.get("show_timer"))
        self._show_time()

    def show_readers(self) -> None:
        self._window.show_page("readers")

    # the desk ------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _INPUT:
            self._touched()
        return False

    def tick(self) -> None:
        """Once a second: lock where nobody is, write what is due, show the time."""
        room = self._reading.workspace
        if room is None:
            return
        if self.lock.is_on:
            self._show_wait()
            return
        limit_s = 60 * int(self._shell.settings.get("lock_minutes"))
        if self.now_s() - self._last_input >= limit_s:
            self.lock_now()
            return
        if self._time is not None:
            self._time.tick()
        self._show_time()

    def _touched(self) -> None:
        self._last_input = self.now_s()
        if self._time is not None and not self.lock.is_on:
            self._time.activity()

    # projects come and go ------------------------------------------------------------------

    def _opened(self, room: Any) -> None:
        self._last_input = self.now_s()
        app = QApplication.instance()
        assert app is not None
        app.removeEventFilter(self)
        if room is None:  # nobody has to be at the desk; every event would come by here
            self._timer.stop()
            if self.lock.is_on:
                self.lock.unlock()
            return
        app.installEventFilter(self)
        self._timer.start()
        if room.accounts.is_signed_in:
            self._start_time(room)
        else:
            name = room.reader_name if room.accounts.has_password(room.reader.id) else ""
            self.lock.lock(name or self._shell.settings.get("reader_name"), True, sign_in=True)

    def _leaving(self, _room: object) -> None:
        if self._time is not None:
            self._time.close()
        self._time = None
        self._waiting = self._late = 0
        self._loaded()
        self._base.clear()
        self.sign_card.leave()

    def _viewed(self, old: ViewState, new: ViewState) -> None:
        if self._time is None or (old.case_id, old.tool) == (new.case_id, new.tool):
            return
        self._loaded()
        self._wait_no_longer()
        self._work_on(new)
        if new.case_id and new.case_id != old.case_id:
            self._loading = True
            self._time.begin(TimeState.LOADING)
            self._poll.start()

    def _look(self) -> None:
        """Waiting for the image is over once the canvas shows it."""
        canvas = self._window.reading_page.canvas
        if canvas is None or canvas.has_frame or not self._reading.view.series_id:
            self._loaded()

    def _loaded(self) -> None:
        if self._loading and self._time is not None:
            self._time.end(TimeState.LOADING)
        self._loading = False
        self._poll.stop()

    def _waits(self, on: bool) -> None:
        """A model works on what the reader asked for: that time is not the reader's."""
        if on:
            self._waiting += 1
            if self._time is not None:
                self._time.begin(TimeState.WAITING)
        elif self._late:
            self._late -= 1
        elif self._waiting:
            self._waiting -= 1
            if self._time is not None:
                self._time.end(TimeState.WAITING)

    def _wait_no_longer(self) -> None:
        """The reader went on to something else; answers that come late change nothing."""
        for _ in range(self._waiting):
            if self._time is not None:
                self._time.end(TimeState.WAITING)
        self._late, self._waiting = self._late + self._waiting, 0

    def _work_on(self, view: ViewState) -> None:
        room = self._reading.workspace
        if room is None or self._time is None:
            return
        if view.case_id and view.case_id not in self._base:
            kept = room.working_seconds((view.case_id,)).get(view.case_id, {})
            self._base[view.case_id] = kept.get(TimeState.ACTIVE, 0.0)
        self._time.work_on(view.case_id, view.tool)
        self._show_time()

    def _start_time(self, room: Any) -> None:
        from desktop.workspace.access.active_time import ActiveTime
        from desktop.workspace.access.authority import may

        if room.read_only or not may(room.reader.role, "RecordTime"):
            return
        self._time = ActiveTime(
            room.reader.id,
            self._keep,
            now_s=self.now_s,
            now_utc=lambda: datetime.datetime.now(datetime.UTC),
            new_id=room.new_id,
        )

    def _keep(self, command: Any) -> bool:
        """Write working time; what can't be written now is tried again, without a word."""
        room = self._reading.workspace
        if room is None:
            return False
        try:
            room.run(command)
        except UserError:
            return False
        return True

    # showing who one is --------------------------------------------------------------------

    def _given(self, name: str, password: str) -> None:
        room = self._reading.workspace
        if room is None:
            return
        try:
            if not room.accounts.is_signed_in:
                room.sign_in(name, password)
                self.lock.unlock()
                self._reading.open(room)  # everything is read again, for this reader
                open_case(self._reading, room.first_open_case())
                return
            if room.accounts.has_password(room.reader.id):
                room.accounts.confirm(room.reader, password, "unlock")
        except UserError as error:
            self.lock.say(str(error))
            self._show_wait()
            return
        self.lock.unlock()
        self._last_input = self.now_s()
        if self._time is not None:
            self._time.pause(False)
        self._show_time()

    def _show_wait(self) -> None:
        room = self._reading.workspace
        wait_s = room.accounts.wait_s(self.lock.name.text()) if room else 0.0
        if wait_s > 0:
            self.lock.say(f"Wrong. The next try is possible in {math.ceil(wait_s)} s.", wait=True)
        elif not self.lock.go.isEnabled():
            self.lock.say("")

    def _leave_project(self) -> None:
        self.lock.unlock()
        self._reading.open(None)

    def _show_time(self) -> None:
        case_id, timer = self._reading.view.case_id, self._time
        wanted = bool(self._shell.settings.get("show_timer"))
        actions = self._window.actions_
        actions["view.timer"].setChecked(wanted)
        actions["time.pause"].setChecked(timer is not None and timer.is_paused)
        words, why = "", ""
        if timer is not None and case_id and wanted:
            words = clock_words(self._base.get(case_id, 0.0) + timer.active_s(case_id))
            if timer.is_paused:
                words, why = f"Paused {words}", "The clock stands until you press Pause again."
            elif timer.is_idle:
                words, why = f"Idle {words}", "No input for a minute: that time is not counted."
        self._window.title.show_time(words, why or "Time you worked on this case, breaks left out.")
