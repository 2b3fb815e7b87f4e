"""Guidelines as a page: Markdown with the schema's own pictures, and each question explained.

Nothing is fetched from anywhere and no HTML of a schema is read as such: a schema comes from
somebody else, and its text is shown on the machine that holds the images.
"""

from __future__ import annotations

import re
from typing import Any

from PySide6.QtCore import QUrl
from PySide6.QtGui import QFont, QImage, QTextCursor, QTextDocument, QTextFormat
from PySide6.QtWidgets import QTextBrowser, QWidget

from desktop.domain.errors import UserError
from desktop.domain.number_words import number_text
from desktop.domain.schema import Question, Schema
from desktop.domain.schema_check import picture_bytes
from desktop.gui.form.question_words import answer_text
from desktop.gui.widgets import theme

_FEATURES = (
    QTextDocument.MarkdownFeature.MarkdownDialectGitHub
    | QTextDocument.MarkdownFeature.MarkdownNoHTML
)
_WIDEST_PX = 420
_SIGNS = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~&])")


class PlainPage(QTextBrowser):
    """Shows Markdown; links, and images that the schema does not hold itself, stay dead."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pictures: dict[str, str] = {}
        self.setOpenLinks(False)
        self.setOpenExternalLinks(False)
        self.document().setDocumentMargin(16)

    def loadResource(self, kind: int, name: QUrl | str) -> Any:
        wanted = name.toString() if isinstance(name, QUrl) else str(name)
        if kind != QTextDocument.ResourceType.ImageResource.value or wanted not in self.pictures:
            return None
        try:
            image = QImage.fromData(picture_bytes(self.pictures[wanted]))
        except UserError:
            return None  # made by hand; the words stand without it
        return image if image.width() <= _WIDEST_PX else image.scaledToWidth(_WIDEST_PX)

    def show_markdown(self, text: str, pictures: dict[str, str]) -> None:
        """Show a text; ``pictures`` are the PNGs it may name, as data URLs."""
        self.pictures = pictures
        document = self.document()
        document.clear()
        document.setDefaultFont(theme.font())
        document.setDefaultStyleSheet(f"a {{ color: {theme.current().accent}; }}")
        document.setMarkdown(text, _FEATURES)
        _calm_headings(document)
        self.setTextCursor(QTextCursor(document))  # at the start, so that it is shown first


class GuidelinePage(PlainPage):
    """The guidelines of a schema; each of its questions can be gone to."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Guidelines")
        self._schema: Schema | None = None
        self._places: dict[str, int] = {}  # question id to the block of its heading

    def show_schema(self, schema: Schema | None) -> None:
        """Show the guidelines of this schema, with the place kept where it is the same one."""
        bar = self.verticalScrollBar()
        at = bar.value() if schema and self._schema and schema.name == self._schema.name else 0
        self._schema = schema
        text, pictures = composed(schema) if schema else ("", {})
        self.show_markdown(text, pictures)
        self._places = _places(self.document(), schema) if schema else {}
        bar.setValue(at)

    def go_to(self, question_id: str) -> bool:
        """Show what is said about a question; False where nothing is."""
        number = self._places.get(question_id)
        if number is None:
            return False
        block = self.document().findBlockByNumber(number)
        top = self.document().documentLayout().blockBoundingRect(block).top()
        self.verticalScrollBar().setValue(max(0, int(top) - 8))
        self.setTextCursor(QTextCursor(block))
        return True


def composed(schema: Schema) -> tuple[str, dict[str, str]]:
    """Guidelines as Markdown with a section for each question they do not have a heading for."""
    pictures = {p.caption: p.data for p in schema.pictures}
    said = {line.casefold() for line in _headings(schema.guidelines)}
    parts = [schema.guidelines.strip()] if schema.guidelines.strip() else []
    missing = [q for q in schema.questions if not {q.text.casefold(), q.id.casefold()} & said]
    if missing and schema.guidelines.strip():
        parts.append("# The questions")
    for question in missing:
        parts.append(_about(question, pictures))
    return "\n\n".join(parts), pictures


def _about(question: Question, pictures: dict[str, str]) -> str:
    parts = [f"## {_plain(question.text)}"]
    if question.help:
        parts.append(_plain(question.help))
    answers = list(question.choice_texts().values())
    if answers:
        parts.append("\n".join(f"- {_plain(a)}" for a in answers))
    low, high = question.minimum, question.maximum
    if question.kind.value == "rating":
        first, last = question.rating_range()
        words = f"{first}: {question.low or 'lowest'}. {last}: {question.high or 'highest'}."
        parts.append(_plain(words))
    elif low is not None or high is not None:
        limits = " to ".join("any" if v is None else number_text(v) for v in (low, high))
        parts.append(_plain(f"{limits} {question.unit}".strip()))
    if question.default is not None:
        usual = answer_text(question, question.default)
        parts.append(_plain(f"Stored at Done if nothing is said: {usual}"))
    for number, picture in enumerate(question.pictures):
        name = f"question-{question.id}-{number}"
        pictures[name] = picture.data
        parts.append(f"![{_plain(picture.caption)}]({name})\n\n*{_plain(picture.caption)}*")
    return "\n\n".join(parts)


def _places(document: QTextDocument, schema: Schema) -> dict[str, int]:
    by_words = {}
    for question in schema.questions:
        by_words[question.id.casefold()] = question.id
        by_words[question.text.strip().casefold()] = question.id
    found: dict[str, int] = {}
    block = document.begin()
    while block.isValid():
        if block.blockFormat().headingLevel():
            question_id = by_words.get(block.text().strip().casefold())
            if question_id is not None:
                found.setdefault(question_id, block.blockNumber())
        block = block.next()
    return found


def _headings(markdown: str) -> list[str]:
    return [m.group(1).strip() for m in re.finditer(r"(?m)^#{1,6}\s+(.+?)\s*#*$", markdown)]


def _plain(text: str) -> str:
    """Words that Markdown leaves as they are, on one line."""
    return _SIGNS.sub(r"\\\1", " ".join(text.split()))


def _calm_headings(document: QTextDocument) -> None:
    """Headings in the app's sizes, with room above, instead of a printed page's."""
    block = document.begin()
    while block.isValid():
        level = block.blockFormat().headingLevel()
        cursor = QTextCursor(block)
        form = block.blockFormat()
        form.setBottomMargin(6)
        if level:
            form.setTopMargin(4 if block.blockNumber() == 0 else 14)
            cursor.select(QTextCursor.SelectionType.BlockUnderCursor)
            letters = cursor.charFormat()
            letters.clearProperty(QTextFormat.Property.FontSizeAdjustment)
            letters.setFont(theme.font((18, 15, 13)[min(level, 3) - 1], QFont.Weight.DemiBold))
            cursor.setCharFormat(letters)
        QTextCursor(block).setBlockFormat(form)
        block = block.next()
