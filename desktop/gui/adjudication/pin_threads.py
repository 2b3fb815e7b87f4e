"""Pins as a list: where, what was said, and the field for the next word."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QLineEdit, QScrollArea, QWidget

from desktop.domain.errors import UserError
from desktop.domain.review import PinState
from desktop.gui.widgets.furniture import across, clear, down, frame, label, push, reset_role

if TYPE_CHECKING:
    from desktop.domain.annotation import Annotation
    from desktop.domain.review import Pin
    from desktop.workspace.claims.reviews import Thread
    from desktop.workspace.workspace import Workspace

_STATES = {
    PinState.OPEN: ("open", "warn"),
    PinState.ANSWERED: ("answered", "ok"),
    PinState.CLOSED: ("settled", "muted"),
}


def pin_place(room: Workspace, pin: Pin, regions: Sequence[Annotation]) -> str:
    """Where a pin stands, in words."""
    schema = room.schema(pin.case_id)
    words = []
    region = next((a for a in regions if a.id == pin.annotation_id), None)
    try:
        if region is not None and schema is not None:
            words.append(schema.label_class(region.label.class_id).name)
        elif pin.annotation_id:
            words.append("A region that is gone")
        if pin.question_id and schema is not None:
            words.append(schema.question(pin.question_id).text)
    except UserError:  # the case is read with a schema now that does not have it
        words.append("What the schema no longer has")
    if pin.frame is not None:
        series_id = room.instance(pin.frame.instance_id).series_id
        refs = room.frame_refs(series_id)
        if pin.frame in refs:
            words.append(f"image {refs.index(pin.frame) + 1}")
    text = " · ".join(words) or "The whole case"
    return text[:1].upper() + text[1:]


class ThreadCard(QFrame):
    """One pin. The one in hand shows all that was said and a field."""

    chosen = Signal(str)
    said = Signal(str, str)  # the pin's id, the words
    settled = Signal(str)

    def __init__(
        self, thread: Thread, place: str, who: Callable[[str], str], *, field: str, may_settle: bool
    ) -> None:
        super().__init__()
        self.pin_id = thread.pin.id
        self.setProperty("role", "card")
        column = down(self, (10, 8, 10, 8), 4)
        head = across(gap=6)
        head.addWidget(label(str(thread.number), "key"))
        head.addWidget(label(place, "heading", wrap=True), 1)
        words, role = _STATES[thread.pin.state]
        head.addWidget(label(words, role))
        column.addLayout(head)
        for comment in thread.comments:
            line = label(f"{who(comment.author_id)}: {comment.text}", wrap=True)
            line.setToolTip(comment.time_utc)
            column.addWidget(line)
        self.field = ReplyField()
        self.field.setPlaceholderText(field)
        self.field.setAccessibleName(f"{field}, comment {thread.number}")
        self.field.setVisible(bool(field))
        self.field.returnPressed.connect(self._say)
        column.addWidget(self.field)
        if may_settle:
            row = across(gap=6)
            row.addStretch(1)
            settle = push("Settle", "link", tip="Nothing is left to say about it (S)")
            settle.clicked.connect(lambda: self.settled.emit(self.pin_id))
            row.addWidget(settle)
            column.addLayout(row)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        self.chosen.emit(self.pin_id)

    def set_current(self, on: bool) -> None:
        reset_role(self, "over", "true" if on else "false")

    def _say(self) -> None:
        if self.field.text().strip():
            self.said.emit(self.pin_id, self.field.text())


class ThreadList(QScrollArea):
    """All pins of one reader's case."""

    chosen = Signal(str)
    said = Signal(str, str)
    settled = Signal(str)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inside = QWidget()
        self._column = down(inside, (12, 8, 12, 8), 8)
        self.setWidget(inside)
        self._threads: list[Thread] = []
        self.cards: list[ThreadCard] = []
        self.current = ""

    def show_threads(
        self,
        threads: Sequence[Thread],
        place: Callable[[Pin], str],
        who: Callable[[str], str],
        field: Callable[[Pin], str],
        may_settle: Callable[[Pin], bool],
    ) -> None:
        """Show pins; ``field`` says what may be written, "" for nothing."""
        self._threads = list(threads)
        clear(self._column)
        self.cards = []
        for thread in threads:
            card = ThreadCard(
                thread, place(thread.pin), who,
                field=field(thread.pin), may_settle=may_settle(thread.pin),
            )  # fmt: skip
            card.chosen.connect(self.chosen)
            card.said.connect(self.said)
            card.settled.connect(self.settled)
            card.field.left = self.left.emit
            self.cards.append(card)
            self._column.addWidget(card)
        self._column.addStretch(1)
        self.mark(self.current)

    def wanted_height(self) -> int:
        """Pixels that show all cards without scrolling."""
        width = max(200, self.viewport().width() - 24)
        layouts = [layout for c in self.cards if (layout := c.layout()) is not None]
        heights = [layout.heightForWidth(width) for layout in layouts]
        return sum(heights) + 8 * (len(heights) + 1)

    def mark(self, pin_id: str) -> None:
        """Show which pin is in hand."""
        self.current = pin_id
        for card in self.cards:
            card.set_current(card.pin_id == pin_id)
            if card.pin_id == pin_id:
                self.ensureWidgetVisible(card)

    def focus_field(self) -> None:
        """Put the keyboard into the field of the pin in hand."""
        for card in self.cards:
            if card.pin_id == self.current and not card.field.isHidden():
                card.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def thread_of(self, pin_id: str) -> Thread | None:
        return next((t for t in self._threads if t.pin.id == pin_id), None)

    def next_pin(self) -> Thread | None:
        """The pin after the one in hand, those that wait before the others, all around."""
        waiting = [t for t in self._threads if t.pin.state is PinState.OPEN] or self._threads
        if not waiting:
            return None
        ids = [t.pin.id for t in waiting]
        at = ids.index(self.current) + 1 if self.current in ids else 0
        return waiting[at % len(waiting)]


class ReplyField(QLineEdit):
    """A field in which Esc goes back to the image."""

    def __init__(self) -> None:
        super().__init__()
        self.left: Callable[[], None] = lambda: None
        self.setToolTip("Enter says it, Esc goes back to the image")

    def event(self, event):  # type: ignore[no-untyped-def]
        if event.type() == event.Type.ShortcutOverride and event.key() == Qt.Key.Key_Escape:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left()
            return
        super().keyPressEvent(event)


def small_rule_card(text: str, role: str = "muted") -> QFrame:
    """A line of words on a surface of its own."""
    card = frame("topbar")
    column = down(card, (12, 8, 12, 8), 2)
    column.addWidget(label(text, role, wrap=True))
    return card
