"""The mode "Ask about patches": the image asks what a patch is, digits answer, a prediction learns.

It goes along with the mode "Predict from scribbles", which shows what the answers teach.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPainterPath, QPen

from desktop.domain.errors import UserError
from desktop.domain.event import Event
from desktop.domain.scribble import ANYTHING_ELSE, Scribble
from desktop.domain.study import FrameRef
from desktop.gui.goto import current_frame, go_to_frame
from desktop.gui.reading.pixel_acts import PixelActs
from desktop.gui.shell import Shell
from desktop.imaging.viewport import Placement
from desktop.interaction.view import ViewState

if TYPE_CHECKING:
    from desktop.gui.reading.patch_card import PatchCard
    from desktop.gui.reading.reading_page import ReadingPage
    from desktop.workspace.images.patches import Patch

_HINT = (
    "Digits say what the patch is, 0: anything else, Backspace: can't say, Esc ends. "
    "Enter keeps the predicted region under the pointer."
)
_RIM, _SHADOW = QColor(255, 255, 255), QColor(0, 0, 0, 190)


class PatchActs(QObject):
    """Handlers of the registry. While the mode is on, digits, Backspace and Esc on the image are
    its own. ``changed``: the mode went on or off, or another patch is asked about."""

    changed = Signal()

    def __init__(self, shell: Shell, pixels: PixelActs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._shell, self._reading, self._pixels = shell, shell.reading, pixels
        self.is_on = False
        self.waiting: list[Patch] = []
        self._answered: list[Patch] = []
        self.layer = PatchLayer(lambda: current_frame(self._reading))
        self._decorated: Any = None
        self._page: ReadingPage | None = None
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._look)
        self._reading.view_changed.connect(self._viewed)
        self._reading.committed.connect(self._committed)
        self._reading.leaving.connect(lambda _room: self.leave())
        pixels.changed.connect(self._prediction_changed)

    @property
    def page(self) -> ReadingPage | None:
        return self._page

    @page.setter
    def page(self, page: ReadingPage) -> None:
        self._page = page
        card = page.panel.patch
        card.given.connect(self.answer)
        card.passed.connect(self.pass_over)
        card.left.connect(self.leave)
        card.image_wanted.connect(self.go_to_doubt)

    @property
    def patch(self) -> Patch | None:
        """The one that is asked about."""
        return self.waiting[0] if self.waiting else None

    def toggle_asking(self) -> None:
        """Ask about patches of this image, or stop it."""
        if self.is_on:
            self.leave()
            return
        room, canvas, card = self._reading.workspace, self._canvas, self._card
        if room is None or canvas is None or card is None:
            return
        view = self._reading.view
        why = room.patches.why_not(view.case_id, current_frame(self._reading))
        if why is not None:
            self._shell.say_error(why)
            return
        if self._decorated is not canvas:
            self._decorated = canvas
            canvas.decorations.append(self.layer.draw)
        if not self._pixels.is_on:
            self._pixels.toggle_prediction()
        self.is_on = True
        self._answered = []
        canvas.installEventFilter(self)  # after the prediction's, so that it hears keys first
        canvas.setFocus(Qt.FocusReason.OtherFocusReason)
        self._look()

    def answer(self, class_id: int) -> None:
        """What the patch is; 0: anything else."""
        room, patch = self._reading.workspace, self.patch
        if room is None or patch is None:
            return
        if self._reading.run(room.patches.answered(patch, class_id)) is None:
            return
        self._answered.append(patch)
        self._go_on()

    def pass_over(self) -> None:
        """Nobody can say what this patch is."""
        room, patch = self._reading.workspace, self.patch
        if room is not None and patch is not None:
            room.patches.pass_over(patch)
            self._go_on()

    def go_to_doubt(self) -> None:
        """On to the image of the series that would teach most, and ask there."""
        room, view = self._reading.workspace, self._reading.view
        if room is None:
            return

        def done(frame: FrameRef) -> None:
            if self._reading.view.series_id != view.series_id:
                return
            go_to_frame(self._reading, view.case_id, frame)
            if not self.is_on:
                self.toggle_asking()

        self.waiting = []
        if self.is_on:
            self._show()
        room.patches.start_next_image(view.case_id, view.series_id, done, self._lost)

    def _lost(self, error: UserError) -> None:
        self._shell.say_error(error)
        if self.is_on:
            self._look()

    def leave(self) -> None:
        """Ask no more; the prediction stays."""
        if not self.is_on:
            return
        self.is_on = False
        room = self._reading.workspace
        if room is not None:
            room.patches.cancel()
        self.waiting, self._answered = [], []
        if self._canvas is not None:
            self._canvas.removeEventFilter(self)
        self._show()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The keys of the mode, while the image has them and nothing is being drawn."""
        if not isinstance(event, QKeyEvent) or self._canvas is None or self._canvas.is_busy:
            return False
        act = self._act_of(event)
        if act is None:
            return False
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        if event.type() != QEvent.Type.KeyPress:
            return False
        act()
        return True

    # ---------------------------------------------------------------------------------------

    @property
    def _canvas(self) -> Any:
        return self._page.canvas if self._page is not None else None

    @property
    def _card(self) -> PatchCard | None:
        return self._page.panel.patch if self._page is not None else None

    def _act_of(self, event: QKeyEvent) -> Callable[[], object] | None:
        held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if held != Qt.KeyboardModifier.NoModifier:
            return None
        if event.key() == Qt.Key.Key_Escape:
            return self.leave
        if event.key() == Qt.Key.Key_Backspace:
            return self.pass_over
        schema, digit = self._reading.schema, event.text()
        if schema is None or not digit.isdecimal():
            return None
        keys = {c.key: c.id for c in schema.classes if c.key} | {"0": ANYTHING_ELSE}
        if digit not in keys:
            return None
        return lambda: self.answer(keys[digit])

    def _look(self) -> None:
        """Ask for the next patches of the image in view."""
        room, view, frame = (
            self._reading.workspace,
            self._reading.view,
            current_frame(self._reading),
        )
        if not self.is_on or room is None:
            return
        self.waiting = []
        self._show()
        if frame is None:
            return
        room.patches.start(view.case_id, view.series_id, frame, self._take, self._fail)

    def _take(self, found: tuple[Patch, ...]) -> None:
        if not self.is_on:
            return
        self.waiting = list(found)
        self._show()
        if not found and self._card is not None:
            self._card.say("Every patch of this image was answered, painted or left alone.")

    def _fail(self, error: UserError) -> None:
        if self.is_on and self._card is not None:
            self._card.say(" ".join(w for w in (error.title, error.hint) if w))

    def _go_on(self) -> None:
        self.waiting = self.waiting[1:]
        if self.waiting:
            self._show()
        else:
            self._look()

    def _show(self) -> None:
        card, patch, schema = self._card, self.patch, self._reading.schema
        self.layer.show(patch)
        if card is not None:
            if self.is_on and schema is not None:
                card.offer(schema)
                reason = patch.reason if patch else ""
                card.ask(reason, patch.between if patch else (), len(self._answered))
            card.setVisible(self.is_on)
            assert self._page is not None
            self._page.panel.help.setVisible(not self.is_on)  # room in a small window; F1 has it
        view = self._reading.view
        if patch is not None and view.zoom > 0:
            self._reading.replace(center=patch.middle_xy)
        if self._canvas is not None:
            self._canvas.update()
        self.changed.emit()

    def _committed(self, event: Event) -> None:
        """An answer that was taken back is asked about again."""
        gone = [c for c in event.changes if c.kind == Scribble.kind and c.after is None]
        if self.is_on and gone and self._answered:
            self.waiting.insert(0, self._answered.pop())
            self._show()

    def _viewed(self, old: ViewState, new: ViewState) -> None:
        if not self.is_on:
            return
        if old.case_id != new.case_id:
            self.leave()
        elif (old.series_id, old.index) != (new.series_id, new.index):
            self.waiting, self._answered = [], []
            self._soon.start()

    def _prediction_changed(self) -> None:
        if not self._pixels.is_on:
            self.leave()
        elif self.is_on and self._canvas is not None:
            self._canvas.hint.emit(_HINT)


class PatchLayer:
    """Draws the rim of the patch that is asked about. ``frame`` tells which image is shown."""

    def __init__(self, frame: Callable[[], FrameRef | None]) -> None:
        self._frame = frame
        self._of: FrameRef | None = None
        self._rim = QPainterPath()

    def show(self, patch: Patch | None) -> None:
        """Take a patch; None: draw nothing."""
        from desktop.gui.canvas.canvas_suggestions import outline

        self._of = patch.frame if patch is not None else None
        self._rim = outline(patch.mask_yx) if patch is not None else QPainterPath()

    def draw(self, painter: QPainter, placement: Placement, ratio: float) -> None:
        """A decoration of the canvas."""
        if self._of is None or self._frame() != self._of:
            return
        painter.save()
        painter.translate(placement.x / ratio, placement.y / ratio)
        painter.scale(placement.zoom / ratio, placement.zoom_y / ratio)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for tint, wide in ((_SHADOW, 5.0), (_RIM, 2.5)):
            pen = QPen(tint, wide)
            pen.setCosmetic(True)
            painter.setPen(pen)
            painter.drawPath(self._rim)
        painter.restore()
