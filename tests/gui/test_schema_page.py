"""Editing schemas on a real project: each change can be taken back, saving keeps every id."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QPushButton

from desktop.commands.project import AnswerQuestion, MarkCase
from desktop.domain.errors import UserError
from desktop.domain.schema import QuestionKind, Scope
from desktop.domain.schema_check import PICTURE_BYTES, picture_bytes
from desktop.domain.task import AssignmentState, Role
from desktop.gui.schema.schema_page import SchemaPage
from desktop.gui.shell import Notice
from desktop.gui.window.main_window import MainWindow
from desktop.workspace.schemas.schema_files import read_schema
from tests.workspace.made import SCHEMA, MadeProject


@pytest.fixture
def made(tmp_path: Path, window: MainWindow) -> Iterator[MadeProject]:
    project = MadeProject(tmp_path)
    window.shell.reading.open(project.ws)
    yield project
    window.shell.reading.open(None)


@pytest.fixture
def page(window: MainWindow, made: MadeProject) -> SchemaPage:
    window.actions_["page.schema"].trigger()
    found = window._pages["schema"]
    assert isinstance(found, SchemaPage)
    return found


def test_the_project_s_schema_is_shown_first_and_unchanged(page: SchemaPage) -> None:
    assert page.bar.title.whole() == "Test"
    assert page.bar.state.whole() == "Version 1, saved"
    assert not page.bar.save.isEnabled()
    assert "Nothing has changed" in page.bar.save.toolTip()


def test_classes_are_typed_and_saved_as_the_next_version(
    page: SchemaPage, made: MadeProject, notices: list[Notice]
) -> None:
    region = made.draw(class_id=2)
    names = page.editor.classes._names
    names[1].setFocus()
    names[1].selectAll()
    QTest.keyClicks(names[1], "Lung nodule")
    assert page.bar.state.whole() == "Changed since version 1"
    page.editor.classes._change(lambda d: d.remove_class(2), rebuild=True)
    press(page, "Add class")
    QTest.keyClick(page, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    second = made.ws.shelf.versions("test")[-1]
    assert [(c.id, c.name) for c in second.classes] == [
        (1, "Lung nodule"), (3, "Vessel"), (4, "Class 4"),
    ]  # fmt: skip
    assert [c.id for c in second.retired_classes] == [2]
    assert made.ws.schema_by_id("test@1") == SCHEMA
    assert made.ws.annotation(region).label.class_id == 2
    assert "Lung is no longer offered; 1 region is kept under this name." in notices[-1].detail
    assert {made.ws.case(c).schema_id for c in made.cases} == {"test@2"}
    assert made.ws.verify().ok


def test_saving_can_be_taken_back_as_one_step(
    page: SchemaPage, made: MadeProject, notices: list[Notice]
) -> None:
    press(page, "Add class")
    page.bar.save.click()
    assert notices[-1].act == "Undo" and notices[-1].on_act is not None
    notices[-1].on_act()
    assert made.ws.schemas() == [SCHEMA]
    assert {made.ws.case(c).schema_id for c in made.cases} == {"test@1"}


def test_closed_cases_stay_with_their_version_unless_asked(
    page: SchemaPage, made: MadeProject
) -> None:
    made.ws.run(MarkCase(case_id="case-0", state=AssignmentState.DONE))
    press(page, "Add class")
    page.bar.save.click()
    assert made.ws.case("case-0").schema_id == "test@1"
    assert made.ws.case("case-1").schema_id == "test@2"
    press(page, "Add class")
    page.bar.moves.setCurrentIndex(1)
    page.bar.save.click()
    assert made.ws.case("case-0").schema_id == "test@3"


def test_ctrl_z_takes_back_typing_as_one_step_and_structure_step_by_step(page: SchemaPage) -> None:
    first = page.editor.draft
    names = page.editor.classes._names
    names[1].setFocus()
    QTest.keyClick(names[1], Qt.Key.Key_End)
    QTest.keyClicks(names[1], "s of the lung")
    press(page, "Add class")
    assert len(page.editor.draft.schema.classes) == 4
    focused = page.editor.classes._names[1]
    focused.setFocus()
    undo(focused)
    assert len(page.editor.draft.schema.classes) == 3
    undo(page.editor.classes._names[1])
    assert page.editor.draft == first
    assert page.editor.classes._names[1].text() == "Nodule"
    QTest.keyClick(page, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert page.editor.draft.schema.classes[0].name == "Nodules of the lung"


def test_a_question_of_each_kind_is_made_previewed_and_saved(
    page: SchemaPage, made: MadeProject
) -> None:
    editor = page.editor
    editor.show_tab("Questions")
    scopes = dict(zip(QuestionKind, itertools.cycle(Scope), strict=False))
    for kind, scope in scopes.items():
        editor.questions.add()
        QTest.keyClicks(QApplication.focusWidget(), f"A new {kind.name.lower()}")
        editor.questions.editor._put_scope(scope)
        editor.questions.editor._put_kind(kind)
        assert editor.questions.chosen == new_id(kind)
    assert editor.draft.problems() == []
    page.preview.show_schema(editor.draft.schema, at_once=True)
    assert {new_id(k) for k in scopes} <= {b.question.id for b in page.preview.boxes()}
    page.bar.save.click()
    saved = made.ws.shelf.versions("test")[-1]
    assert {k: (q.kind, q.scope) for k in scopes for q in [saved.question(new_id(k))]} == {
        k: (k, s) for k, s in scopes.items()
    }


def new_id(kind: QuestionKind) -> str:
    return f"a-new-{kind.name.lower().replace('_', '-')}"


def test_kind_and_scope_of_a_saved_question_stay(page: SchemaPage) -> None:
    page.editor.show_tab("Questions")
    page.editor.questions.choose("count")
    boxes = page.editor.questions.editor.findChildren(QComboBox)
    fixed = [b for b in boxes if b.accessibleName() in ("Asked about", "Answered by")]
    assert len(fixed) == 2 and not any(b.isEnabled() for b in fixed)
    assert all("add a new one" in b.toolTip() for b in fixed)


def test_a_removed_question_keeps_its_answers_and_its_words(
    page: SchemaPage, made: MadeProject, notices: list[Notice]
) -> None:
    made.ws.run(AnswerQuestion(case_id="case-0", question_id="quality", value="poor"))
    page.editor.show_tab("Questions")
    page.editor.questions.choose("quality")
    page.editor.questions.list.setFocus()
    QTest.keyClick(page.editor.questions.list, Qt.Key.Key_Delete)
    page.bar.save.click()
    assert "Image quality is no longer offered; 1 answer is kept" in notices[-1].detail
    second = made.ws.schema("case-0")
    assert second is not None and second.question("quality").text == "Image quality"
    assert [a.value for a in made.ws.answers("case-0")] == ["poor"]


def test_problems_are_sentences_that_lead_to_their_place(page: SchemaPage) -> None:
    field = page.editor.classes._names[2]
    field.setFocus()
    field.selectAll()
    QTest.keyClick(field, Qt.Key.Key_Delete)
    assert not page.bar.save.isEnabled()
    page.editor.show_tab("About")
    (line,) = [b for b in page.findChildren(QPushButton) if "A class needs a name" in b.text()]
    line.click()
    assert page.editor.tabs.currentIndex() == 0
    assert QApplication.focusWidget() is page.editor.classes._names[2]


def test_questions_move_by_key_among_their_own(page: SchemaPage) -> None:
    page.editor.show_tab("Questions")
    page.editor.questions.choose("count")
    listed = page.editor.questions.list
    QTest.keyClick(listed, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert [q.id for q in page.editor.draft.schema.questions] == ["count", "quality", "solid"]
    QTest.keyClick(listed, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert [q.id for q in page.editor.draft.schema.questions] == ["count", "quality", "solid"]


def test_a_draft_waits_while_another_schema_is_looked_at(page: SchemaPage) -> None:
    press(page, "Add class")
    page.choose("file:generic")
    assert page.bar.title.whole() == "Regions of interest"
    assert page.bar.save.isEnabled() is False or page.editor.draft.base is None
    page.choose("test")
    assert len(page.editor.draft.schema.classes) == 4
    page.bar.discard.click()
    assert len(page.editor.draft.schema.classes) == 3


def test_a_draft_is_there_again_after_a_restart(
    window: MainWindow, page: SchemaPage, made: MadeProject
) -> None:
    press(page, "Add class")
    page.begin()
    before = made.ws.event_count()
    page._keep()
    assert made.ws.event_count() == before, "a draft is not in the log"
    window.shell.reading.open(None)
    window.shell.reading.open(made.reopen_closed())
    window.show_page("schema")
    page.choose("test")
    assert len(page.editor.draft.schema.classes) == 4 and page.bar.save.isEnabled()
    assert "New schema" in {page.list.item(n).text().split("\n")[0] for n in range(4)}
    page.bar.save.click()
    page._keep()
    assert "test" not in made.ws.shelf.drafts()


def test_a_schema_goes_out_and_comes_in_as_a_file(
    page: SchemaPage, made: MadeProject, tmp_path: Path
) -> None:
    path = tmp_path / "out.json"
    page.write(path)
    assert read_schema(path) == SCHEMA
    path.write_text(path.read_text().replace('"Vessel"', '"Blood vessel"'))
    page.load(path)
    assert page.bar.state.whole() == "Changed since version 1"
    page.bar.save.click()
    assert made.ws.shelf.versions("test")[-1].label_class(3).name == "Blood vessel"


def test_a_new_schema_is_in_the_project_once_it_is_saved(
    page: SchemaPage, made: MadeProject
) -> None:
    page.begin()
    QTest.keyClicks(QApplication.focusWidget(), "Knee MR")
    assert page.editor.draft.schema.title == "Knee MR"
    page.bar.save.click()
    assert {s.title for s in made.ws.schemas()} == {"Test", "Knee MR"}


def test_only_the_lead_edits_schemas(window: MainWindow, made: MadeProject) -> None:
    ws = made.ws
    ws.accounts.add_reader(ws.reader, "Grace", Role.LEAD)
    ws.accounts.change_role(ws.reader.id, Role.READER)
    ws._check_reader()
    window.signs.refresh_actions()
    assert not window.actions_["page.schema"].isEnabled()
    assert "for: lead" in window.actions_["page.schema"].toolTip()


def press(page: SchemaPage, words: str) -> None:
    (button,) = [
        b for b in page.findChildren(QPushButton) if b.text().strip() == words and b.isVisible()
    ]
    button.click()


def undo(widget: Any) -> None:
    QTest.keyClick(widget, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)


def test_a_large_example_image_is_made_smaller_and_another_kind_is_refused(
    page: SchemaPage, tmp_path: Path
) -> None:
    page.editor.show_tab("Questions")
    editor = page.editor.questions.editor
    noise = np.random.default_rng(3).integers(0, 256, (900, 1200), dtype=np.uint8)
    large = tmp_path / "large.png"
    Image.fromarray(noise).save(large)
    assert large.stat().st_size > PICTURE_BYTES
    editor.add_picture(large)
    draft = page.editor.draft
    assert draft is not None
    (picture,) = next(q for q in draft.schema.questions if q.pictures).pictures
    content = picture_bytes(picture.data)
    assert picture.caption == "large" and len(content) <= PICTURE_BYTES
    with Image.open(io.BytesIO(content)) as made:
        assert made.width / made.height == pytest.approx(4 / 3, abs=0.01) and made.width >= 300
    assert draft.problems() == []
    Image.fromarray(noise).save(tmp_path / "photo.jpg", quality=100)
    with pytest.raises(UserError, match="PNG"):
        editor.add_picture(tmp_path / "photo.jpg")
