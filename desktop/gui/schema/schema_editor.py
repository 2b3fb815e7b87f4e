"""The editor of one schema: classes, questions, guidelines, and what is still wrong with it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QLineEdit,
    QPlainTextEdit,
    QScrollArea,
    QStackedWidget,
    QTabBar,
    QWidget,
)

from desktop.domain.schema_check import Problem
from desktop.gui.schema.schema_about import AboutEditor, GuidelinesEditor
from desktop.gui.schema.schema_classes import ClassesEditor
from desktop.gui.schema.schema_draft import Draft
from desktop.gui.schema.schema_history import DraftHistory
from desktop.gui.schema.schema_questions import QuestionsEditor
from desktop.gui.widgets.furniture import across, clear, down, frame, label, push

TABS = ("Classes", "Questions", "Guidelines", "About")
_PROBLEMS_SHOWN = 4


class SchemaEditor(QWidget):
    """Each change is a new draft; Ctrl+Z and Ctrl+Y walk through them, also out of a field."""

    changed = Signal(object)  # Draft, however it came about

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._history: DraftHistory | None = None
        column = down(self, gap=0)
        self.tabs = QTabBar()
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        self.tabs.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        for name in TABS:
            self.tabs.addTab(name)
        bar = frame("topbar")
        row = across(bar, (8, 0, 8, 0), 0)
        row.addWidget(self.tabs)
        row.addStretch(1)
        column.addWidget(bar)
        self.classes = ClassesEditor()
        self._classes_area = QScrollArea()
        self._classes_area.setWidgetResizable(True)
        self._classes_area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        holder = QWidget()
        down(holder, (16, 12, 16, 16)).addWidget(self.classes)
        self._classes_area.setWidget(holder)
        self.questions = QuestionsEditor()
        self.guidelines = GuidelinesEditor()
        self.about = AboutEditor()
        self.pages = QStackedWidget()
        for page in (self._classes_area, self.questions, self.guidelines, self.about):
            self.pages.addWidget(page)
        for editor in (self.classes, self.questions, self.guidelines, self.about):
            editor.edited.connect(self._edited)
        self.tabs.currentChanged.connect(self.pages.setCurrentIndex)
        column.addWidget(self.pages, 1)
        self._trouble = frame("bottombar")
        self._lines = down(self._trouble, (16, 8, 16, 8), 2)
        column.addWidget(self._trouble)
        for key, act in (("Ctrl+Z", self.undo), ("Ctrl+Y", self.redo), ("Ctrl+Shift+Z", self.redo)):
            QShortcut(QKeySequence(key), self, act)  # while this editor is in sight

    # what pages ask ------------------------------------------------------------------------

    @property
    def draft(self) -> Draft | None:
        return self._history.now if self._history else None

    @property
    def history(self) -> DraftHistory | None:
        return self._history

    def open(self, history: DraftHistory) -> None:
        """Edit this draft, with the steps that led to it."""
        self._history = history
        self._show(anew=True)

    def undo(self) -> bool:
        return self._walk("undo")

    def redo(self) -> bool:
        return self._walk("redo")

    def show_tab(self, name: str) -> None:
        self.tabs.setCurrentIndex(TABS.index(name))

    def go_to(self, problem: Problem) -> None:
        """Show the part that a problem is about."""
        if problem.part == "question":
            self.show_tab("Questions")
            self.questions.choose(problem.of, to_words=True)
        elif problem.part == "class":
            self.show_tab("Classes")
            self.classes.focus_class(int(problem.of))
        else:
            self.show_tab("About")
            self.about.title.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.matches(QKeySequence.StandardKey.Undo):
                return self.undo()
            if event.matches(QKeySequence.StandardKey.Redo) or _is_ctrl_y(event):
                return self.redo()
        return super().eventFilter(watched, event)

    # ---------------------------------------------------------------------------------------

    def _edited(self, draft: Draft) -> None:
        if self._history is not None:
            self._history.add(draft)
            self._show()

    def _walk(self, way: str) -> bool:
        history = self._history
        if history is None or not getattr(history, f"can_{way}"):
            return False
        getattr(history, way)()
        self._show(anew=True)
        return True

    def _show(self, anew: bool = False) -> None:
        draft = self.draft
        if draft is None:
            return
        for editor in (self.classes, self.questions, self.guidelines, self.about):
            editor.show_draft(draft, anew)
        counts = {"Classes": len(draft.schema.classes), "Questions": len(draft.schema.questions)}
        for number, name in enumerate(TABS):
            self.tabs.setTabText(number, f"{name} · {counts[name]}" if name in counts else name)
        self._show_problems(draft.problems())
        self._listen_to_fields()
        self.changed.emit(draft)

    def _show_problems(self, problems: list[Problem]) -> None:
        clear(self._lines)
        self._trouble.setVisible(bool(problems))
        for problem in problems[:_PROBLEMS_SHOWN]:
            line = push(problem.sentence, "link", "warning", "Goes to what the sentence is about.")
            line.clicked.connect(lambda _c=False, p=problem: self.go_to(p))
            self._lines.addWidget(line)
        if len(problems) > _PROBLEMS_SHOWN:
            more = len(problems) - _PROBLEMS_SHOWN
            self._lines.addWidget(label(f"and {more} more", "small"))

    def _listen_to_fields(self) -> None:
        """Fields take Ctrl+Z for their own text; here it takes back steps of the schema."""
        for kind in (QLineEdit, QPlainTextEdit):
            for field in self.findChildren(kind):
                field.installEventFilter(self)  # again is harmless: Qt keeps one


def _is_ctrl_y(event: QKeyEvent) -> bool:
    return event.key() == Qt.Key.Key_Y and event.modifiers() == Qt.KeyboardModifier.ControlModifier
