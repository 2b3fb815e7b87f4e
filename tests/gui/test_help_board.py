"""The Help board on a project counted by hand: every figure says how many, and which cases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton

from desktop.commands.project import AnswerQuestion, MarkCase
from desktop.commands.proposal import AcceptProposals, RejectProposals
from desktop.commands.time import RecordTime
from desktop.domain.help_study import Arm
from desktop.domain.task import AssignmentState, Role
from desktop.domain.time_span import TimeSpan, TimeState
from desktop.gui.suggestions.help_board import HelpBoard
from desktop.gui.window.main_window import MainWindow
from tests.workspace.made import MadeProject
from tests.workspace.test_help_study import answer, rule, suggest

# case: what Rex says blind, what the model suggests, whether he takes it, what is true
PLAN = (
    ("good", "poor", True, "good"),  # 0: misled
    ("good", "poor", False, "good"),  # 1: withstood
    ("poor", "good", True, "good"),  # 2: corrected
    ("poor", "good", False, "good"),  # 3: not corrected
    ("good", "poor", True, "good"),  # 4: misled
    ("good", "good", True, "good"),  # 5: confirmed
    ("good", "poor", None, None),  # 6: nobody knows, and it still waits
)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[MadeProject]:
    """Read by Rex in the blind-first arm, ruled by Jay, with a minute of work on each case."""
    project = MadeProject(tmp_path, cases=len(PLAN))
    for number, (_blind, offered, _takes, _truth) in enumerate(PLAN):
        suggest(project, offered, number)
    project.ws.help.set_plan(0, 100, 0)
    for name, role in (("Rex", Role.READER), ("Jay", Role.ADJUDICATOR)):
        project.ws.accounts.add_reader(project.ws.reader, name, role)
    ws = project.reopen("Rex")
    for number, (blind, _offered, takes, _truth) in enumerate(PLAN):
        case_id = project.cases[number]
        answer(project, blind, number)
        ws.help.lock(case_id)
        if takes is not None:
            way = AcceptProposals if takes else RejectProposals
            ws.run(way(case_id=case_id, proposal_ids=(f"p{number}",)))
        span = TimeSpan(
            id=ws.new_id(), reader_id=ws.reader.id, case_id=case_id, tool="select",
            state=TimeState.ACTIVE, start_utc="2026-01-01T00:00:00Z", seconds=60.0,
        )  # fmt: skip
        ws.run(RecordTime(spans=(span,)))
        if number < 4:
            ws.run(AnswerQuestion(case_id=case_id, question_id="count", value=1.0))
            ws.run(MarkCase(case_id=case_id, state=AssignmentState.DONE))
    project.reopen("Jay")
    for number, (_blind, _offered, _takes, truth) in enumerate(PLAN):
        if truth is not None:
            rule(project, truth, number)
    project.reopen("Ada")
    yield project
    project.close()


@pytest.fixture
def board(window: MainWindow, made: MadeProject) -> Iterator[HelpBoard]:
    window.shell.reading.open(made.ws)
    window.show_page("help-board")
    shown: Any = window._pages["help-board"]
    yield shown
    window.shell.reading.workspace = None  # the project closes itself


def press(board: HelpBoard, what: str) -> list[int]:
    """Press a figure by its name for screen readers; the numbers of the cases that it lists."""
    (figure,) = [b for b in board.findChildren(QPushButton) if b.accessibleName().startswith(what)]
    QTest.mouseClick(figure, Qt.MouseButton.LeftButton)
    assert board.behind.isVisible()
    return [int(c.removeprefix("case-")) for c in board.behind.case_ids]


def test_every_figure_leads_to_the_cases_that_it_counts(board: HelpBoard) -> None:
    report = board.report
    assert report is not None
    effect = report.all
    assert (effect.misled.count, effect.misled.of) == (2, 3)  # 0, 4 of 0, 1, 4
    assert (effect.corrected.count, effect.corrected.of) == (1, 2)  # 2 of 2, 3
    assert (effect.right_before.count, effect.right_after.count, effect.items) == (4, 3, 6)
    for what, cases in {
        "Right, then overturned": [0, 4],
        "Wrong, then corrected": [2],
        "Right before suggestions": [0, 1, 4, 5],
        "Right after suggestions": [1, 2, 5],
        "Quality model, cases": [0, 1, 2, 3, 4, 5, 6],
        "Quality model, offered": [0, 1, 2, 3, 4, 5, 6],
        "Quality model, accepted": [0, 2, 4, 5],
        "Quality model, rejected": [1, 3],
        "Quality model, waiting": [6],
        "Quality model, right": [2, 3, 5],
        "Quality model, wrong": [0, 1, 4],
        "Rex, misled": [0, 4],
        "Rex, corrected": [2],
        "Image quality, misled": [0, 4],
        "Image quality, corrected": [2],
        "Blind answer first, closed": [0, 1, 2, 3],
    }.items():
        assert sorted(press(board, what)) == cases, what
    assert report.arm_seconds[Arm.BLIND] == 60.0
    texts = {text.text() for text in board.findChildren(QLabel)}
    assert any(t.startswith("Not enough data: 0 cases without help and 0 with") for t in texts)


def test_a_listed_case_opens_by_key(board: HelpBoard, window: MainWindow) -> None:
    press(board, "Quality model, waiting")
    assert board.behind.heading.text() == "Quality model, waiting: 1 case"
    focused = window.focusWidget()
    assert isinstance(focused, QPushButton) and board.behind.isAncestorOf(focused)
    QTest.keyClick(focused, Qt.Key.Key_Space)
    assert window.page == "read" and window.shell.reading.view.case_id == "case-6"


def test_what_counts_nothing_is_no_link(board: HelpBoard) -> None:
    names = [b.accessibleName() for b in board.findChildren(QPushButton)]
    assert not [n for n in names if n.startswith("Quality model, edited")]
    assert board.behind.isHidden()
