"""The journey of pre-labels: real DICOM files, the real window, simulated keys and mouse."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton

from desktop.commands.gold import MakeGold
from desktop.domain.help_study import Arm
from desktop.domain.task import Role
from desktop.gui import app
from desktop.gui import simulated_hands as hands
from desktop.gui.journey import step
from desktop.gui.widgets import theme
from desktop.workspace.settings import Settings
from tests.workspace.made_ct import SPOT, ct_project
from tools.make_models import make_samples

Key = Qt.Key


class Prelabels:
    """Case 1 and 2 have a bright spot. It is a nodule in case 1 only: so says the lead."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        room = ct_project(folder, (True, True, False))
        room.accounts.add_reader(room.reader, "Rex", Role.READER)
        self.path, self.ids = room.path, [line.case.id for line in room.cases()]
        room.close()
        self.files = make_samples(folder / "made")
        application = app.application()
        settings = Settings()
        settings.set("reader_name", "Ada")
        theme.apply(application, "dark")
        self.window: Any = app.make_window(settings)
        self.window.resize(1440, 900)
        self.window.show()
        self.window.activateWindow()
        hands.wait_for(lambda: self.window.reading_page.canvas is not None, "the canvas comes in")
        self.canvas = self.window.reading_page.canvas

    def go(self) -> None:
        self.sit_down("Ada")
        self.prepare()
        self.lead_reads()
        self.sit_down("Rex")
        self.reader_reads()
        self.sit_down("Ada")
        self.read_the_board()
        step(self.room.verify().ok, "the project verifies")
        self.window.close()
        self.window.shell.reading.open(None)

    def prepare(self) -> None:
        """Add the model, run it, set the arms: all on the Models page."""
        self.window.actions_["page.models"].trigger()
        page = self.window._pages["models"]
        page.add_file(self.files["bright-lesion-segmenter"])
        hands.wait_for(lambda: bool(self.room.models.shelf()), "the model is looked through", 60)
        step(self.room.models.shelf()[0].card.licence == "Apache-2.0", "the model is on the shelf")
        self.idle()
        hands.click(button(page, "Run over the work list"))
        self.idle()
        hands.wait_for(lambda: len(self.records()) == 1, "the run is kept")
        said = self.window.notice.findChildren(QLabel)
        step(
            any("2 suggestions on 3 cases" in text.text() for text in said),
            "the run says: 2 suggestions on 3 cases",
        )
        nobody = all(not self.room.claims.annotations(c) for c in self.ids)
        step(nobody, "nothing was labelled by the run")
        page.arms.shares[Arm.FIRST].setValue(0)
        page.arms.shares[Arm.BLIND].setValue(100)
        hands.click(page.arms.go)
        step(self.room.help.plan is not None, "all cases are answered blind first")
        self.photo("models")

    def lead_reads(self) -> None:
        """The lead draws the one nodule and says that the others have none: gold."""
        self.open_case(0)
        hands.press_key(self.canvas, Key.Key_Down)
        self.wait_for_frame()
        hands.press_key(self.canvas, Key.Key_X)
        x, y = SPOT
        corners = (self.canvas.widget_point(x + d, y + d) for d in (-8, 8))
        hands.drag(self.canvas, hands.line(*corners))
        step(len(self.room.annotations(self.ids[0])) == 1, "the lead boxes the nodule")
        for number in (1, 2):
            self.open_case(number)
            hands.press_key(self.canvas, Key.Key_0)
        for case_id in self.ids:
            self.room.run(MakeGold(case_id=case_id, from_reader_id=self.room.reader.id))

    def reader_reads(self) -> None:
        """Rex sees nothing anywhere, then accepts what is suggested."""
        for number in range(3):
            self.open_case(number)
            case_id = self.ids[number]
            hands.press_key(self.canvas, Key.Key_R)
            step(self.room.proposals(case_id) == [], "R shows nothing before the answer is locked")
            hands.press_key(self.canvas, Key.Key_0)
            hands.press_key(self.canvas, Key.Key_L, Qt.KeyboardModifier.ControlModifier)
            step(self.room.help.standing(case_id).is_locked, "Ctrl+L locks the blind answer")
            hands.press_key(self.canvas, Key.Key_R)
            hands.live(50)
            chosen = self.window.shell.reading.view.suggestion
            step(bool(chosen) == (number < 2), "R reveals what there is")
            if number == 0:
                self.wait_for_frame()
                self.photo("revealed")
            self.canvas.setFocus()
            hands.press_key(self.canvas, Key.Key_Return)
            made = len(self.room.annotations(case_id))
            step(made == int(number < 2), f"Enter made {made} labels of suggestions")
            kept = self.room.help.blind_answer(case_id)
            step(kept.no_finding and not kept.regions, "the blind answer is as it was")

    def read_the_board(self) -> None:
        self.window.actions_["page.help-board"].trigger()
        page = self.window._pages["help-board"]
        hands.wait_for(lambda: page.report is not None, "the help is measured", 30)
        hands.live(50)
        effect = page.report.all
        figures = {b.accessibleName(): b for b in page.findChildren(QPushButton)}
        misled, corrected = (
            next((b for name, b in figures.items() if name.startswith(f"{words}:")), None)
            for words in (
                "Right, then overturned by a wrong suggestion",
                "Wrong, then corrected by a right suggestion",
            )
        )
        both = ((misled, effect.misled.words), (corrected, effect.corrected.words))
        counted = all(b and b.text() == w and w.startswith("1 of 1: 100%") for b, w in both)
        step(counted, "the board says 1 of 1 misled and 1 of 1 corrected")
        step(
            (effect.right_before.count, effect.right_after.count, effect.items) == (2, 2, 3),
            "blind, two of three were right; one was lost and one was won",
        )
        for figure, number, words in ((misled, 1, "misled"), (corrected, 0, "corrected")):
            hands.click(figure)
            step(page.behind.case_ids == (self.ids[number],), f"the figure lists who was {words}")
        (run,) = page.report.runs
        step(
            (run.offered, run.accepted, run.right.count, run.right.of) == (2, 2, 1, 2)
            and run.wrong_cases == (self.ids[1],),
            "the model was right once of twice, and both were taken",
        )
        self.photo("help")
        opened: list[str] = []
        page.chosen.connect(opened.append)
        page.plot.clicked.emit(("Bright lesion segmenter", "corrected"))
        step(opened == [self.ids[0]], "a bar of the plot opens the case that it counts")
        self.window.actions_["page.help-board"].trigger()
        hands.wait_for(lambda: not self.room.jobs.running, "the help is measured again", 30)
        hands.live(50)
        hands.click(button(page, "by Bright lesion segmenter"))
        hands.wait_for(lambda: self.window.page == "read", "the case opens from the board")
        step(
            self.window.shell.reading.view.case_id == self.ids[1],
            "the case where help misled opens from the board",
        )

    # small things ----------------------------------------------------------------------------

    @property
    def room(self) -> Any:
        return self.window.shell.reading.workspace

    def sit_down(self, name: str) -> None:
        self.window.shell.reading.open(None)
        self.window.projects.open(self.path, name)
        hands.wait_for(lambda: self.room is not None, "the project opens")
        hands.wait_for(lambda: self.room.reader_name == name, f"{name} reads")

    def open_case(self, number: int) -> None:
        self.window._window_acts.open_case(self.ids[number])
        self.wait_for_frame()
        self.canvas.setFocus()

    def wait_for_frame(self) -> None:
        hands.wait_for(lambda: self.canvas.has_frame, "the image is shown", 60)

    def idle(self) -> None:
        hands.wait_for(lambda: not self.room.jobs.running, "the job ends", 60)
        hands.live(50)

    def records(self) -> list[Any]:
        return list(self.room.models.runs.records())

    def photo(self, name: str) -> None:
        for look in ("light", "dark"):
            self.window.shell.wear(look)
            hands.photograph(self.window, self.folder / "shots" / f"{look}-{name}.png")


def button(page: Any, words: str) -> QPushButton:
    """The first button on a page whose text holds these words."""
    found = [b for b in page.findChildren(QPushButton) if words in b.text() and b.isVisible()]
    step(bool(found), f"there is a button: {words}")
    return found[0]


if __name__ == "__main__":
    Prelabels(Path(sys.argv[1])).go()
