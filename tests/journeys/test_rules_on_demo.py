"""Three rules without code on the demo project: conflicts, one switched off, the doubtful to a
reader. Every vote is worked out again here, by NumPy from the demo's own voxels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from desktop.commands.project import AddSchema, AnswerQuestion, UseSchema
from desktop.domain.annotation import Target
from desktop.domain.schema import Question, QuestionKind, Scope
from desktop.domain.task import Role
from desktop.gui import app
from desktop.gui import simulated_hands as hands
from desktop.gui.rules.rules_items import item_words
from desktop.gui.rules.rules_page import RulesPage
from desktop.gui.simulated_hands import wait_for
from desktop.gui.widgets import theme
from desktop.gui.window.main_window import MainWindow
from desktop.imaging import phantom
from desktop.workspace.rules.rule_board import RuleBoard
from desktop.workspace.rules.rules import PICKED
from desktop.workspace.settings import Settings
from desktop.workspace.workspace import Workspace
from tests.journeys.test_rules import room_of, write_rule
from tools.demo_project import make_demo_project

ASKED = "Is much lung on this image?"
KNOWN = range(0, 48, 4)  # images that the lead has answered
NO, YES = 0, 1


@pytest.fixture(scope="module")
def voxels() -> np.ndarray:
    """(48, rows, columns) HU of the demo's chest CT."""
    return phantom.chest().voxels.astype(np.float64)


@pytest.fixture
def window(
    tmp_path: Path, qapp: QApplication, qtbot: Any, voxels: np.ndarray
) -> Iterator[MainWindow]:
    """The demo as it is without a network, its CT asked one more question, image by image."""
    path = make_demo_project(tmp_path, real=False, reader_name="Ada", say=lambda _words: None)
    with Workspace.open(path, reader_name="Ada") as room:
        case_id = room.cases()[0].case.id
        asks = Question(id="lung", text=ASKED, kind=QuestionKind.YES_NO, scope=Scope.FRAME)
        old = room.schema(case_id)
        assert old is not None
        schema = replace(
            old, id=f"{old.name}@{old.version + 1}", version=old.version + 1,
            questions=(*old.questions, asks),
        )  # fmt: skip
        room.run(AddSchema(schema=schema))
        room.run(UseSchema(case_ids=(case_id,), schema_id=schema.id))
        (series,) = room.series(case_id)
        for number in KNOWN:
            frame = room.frame_refs(series.id)[number]
            target = Target(scope=Scope.FRAME, series_id=series.id, frame=frame)
            is_lung = bool(lung(voxels)[number])
            room.run(
                AnswerQuestion(case_id=case_id, question_id="lung", value=is_lung, target=target)
            )
        room.accounts.add_reader(room.reader, "Rex", Role.READER)
    settings = Settings()
    settings.set("reader_name", "Ada")
    theme.apply(qapp, "dark")
    made = app.make_window(settings)
    qtbot.addWidget(made)
    made.resize(1440, 900)
    made.show()
    qtbot.waitActive(made)
    sit_down(made, path, "Ada")
    yield made
    made.shell.reading.open(None)


def sit_down(window: MainWindow, path: Path, name: str) -> None:
    window.shell.reading.open(None)
    window.projects.open(path, name)
    wait_for(lambda: window.shell.reading.workspace is not None, "the project opens")
    wait_for(lambda: room_of(window).reader_name == name, f"{name} reads")


def lung(voxels: np.ndarray) -> np.ndarray:
    """(48,) bool: whether more than 13 % of an image have the values of lung."""
    return np.asarray(((voxels > -950) & (voxels < -600)).mean(axis=(1, 2)) > 0.13)


def expected(voxels: np.ndarray) -> np.ndarray:
    """(48, 3) votes of the three rules, -1 for silence."""
    flat = voxels.reshape(len(voxels), -1)
    votes = np.full((len(voxels), 3), -1)
    votes[flat.mean(axis=1) <= -700, 0] = YES
    votes[flat.std(axis=1) >= 460, 1] = YES
    votes[100 * (flat > 0).mean(axis=1) >= 28, 2] = NO
    return votes


def photo(window: MainWindow, folder: Path, name: str) -> None:
    for look in ("light", "dark"):
        window.shell.wear(look)
        hands.live(30)
        hands.photograph(window, folder / "shots" / f"{look}-{name}.png")


def write_three(page: RulesPage) -> None:
    """By the form alone: what is asked, then three rules about pixel values."""
    box = page.target_box
    box.setCurrentIndex(next(n for n in range(box.count()) if ASKED in box.itemText(n)))
    box.activated.emit(box.currentIndex())
    pixels = "Pixel values"
    write_rule(page, "Dark", pixels, "Yes", measure="mean", compare="at most", limit=-700)
    write_rule(page, "Varied", pixels, "Yes", measure="standard deviation", limit=460)
    more = {"measure": "share above a value", "above": 0, "limit": 28}
    write_rule(page, "Soft tissue", pixels, "No", **more)


