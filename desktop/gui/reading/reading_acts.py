"""What keys, menus and buttons do to the case on screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QApplication

from desktop.commands.annotation import DeleteAnnotations, LockAnnotation, RelabelAnnotations
from desktop.commands.project import MarkCase, SetNoFinding
from desktop.domain.account import SettingKey
from desktop.domain.errors import StoreProblem, UserError
from desktop.domain.event import Event
from desktop.domain.task import AssignmentState
from desktop.gui.actions import TOOLS
from desktop.gui.form.form_answers import take_defaults
from desktop.gui.goto import (
    current_frame,
    frame_count,
    go_to_frame,
    go_to_index,
    go_to_region,
    open_case,
    pick_class,
    step_frame,
)
from desktop.gui.shell import Shell
from desktop.gui.window.window_presets import take_preset
from desktop.interaction.view import ViewState
from desktop.workspace.schemas.closing import shared_pixels
from desktop.workspace.schemas.open_questions import counted, open_questions

if TYPE_CHECKING:
    from desktop.gui.reading.reading_page import ReadingPage


class ReadingActs:
    """Handlers of the registry for the reading page; each is one act of the person."""

    def __init__(self, shell: Shell) -> None:
        self._shell, self._reading = shell, shell.reading
        self.page: ReadingPage | None = None
        self._tool_before = "select"
        self._warned_case = ""
        self.ask_signature: Callable[[str, bool], None] | None = None
        self.stop_unlocked: Callable[[str], bool] | None = None
        self._reading.view_changed.connect(self._viewed)

    # tools ---------------------------------------------------------------------------------

    def choose_tool(self, name: str) -> None:
        if name not in TOOLS:
            return
        self._finish_gesture()
        self._reading.replace(tool=name)
        # choosing the tool in hand again must not leave its button unlit
        self._shell.tool_shown.emit()

    def swap_tools(self) -> None:
        self.choose_tool(self._tool_before)

    def resize_brush(self, step: int) -> None:
        view = self._reading.view
        radius = view.brush_radius
        change = max(1.0, round(radius * 0.15))
        self._reading.replace(brush_radius=min(500.0, max(1.0, round(radius + step * change))))
        self._shell.settings.set("brush_radius", self._reading.view.brush_radius)

    # image ---------------------------------------------------------------------------------

    def fit(self) -> None:
        self._canvas("fit")

    def one_to_one(self) -> None:
        self._canvas("one_to_one")

    def zoom(self, factor: float) -> None:
        self._canvas("zoom_by", factor)

    def step_frame(self, step: int) -> None:
        step_frame(self._reading, step)

    def edge_frame(self, side: int) -> None:
        go_to_index(self._reading, 0 if side < 0 else frame_count(self._reading) - 1)

    def play(self) -> None:
        if self.page is not None:
            self.page.bar.toggle_play()

    def auto_window(self) -> None:
        self._canvas("auto_window")

    def reset_window(self) -> None:
        self._reading.replace(window=None)

    def take_preset(self, number: int) -> None:
        take_preset(self._reading, number)

    def toggle_overlays(self) -> None:
        self._reading.replace(overlays_visible=not self._reading.view.overlays_visible)

    def toggle_outlines(self) -> None:
        self._reading.replace(outlines_only=not self._reading.view.outlines_only)

    # regions -------------------------------------------------------------------------------

    def undo(self) -> None:
        self._take_back("undo")

    def redo(self) -> None:
        self._take_back("redo")

    def delete_selection(self) -> None:
        ids = self._selected()
        if ids and self._run(DeleteAnnotations(case_id=self._case, annotation_ids=ids)):
            self._reading.replace(selection=())
            what = "Region deleted" if len(ids) == 1 else f"{len(ids)} regions deleted"
            self._shell.say(what, act="Undo", on_act=self.undo, case_id=self._case)

    def lock_selection(self) -> None:
        room = self._reading.workspace
        ids = set(self._selected())
        chosen = [a for a in room.annotations(self._case) if a.id in ids] if room else []
        locked = not all(a.locked for a in chosen)
        for region in chosen:
            self._run(LockAnnotation(case_id=self._case, annotation_id=region.id, locked=locked))

    def relabel(self, number: int) -> None:
        known = self.page.panel.labels.class_by_key(number) if self.page else None
        ids = self._selected()
        if known is not None and ids:
            self._run(RelabelAnnotations(case_id=self._case, annotation_ids=ids, class_id=known.id))

    def step_region(self, step: int) -> None:
        room = self._reading.workspace
        regions = room.annotations(self._case) if room else []
        if not regions:
            return
        ids = [a.id for a in regions]
        chosen = self._reading.view.selection
        at = ids.index(chosen[0]) + step if chosen and chosen[0] in ids else min(0, step)
        go_to_region(self._reading, regions[at % len(regions)])

    # form and case -------------------------------------------------------------------------

    def digit(self, number: int) -> None:
        """An answer while the form has the focus, else a class."""
        if self.page is None:
            return
        focused = QApplication.focusWidget()
        form = self.page.panel.form
        if focused is not None and form.isAncestorOf(focused):
            form.digit(number)
            return
        known = self.page.panel.labels.class_by_key(number)
        if known is not None:
            pick_class(self._reading, known.id)

    def swap_focus(self) -> None:
        if self.page is None:
            return
        if not self.page.panel.isVisible():
            self.page.panel.show()
        self.page.panel.show_tab("Form")
        self.page.panel.form.take_focus()

    def next_pin(self) -> None:
        """The next comment of a returned case, with its answer's field under the hand."""
        if self.page is not None:
            self.page.panel.show()
            self.page.panel.returned.next_pin()

    def no_finding(self) -> None:
        room = self._reading.workspace
        if room is None:
            return
        now = room.assignment(self._case).no_finding
        self._run(SetNoFinding(case_id=self._case, no_finding=not now))
        if self.page is not None:
            self.page.panel.form.refresh()

    def skip_case(self) -> None:
        if self.page is not None:
            self._finish_gesture()
            self.page.panel.show()
            self.page.panel.show_tab("Form")
            self.page.panel.form.footer.ask_reason()

    def flag_case(self) -> None:
        if self.page is not None:
            self.page.panel.show()
            self.page.panel.show_tab("Form")
            self.page.panel.form.footer.ask_flag()

    def comment_case(self) -> None:
        if self.page is not None:
            self.page.panel.show()
            self.page.panel.show_tab("Form")
            self.page.panel.form.comment()

    def mark_done(self) -> None:
        """Close the case and open the next one; an open question stops it, once."""
        room = self._reading.workspace
        if room is None or self.page is None:
            return
        self._finish_gesture()
        self.page.panel.form.keep_typing()
        case_id = self._case
        if room.assignment(case_id).state.is_closed:
            self._run(MarkCase(case_id=case_id, state=AssignmentState.OPEN))
            return
        take_defaults(self._reading, case_id)
        if self._something_open(case_id):
            return
        if self.stop_unlocked is not None and self.stop_unlocked(case_id):
            return
        signing = room.accounts.setting(SettingKey.SIGNATURES)
        if signing != "none" and self.ask_signature is not None:
            self.ask_signature(case_id, signing == "password")
        elif self._run(MarkCase(case_id=case_id, state=AssignmentState.DONE)):
            self.after_closing(case_id)

    def after_closing(self, case_id: str) -> None:
        """Go on to the next open case after this one; say so where there is none."""
        room = self._reading.workspace
        if room is None:
            return
        number = room.case_position(case_id) + 1
        skipped = room.assignment(case_id).state is AssignmentState.SKIPPED
        said = f"Case {number:,} {'skipped' if skipped else 'done'}"
        told = room.gold.feedback(case_id)
        if told is not None:
            said += f": {told.sentence}"
        lines = "\n".join(told.lines) if told else ""
        kind = "info" if told is None else "ok" if told.right == told.asked else "warn"
        if self.page is not None and self.page.panel.round.holds(case_id):
            through = self.page.panel.round.go_on(case_id)
            said, kind = (f"{said}. {through}", "ok") if through else (said, kind)
        elif following := self._next_open(case_id):
            open_case(self._reading, following)
        else:
            said, kind = f"{said}. No case is open any more.", "ok"
            lines = lines or "All are done or skipped."
        self._shell.say(said, lines, kind, "Undo", lambda: self._reopen(case_id))

    def step_case(self, step: int) -> None:
        room = self._reading.workspace
        other = room.neighbour(self._case, step) if room and self._case else None
        if other:
            self._finish_gesture()
            open_case(self._reading, other)

    # ---------------------------------------------------------------------------------------

    def _viewed(self, old: ViewState, new: ViewState) -> None:
        if old.tool != new.tool:
            self._tool_before = old.tool

    @property
    def _case(self) -> str:
        return self._reading.view.case_id

    def _selected(self) -> tuple[str, ...]:
        return self._reading.view.selection

    def _run(self, command: Any) -> bool:
        return self._reading.run(command) is not None

    def _canvas(self, method: str, *arguments: Any) -> None:
        if self.page is not None and self.page.canvas is not None:
            getattr(self.page.canvas, method)(*arguments)

    def _finish_gesture(self) -> None:
        self._canvas("finish_gesture")

    def _take_back(self, way: str) -> None:
        room = self._reading.workspace
        if room is None or not self._case:
            return
        self._canvas("cancel_gesture")
        try:
            event = getattr(room, way)(self._case)
            if event is not None:
                self._show_what_changed(event)
        except StoreProblem as error:
            self._reading.failed.emit(error)
        except UserError as error:
            self._shell.say_error(error)

    def _show_what_changed(self, event: Event) -> None:
        """Say what was taken back, and show an image on which that was."""
        from desktop.workspace.history import frames_of

        frames = frames_of(event)
        if frames and current_frame(self._reading) not in frames:
            go_to_frame(self._reading, event.case_id, frames[0])
        room = self._reading.workspace
        for line in room.history(event.case_id, limit=1) if room else ():
            self._shell.hinted.emit(line.sentence)

    def _something_open(self, case_id: str) -> bool:
        """Point at the first thing that keeps the case from being closed."""
        room = self._reading.workspace
        schema = room.schema(case_id) if room else None
        if room is None or schema is None or self.page is None:
            return False
        form = self.page.panel.form
        found = open_questions(room, case_id)
        if found:
            self.page.panel.show()
            self.page.panel.show_tab("Form")
            form.show_missing(found)
            form.go_to_open(found[0])
            self._shell.say(counted(found), found[0].words, "warn", case_id=case_id)
            return True
        if self._shares_pixels(case_id):
            return True
        return self._nothing_said(case_id, bool(schema.classes and schema.no_finding))

    def _shares_pixels(self, case_id: str) -> bool:
        """Show the first two regions that lie over each other though their classes may not."""
        room = self._reading.workspace
        shared = next(shared_pixels(room, case_id), None) if room else None
        if shared is None:
            return False
        go_to_frame(self._reading, case_id, shared.frame)
        self._reading.replace(selection=(shared.one.id, shared.other.id))
        self._shell.say(
            shared.sentence.rstrip("."),
            "These classes may share no pixel. Move one of the two, or delete it.",
            "warn",
            case_id=case_id,
        )
        return True

    def _nothing_said(self, case_id: str, could_draw: bool) -> bool:
        """Neither a region nor "no finding": ask once, and let a second try pass."""
        room = self._reading.workspace
        if room is None or not could_draw or self._warned_case == case_id:
            return False
        if room.annotations(case_id) or room.assignment(case_id).no_finding:
            return False
        self._warned_case = case_id
        self._shell.say(
            "Nothing is drawn on this case",
            "Press 0 to say that there is no finding, or Done again to close it as it is.",
            "warn",
            "No finding",
            self.no_finding,
            case_id,
        )
        return True

    def _next_open(self, case_id: str) -> str:
        room = self._reading.workspace
        if room is None:
            return ""
        other: str | None = case_id
        for _step in range(200):
            other = room.neighbour(other, 1) if other else None
            if other is None:
                break
            if not room.assignment(other).state.is_closed:
                return other
        return room.first_open_case()

    def _reopen(self, case_id: str) -> None:
        open_case(self._reading, case_id)
        self._shell.page_wanted.emit("read")
        self.undo()
