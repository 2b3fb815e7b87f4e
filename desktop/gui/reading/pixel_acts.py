"""The mode "Predict from scribbles": a prediction after each stroke, and what is kept of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QKeyEvent

from desktop.domain.errors import UserError
from desktop.domain.event import Event
from desktop.domain.scribble import ANYTHING_ELSE
from desktop.domain.study import FrameRef
from desktop.gui.canvas.pixel_layer import PixelLayer
from desktop.gui.shell import Shell
from desktop.interaction.view import ViewState

if TYPE_CHECKING:
    from desktop.gui.reading.reading_page import ReadingPage
    from desktop.workspace.images.pixels import Prediction

REST_TOOL = "rest"
_TEACHES = frozenset({"annotation", "mask_slice", "scribble"})
_ACCEPT = frozenset({Qt.Key.Key_Return, Qt.Key.Key_Enter})


class PixelActs(QObject):
    """Handlers of the registry. While the mode is on, Enter, Shift+Enter and Esc are its own.

    ``changed``: the mode went on or off, or a prediction came or went.
    """

    changed = Signal()

    def __init__(self, shell: Shell, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._shell, self._reading = shell, shell.reading
        self.page: ReadingPage | None = None
        self.is_on = False
        self.prediction: Prediction | None = None
        self.words = ""
        self.layer = PixelLayer(self._frame)
        self._decorated: Any = None
        self._soon = QTimer(self)  # several records of one stroke, one prediction
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._predict)
        self._reading.committed.connect(self._committed)
        self._reading.view_changed.connect(self._viewed)
        self._reading.leaving.connect(lambda _room: self._leave())

    # acts ----------------------------------------------------------------------------------

    def toggle_prediction(self) -> None:
        """Predict after each stroke, or stop it."""
        if self.is_on:
            self._leave()
            return
        canvas = self._canvas
        if canvas is None or self._reading.workspace is None:
            return
        if self._decorated is not canvas:
            self._decorated = canvas
            canvas.decorations.append(self.layer.draw)
        self.is_on = True
        canvas.installEventFilter(self)
        self.changed.emit()
        self._predict()

    def paint_rest(self) -> None:
        """Take the brush for anything else and turn the mode on; again: the brush for classes."""
        if self._reading.view.tool == REST_TOOL:
            self._reading.replace(tool="brush")
            return
        if not self.is_on:
            self.toggle_prediction()
        if self.is_on:
            self._reading.replace(tool=REST_TOOL, selection=())

    def accept_component(self) -> None:
        """Keep the predicted region under the pointer."""
        self._accept(whole_class=False)

    def accept_class(self) -> None:
        """Keep all that is predicted of the class under the pointer, else of the one in hand."""
        self._accept(whole_class=True)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The keys of the mode, while the image has them and nothing is being drawn."""
        if not isinstance(event, QKeyEvent):
            return False
        key, held = event.key(), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        plain = held == Qt.KeyboardModifier.NoModifier
        shift = held == Qt.KeyboardModifier.ShiftModifier
        is_ours = (key in _ACCEPT and (plain or shift)) or (key == Qt.Key.Key_Escape and plain)
        if not is_ours or self._canvas is None or self._canvas.is_busy or self._is_chosen():
            return False
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        if event.type() != QEvent.Type.KeyPress:
            return False
        if key == Qt.Key.Key_Escape:
            self._leave()
        elif shift:
            self.accept_class()
        else:
            self.accept_component()
        return True

    # ---------------------------------------------------------------------------------------

    @property
    def _canvas(self) -> Any:
        return self.page.canvas if self.page is not None else None

    def _is_chosen(self) -> bool:
        """Whether a suggestion is chosen: then the keys decide about that one."""
        return bool(self._reading.view.suggestion)

    def _frame(self) -> FrameRef | None:
        room, view = self._reading.workspace, self._reading.view
        if room is None or not view.series_id:
            return None
        refs = room.frame_refs(view.series_id)
        return refs[view.index] if 0 <= view.index < len(refs) else None

    def _predict(self) -> None:
        room, view, frame = self._reading.workspace, self._reading.view, self._frame()
        if not self.is_on or room is None:
            return
        if frame is None:
            self._fail(UserError("No image is open.", "", "Open a case with images first."))
            return
        room.pixels.predict(view.case_id, view.series_id, frame, self._show, self._fail)
        if self.prediction is not None and self.prediction.frame != frame:
            self._draw(None)

    def _show(self, found: Prediction) -> None:
        if self.is_on and found.frame == self._frame():
            self._say("Enter keeps the region under the pointer, Shift+Enter its class.")
            self._draw(found)

    def _fail(self, error: UserError) -> None:
        self._say(" ".join(w for w in (error.title, error.hint) if w))
        self._draw(None)

    def _say(self, words: str) -> None:
        self.words = words
        if self._canvas is not None:
            self._canvas.hint.emit(f"Prediction: {words}")

    def _draw(self, found: Prediction | None) -> None:
        self.prediction = found
        room, frame = self._reading.workspace, self._frame()
        self.layer.show(found, self._colors())
        marks = None
        if self.is_on and room is not None and frame is not None:
            marks = room.pixels.marks(self._reading.view.case_id, frame)
        self.layer.show_marks(marks, frame, self._colors())
        if self._canvas is not None:
            self._canvas.update()
        self.changed.emit()

    def _colors(self) -> dict[int, QColor]:
        schema = self._reading.schema
        return {c.id: QColor(c.color) for c in schema.classes} if schema is not None else {}

    def _accept(self, whole_class: bool) -> None:
        found, room, canvas = self.prediction, self._reading.workspace, self._canvas
        if found is None or room is None or canvas is None:
            self._say(self.words or "Nothing is predicted yet.")
            return
        at = canvas.pointer_at
        class_id, mask = ANYTHING_ELSE, None
        if at is not None:
            class_id, mask = found.mask_at(at[0], at[1], whole_class)
        if whole_class and class_id == ANYTHING_ELSE:
            class_id = self._reading.view.class_id
            mask = found.classes_yx == class_id
        if mask is None:
            self._say("Put the pointer on the region to keep.")
            return
        try:
            command = room.pixels.accepted(found, class_id, mask)
        except UserError as error:
            self._say(error.title)
            return
        self._reading.replace(selection=())
        self._reading.run(command)

    def _leave(self) -> None:
        if not self.is_on:
            return
        self.is_on = False
        room = self._reading.workspace
        if room is not None:
            room.pixels.cancel()
        if self._canvas is not None:
            self._canvas.removeEventFilter(self)
            self._canvas.hint.emit("")
        if self._reading.view.tool == REST_TOOL:
            self._reading.replace(tool="brush")
        self.words = ""
        self._draw(None)

    def _committed(self, event: Event) -> None:
        if self.is_on and any(c.kind in _TEACHES for c in event.changes):
            self._soon.start()

    def _viewed(self, old: ViewState, new: ViewState) -> None:
        places = ("case_id", "series_id", "index")
        if self.is_on and any(getattr(old, k) != getattr(new, k) for k in places):
            self._draw(None)
            self._soon.start()
