"""Batches: a new one with a preview of everybody's load, and those that are being read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QSlider, QStackedWidget, QWidget

from desktop.domain.errors import UserError
from desktop.gui.shell import Shell
from desktop.gui.team.assign_new_batch import NewBatchCard
from desktop.gui.widgets.furniture import (
    ElidedLabel,
    EmptyState,
    across,
    clear,
    down,
    label,
    push,
    scrolled,
)
from desktop.gui.widgets.load_bar import LoadBar, Part

if TYPE_CHECKING:
    from desktop.workspace.team.batches import BatchLine, ReaderProgress


class BatchesPane(QWidget):
    """The form of a new batch at the left, all batches at the right."""

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell, self._reading = shell, shell.reading
        row = across(self, gap=16)
        self.new = NewBatchCard(shell)
        area = scrolled(self.new)
        area.setFixedWidth(372)
        side = down(gap=8)
        side.addWidget(area, 1)
        side.addWidget(self.new.go)
        row.addLayout(side)
        self._stack = QStackedWidget()
        self._stack.addWidget(
            EmptyState(
                "worklist",
                "No batch yet: everybody sees all cases",
                "With a batch, readers see their own cases in an order of their own.",
            )
        )
        lists = QScrollArea()
        lists.setWidgetResizable(True)
        inside = QWidget()
        self._cards = down(inside, (0, 0, 8, 0), 12)
        lists.setWidget(inside)
        self._stack.addWidget(lists)
        row.addWidget(self._stack, 1)
        self.cards: list[BatchCard] = []

    def refresh(self) -> None:
        """Read batches and readers anew."""
        room = self._reading.workspace
        if room is None:
            return
        self.new.refresh()
        lines = room.batches.lines()
        self._stack.setCurrentIndex(1 if lines else 0)
        if any(card.is_held for card in self.cards):
            return  # a slider in hand is not taken away
        focused = next((c.line.batch.id for c in self.cards if c.overlap.hasFocus()), "")
        clear(self._cards)
        self.cards = [BatchCard(self._shell, line) for line in lines]
        for card in self.cards:
            self._cards.addWidget(card)
            if card.line.batch.id == focused:
                card.overlap.setFocus()
        self._cards.addStretch(1)


class BatchCard(QFrame):
    """One batch: its rule, its overlap to be changed at any time, a bar for each reader."""

    def __init__(self, shell: Shell, line: BatchLine) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._shell, self.line = shell, line
        batch = line.batch
        column = down(self, (16, 12, 16, 12), 8)
        head = across(gap=8)
        title = ElidedLabel(batch.title, "heading")
        head.addWidget(title, 1)
        done = f"{line.closed:,} of {line.reads:,} readings closed"
        head.addWidget(label(done, "ok" if line.reads == line.closed else "muted"))
        take = push("Take back", "quiet", tip="Nobody has these cases then; what was read stays.")
        take.clicked.connect(self._remove)
        head.addWidget(take)
        column.addLayout(head)
        words = f"{line.cases:,} cases. Rule: {batch.rule.sentence}"
        if batch.mode.value == "training":
            words += ". Training: the known answer is told after each case"
        elif batch.gold.rate or batch.gold.first_rate:
            words += f". Hidden gold: {batch.gold.rate:.0%}"
        column.addWidget(label(words + ".", "small", wrap=True))
        column.addLayout(self._sharing())
        for reader in line.readers:
            column.addLayout(self._reader(reader))

    @property
    def is_held(self) -> bool:
        """Whether the overlap is being dragged."""
        return self.overlap.isSliderDown()

    def _sharing(self) -> QHBoxLayout:
        batch = self.line.batch
        row = across(gap=12)
        row.addWidget(label("Overlap"))
        self.overlap = QSlider(Qt.Orientation.Horizontal)
        self.overlap.setRange(0, 100)
        self.overlap.setPageStep(10)
        self.overlap.setValue(round(100 * batch.overlap))
        self.overlap.setAccessibleName(f"Overlap of {batch.title}, per cent")
        alone = len(batch.reader_ids) < 2
        self.overlap.setEnabled(not alone)
        self.overlap.setToolTip(
            "One reader alone has no overlap."
            if alone
            else "How many cases several readers read. More adds cases, less leaves what is begun."
        )
        self.overlap.setMaximumWidth(260)
        self.overlap.valueChanged.connect(self._moved)
        self.overlap.sliderReleased.connect(self._change)
        row.addWidget(self.overlap, 1)
        self._share = label(role="muted")
        self._say_share()
        row.addWidget(self._share, 2)
        return row

    def _reader(self, reader: ReaderProgress) -> QHBoxLayout:
        row = across(gap=12)
        name = ElidedLabel(reader.name)
        name.setMinimumWidth(132)
        row.addWidget(name, 1)
        still = reader.cases - reader.closed
        parts = (
            Part(reader.done, "ok", "done"),
            Part(reader.skipped, "warn", "skipped"),
            Part(max(0, min(still, reader.handed_out - reader.closed)), "accent", "handed out"),
        )
        row.addWidget(LoadBar(parts, reader.cases, reader.name), 1)
        count = label(f"{reader.closed:,} of {reader.cases:,}", "muted")
        count.setFixedWidth(72)
        count.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(count)
        return row

    def _say_share(self) -> None:
        batch, percent = self.line.batch, self.overlap.value()
        shared = round(percent / 100 * self.line.cases) if batch.readers_per_case > 1 else 0
        many = "1 case is" if shared == 1 else f"{shared:,} cases are"
        self._share.setText(
            f"{percent} %: {many} read by {batch.readers_per_case}"
            if shared
            else f"{percent} %: each case is read once"
        )

    def _moved(self) -> None:
        self._say_share()
        if not self.overlap.isSliderDown():  # by keyboard or wheel: each step counts
            self._change()

    def _change(self) -> None:
        room = self._shell.reading.workspace
        share = self.overlap.value() / 100
        if room is None or share == self.line.batch.overlap:
            return
        try:
            room.batches.change(self.line.batch.id, overlap=share)
        except UserError as error:
            self._shell.say_error(error)

    def _remove(self) -> None:
        room = self._shell.reading.workspace
        if room is None:
            return
        try:
            room.batches.remove(self.line.batch.id)
        except UserError as error:
            self._shell.say_error(error)
            return
        self._shell.say(
            f"{self.line.batch.title} is taken back",
            "What was read stays.",
            act="Undo",
            on_act=self._shell.undo_of_project,
        )
