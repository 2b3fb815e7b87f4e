"""The hand on the canvas: passes events to the tool and what comes back to the reading."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.commands.annotation import PaintMask
from desktop.domain.annotation import Provenance
from desktop.domain.contracts import Command
from desktop.domain.errors import StoreProblem, UserError
from desktop.domain.study import FrameRef, Window
from desktop.gui.canvas.canvas_sheet import Sheet
from desktop.gui.reading.reading import Reading
from desktop.gui.suggestions.waited_prompter import Waited
from desktop.imaging.frame import Frame
from desktop.interaction.context import ToolContext
from desktop.interaction.event import GestureEvent, KeyEvent
from desktop.interaction.prompting import Prompted, PromptProblem
from desktop.interaction.tool import Preview, Tool, ToolUpdate
from desktop.interaction.tools import make_tools
from desktop.interaction.view import ViewState
from desktop.version import __version__

_JOURNAL_MS = 1000
_NOT_PAINTED = (
    "Nothing is painted: these pixels belong to a region that is locked or outlined, and the two "
    "classes share none."
)


@dataclass(frozen=True)
class Unsaved:
    """A finished gesture that could not be written, with what was in hand."""

    command: Command
    selection: tuple[str, ...] | None
    preview: tuple[Preview, ...]


class Hands(QObject):
    """One tool in hand, its preview, and the crash journal.

    ``shown`` carries the previews before and after; ``hinted`` a sentence; ``pointed`` the name
    of a pointer shape ("" for the tool's own).
    """

    shown = Signal(object, object)
    hinted = Signal(str)
    pointed = Signal(str)

    def __init__(
        self, reading: Reading, zoom: Callable[[], float], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._reading = reading
        self._zoom = zoom
        self.window: Callable[[], Window | None] = lambda: None
        self._tools = make_tools()
        self._context: ToolContext | None = None
        self._sheet: Sheet | None = None
        self._frame: Frame | None = None
        self._failed: UserError | None = None
        self._journaled = False
        self.previews: tuple[Preview, ...] = ()
        self.unsaved: Unsaved | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(_JOURNAL_MS)
        self._timer.timeout.connect(self._journal)
        reading.failed.connect(self._note_failure)

    # the tool --------------------------------------------------------------------------------

    @property
    def tool(self) -> Tool:
        return self._tools.get(self._reading.view.tool) or self._tools["select"]

    @property
    def busy(self) -> bool:
        """Whether a gesture is in hand."""
        return self.tool.busy

    def use(self, sheet: Sheet | None, frame: Frame | None) -> None:
        """Work on this frame from now on; None: there is nothing to draw on."""
        self._sheet, self._frame = sheet, frame
        self._context = None

    def reset(self) -> None:
        """Another project: let go of everything without touching its journal."""
        for tool in self._tools.values():
            tool.cancel()
        self._timer.stop()
        self._journaled = False
        self.previews, self.unsaved = (), None
        self.use(None, None)

    def forget(self) -> None:
        """Something that tools may know has changed."""
        self._context = None

    def handle(self, event: GestureEvent) -> None:
        """Pass an event to the tool in hand."""
        if self.unsaved is not None and isinstance(event, KeyEvent):
            self._answer_unsaved(event.key)
            return
        context = self.context()
        if context is not None:
            self._take(self.tool.handle(event, context), context)

    def finish(self, tool_name: str = "") -> bool:
        """Bring the gesture in hand to its end; True where there was one."""
        tool = self._tools.get(tool_name, self.tool)
        context = self.context()
        if not tool.busy or context is None:
            return False
        self._take(tool.finish(context), context)
        return True

    def cancel(self) -> bool:
        """Drop the gesture in hand; True where there was one."""
        was_busy = self.busy
        self._take(self.tool.cancel(), None)
        return was_busy

    def context(self) -> ToolContext | None:
        """What the tool may know just now; None while no frame is there."""
        if self._context is None and self._sheet is not None and self._frame is not None:
            plain = _context(self._sheet, self._frame, self._reading.view, self._zoom())
            self._context = self._with_model(plain)
        return self._context

    def _with_model(self, context: ToolContext) -> ToolContext:
        """What the prompt tool needs besides; the models load when it is in hand."""
        room = self._reading.workspace
        if room is None or self.tool.info.name != "prompt":
            return context
        return replace(
            context,
            window=self.window(),
            prompter=Waited(room.models.prompter, self._reading.waiting.emit),
            prompted=self._answered,
        )

    def _answered(self, answer: Prompted | PromptProblem) -> None:
        """A model's answer to the tool that asked, while it still is in hand."""
        context = self.context()
        if context is not None and self.tool.info.name == "prompt":
            self._take(self.tool.answered(answer, context), context)

    def _take(self, update: ToolUpdate, context: ToolContext | None) -> None:
        """Run the command, then show what is in hand, so that nothing flickers between."""
        before = self.previews
        if update.command is not None:
            self._run(update, before)
        elif update.selection is not None:
            self._reading.replace(selection=update.selection)
        if update.view:
            self._reading.replace(**update.view)
        self.previews = update.preview if self.unsaved is None else self.unsaved.preview
        if before or self.previews:
            self.shown.emit(before, self.previews)
        if update.hint is not None:
            self.hinted.emit(update.hint)
        self.pointed.emit(update.cursor)
        self._watch()

    def _run(self, update: ToolUpdate, in_hand: tuple[Preview, ...]) -> None:
        assert update.command is not None
        self._failed = None
        event = self._reading.run(update.command)
        if event is None and self._failed is None and isinstance(update.command, PaintMask):
            self.hinted.emit(_NOT_PAINTED)
            return
        workspace = self._reading.workspace
        writable = workspace is not None and not workspace.read_only
        if isinstance(self._failed, StoreProblem) and writable:
            self.unsaved = Unsaved(update.command, update.selection, in_hand)
            self.hinted.emit("Not saved yet. Enter tries again, Esc drops it.")
        elif self._failed is None and update.selection is not None:
            self._reading.replace(selection=update.selection)

    def _answer_unsaved(self, key: str) -> None:
        kept, self.unsaved = self.unsaved, None
        assert kept is not None
        if key == "Enter":
            update = ToolUpdate(command=kept.command, selection=kept.selection)
            self._take(replace(update, preview=()), None)
        elif key == "Escape":
            self._take(ToolUpdate(), None)
        else:
            self.unsaved = kept

    def _note_failure(self, error: UserError) -> None:
        self._failed = error

    # the journal -----------------------------------------------------------------------------

    def _watch(self) -> None:
        """Journal while a gesture lasts; clear the journal once it is over."""
        if self.busy and not self._timer.isActive():
            self._timer.start()
        elif not self.busy and (self._timer.isActive() or self._journaled):
            self._timer.stop()
            if self._journaled and self._reading.workspace is not None:
                self._reading.workspace.clear_journal()
            self._journaled = False

    def _journal(self) -> None:
        workspace, context = self._reading.workspace, self._context
        state = self.tool.snapshot()
        if workspace is None or context is None or state is None or workspace.read_only:
            return
        payload = {
            "tool": self.tool.info.name,
            "case_id": context.case_id,
            "series_id": context.series_id,
            "instance_id": context.frame.instance_id,
            "frame_index": context.frame.frame_index,
            "class_id": context.class_id,
            "state": state,
        }
        try:
            workspace.journal_gesture(payload)
        except UserError as error:
            self.hinted.emit(f"What you are drawing is not kept safe yet. {error.title}")
            return
        self._journaled = True

    def restore(self, payload: dict[str, Any]) -> None:
        """Take a journaled gesture up again; the view already shows its frame and tool."""
        context = self.context()
        if context is not None:
            self._journaled = True
            self._take(self.tool.restore(payload["state"], context), context)


def frame_of(payload: dict[str, Any]) -> FrameRef:
    """The frame of a journaled gesture."""
    return FrameRef(
        instance_id=str(payload["instance_id"]), frame_index=int(payload["frame_index"])
    )


def _context(sheet: Sheet, frame: Frame, view: ViewState, zoom: float) -> ToolContext:
    workspace = sheet.workspace
    return ToolContext(
        case_id=sheet.case.id,
        series_id=sheet.series.id,
        reader_id=workspace.reader.id,
        frame=frame.ref,
        rows=frame.rows,
        columns=frame.columns,
        schema=sheet.schema,
        class_id=view.class_id,
        zoom=zoom,
        new_id=workspace.new_id,
        annotations=sheet.regions_on(frame.ref),
        painted=sheet.painted_on(frame.ref),
        series_masks=sheet.masks(),
        calibrations=sheet.calibrations(frame.ref),
        selection=view.selection,
        options={"brush_radius": view.brush_radius, "brush_unit": view.brush_unit},
        pixels_sha256=frame.pixels_sha256,
        provenance=Provenance(app_version=__version__),
    )
