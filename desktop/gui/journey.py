"""The main job, done on the real window by simulated hands, with a screenshot of each page.

Used by ``--journey`` (a machine without a display), ``--self-test`` (a frozen build) and the tests.
The first half runs in a process of its own that kills itself in the middle of a stroke; the second
half finds everything again, takes the stroke up, exports and verifies.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPointF, Qt

from desktop.commands.project import ChooseSchema
from desktop.domain.errors import UserError
from desktop.domain.geometry import XY
from desktop.gui import simulated_hands as hands
from desktop.gui.journey_model import try_model
from desktop.gui.simulated_hands import StepFailed, wait_for
from desktop.gui.window.main_window import MainWindow
from desktop.workspace.places import data_dir, resources_dir
from desktop.workspace.settings import Settings

_PART = "READINGROOM_JOURNEY_PART"
READER = "Demo reader"
# the nodule of the demo's chest CT, in fractions of slices, columns and rows; half its width
_NODULE_SLICE = 33 / 48
_NODULE = (0.426, 0.699, 0.023)


def run_journey(folder: Path, images: Path | None = None, model: Path | None = None) -> int:
    """Walk through the app and leave everything in ``folder``; 0 only if every step held.

    ``model`` is an ONNX file for the demo's chest CT, tried on the way.
    """
    folder = Path(folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    images = images or _demo_images(folder)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ["READINGROOM_HOME"] = str(folder / "home")
    part = os.environ.get(_PART, "")
    try:
        if part == "draw":
            _Journey(folder).draw(images)
        if not part:
            _draw_in_a_process_that_dies(folder, images)
            _Journey(folder).find_again_and_hand_over(model)
    except (StepFailed, UserError) as problem:
        _say(f"✗ {problem}")
        return 1
    return 0


class _Journey:
    """One window and the person before it."""

    def __init__(self, folder: Path) -> None:
        from desktop.gui import app
        from desktop.gui.widgets import theme

        self.folder = folder
        self.project = folder / "journey.rroom"
        application = app.application()
        settings = Settings()
        settings.set("reader_name", READER)
        theme.apply(application, "dark")
        self.window: MainWindow = app.make_window(settings)
        self.window.resize(1440, 900)
        self.window.show()
        self.window.activateWindow()
        wait_for(self.window.isActiveWindow, "the window has the keyboard")
        wait_for(lambda: self.window.reading_page.canvas is not None, "the canvas comes in")
        self.canvas: Any = self.window.reading_page.canvas

    # the first half --------------------------------------------------------------------------

    def draw(self, images: Path) -> None:
        """Open real images, read and draw; ends by SIGKILL in the middle of a stroke."""
        self.photo("1-start")
        self.open_images(images)
        self.look()
        self.draw_shapes()
        self.answer()
        self.undo_and_redo()
        self.read_photograph()
        self.pull_the_plug()

    def open_images(self, images: Path) -> None:
        from desktop.workspace.workspace import Workspace

        Workspace.create(self.project, title="Journey", reader_name=READER).close()
        self.window.projects.open(self.project, READER)
        wait_for(lambda: self.window.shell.reading.workspace is not None, "the project opens")
        self.window.open_paths([images])
        wait_for(lambda: not self.window.import_page.is_running, "the images are read in", 120)
        self.photo("2-import")
        room = self.room
        step(room.case_count() > 0, f"{room.case_count()} cases read in from files")
        for line in room.cases(limit=50):
            first = room.frame_refs(room.series(line.case.id)[0].id)[0]
            schema = _schema_for(room.source_path(first.instance_id).parent.name)
            path = resources_dir() / "schemas" / f"{schema}.json"
            chosen = room.add_schema_file(path)
            room.run(ChooseSchema(case_id=line.case.id, schema_id=chosen.id))
        self.open_case(0)

    def look(self) -> None:
        reading = self.window.shell.reading
        count = len(self.room.frame_refs(reading.view.series_id))
        wanted = round(count * _NODULE_SLICE)
        for _ in range(wanted):
            hands.press_key(self.canvas, Qt.Key.Key_Down)
        self.wait_for_frame()
        step(reading.view.index == wanted, f"scrolled to image {wanted + 1} of {count}")
        before = self.canvas.window_in_use
        middle = self.at(0.5, 0.5)
        hands.drag(
            self.canvas,
            hands.line(middle, (middle[0] + 60, middle[1] - 25)),
            Qt.MouseButton.RightButton,
        )
        after = self.canvas.window_in_use
        step(before != after, f"window by right-drag: {after.center:g} / {after.width:g}")
        self.canvas.set_window(before)
        self.photo("3-case")

    def draw_shapes(self) -> None:
        """The nodule of the demo's CT, measured, boxed and painted; then each other shape once."""
        x, y, half = _NODULE
        self.canvas.zoom_by(1.7, QPointF(*self.at(x, y)))
        self.window.shell.reading.replace(brush_radius=3.0, brush_unit="mm")
        self.pick("X", 1)
        corners = self.at(x - 2 * half, y - 2 * half), self.at(x + 2 * half, y + 2 * half)
        hands.drag(self.canvas, hands.line(*corners))
        self.count("box", 1)
        self.pick("M", 1)
        hands.drag(self.canvas, hands.line(self.at(x - half, y), self.at(x + half, y)))
        self.count("ruler", 2)
        self.pick("B", 1)
        hands.drag(self.canvas, hands.circle(self.at(x, y), self.px(0.4 * half)))
        hands.drag(self.canvas, hands.line(self.at(x, y), self.at(x + 0.3 * half, y)))
        self.count("brush region of two strokes", 3)
        self.photo("4-nodule")
        self.canvas.fit()
        self.pick("P", 1)
        for corner in ((0.28, 0.55), (0.36, 0.52), (0.40, 0.60), (0.33, 0.66)):
            hands.click(self.canvas, self.at(*corner))
        hands.press_key(self.canvas, Qt.Key.Key_Return)
        self.count("polygon", 4)
        self.pick("F", 1)
        hands.drag(self.canvas, hands.circle(self.at(0.66, 0.58), self.px(0.045)))
        self.count("freehand outline", 5)
        self.pick("U", 1)
        hands.drag(self.canvas, hands.line(self.at(0.30, 0.30), self.at(0.38, 0.40)))
        self.count("ellipse", 6)
        self.photo("5-drawn")

    def answer(self) -> None:
        """Tab goes to the questions, digits answer: first of the region, then of the case."""
        selected = self.window.shell.reading.view.selection[0]  # the ellipse
        hands.press_key(self.canvas, Qt.Key.Key_Tab)
        hands.press_key(self.canvas, Qt.Key.Key_1)
        attributes = self.room.annotation(selected).label.attributes
        step(len(attributes) == 1, "answered the region's first question with the digit 1")
        self.window.shell.reading.replace(selection=())
        self.canvas.setFocus()
        hands.press_key(self.canvas, Qt.Key.Key_Tab)
        hands.press_key(self.canvas, Qt.Key.Key_1)
        answers = self.room.answers(self.case_id)
        step(len(answers) == 1, "answered the case's first question with the digit 1")
        self.canvas.setFocus()

    def undo_and_redo(self) -> None:
        before = self.room.state_digest()
        hands.press_key(self.canvas, Qt.Key.Key_Z)
        step(self.room.state_digest() != before, "Z takes the last step back")
        hands.press_key(self.canvas, Qt.Key.Key_Y)
        step(self.room.state_digest() == before, "Y brings it again")

    def read_photograph(self) -> None:
        """The last case is a photograph: a box and no millimetres."""
        self.open_case(self.room.case_count() - 1)
        self.pick("X", 1)
        hands.drag(self.canvas, hands.line(self.at(0.4, 0.4), self.at(0.6, 0.55)))
        step(len(self.room.annotations(self.case_id)) == 1, "box on the photograph")
        self.photo("6-photograph")
        self.open_case(0)

    def pull_the_plug(self) -> None:
        self.pick("B", 1)
        stroke = hands.line(self.at(0.55, 0.25), self.at(0.45, 0.35), 30)
        _say("  … killing the program in the middle of a stroke")
        sys.stdout.flush()
        hands.drag_and_hold(self.canvas, stroke, pause_s=0.05)
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))

    # the second half -------------------------------------------------------------------------

    def find_again_and_hand_over(self, model: Path | None) -> None:
        self.window.projects.open(self.project, READER)
        wait_for(lambda: bool(self.window.shell.reading.view.series_id), "the case opens")
        self.open_case(0)
        step(len(self.room.annotations(self.case_id)) == 6, "after the kill, all regions are there")
        self.recover()
        self.undo_across_the_restart()
        self.pages()
        self.export()
        if model is not None:
            try_model(self.window, model.resolve(), step)
            self.photo("12-model")
        report = self.room.verify()
        step(report.ok, f"the project verifies: {report.event_count} events")
        self.window.close()
        self.window.shell.reading.open(None)

    def recover(self) -> None:
        self._slices = self.slices()
        kept = self.room.journaled_gesture()
        step(kept is not None, "the unfinished stroke is offered back")
        self.photo("7-recovery")
        self.canvas.recover_gesture()
        self.wait_for_frame()
        hands.press_key(self.canvas, Qt.Key.Key_Return)
        wait_for(lambda: self.room.journaled_gesture() is None, "the stroke is taken up", 5)
        step(self.slices() == self._slices + 1, "the stroke is finished with Enter")

    def undo_across_the_restart(self) -> None:
        before, drawn = self.room.state_digest(), len(self.room.annotations(self.case_id))
        for _ in range(6):
            hands.press_key(self.canvas, Qt.Key.Key_Z)
        gone = drawn - len(self.room.annotations(self.case_id))
        step(gone > 0, f"undo works back across the restart, {gone} regions are taken back")
        for _ in range(6):
            hands.press_key(self.canvas, Qt.Key.Key_Y)
        step(self.room.state_digest() == before, "redo brings all of it again")

    def pages(self) -> None:
        panel = self.window.reading_page.panel
        for tab in ("Labels", "Log"):
            panel.show_tab(tab)
            self.photo(f"8-{tab.lower()}")
        self.window.show_page("worklist")
        self.photo("9-worklist")
        self.window.show_page("read")

    def export(self) -> None:
        page = self.window.exchange_page
        self.window.show_page("exchange")
        bundle, room = Path(page.place.text()), self.room
        hands.click(page.go)
        wait_for(lambda: not room.jobs.running, "the bundle is written and read back", 300)
        self.photo("10-exchange")
        step(bundle.exists(), f"exported {bundle.name}")
        _verify_alone(bundle)
        self.window._window_acts.toggle_theme()
        self.window.show_page("read")
        self.photo("11-light")
        self.window._window_acts.toggle_theme()

    # small things ----------------------------------------------------------------------------

    @property
    def room(self) -> Any:
        room = self.window.shell.reading.workspace
        if room is None:
            raise StepFailed("No project is open.")
        return room

    @property
    def case_id(self) -> str:
        return self.window.shell.reading.view.case_id

    def slices(self) -> int:
        return len(self.room.mask_slices(self.case_id))

    def open_case(self, number: int) -> None:
        line = self.room.cases(offset=number, limit=1)[0]
        self.window._window_acts.open_case(line.case.id)
        wait_for(lambda: self.case_id == line.case.id, "the case opens")
        self.wait_for_frame()

    def wait_for_frame(self) -> None:
        wait_for(lambda: self.canvas.has_frame, "the image is decoded and shown", 60)

    def pick(self, key: str, class_key: int) -> None:
        """A tool by its key, a class by its digit."""
        self.canvas.setFocus()
        hands.press_key(self.canvas, Qt.Key(ord(key)))
        hands.press_key(self.canvas, Qt.Key(ord(str(class_key))))

    def at(self, x: float, y: float) -> XY:
        """A point of the canvas by fractions of the image."""
        columns, rows = self.canvas.image_size
        return tuple(self.canvas.widget_point(x * columns, y * rows))  # type: ignore[return-value]

    def px(self, fraction: float) -> float:
        """A length on the canvas by a fraction of the image's width."""
        return self.at(fraction, 0)[0] - self.at(0, 0)[0]

    def count(self, what: str, wanted: int) -> None:
        found = len(self.room.annotations(self.case_id))
        step(found == wanted, f"drew a {what}" if found == wanted else f"{what}: {found} regions")

    def photo(self, name: str) -> None:
        hands.photograph(self.window, self.folder / "screenshots" / f"{name}.png")


