"""From three readers' answers to the board, into a cell, and on to a case, in the real window."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QPushButton,
    QTableView,
    QToolButton,
)

from desktop.commands.project import AddSchema, AnswerQuestion, ChooseSchema, MarkCase
from desktop.domain.schema import Question, QuestionKind, Schema
from desktop.domain.task import AssignmentState
from desktop.engines.agreement.weights import Scheme
from desktop.gui.app import make_window
from desktop.gui.quality.quality_detail import KNOWN, WEIGHTS
from desktop.gui.widgets import theme
from desktop.gui.widgets.plot import PlotView
from desktop.gui.window.main_window import MainWindow
from desktop.workspace.settings import Settings
from tests.workspace.made import SCHEMA, MadeProject

CASES = 80
RIGHT = {"Ada": 0.95, "Ben": 0.9, "Cleo": 0.8}
SHARE = 0.4
ASKED = Schema(
    id="chest@1",
    name="chest",
    version=1,
    title="Test",
    classes=SCHEMA.classes,
    questions=(
        Question(id="effusion", text="Pleural effusion", kind=QuestionKind.YES_NO),
        Question(id="size", text="Largest diameter", kind=QuestionKind.NUMBER, unit="mm"),
    ),
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Three readers of known error rates; each closed every case."""
    patch = pytest.MonkeyPatch()
    folder = tmp_path_factory.mktemp("quality")
    patch.setenv("READINGROOM_HOME", str(folder / "home"))
    made = MadeProject(folder, cases=CASES)
    made.ws.run(AddSchema(schema=ASKED))
    for case in made.cases:
        made.ws.run(ChooseSchema(case_id=case, schema_id=ASKED.id))
    rng = random.Random(8)
    truth = [(rng.random() < SHARE, rng.gauss(20, 5)) for _ in made.cases]
    for name, right in RIGHT.items():
        made.reopen(name)
        for case, (there, size) in zip(made.cases, truth, strict=True):
            said = there if rng.random() < right else not there
            made.ws.run(AnswerQuestion(case_id=case, question_id="effusion", value=said))
            size = round(size + rng.gauss(0, 1), 1)
            made.ws.run(AnswerQuestion(case_id=case, question_id="size", value=size))
            made.ws.run(MarkCase(case_id=case, state=AssignmentState.DONE))
    made.close()
    yield made.path
    patch.undo()


def implied_alpha() -> float:
    """Krippendorff's alpha of endlessly many cases with these error rates."""
    says_yes = [SHARE * r + (1 - SHARE) * (1 - r) for r in RIGHT.values()]
    pairs = [
        a * b + (1 - a) * (1 - b)
        for i, a in enumerate(RIGHT.values())
        for b in list(RIGHT.values())[i + 1 :]
    ]
    observed, yes = sum(pairs) / len(pairs), sum(says_yes) / len(says_yes)
    expected = yes**2 + (1 - yes) ** 2
    return (observed - expected) / (1 - expected)


@pytest.fixture
def window(qtbot: Any, qapp: QApplication, project: Path, tmp_path: Path) -> Iterator[MainWindow]:
    settings = Settings(tmp_path / "settings.json")
    settings.set("reader_name", "Ada")
    theme.apply(qapp, "dark")
    made = make_window(settings)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitActive(made)
    made.projects.open(project, "Ada")
    qtbot.waitUntil(lambda: made.shell.reading.workspace is not None, timeout=20_000)
    yield made
    made.shell.reading.open(None)


def test_from_the_board_to_a_case(qtbot: Any, window: MainWindow, tmp_path: Path) -> None:
    window.actions_["page.quality"].trigger()
    page: Any = window._pages["quality"]
    qtbot.waitUntil(lambda: page.detail.detail is not None, timeout=20_000)
    row = page.board.row("chest/effusion")
    interval = row.agreement.interval
    assert interval.low <= implied_alpha() <= interval.high, row.agreement.text
    assert QApplication.focusWidget() is page.table, "the keyboard is on the board"

    QTest.keyClick(page.table, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: page.detail.detail.topic.title == "Largest diameter", timeout=20_000)
    QTest.keyClick(page.table, Qt.Key.Key_Up)
    qtbot.waitUntil(lambda: page.detail.detail.topic.title == "Pleural effusion", timeout=20_000)

    cell = page.detail.map.place_of((0, 2)).toPoint()
    QTest.mouseMove(page.detail.map, cell)
    assert "80 items both answered" in page.detail.map.words()
    QTest.mouseClick(page.detail.map, Qt.MouseButton.LeftButton, pos=cell)
    cases = page.detail.cases
    assert cases.heading.whole() == "Reader A and Reader C"
    assert cases.count.whole().startswith("80 cases")
    apart = next(hit for hit in page.detail.plot.hits() if hit.key == (0, 1))
    QTest.mouseClick(
        page.detail.plot,
        Qt.MouseButton.LeftButton,
        pos=page.detail.plot.place_of(apart.key).toPoint(),
    )
    assert all(line.differ for line in cases.model.lines)
    wanted = cases.model.lines[0].case_id
    cases.table.setFocus()
    QTest.keyClick(cases.table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.page == "read", timeout=10_000)
    assert window.shell.reading.view.case_id == wanted


