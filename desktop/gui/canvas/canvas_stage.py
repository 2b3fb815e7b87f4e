"""What is on the canvas: the series, its frame, the placement, and what follows from events.

The widget around it only knows mouse and keys.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QPointF, QRect, QTimer, Signal
from PySide6.QtGui import QPainter

from desktop.domain.errors import UserError
from desktop.domain.event import Event
from desktop.domain.geometry import XY
from desktop.domain.proposal import Proposal
from desktop.domain.study import Window
from desktop.gui.canvas.canvas_frames import FrameFeed
from desktop.gui.canvas.canvas_hands import Hands, frame_of
from desktop.gui.canvas.canvas_paint import CanvasPainter, Scene, touched_rect
from desktop.gui.canvas.canvas_shapes import View, preview_rect
from desktop.gui.canvas.canvas_sheet import Sheet
from desktop.gui.canvas.canvas_words import corners, message
from desktop.gui.reading.reading import Reading
from desktop.gui.suggestions.suggestion_book import SUGGESTION_KINDS, waiting
from desktop.imaging.display import default_window
from desktop.imaging.frame import Frame
from desktop.imaging.viewport import Placement, place
from desktop.interaction.context import ToolContext
from desktop.interaction.tool import MaskPreview, Preview, ShapePreview
from desktop.interaction.view import ViewState

if TYPE_CHECKING:
    from desktop.workspace.workspace import Workspace

_PATIENCE_MS = 80
_WARM_UP_MS = 250
MakeSheet = Callable[["Workspace", str, str], Sheet]


class Stage(QObject):
    """Hears the two streams. ``redraw`` carries a rectangle in logical pixels, None for all."""

    redraw = Signal(object)
    hinted = Signal(str)
    tool_changed = Signal()
    frame_changed = Signal()
    recovery_offered = Signal(str)

    def __init__(
        self, reading: Reading, parent: QObject | None = None, make_sheet: MakeSheet = Sheet
    ) -> None:
        super().__init__(parent)
        self.reading = reading
        self._make_sheet = make_sheet
        self.sheet: Sheet | None = None
        self.feed = FrameFeed(self)
        self.hands = Hands(reading, lambda: self.placement.zoom / self.ratio, self)
        self.hands.window = self.window
        self.ratio = 1.0
        self.last_tool = ""
        self.asks_itself = True  # about a kept gesture; False where the window does
        self.recovery: dict[str, Any] | None = None
        self._restoring: dict[str, Any] | None = None
        self._painter = CanvasPainter()
        self._size = (1, 1)
        self._placement: Placement | None = None
        self._auto: dict[str, Window] = {}
        self._suggested: tuple[Proposal, ...] | None = None
        self._problem: UserError | None = None
        self._shown: ToolContext | None = None
        self._is_late = False
        self._is_stale = False
        self._is_cold = True
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(_PATIENCE_MS)
        self._patience.timeout.connect(self._lose_patience)
        self._warm_up = QTimer(self)
        self._warm_up.setSingleShot(True)
        self._warm_up.setInterval(_WARM_UP_MS)
        self._warm_up.timeout.connect(self._warm)
        self.feed.changed.connect(self._show_frame)
        self.hands.shown.connect(self._show_previews)
        self.hands.hinted.connect(self.hinted)
        reading.opened.connect(self._take_workspace)
        reading.view_changed.connect(self._take_view)
        reading.committed.connect(self._take_event)
        if reading.workspace is not None:
            self._take_workspace(reading.workspace)
            self._take_view(ViewState(tool=reading.view.tool), reading.view)

    # geometry and window ---------------------------------------------------------------------

    def resize(self, width: int, height: int, ratio: float) -> None:
        """The viewport in device pixels, and how many of them a logical pixel has."""
        if (max(1, width), max(1, height)) != self._size or ratio != self.ratio:
            self._size, self.ratio = (max(1, width), max(1, height)), ratio
            self._moved()

    @property
    def placement(self) -> Placement:
        """Where the frame lies on screen."""
        if self._placement is None:
            view, frame = self.reading.view, self.feed.frame
            rows, columns = (frame.rows, frame.columns) if frame else (1, 1)
            aspect = self.sheet.aspect(frame.ref) if frame and self.sheet else 1.0
            self._placement = place((rows, columns), self._size, view.zoom, view.center, aspect)
        return self._placement

    def image_point(self, at: QPointF) -> XY:
        """The image point under a logical point of the widget."""
        return self.placement.to_image(at.x() * self.ratio, at.y() * self.ratio)

    def window(self) -> Window | None:
        """What is shown just now; None for colour and while nothing is there."""
        frame, view = self.feed.frame, self.reading.view
        if frame is None or frame.is_color:
            return None
        if view.window is not None:
            return view.window
        if frame.windows or self.sheet is None:
            return default_window(frame)
        series_id = self.sheet.series.id
        if series_id not in self._auto:  # one for the series, so that scrolling doesn't flicker
            self._auto[series_id] = default_window(frame)
        return self._auto[series_id]

    @property
    def frame(self) -> Frame | None:
        """The frame that is wanted, once it is there."""
        return self.feed.frame if self.feed.is_current else None

    # painting --------------------------------------------------------------------------------

    def paint(
        self,
        painter: QPainter,
        exposed: QRect,
        regions_shown: bool,
        brush: tuple[QPointF, float, float] | None,
    ) -> None:
        self._settle_overlay()
        sheet, frame, view = self.sheet, self.feed.frame, self.reading.view
        blank = frame is None or self.feed.problem is not None
        waiting = None if self._is_late or blank else self._shown
        context = self._shown = self.hands.context() or waiting
        plane = None
        if sheet is not None and self.frame is not None:
            ref = self.frame.ref
            plane = sheet.instance(ref).plane(ref.frame_index)
        scene = Scene(
            sheet=sheet,
            frame=None if blank else frame,
            context=context,
            placement=self.placement,
            ratio=self.ratio,
            window=self.window(),
            selection=view.selection,
            regions_shown=regions_shown,
            previews=self.hands.previews if regions_shown else (),
            suggestions=self._waiting(),
            suggestion=view.suggestion,
            brush=brush,
            corners=corners(sheet, view, context, self.window(), self.placement.zoom),
            plane=plane,
            message=message(
                self.reading.workspace is not None,
                sheet,
                view,
                self._problem or self.feed.problem,
                self._is_late,
            ),
            banner=self._banner(),
        )
        self._painter.paint(painter, exposed, scene)

    def _waiting(self) -> tuple[Proposal, ...]:
        """Suggestions of the case that nobody has decided about, read once."""
        if self._suggested is None:
            self._suggested = tuple(waiting(self.reading))
        return self._suggested

    def _banner(self) -> str:
        if self.hands.unsaved is not None:
            return "Not saved. Enter tries again, Esc drops it."
        if self.recovery is not None and self.asks_itself:
            return "What you were drawing has been kept. Enter continues it, Esc drops it."
        return ""

    # the two streams -------------------------------------------------------------------------

    def _take_workspace(self, workspace: Workspace | None) -> None:
        self.hands.reset()
        self.sheet, self._problem, self._restoring = None, None, None
        self._auto.clear()
        self._suggested = None
        self.feed.clear()
        self._is_cold = True
        self._warm_up.stop()
        self.recovery = workspace.journaled_gesture() if workspace is not None else None
        if self.recovery is not None:
            self.recovery_offered.emit("What you were drawing has been kept.")
        self._moved()

    def _take_view(self, old: ViewState, new: ViewState) -> None:
        elsewhere = (old.case_id, old.series_id) != (new.case_id, new.series_id)
        if elsewhere or old.index != new.index or old.tool != new.tool:
            self.hands.finish(old.tool)
        self.hands.forget()
        if (old.case_id, old.least_score) != (new.case_id, new.least_score):
            self._suggested = None
        if (old.suggestion, old.least_score) != (new.suggestion, new.least_score):
            self.redraw.emit(None)
        if old.tool != new.tool:
            self.last_tool = old.tool
            self.tool_changed.emit()
            self.hinted.emit(self.hands.tool.info.hint)
        if elsewhere:
            self.feed.frame = None  # never the picture of another case, not even for a moment
            self._open_series(new)
        if elsewhere or old.index != new.index:
            self._want_frame(new)
        if (old.zoom, old.center) != (new.zoom, new.center):
            self._moved()
        if old.selection != new.selection or old.outlines_only != new.outlines_only:
            self._refresh_overlay()
        elif (old.window, old.overlays_visible) != (new.window, new.overlays_visible):
            self.redraw.emit(None)

    def _take_event(self, event: Event) -> None:
        if any(c.kind in SUGGESTION_KINDS for c in event.changes):
            self._suggested = None
            self.redraw.emit(None)
        if self.sheet is None:
            return
        affected = self.sheet.apply(event)
        if affected.sheet:
            self.read_again()
        elif affected.regions:
            self.hands.forget()
            self._refresh_overlay()

    def read_again(self) -> None:
        """Read the series' regions anew: what is to be shown of them is another choice now."""
        self._open_series(self.reading.view)
        self._want_frame(self.reading.view)
        self._show_frame()

    def _open_series(self, view: ViewState) -> None:
        self.sheet, self._problem = None, None
        workspace = self.reading.workspace
        if workspace is not None and view.case_id and view.series_id:
            try:
                self.sheet = self._make_sheet(workspace, view.case_id, view.series_id)
            except UserError as error:
                self._problem = error
        self._shown = None
        self.hands.use(None, None)

    def _want_frame(self, view: ViewState) -> None:
        sheet, workspace = self.sheet, self.reading.workspace
        if sheet is None or workspace is None or not 0 <= view.index < len(sheet.refs):
            self.feed.clear()
        else:
            self.feed.show(workspace, sheet.refs, view.index)

    def _show_frame(self) -> None:
        frame = self.frame
        self.hands.use(self.sheet if frame else None, frame)
        self._is_late = False
        if frame is None and self.feed.wanted is not None and self.feed.problem is None:
            self._patience.start()  # a decoder takes milliseconds; the old picture stays till then
            self._placement = None
            self.frame_changed.emit()
            return
        self._patience.stop()
        if self._is_cold:
            self._is_cold = False
            self._warm_up.start()
        self._moved()
        self._refresh_overlay()
        if self._restoring is not None and frame is not None:
            payload, self._restoring = self._restoring, None
            self.hands.restore(payload)
        self.frame_changed.emit()

    def _warm(self) -> None:
        """The image is there and the hand not yet on it: make ready for the first stroke."""
        workspace, case_id = self.reading.workspace, self.reading.view.case_id
        if workspace is not None and case_id and not self.hands.busy:
            workspace.warm_up(case_id)

    def _lose_patience(self) -> None:
        """The image takes long: say so."""
        self._is_late = True
        self.redraw.emit(None)

    def _moved(self) -> None:
        """The placement has to be computed again."""
        self._placement = None
        self.hands.forget()
        self.redraw.emit(None)

    # regions and what is in hand -------------------------------------------------------------

    def _refresh_overlay(self) -> None:
        """Painted regions are others now; they are drawn with the next picture, once."""
        self._is_stale = True
        self.redraw.emit(None)

    def _settle_overlay(self) -> None:
        """Committed painted regions, with those in hand on top."""
        if not self._is_stale:
            return
        context, frame = self.hands.context(), self.frame
        if context is not None and frame is not None and self.sheet is not None:
            outlines = self.reading.view.outlines_only
            self._painter.refresh_overlay(frame, context, self.sheet, outlines)
            for preview in self.hands.previews:
                if isinstance(preview, MaskPreview):
                    self._painter.stroke(preview, self.sheet, context.selection, whole=True)
            self._is_stale = False

    def _show_previews(self, before: tuple[Preview, ...], after: tuple[Preview, ...]) -> None:
        """Draw again what the change of previews touches, and no more."""
        masks = [p for p in after if isinstance(p, MaskPreview)]
        ended = {p.annotation_id for p in before if isinstance(p, MaskPreview)}
        begun = {p.annotation_id for p in masks} - ended
        ended -= {p.annotation_id for p in masks}
        if ended:
            self._refresh_overlay()
        for preview in masks:
            if self.sheet is not None:
                self._settle_overlay()
                self._painter.stroke(preview, self.sheet, self.reading.view.selection)
                self.redraw.emit(touched_rect(self.placement, self.ratio, preview.touched))
        shapes = [p for p in (*before, *after) if isinstance(p, ShapePreview)]
        replaced = {p.replaces for p in before if isinstance(p, ShapePreview)} ^ {
            p.replaces for p in after if isinstance(p, ShapePreview)
        }
        if begun or any(replaced):
            self.redraw.emit(None)
            return
        view = View(self.placement, self.ratio)
        for shape in shapes:
            self.redraw.emit(preview_rect(view, shape))

    # recovery --------------------------------------------------------------------------------

    def recover(self) -> None:
        """Go to the frame of the journaled gesture and take it in hand again."""
        payload, self.recovery = self.recovery, None
        workspace = self.reading.workspace
        if payload is None or workspace is None:
            return
        try:
            workspace.case(payload["case_id"])
            index = workspace.frame_refs(payload["series_id"]).index(frame_of(payload))
        except (UserError, ValueError):
            self.drop_recovery()
            self.hinted.emit("The image of the kept gesture is gone.")
            return
        self.reading.replace(
            case_id=payload["case_id"],
            series_id=payload["series_id"],
            index=index,
            tool=payload["tool"],
            class_id=payload["class_id"],
            selection=(),
        )
        self._restoring = payload
        self._show_frame()

    def drop_recovery(self) -> None:
        """Forget the journaled gesture."""
        self.recovery = None
        if self.reading.workspace is not None:
            self.reading.workspace.clear_journal()
        self.redraw.emit(None)
