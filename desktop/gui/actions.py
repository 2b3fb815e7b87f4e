"""Everything a person can do from menu, button or keyboard, declared once.

To add an act: add a line to ACTS and a method of the named handler. Menus, tooltips, buttons and
the keyboard overlay are made from these lines.

Keys: the left hand stays on letters, the right hand on the mouse. Letters that later tools need
(G grow, I fill, L livewire, T threshold) stay free, so
select is V, box X, ellipse U (round), point D (dot). Letters and digits never reach an act while
a person types in a field.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from PySide6.QtGui import QKeySequence

from desktop.gui.pages import PAGES, PageSpec

TOOLS = (
    "select",
    "box",
    "polygon",
    "freehand",
    "ellipse",
    "point",
    "ruler",
    "brush",
    "eraser",
    "prompt",
)


@dataclass(frozen=True)
class Act:
    """One line of the registry.

    ``line`` says in one line what it does; ``handler`` names the method that does it, called with
    ``argument`` where there is one. ``needs``: "" or a key of ``WHY_OFF``.
    ``menu`` False keeps it to keyboard and buttons. ``on_image``: its keys count only while the
    image has the focus, because lists and buttons need them elsewhere.
    """

    id: str
    title: str
    line: str
    group: str
    handler: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    argument: Any = None
    needs: str = ""
    checkable: bool = False
    exclusive: str = ""
    menu: bool = True
    on_image: bool = False


def _tool(name: str, title: str, line: str, key: str) -> Act:
    return Act(
        id=f"tool.{name}",
        title=title,
        line=line,
        group="Tools",
        handler="choose_tool",
        keys=(key,),
        icon=name,
        argument=name,
        needs="series",
        checkable=True,
        exclusive="tool",
    )


def _page(spec: PageSpec) -> Act:
    return Act(
        id=f"page.{spec.name}",
        title=spec.title,
        line=spec.line,
        group="Go",
        handler="show_page",
        keys=(spec.key,) if spec.key else (),
        icon=spec.icon,
        argument=spec.name,
        needs="project",
        checkable=True,
        exclusive="page",
    )


def _preset(number: int) -> Act:
    return Act(
        id=f"preset.{number}",
        title=f"Window preset {number}",
        line="Takes the preset of this number from the window menu.",
        group="Image",
        handler="take_preset",
        keys=(f"F{number + 1}",),
        argument=number - 1,
        needs="series",
        menu=False,
    )


def _digit(number: int) -> Act:
    return Act(
        id=f"digit.{number}",
        title=f"Class or answer {number}",
        line="Picks the class of this key; answers the focused question when the form has focus.",
        group="Case",
        handler="digit",
        keys=(str(number),),
        argument=number,
        needs="case",
        menu=False,
    )


def _relabel(number: int) -> Act:
    return Act(
        id=f"relabel.{number}",
        title=f"Relabel as class {number}",
        line="Gives the selected regions the class of this key.",
        group="Edit",
        handler="relabel",
        keys=(f"Alt+{number}",),
        argument=number,
        needs="selection",
        menu=False,
    )


A = Act
ACTS: tuple[Act, ...] = (
    A("project.images", "Open images or DICOM…", "Brings files or folders into a project.",
      "File", "open_images", ("Ctrl+O",), "folder"),
    A("project.find", "Find moved images…", "Looks for images that aren't where they were.",
      "File", "find_images", (), "search", needs="project"),
    A("project.open", "Open project…", "Opens a project file.",
      "File", "open_project", ("Ctrl+Shift+O",), "read"),
    A("project.new", "New project…", "Makes an empty project.",
      "File", "new_project", ("Ctrl+N",), "plus"),
    A("project.schema", "Add a schema…", "Reads classes and questions from a JSON file.",
      "File", "add_schema", (), "form", needs="project"),
    A("project.export", "Export a bundle…", "Writes a signed bundle for the ML team.",
      "File", "show_page", ("Ctrl+E",), "bundle", argument="exchange", needs="project"),
    A("project.verify", "Verify a bundle…", "Checks hashes and signature of a bundle.",
      "File", "verify_bundle", (), "verify"),
    A("project.check", "Check this project's log", "Recomputes the chain of all events.",
      "File", "verify_log", (), "verify", needs="project"),
    A("project.close", "Close project", "Back to the start page. Everything is saved already.",
      "File", "close_project", ("Ctrl+W",), "close", needs="project"),
    A("app.lock", "Lock", "Covers the window until you show who you are.",
      "File", "lock_now", ("Ctrl+Alt+L",), "lock", needs="project"),
    A("app.quit", "Quit", "Closes the window. Everything is saved already.",
      "File", "quit", ("Ctrl+Q",), ""),
    A("edit.undo", "Undo", "Takes back your last act on this case, even from yesterday.",
      "Edit", "undo", ("Ctrl+Z", "Z"), "undo", needs="case"),
    A("edit.redo", "Redo", "Does again what was taken back.",
      "Edit", "redo", ("Ctrl+Y", "Y", "Ctrl+Shift+Z"), "redo", needs="case"),
    A("edit.delete", "Delete region", "Deletes the selected regions; undo brings them back.",
      "Edit", "delete_selection", ("Del",), "trash", needs="selection"),
    A("edit.lock", "Lock region", "Protects the selected regions against every tool.",
      "Edit", "lock_selection", ("Alt+L",), "lock", needs="selection"),
    A("region.previous", "Previous region", "Selects the region before this one.",
      "Edit", "step_region", ("Q",), "previous", argument=-1, needs="case"),
    A("region.next", "Next region", "Selects the region after this one.",
      "Edit", "step_region", ("W",), "next", argument=1, needs="case"),
    *(_relabel(n) for n in range(1, 10)),
    _tool("select", "Select", "Click a region to select, drag it or a handle to change it.", "V"),
    _tool("box", "Box", "Drag from corner to corner.", "X"),
    _tool("polygon", "Polygon", "Click the corners; double-click or Enter closes it.", "P"),
    _tool("freehand", "Freehand", "Draw around it; letting go closes the outline.", "F"),
    _tool("ellipse", "Ellipse", "Drag from the middle outwards.", "U"),
    _tool("point", "Point", "Click the place.", "D"),
    _tool("ruler", "Ruler", "Drag along a length. The number says what its calibration is.", "M"),
    _tool("brush", "Brush", "Paint the region; hold Ctrl to erase.", "B"),
    _tool("eraser", "Eraser", "Rub out painted pixels of the selected region.", "E"),
    _tool("prompt", "Prompt", "Click inside, Ctrl+click outside, or drag a box.", "A"),
    A("tool.last", "Last two tools", "Swaps between the tool in hand and the one before.",
      "Tools", "swap_tools", ("Space",), needs="series", on_image=True),
    A("pixels.switch", "Predict from scribbles",
      "Paint two classes, or one and anything else; the rest follows.",
      "Tools", "toggle_prediction", ("J",), "learning", needs="series", checkable=True),
    A("pixels.rest", "Anything else", "Paint what is none of the classes; hold Ctrl to rub it out.",
      "Tools", "paint_rest", ("Shift+J",), "rest", needs="series", checkable=True),
    A("pixels.ask", "Ask about patches", "Asks what the prediction should know: digits answer.",
      "Tools", "toggle_asking", ("Ctrl+J",), "help", needs="series", checkable=True),
    A("pixels.doubt", "Image that teaches most",
      "Goes to the image of this series whose patches the model doubts most, and asks there.",
      "Tools", "go_to_doubt", ("Ctrl+Shift+J",), "next", needs="series"),
    A("pixels.one", "Keep predicted region", "What is predicted under the pointer (Enter).",
      "Tools", "accept_component", (), "check", needs="prediction"),
    A("pixels.all", "Keep predicted class", "All of the class under the pointer (Shift+Enter).",
      "Tools", "accept_class", (), "check", needs="prediction"),
    A("brush.smaller", "Smaller brush", "Makes brush and eraser smaller.",
      "Tools", "resize_brush", ("[",), argument=-1, needs="series"),
    A("brush.larger", "Larger brush", "Makes brush and eraser larger.",
      "Tools", "resize_brush", ("]",), argument=1, needs="series"),
    A("view.fit", "Fit", "Shows the whole image.",
      "Image", "fit", ("Ctrl+0",), "fit", needs="series"),
    A("view.one", "One to one", "One image pixel on one screen pixel.",
      "Image", "one_to_one", ("Ctrl+9",), "one-to-one", needs="series"),
    A("view.in", "Zoom in", "Enlarges around the middle.",
      "Image", "zoom", ("Ctrl++", "Ctrl+="), "zoom-in", argument=1.25, needs="series"),
    A("view.out", "Zoom out", "Shrinks around the middle.",
      "Image", "zoom", ("Ctrl+-",), "zoom-out", argument=0.8, needs="series"),
    A("frame.previous", "Previous image", "One image back in the series.",
      "Image", "step_frame", ("Up", "PgUp"), "up", argument=-1, needs="series", on_image=True),
    A("frame.next", "Next image", "One image on in the series.",
      "Image", "step_frame", ("Down", "PgDown"), "down", argument=1, needs="series", on_image=True),
    A("frame.first", "First image", "To the first image of the series.",
      "Image", "edge_frame", ("Home",), argument=-1, needs="series", on_image=True),
    A("frame.last", "Last image", "To the last image of the series.",
      "Image", "edge_frame", ("End",), argument=1, needs="series", on_image=True),
    A("cine.play", "Play", "Plays the series as a loop; again to stop.",
      "Image", "play", ("Shift+Space",), "play", needs="series", checkable=True),
    A("window.auto", "Auto window", "Window from this image's own values.",
      "Image", "auto_window", ("F9",), "auto", needs="series"),
    A("window.reset", "Window of the file", "Window as the file says.",
      "Image", "reset_window", ("F10",), "window", needs="series"),
    *(_preset(n) for n in range(1, 8)),
    A("overlay.hide", "Hide regions", "Shows the bare image; hold H to look for a moment.",
      "View", "toggle_overlays", ("Shift+H",), "eye", needs="series", checkable=True),
    A("overlay.outline", "Outlines only", "Regions without fill.",
      "View", "toggle_outlines", ("O",), "outline", needs="series", checkable=True),
    A("view.image", "Image only", "Everything but the image steps aside.",
      "View", "toggle_image_only", ("F11",), "fullscreen", needs="project", checkable=True),
    A("view.panel", "Right panel", "Shows or hides form, labels, help and log.",
      "View", "toggle_panel", ("Ctrl+Shift+P",), "panel", needs="project", checkable=True),
    A("view.strip", "Series strip", "Shows or hides the thumbnails.",
      "View", "toggle_strip", ("Ctrl+Shift+S",), "strip", needs="project", checkable=True),
    A("view.timer", "Time on this case", "Shows or hides the time worked on the open case.",
      "View", "toggle_timer", (), "", needs="project", checkable=True),
    A("view.theme", "Light or dark", "Dark for reading rooms, light for offices.",
      "View", "toggle_theme", ("Ctrl+Shift+L",), "sun"),
    A("case.done", "Done", "Closes this case and opens the next one.",
      "Case", "mark_done", ("Ctrl+Enter", "Ctrl+Return"), "check", needs="case"),
    A("case.skip", "Skip…", "Leaves this case with a reason.",
      "Case", "skip_case", ("K",), "skip", needs="case"),
    A("case.flag", "Flag…", "Puts a word on this case by which it is found again.",
      "Case", "flag_case", ("Shift+F",), "flag", needs="case"),
    A("case.comment", "Comment", "Puts the keyboard on your comment about this case.",
      "Case", "comment_case", ("C",), needs="case"),
    A("case.none", "No finding", "Says that there is nothing to find; again to take it back.",
      "Case", "no_finding", ("0",), "none", needs="case"),
    A("pin.next", "Next comment", "To the next comment of a case that a reviewer returned.",
      "Case", "next_pin", ("N",), "", needs="case"),
    A("case.gold", "Make gold…", "Keeps your answers as the known ones, to measure readers by.",
      "Case", "make_gold", (), "verify", needs="case"),
    A("case.previous", "Previous case", "Opens the case before this one.",
      "Case", "step_case", ("Ctrl+PgUp", "Alt+Left"), "previous", argument=-1, needs="case"),
    A("case.next", "Next case", "Opens the case after this one.",
      "Case", "step_case", ("Ctrl+PgDown", "Alt+Right"), "next", argument=1, needs="case"),
    A("time.pause", "Pause the clock", "Your time on this case stands still until you press again.",
      "Case", "toggle_pause", ("Pause",), "pause", needs="project", checkable=True),
    A("suggest.reveal", "Reveal suggestions", "Shows what is suggested, once it may be shown.",
      "Case", "reveal", ("R",), "eye", needs="case"),
    A("suggest.lock", "Lock blind answer", "Keeps your answer; then suggestions are shown.",
      "Case", "lock_answer", ("Ctrl+L",), "lock", needs="case"),
    A("suggest.next", "Next suggestion", "Chooses the next suggestion that waits.",
      "Case", "step_suggestion", ("S",), "next", argument=1, needs="case"),
    A("suggest.previous", "Previous suggestion", "Chooses the suggestion before.",
      "Case", "step_suggestion", ("Shift+S",), "previous", argument=-1, needs="case"),
    A("suggest.accept", "Accept suggestion", "Makes the chosen suggestion your own label.",
      "Case", "accept_suggestion", ("Return", "Enter"), "check", needs="suggestion",
      on_image=True),
    A("suggest.reject", "Reject suggestion", "Says no to the chosen suggestion.",
      "Case", "reject_suggestion", ("Backspace",), "close", needs="suggestion", on_image=True),
    A("suggest.edit", "Accept and edit", "Makes it your own and takes it in hand.",
      "Case", "edit_suggestion", ("Shift+Return", "Shift+Enter"), "brush", needs="suggestion",
      on_image=True),
    A("suggest.all", "Accept all above", "Accepts all suggestions from the slider's score up.",
      "Case", "accept_all", ("Ctrl+Shift+A",), "check", needs="case"),
    A("focus.swap", "Image or form", "Moves the keyboard between image and form.",
      "Case", "swap_focus", ("Tab",), needs="case", menu=False, on_image=True),
    *(_digit(n) for n in range(1, 10)),
    *(_page(spec) for spec in PAGES),
    A("page.settings", "Settings", "Theme, reader and drawing.",
      "Go", "show_page", ("Ctrl+,",), "settings", argument="settings", checkable=True,
      exclusive="page"),
    A("page.readers", "Readers", "Names, roles and passwords of who works here.",
      "Go", "show_readers", (), "person", needs="project"),
    A("app.find", "Find a case", "Opens the work list with the search ready.",
      "Go", "find_case", ("Ctrl+F",), "search", needs="project"),
    A("app.back", "Step back", "Lets go of the gesture, the selection or the page, one at a time.",
      "Go", "step_back", ("Esc",), menu=False),
    A("help.guidelines", "Guidelines", "What this schema asks and how.",
      "Help", "show_help", ("F1",), "help", needs="project"),
    A("help.keys", "Keyboard", "All keys on one page.",
      "Help", "show_keys", ("?", "Ctrl+F1"), "keyboard"),
    A("help.about", "About Reading Room", "Version and folders.",
      "Help", "show_about", (), "info"),
)  # fmt: skip


HELD_KEY = ("H", "Hide regions while held", "Look under the regions, then let go.")


def conflicts(acts: Iterable[Act] = ACTS) -> list[str]:
    """Sentences about keys that two acts claim."""
    owners: dict[str, str] = {HELD_KEY[0]: HELD_KEY[1]}
    found = []
    for act in acts:
        for key in act.keys:
            name = QKeySequence(key).toString()
            if name in owners:
                found.append(f"{name} is claimed by {owners[name]} and {act.title}.")
            owners[name] = act.title
    return found


def key_text(key: str) -> str:
    """A key as the person's system writes it."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
