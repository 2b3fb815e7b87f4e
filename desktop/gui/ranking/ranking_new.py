"""Making a preference task: what is put side by side, how it is judged, what is asked besides."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QScrollArea,
    QWidget,
)

from desktop.domain.errors import UserError
from desktop.domain.ranking import Ask, RankingKind, RankingTask
from desktop.domain.schema import QuestionKind
from desktop.domain.task import Role
from desktop.gui.shell import Shell
from desktop.gui.widgets.furniture import across, down, frame, label, push
from desktop.gui.widgets.segments import segments

if TYPE_CHECKING:
    from desktop.workspace.ranking.ranking_drafts import Drafts
    from desktop.workspace.workspace import Workspace

OUTLINES, IMAGES, REPORTS, FILE = range(4)
_KINDS = (RankingKind.PAIRWISE, RankingKind.BEST, RankingKind.TIERS, RankingKind.RATING)
_ASKS = (Ask.NO, Ask.OPTIONAL, Ask.REQUIRED)
_MOST_CASES = 2000


class NewTaskForm(QWidget):
    """``made`` carries the id of the new task; ``left``: nothing was made."""

    made = Signal(str)
    left = Signal()

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell = shell
        self._file: Path | None = None
        outer = down(self, (24, 16, 24, 16), 12)
        outer.addWidget(label("New preference task", "title"))
        area = QScrollArea()
        area.setWidgetResizable(True)
        holder = QWidget()
        holder.setMaximumWidth(860)
        column = down(holder, gap=12)
        column.addWidget(self._make_what())
        column.addWidget(self._make_how())
        column.addStretch(1)
        area.setWidget(holder)
        outer.addWidget(area, 1)
        foot = across(gap=12)
        self.found = label("", "muted", wrap=True)
        foot.addWidget(self.found, 1)
        back = push("Back", tip="To the list; nothing is made.")
        back.clicked.connect(self.left)
        self.go = push("Make the task", "primary", "plus", "Readers find it on their page Ranking.")
        self.go.clicked.connect(self._make)
        foot.addWidget(back)
        foot.addWidget(self.go)
        outer.addLayout(foot)

    def start(self) -> None:
        """A fresh form over the project's cases."""
        self.title.clear()
        self._file = None
        self._file_words.setText("No file chosen")
        self._fill_cases()
        self._fill_readers()
        self._fill_classes()
        self._picked(self._source.checkedId())
        self.title.setFocus()

    # the form --------------------------------------------------------------------------------

    def _make_what(self) -> QWidget:
        card = frame("card")
        form = _form(card)
        form.addRow(label("What is put side by side", "heading"))
        self.title = QLineEdit()
        self.title.setPlaceholderText("Title")
        self.title.setAccessibleName("Title")
        form.addRow(_name("Title"), self.title)
        self._source = QButtonGroup(self)
        names = ("Outlines", "Images", "Reports", "Texts from a file")
        tips = (
            "What readers and models drew on the same case.",
            "The images of cases, compared with each other.",
            "What readers wrote for the same question of a case.",
            "Prompts with answers, one per line of a JSON Lines file.",
        )
        form.addRow(
            _name("From"), _row(segments(self._source, names, self._picked, OUTLINES, tips))
        )
        self._class = QComboBox()
        self._class.setAccessibleName("Class")
        self._class.currentIndexChanged.connect(lambda _i: self._look())
        form.addRow(_name("Class"), self._class)
        self._question = QComboBox()
        self._question.setAccessibleName("Question")
        self._question.currentIndexChanged.connect(lambda _i: self._look())
        form.addRow(_name("Question"), self._question)
        self.asked = QLineEdit("Which image is better?")
        self.asked.setAccessibleName("What is asked")
        form.addRow(_name("Asked"), self.asked)
        choose = push("Choose a file…", icon="folder", tip="A JSON Lines file, one prompt a line.")
        choose.clicked.connect(self._browse)
        self._file_words = label("No file chosen", "muted")
        self._file_row = _row(choose, self._file_words)
        form.addRow(_name("File"), self._file_row)
        self.cases = QListWidget()
        self.cases.setAccessibleName("Cases")
        self.cases.setFixedHeight(150)
        self.cases.itemChanged.connect(lambda _i: self._look())
        form.addRow(_name("Cases"), self.cases)
        self._what = form
        return card

    def _make_how(self) -> QWidget:
        card = frame("card")
        form = _form(card)
        form.addRow(label("How it is judged", "heading"))
        self._kind = QButtonGroup(self)
        names = ("Two at a time", "Best of a few", "Tiers", "Grades 1 to 5")
        tips = (
            "Every pair, with ties; the surest ranking.",
            "One click: the best of up to six.",
            "Up to six in order, ties allowed.",
            "Each one alone.",
        )
        form.addRow(
            _name("Judged"), _row(segments(self._kind, names, lambda _n: self._look(), 0, tips))
        )
        self.readers = QListWidget()
        self.readers.setAccessibleName("Asked readers")
        self.readers.setToolTip("Who is asked; all ticked asks everybody, also who joins later.")
        self.readers.setFixedHeight(84)
        self.readers.itemChanged.connect(lambda _i: self._look())
        form.addRow(_name("Asks"), self.readers)
        self.instructions = QPlainTextEdit()
        self.instructions.setFixedHeight(64)
        self.instructions.setAccessibleName("Instructions")
        self.instructions.setTabChangesFocus(True)
        self.instructions.setPlaceholderText("What makes one better than another")
        form.addRow(_name("Instructions"), self.instructions)
        self.criteria = QPlainTextEdit()
        self.criteria.setFixedHeight(64)
        self.criteria.setAccessibleName("Rubric")
        self.criteria.setTabChangesFocus(True)
        self.criteria.setPlaceholderText("One point a line; grades are given for each")
        form.addRow(_name("Rubric"), self.criteria)
        self._reason, self._sure = QButtonGroup(self), QButtonGroup(self)
        words = ("Not asked", "Optional", "Required")
        reason_tips = ("No field.", "A field that may stay empty.", "No decision without a reason.")
        sure_tips = ("Not asked.", "May be left out.", "Asked with every decision.")
        form.addRow(_name("Reason"), _row(segments(self._reason, words, _nothing, 1, reason_tips)))
        form.addRow(_name("How sure"), _row(segments(self._sure, words, _nothing, 0, sure_tips)))
        return card

    # what is found ---------------------------------------------------------------------------

    @property
    def room(self) -> Workspace | None:
        return self._shell.reading.workspace

    def chosen_cases(self) -> list[str]:
        return _ticked(self.cases)

    def asked_readers(self) -> tuple[str, ...]:
        """Ids of those who are asked; () where all are."""
        chosen = _ticked(self.readers)
        return () if len(chosen) == self.readers.count() else tuple(sorted(chosen))

    def take_file(self, path: Path) -> None:
        """Use this file of texts."""
        self._file = path
        self._file_words.setText(path.name)
        if not self.title.text().strip():
            self.title.setText(path.stem.replace("_", " "))
        self._look()

    def drafts(self) -> Drafts:
        """What the form describes; UserError in words."""
        from desktop.workspace.ranking import ranking_drafts

        room, source = self.room, self._source.checkedId()
        if room is None:
            raise UserError("Open a project first.")
        cases = self.chosen_cases()
        if source == FILE:
            if self._file is None:
                raise UserError("Choose a file first.")
            return ranking_drafts.from_jsonl(self._file)
        if source == IMAGES:
            return ranking_drafts.from_images(room, cases, self.asked.text().strip())
        if source == REPORTS:
            return ranking_drafts.from_answers(room, self._question.currentData() or "", cases)
        return ranking_drafts.from_regions(room, cases, self._class.currentData())

    def _look(self) -> None:
        """Say what the task would hold; switch the button."""
        kind = _KINDS[max(0, self._kind.checkedId())] if hasattr(self, "_kind") else _KINDS[0]
        least = 1 if kind is RankingKind.RATING else 2
        try:
            drafts = self.drafts()
        except UserError as error:
            self.found.setText(str(error))
            self.go.setEnabled(False)
            self.go.setToolTip(error.title)
            return
        if not _ticked(self.readers):
            self.found.setText("Nobody is asked. Tick a reader.")
            self.go.setEnabled(False)
            self.go.setToolTip("Tick a reader first.")
            return
        sizes = [len(p.candidates) for p in drafts.prompts]
        usable = sum(n >= least for n in sizes)
        words = f"{usable} questions" if usable != 1 else "1 question"
        text = f"{words} with {sum(sizes)} candidates." if usable else "Nothing to judge yet."
        if drafts.notes:
            text += f" {drafts.notes[0]}"
            more = len(drafts.notes) - 1
            text += f" And {more} more were left out." if more > 0 else ""
        self.found.setText(text)
        self.go.setEnabled(bool(usable))
        self.go.setToolTip("Readers find it on their page Ranking." if usable else text)

    def _picked(self, source: int) -> None:
        rows = {
            self._class: source == OUTLINES,
            self._question: source == REPORTS,
            self.asked: source == IMAGES,
            self._file_row: source == FILE,
            self.cases: source != FILE,
        }
        for widget, shown in rows.items():
            self._what.setRowVisible(widget, shown)
        self._look()

    def _fill_cases(self) -> None:
        room = self.room
        self.cases.blockSignals(True)
        self.cases.clear()
        for line in room.cases(0, _MOST_CASES) if room else []:
            self.cases.addItem(_tickable(line.case.title, line.case.id))
        self.cases.blockSignals(False)

    def _fill_readers(self) -> None:
        room = self.room
        self.readers.blockSignals(True)
        self.readers.clear()
        people = room.readers() if room else []
        asked = [(n or r.pseudonym, r.id) for r, n in people if r.role is not Role.AUDITOR]
        for name, reader_id in sorted(asked):
            self.readers.addItem(_tickable(name, reader_id))
        self.readers.blockSignals(False)

    def _fill_classes(self) -> None:
        room = self.room
        for box in (self._class, self._question):
            box.blockSignals(True)
            box.clear()
        self._class.addItem("Every class", None)
        seen: set[str] = set()
        for schema in room.schemas() if room else []:
            for item in schema.classes:
                if item.name not in seen:
                    seen.add(item.name)
                    self._class.addItem(item.name, item.id)
            for question in schema.questions:
                if question.kind is QuestionKind.TEXT:
                    self._question.addItem(question.text, question.id)
        for box in (self._class, self._question):
            box.blockSignals(False)

    def _browse(self) -> None:
        path, _kind = QFileDialog.getOpenFileName(
            self, "Texts to compare", "", "JSON Lines (*.jsonl *.json);;All files (*)"
        )
        if path:
            self.take_file(Path(path))

    def _make(self) -> None:
        room = self.room
        if room is None:
            return
        points = [p.strip() for p in self.criteria.toPlainText().splitlines() if p.strip()]
        task = RankingTask(
            id="",
            title="",
            judged=_KINDS[self._kind.checkedId()],
            instructions=self.instructions.toPlainText().strip(),
            criteria=tuple(points),
            rationale=_ASKS[self._reason.checkedId()],
            confidence=_ASKS[self._sure.checkedId()],
            reader_ids=self.asked_readers(),
        )
        try:
            made = room.ranking.create(self.title.text().strip(), self.drafts().prompts, task)
        except UserError as error:
            self.found.setText(str(error))
            if not self.title.text().strip():
                self.title.setFocus()
            return
        self.made.emit(made.id)


