"""What a schema says about itself: title, name, the explicit negative, guidelines, versions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFileDialog, QGridLayout, QPlainTextEdit, QScrollArea, QWidget

from desktop.domain.schema import Picture, Schema
from desktop.gui.form.guideline_page import GuidelinePage
from desktop.gui.schema.example_picture import TIP, example_picture
from desktop.gui.schema.schema_draft import Draft
from desktop.gui.schema.schema_pieces import Field
from desktop.gui.widgets.furniture import across, clear, down, label, push, rule
from desktop.workspace.schemas.codes import code_packs

_PAUSE_MS = 200


class AboutEditor(QScrollArea):
    """The schema as a whole, its versions, and where its codes come from."""

    edited = Signal(object)  # Draft

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._draft: Draft | None = None
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inside = QWidget()
        column = down(inside, (16, 12, 16, 16), 12)
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        self.title = Field("", "Title", lambda t: self._put(title=t))
        self.name = Field("", "Name in files", lambda t: self._put(name=t.strip()))
        self.negative = Field("", "Words for no finding", lambda t: self._put(no_finding=t.strip()))
        self.negative.setToolTip("The answer of key 0. Empty where it makes no sense.")
        for line, (words, field) in enumerate(
            (
                ("Title", self.title),
                ("Name in files", self.name),
                ("Words for “nothing to find”", self.negative),
            )
        ):
            grid.addWidget(label(words), line, 0)
            grid.addWidget(field, line, 1)
        column.addLayout(grid)
        column.addWidget(rule())
        column.addWidget(label("Versions", "heading"))
        self._versions = down(gap=4)
        column.addLayout(self._versions)
        column.addWidget(rule())
        column.addWidget(label("Codes that can be chosen", "heading"))
        for pack in code_packs():
            column.addWidget(label(f"{pack.title}: {len(pack.codes)} terms"))
            column.addWidget(label(f"{pack.license} Source: {pack.source}.", "small", wrap=True))
        column.addStretch(1)
        self.setWidget(inside)

    def show_draft(self, draft: Draft, anew: bool = False) -> None:
        """Show the schema; fields that hold the keyboard keep what is typed."""
        self._draft = draft
        schema = draft.schema
        for field, text in (
            (self.title, schema.title),
            (self.name, schema.name),
            (self.negative, schema.no_finding),
        ):
            if field.text().strip() != text and (anew or not field.hasFocus()):
                field.setText(text)
                field.setCursorPosition(0)
        fixed = draft.base is not None
        self.name.setReadOnly(fixed)
        self.name.setToolTip(
            "Stays as it is: the versions of a schema are known by it."
            if fixed
            else "Letters, digits, dots and hyphens; known by it in every bundle."
        )

    def show_versions(self, versions: list[Schema], counts: dict[str, int]) -> None:
        """Say how the schema came to be."""
        clear(self._versions)
        before: Schema | None = None
        for schema in versions:
            cases = counts.get(schema.id, 0)
            read = "1 case is" if cases == 1 else f"{cases:,} cases are"
            words = (
                f"Version {schema.version}: {_what_changed(before, schema)}; {read} read with it."
            )
            self._versions.addWidget(label(words, "muted", wrap=True))
            before = schema
        if not versions:
            self._versions.addWidget(label("Not saved yet. Saving makes version 1.", "muted"))

    def _put(self, **changes: object) -> None:
        if self._draft is not None:
            self._draft = self._draft.with_(**changes)
            self.edited.emit(self._draft)


class GuidelinesEditor(QWidget):
    """Markdown on the left, how readers see it on the right."""

    edited = Signal(object)  # Draft

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._draft: Draft | None = None
        row = across(self, gap=0)
        left = QWidget()
        column = down(left, (12, 12, 12, 12), 8)
        self.text = QPlainTextEdit()
        self.text.setAccessibleName("Guidelines as Markdown")
        self.text.setTabChangesFocus(True)
        self.text.setPlaceholderText("# What to draw\n\nA heading with the words of a question …")
        self.text.textChanged.connect(self._typed)
        column.addWidget(self.text, 1)
        foot = across(gap=8)
        add = push("Add image…", "link", "plus", TIP)
        add.clicked.connect(self._ask_picture)
        foot.addWidget(add)
        foot.addStretch(1)
        foot.addWidget(label("Markdown; F1 opens the heading of a question", "small"))
        column.addLayout(foot)
        row.addWidget(left, 1)
        row.addWidget(rule(upright=True))
        self.page = GuidelinePage()
        row.addWidget(self.page, 1)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._show_page)

    def show_draft(self, draft: Draft, anew: bool = False) -> None:
        """Show the guidelines; typing keeps its place."""
        self._draft = draft
        text = draft.schema.guidelines
        if self.text.toPlainText() != text and (anew or not self.text.hasFocus()):
            self.text.blockSignals(True)
            self.text.setPlainText(text)
            self.text.blockSignals(False)
        self._pause.start()

    def add_picture(self, path: Path) -> None:
        """Take an image in and name it where the cursor is."""
        if self._draft is None:
            return
        name = Path(path).name.replace(" ", "-")
        made = Picture(caption=name, data=example_picture(path).data)
        rest = tuple(p for p in self._draft.schema.pictures if p.caption != name)
        self._draft = self._draft.with_(pictures=(*rest, made))
        self.text.insertPlainText(f"\n![{Path(path).stem}]({name})\n")

    def _ask_picture(self) -> None:
        path, _kind = QFileDialog.getOpenFileName(self, "Image", "", "PNG (*.png)")
        if path:
            self.add_picture(Path(path))

    def _typed(self) -> None:
        if self._draft is not None:
            self._draft = self._draft.with_(guidelines=self.text.toPlainText())
            self._pause.start()
            self.edited.emit(self._draft)

    def _show_page(self) -> None:
        if self._draft is not None:
            self.page.show_schema(self._draft.schema)


def _what_changed(before: Schema | None, now: Schema) -> str:
    if before is None:
        return f"{len(now.classes)} classes, {len(now.questions)} questions"
    parts = _counted("class", "classes", before.classes, now.classes)
    parts += _counted("question", "questions", before.questions, now.questions)
    if before.guidelines != now.guidelines:
        parts.append("guidelines changed")
    return ", ".join(parts) or "words changed"


def _counted(one: str, many: str, before: Sequence[Any], now: Sequence[Any]) -> list[str]:
    """Classes or questions that were added, removed or changed, in words."""
    old, new = {part.id: part for part in before}, {part.id: part for part in now}
    acts = (
        ("added", len(new.keys() - old.keys())),
        ("removed", len(old.keys() - new.keys())),
        ("changed", sum(old[i] != new[i] for i in old.keys() & new.keys())),
    )
    return [f"{n} {one if n == 1 else many} {act}" for act, n in acts if n]
