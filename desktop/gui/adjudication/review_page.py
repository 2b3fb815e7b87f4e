"""The review page: one reader's closed case at a time, comments pinned to places, and the way back.

C pins where the pointer is, N goes to the next pin, S settles it, Ctrl+Enter returns or passes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from desktop.domain.errors import StoreProblem, UserError
from desktop.domain.event import Event
from desktop.domain.geometry import XY
from desktop.domain.review import PinState
from desktop.domain.study import FrameRef
from desktop.gui.adjudication.owner_sheet import OwnerSheet
from desktop.gui.adjudication.review_panel import ReviewPanel
from desktop.gui.adjudication.review_queue import ReviewList, ReviewModel
from desktop.gui.canvas.canvas import CanvasView
from desktop.gui.canvas.linked_viewers import is_escape_asked
from desktop.gui.canvas.pin_layer import PinLayer, place_of_pin
from desktop.gui.goto import open_case, place_of
from desktop.gui.page import Page
from desktop.gui.reading.side_reading import SideReading
from desktop.gui.shell import Shell
from desktop.gui.widgets.furniture import EmptyState, across, down, frame, label

if TYPE_CHECKING:
    from desktop.workspace.claims.reviews import ReviewDesk, ReviewLine, Thread, Work

_REVIEWED = ("review", "pin", "comment", "assignment")
_PLAIN = (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)


class ReviewPage(Page):
    """Queue, picture with pins, panel."""

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(shell, parent)
        self._main = self._reading  # beside it stands one that looks at the reader's work
        self._line: ReviewLine | None = None
        self._work: Work | None = None
        self._threads: list[Thread] = []
        self._about: dict[str, Any] = {}
        self.reading = SideReading(self._main, self)
        self.canvas = CanvasView(
            self.reading,
            make_sheet=lambda room, case, series: OwnerSheet(room, case, series, self._work),
        )
        self.canvas.setAccessibleName("The reader's regions")
        self.canvas.recovery_offered.connect(lambda _text: None)
        self.canvas.installEventFilter(self)
        self.layer = PinLayer(self._frame, parent=self)
        self.layer.attach(self.canvas)
        self.layer.chosen.connect(self._go_to_pin)
        row = across(self, gap=0)
        row.addWidget(self._make_queue())
        self._stack = QStackedWidget()
        self._stack.addWidget(self.canvas)
        self._empty = EmptyState(
            "eye", "Nothing to review", "A case comes here when its reader has closed it."
        )
        self._stack.addWidget(self._empty)
        row.addWidget(self._stack, 1)
        self.panel = ReviewPanel()
        self.panel.asked.connect(self._ask_about)
        self.panel.pinned.connect(self._pin)
        self.panel.closed.connect(self.close_case)
        self.panel.left.connect(self.take_focus)
        self.panel.pins.chosen.connect(self._go_to_pin)
        self.panel.pins.said.connect(self._open_again)
        self.panel.pins.settled.connect(self._settle)
        row.addWidget(self.panel)
        self._main.committed.connect(self._committed)
        self._main.opened.connect(lambda _room: self._forget())

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self.refresh()

    def take_focus(self) -> None:
        self.canvas.setFocus(Qt.FocusReason.OtherFocusReason)

    def refresh(self) -> None:
        """Read the queue and the case in hand anew."""
        desk = self._desk()
        try:
            lines = desk.queue() if desk is not None else []
        except UserError:
            lines = []
        self.model.show(lines)
        waiting = self.model.next_waiting(-1)
        count = sum(not x.is_with_reader for x in lines)
        self.count.setText(f"{count} cases" if count != 1 else "1 case")
        at = self.model.place(self._line.case.id, self._line.owner_id) if self._line else -1
        if at < 0:
            at = waiting if waiting >= 0 else 0
        if lines:
            self._show(at)
        else:
            self._forget()

    def go_on(self) -> None:
        """To the next case that waits for the reviewer."""
        at = self.model.place(self._line.case.id, self._line.owner_id) if self._line else -1
        number = self.model.next_waiting(at)
        if number < 0:
            self._shell.say(
                "No case waits for review", "All are passed or with their reader.", "ok"
            )
        else:
            self._show(number)
        self.take_focus()

    def close_case(self) -> None:
        """Return the case, or pass it where no pin is open."""
        desk, line = self._desk(), self._line
        if desk is None or line is None:
            return
        left = [t for t in self._threads if t.pin.state is not PinState.CLOSED]
        act = desk.give_back if left else desk.let_pass
        if self._run(lambda: act(line.case.id, line.owner_id)):
            words = "returned to its reader" if left else "passed"
            self._shell.say(
                f"{line.case.title} {words}",
                act="Undo",
                on_act=lambda: self._take_back("undo", line.case.id),
            )
            self.go_on()

    # keys ------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kinds = (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress, QEvent.Type.KeyRelease)
        if event.type() in kinds and isinstance(event, QKeyEvent):
            act = self._act(event)
            if act is not None:
                if event.type() != QEvent.Type.ShortcutOverride:
                    act()
                event.accept()
                return True
        return super().eventFilter(watched, event)

    def event(self, event: QEvent) -> bool:
        """Esc in queue or panel goes back to the picture before it leaves the page."""
        if is_escape_asked(event) and self._line is not None and not self.canvas.hasFocus():
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._line is not None:
            self.take_focus()
            return
        super().keyPressEvent(event)

    def _act(self, event: QKeyEvent) -> Callable[[], None] | None:
        key, modifiers = event.key(), event.modifiers()
        control = modifiers == Qt.KeyboardModifier.ControlModifier
        released = event.type() == QEvent.Type.KeyRelease
        if key == Qt.Key.Key_H and modifiers in _PLAIN:
            return lambda: self.reading.replace(overlays_visible=released)
        if released:
            return None
        if key in (Qt.Key.Key_Z, Qt.Key.Key_Y) and (control or modifiers in _PLAIN):
            way = "undo" if key == Qt.Key.Key_Z else "redo"
            return lambda: self._take_back(way, self._line.case.id if self._line else "")
        if control and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            return self.close_case
        if modifiers not in _PLAIN:
            return None
        return {
            int(Qt.Key.Key_C): self._comment_here,
            int(Qt.Key.Key_N): self.next_pin,
            int(Qt.Key.Key_S): lambda: self._settle(self.panel.pins.current),
            int(Qt.Key.Key_F): lambda: self.reading.replace(zoom=0.0, center=None),
            int(Qt.Key.Key_Q): lambda: self.list.setFocus(Qt.FocusReason.OtherFocusReason),
            int(Qt.Key.Key_Tab): self.go_on,
        }.get(key)

    # comments --------------------------------------------------------------------------------

    def next_pin(self) -> None:
        found = self.panel.pins.next_pin()
        if found is not None:
            self._go_to_pin(found.pin.id)

    def _comment_here(self) -> None:
        """A comment about the place under the pointer, and the region chosen."""
        chosen = self.reading.view.selection
        at: XY | None = self.canvas.pointer_at
        self._about = {
            "frame": self._frame(),
            "at": at,
            "annotation_id": chosen[0] if chosen else "",
        }
        place = "the region chosen" if chosen else "this place" if at else "the image shown"
        self.panel.begin_comment(place)

    def _ask_about(self, question_id: str) -> None:
        self._about = {"question_id": question_id}
        self.panel.begin_comment("this answer")

    def _pin(self, text: str) -> None:
        desk, line = self._desk(), self._line
        if desk is None or line is None:
            return
        about = self._about or {"frame": self._frame()}
        if self._run(lambda: desk.pin(line.case.id, line.owner_id, text, **about)):
            self._about = {}
            self.panel.end_comment()
            self.take_focus()

    def _settle(self, pin_id: str) -> None:
        desk, thread = self._desk(), self.panel.pins.thread_of(pin_id)
        if desk is not None and thread is not None:
            self._run(lambda: desk.settle(thread.pin))
            self.take_focus()

    def _open_again(self, pin_id: str, text: str) -> None:
        desk, thread = self._desk(), self.panel.pins.thread_of(pin_id)
        if desk is not None and thread is not None:
            self._run(lambda: desk.open_again(thread.pin, text))
            self.take_focus()

    def _go_to_pin(self, pin_id: str) -> None:
        self.panel.pins.mark(pin_id)
        self.layer.current = pin_id
        thread, room = self.panel.pins.thread_of(pin_id), self._main.workspace
        if thread is None or room is None or self._work is None:
            return
        where = place_of_pin(thread, self._work.annotations, self._work.slices)
        frame_ref = where[0] if where is not None else thread.pin.frame
        place = place_of(room, frame_ref) if frame_ref is not None else None
        if place is not None:
            changes: dict[str, Any] = {"series_id": place[0], "index": place[1]}
            if where is not None and self.reading.view.zoom:
                changes["center"] = where[1]  # close up, the place might be out of sight
            self.reading.replace(**changes)
        self.canvas.update()

    # -----------------------------------------------------------------------------------------

    def _make_queue(self) -> QWidget:
        holder = frame("side")
        holder.setFixedWidth(216)
        column = down(holder, gap=0)
        head = across(margins=(14, 12, 12, 8), gap=8)
        head.addWidget(label("Review", "title"))
        self.count = label("", "muted")
        head.addWidget(self.count)
        head.addStretch(1)
        column.addLayout(head)
        self.model = ReviewModel(self)
        self.list = ReviewList()
        self.list.setModel(self.model)
        self.list.clicked.connect(lambda index: self._picked(index.row()))
        self.list.activated.connect(lambda index: self._picked(index.row()))
        column.addWidget(self.list, 1)
        return holder

    def _picked(self, number: int) -> None:
        self._show(number)
        self.take_focus()

    def _show(self, number: int) -> None:
        """One reader's case: regions, answers, pins."""
        desk, room = self._desk(), self._main.workspace
        if desk is None or room is None:
            return
        line = self.model.line(number)
        before = (self._line.case.id, self._line.owner_id) if self._line else None
        self._line = line
        self.list.setCurrentIndex(self.model.index(number))
        self._work = desk.work_of(line.case.id, line.owner_id)
        self._threads = desk.threads(line.case.id, line.owner_id)
        self.layer.show(self._threads, self._work.annotations, self._work.slices)
        self._stack.setCurrentWidget(self.canvas)
        self.panel.show()
        self.panel.show_work(room, line, self._work, self._threads, room.reader.id)
        if before != (line.case.id, line.owner_id):
            self.panel.end_comment()
            self._open_first_image(line)
        else:
            self.canvas.read_again()

    def _open_first_image(self, line: ReviewLine) -> None:
        room = self._main.workspace
        assert room is not None and self._work is not None
        if self._main.view.case_id != line.case.id:
            open_case(self._main, line.case.id)  # title, time and Ctrl+1 go with it
        series = [s.id for s in room.series(line.case.id)]
        frames = [s.frame for s in self._work.slices]
        frames += [a.target.frame for a in self._work.annotations if a.target.frame is not None]
        places = [p for f in frames if (p := place_of(room, f)) is not None]
        series_id, index = places[len(places) // 2] if places else (series[0] if series else "", 0)
        same = self.reading.view.case_id == line.case.id
        self.reading.replace(
            case_id=line.case.id, series_id=series_id, index=index,
            zoom=0.0, center=None, window=None, selection=(),
        )  # fmt: skip
        if same:
            self.canvas.read_again()

    def _forget(self) -> None:
        self._line, self._work, self._threads = None, None, []
        self.model.show([])
        self.layer.show([], [], [])
        self.panel.hide()
        self._stack.setCurrentWidget(self._empty)

    def _frame(self) -> FrameRef | None:
        room, view = self._main.workspace, self.reading.view
        if room is None or not view.series_id:
            return None
        refs = room.frame_refs(view.series_id)
        return refs[view.index] if view.index < len(refs) else None

    def _desk(self) -> ReviewDesk | None:
        room = self._main.workspace
        return room.reviews if room is not None else None

    def _committed(self, event: Event) -> None:
        if self.isVisible() and any(c.kind in _REVIEWED for c in event.changes):
            self.refresh()

    def _take_back(self, way: str, case_id: str) -> None:
        room = self._main.workspace
        if room is None or not case_id:
            return
        if not self._run(lambda: getattr(room, way)(case_id)):
            self._shell.say(f"Nothing to {way} on this case")

    def _run(self, act: Callable[[], object]) -> bool:
        try:
            return act() is not None
        except StoreProblem as error:
            self._main.failed.emit(error)
        except UserError as error:
            self._shell.say_error(error)
        return False
