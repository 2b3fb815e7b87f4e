"""Three readers differ; an adjudicator settles all of it in the real window, by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace as with_fields
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.domain.adjudication import Adjudication, Cause, Ruling
from desktop.domain.annotation import Origin
from desktop.domain.letters import letter_place
from desktop.gui import simulated_hands as hands
from desktop.gui.simulated_hands import wait_for
from desktop.gui.window.main_window import MainWindow
from desktop.imaging.child import ChildPool
from desktop.store import queries
from desktop.workspace.workspace import Workspace
from tests.journeys.adjudication_scene import READERS, make_project, open_window, rows_of, words_on

K = Qt.Key


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    pool = ChildPool(workers=1)
    yield make_project(tmp_path_factory.mktemp("adjudication"), pool)
    pool.close()


@pytest.fixture
def open_as(
    qapp: QApplication, tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    windows: list[MainWindow] = []

    def open_(name: str) -> MainWindow:
        windows.append(open_window(qapp, tmp_path, project, name))
        return windows[-1]

    yield open_
    for window in windows:
        window.close()


class Adjudicator:
    """The person at the adjudicate page."""

    def __init__(self, window: MainWindow) -> None:
        self.window = window
        self.press(K.Key_7, Qt.KeyboardModifier.ControlModifier)
        self.page: Any = window._pages["adjudicate"]
        self.room = self.page.room
        wait_for(lambda: self.room.model.rowCount() == 4, "the queue is read")
        wait_for(lambda: self.room.viewers.readers.has_frame, "the image is shown")

    def press(self, *keys: Any) -> None:
        key, *modifiers = keys
        hands.press_key(self.window, key, *modifiers)

    @property
    def matter(self) -> Any:
        return self.room._row.matter

    @property
    def what(self) -> str:
        matter = self.matter
        return matter.question.id if matter.question else str(matter.class_id)

    def tab_to(self, what: str) -> None:
        for _ in range(4):
            if self.what == what:
                return
            self.press(K.Key_Tab)
        raise AssertionError(f"Tab never came to {what}")

    def show(self, name: str) -> str:
        """Show one reader by digit; which one is known to the test, not to the adjudicator."""
        room = self.window.shell.reading.workspace
        ids = {n: r.id for r, n in room.readers()}
        place = next(n for n, c in enumerate(self.matter.claims) if c.reader_id == ids[name])
        self.press(K(K.Key_1 + place))
        return str(self.matter.claims[place].letter)


def answer_questions(eve: Adjudicator) -> None:
    eve.tab_to("nodule")
    eve.show("Bea")
    eve.press(K.Key_V)
    eve.press(K.Key_P)
    eve.tab_to("lobe")
    eve.show("Cyd")
    eve.press(K.Key_V)
    eve.press(K.Key_G)  # a gap in the guidelines asks for a note
    hands.type_text(eve.room.panel.note, "Say where the lobes end")
    eve.press(K.Key_Return)


def look_and_edit(eve: Adjudicator, room: Workspace) -> None:
    """The map, one reader alone, and a copy of theirs that gets another stroke."""
    eve.tab_to("1")
    readers, case_id = eve.room.viewers.readers, eve.room.case_id
    assert len(readers._stage.hands.context().painted) == 3
    eve.press(K.Key_D)
    levels = {p.slice.annotation_id for p in readers._stage.hands.context().painted}
    assert "votes-3" in levels and "votes-1" in levels
    eve.press(K.Key_Escape)
    eve.show("Dan")
    assert len(readers._stage.hands.context().painted) == 1
    eve.press(K.Key_B)
    truth = eve.room.viewers.truth
    assert eve.room.is_editing and truth.hasFocus()
    (made,) = room.annotations(case_id)
    area = sum(s.area_px for s in room.mask_slices(case_id))
    hands.drag(truth, hands.line(truth.widget_point(182, 108), truth.widget_point(200, 108)))
    wait_for(
        lambda: sum(s.area_px for s in room.mask_slices(case_id)) > area,
        "the stroke is in the truth",
    )
    eve.press(K.Key_Return)
    assert not eve.room.is_editing
    kept = room.annotation(made.id)
    assert kept is not None and kept.origin is Origin.ADJUDICATED


def test_an_adjudicator_settles_a_case_by_keyboard(open_as: Any, project: Path) -> None:
    window = open_as("Eve")
    room = window.shell.reading.workspace
    before = rows_of(room, *READERS)
    eve = Adjudicator(window)
    assert not [n for n in READERS if n in words_on(eve.page)]
    answer_questions(eve)
    look_and_edit(eve, room)
    eve.tab_to("2")
    eve.press(K.Key_M)
    wait_for(lambda: eve.page.room.open_count == 0, "all is settled")
    assert "is settled" in eve.room.panel.progress.text()
    eve.press(K.Key_A)
    rulings = {r.subject.split(":")[1]: r for r in queries.many(room._read, Adjudication)}
    assert rulings["nodule"].verdict is Ruling.ACCEPTED
    assert rulings["nodule"].cause is Cause.PERCEPTION
    assert rulings["lobe"].cause is Cause.GUIDELINE_GAP
    answers = {a.question_id: a.value for a in room.answers(eve.room.case_id)}
    assert answers == {"nodule": True, "lobe": "low", "count": 1}
    assert sorted(a.label.class_id for a in room.annotations(eve.room.case_id)) == [1, 2]
    assert [g.note for g in room.adjudication.gaps()] == ["Say where the lobes end"]
    assert rows_of(room, *READERS) == before
    assert room.verify().ok
    eve.press(K.Key_Z)  # takes the agreed back, then brings it again
    assert "count" not in {a.question_id for a in room.answers(eve.room.case_id)}
    eve.press(K.Key_Y)
    assert "count" in {a.question_id for a in room.answers(eve.room.case_id)}


def test_h_looks_under_the_regions_and_both_pictures_move_as_one(open_as: Any) -> None:
    eve = Adjudicator(open_as("Eve"))
    viewers = eve.room.viewers
    canvas = viewers.readers
    QTest.keyPress(canvas, K.Key_H)
    assert not viewers.theirs.view.overlays_visible and not viewers.own.view.overlays_visible
    QTest.keyRelease(canvas, K.Key_H)
    assert viewers.theirs.view.overlays_visible
    index = viewers.theirs.view.index
    eve.press(K.Key_Down)
    assert viewers.own.view.index == viewers.theirs.view.index == index + 1
    canvas.zoom_by(2.0)
    assert viewers.own.view.zoom == viewers.theirs.view.zoom


def test_readers_are_switched_one_by_one_and_esc_steps_back(open_as: Any) -> None:
    eve = Adjudicator(open_as("Eve"))
    eve.tab_to("1") if eve.room.open_count else eve.room._go(3)
    letters = set("ABC")
    eve.press(K.Key_2, Qt.KeyboardModifier.AltModifier)
    assert set(eve.room.viewers.look.letters) == letters - {"B"}
    eve.press(K.Key_Escape)
    assert set(eve.room.viewers.look.letters) == letters
    eve.press(K.Key_Q)
    assert eve.room.queue.list.hasFocus()
    eve.press(K.Key_Escape)
    assert eve.window.page == "adjudicate" and eve.room.viewers.has_focus
    eve.press(K.Key_Escape)
    assert eve.window.page == "read"


def test_a_reader_in_hand_brings_the_image_of_their_mark(open_as: Any) -> None:
    eve = Adjudicator(open_as("Eve"))
    room = eve.room
    for row in range(room.model.rowCount()):
        room._go(row)
        if room.row.matter.class_id == 2:
            break
    view, matter = room.viewers.theirs, room.row.matter
    wait_for(lambda: room.viewers.readers.has_frame, "the image is shown")
    refs = eve.window.shell.reading.workspace.frame_refs(view.view.series_id)
    marked = [c for c in matter.claims if c.region is not None]
    assert len(marked) == 2 and view.view.index == 3
    moved = marked[1].region
    moved = with_fields(moved, target=with_fields(moved.target, frame=refs[4]))
    claims = tuple(replace(c, record=moved) if c is marked[1] else c for c in matter.claims)
    room._row = replace(room.row, matter=replace(matter, claims=claims))
    for claim, index in ((marked[1], 4), (marked[0], 3)):
        eve.press(K(K.Key_1.value + letter_place(claim.letter)))
        assert view.view.index == index == room.viewers.own.view.index, "both pictures go along"


def test_consensus_is_made_looked_at_and_offered(open_as: Any) -> None:
    eve = Adjudicator(open_as("Eve"))
    eve.page._tabs.button(1).click()
    part = eve.page.consensus
    titles = [part.subject.itemText(n) for n in range(part.subject.count())]
    part.subject.setCurrentIndex(titles.index("Is there a nodule?"))
    part.method.setCurrentIndex(part.method.findData("dawid-skene"))
    hands.press_key(eve.window, K.Key_Tab)
    part.go.setFocus()
    hands.press_key(eve.window, K.Key_Space)
    wait_for(lambda: part.report is not None, "the consensus is made")
    assert part.model.rowCount() == 1
    assert part.model.index(0, 1).data() == "Yes"
    hands.click(part.offer)
    room = eve.window.shell.reading.workspace
    offered = [p for p, _d in room.proposals(eve.room.case_id)]
    assert [p.provenance.detail["method"] for p in offered] == ["dawid-skene"]
    assert not [n for n in READERS if n in words_on(eve.page)]


def test_a_plain_reader_has_no_such_page(open_as: Any) -> None:
    window = open_as("Bea")
    hands.press_key(window, K.Key_7, Qt.KeyboardModifier.ControlModifier)
    assert window.page == "read"
    window.show_page("adjudicate")
    assert window.page == "read"


def test_the_truth_outlives_the_window(project: Path) -> None:
    with Workspace.open(project, reader_name="Eve") as ws:
        (line,) = ws.adjudication.queue()
        assert line.is_settled
        assert ws.verify().ok