def test_a_coefficient_its_scale_and_weights_of_ones_own(qtbot: Any, window: MainWindow) -> None:
    window.show_page("quality")
    page: Any = window._pages["quality"]
    qtbot.waitUntil(lambda: page.detail.detail is not None, timeout=20_000)
    choices, detail = page.choices, page.detail

    def agreement() -> Any:
        return page.board.row("chest/effusion").agreement

    def detailed(name: str) -> bool:
        return bool(detail.detail and detail.detail.agreement.name == name)

    choices.measure.setFocus()
    QTest.keyClicks(choices.measure, "Fleiss")
    qtbot.waitUntil(lambda: detailed("Fleiss' kappa"), timeout=20_000)
    choices.scale.setFocus()
    QTest.keyClicks(choices.scale, "Linear")
    assert choices.scale.currentText() == "Linear weights"
    qtbot.waitUntil(lambda: detail.detail.options.weights is Scheme.LINEAR, timeout=20_000)
    detail.show_view(WEIGHTS)
    assert [detail.weights.table.item(0, n).text() for n in (0, 1)] == ["1", "0"]
    plain = agreement().value
    detail.weights.table.setCurrentCell(0, 1)
    detail.weights.table.setFocus()
    QTest.keyClick(detail.weights.table, "0")  # opens the cell, which has the keyboard then
    QTest.keyClicks(QApplication.focusWidget(), ".5")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: detailed("Fleiss' kappa (own weights)"), timeout=20_000)
    # one weight for all that differs changes what is seen and expected, not their relation
    assert agreement().value == pytest.approx(plain)
    assert agreement().observed > 0.8
    assert detail.weights.table.item(1, 0).text() == "0.5", "the cell across follows"
    detail.weights.usual.click()
    qtbot.waitUntil(lambda: detailed("Fleiss' kappa"), timeout=20_000)
    QTest.keyClicks(choices.measure, "Intraclass")
    choices.scale.setCurrentText("ICC(3,k)")
    qtbot.waitUntil(
        lambda: page.board.row("chest/size").agreement.name == "ICC(3,k)", timeout=20_000
    )


@pytest.mark.parametrize("tab", range(3))
def test_every_button_is_explained_and_every_list_has_a_name(
    qtbot: Any, window: MainWindow, tab: int
) -> None:
    window.resize(1024, 640)
    window.show_page("quality")
    page: Any = window._pages["quality"]
    qtbot.waitUntil(lambda: page.detail.detail is not None, timeout=20_000)
    page.show_tab(tab)
    silent = [b.text() for b in page.findChildren(QAbstractButton) if b.isVisible()
              and not b.toolTip() and not b.objectName().startswith("qt_")
              and not isinstance(b.parent(), QAbstractItemView)]  # fmt: skip
    assert silent == []
    lists = [*page.findChildren(QTableView), *page.findChildren(PlotView)]
    assert [w for w in lists if not w.accessibleName()] == []
    short = [b.text() for b in page.findChildren(QAbstractButton) if b.isVisible()
             and isinstance(b, (QPushButton, QToolButton))
             and b.width() < b.minimumSizeHint().width()]  # fmt: skip
    assert short == []


