"""What a reviewer asked about the open case, on the reader's side: pins, threads, and N."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QWidget

from desktop.domain.errors import UserError
from desktop.domain.event import Event
from desktop.domain.review import PinState, ReviewState
from desktop.gui.adjudication.pin_threads import ThreadList, pin_place
from desktop.gui.canvas.pin_layer import PinLayer, place_of_pin
from desktop.gui.goto import current_frame, go_to_frame, go_to_region
from desktop.gui.shell import Shell
from desktop.gui.widgets.furniture import across, down, label, rule
from desktop.interaction.view import ViewState

HEIGHT_PX = 250
_KINDS = ("review", "pin", "comment", "annotation", "mask_slice")


class ReturnedCard(QFrame):
    """Stands above the form while a case is back from review; else it is not there."""

    question_wanted = Signal(str)
    image_wanted = Signal()

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell, self._reading = shell, shell.reading
        self.setProperty("role", "bar")
        self.layer = PinLayer(lambda: current_frame(self._reading), self._selects, self)
        self.layer.chosen.connect(self.go_to)
        column = down(self, gap=0)
        head = across(margins=(14, 10, 12, 4), gap=8)
        self.title = label("", "heading", wrap=True)
        head.addWidget(self.title, 1)
        head.addWidget(label("N", "key"), 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(head)
        self.pins = ThreadList()
        self.pins.chosen.connect(self.go_to)
        self.pins.said.connect(self._answer)
        self.pins.left.connect(self.image_wanted)
        column.addWidget(self.pins)
        column.addWidget(rule())
        self.hide()
        self._reading.committed.connect(self._committed)
        self._reading.view_changed.connect(self._viewed)
        self._reading.opened.connect(lambda _room: self.refresh())

    def refresh(self) -> None:
        """Read the pins of the open case anew."""
        room, view = self._reading.workspace, self._reading.view
        desk = getattr(room, "reviews", None)
        if room is None or desk is None or not view.case_id:
            self._show_none()
            return
        threads = desk.threads(view.case_id)
        review = desk.state(view.case_id)
        if not threads or review is None or review.state is ReviewState.PASSED:
            self._show_none()
            return
        regions = room.annotations(view.case_id)
        self.layer.show(threads, regions, room.mask_slices(view.case_id))
        is_back = review.state is ReviewState.RETURNED
        left = sum(t.pin.state is PinState.OPEN for t in threads)
        if not is_back:
            self.title.setText("With the reviewer again")
        elif left:
            self.title.setText(f"Returned: {left} of {len(threads)} wait for your answer")
        else:
            self.title.setText("All answered: Ctrl+Enter hands it back")
        self.pins.show_threads(
            threads,
            place=lambda pin: pin_place(room, pin, regions),
            who=lambda author: "You" if author == room.reader.id else "Reviewer",
            field=lambda pin: (
                "Your answer, Enter" if is_back and pin.state is not PinState.CLOSED else ""
            ),
            may_settle=lambda _pin: False,
        )
        self.pins.setFixedHeight(min(HEIGHT_PX, self.pins.wanted_height()))
        self.show()

    def next_pin(self) -> None:
        """To the next pin that waits, its place on screen and its field under the hand."""
        found = self.pins.next_pin()
        if found is None:
            self._shell.say("No comment on this case")
            return
        self.go_to(found.pin.id)
        self.pins.focus_field()

    def go_to(self, pin_id: str) -> None:
        """Show the place of a pin."""
        room, view = self._reading.workspace, self._reading.view
        thread = self.pins.thread_of(pin_id)
        if room is None or thread is None:
            return
        self.layer.current = pin_id
        self.pins.mark(pin_id)
        region = room.annotation(thread.pin.annotation_id) if thread.pin.annotation_id else None
        if region is not None:
            go_to_region(self._reading, region)
        where = place_of_pin(thread, room.annotations(view.case_id), room.mask_slices(view.case_id))
        frame_ref = where[0] if where is not None else thread.pin.frame
        if frame_ref is not None:
            go_to_frame(self._reading, view.case_id, frame_ref)
        if where is not None and self._reading.view.zoom:
            self._reading.replace(center=where[1])  # close up, the place might be out of sight
        if thread.pin.question_id:
            self.question_wanted.emit(thread.pin.question_id)

    def _selects(self) -> bool:
        return self._reading.view.tool == "select"

    def _answer(self, pin_id: str, text: str) -> None:
        room, thread = self._reading.workspace, self.pins.thread_of(pin_id)
        if room is None or thread is None:
            return
        try:
            room.reviews.answer(thread.pin, text)
        except UserError as error:
            self._reading.failed.emit(error)
            return
        self.image_wanted.emit()

    def _show_none(self) -> None:
        self.layer.show([], [], [])
        self.hide()

    def _committed(self, event: Event) -> None:
        here = event.case_id in ("", self._reading.view.case_id)
        if here and (not event.case_id or any(c.kind in _KINDS for c in event.changes)):
            if self.isHidden() and not any(c.kind in ("review", "pin") for c in event.changes):
                return  # a stroke on a case without pins costs nothing here
            self.refresh()

    def _viewed(self, old: ViewState, new: ViewState) -> None:
        if old.case_id != new.case_id:
            self.refresh()
