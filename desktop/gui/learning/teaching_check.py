"""The right card of teacher and student: what people check, and whether the student is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QStackedWidget

from desktop.gui.widgets.furniture import EmptyState, across, down, label, push, reset_role, rule
from desktop.gui.widgets.plain_table import Head, PlainTable, Row

if TYPE_CHECKING:
    from desktop.domain.teaching import Teaching
    from desktop.workspace.learning.teaching import Audit
    from desktop.workspace.workspace import Workspace

HEADS = (
    Head("Case", "A case that people check", 140),
    Head("People", "What people answered", 100),
    Head("Teacher", "What the teacher said; hidden until people answered", 100),
)
CHECK = "2  People check a part, then the student proves itself"
DECIDE = "2  Readers decide about each outline"


class CheckCard(QFrame):
    """Shows one run of a teacher and those before it; asks for acts by its signals."""

    chosen = Signal(str)
    teach_wanted = Signal()
    save_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "card")
        column = down(self, (16, 12, 16, 12), 8)
        self.heading = label(CHECK, "heading")
        column.addWidget(self.heading)
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
        self.student.clicked.connect(self.teach_wanted)
        row.addWidget(self.student)
        self.save = push(
            "Save labels…", "", "", "A table of the teacher's labels with their weight (CSV)."
        )
        self.save.clicked.connect(self.save_wanted)
        row.addWidget(self.save)
        row.addStretch(1)
        column.addLayout(row)
        self.verdict = label("", "muted", wrap=True)
        column.addWidget(self.verdict)
        self.history = label("", "small", wrap=True)
        column.addWidget(self.history)

    def show_nothing(self, title: str, text: str) -> None:
        """There is no table to show, and why."""
        self._empty.say(title, text)
        self._stack.setCurrentWidget(self._empty)
        for words in (self.last, self.checked, self.verdict, self.history):
            words.setText("")

    def show_decided(self, last: Teaching, decided: dict[Any, int], standing: str) -> None:
        """What became of the outlines of a run so far, by what was decided."""
        said = {verdict.value: count for verdict, count in decided.items()}
        counts = ", ".join(f"{said[w]:,} {w}" for w in sorted(said)) or "none is decided yet"
        self.show_nothing("Suggested to the readers of these cases", f"So far: {counts}.")
        self.last.setText(run_words(last))
        reset_role(self.verdict, "role", "muted")
        self.verdict.setText(standing)

    def show_audit(self, room: Workspace, topic: Any, last: Teaching, audit: Audit) -> None:
        """What people answered where they check a run, and what the student came to."""
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
        self.last.setText(run_words(last))
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

    def enable(self, last: Teaching | None, audit: Audit | None, why: str) -> None:
        """Which acts there are; ``why`` the student can't learn now, "" where it can."""
        has_lines = last is not None and bool(audit and audit.lines)
        self.open.setEnabled(has_lines)
        self.open.setToolTip(
            "Opens the chosen case (Enter)." if has_lines else "No case waits to be checked."
        )
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


def run_words(run: Teaching) -> str:
    """A run of a teacher in one sentence or two."""
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
