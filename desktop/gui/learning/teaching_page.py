"""Teacher and student: a model labels open cases, people check some, a student proves itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QFileDialog, QStackedWidget, QWidget

from desktop.domain.errors import UserError
from desktop.domain.event import Event
from desktop.gui.learning.teaching_card import TeacherCard
from desktop.gui.shell import Shell
from desktop.gui.widgets.furniture import (
    EmptyState,
    across,
    down,
    frame,
    label,
    push,
    reset_role,
    rule,
)
from desktop.gui.widgets.plain_table import Head, PlainTable, Row

if TYPE_CHECKING:
    from desktop.domain.teaching import StudentTrial, Teaching
    from desktop.workspace.learning.learning_topic import Topic
    from desktop.workspace.learning.outline_teacher import OutlineDesk, OutlineTopic
    from desktop.workspace.learning.teaching import Audit, TeachingDesk
    from desktop.workspace.workspace import Workspace

HEADS = (
    Head("Case", "A case that people check", 140),
    Head("People", "What people answered", 100),
    Head("Teacher", "What the teacher said; hidden until people answered", 100),
)
CHECK = "2  People check a part, then the student proves itself"
DECIDE = "2  Readers decide about each outline"
_WATCHED = ("answer", "teaching", "schema", "proposal", "split")


class TeachingPage(QWidget):
    """The teacher at the left; the check and the student at the right."""

    chosen = Signal(str)
    left = Signal()

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._shell = shell
        self._topics: list[Topic | OutlineTopic] = []
        self._busy = ""
        column = down(self, (24, 16, 24, 16), 12)
        column.addLayout(self._make_head())
        body = across(gap=16)
        self.card = TeacherCard()
        self.card.ask_wanted.connect(self.ask)
        self.card.label_wanted.connect(self.label_open)
        body.addWidget(self.card, 1)
        body.addWidget(self._make_check(), 1)
        column.addLayout(body, 1)
        shell.reading.committed.connect(self._committed)
        shell.reading.opened.connect(lambda _room: self._forget())

    # building ------------------------------------------------------------------------------

    def _make_head(self) -> Any:
        head = across(gap=12)
        head.addWidget(label("Teacher and student", "title"))
        self.topic_box = QComboBox()
        self.topic_box.setAccessibleName("Question that is taught")
        self.topic_box.setToolTip("The question whose open cases the teacher labels.")
        self.topic_box.setMinimumWidth(180)
        self.topic_box.currentIndexChanged.connect(lambda _i: self._show_topic())
        head.addWidget(self.topic_box)
        head.addStretch(1)
        back = push("Back", tip="Back to where you were (Esc)")
        back.clicked.connect(self.left)
        head.addWidget(back)
        return head

    def _make_check(self) -> QWidget:
        card = frame("card")
        column = down(card, (16, 12, 16, 12), 8)
        self.second = label(CHECK, "heading")
        column.addWidget(self.second)
        self.last = label("", "muted", wrap=True)
        column.addWidget(self.last)
        self._stack = QStackedWidget()
        self.table = PlainTable("Cases that people check", HEADS)
        self.table.opened.connect(lambda key: self.chosen.emit(str(key)))
        self._empty = EmptyState("learning", "", "")
        self._stack.addWidget(self.table)
        self._stack.addWidget(self._empty)
        column.addWidget(self._stack, 1)
        row = across(gap=8)
        self.open = push("Open", "", "next", "Opens the chosen case (Enter).")
        self.open.clicked.connect(lambda: self.chosen.emit(str(self.table.key() or "")))
        row.addWidget(self.open)
        self.checked = label("", "muted", wrap=True)
        row.addWidget(self.checked, 1)
        column.addLayout(row)
        column.addWidget(rule())
        row = across(gap=8)
        self.student = push("Teach the student", "primary", "learning", "")
        self.student.clicked.connect(self.teach)
        row.addWidget(self.student)
        self.save = push(
            "Save labels…", "", "", "A table of the teacher's labels with their weight (CSV)."
        )
        self.save.clicked.connect(self._ask_file)
        row.addWidget(self.save)
        row.addStretch(1)
        column.addLayout(row)
        self.verdict = label("", "muted", wrap=True)
        column.addWidget(self.verdict)
        self.history = label("", "small", wrap=True)
        column.addWidget(self.history)
        return card

    # showing -------------------------------------------------------------------------------

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self.refresh()

    def take_focus(self) -> None:
        self.card.ask.setFocus()

    @property
    def topic(self) -> Topic | OutlineTopic | None:
        """The question in view, or the outlines of a schema."""
        at = self.topic_box.currentIndex()
        return self._topics[at] if 0 <= at < len(self._topics) else None

    @property
    def _outlines(self) -> bool:
        """Whether outlines are taught, which have neither check nor student."""
        return self.topic is not None and not hasattr(self.topic, "question")

    @property
    def _desk(self) -> Any:
        """Where the topic in view is taught: both desks are asked alike."""
        room = self._room
        assert room is not None
        desk: TeachingDesk | OutlineDesk = room.outlines if self._outlines else room.teaching
        return desk

    @property
    def _room(self) -> Workspace | None:
        return self._shell.reading.workspace

    def refresh(self) -> None:
        """Read everything anew."""
        room, kept = self._room, self.topic_box.currentText()
        self._topics = (
            [*room.learning.topics(), *room.outlines.topics()] if room is not None else []
        )
        words = [t.words for t in self._topics]
        if words != [self.topic_box.itemText(n) for n in range(self.topic_box.count())]:
            self.topic_box.blockSignals(True)
            self.topic_box.clear()
            self.topic_box.addItems(words)
            read = self._shell.reading.schema
            asked = [i for i, t in enumerate(self._topics) if read and t.schema.name == read.name]
            at = self.topic_box.findText(kept)
            self.topic_box.setCurrentIndex(at if at >= 0 else next(iter(asked), 0))
            self.topic_box.blockSignals(False)
            self.card.forget()
        self._show_runs()

    def _show_topic(self) -> None:
        self.card.forget()
        self._show_runs()

    def _show_runs(self) -> None:
        room, topic = self._room, self.topic
        if room is None or topic is None:
            self._say_empty(
                "Nothing to teach",
                "A question about a whole case with answers to choose from, or classes to outline.",
            )
            self._enable(None, None)
            return
        self.second.setText(DECIDE if self._outlines else CHECK)
        self.card.offer(self._desk.teachers(topic), has_check=not self._outlines)
        runs = self._desk.runs(topic)
        if not runs:
            self._say_empty(
                "Nothing is labelled by a teacher yet",
                "Ask the teacher and choose thresholds. Readers then decide about every outline."
                if self._outlines
                else "Ask the teacher, choose thresholds and label; a random part then waits here.",
            )
            self._enable(None, None)
            return
        last = runs[-1]
        audit = self._desk.audit(topic, last)
        if self._outlines:
            self._show_decided(last)
        else:
            self._show_audit(room, topic, last, audit)
        self._enable(last, audit)
        self.history.setText("\n".join(_run_words(r) for r in runs[:-1][::-1][:3]))

    def _say_empty(self, title: str, text: str) -> None:
        self._empty.say(title, text)
        self._stack.setCurrentWidget(self._empty)
        for words in (self.last, self.checked, self.verdict, self.history):
            words.setText("")

    def _show_decided(self, last: Teaching) -> None:
        """What became of the outlines so far."""
        said = {v.value: n for v, n in self._desk.decided(last).items()}
        counts = ", ".join(f"{said[w]:,} {w}" for w in sorted(said)) or "none is decided yet"
        self._say_empty("Suggested to the readers of these cases", f"So far: {counts}.")
        self.last.setText(_run_words(last))
        reset_role(self.verdict, "role", "muted")
        self.verdict.setText(self._desk.why_not_yet(self.topic, last))

    def _show_audit(self, room: Workspace, topic: Any, last: Teaching, audit: Audit) -> None:
        said = topic.question.choice_texts()
        rows = [
            Row(
                case_id,
                (
                    room.case(case_id).title,
                    said.get(given, given.capitalize()) if given else "open",
                    said.get(teacher, teacher.capitalize()) if given else "hidden",
                ),
                token="muted" if not given else "ok" if given == teacher else "warn",
            )
            for case_id, teacher, given in audit.lines
        ]
        self.table.show_rows(rows, keep=self.table.key())
        self._stack.setCurrentWidget(self.table)
        self.last.setText(_run_words(last))
        interval = audit.interval
        right = (
            ""
            if interval is None
            else f"; the teacher was right on {audit.right} "
            f"({interval.low:.0%} to {interval.high:.0%})"
        )
        self.checked.setText(f"{audit.checked} of {len(audit.lines)} answered by people{right}.")
        if last.trial is None:
            self.verdict.setText("")
            return
        weight = f" The teacher's labels weigh {last.trial.weight:.2f}, their share that was right."
        self.verdict.setText(last.trial.sentence + (weight if last.trial.kept else ""))
        reset_role(self.verdict, "role", "ok" if last.trial.kept else "warn")

    def _enable(self, last: Teaching | None, audit: Audit | None) -> None:
        has_lines = last is not None and bool(audit and audit.lines)
        self.open.setEnabled(has_lines)
        self.open.setToolTip(
            "Opens the chosen case (Enter)." if has_lines else "No case waits to be checked."
        )
        self.card.ask.setEnabled(self.topic is not None and not self._busy)
        why = self._busy
        if not why and last is None:
            why = "A teacher has to label something first."
        if not why and last is not None and self._room is not None and self.topic is not None:
            why = self._desk.why_not_yet(self.topic, last)
        self.student.setEnabled(not why)
        self.student.setToolTip(
            why or "Learns with and without the labels and compares both on validation images."
        )
        dropped = last is None or (last.trial is not None and not last.trial.kept)
        self.save.setEnabled(not dropped)
        self.save.setToolTip(
            "There are no labels of a teacher to save."
            if dropped
            else "A table of the teacher's labels with their weight (CSV)."
        )

    # acts ----------------------------------------------------------------------------------

    def ask(self) -> None:
        """Ask the teacher in the background."""
        room, topic = self._room, self.topic
        if room is None or topic is None or self._busy:
            return
        self._begin("The teacher is being asked; the line at the bottom shows how far.")
        self.card.said.setText(self._busy)

        def done(asked: Any) -> None:
            self._busy = ""
            if self.topic is topic:
                self.card.show_asked(asked)
            self._show_runs()

        try:
            self._desk.start_asking(topic, self.card.source, done, self._failed)
        except UserError as error:
            self._failed(error)

    def label_open(self) -> None:
        """Offer what passes the thresholds."""
        room, topic, asked = self._room, self.topic, self.card.asked
        if room is None or topic is None or asked is None:
            return
        try:
            made = self._desk.label(
                topic, asked, self.card.thresholds, self.card.audit.value() / 100
            )
        except UserError as error:
            self._shell.say_error(error)
            return
        count = sum(made.offered.values())
        self.card.forget()
        if self._outlines:
            self._shell.say(
                f"{count:,} outlines are suggested", "Readers decide about each of them.", "ok"
            )
        else:
            self._shell.say(
                f"{count:,} cases are labelled by the teacher",
                f"{len(made.audit)} more wait to be checked by people, without seeing its answer.",
                "ok",
            )
        self._show_runs()

    def teach(self) -> None:
        """Teach the student in the background."""
        room, topic = self._room, self.topic
        if room is None or topic is None or self._outlines or self._busy:
            return
        runs = self._desk.runs(topic)
        if not runs:
            return
        self._begin("The student is learning; the line at the bottom shows how far.")

        def done(trial: StudentTrial) -> None:
            self._busy = ""
            self._shell.say(
                "The student is kept" if trial.kept else "The student is not kept",
                trial.sentence,
                "ok" if trial.kept else "warn",
            )
            self._show_runs()

        try:
            self._desk.start_student(topic, runs[-1], done, self._failed)
        except UserError as error:
            self._failed(error)

    def write(self, path: Path) -> None:
        """Save the labels of the last teacher."""
        room, topic = self._room, self.topic
        if room is None or topic is None:
            return
        try:
            count = self._desk.write_table(topic, self._desk.runs(topic)[-1], path)
        except (UserError, OSError) as error:
            why = error if isinstance(error, UserError) else UserError(
                "The table can't be written there.", str(error), "Choose another folder."
            )  # fmt: skip
            self._shell.say_error(why)
            return
        self._shell.say(f"{count:,} labels are saved", str(path), "ok")

    def _ask_file(self) -> None:
        name, _kind = QFileDialog.getSaveFileName(
            self, "Save the teacher's labels", "pseudo-labels.csv", "Table (*.csv)"
        )
        if name:
            self.write(Path(name))

    def _begin(self, words: str) -> None:
        self._busy = words
        self.card.ask.setEnabled(False)
        self.student.setEnabled(False)
        self.student.setToolTip(words)

    def _failed(self, error: UserError) -> None:
        self._busy = ""
        if self.card.asked is None:
            self.card.said.setText(
                " ".join(t for t in (error.title, error.detail, error.hint) if t)
            )
        self._shell.say_error(error)
        self._show_runs()

    def _committed(self, event: Event) -> None:
        touches = any(c.kind in _WATCHED for c in event.changes)
        if touches and self.isVisible() and not self._busy:
            self._show_runs()

    def _forget(self) -> None:
        self._busy = ""
        self.topic_box.clear()
        self.card.forget()
        if self.isVisible():
            self.refresh()


def _run_words(run: Teaching) -> str:
    count = sum(run.offered.values())
    if not run.question_id:
        return (
            f"Teacher {run.number}, {run.teacher}: {count:,} outlines on {run.pool:,} open cases."
        )
    words = (
        f"Teacher {run.number}, {run.teacher}: {count:,} of {run.pool:,} open cases labelled, "
        f"{len(run.audit)} set aside for people."
    )
    if run.trial is not None:
        words += " Student kept." if run.trial.kept else " Student not kept, labels withdrawn."
    return words
