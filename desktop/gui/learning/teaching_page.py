"""Teacher and student: a model labels open cases, people check some, a student proves itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QComboBox, QFileDialog, QWidget

from desktop.domain.errors import UserError
from desktop.domain.event import Event
from desktop.gui.learning.teaching_card import TeacherCard
from desktop.gui.learning.teaching_check import CHECK, DECIDE, CheckCard, run_words
from desktop.gui.page import Page
from desktop.gui.shell import Shell
from desktop.gui.widgets.furniture import (
    across,
    down,
    label,
    push,
)

if TYPE_CHECKING:
    from desktop.domain.teaching import StudentTrial, Teaching
    from desktop.workspace.learning.learning_topic import Topic
    from desktop.workspace.learning.outline_teacher import OutlineDesk, OutlineTopic
    from desktop.workspace.learning.teaching import Audit, TeachingDesk
    from desktop.workspace.workspace import Workspace

_WATCHED = ("answer", "teaching", "schema", "proposal", "split")


class TeachingPage(Page):
    """The teacher at the left; the check and the student at the right."""

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(shell, parent)
        self._topics: list[Topic | OutlineTopic] = []
        self._busy = ""
        column = down(self, (24, 16, 24, 16), 12)
        column.addLayout(self._make_head())
        body = across(gap=16)
        self.card = TeacherCard()
        self.card.ask_wanted.connect(self.ask)
        self.card.label_wanted.connect(self.label_open)
        body.addWidget(self.card, 1)
        self.check = CheckCard()
        self.check.chosen.connect(self.chosen)
        self.check.teach_wanted.connect(self.teach)
        self.check.save_wanted.connect(self._ask_file)
        body.addWidget(self.check, 1)
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
            self.check.show_nothing(
                "Nothing to teach",
                "A question about a whole case with answers to choose from, or classes to outline.",
            )
            self._enable(None, None)
            return
        self.check.heading.setText(DECIDE if self._outlines else CHECK)
        self.card.offer(self._desk.teachers(topic), has_check=not self._outlines)
        runs = self._desk.runs(topic)
        if not runs:
            self.check.show_nothing(
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
            standing = self._desk.why_not_yet(topic, last)
            self.check.show_decided(last, self._desk.decided(last), standing)
        else:
            self.check.show_audit(room, topic, last, audit)
        self._enable(last, audit)
        self.check.history.setText("\n".join(run_words(r) for r in runs[:-1][::-1][:3]))

    def _enable(self, last: Teaching | None, audit: Audit | None) -> None:
        self.card.ask.setEnabled(self.topic is not None and not self._busy)
        why = self._busy
        if not why and last is None:
            why = "A teacher has to label something first."
        if not why and last is not None and self._room is not None and self.topic is not None:
            why = self._desk.why_not_yet(self.topic, last)
        self.check.enable(last, audit, why)

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
        self.check.student.setEnabled(False)
        self.check.student.setToolTip(words)

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
