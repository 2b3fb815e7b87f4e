"""The lower half of the rules page: items with their reasons, and what becomes of the results."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QMenu,
    QSpinBox,
    QSplitter,
    QStackedWidget,
    QWidget,
)

from desktop.domain.task import Role
from desktop.gui.rules.rules_acts import Doer, allow, drop
from desktop.gui.rules.rules_evidence import EvidencePanel
from desktop.gui.rules.rules_items import ItemModel, ItemTable
from desktop.gui.shell import Shell
from desktop.gui.widgets.furniture import (
    ElidedLabel,
    EmptyState,
    across,
    down,
    frame,
    inset,
    push,
    retext,
)
from desktop.gui.widgets.segments import segments

if TYPE_CHECKING:
    from desktop.workspace.rules.rule_board import RuleBoard

_LISTS = ("Doubtful", "Contradicting", "All")
_LIST_TIPS = (
    "What people should look at, most doubtful first",
    "Items on which rules contradict each other, the most evenly split first",
    "Every item",
)
_EMPTY = {
    0: ("Nothing is doubtful", "Every unknown item is sure enough. Raise “sure from” for more."),
    1: ("No rules contradict each other", "Where several speak, they say the same."),
    2: ("No items", "No case is read with this schema yet."),
    -1: ("No items here", "Choose another cell of the matrix, or a list above."),
}
_READING = (Role.LEAD, Role.READER, Role.ADJUDICATOR)


class RuleResults(QWidget):
    """``opened`` carries the id of a case to be read; ``threshold_changed`` a certainty in 0..1."""

    opened = Signal(str)
    threshold_changed = Signal(float)

    def __init__(self, shell: Shell, do: Doer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell, self._do = shell, do
        self._board: RuleBoard | None = None
        column = down(self, (0, 6, 0, 0), 6)
        column.addLayout(self._make_head())
        self.items = ItemModel(self)
        self.table = ItemTable(self.items)
        self.evidence = EvidencePanel()
        self.table.pointed.connect(lambda n: self.evidence.show_item(self._board, n))
        self.table.opened.connect(self._open)
        self._stack = QStackedWidget()
        self._nothing = EmptyState("rules", "")
        self._stack.addWidget(self.table)
        self._stack.addWidget(self._nothing)
        sides = QSplitter(Qt.Orientation.Horizontal)
        sides.addWidget(self._stack)
        side = frame("card")
        down(side).addWidget(self.evidence)
        sides.addWidget(side)
        sides.setChildrenCollapsible(False)
        sides.setSizes([620, 480])
        column.addWidget(sides, 1)

    @property
    def threshold(self) -> float:
        """From this certainty on a result is sure."""
        return self.sure.value() / 100.0

    def show_board(self, board: RuleBoard | None) -> None:
        """Show another run; the chosen list stays chosen."""
        self._board = board
        if self.lists.checkedId() < 0:
            self.lists.button(0).setChecked(True)
        self._show_list()

    def show_items(self, items: list[int], words: str) -> None:
        """Show items that belong to none of the lists."""
        self.lists.setExclusive(False)
        for button in self.lists.buttons():
            button.setChecked(False)
        self.lists.setExclusive(True)
        self._show(items, words)

    # ------------------------------------------------------------------------------------------

    def _make_head(self):  # type: ignore[no-untyped-def]
        row = across(gap=6)
        self.lists = QButtonGroup(self)
        strip = segments(self.lists, _LISTS, lambda _n: self._show_list(), tips=_LIST_TIPS)
        strip.setMinimumWidth(strip.sizeHint().width() + 60)
        row.addWidget(strip)
        self.which = ElidedLabel("", "muted")
        row.addWidget(self.which, 1)
        self.sure = QSpinBox()
        self.sure.setRange(50, 100)
        self.sure.setValue(80)
        self.sure.setPrefix("Sure from ")
        inset(self.sure)
        self.sure.setSuffix(" %")
        self.sure.setAccessibleName("Sure from")
        self.sure.setToolTip("From this certainty on a result counts as sure")
        self.sure.setMinimumWidth(136)
        self.sure.valueChanged.connect(self._threshold_moved)
        row.addWidget(self.sure)
        self.send = push("Send to readers", tip="Let people read the doubtful cases")
        self.send.clicked.connect(self._show_readers)
        self.keep = push("Keep votes", tip="Keep votes and soft labels for the next bundle")
        self.keep.clicked.connect(self._keep)
        self.suggest = push("Suggest", "primary", tip="Put the sure results before the readers")
        self.suggest.clicked.connect(self._suggest)
        for button in (self.send, self.keep, self.suggest):
            row.addWidget(button)
        return row

    def _threshold_moved(self) -> None:
        self.threshold_changed.emit(self.threshold)
        if self.lists.checkedId() >= 0:
            self._show_list()
        else:
            self._show_acts()

    def _show_list(self) -> None:
        board, items = self._board, []
        if board is not None:
            match self.lists.checkedId():
                case 0:
                    items = board.doubtful(self.threshold)
                case 1:
                    items = board.conflicts()
                case _:
                    items = list(range(len(board.items)))
        self._show(items, f"{len(items):,} of {len(board.items):,} items" if board else "")

    def _show(self, items: list[int], words: str) -> None:
        board = self._board
        self.items.show_items(board, items)
        self.which.setText(words)
        self._nothing.say(*_EMPTY[self.lists.checkedId()])
        self._stack.setCurrentIndex(0 if items else 1)
        self.evidence.show_item(board, items[0] if items and board else None)
        if items:
            self.table.setCurrentIndex(self.items.index(0, 0))
        for button in self.lists.buttons():  # Qt leaves Tab to the chosen one only
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._show_acts()

    def _show_acts(self) -> None:
        board = self._board
        doubt = len(board.doubtful(self.threshold)) if board else 0
        sure = len(board.surest(self.threshold)) if board else 0
        retext(self.send, f"Send {doubt:,} to readers" if doubt else "Send to readers")
        retext(self.suggest, f"Suggest {sure:,}" if sure else "Suggest")
        none_yet = "" if board else "Run the rules first."
        allow(self.send, none_yet or ("" if doubt else "Nothing is doubtful."))
        allow(self.keep, none_yet)
        why = none_yet or ("" if sure else "Nothing is sure enough.")
        if board is not None and not why:
            from desktop.workspace.rules.rule_results import can_suggest

            why = can_suggest(board)
        allow(self.suggest, why)

    def _open(self, n: int) -> None:
        if self._board is not None:
            self.opened.emit(self._board.items[n].case_id)

    def _show_readers(self) -> None:
        """Who gets the doubtful cases."""
        room = self._shell.reading.workspace
        if room is None:
            return
        menu = QMenu(self)
        readers = [(r, name or r.pseudonym) for r, name in room.readers() if r.role in _READING]
        for reader, name in readers:
            menu.addAction(f"To {name}", partial(self.send_to, (reader.id,)))
        if len(readers) > 1:
            menu.addSeparator()
            everybody = tuple(r.id for r, _ in readers)
            menu.addAction("Share out among all of them", partial(self.send_to, everybody))
        drop(menu, self.send)

    def send_to(self, reader_ids: tuple[str, ...]) -> None:
        """Give the doubtful cases to readers."""
        board = self._board
        if board is None:
            return
        items = board.doubtful(self.threshold)
        count = len({board.items[n].case_id for n in items})
        held: list[int] = []
        self._do(lambda r: held.append(r.rules.held_back(board, items)))
        if self._do(lambda r: r.rules.send_to_readers(board, items, reader_ids)):
            tests = f" {held[0]:,} of them count for validation or test." if any(held) else ""
            cases = "1 case is" if count == 1 else f"{count:,} cases are"
            self._shell.say(
                f"{cases} on the readers' lists",
                f"Tagged “picked by rules”: no random sample, so not for measuring.{tests}",
                "warn" if tests else "ok",
                "Undo",
                self._undo,
            )

    def _undo(self) -> None:
        self._do(lambda r: r.undo(""))

    def _suggest(self) -> None:
        board = self._board
        if board is None:
            return
        count = len(board.surest(self.threshold))
        if self._do(lambda r: r.rules.suggest(board, self.threshold)):
            items = "1 item" if count == 1 else f"{count:,} items"
            self._shell.say(
                f"Readers see suggestions on {items}",
                "They stay suggestions until a reader accepts them.",
                "ok",
            )

    def _keep(self) -> None:
        board = self._board
        if board is not None and self._do(lambda r: r.rules.keep(board, self.threshold)):
            self._shell.say("The votes are kept for the next bundle", "", "ok")
