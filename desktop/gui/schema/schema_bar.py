"""The bar above the schema editor: what is edited, how it stands, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QFrame, QPushButton

from desktop.gui.schema.schema_draft import Draft
from desktop.gui.schema.schema_history import DraftHistory
from desktop.gui.widgets import icons
from desktop.gui.widgets.furniture import ElidedLabel, across, down, push, reset_role, rule

MOVES = (
    ("For open cases", "open"),
    ("For all cases", "all"),
    ("For no case yet", "none"),
)


class SchemaBar(QFrame):
    """``wanted`` carries "undo", "redo", "preview", "discard", "export" or "save"."""

    wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "topbar")
        row = across(self, (16, 8, 12, 8), 8)
        words = down(gap=0)
        self.title = ElidedLabel(role="heading")
        self.state = ElidedLabel(role="small")
        words.addWidget(self.title)
        words.addWidget(self.state)
        row.addLayout(words, 1)
        self.undo = _quiet("undo", "Takes the last change of this draft back (Ctrl+Z).")
        self.redo = _quiet("redo", "Does again what was taken back (Ctrl+Y).")
        self.preview = _quiet("form", "Shows or hides the form beside (Ctrl+Shift+F).")
        self.preview.setCheckable(True)
        self.preview.setChecked(True)
        self.discard = push("Discard", "quiet", tip="Leaves the draft and shows what is saved.")
        self.export = push("Export…", tip="Writes the schema as a JSON file.")
        self.moves = QComboBox()
        self.moves.setAccessibleName("Which cases take the new version up")
        self.moves.setToolTip("Cases that are read with the version before.")
        for told, _ in MOVES:
            self.moves.addItem(told)
        self.save = push("Save", "primary", tip="Makes the next version (Ctrl+S).")
        for name in ("undo", "redo", "preview", "discard", "export", "save"):
            button: QPushButton = getattr(self, name)
            button.clicked.connect(lambda _c=False, n=name: self.wanted.emit(n))
        for widget in (
            self.undo,
            self.redo,
            self.preview,
            rule(upright=True),
            self.discard,
            self.export,
            self.moves,
            self.save,
        ):
            row.addWidget(widget)

    def show_draft(self, draft: Draft, history: DraftHistory | None) -> None:
        """Say how a draft stands and what can be done with it."""
        wrong = len(draft.problems())
        self.title.setText(draft.schema.title or "No title")
        self.state.setText(_state_of(draft, wrong))
        self.undo.setEnabled(bool(history and history.can_undo))
        self.redo.setEnabled(bool(history and history.can_redo))
        can_save = draft.is_changed and not wrong
        self.save.setEnabled(can_save)
        self.save.setText(f"Save version {draft.next_number}")
        why = "" if can_save else _why_not(draft, wrong)
        self.save.setToolTip(why or f"Makes version {draft.next_number} (Ctrl+S).")
        self.moves.setVisible(draft.base is not None and draft.is_changed)
        self.discard.setVisible(bool(history and history.can_undo))


def _state_of(draft: Draft, wrong: int) -> str:
    if wrong:
        return "1 thing to mend" if wrong == 1 else f"{wrong} things to mend"
    if draft.base is None:
        return "Not in the project yet"
    if not draft.is_changed:
        return f"Version {draft.base.version}, saved"
    return f"Changed since version {draft.base.version}"


def _quiet(icon: str, tip: str) -> QPushButton:
    made = push("", "quiet")
    icons.bind(made, icon)
    made.setToolTip(tip)
    made.setAccessibleName(tip)
    made.setFixedWidth(36)
    reset_role(made, "role", "icon")
    return made


def _why_not(draft: Draft, wrong: int) -> str:
    if wrong:
        return "What is wrong stands below; each sentence leads there."
    return f"Nothing has changed since version {draft.schema.version}."
