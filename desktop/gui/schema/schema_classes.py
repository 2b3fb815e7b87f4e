"""The classes of a schema as rows: colour, name, key, tools, overlap, class above, code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QWidget

from desktop.domain.schema import Code, LabelClass, Overlap
from desktop.gui.schema.schema_draft import Draft
from desktop.gui.schema.schema_pieces import CodeField, ColourButton, Field, TickMenu, small_button
from desktop.gui.widgets.furniture import across, down, label, push
from desktop.workspace.schemas.codes import category_of

_TOOLS = ("box", "polygon", "freehand", "ellipse", "point", "ruler", "brush", "eraser")
_HEADS = ("", "Name", "Key", "Tools", "Overlap", "Part of", "Code", "")
_OVERLAPS = {Overlap.ALLOWED: "Allowed", Overlap.EXCLUSIVE: "Exclusive"}


class ClassesEditor(QWidget):
    """Rows are built anew only where classes come or go, so that typing keeps its place."""

    edited = Signal(object)  # Draft

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._draft: Draft | None = None
        self._shape: tuple[object, ...] = ()
        self._built: tuple[LabelClass, ...] = ()
        self._names: dict[int, Field] = {}
        column = down(self, gap=8)
        self._empty = label(
            "No classes yet. A class is a kind of region that readers draw, such as “Nodule”.",
            "muted",
            wrap=True,
        )
        column.addWidget(self._empty)
        self._rows = QWidget()
        column.addWidget(self._rows)
        row = across()
        add = push("Add class", "link", "plus", "One more kind of region.")
        add.clicked.connect(lambda: self._change(lambda d: d.add_class(), rebuild=True))
        row.addWidget(add)
        row.addStretch(1)
        column.addLayout(row)
        column.addStretch(1)

    def show_draft(self, draft: Draft, anew: bool = False) -> None:
        """Show the classes of this draft; ``anew`` builds also what is shown already."""
        self._draft = draft
        classes = draft.schema.classes
        shape = tuple((c.id, c.parent, c.overlap, c.color, c.key) for c in classes)
        other = shape != self._shape or (classes != self._built and not self._holds_focus())
        if anew or other:
            self._shape = shape
            self._build(draft)

    def focus_class(self, class_id: int) -> None:
        """Put the keyboard on the name of a class."""
        field = self._names.get(class_id)
        if field is not None:
            field.setFocus()
            field.selectAll()

    def _holds_focus(self) -> bool:
        focused = self.window().focusWidget()
        return focused is not None and self.isAncestorOf(focused)

    def _build(self, draft: Draft) -> None:
        self._names, self._built = {}, draft.schema.classes
        fresh = QWidget()
        self.layout().replaceWidget(self._rows, fresh)  # type: ignore[union-attr]
        self._rows.hide()
        self._rows.deleteLater()
        self._rows = fresh
        grid = QGridLayout(fresh)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(6, 2)
        for column, words in enumerate(_HEADS):
            grid.addWidget(label(words, "section"), 0, column)
        for line, item in enumerate(draft.schema.classes, start=1):
            for column, widget in enumerate(self._cells(item, draft)):
                grid.addWidget(widget, line, column)
        fresh.setVisible(bool(draft.schema.classes))
        self._empty.setVisible(not draft.schema.classes)

    def _cells(self, item: LabelClass, draft: Draft) -> list[QWidget]:
        colour = ColourButton(item.color)
        colour.picked.connect(lambda value: self._put(item.id, color=value))
        name = Field(item.name, "Name", lambda text: self._put(item.id, name=text))
        self._names[item.id] = name
        name.setMinimumWidth(165)
        name.setToolTip(f"Class id {item.id}. The id never changes; the name may.")
        keys = [("–", ""), *((k, k) for k in "123456789")]
        key = combo(keys, item.key, "Key", lambda value: self._put(item.id, key=value))
        key.setFixedWidth(52)
        offers = [(t.capitalize(), t) for t in _TOOLS]
        tools = TickMenu(offers, item.tools, "All", "Tools that may draw it; none means all.")
        tools.setFixedWidth(100)
        tools.changed.connect(lambda values: self._put(item.id, tools=values))
        overlap = combo(
            [(words, value) for value, words in _OVERLAPS.items()],
            item.overlap,
            "Overlap",
            lambda value: self._put(item.id, overlap=value),
        )
        overlap.setFixedWidth(104)
        overlap.setToolTip(
            "Two exclusive classes share no pixel: what is painted last has it. A class that may "
            "overlap lies over any, and a part over what it is a part of."
        )
        above = [("–", None), *((c.name, c.id) for c in draft.schema.classes if c.id != item.id)]
        parent = combo(above, item.parent, "Part of", lambda v: self._put(item.id, parent=v))
        parent.setFixedWidth(96)
        code = CodeField(item.code)
        code.setMinimumWidth(94)
        code.picked.connect(lambda value: self._put_code(item.id, value))
        remove = small_button(
            "trash",
            f"Removes {item.name}. Its id is never given again; regions drawn keep it.",
            lambda: self._remove(item.id),
        )
        return [colour, name, key, tools, overlap, parent, code, remove]

    def _remove(self, class_id: int) -> None:
        """Take a class out; the keyboard goes to the one that stands in its place."""
        at = list(self._names).index(class_id)
        self._change(lambda d: d.remove_class(class_id), rebuild=True)
        rest = list(self._names)
        if rest:
            self.focus_class(rest[min(at, len(rest) - 1)])

    def _put_code(self, class_id: int, code: Code | None) -> None:
        self._put(class_id, code=code, category=category_of(code) if code else None)

    def _put(self, class_id: int, **changes: Any) -> None:
        def change(draft: Draft) -> Draft:
            item = next(c for c in draft.schema.classes if c.id == class_id)
            return draft.put_class(replace(item, **changes))

        self._change(change)

    def _change(self, change: Callable[[Draft], Draft], rebuild: bool = False) -> None:
        if self._draft is None:
            return
        if rebuild:
            self._shape = ()
        self.edited.emit(change(self._draft))


def combo(
    offers: list[tuple[str, Any]], chosen: Any, name: str, on_pick: Callable[[Any], None]
) -> QComboBox:
    made = QComboBox()
    made.setAccessibleName(name)
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    made.addItems([words for words, _ in offers])
    values = [value for _, value in offers]
    made.setCurrentIndex(values.index(chosen) if chosen in values else 0)
    made.activated.connect(lambda row: on_pick(values[row]))
    return made
