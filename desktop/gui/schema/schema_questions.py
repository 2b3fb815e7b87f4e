"""The questions of a schema: a list by what they are about, and the chosen one as a form."""

from __future__ import annotations

from msgspec.structs import replace
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QScrollArea, QStackedWidget, QWidget

from desktop.domain.schema import Question, Scope
from desktop.gui.schema.schema_draft import ABOUT, Draft
from desktop.gui.schema.schema_list import fit_lines, heading
from desktop.gui.schema.schema_pieces import small_button
from desktop.gui.schema.schema_question import KIND_WORDS, QuestionEditor
from desktop.gui.widgets.furniture import EmptyState, across, down, push, rule

_ID = Qt.ItemDataRole.UserRole


class QuestionsEditor(QWidget):
    """Pick, add, move and remove questions; the form beside changes the one picked."""

    edited = Signal(object)  # Draft

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._draft: Draft | None = None
        self._shown: tuple[object, ...] = ()
        row = across(self, gap=0)
        side = QWidget()
        side.setFixedWidth(232)
        column = down(side, (0, 8, 0, 8), 4)
        self.list = _QuestionList(self)
        self.list.currentItemChanged.connect(lambda _n, _o: self._picked())
        column.addWidget(self.list, 1)
        acts = across(margins=(4, 0, 4, 0), gap=4)
        add = push("Add", "link", "plus", "One more question, behind the one chosen (Ins).")
        add.clicked.connect(self.add)
        acts.addWidget(add)
        acts.addStretch(1)
        acts.addWidget(small_button("up", "One place up (Alt+Up)", lambda: self.move_by(-1)))
        acts.addWidget(small_button("down", "One place down (Alt+Down)", lambda: self.move_by(1)))
        acts.addWidget(
            small_button(
                "trash", "Removes the question (Del). Answers given to it are kept.", self.remove
            )
        )
        column.addLayout(acts)
        row.addWidget(side)
        row.addWidget(rule(upright=True))
        self.editor = QuestionEditor()
        self.editor.edited.connect(self.edited)
        self.editor.renamed.connect(self._renamed)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(self.editor)
        first = push("Add a question", "primary", "plus", "What readers are asked (Ins).")
        first.clicked.connect(self.add)
        self._nothing = EmptyState(
            "form",
            "No questions yet",
            "Questions are asked about a case, a series, an image or a region.",
            [first],
        )
        self._stack = QStackedWidget()
        self._stack.addWidget(self._scroll)
        self._stack.addWidget(self._nothing)
        row.addWidget(self._stack, 1)

    @property
    def chosen(self) -> str:
        """The id of the question picked, "" for none."""
        item = self.list.currentItem()
        return str(item.data(_ID)) if item is not None and item.data(_ID) else ""

    def show_draft(self, draft: Draft, anew: bool = False) -> None:
        """Show the questions of this draft; ``anew`` builds also what is shown already."""
        self._draft = draft
        questions = draft.schema.questions
        shown = tuple((q.id, q.text, q.kind, q.scope, q.required) for q in questions)
        if shown != self._shown or anew:
            self._shown = shown
            self._fill(questions)
        self._stack.setCurrentWidget(self._scroll if questions else self._nothing)
        self.editor.show_question(draft, self.chosen, anew)

    def choose(self, question_id: str, to_words: bool = False) -> None:
        """Pick a question; ``to_words`` puts the keyboard on its words."""
        for row in range(self.list.count()):
            if self.list.item(row).data(_ID) == question_id:
                self.list.setCurrentRow(row)
        if to_words and self.chosen:
            self.editor.take_focus()

    def add(self) -> None:
        """One more question behind the one picked, about the same thing."""
        draft = self._draft
        if draft is None:
            return
        before = {q.id for q in draft.schema.questions}
        changed = draft.add_question(self.chosen)
        (made,) = (q for q in changed.schema.questions if q.id not in before)
        scope = next((q.scope for q in draft.schema.questions if q.id == self.chosen), Scope.STUDY)
        changed = changed.put_question(replace(made, scope=scope), made.id)
        self._take(changed, made.id)
        self.editor.take_focus()

    def remove(self) -> None:
        draft, chosen = self._draft, self.chosen
        if draft is None or not chosen:
            return
        order = self._order(draft)
        at = order.index(chosen)
        rest = [i for i in order if i != chosen]
        self._take(draft.remove_question(chosen), rest[min(at, len(rest) - 1)] if rest else "")
        self.list.setFocus()

    def move_by(self, step: int) -> None:
        """Change places with the neighbour that is about the same thing."""
        draft, chosen = self._draft, self.chosen
        if draft is None or not chosen:
            return
        questions = draft.schema.questions
        scope = next(q.scope for q in questions if q.id == chosen)
        mine = [q.id for q in questions if q.scope is scope]
        to = mine.index(chosen) + step
        if not 0 <= to < len(mine):
            return
        places = [q.id for q in questions]
        distance = places.index(mine[to]) - places.index(chosen)
        for _ in range(abs(distance)):
            draft = draft.move_question(chosen, 1 if distance > 0 else -1)
        self._take(draft, chosen)

    # ---------------------------------------------------------------------------------------

    def _take(self, draft: Draft, chosen: str) -> None:
        self._draft = draft
        self._shown = tuple(
            (q.id, q.text, q.kind, q.scope, q.required) for q in draft.schema.questions
        )
        self._fill(draft.schema.questions, chosen)
        self._stack.setCurrentWidget(self._scroll if draft.schema.questions else self._nothing)
        self.editor.show_question(draft, self.chosen)
        self.edited.emit(draft)

    def _order(self, draft: Draft) -> list[str]:
        """Ids as they stand in the list."""
        return [q.id for scope in ABOUT for q in draft.schema.questions if q.scope is scope]

    def _fill(self, questions: tuple[Question, ...], chosen: str | None = None) -> None:
        wanted = self.chosen if chosen is None else chosen
        self.list.blockSignals(True)
        self.list.clear()
        for scope, words in ABOUT.items():
            mine = [q for q in questions if q.scope is scope]
            if not mine:
                continue
            self.list.addItem(heading(f"About {words}"))
            for question in mine:
                item = QListWidgetItem(question.text + (" *" if question.required else ""))
                item.setData(_ID, question.id)
                need = "required, " if question.required else ""
                item.setToolTip(f"{question.text}\n{need}{KIND_WORDS[question.kind].lower()}")
                self.list.addItem(item)
                if question.id == wanted:
                    self.list.setCurrentItem(item)
        if not self.chosen and self.list.count():
            self.list.setCurrentRow(1)
        fit_lines(self.list)
        self.list.blockSignals(False)

    def _picked(self) -> None:
        if self._draft is not None:
            self.editor.show_question(self._draft, self.chosen)
            self._scroll.verticalScrollBar().setValue(0)

    def _renamed(self, question_id: str) -> None:
        """The id of a new question follows its words; the list keeps it chosen."""
        item = self.list.currentItem()
        if item is not None:
            item.setData(_ID, question_id)


class _QuestionList(QListWidget):
    """A list with the keys to add, remove and move."""

    def __init__(self, editor: QuestionsEditor) -> None:
        super().__init__()
        self._editor = editor
        self.setAccessibleName("Questions")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWordWrap(True)
        self.setProperty("role", "plain")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        fit_lines(self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, alt = event.key(), event.modifiers() & Qt.KeyboardModifier.AltModifier
        if key == Qt.Key.Key_Insert:
            self._editor.add()
        elif key == Qt.Key.Key_Delete:
            self._editor.remove()
        elif alt and key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._editor.move_by(-1 if key == Qt.Key.Key_Up else 1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._editor.editor.take_focus()
        else:
            super().keyPressEvent(event)
