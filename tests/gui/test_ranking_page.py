"""The ranking page on a real project: every way of judging, by keys and by mouse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QPushButton

from desktop.domain.ranking import Ask, Outcome, RankingKind, RankingTask
from desktop.domain.task import Role
from desktop.gui.widgets.furniture import ElidedLabel
from desktop.gui.window.main_window import MainWindow
from desktop.workspace.ranking.ranking_drafts import DraftCandidate, DraftPrompt
from tests.gui.canvas_room import Room

K = Qt.Key


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    yield made
    made.ws.close()


@pytest.fixture
def page(window: MainWindow, room: Room) -> Any:
    window.shell.reading.open(room.ws)
    window.show_page("ranking")
    return window._pages["ranking"]


def press(page: Any, *keys: Qt.Key) -> None:
    for key in keys:
        QTest.keyClick(page.window().focusWidget() or page, key)


def texts(*words: str) -> list[DraftPrompt]:
    made = tuple(DraftCandidate(text=w, source=f"model {w}") for w in words)
    return [DraftPrompt("Which is better?", made)]


def start(page: Any, room: Room, kind: RankingKind, *words: str, **more: Any) -> RankingTask:
    task = room.ws.ranking.create(
        "T", texts(*words), RankingTask(id="", title="", judged=kind, **more)
    )
    page.show_tasks()
    page.open_judging(task.id)
    return task


def outcomes(room: Room, task: RankingTask) -> list[Outcome]:
    return [c.outcome for c in room.ws.ranking.records(task.id).comparisons]


def test_without_tasks_the_page_offers_to_make_one(page: Any) -> None:
    buttons = [b for b in page.tasks.findChildren(QPushButton) if b.isVisible()]
    assert [b.text().strip() for b in buttons] == ["New task…"]
    QTest.mouseClick(buttons[0], Qt.MouseButton.LeftButton)
    assert page.parts.currentWidget() is page.form


def test_arrow_keys_decide_and_z_takes_back(page: Any, room: Room) -> None:
    task = start(page, room, RankingKind.PAIRWISE, *"abcd")
    press(page, K.Key_Left, K.Key_Right, K.Key_Down, K.Key_Up, K.Key_K)
    assert outcomes(room, task) == [
        Outcome.LEFT, Outcome.RIGHT, Outcome.TIE, Outcome.BOTH_BAD, Outcome.CANNOT,
    ]  # fmt: skip
    press(page, K.Key_Z, K.Key_Z)
    assert len(outcomes(room, task)) == 3
    assert page.judge._count.text() == "4 of 7"


def test_buttons_do_what_keys_do(page: Any, room: Room) -> None:
    task = start(page, room, RankingKind.PAIRWISE, "a", "b", "c")
    QApplication.processEvents()
    names = [w.text for w in page.judge.ways()]
    for name in (names[1], names[4]):
        button = next(
            b for b in page.judge.findChildren(QPushButton) if b.text() == name and b.isVisible()
        )
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert outcomes(room, task) == [Outcome.TIE, Outcome.RIGHT]


def test_a_required_reason_is_asked_for_and_then_keeps_the_decision(page: Any, room: Room) -> None:
    task = start(page, room, RankingKind.PAIRWISE, "a", "b", rationale=Ask.REQUIRED)
    press(page, K.Key_Right)
    assert outcomes(room, task) == []
    assert page.judge.side.reason.hasFocus()
    QTest.keyClicks(page.judge.side.reason, "Left out kz")  # letters are text here
    press(page, K.Key_Return)
    (said,) = room.ws.ranking.records(task.id).comparisons
    assert (said.outcome, said.rationale) == (Outcome.RIGHT, "Left out kz")


def test_nothing_is_asked_of_who_cannot_judge(page: Any, room: Room) -> None:
    task = start(
        page, room, RankingKind.PAIRWISE, "a", "b", rationale=Ask.REQUIRED, confidence=Ask.REQUIRED
    )
    press(page, K.Key_K)
    assert outcomes(room, task) == [Outcome.CANNOT]


def test_how_sure_is_kept(page: Any, room: Room) -> None:
    task = start(page, room, RankingKind.PAIRWISE, "a", "b", confidence=Ask.REQUIRED)
    press(page, K.Key_Left)
    assert outcomes(room, task) == []
    page.judge.side._sure.button(2).click()
    page.judge.setFocus()
    press(page, K.Key_Left)
    assert room.ws.ranking.records(task.id).comparisons[0].confidence == 3


def test_tiers_by_keys(page: Any, room: Room) -> None:
    task = start(page, room, RankingKind.TIERS, *"abcd")
    ids = page.judge.asked.shown.candidates
    press(page, K.Key_2, K.Key_1, K.Key_Return)
    assert not room.ws.ranking.records(task.id).rankings, "two are still to be placed"
    press(page, K.Key_2, K.Key_Up)
    assert page.judge.stage.panels[3].mark.text() == "unacceptable"
    press(page, K.Key_Return)
    (said,) = room.ws.ranking.records(task.id).rankings
    assert said.tiers == ((ids[1],), (ids[0], ids[2]))
    assert said.shown == ids


def test_tiers_by_dragging_letters(page: Any, room: Room) -> None:
    task = start(page, room, RankingKind.TIERS, *"abc")
    board = page.judge.side.board
    ids = page.judge.asked.shown.candidates
    for candidate, row in ((2, 0), (0, 1), (1, 1)):
        QApplication.processEvents()
        chip = board.chip(candidate)
        target = chip.mapFrom(board, board.row_center(row)).toPoint()
        QTest.mousePress(chip, Qt.MouseButton.LeftButton, pos=QPoint(4, 4))
        QTest.mouseMove(chip, target)
        QTest.mouseRelease(chip, Qt.MouseButton.LeftButton, pos=target)
    page.judge.setFocus()
    press(page, K.Key_Return)
    (said,) = room.ws.ranking.records(task.id).rankings
    assert said.tiers == ((ids[2],), (ids[0], ids[1]))


def test_the_best_of_a_few_is_one_key(page: Any, room: Room) -> None:
    task = start(page, room, RankingKind.BEST, *"abc")
    ids = page.judge.asked.shown.candidates
    press(page, K.Key_2)
    (said,) = room.ws.ranking.records(task.id).rankings
    assert said.tiers[0] == (ids[1],) and set(said.tiers[1]) == {ids[0], ids[2]}
    assert page.parts.currentWidget() is page.tasks, "that was all"


def test_grades_go_down_the_rubric(page: Any, room: Room) -> None:
    task = start(page, room, RankingKind.RATING, "a", criteria=("clear", "true"))
    press(page, K.Key_5, K.Key_2)
    assert not room.ws.ranking.records(task.id).ratings, "Enter keeps several grades"
    press(page, K.Key_Return)
    (said,) = room.ws.ranking.records(task.id).ratings
    assert said.scores == {"clear": 5, "true": 2}


def test_a_single_grade_is_one_key(page: Any, room: Room) -> None:
    task = start(page, room, RankingKind.RATING, "a", "b")
    press(page, K.Key_4, K.Key_1)
    assert sorted(r.scores[""] for r in room.ws.ranking.records(task.id).ratings) == [1, 4]


def test_text_is_shown_as_it_is(page: Any, room: Room) -> None:
    start(page, room, RankingKind.PAIRWISE, "<b>bold</b> & <script>", "plain\n\n# no heading")
    shown = {p.text.toPlainText() for p in page.judge.stage.panels[:2]}
    assert shown == {"<b>bold</b> & <script>", "plain\n\n# no heading"}


def test_long_texts_scroll_together(page: Any, room: Room) -> None:
    start(page, room, RankingKind.PAIRWISE, "long line\n" * 300, "other line\n" * 300)
    QApplication.processEvents()
    bars = [p.text.verticalScrollBar() for p in page.judge.stage.panels[:2]]
    press(page, K.Key_PageDown)
    assert all(b.value() > 0 for b in bars)
    press(page, K.Key_PageUp)
    assert all(b.value() == 0 for b in bars)


def test_time_stands_still_while_the_page_is_hidden(page: Any, room: Room) -> None:
    task = start(page, room, RankingKind.PAIRWISE, "a", "b")
    page.window().show_page("worklist")
    before = page.judge.seconds()
    QTest.qWait(60)
    assert page.judge.seconds() == before
    page.window().show_page("ranking")
    press(page, K.Key_Left)
    assert room.ws.ranking.records(task.id).comparisons[0].seconds < before + 5


def test_the_leaning_reader_is_told_in_a_banner(page: Any, room: Room) -> None:
    task = start(page, room, RankingKind.PAIRWISE, *"abcdef")
    press(page, *[K.Key_Left] * 16)
    page.open_results(task.id)
    assert page.result.banner.isVisible()
    assert "lean to the left" in page.result._banner_words.text()
    assert page.result.readers.item(0, 4).text().startswith("16 of 16")


def test_a_closed_task_can_be_opened_again(page: Any, room: Room) -> None:
    task = start(page, room, RankingKind.PAIRWISE, "a", "b")
    page.show_tasks()

    def button(text: str) -> QPushButton:
        QApplication.processEvents()
        return next(
            b for b in page.tasks.findChildren(QPushButton)
            if b.text().strip() == text and b.isVisible()
        )  # fmt: skip

    button("Close").click()
    assert not room.ws.ranking.task(task.id).is_open
    assert not button("Judge").isEnabled() and "closed" in button("Judge").toolTip()
    button("Open").click()
    assert room.ws.ranking.task(task.id).is_open


def test_a_file_of_texts_becomes_a_task(page: Any, room: Room, tmp_path: Path) -> None:
    path = tmp_path / "two_models.jsonl"
    path.write_text('{"prompt": "p", "chosen": "a", "rejected": "b"}\n')
    page._make()
    page.form._source.button(3).click()
    assert not page.form.go.isEnabled()
    page.form.take_file(path)
    assert page.form.title.text() == "two models"
    assert page.form.found.text() == "1 question with 2 candidates."
    QTest.mouseClick(page.form.go, Qt.MouseButton.LeftButton)
    assert [t.task.title for t in room.ws.ranking.tasks()] == ["two models"]
    path.write_text("{")
    page._make()
    page.form.take_file(path)
    assert "Line 1" in page.form.found.text()


def test_a_task_asks_whom_its_maker_ticked(page: Any, room: Room, tmp_path: Path) -> None:
    ben = room.ws.accounts.add_reader(room.ws.reader, "Ben", Role.READER)
    path = tmp_path / "texts.jsonl"
    path.write_text('{"prompt": "p", "chosen": "a", "rejected": "b"}\n')
    page._make()
    page.form._source.button(3).click()
    page.form.take_file(path)
    assert page.form.asked_readers() == (), "all are asked"
    lines = [page.form.readers.item(n) for n in range(page.form.readers.count())]
    assert lines[1].text() == "Ben" and len(lines) == 2
    for line in lines:
        line.setCheckState(Qt.CheckState.Unchecked)
    assert page.form.found.text() == "Nobody is asked. Tick a reader."
    assert not page.form.go.isEnabled()
    lines[1].setCheckState(Qt.CheckState.Checked)
    page.form.go.click()
    (made,) = room.ws.ranking.tasks()
    assert made.task.reader_ids == (ben.id,)
    buttons = [b for b in page.tasks.findChildren(QPushButton) if b.text().strip() == "Judge"]
    assert [b.isEnabled() for b in buttons] == [False]
    assert buttons[0].toolTip() == "It asks other readers."


@pytest.mark.parametrize("part", ["tasks", "judge", "result", "form"])
def test_every_part_is_explained_and_nothing_is_cut_in_a_small_window(
    page: Any, room: Room, part: str
) -> None:
    page.window().resize(1024, 640)
    task = start(
        page, room, RankingKind.PAIRWISE, *"abc", criteria=("One", "Two"), confidence=Ask.OPTIONAL,
        instructions="Take the one you would rather send.",
    )  # fmt: skip
    press(page, K.Key_Left)
    {"tasks": page.show_tasks, "judge": lambda: None, "form": page._make,
     "result": lambda: page.open_results(task.id)}[part]()  # fmt: skip
    QApplication.processEvents()
    shown = page.parts.currentWidget()
    silent = [
        b.text() for b in shown.findChildren(QAbstractButton)
        if b.isVisible() and not b.toolTip() and not b.objectName().startswith("qt_")
    ]  # fmt: skip
    assert silent == []
    cut = [
        x.text() for x in shown.findChildren(QLabel)
        if x.isVisible() and x.text() and not x.wordWrap() and not isinstance(x, ElidedLabel)
        and x.width() + 1 < x.sizeHint().width()
    ]  # fmt: skip
    assert cut == []
    for button in shown.findChildren(QPushButton):
        if button.isVisible():
            right = button.mapTo(page.window(), QPoint(button.width(), 0)).x()
            assert right <= page.window().width(), button.text()
