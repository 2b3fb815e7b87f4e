"""Guidelines come from somebody else: their pictures are shown, nothing else gets in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from PIL import Image
from PySide6.QtCore import QUrl
from PySide6.QtGui import QImage, QTextDocument
from PySide6.QtWidgets import QApplication

from desktop.domain.errors import FileProblem, UserError
from desktop.domain.schema import Picture, Question, QuestionKind, Schema
from desktop.gui.form.guideline_page import GuidelinePage, composed
from desktop.workspace.schemas.schema_files import read_schema, write_schema

IMAGE = QTextDocument.ResourceType.ImageResource.value
TEXT = """# What to draw

Draw **solid** nodules such as this one.

![A solid nodule](solid.png)

<b>bold</b> <img src="https://example.org/pixel.png">

![far](https://example.org/pixel.png) [a link](https://example.org)

## Is it solid?

Look in the mediastinal window.
"""
SCHEMA = Schema(
    id="s@1",
    name="s",
    version=1,
    title="S",
    questions=(
        Question(id="solid", text="Is it solid?", kind=QuestionKind.YES_NO),
        Question(id="side", text="Which *side*?", kind=QuestionKind.TEXT, help="Left or right."),
    ),
    guidelines=TEXT,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(1).integers(0, 255, (30, 500), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "solid.png")
    write_schema(SCHEMA, tmp_path / "s.json")
    return tmp_path


@pytest.fixture
def page(qtbot: object, qapp: QApplication, folder: Path) -> GuidelinePage:
    made = GuidelinePage()
    qtbot.addWidget(made)  # type: ignore[attr-defined]
    made.resize(320, 240)
    made.show_schema(read_schema(folder / "s.json"))
    made.show()
    return made


def test_a_picture_beside_the_file_is_taken_in_and_shown(page: GuidelinePage) -> None:
    image = page.loadResource(IMAGE, QUrl("solid.png"))
    assert isinstance(image, QImage) and not image.isNull()
    assert image.width() <= 420


def test_the_picture_stays_with_the_schema_wherever_it_goes(folder: Path, tmp_path: Path) -> None:
    schema = read_schema(folder / "s.json")
    assert [p.caption for p in schema.pictures] == ["solid.png"]
    other = tmp_path / "elsewhere"
    other.mkdir()
    write_schema(schema, other / "s.json")
    assert read_schema(other / "s.json") == schema


def test_html_is_words_and_far_things_stay_dead(page: GuidelinePage) -> None:
    assert "<b>bold</b>" in page.toPlainText()
    assert "<img src=" in page.toPlainText()
    for address in ("https://example.org/pixel.png", "file:///etc/passwd", "../solid.png"):
        assert page.loadResource(IMAGE, QUrl(address)) is None
    assert not page.openLinks() and not page.openExternalLinks()


def test_each_question_has_a_place(page: GuidelinePage) -> None:
    assert page.go_to("solid")
    assert page.textCursor().block().text() == "Is it solid?"
    assert page.toPlainText().count("Is it solid?") == 1, "it has a heading of its own already"
    assert page.go_to("side"), "explained after the guidelines, from its help"
    assert page.textCursor().block().text() == "Which *side*?"
    assert not page.go_to("unknown")


def test_signs_in_a_question_are_no_markdown() -> None:
    text, _pictures = composed(SCHEMA)
    assert "Which \\*side\\*?" in text


@pytest.mark.parametrize("name", ["../outside.png", "missing.png"])
def test_a_picture_that_is_not_below_the_folder_is_refused(folder: Path, name: str) -> None:
    (folder.parent / "outside.png").write_bytes((folder / "solid.png").read_bytes())
    write_schema(replace(SCHEMA, guidelines=f"![x]({name})"), folder / "s.json")
    with pytest.raises(FileProblem):
        read_schema(folder / "s.json")


def test_what_is_no_png_is_a_problem_of_the_schema() -> None:
    from desktop.domain.schema_check import check_schema

    wrong = replace(SCHEMA, pictures=(Picture(caption="solid.png", data="data:text/html,hello"),))
    with pytest.raises(UserError, match=r"An image of the guidelines, solid\.png"):
        check_schema(wrong)
