"""The page Assign in the window, over a real project."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLabel, QPushButton

from desktop.domain.batch import CaseRule, GoldMix, Mode
from desktop.domain.ranking import RankingTask
from desktop.domain.task import Role
from desktop.gui.goto import open_case
from desktop.gui.shell import Notice
from desktop.gui.team.assign_page import AssignPage
from desktop.gui.widgets.furniture import ElidedLabel
from desktop.gui.window.main_window import MainWindow
from desktop.workspace.ranking.ranking_drafts import DraftCandidate, DraftPrompt
from tests.workspace.team_room import TeamRoom, opened_room

GOLD = GoldMix(rate=0.4, first=0, first_rate=0.0)
MUCH_GOLD = GoldMix(rate=0.5, first_rate=0.5)


@pytest.fixture
def team(tmp_path: Path) -> Iterator[TeamRoom]:
    with opened_room(tmp_path, 20) as room:
        for name in ("Grace", "Alan"):
            room.add_reader(name)
        yield room


@pytest.fixture
def page(window: MainWindow, team: TeamRoom) -> Iterator[AssignPage]:
    window.shell.reading.open(team.ws)
    window.show_page("assign")
    yield window._pages["assign"]  # type: ignore[misc]
    window.shell.reading.open(None)


def slide(slider: Any, steps: int) -> None:
    slider.setFocus()
    key = Qt.Key.Key_Right if steps > 0 else Qt.Key.Key_Left
    for _ in range(abs(steps)):
        QTest.keyClick(slider, key)


def texts(widget: Any) -> list[str]:
    QTest.qWait(30)  # what was put into a layout shows at its next turn
    shown = [w for w in widget.findChildren(QLabel) if w.isVisibleTo(widget)]
    return [w.whole() if isinstance(w, ElidedLabel) else w.text() for w in shown]


def test_a_batch_is_previewed_made_changed_and_taken_back(page: AssignPage, team: TeamRoom) -> None:
    new = page.batches.new
    assert new.outcome.text() == "20 cases, 4 of them read by 2: 24 readings."
    slide(new.overlap, 5)
    assert new.outcome.text() == "20 cases, 5 of them read by 2: 25 readings."
    QTest.keyClicks(new.title, "Pilot")
    QTest.mouseClick(new.go, Qt.MouseButton.LeftButton)
    (line,) = team.ws.batches.lines()
    assert (line.batch.title, line.shared, line.reads) == ("Pilot", 5, 25)
    (card,) = page.batches.cards
    slide(card.overlap, -5)
    assert team.ws.batches.lines()[0].shared == 4
    (card,) = page.batches.cards
    assert card.overlap.hasFocus(), "the keyboard stays on the slider of a card made anew"
    assert not new.go.isEnabled() and "in a batch already" in new.outcome.text()
    take = next(b for b in card.findChildren(QPushButton) if b.text() == "Take back")
    take.click()
    assert team.ws.batches.lines() == [] and new.go.isEnabled()
    team.ws.undo("")
    assert len(page.batches.cards) == 1


def test_why_no_batch_can_be_made_is_said(page: AssignPage) -> None:
    new = page.batches.new
    for box in new._readers.values():
        box.setChecked(False)
    assert new.outcome.text() == "Choose who reads." and not new.go.isEnabled()
    assert new.go.toolTip() == "Choose who reads."
    new._readers[next(iter(new._readers))].setChecked(True)
    assert not new._sharing.isEnabled()
    new.rule.setCurrentIndex(2)
    new.rule.activated.emit(2)
    assert new.outcome.text() == "No case carries a tag yet." and new.tag.isVisible()
    new.modes.button(1).click()
    assert "no gold yet" in new.outcome.text()


def test_packages_are_written_for_the_ticked_readers(page: AssignPage, team: TeamRoom) -> None:
    page.show_pane(1)
    assert "Nothing is assigned yet. Make a batch or a preference task first." in texts(
        page.packages
    )
    assert not page.packages.go.isEnabled()
    ids = [line.reader.id for line in team.ws.accounts.lines() if line.reader.role is Role.READER]
    team.ws.batches.create("Pilot", CaseRule(), ids)
    page.packages.folder = team.folder / "out"
    page.packages.folder.mkdir()
    assert page.packages.go.isEnabled()
    page.packages.phrase.setText("one phrase here")
    page.packages.go.click()
    assert team.ws.team.packages() == [], "the phrases differ"
    page.packages.phrase.clear()
    page.packages.go.click()
    assert sorted(p.name for p in page.packages.folder.glob("*.rroom")) == [
        "Made - Alan.rroom",
        "Made - Grace.rroom",
    ]
    assert "Made - Alan.rroom: 10 cases." in page.packages.report.text()
    assert not page.packages.go.isEnabled(), "nothing is left to hand out"
    page.packages.again.click()
    assert page.packages._boxes and all(b.isEnabled() for b in page.packages._boxes.values())


def test_the_gold_pane_names_the_careless_reader_and_opens_what_was_missed(
    page: AssignPage, team: TeamRoom
) -> None:
    page.show_pane(2)
    assert any("No gold yet" in t for t in texts(page.gold))
    team.make_gold(team.case_ids[10:])
    readers = {n: team.ws.accounts.known(n) for n in ("Grace", "Alan")}
    ids = [r.id for r in readers.values() if r]
    team.ws.batches.create("Pilot", CaseRule(count=10), ids, overlap=1.0, gold=MUCH_GOLD)
    for name, error in (("Grace", 0.0), ("Alan", 1.0)):
        reader = readers[name]
        assert reader is not None
        team.read_and_merge(team.simulated(name, error), team.package(reader))
    page.refresh()
    said = " ".join(texts(page.gold))
    assert "Alan" in said and "Alert after" in said
    assert {h.key for h in page.gold.plot.hits()} == set(ids)
    opened: list[str] = []
    page.chosen.connect(opened.append)
    QTest.qWait(30)
    links = [b for b in page.gold._reader.findChildren(QPushButton) if b.isVisible()]
    links[0].click()
    assert opened[0] in team.case_ids[10:]
    page.gold._show_reader(ids[0])
    assert "Nothing so far." in texts(page.gold)


def test_the_open_case_is_made_gold_from_the_menu(
    page: AssignPage, window: MainWindow, team: TeamRoom, notices: list[Notice]
) -> None:
    case_id = team.case_ids[0]
    open_case(window.shell.reading, case_id)
    window.show_page("read")
    window.actions_["case.gold"].trigger()
    card = window._window_acts._gold_card
    assert card is not None and card.isVisible()
    card.go.click()
    assert "no answer on this case" in card.problem.text()
    QTest.keyClick(card, Qt.Key.Key_Escape)
    assert not card.isVisible()
    team.make_gold([])
    from desktop.commands.project import AnswerQuestion

    team.ws.run(AnswerQuestion(case_id=case_id, question_id="quality", value="good"))
    window.actions_["case.gold"].trigger()
    card.concept.setEditText("Motion")
    card.go.click()
    gold = team.ws.gold.of(case_id)
    assert gold is not None and gold.concept == "Motion"
    assert notices[-1].title == "This case is gold" and notices[-1].on_act is not None
    notices[-1].on_act()
    assert team.ws.gold.of(case_id) is None


def test_training_tells_in_a_notice_after_the_case(
    window: MainWindow, team: TeamRoom, notices: list[Notice]
) -> None:
    team.make_gold(team.case_ids[:2])
    grace = team.ws.accounts.known("Grace")
    assert grace is not None
    team.ws.batches.create("Training", CaseRule(), [grace.id], mode=Mode.TRAINING)
    ws = team.made.reopen(reader_name="Grace")
    window.shell.reading.open(ws)
    assert ws.case_count() == 2
    from desktop.commands.project import AnswerQuestion, MarkCase
    from desktop.domain.task import AssignmentState

    case_id = ws.first_open_case()
    open_case(window.shell.reading, case_id)
    ws.run(AnswerQuestion(case_id=case_id, question_id="quality", value=team.right(case_id)))
    ws.run(MarkCase(case_id=case_id, state=AssignmentState.DONE))
    window.acts.after_closing(case_id)
    assert notices[-1].title == "Case 1 done: As it is known." and notices[-1].kind == "ok"
    window.show_page("assign")
    assert notices[-1].title == "This page is not yours"
    action = window.actions_["case.gold"]
    assert not action.isEnabled() and "Lead and adjudicator" in action.toolTip()
    window.shell.reading.open(None)


def test_the_work_list_leads_to_assign_and_shows_mine_or_all(
    window: MainWindow, team: TeamRoom
) -> None:
    ws = team.ws
    window.shell.reading.open(ws)
    window.show_page("worklist")
    page = window.worklist_page
    assert page.assign.isVisible() and not page._choice.isVisible()
    page.assign.click()
    assert window.page == "assign"
    grace = ws.accounts.known("Grace")
    assert grace is not None
    ws.batches.create("Both", CaseRule(), [ws.reader.id, grace.id])
    window.show_page("worklist")
    assert page._choice.isVisible() and page.model.rowCount() == 10
    page._whose.button(1).click()
    assert page.model.rowCount() == 20
    page._whose.button(0).click()
    assert page.model.rowCount() == 10
    window.show_page("readers")
    window.attendance.readers_page.assign.click()
    assert window.page == "assign"
    window.shell.reading.open(None)


@pytest.mark.parametrize("pane", [0, 1, 2])
def test_every_button_is_explained_and_no_text_is_cut(
    page: AssignPage, window: MainWindow, team: TeamRoom, pane: int, qtbot: Any
) -> None:
    team.make_gold(team.case_ids[18:])
    grace = team.ws.accounts.known("Grace")
    assert grace is not None
    team.ws.batches.create("Pilot", CaseRule(count=10), [grace.id])
    window.resize(1024, 640)
    page.show_pane(pane)
    QTest.qWait(30)
    silent = [
        b.text()
        for b in page.findChildren(QAbstractButton)
        if b.isVisible() and not b.toolTip() and type(b).__name__ != "QCheckBox"
    ]
    assert silent == []
    cut = [
        w.text()
        for w in page.findChildren(QLabel)
        if w.isVisible() and not w.wordWrap() and not isinstance(w, ElidedLabel)
        if w.text() and w.width() + 1 < w.sizeHint().width()
    ]
    assert cut == []


def test_preference_tasks_go_out_in_packages_too(page: AssignPage, team: TeamRoom) -> None:
    grace = next(r.id for r, name in team.ws.readers() if name == "Grace")
    answers = (DraftCandidate(text="a"), DraftCandidate(text="b"))
    asked = RankingTask(id="", title="", reader_ids=(grace,))
    team.ws.ranking.create("Texts", [DraftPrompt("Which?", answers)], asked)
    page.show_pane(1)
    pane = page.packages
    assert list(pane._boxes) == [grace] and pane._boxes[grace].isChecked()
    assert any(t.endswith("· 1 preference task") for t in texts(pane))
    pane.folder = team.folder / "out"
    pane.folder.mkdir()
    pane.go.click()
    assert pane.report.text() == "Made - Grace.rroom: 1 preference task."
    assert "1 preference task" in texts(pane), "in the list of what went out"
    assert pane._boxes == {} and not pane.go.isEnabled()
    pane.again.click()
    assert list(pane._boxes) == [grace], "it can be handed out again while it is open"
