"""What the window says of where it stands: which acts there are and why not, undo, its title."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop.domain.task import AssignmentState, Role
from desktop.gui.actions import TOOLS
from desktop.gui.pages import BY_NAME, PAGES
from desktop.gui.reading.pixel_acts import REST_TOOL
from desktop.gui.team.gold_card import why_not as why_no_gold

if TYPE_CHECKING:
    from desktop.gui.window.main_window import MainWindow


class WindowSigns:
    """Brings acts, menus and title up to what is open just now."""

    def __init__(self, window: MainWindow) -> None:
        self._window, self._reading = window, window.shell.reading

    def refresh_actions(self) -> None:
        """Switch acts on and off and light those that hold."""
        window, room, view = self._window, self._reading.workspace, self._reading.view
        has = {"project"} if room else set()
        if window.page == "read":
            has |= {"case"} if view.case_id else set()
            has |= {"series"} if view.series_id else set()
            has |= {"selection"} if view.selection else set()
            has |= {"suggestion"} if view.suggestion else set()
            has |= {"prediction"} if window.pixel_acts.prediction is not None else set()
        acts = window.actions_
        acts.refresh(frozenset(has))
        for name in TOOLS:
            acts[f"tool.{name}"].setChecked(name == view.tool)
        for name in (*BY_NAME, "settings"):
            acts[f"page.{name}"].setChecked(name == window.page)
        if room is not None:
            self._refresh_pages(room.reader.role)
        acts["overlay.hide"].setChecked(not view.overlays_visible)
        acts["pixels.switch"].setChecked(window.pixel_acts.is_on)
        acts["pixels.ask"].setChecked(window.patch_acts.is_on)
        acts["pixels.rest"].setChecked(view.tool == REST_TOOL)
        acts["overlay.outline"].setChecked(view.outlines_only)
        acts["view.panel"].setChecked(not window.reading_page.panel.isHidden())
        acts["view.strip"].setChecked(not window.reading_page.strip.isHidden())
        acts["view.image"].setChecked(window.is_image_only)
        self.refresh_undo()

    def refresh_undo(self) -> None:
        """Say in the menu what undo and redo would take back."""
        window, room, view = self._window, self._reading.workspace, self._reading.view
        for way, title in (("undo", "Undo"), ("redo", "Redo")):
            what = None
            if room is not None and view.case_id and window.page == "read":
                what = getattr(room, f"{way}_title")(view.case_id)
            off = "" if what else f"Nothing to {way} on this case."
            window.actions_.retitle(f"edit.{way}", f"{title}: {what}" if what else title, off)

    def refresh_title(self) -> None:
        """Name the open case, its place and its state above the page."""
        window, room, view = self._window, self._reading.workspace, self._reading.view
        if room is None or not view.case_id:
            window.title.refresh()
            window.setWindowTitle(f"{room.title} – Reading Room" if room else "Reading Room")
            return
        state = room.assignment(view.case_id).state
        words = "" if state is AssignmentState.OPEN else state.value
        case = room.case(view.case_id)
        window.title.refresh(room.case_position(view.case_id), room.case_count(), case.title, words)
        window.setWindowTitle(f"{room.title} – Reading Room")

    def _refresh_pages(self, role: Role) -> None:
        window = self._window
        window.rail.show_for(role)
        for spec in PAGES:
            window.actions_.retitle(f"page.{spec.name}", spec.title, spec.why_not(role))
        window.actions_.retitle("case.gold", "Make gold…", why_no_gold(role))
