"""Questions that depend on questions that depend on others: they unfold and fold by levels."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.commands.project import AddSchema, AnswerQuestion, ChooseSchema
from desktop.domain.condition import Condition
from desktop.domain.schema import Choice, LabelClass, Question, QuestionKind, Schema
from desktop.exchange.exporter import BundleOptions
from desktop.gui.goto import open_case
from desktop.gui.window.main_window import MainWindow
from tests.workspace.made import MadeProject


def when(question_id: str, *answers: str | bool) -> Condition:
    return Condition(question_id=question_id, any_of=answers)


SCHEMA = Schema(
    id="levels@1",
    name="levels",
    version=1,
    title="Levels",
    classes=(LabelClass(id=1, name="Nodule", color="#77DDFF", key="1"),),
    questions=(
        Question(id="seen", text="Is there one?", kind=QuestionKind.YES_NO),
        Question(
            id="kind",
            text="Which?",
            kind=QuestionKind.CHOICE,
            choices=(Choice(id="solid", text="Solid"), Choice(id="glass", text="Ground glass")),
            show_if=when("seen", True),
        ),
        Question(
            id="size", text="How large?", kind=QuestionKind.NUMBER, show_if=when("kind", "solid")
        ),
        Question(
            id="next",
            text="What next?",
            kind=QuestionKind.YES_NO,
            show_if=Condition(
                some_of=(
                    Condition(question_id="size", at_least=8.0),
                    Condition(all_of=(when("kind", "glass"),), none_of=(when("seen", False),)),
                )
            ),
        ),
    ),
)


@pytest.fixture
def made(tmp_path: Path, window: MainWindow) -> Iterator[MadeProject]:
    project = MadeProject(tmp_path, cases=1)
    project.ws.run(AddSchema(schema=SCHEMA))
    project.ws.run(ChooseSchema(case_id="case-0", schema_id=SCHEMA.id))
    window.shell.reading.open(project.ws)
    open_case(window.shell.reading, "case-0")
    window.show_page("read")
    window.reading_page.panel.show_tab("Form")
    yield project
    window.shell.reading.open(None)


def test_levels_unfold_one_after_the_other_and_fold_together(
    window: MainWindow, made: MadeProject
) -> None:
    form: Any = window.reading_page.panel.form

    def shown() -> list[str]:
        return [b.question.id for b in form._case_boxes if b.isVisibleTo(form)]

    def press(question_id: str, digit: str) -> None:
        form.focus_question(question_id)
        focused = QApplication.focusWidget()
        assert focused is not None
        if question_id == "size":
            QTest.keyClicks(focused, digit)
            QTest.keyClick(focused, Qt.Key.Key_Return)
        else:
            assert form.digit(int(digit))

    assert shown() == ["seen"]
    press("seen", "1")
    assert shown() == ["seen", "kind"]
    press("kind", "1")
    assert shown() == ["seen", "kind", "size"]
    press("size", "7")
    assert shown() == ["seen", "kind", "size"], "too small for a next step"
    press("size", "9")
    assert shown() == ["seen", "kind", "size", "next"]
    press("next", "1")
    press("kind", "2")
    assert shown() == ["seen", "kind", "next"], "glass needs no size"
    press("seen", "2")
    assert shown() == ["seen"], "all that hangs on it is gone"
    stored = {a.question_id for a in made.ws.answers("case-0")}
    assert stored == {"seen", "kind", "size", "next"}, "nothing that was said is lost"
    press("seen", "1")
    assert shown() == ["seen", "kind", "next"], "and it comes back as it was"


def test_what_is_hidden_at_any_level_is_not_exported(made: MadeProject, tmp_path: Path) -> None:
    for question_id, value in (("seen", False), ("kind", "solid"), ("size", 9.0), ("next", True)):
        made.ws.run(AnswerQuestion(case_id="case-0", question_id=question_id, value=value))
    bundle = tmp_path / "out"
    made.ws.export_bundle(bundle, BundleOptions(formats=("table",)))
    with (bundle / "tables" / "answers.csv").open(encoding="utf-8", newline="") as file:
        told = {row["question_id"] for row in csv.DictReader(file)}
    assert told == {"seen"}
