"""Editing schemas: a list, the editor, and the form as readers will see it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import QFileDialog, QFrame, QWidget

from desktop.domain.errors import StoreProblem, UserError
from desktop.domain.event import Event
from desktop.gui.page import Page
from desktop.gui.schema.schema_bar import MOVES, SchemaBar
from desktop.gui.schema.schema_choice import shipped_schemas
from desktop.gui.schema.schema_draft import Draft, new_schema
from desktop.gui.schema.schema_editor import SchemaEditor
from desktop.gui.schema.schema_history import DraftHistory
from desktop.gui.schema.schema_list import Offer, SchemaList, detail_of
from desktop.gui.schema.schema_preview import FormPreview
from desktop.gui.shell import Shell
from desktop.gui.widgets.furniture import across, down, frame, label, push
from desktop.workspace.schemas.schema_files import read_schema, write_schema

if TYPE_CHECKING:
    from desktop.workspace.schemas.schema_shelf import SchemaShelf

_NARROW_PX = 1180
_KEEP_MS = 800


class SchemaPage(Page):
    """Drafts stay as they are while others are looked at; saving makes the next version."""

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(shell, parent)
        self._drafts: dict[str, DraftHistory] = {}
        self._key = ""
        self._is_read = False  # whether the drafts kept in this project were taken up
        self._wants_preview = True
        row = across(self, gap=0)
        row.addWidget(self._make_side())
        centre = QWidget()
        column = down(centre, gap=0)
        self.bar = SchemaBar()
        self.bar.wanted.connect(self._act)
        column.addWidget(self.bar)
        self.editor = SchemaEditor()
        self.editor.changed.connect(self._changed)
        column.addWidget(self.editor, 1)
        row.addWidget(centre, 1)
        self.preview = FormPreview()
        self._preview_side = QFrame()
        self._preview_side.setProperty("role", "side")
        self._preview_side.setFixedWidth(320)
        down(self._preview_side, gap=0).addWidget(self.preview)
        row.addWidget(self._preview_side)
        for key, act in (
            ("Ctrl+S", self._save),
            ("Ctrl+Shift+N", self.begin),
            ("Ctrl+Shift+F", self._toggle_preview),
        ):
            QShortcut(QKeySequence(key), self, act)  # while this page is in sight
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_KEEP_MS)
        self._pause.timeout.connect(self._keep)
        self._reading.leaving.connect(lambda _room: self._keep())
        self._reading.opened.connect(self._opened)
        self._reading.committed.connect(self._committed)
        shell.theme_changed.connect(self._dressed)

    # building ------------------------------------------------------------------------------

    def _make_side(self) -> QWidget:
        side = frame("strip")
        side.setFixedWidth(196)
        column = down(side, (8, 16, 8, 12), 8)
        title = label("Schemas", "title")
        title.setContentsMargins(8, 0, 0, 0)
        column.addWidget(title)
        self.list = SchemaList()
        self.list.chosen.connect(self.choose)
        column.addWidget(self.list, 1)
        new = push("New schema", "", "plus", "An empty schema to begin with (Ctrl+Shift+N).")
        new.clicked.connect(self.begin)
        load = push("Import…", "", "folder", "Reads a schema from a JSON file.")
        load.clicked.connect(self._ask_import)
        for button in (new, load):
            column.addWidget(button)
        return side

    # what the window asks ------------------------------------------------------------------

    def take_focus(self) -> None:
        self.list.setFocus()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_preview()

    def refresh(self) -> None:
        """Show the schemas there are; the chosen one stays."""
        shelf = self._shelf()
        if shelf is None:
            return
        if not self._is_read:
            self._is_read = True
            for key, (schema, base) in shelf.drafts().items():
                history = DraftHistory(Draft(base or schema, base))
                history.add(Draft(schema, base))
                self._drafts[key] = history
        self._show_list(shelf)
        if not self._key:
            newest = shelf.newest()
            view = self._reading.view
            room = self._reading.workspace
            current = room.schema(view.case_id) if room and view.case_id else None
            first = current or (newest[0] if newest else None)
            if first is not None:
                self.choose(first.name)
            else:
                self.choose(f"file:{shipped_schemas()[0].path.stem}")

    def choose(self, key: str) -> None:
        """Edit a schema: of the project by its name, one that ships by "file:" and its stem."""
        history = self._drafts.get(key) or self._begun(key)
        if history is None:
            return
        self._key = key
        self._drafts[key] = history
        self.editor.open(history)
        self._show_versions()
        shelf = self._shelf()
        if shelf is not None:
            self._show_list(shelf)

    def begin(self) -> None:
        """An empty schema; it is in the project once it is saved."""
        draft = Draft(new_schema(self._names()))
        key = f"new:{draft.schema.name}"
        self._drafts[key] = DraftHistory(draft)
        self.choose(key)
        self.editor.show_tab("About")
        self.editor.about.title.setFocus()
        self.editor.about.title.selectAll()

    def load(self, path: Path) -> None:
        """Take a schema file as a draft: of the project's schema with that name, or a new one."""
        shelf = self._shelf()
        if shelf is None:
            return
        try:
            schema, base = shelf.read(path)
        except UserError as error:
            self._shell.say_error(error)
            return
        key = schema.name if base is not None else f"new:{schema.name}"
        history = self._drafts.get(key) or DraftHistory(Draft(base or schema, base))
        if base is not None:
            history.add(Draft(schema, base))
        self._drafts[key] = history
        self.choose(key)
        if base is not None and schema == base:
            self._shell.say("Nothing new in this file", f"{schema.title} is like that already.")

    def write(self, path: Path) -> None:
        """Write the draft as it is shown."""
        draft = self.editor.draft
        if draft is None:
            return
        try:
            write_schema(draft.final() if draft.is_changed else draft.schema, path)
        except UserError as error:
            self._shell.say_error(error)
            return
        self._shell.say("The schema is written", path.name, "ok")

    # ---------------------------------------------------------------------------------------

    def _shelf(self) -> SchemaShelf | None:
        room = self._reading.workspace
        return room.shelf if room is not None else None

    def _begun(self, key: str) -> DraftHistory | None:
        shelf = self._shelf()
        if shelf is None:
            return None
        if key.startswith("file:"):
            path = next(s.path for s in shipped_schemas() if s.path.stem == key[5:])
            schema = read_schema(path)
            return DraftHistory(Draft(schema, None))
        base = next((s for s in shelf.newest() if s.name == key), None)
        return DraftHistory(Draft(base, base)) if base is not None else None

    def _names(self) -> set[str]:
        shelf = self._shelf()
        taken = {s.name for s in shelf.newest()} if shelf else set()
        return taken | {key.partition(":")[2] for key in self._drafts if ":" in key}

    def _show_list(self, shelf: SchemaShelf) -> None:
        counts = shelf.case_counts()
        used = {s.name: sum(counts[v.id] for v in shelf.versions(s.name)) for s in shelf.newest()}
        own = [
            Offer(s.name, s.title, detail_of(s, used[s.name]), self._is_changed(s.name))
            for s in shelf.newest()
        ]
        fresh = [
            Offer(key, h.now.schema.title, "not saved yet", True)
            for key, h in self._drafts.items()
            if key.startswith("new:")
        ]
        known = {s.name for s in shelf.newest()}
        shipped = [
            Offer(
                f"file:{s.path.stem}",
                s.title,
                s.parts,
                self._is_changed(f"file:{s.path.stem}"),
            )
            for s in shipped_schemas()
            if s.path.stem not in known
        ]
        groups = [("In this project", own + fresh), ("Ready-made", shipped)]
        self.list.show_offers(groups, self._key)

    def _is_changed(self, key: str) -> bool:
        history = self._drafts.get(key)
        return history is not None and history.can_undo and history.now.is_changed

    def _act(self, what: str) -> None:
        """What a button of the bar wants."""
        acts = {
            "undo": self.editor.undo,
            "redo": self.editor.redo,
            "preview": self._toggle_preview,
            "discard": self._discard,
            "export": self._ask_export,
            "save": self._save,
        }
        acts[what]()

    def _changed(self, draft: Draft) -> None:
        self.bar.show_draft(draft, self.editor.history)
        self.preview.show_schema(draft.schema)
        self._pause.start()

    def _show_versions(self) -> None:
        shelf, draft = self._shelf(), self.editor.draft
        if shelf is not None and draft is not None:
            versions = shelf.versions(draft.base.name) if draft.base else []
            self.editor.about.show_versions(versions, shelf.case_counts())

    def _discard(self) -> None:
        key = self._key
        self._drafts.pop(key, None)
        self._key = ""
        if key.startswith("new:"):
            self.refresh()
        else:
            self.choose(key)

    def _save(self) -> None:
        from desktop.workspace.schemas.schema_shelf import UseFor, copy_of

        shelf, draft = self._shelf(), self.editor.draft
        if shelf is None or draft is None or not self.bar.save.isEnabled():
            return
        try:
            final = draft.final()
            kept = shelf.kept(draft.base, final) if draft.base else []
            use_for = UseFor(MOVES[self.bar.moves.currentIndex()][1])
            edited = draft.schema
            if self._key.startswith("file:") and self._is_changed(self._key):
                edited = copy_of(edited, self._names() | {edited.name})
            saved = shelf.save(edited, draft.base, use_for)
        except StoreProblem as error:
            self._reading.failed.emit(error)
            return
        except UserError as error:
            self._shell.say_error(error)
            return
        self._drafts.pop(self._key, None)
        self._key = saved.name
        self.choose(saved.name)
        words = " ".join(k.sentence for k in kept[:3])
        self._shell.say(
            f"{saved.title}, version {saved.version}, is saved",
            words or "Class ids stay as they were.",
            "ok",
            "Undo",
            self._take_back,
        )

    def _take_back(self) -> None:
        """Undo the saving: the version and what cases are read with."""
        room = self._reading.workspace
        if room is None:
            return
        try:
            room.undo("")
        except UserError as error:
            self._shell.say_error(error)
        self._drafts.pop(self._key, None)
        self._key = ""
        self.refresh()

    def _ask_import(self) -> None:
        path, _kind = QFileDialog.getOpenFileName(self, "Import a schema", "", "Schema (*.json)")
        if path:
            self.load(Path(path))

    def _ask_export(self) -> None:
        draft = self.editor.draft
        if draft is None:
            return
        version = draft.next_number if draft.is_changed else draft.schema.version
        proposed = f"{draft.schema.name}-{version}.json"
        path, _kind = QFileDialog.getSaveFileName(
            self, "Export the schema", proposed, "Schema (*.json)"
        )
        if path:
            self.write(Path(path).with_suffix(".json"))

    def _toggle_preview(self) -> None:
        self._wants_preview = self._preview_side.isHidden()
        self._place_preview(asked=True)

    def _place_preview(self, asked: bool = False) -> None:
        """In a narrow window the form stands aside until it is asked for."""
        room = self.width() >= _NARROW_PX or asked
        self._preview_side.setVisible(self._wants_preview and room)
        self.bar.preview.setChecked(not self._preview_side.isHidden())

    def _dressed(self) -> None:
        """Colours that lie in lines and pages rather than in the style sheet."""
        history = self.editor.history
        if history is not None:
            self.editor.open(history)
        self.refresh()

    def _keep(self) -> None:
        """Put the drafts where a restart finds them."""
        self._pause.stop()
        shelf = self._shelf()
        if shelf is None or not self._is_read:
            return
        waiting = {
            key: (h.now.schema, h.now.base.id if h.now.base else "")
            for key, h in self._drafts.items()
            if (h.can_undo or key.startswith("new:")) and h.now.is_changed
        }
        try:
            shelf.keep_drafts(waiting)
        except StoreProblem as error:
            self._reading.failed.emit(error)

    def _opened(self, _room: Any) -> None:
        self._drafts.clear()
        self._is_read = False
        self._key = ""
        if self.isVisible():
            self.refresh()

    def _committed(self, event: Event) -> None:
        if (
            self.isVisible()
            and not event.case_id
            and any(c.kind in ("schema", "case") for c in event.changes)
        ):
            shelf = self._shelf()
            if shelf is not None:
                self._show_list(shelf)
