"""The page of rules: written by the lead, their votes beside each other, and what comes of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QSplitter,
    QStackedWidget,
    QWidget,
)

from desktop.commands.rule import SaveRule
from desktop.domain.errors import UserError
from desktop.domain.task import Role
from desktop.gui.page import Page
from desktop.gui.rules.rules_acts import RuleActs, allow
from desktop.gui.rules.rules_form import RuleForm
from desktop.gui.rules.rules_matrix import RuleTable
from desktop.gui.rules.rules_model import COLUMNS, ON, RuleModel
from desktop.gui.rules.rules_results import RuleResults
from desktop.gui.rules.rules_verdict import RuleVerdict
from desktop.gui.shell import Shell
from desktop.gui.widgets.furniture import EmptyState, across, down, label, push

if TYPE_CHECKING:
    from desktop.domain.rule import Rule, RuleTarget
    from desktop.workspace.rules.rule_board import RuleBoard, WhatIf
    from desktop.workspace.workspace import Workspace

_WHAT_RULES_ARE = (
    "A rule looks at each case and votes: for an answer where something holds, and stays silent "
    "elsewhere. Several rules together label what nobody has read yet."
)
_CELL_WORDS = {
    "votes": "on which {rule} speaks",
    "overlap": "on which {rule} and another speak",
    "conflict": "on which {rule} and another differ",
    "against": "on which the label model says otherwise than {rule}",
    "wrong": "with a known answer that {rule} gets wrong",
    "errors": "on which {rule} failed",
}


class RulesPage(Page):
    """Matrix above; below it items with their reasons, or the form of a rule."""

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(shell, parent)
        self._target: RuleTarget | None = None
        self._running = False
        self.model = RuleModel(self)
        self.table = RuleTable(self.model)
        self.acts = RuleActs(self.model, self._do)
        self.results = RuleResults(shell, self._do)
        self.form = RuleForm()
        column = down(self, (16, 12, 16, 12), 10)
        column.addLayout(self._make_head())
        self.verdict = RuleVerdict()
        column.addWidget(self.verdict)
        column.addWidget(self._make_halves(), 1)
        self._connect()

    def _make_head(self) -> QHBoxLayout:
        row = across()
        row.addWidget(label("Rules", "title"))
        self.target_box = QComboBox()
        self.target_box.setAccessibleName("What the rules vote on")
        self.target_box.setToolTip("What the rules vote on")
        self.target_box.setMinimumWidth(180)
        self.target_box.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        row.addWidget(self.target_box, 1)
        self.reports = push("Reports…", icon="folder", tip="Attach report texts to the cases")
        self.add = push("New rule", icon="plus", tip="Write a rule (N)")
        self.run = push("Run rules", "primary", "play", "Run what has changed (R)")
        for button in (self.reports, self.add, self.run):
            row.addWidget(button)
        return row

    def _make_halves(self) -> QSplitter:
        self.first = push("Write the first rule", "primary", "plus", "Write a rule (N)")
        self._nothing = EmptyState("rules", "No rules yet", _WHAT_RULES_ARE, (self.first,))
        self._upper, self._under = QStackedWidget(), QStackedWidget()
        self._upper.addWidget(self.table)
        self._upper.addWidget(self._nothing)
        self._under.addWidget(self.results)
        self._under.addWidget(self.form)
        above = QWidget()
        rows = down(above, (0, 0, 0, 6), 6)
        rows.addWidget(self._upper, 1)
        rows.addWidget(self.acts)
        halves = QSplitter(Qt.Orientation.Vertical)
        halves.addWidget(above)
        halves.addWidget(self._under)
        halves.setChildrenCollapsible(False)
        halves.setStretchFactor(0, 5)
        halves.setStretchFactor(1, 6)
        return halves

    def _connect(self) -> None:
        self.target_box.activated.connect(self._target_chosen)
        self.reports.clicked.connect(self._ask_reports)
        for button in (self.add, self.first):
            button.clicked.connect(lambda: self.edit(None))
        self.run.clicked.connect(self.run_rules)
        self.table.cell_chosen.connect(self._cell_chosen)
        self.table.switched.connect(self._try_without)
        self.table.opened.connect(lambda row: self.edit(self.model.rules[row]))
        self.acts.tried.connect(self._show_try)
        self.acts.changed.connect(self._changed)
        self.acts.wanted.connect(self.edit)
        self.acts.gone.connect(self._deleted)
        self.results.opened.connect(self.chosen)
        self.results.threshold_changed.connect(self._threshold_changed)
        self.form.saved.connect(self._save)
        self.form.left.connect(self._leave_form)
        self._reading.opened.connect(lambda _room: self._forget())

    # showing -------------------------------------------------------------------------------

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self.refresh()

    def take_focus(self) -> None:
        """Put the keyboard into the matrix."""
        (self.table if self.model.rules else self.first).setFocus()

    def board(self) -> RuleBoard | None:
        """What is on the screen."""
        return self.model.board

    def refresh(self) -> None:
        """Read everything anew; run what was never run."""
        room = self._room()
        if room is None or not self.isVisible() or room.reader.role is not Role.LEAD:
            return
        targets = room.rules.targets()
        self.target_box.clear()
        for target, words in targets:
            self.target_box.addItem(words, target)
        known = [t for t, _ in targets]
        if self._target not in known:
            self._target = self._first_of(known)
        if self._target is not None:
            self.target_box.setCurrentIndex(known.index(self._target))
        self._show_rules()
        self._run_if_new()

    def _first_of(self, targets: list[RuleTarget]) -> RuleTarget | None:
        """Where rules exist already, else what the case on the screen is asked."""
        room, read = self._room(), self._shell.reading.schema
        if room is None or not targets or room.rules.rules(targets[0]):
            return targets[0] if targets else None
        fitting = (t for t in targets if read is not None and t.schema_name == read.name)
        return next(fitting, targets[0])

    def _show_rules(self) -> None:
        room, target = self._room(), self._target
        if room is None or target is None:
            self._show_no_schema()
            return
        at = self.table.currentIndex()
        row, column = at.row(), at.column()
        rules = room.rules.rules(target)
        self.model.show_rules(rules, room.rules.schema(target), room.rules.board(target))
        self._nothing.say("No rules yet", _WHAT_RULES_ARE)
        self._upper.setCurrentWidget(self.table if rules else self._nothing)
        self._under.setVisible(bool(rules) or self._under.currentWidget() is self.form)
        self.acts.setVisible(bool(rules))
        for button in (self.add, self.first):
            allow(button, "")
        running = "The rules are running." if self._running else ""
        allow(self.run, running or ("" if rules else "There is no rule to run yet."))
        self.verdict.show_board(self.board())
        with QSignalBlocker(self.table):
            if rules:
                row = min(max(row, 0), len(rules) - 1)
                self.table.setCurrentIndex(self.model.index(row, max(column, 1)))
        self.acts.show_rule(self.table.currentIndex().row())
        self.results.show_board(self.board())

    def _show_no_schema(self) -> None:
        self._nothing.say(
            "There is nothing to vote on", "Rules need a schema with classes or questions."
        )
        self._upper.setCurrentWidget(self._nothing)
        self._under.hide()
        self.acts.hide()
        self.verdict.hide()
        for button in (self.add, self.run, self.first):
            allow(button, "The project has no schema yet.")

    def _cell_chosen(self, row: int, column: int) -> None:
        """A cell leads to its items."""
        self.acts.show_rule(row)
        board, place = self.board(), self.model.place(row)
        if board is None or place is None or column == ON:
            return
        what = COLUMNS[column].what
        items = board.items_of(place, what)
        words = _CELL_WORDS[what].format(rule=board.rules[place].name)
        self.results.show_items(items, f"{len(items):,} items {words}")

    def _try_without(self, row: int) -> None:
        self.acts.show_rule(row)
        self.acts.try_without()

    def _show_try(self, tried: WhatIf) -> None:
        if tried.changed:
            words = f"{len(tried.changed):,} items that would change without {tried.rule.name}"
            self.results.show_items(tried.changed, words)

    def _threshold_changed(self, threshold: float) -> None:
        self.acts.threshold = threshold

    # acts ----------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = event.modifiers() == Qt.KeyboardModifier.NoModifier
        if plain and event.key() == Qt.Key.Key_R and self.run.isEnabled():
            self.run_rules()
        elif plain and event.key() == Qt.Key.Key_N and self.add.isEnabled():
            self.edit(None)
        elif event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def run_rules(self) -> None:
        """Run what has changed, as a job."""
        room, target = self._room(), self._target
        if room is None or target is None or self._running:
            return
        self._running = True
        allow(self.run, "The rules are running.")

        def done(_board: RuleBoard) -> None:
            self._ended(room)

        def failed(error: UserError) -> None:
            self._ended(room)
            self._shell.say_error(error)

        try:
            job = room.rules.start_run(target, done, failed)
        except UserError as error:
            failed(error)
            return
        self._watch(room, job)

    def edit(self, rule: Rule | None) -> None:
        """Open the form of a rule, or of a new one."""
        room, target = self._room(), self._target
        if room is None or target is None:
            return
        readers = [(r.id, name or r.pseudonym) for r, name in room.readers()]
        self.form.edit(
            rule, target, room.rules.schema(target), room.rules.kinds(), readers, room.new_id()
        )
        self._under.show()
        self._under.setCurrentWidget(self.form)
        self.form.name.setFocus()

    def take_reports(self, paths: list[Path]) -> None:
        """Attach reports as a job, then run the rules that read them."""
        room = self._room()
        if room is None:
            return

        def done(taken: Any) -> None:
            self._shell.say(taken.sentence, "", "ok" if taken.texts else "warn")
            if self.model.rules:
                self.run_rules()

        room.rules.start_take_reports(paths, done, self._shell.say_error)

    def _ended(self, room: Workspace) -> None:
        self._running = False
        if self._room() is room:
            self._show_rules()

    def _watch(self, room: Workspace, job: Any) -> None:
        """A cancelled job calls nobody back."""

        def changed() -> None:
            if job not in room.jobs.running:
                stop()
                if self._running and job.state.value == "cancelled":
                    self._ended(room)

        stop = room.jobs.on_changed(changed)

    def _run_if_new(self) -> None:
        room = self._room()
        if room and self._target and self.model.rules and not room.rules.board(self._target):
            self.run_rules()

    def _target_chosen(self, index: int) -> None:
        self._target = self.target_box.itemData(index)
        self._under.setCurrentIndex(0)
        self._show_rules()
        self._run_if_new()

    def _save(self, rule: Rule) -> None:
        room = self._room()
        if room is None:
            return
        known = rule.id in {r.id for r in self.model.rules}
        try:
            room.run(SaveRule(rule=rule, what="Change rule" if known else "Add rule"))
        except UserError as error:
            self.form.say(error)
            return
        self._show_rules()
        ids = [r.id for r in self.model.rules]
        self.table.setCurrentIndex(self.model.index(ids.index(rule.id), 1))
        self._leave_form()
        self.run_rules()

    def _leave_form(self) -> None:
        self.take_focus()  # before the form goes, or the focus would go where it likes
        self._under.setCurrentIndex(0)
        self._under.setVisible(bool(self.model.rules))

    def _changed(self) -> None:
        self._show_rules()
        if self.model.rules:
            self.run_rules()

    def _deleted(self, rule: Rule) -> None:
        room = self._room()

        def undo() -> None:
            if self._room() is room and self._do(lambda r: r.undo("")):
                self._changed()

        self._shell.say(f"The rule {rule.name} is deleted", "", "info", "Undo", undo)

    def _ask_reports(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder with report texts")
        if folder:
            self.take_reports([Path(folder)])

    def _do(self, act: Callable[[Workspace], object]) -> bool:
        """Do something on the workspace, or say why not."""
        room = self._room()
        if room is None:
            return False
        try:
            act(room)
        except UserError as error:
            self._shell.say_error(error)
            return False
        return True

    def _room(self) -> Workspace | None:
        return self._reading.workspace

    def _forget(self) -> None:
        self._target, self._running = None, False
        self._under.setCurrentIndex(0)
        if self.isVisible():
            self.refresh()