def _form(card: QWidget) -> QFormLayout:
    form = QFormLayout(card)
    form.setContentsMargins(20, 14, 20, 14)
    form.setHorizontalSpacing(16)
    form.setVerticalSpacing(8)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
    form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
    return form


def _name(text: str) -> QWidget:
    """The words before a field; of one width in all cards."""
    made = label(text)
    made.setFixedWidth(88)
    return made


def _tickable(words: str, key: str) -> QListWidgetItem:
    """A ticked line of a list."""
    item = QListWidgetItem(words)
    item.setData(Qt.ItemDataRole.UserRole, key)
    item.setFlags(
        Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsSelectable
    )
    item.setCheckState(Qt.CheckState.Checked)
    return item


def _ticked(lines: QListWidget) -> list[str]:
    """The keys of the lines that are ticked."""
    items = [lines.item(n) for n in range(lines.count())]
    on = Qt.CheckState.Checked
    return [i.data(Qt.ItemDataRole.UserRole) for i in items if i.checkState() == on]


def _row(*widgets: QWidget) -> QWidget:
    holder = QWidget()
    line = across(holder)
    for widget in widgets:
        line.addWidget(widget)
    line.addStretch(1)
    return holder


_nothing: Callable[[int], None] = lambda _number: None  # noqa: E731 - read when the task is made