def step(held: bool, what: str) -> None:
    """Print a step that held; StepFailed where it did not."""
    if not held:
        raise StepFailed(f"Did not hold: {what}.")
    _say(f"✓ {what}")


def _draw_in_a_process_that_dies(folder: Path, images: Path) -> None:
    is_frozen = getattr(sys, "frozen", False)
    program = [sys.executable] if is_frozen else [sys.executable, "-m", "desktop"]
    answer = subprocess.run(
        [*program, "--journey", str(folder), str(images)],
        env={**os.environ, _PART: "draw"},
        check=False,
    )
    step(answer.returncode < 0 or answer.returncode == 15, "the plug was pulled while drawing")


def _verify_alone(bundle: Path) -> None:
    """Run the verifier that lies in the bundle, as whoever receives it would."""
    verifier = bundle / "verify_bundle.py"
    if getattr(sys, "frozen", False) or not verifier.is_file():
        from desktop.exchange.verify_bundle import check

        faults = check(bundle).faults
        step(not faults, "the bundle verifies")
        return
    answer = subprocess.run(
        [sys.executable, str(verifier), str(bundle)], capture_output=True, text=True, check=False
    )
    step(answer.returncode == 0, f"the bundle's own verifier says: {_last_line(answer.stdout)}")


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""


def _demo_images(folder: Path) -> Path:
    """The demo's images of this user, or generated ones."""
    for name in ("images", "phantom"):
        ready = data_dir() / "demo" / name
        if ready.is_dir():
            return ready
    from desktop.imaging.child import ChildPool

    target = folder / "images"
    pool = ChildPool()
    try:
        pool.run("desktop.imaging.phantom:write_samples", str(target), timeout_s=60.0)
    finally:
        pool.close()
    return target


def _schema_for(folder: str) -> str:
    """The schema of a demo case by the name of its folder."""
    known = {
        "chest-ct": "chest-ct-nodule",
        "chest-phantom": "chest-ct-nodule",
        "brain-mr": "brain-mr-lesion",
        "shoulder-mr": "shoulder-mr",
        "chest-radiograph": "chest-radiograph-findings",
        "echocardiogram": "echo-view-quality",
        "retina": "retina-photo",
        "tissue": "tissue-photo",
    }
    return next((schema for word, schema in known.items() if word in folder), "generic")


def _say(text: str) -> None:
    if sys.stdout is not None:  # a windowed build has none
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
