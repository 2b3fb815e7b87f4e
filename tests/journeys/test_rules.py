"""The lead writes rules in the real window and sees their worth; readers have the last word.

Three rules without code, a conflict, one switched off, doubtful cases sent, a suggestion taken.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QDoubleSpinBox, QPlainTextEdit

from desktop.commands.proposal import AcceptProposals
from desktop.domain.annotation import Origin
from desktop.domain.task import Role
from desktop.gui import app
from desktop.gui.rules.rules_page import RulesPage
from desktop.gui.simulated_hands import wait_for
from desktop.gui.widgets import theme
from desktop.gui.window.main_window import MainWindow
from desktop.workspace.rules.rules import PICKED
from desktop.workspace.settings import Settings
from desktop.workspace.workspace import Workspace
from tests.gui import test_habits as habits
from tests.workspace.made_rules import SPOT, add_reader, has_spot, number_of, open_spots, say


@pytest.fixture
def window(tmp_path: Path, qapp: QApplication, qtbot: Any) -> Iterator[MainWindow]:
    """The window on a project of 24 pictures; some answers are known, a second reader waits."""
    project = open_spots(tmp_path)
    for line in project.cases(limit=6):
        say(project, line.case.id, has_spot(number_of(project, line.case.id)))
    add_reader(project, Role.READER)
    path = project.path
    project.close()
    settings = Settings()
    settings.set("reader_name", "Ada")
    theme.apply(qapp, "dark")
    made = app.make_window(settings)
    qtbot.addWidget(made)
    made.resize(1440, 900)
    made.show()
    qtbot.waitActive(made)
    made.projects.open(path, "Ada")
    wait_for(lambda: made.shell.reading.workspace is not None, "the project opens")
    yield made
    made.shell.reading.open(None)


def room_of(window: MainWindow) -> Workspace:
    room = window.shell.reading.workspace
    assert room is not None
    return room


def choose(box: QComboBox, words: str) -> None:
    """An entry of a combo box, as the arrow keys would choose it."""
    wanted = box.findText(words)
    assert wanted >= 0, [box.itemText(i) for i in range(box.count())]
    box.setFocus()
    while box.currentIndex() != wanted:
        key = Qt.Key.Key_Down if box.currentIndex() < wanted else Qt.Key.Key_Up
        QTest.keyClick(box, key)


def field(page: RulesPage, name: str) -> Any:
    return page.form._fields[name]


def fill(widget: Any, value: Any) -> None:
    if isinstance(widget, QComboBox):
        choose(widget, value)
    elif isinstance(widget, QDoubleSpinBox):
        widget.setFocus()
        widget.selectAll()
        QTest.keyClicks(widget, f"{value:g}")
        QTest.keyClick(widget, Qt.Key.Key_Tab)
    else:
        assert isinstance(widget, QPlainTextEdit)
        widget.setFocus()
        QTest.keyClicks(widget, value)


def write_rule(page: RulesPage, name: str, kind: str, votes: str, **fields: Any) -> None:
    """A rule by its form, then wait until it has run."""
    QTest.mouseClick(page.add, Qt.MouseButton.LeftButton) if page.model.rules else QTest.mouseClick(
        page.first, Qt.MouseButton.LeftButton
    )
    assert QApplication.focusWidget() is page.form.name
    QTest.keyClicks(page.form.name, name)
    choose(page.form.kind, kind)
    for key, value in fields.items():
        fill(field(page, key), value)
    choose(page.form.votes_for, votes)
    QTest.keyClick(page.form, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    wait_for(
        lambda: page.board() is not None and page.board().rules[-1].name == name,  # type: ignore[union-attr]
        f"the rule {name} has run",
        60,
    )


def test_from_rules_to_a_readers_label(window: MainWindow, qtbot: Any) -> None:
    room = room_of(window)
    QTest.keyClick(window, Qt.Key.Key_4, Qt.KeyboardModifier.ControlModifier)
    page = window._pages["rules"]
    assert isinstance(page, RulesPage) and page.isVisible()
    assert not page.run.isEnabled() and "no rule" in page.run.toolTip()
    page.target_box.setCurrentIndex(page.target_box.findText("Is there a spot? · each case"))
    page.target_box.activated.emit(page.target_box.currentIndex())

    write_rule(page, "Bright", "Pixel values", "Yes", measure="percentile", percent=99, limit=150)
    write_rule(page, "Report says", "Words of the report", "Yes", words="spot")
    write_rule(page, "Dark on the whole", "Pixel values", "No", compare="at most", limit=96)
    board = page.board()
    assert board is not None and len(board.items) == 24
    assert "known answers" in page.verdict.winner.text()
    assert [r.votes_for for r in room.rules.rules(SPOT)] == ["yes", "yes", "no"]

    # a cell leads to the items behind it, an item to its reasons
    conflict = page.model.index(2, 5)
    page.table.setFocus()
    page.table.setCurrentIndex(conflict)
    items = board.items_of(2, "conflict")
    assert items and page.results.items.items == items
    assert "differ" in page.results.which.whole()
    assert page.results.evidence.plot.hits()
    shown = page.results.items.items[0]
    assert page.results.evidence.sum.text().count("sum of the bars") == 1
    assert board.evidence(shown).first in (0, 1)

    # tried without, then really
    QTest.keyClick(page.table, Qt.Key.Key_Space)
    assert page.acts.words.text().startswith("Without Dark on the whole ")
    assert room.rules.rules(SPOT)[2].enabled
    QTest.mouseClick(page.acts.switch, Qt.MouseButton.LeftButton)
    wait_for(lambda: page.board() is not None and len(page.board().rules) == 2, "two rules run", 60)  # type: ignore[union-attr]
    assert page.model.data(page.model.index(2, 0)) == "off"

    # doubtful cases go to a reader, marked for what they are
    page.results.sure.setValue(98)
    board = page.board()
    assert board is not None
    doubtful = {board.items[n].case_id for n in board.doubtful(0.98)}
    assert doubtful and page.results.send.isEnabled()
    reader = next(r for r, _ in room.readers() if r.role is Role.READER)
    page.results.send_to((reader.id,))
    tagged = {line.case.id for line in room.cases(limit=100) if PICKED in line.case.tags}
    assert tagged == doubtful
    assert room.batches.lines()[0].cases == len(doubtful)

    # the sure ones become suggestions, and a reader makes a label of one
    page.results.sure.setValue(60)
    sure = page.board().surest(0.6)  # type: ignore[union-attr]
    QTest.mouseClick(page.results.suggest, Qt.MouseButton.LeftButton)
    case_id = page.board().items[sure[0]].case_id  # type: ignore[union-attr]
    ((suggestion, decision),) = room.proposals(case_id)
    assert decision is None and suggestion.origin is Origin.RULE and suggestion.soft
    window.shell.reading.run(AcceptProposals(case_id=case_id, proposal_ids=(suggestion.id,)))
    assert room.answers(case_id)[0].origin is Origin.RULE
    assert room.verify().ok


def test_the_page_keeps_the_habits_of_the_house(window: MainWindow) -> None:
    window.show_page("rules")
    page = window._pages["rules"]
    assert isinstance(page, RulesPage)
    write_rule(page, "Bright", "Pixel values", "Yes", limit=90)
    for size in ((1440, 900), (1024, 640)):
        window.resize(*size)
        for _ in range(2):
            habits.test_every_button_has_a_tooltip(page)
            habits.test_every_field_and_list_has_a_name_for_screen_readers(page)
            habits.test_every_button_can_be_reached_by_keyboard(page)
            habits.test_no_text_is_cut(page)
            page.edit(page.model.rules[0])
        page._leave_form()
    for key, name in ((Qt.Key.Key_Return, "Bright"), (Qt.Key.Key_N, "")):
        page.table.setFocus()
        QTest.keyClick(page.table, key)
        assert page.form.isVisible() and page.form.name.text() == name
        QTest.keyClick(page.form.name, Qt.Key.Key_Escape)
        assert not page.form.isVisible() and page.isVisible()
    QTest.keyClick(page.table, Qt.Key.Key_Return)
    QTest.keyClick(page.form.name, Qt.Key.Key_Escape)
    assert not page.form.isVisible() and page.isVisible()


def test_reports_deleting_and_undo(window: MainWindow, tmp_path: Path) -> None:
    room = room_of(window)
    for line in room.cases(limit=100):
        room.rules.attach_report(line.case.id, "")
    window.show_page("rules")
    page = window._pages["rules"]
    assert isinstance(page, RulesPage)
    write_rule(page, "Report", "Words of the report", "Yes", words="spot")
    assert page.board().figures[0].votes == 0  # type: ignore[union-attr]
    page.take_reports([tmp_path / "spots"])
    wait_for(
        lambda: page.board() is not None and page.board().figures[0].votes > 0,  # type: ignore[union-attr]
        "the reports are read",
        60,
    )
    QTest.mouseClick(page.acts.delete, Qt.MouseButton.LeftButton)
    assert page.model.rules == [] and page.first.isVisible()
    room.undo("")
    page.refresh()
    assert [r.name for r in page.model.rules] == ["Report"]


def test_readers_do_not_see_the_page() -> None:
    from desktop.gui.pages import BY_NAME

    page = BY_NAME["rules"]
    assert page.key == "Ctrl+4"
    assert page.why_not(Role.READER) and not page.why_not(Role.LEAD)
    assert os.environ["QT_QPA_PLATFORM"] == "offscreen"
