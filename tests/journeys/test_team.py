"""A team's round: the lead gives out blinded packages, three read, the careless one is caught."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.domain.task import AssignmentState
from desktop.engines.proportions import Verdict
from desktop.gui import app, theme
from desktop.gui.main_window import MainWindow
from desktop.gui.simulated_hands import press_key, wait_for
from desktop.workspace.settings import Settings
from desktop.workspace.workspace import Workspace
from tests.workspace.simulated_readers import LOG_ONLY, SimulatedReader
from tests.workspace.team_room import TeamRoom, opened_room

ERRORS = {"Grace": 0.0, "Alan": 0.8, "Edsger": 0.1}


@pytest.fixture
def team(tmp_path: Path) -> Iterator[TeamRoom]:
    with opened_room(tmp_path, 30) as room:
        room.make_gold(room.case_ids[15:])
        for name in ERRORS:
            room.add_reader(name)
        yield room


@pytest.fixture
def window(qapp: QApplication, tmp_path: Path) -> Iterator[MainWindow]:
    settings = Settings(tmp_path / "window.json")
    settings.set("reader_name", "Ada")
    theme.apply(qapp, "dark")
    made = app.make_window(settings)
    made.resize(1440, 900)
    made.show()
    made.activateWindow()
    wait_for(lambda: made.reading_page.canvas is not None, "the canvas comes in")
    yield made
    made.shell.reading.open(None)
    made.close()


def test_a_round_of_three_readers(window: MainWindow, team: TeamRoom) -> None:
    reading = window.shell.reading
    reading.open(team.ws)
    hand_out(window, team.folder)
    packages = {name: team.folder / f"Made - {name}.rroom" for name in ERRORS}
    record = team.ws.team.packages()
    assert len(record) == 3 and all(p.gold for p in record)
    bundles = {}
    for name, package in packages.items():
        reader = team.simulated(name, ERRORS[name])
        bundles[name] = package.with_suffix(".bundle")
        if name == "Grace":  # through the window, by keyboard
            read_in_window(window, reader, package, bundles[name])
        else:
            reader.read_package(package, bundles[name])
    lead = team.made.reopen()
    reading.open(lead)
    take_back(window, team, bundles)
    judge(window, team)
    assert lead.verify().ok, lead.verify().sentences


def hand_out(window: MainWindow, folder: Path) -> None:
    """The lead makes a batch with 30 % overlap and hidden gold, and writes the packages."""
    window.show_page("worklist")
    QTest.mouseClick(window.worklist_page.assign, Qt.MouseButton.LeftButton)
    page = window._pages["assign"]
    new = page.batches.new  # type: ignore[attr-defined]
    new.count.setValue(15)
    new.overlap.setFocus()
    for _ in range(10):
        QTest.keyClick(new.overlap, Qt.Key.Key_Right)
    new.gold.setValue(40)
    new.first.setValue(40)
    assert new.outcome.text() == "15 cases, 4 of them read by 2: 19 readings."
    QTest.mouseClick(new.go, Qt.MouseButton.LeftButton)
    page.show_pane(1)  # type: ignore[attr-defined]
    pane = page.packages  # type: ignore[attr-defined]
    pane.folder = folder
    QTest.mouseClick(pane.go, Qt.MouseButton.LeftButton)
    wait_for(lambda: pane.report.text() != "" or not pane.report.isHidden(), "packages", 30)
    assert pane.report.text().count("gold") == 3


def read_in_window(
    window: MainWindow, reader: SimulatedReader, package: Path, bundle: Path
) -> None:
    """Each case is answered by a digit and closed with Ctrl+Enter, as Grace would."""
    there = reader.open(package)
    window.shell.reading.open(there)
    from desktop.gui.goto import open_case

    open_case(window.shell.reading, there.first_open_case())
    assert "Grace" in there.reader_name and window.page == "read"
    for name in ("assign", "adjudicate"):
        window.show_page(name)
        assert window.page == "read", "these pages are not a reader's"
    count = there.case_count()
    for _ in range(count):
        case_id = window.shell.reading.view.case_id
        form = window.reading_page.panel.form
        window.reading_page.panel.show_tab("Form")
        form.focus_question("quality")
        digit = reader.choices.index(reader.answer_for(there, case_id))
        press_key(window, (Qt.Key.Key_1, Qt.Key.Key_2)[digit])
        for _try in range(2):  # the second one says that nothing is to be drawn
            if not there.assignment(case_id).state.is_closed:
                window.actions_["case.done"].trigger()
        assert there.assignment(case_id).state is AssignmentState.DONE
    closed = [line.state for line in there.cases(limit=count)]
    assert closed == [AssignmentState.DONE] * count
    there.export_bundle(bundle, LOG_ONLY)
    window.shell.reading.open(None)


def take_back(window: MainWindow, team: TeamRoom, bundles: dict[str, Path]) -> None:
    """The bundles come back in another order; each stranger's fingerprint is typed once."""
    window.show_page("exchange")
    card = window.exchange_page.merge
    order = list(itertools.permutations(bundles))[3]
    for name in order:
        card.add([bundles[name]])
        card.typed.setText(team.simulated(name, 0.0).fingerprint)
        card.name.setText(name)
        card.trust.click()
        card._merge()
    room = window.shell.reading.workspace
    assert isinstance(room, Workspace)
    assert room.team.conflicts() == []
    (line,) = room.batches.lines()
    assert line.closed == line.reads == 19


def judge(window: MainWindow, team: TeamRoom) -> None:
    """Gold tells who was careless."""
    window.show_page("assign")
    page = window._pages["assign"]
    page.show_pane(2)  # type: ignore[attr-defined]
    room = window.shell.reading.workspace
    assert room is not None
    scores = {s.name: s for s in room.gold.scores()}
    assert scores["Alan"].score.watch.verdict is Verdict.ALERT
    assert scores["Grace"].score.watch.verdict is not Verdict.ALERT
    alan = team.ws.accounts.known("Alan")
    assert alan is not None
    assert page.gold.reader_id == alan.id, "who raised the alarm is shown first"  # type: ignore[attr-defined]
