"""The schema of a new project: a ready one, one from a file, or one's own, with the form beside."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QFileDialog, QFrame, QToolButton, QWidget

from desktop.domain.errors import UserError
from desktop.domain.schema import Schema
from desktop.gui.schema.schema_choice import shipped_schemas
from desktop.gui.schema.schema_draft import Draft, new_schema
from desktop.gui.schema.schema_editor import SchemaEditor
from desktop.gui.schema.schema_history import DraftHistory
from desktop.gui.schema.schema_list import Offer, SchemaList
from desktop.gui.schema.schema_preview import FormPreview
from desktop.gui.widgets.furniture import across, down, push
from desktop.workspace.schemas.schema_files import read_schema

_NARROW_PX = 1180
_BY_MODALITY = {
    "CT": "chest-ct-nodule",
    "MR": "brain-mr-lesion",
    "CR": "chest-radiograph-findings",
    "DX": "chest-radiograph-findings",
    "US": "echo-view-quality",
    "MG": "breast-density",
}


class SchemaStep(QWidget):
    """A change to a ready schema makes it the project's own, under a name of its own."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._drafts: dict[str, DraftHistory] = {}
        self._titles: dict[str, str] = {}
        self._key = ""
        row = across(self, gap=0)
        side = self._side = QWidget()
        side.setFixedWidth(212)
        column = down(side, (0, 0, 8, 0), 8)
        self.list = SchemaList()
        self.list.chosen.connect(self.choose)
        column.addWidget(self.list, 1)
        for words, icon, tip, act in (
            ("New schema", "plus", "An empty schema to begin with.", self._begin),
            ("From a file…", "folder", "Reads a schema from a JSON file.", self._ask),
        ):
            button = push(words, "", icon, tip)
            button.clicked.connect(lambda _c=False, a=act: a())
            column.addWidget(button)
        row.addWidget(side)
        centre = QWidget()
        inside = down(centre, gap=0)
        head = across(margins=(12, 0, 12, 6), gap=8)
        head.addStretch(1)
        self.shows_form = QToolButton()
        self.shows_form.setText("Form")
        self.shows_form.setProperty("role", "text")
        self.shows_form.setCheckable(True)
        self.shows_form.setAccessibleName("Form beside")
        self.shows_form.setToolTip("Shows or hides the form as readers will see it (Ctrl+Shift+F).")
        self.shows_form.clicked.connect(lambda _on: self.toggle_form())
        head.addWidget(self.shows_form)
        inside.addLayout(head)
        self.editor = SchemaEditor()
        self.editor.changed.connect(self._edited)
        inside.addWidget(self.editor, 1)
        row.addWidget(centre, 1)
        QShortcut(QKeySequence("Ctrl+Shift+F"), self, self.toggle_form)
        self.preview = FormPreview()
        self._beside = QFrame()
        self._beside.setProperty("role", "side")
        self._beside.setFixedWidth(320)
        down(self._beside, gap=0).addWidget(self.preview)
        row.addWidget(self._beside)
        self._asked: bool | None = None  # what the person decided, for any width

    def start(self, modality: str = "") -> None:
        """Offer the ready ones, beginning with what fits the images."""
        self._key = ""
        ready = {s.path.stem: read_schema(s.path) for s in shipped_schemas()}
        self._titles = {stem: schema.title for stem, schema in ready.items()}
        self._drafts = {stem: DraftHistory(Draft(schema)) for stem, schema in ready.items()}
        wanted = _BY_MODALITY.get(modality, "generic")
        self.choose(wanted if wanted in self._titles else "generic")

    def take_focus(self) -> None:
        self.list.setFocus()

    def choose(self, key: str) -> None:
        """Take a schema up; changes made to another one stay."""
        self._key = key
        self.editor.open(self._drafts[key])

    def load(self, path: Path) -> None:
        """Take a schema from a file; UserError where it has a mistake."""
        schema = read_schema(path)
        key = f"own:{schema.name}"
        self._drafts[key] = DraftHistory(Draft(schema))
        self._titles[key] = schema.title
        self.choose(key)

    def schema(self) -> Schema:
        """The schema as it is shown; UserError while something in it is wrong."""
        draft = self.editor.draft
        if draft is None:
            raise UserError("Choose a schema first.", "A schema says what is asked.")
        found = draft.final()
        if self._is_changed(self._key) and not self._key.startswith("own:"):
            from desktop.workspace.schemas.schema_shelf import copy_of

            return copy_of(found, set(self._titles))
        return found

    def problem(self) -> str:
        """What keeps the schema from being used, "" for nothing."""
        draft = self.editor.draft
        wrong = draft.problems() if draft else []
        return wrong[0].sentence if wrong else ""

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_form()

    def toggle_form(self) -> None:
        """Show the form beside, or give its room to the editor."""
        self._asked = self._beside.isHidden()
        self._place_form()

    def _place_form(self) -> None:
        """In a narrow window the form stands aside until it is asked for; the list makes room."""
        wide = self.width() >= _NARROW_PX - 60
        on = wide if self._asked is None else self._asked
        self._beside.setVisible(on)
        self._side.setVisible(wide or not on)
        self.shows_form.setChecked(on)

    def _edited(self, draft: Draft) -> None:
        self.preview.show_schema(draft.schema)
        own = [
            Offer(key, self._drafts[key].now.schema.title, "your own")
            for key in self._titles
            if key.startswith("own:")
        ]
        ready = [
            Offer(key, title, _about(self._drafts[key]), self._is_changed(key))
            for key, title in self._titles.items()
            if not key.startswith("own:")
        ]
        self.list.show_offers([("Your own", own), ("Ready-made", ready)], self._key)
        self.changed.emit()

    def _is_changed(self, key: str) -> bool:
        history = self._drafts.get(key)
        return history is not None and history.can_undo

    def _begin(self) -> None:
        schema = new_schema({k.partition(":")[2] for k in self._titles})
        key = f"own:{schema.name}"
        self._drafts[key] = DraftHistory(Draft(schema))
        self._titles[key] = schema.title
        self.choose(key)
        self.editor.show_tab("About")
        self.editor.about.title.setFocus()
        self.editor.about.title.selectAll()

    def _ask(self) -> None:
        path, _kind = QFileDialog.getOpenFileName(self, "Choose a schema", "", "Schema (*.json)")
        if path:
            self.load(Path(path))


def _about(history: DraftHistory) -> str:
    schema = history.now.schema
    return f"{len(schema.classes)} classes, {len(schema.questions)} questions"