def board_of(page: RulesPage) -> RuleBoard:
    board = page.board()
    assert board is not None
    return board


def check_votes(board: RuleBoard, order: list[int], wanted: np.ndarray) -> None:
    """Every vote is the one that NumPy gives, silence included."""
    assert len(board.items) == 48 and board.labels == ("no", "yes")
    assert not any(column.errors for column in board.columns)
    got = np.full((48, 3), -1)
    got[board.votes.item, board.votes.worker] = board.votes.label
    assert (got == wanted[order]).all()
    for rule, figures in enumerate(board.figures):
        assert figures.votes == int((wanted[:, rule] >= 0).sum()) > 0


def test_three_rules_on_the_demo(window: MainWindow, voxels: np.ndarray, tmp_path: Path) -> None:
    room, case_id = room_of(window), room_of(window).cases()[0].case.id
    QTest.keyClick(window, Qt.Key.Key_4, Qt.KeyboardModifier.ControlModifier)
    page = window._pages["rules"]
    assert isinstance(page, RulesPage) and page.isVisible()
    write_three(page)
    board, wanted = board_of(page), expected(voxels)
    places = {ref: n for n, ref in enumerate(room.frame_refs(room.series(case_id)[0].id))}
    order = [places[item.target.frame] for item in board.items]  # type: ignore[index]
    check_votes(board, order, wanted)

    # conflicts: those images where two rules say different things, by hand
    said_yes, said_no = (wanted == YES).any(axis=1), (wanted == NO).any(axis=1)
    torn = set(np.flatnonzero(said_yes & said_no).tolist())
    assert torn == {*range(12), *range(41, 48)}
    assert {order[n] for n in board.conflicts()} == torn
    page.table.setFocus()
    page.table.setCurrentIndex(page.model.index(2, 5))
    assert {order[n] for n in page.results.items.items} == torn
    assert "differ" in page.results.which.whole()
    first = item_words(board, page.results.items.items[0])
    assert first == f"{room.case(case_id).title} · image {order[page.results.items.items[0]] + 1}"
    photo(window, tmp_path, "conflicts")

    # one rule is switched off: its votes are gone, and with them every conflict
    QTest.keyClick(page.table, Qt.Key.Key_Space)
    assert page.acts.words.text().startswith("Without Soft tissue ")
    QTest.mouseClick(page.acts.switch, Qt.MouseButton.LeftButton)
    wait_for(lambda: len(board_of(page).rules) == 2, "two rules run", 60)
    board = board_of(page)
    assert board.conflicts() == []
    assert board.votes.item.size == int((wanted[:, :2] >= 0).sum())
    assert [r.enabled for r in room.rules.rules(board.target)] == [True, True, False]

    # the doubtful go to Rex; what the rules are sure of becomes suggestions, and nobody's label
    page.results.sure.setValue(99)
    doubtful = board.doubtful(0.99)
    assert doubtful and not {order[n] for n in doubtful} & set(KNOWN)  # what is known is not asked
    rex = next(r for r, name in room.readers() if name == "Rex")
    page.results.send_to((rex.id,))
    photo(window, tmp_path, "sent")
    assert PICKED in room.case(case_id).tags  # no random sample, and it says so
    before = room.claims.answers(case_id)
    page.results.sure.setValue(50)
    QTest.mouseClick(page.results.suggest, Qt.MouseButton.LeftButton)
    assert room.proposals(case_id) and room.claims.answers(case_id) == before
    assert len(before) == len(KNOWN) and room.verify().ok
    read_by_rex(window, room.path, case_id)
    photo(window, tmp_path, "reader")
    assert len(list((tmp_path / "shots").glob("*.png"))) == 6


def read_by_rex(window: MainWindow, path: Path, case_id: str) -> None:
    """His list holds what was sent, and he is not told what the rules say."""
    sit_down(window, path, "Rex")
    room = room_of(window)
    assert [line.case.id for line in room.cases()] == [case_id]
    window._window_acts.open_case(case_id)
    wait_for(lambda: window.reading_page.canvas.has_frame, "the image is shown", 60)
    assert room.proposals(case_id) == []
    assert room.why_no_suggestions(case_id) == "This batch is read without suggestions."
    hands.press_key(window.reading_page.canvas, Qt.Key.Key_R)
    said = " ".join(text.text() for text in window.notice.findChildren(QLabel))
    assert "read without suggestions" in said