def test_every_figure_of_the_board_lists_its_cases_by_arrow_keys(
    qtbot: Any, window: MainWindow
) -> None:
    room = window.shell.reading.workspace
    assert room is not None
    case = room.cases()[0].case.id
    room.gold.make(case)
    window.show_page("quality")
    page: Any = window._pages["quality"]
    qtbot.waitUntil(lambda: page.detail.detail is not None, timeout=20_000)
    cases, table = page.detail.cases, page.table
    heads = [table.model().headerData(n, Qt.Orientation.Horizontal) for n in range(10)]
    told = {}
    for head in heads[1:]:
        QTest.keyClick(table, Qt.Key.Key_Right)
        told[head] = (cases.heading.whole(), len(cases.model.lines))
    assert told["Items"] == ("Read by two or more", CASES)
    assert told["Most common"][0] == "Somebody said: no"
    assert told["Known answers"] == ("Known answers", 1)
    assert told["Wrong advice taken"] == ("Wrong advice", 0)
    for head in ("Known answers", "Active time"):
        index = table.model().index(0, heads.index(head))
        table.scrollTo(index)
        QTest.mouseClick(
            table.viewport(), Qt.MouseButton.LeftButton, pos=table.visualRect(index).center()
        )
        assert cases.heading.whole() == told[head][0]
    page.detail.show_view(KNOWN)
    assert page.detail.plot.plot.title == "Known answers and advice"
    right = next(hit.key for hit in page.detail.plot.hits() if hit.key[0] == "right")
    at = page.detail.plot.place_of(right).toPoint()
    QTest.mouseClick(page.detail.plot, Qt.MouseButton.LeftButton, pos=at)
    assert cases.heading.whole().endswith(": Known answers")
    assert [line.case_id for line in cases.model.lines] == [case]


def test_names_come_when_asked_for_and_go_again(qtbot: Any, window: MainWindow) -> None:
    window.show_page("quality")
    page: Any = window._pages["quality"]
    qtbot.waitUntil(lambda: page.detail.detail is not None, timeout=20_000)
    assert page.detail._names == ("Reader A", "Reader B", "Reader C")
    QTest.mouseClick(page.names, Qt.MouseButton.LeftButton)
    assert set(page.detail._names) == set(RIGHT)
    QTest.mouseClick(page.names, Qt.MouseButton.LeftButton)
    assert page.detail._names == ("Reader A", "Reader B", "Reader C")


def test_the_report_is_written_and_suspect_labels_are_decided(
    qtbot: Any, window: MainWindow, tmp_path: Path
) -> None:
    window.show_page("quality")
    page: Any = window._pages["quality"]
    qtbot.waitUntil(lambda: page.detail.detail is not None, timeout=20_000)
    said: list[Any] = []
    window.shell.noticed.connect(said.append)
    page.write_report(tmp_path)
    qtbot.waitUntil(lambda: bool(said), timeout=20_000)
    assert said[-1].title == "The quality report is written"
    (folder,) = tmp_path.glob("Quality of*")
    names = {path.name for path in folder.iterdir()}
    assert names == {"report.html", "report.pdf", "report.json", "table.csv", "plots"}
    assert (folder / "report.pdf").read_bytes()[:5] == b"%PDF-"
    assert "Cleo" not in (folder / "report.html").read_text(encoding="utf-8")
    assert (folder / "plots" / "agreement.png").is_file()

    room = window.shell.reading.workspace
    assert room is not None
    lines = ["case,question,no,yes"]
    for case in room.cases(0, CASES):
        answers = [
            a.value for a in room.claims.answers(case.case.id) if a.question_id == "effusion"
        ]
        yes = 0.9 if sum(answers) >= 2 else 0.1
        lines.append(f"{case.case.title},effusion,{1 - yes:.1f},{yes:.1f}")
    (tmp_path / "model.csv").write_text("\n".join(lines))
    page.show_tab(2)
    page.suspects.look_in(tmp_path / "model.csv")
    qtbot.waitUntil(lambda: page.suspects.found is not None, timeout=20_000)
    found = page.suspects.found
    assert found.looked_at == 3 * CASES
    assert len(found.open) > 5
    first, second = (row.key for row in page.suspects.table.rows()[:2])
    QTest.keyClick(page.suspects.table, Qt.Key.Key_R)
    assert page.suspects.table.key() == second, "on to the next"
    QTest.keyClick(page.suspects.table, Qt.Key.Key_S)
    keys = [row.key for row in page.suspects.table.rows()]
    assert first not in keys
    assert second not in keys
    wanted = page.suspects.current().case_id
    QTest.keyClick(page.suspects.table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.page == "read", timeout=10_000)
    assert window.shell.reading.view.case_id == wanted
