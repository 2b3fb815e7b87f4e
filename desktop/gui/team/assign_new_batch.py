"""The form of a new batch: rule, readers, overlap, gold, and what comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QSlider,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from desktop.domain.batch import NO_GOLD, CaseRule, GoldMix, Mode, RuleKind
from desktop.domain.errors import UserError
from desktop.domain.task import Role
from desktop.gui.shell import Shell
from desktop.gui.widgets.furniture import ElidedLabel, across, clear, down, inset, label, push
from desktop.gui.widgets.load_bar import LoadBar, Part
from desktop.gui.widgets.segments import segments

if TYPE_CHECKING:
    from desktop.workspace.team.batches import Preview

_RULES = {
    RuleKind.ALL: "All cases",
    RuleKind.RANDOM: "Drawn at random",
    RuleKind.TAG: "With a tag",
    RuleKind.SCORE: "By model score",
}
_MODES = (Mode.TEST, Mode.TRAINING)


class NewBatchCard(QFrame):
    """Fields above, the preview below; each change shows at once what would come of it.

    ``go`` makes the batch; whoever shows the card gives it a place that is always in sight.
    """

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._shell, self._reading = shell, shell.reading
        self._seed = ""
        self._readers: dict[str, QCheckBox] = {}
        column = down(self, (16, 12, 16, 12), 8)
        column.addWidget(label("New batch", "heading"))
        self.title = QLineEdit()
        self.title.setPlaceholderText("Name, such as Pilot")
        self.title.setAccessibleName("Name of the batch")
        column.addWidget(self.title)
        self.modes = QButtonGroup(self)
        tips = (
            "Readers work; nobody is told what is known.",
            "Gold cases only, and after each one the reader is told the known answer.",
        )
        row = across()
        row.addWidget(segments(self.modes, ("Reading", "Training"), self._changed, 0, tips))
        row.addStretch(1)
        column.addLayout(row)
        column.addWidget(label("Cases", "section"))
        self._make_rule(column)
        column.addWidget(label("Readers", "section"))
        self._people = down(gap=0)
        column.addLayout(self._people)
        self._make_sharing(column)
        self._make_gold(column)
        column.addWidget(label("What comes of it", "section"))
        self.outcome = label(role="muted", wrap=True)
        column.addWidget(self.outcome)
        self._loads = down(gap=6)
        column.addLayout(self._loads)
        self.go = push("Make batch", "primary", "plus")
        self.go.clicked.connect(self._make)
        column.addStretch(1)

    # parts -----------------------------------------------------------------------------------

    def _make_rule(self, column: QVBoxLayout) -> None:
        self.rule = QComboBox()
        self.rule.addItems(list(_RULES.values()))
        self.rule.setAccessibleName("Which cases")
        self.rule.setToolTip("Which cases the batch takes.")
        self.rule.activated.connect(self._changed)
        column.addWidget(self.rule)
        self._count_line, row = _line("At most")
        self.count = QSpinBox()
        inset(self.count)
        self.count.setRange(0, 10_000_000)
        self.count.setSpecialValueText("no limit")
        self.count.setSuffix(" cases")
        self.count.setAccessibleName("How many cases at most")
        self.count.setToolTip("0 takes all that fit.")
        self.count.valueChanged.connect(self._changed)
        row.addWidget(self.count)
        self._tag_line, row = _line("Tag")
        self.tag = QComboBox()
        self.tag.setAccessibleName("Tag")
        self.tag.setToolTip("Tags that cases of this project carry.")
        self.tag.activated.connect(self._changed)
        row.addWidget(self.tag)
        self._score_line, row = _line("Highest score")
        self.low, self.high = QDoubleSpinBox(), QDoubleSpinBox()
        for box, value, words in ((self.low, 0.0, "from"), (self.high, 1.0, "to")):
            inset(box)
            box.setRange(0, 1)
            box.setSingleStep(0.05)
            box.setValue(value)
            box.setAccessibleName(f"Model score {words}")
            box.setToolTip("Of a case's suggestions the surest one counts; 0 to 1.")
            box.valueChanged.connect(self._changed)
            row.addWidget(label(words, "muted"))
            row.addWidget(box)
        self.only_new = QCheckBox("Leave out cases of other batches")
        self.only_new.setChecked(True)
        self.only_new.toggled.connect(self._changed)
        for widget in (self._count_line, self._tag_line, self._score_line, self.only_new):
            column.addWidget(widget)

    def _make_sharing(self, column: QVBoxLayout) -> None:
        self._sharing, row = _line("Overlap")
        self.overlap = QSlider(Qt.Orientation.Horizontal)
        self.overlap.setRange(0, 100)
        self.overlap.setPageStep(10)
        self.overlap.setValue(20)
        self.overlap.setAccessibleName("Overlap, per cent")
        self.overlap.setToolTip("Share of the cases that several readers read, each alone.")
        self.overlap.valueChanged.connect(self._changed)
        row.addWidget(self.overlap, 1)
        self.percent = label("20 %")
        self.percent.setFixedWidth(44)
        row.addWidget(self.percent)
        column.addWidget(self._sharing)
        self._depth_line, row = _line("Read by")
        self.several = QSpinBox()
        inset(self.several)
        self.several.setRange(2, 2)
        self.several.setSuffix(" readers")
        self.several.setAccessibleName("Readers of a case of the overlap")
        self.several.setToolTip("How many readers a case of the overlap gets.")
        self.several.valueChanged.connect(self._changed)
        row.addWidget(self.several)
        column.addWidget(self._depth_line)

    def _make_gold(self, column: QVBoxLayout) -> None:
        self._gold_line, row = _line("Hidden gold")
        self.gold = _percent("Hidden gold, per cent", "Share of gold in packages, up to 50 %.")
        self.first = _percent(
            "Hidden gold among a reader's first ten cases, per cent",
            "A reader's first ten cases may hold more, to know them early.",
        )
        self.gold.valueChanged.connect(self._changed)
        row.addWidget(self.gold)
        row.addWidget(label("first ten", "muted"))
        row.addWidget(self.first)
        column.addWidget(self._gold_line)
        self._repeat_line, row = _line("Shown twice")
        self.repeats = _percent(
            "Cases shown twice, per cent", "Own cases shown again later under another name."
        )
        row.addWidget(self.repeats)
        column.addWidget(self._repeat_line)
        self.suggestions = QCheckBox("Readers see suggestions of models and rules")
        self.suggestions.setToolTip(
            "On this machine and in packages. Without them readers see the bare case."
        )
        column.addWidget(self.suggestions)

    # what holds ------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read readers and tags anew; what is chosen stays chosen."""
        room = self._reading.workspace
        if room is None:
            return
        self._seed = self._seed or room.new_id()
        lines = [x for x in room.accounts.lines() if x.reader.role is not Role.AUDITOR]
        if [x.reader.id for x in lines] != list(self._readers):
            chosen = {k for k, box in self._readers.items() if box.isChecked()}
            known = set(self._readers)
            clear(self._people)
            self._readers = {}
            for line in lines:
                box = QCheckBox(line.name or line.reader.pseudonym)
                box.setToolTip(f"{line.reader.pseudonym}, {line.reader.role.value}")
                new = line.reader.id not in known and line.reader.role is Role.READER
                box.setChecked(line.reader.id in chosen or new)
                box.toggled.connect(self._changed)
                self._readers[line.reader.id] = box
                self._people.addWidget(box)
        tags = room.batches.tags()
        now = self.tag.currentData()
        self.tag.clear()
        for tag, count in tags.items():
            self.tag.addItem(f"{tag} ({count:,})", tag)
        if now in tags:
            self.tag.setCurrentIndex(list(tags).index(now))
        self._changed()

    @property
    def mode(self) -> Mode:
        return _MODES[self.modes.checkedId()]

    def chosen_rule(self) -> CaseRule:
        """The rule as the fields say it."""
        kind = list(_RULES)[self.rule.currentIndex()]
        return CaseRule(
            kind=kind,
            count=self.count.value(),
            tag=str(self.tag.currentData() or "") if kind is RuleKind.TAG else "",
            low=self.low.value() if kind is RuleKind.SCORE else 0.0,
            high=self.high.value() if kind is RuleKind.SCORE else 1.0,
            only_new=self.only_new.isChecked() and self.mode is Mode.TEST,
        )

    def reader_ids(self) -> list[str]:
        return [k for k, box in self._readers.items() if box.isChecked()]

    def gold_mix(self) -> GoldMix:
        """How gold is hidden; none where all rates are zero."""
        rates = (self.gold.value(), self.first.value(), self.repeats.value())
        if not any(rates):
            return NO_GOLD
        return GoldMix(rate=rates[0] / 100, first_rate=rates[1] / 100, repeat_rate=rates[2] / 100)

    def _changed(self, *_whatever: object) -> None:
        kind = list(_RULES)[self.rule.currentIndex()]
        self._tag_line.setVisible(kind is RuleKind.TAG)
        self._score_line.setVisible(kind is RuleKind.SCORE)
        if kind is RuleKind.RANDOM and not self.count.value():
            self.count.setValue(50)
        tests, many = self.mode is Mode.TEST, len(self.reader_ids())
        for line in (self.only_new, self._gold_line, self._repeat_line, self.suggestions):
            line.setVisible(tests)
        self.several.setRange(min(2, max(1, many)), max(2, many))
        self._sharing.setEnabled(many > 1)
        self._depth_line.setEnabled(many > 1)
        self.percent.setText(f"{self.overlap.value()} %")
        self._show_preview()

    def _show_preview(self) -> None:
        room = self._reading.workspace
        if room is None:
            return
        try:
            preview = room.batches.preview(
                self.chosen_rule(),
                self.reader_ids(),
                self.overlap.value() / 100,
                self.several.value(),
                seed=self._seed,
                mode=self.mode,
            )
        except UserError as error:
            self.outcome.setText(str(error))
            self.go.setEnabled(False)
            return
        why = self._why_not(preview)
        self.go.setEnabled(not why)
        self.go.setToolTip(why or "Gives these cases to these readers; undo takes it back.")
        self.outcome.setText(why or _outcome(preview, self.several.value()))
        clear(self._loads)
        longest = max(preview.load.values(), default=1)
        for reader_id, count in preview.load.items() if not why else ():
            line, row = _line("")
            name = ElidedLabel(self._readers[reader_id].text())
            name.setFixedWidth(96)
            row.addWidget(name)
            row.addWidget(LoadBar((Part(count, "accent", "cases"),), longest, name.whole()), 1)
            number = label(f"{count:,}", "muted")
            number.setFixedWidth(52)
            number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            row.addWidget(number)
            self._loads.addWidget(line)

    def _why_not(self, preview: Preview) -> str:
        if not self._readers:
            return "Nobody reads here yet. Add readers on the page Readers."
        if not self.reader_ids():
            return "Choose who reads."
        if preview.case_ids:
            return ""
        if self.mode is Mode.TRAINING:
            return "There is no gold yet. Make gold of a case that you have read."
        if self.rule.currentIndex() == list(_RULES).index(RuleKind.TAG) and not self.tag.count():
            return "No case carries a tag yet."
        if self.only_new.isChecked():
            return "No case fits that is not in a batch already."
        return "No case fits this rule."

    def _make(self) -> None:
        room = self._reading.workspace
        if room is None:
            return
        try:
            batch = room.batches.create(
                self.title.text(),
                self.chosen_rule(),
                self.reader_ids(),
                self.overlap.value() / 100 if len(self.reader_ids()) > 1 else 0.0,
                self.several.value(),
                seed=self._seed,
                mode=self.mode,
                gold=self.gold_mix(),
                suggestions=self.suggestions.isChecked(),
            )
        except UserError as error:
            self._shell.say_error(error)
            return
        self._seed = ""
        self.title.clear()
        self._shell.say(
            f"{batch.title} is made",
            "Readers on this machine see it at once; for others write packages.",
            "ok",
            "Undo",
            self._shell.undo_of_project,
        )
        self.refresh()


def _line(words: str) -> tuple[QWidget, QHBoxLayout]:
    """A line of the form with its words before the field."""
    holder = QWidget()
    row = across(holder, gap=8)
    if words:
        name = label(words)
        name.setFixedWidth(88)
        row.addWidget(name)
    return holder, row


def _percent(name: str, tip: str) -> QSpinBox:
    box = QSpinBox()
    inset(box)
    box.setRange(0, 50)
    box.setSuffix(" %")
    box.setAccessibleName(name)
    box.setToolTip(tip)
    return box


def _outcome(preview: Preview, depth: int) -> str:
    count = len(preview.case_ids)
    words = f"{count:,} cases" if count != 1 else "1 case"
    if preview.shared:
        words += f", {preview.shared:,} of them read by {min(depth, len(preview.load))}"
    return f"{words}: {preview.reads:,} readings."
