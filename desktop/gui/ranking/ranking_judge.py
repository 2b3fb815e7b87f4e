"""Judging candidates side by side: keys decide, the rubric stands beside, nobody is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QElapsedTimer, QEvent, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QWidget

from desktop.domain.errors import UserError
from desktop.domain.event import Event
from desktop.domain.ranking import RATING_SCALE, Ask, Outcome, RankingKind
from desktop.gui.ranking.candidate_panel import LETTERS
from desktop.gui.ranking.ranking_side import JudgeSide
from desktop.gui.ranking.ranking_stage import CandidateStage
from desktop.gui.shell import Shell
from desktop.gui.widgets.furniture import across, clear, down, frame, label, push

if TYPE_CHECKING:
    from desktop.workspace.ranking.ranking import Asked, Remark
    from desktop.workspace.workspace import Workspace

_DIGITS = {Qt.Key(Qt.Key.Key_1 + n): n for n in range(6)}


@dataclass(frozen=True)
class Way:
    """One way to decide: its button, key, and what it does."""

    text: str
    key: str
    tip: str
    act: Callable[[], None]
    primary: bool = False


class JudgeView(QWidget):
    """Shows what is asked and takes the answer. ``finished``: nothing is asked any more;
    ``left``: the person goes back to the list."""

    finished = Signal()
    left = Signal()

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell = shell
        self.asked: Asked | None = None
        self._pending: Callable[[], None] | None = None  # waits for a reason
        self._ways_of: tuple[RankingKind, int] | None = None  # whose buttons stand there
        self._clock = QElapsedTimer()
        self._before_s = 0.0
        self._taken_s: list[float] = []  # of the decisions that undo can take back here
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Candidates")
        column = down(self, gap=0)
        column.addWidget(self._make_head())
        middle = across(gap=0)
        left = down(margins=(16, 8, 16, 0), gap=8)
        self.stage = CandidateStage()
        self.stage.pressed.connect(self._pressed)
        left.addWidget(self.stage, 1)
        self._ways: QHBoxLayout = across(margins=(0, 4, 0, 12), gap=8)
        left.addLayout(self._ways)
        middle.addLayout(left, 1)
        self.side = JudgeSide()
        self.side.submitted.connect(self._submit)
        self.side.graded.connect(self._graded)
        self.side.board.changed.connect(self._show_marks)
        middle.addWidget(self.side)
        column.addLayout(middle, 1)

    # what is asked ---------------------------------------------------------------------------

    @property
    def room(self) -> Workspace | None:
        return self._shell.reading.workspace

    def open(self, task_id: str) -> None:
        """Ask the first open question of a task."""
        self._taken_s.clear()
        self.side.clear_words()
        self._ask(task_id)

    def forget(self) -> None:
        """Show nothing any more."""
        self.asked = None
        self.stage.forget()

    def _ask(self, task_id: str) -> None:
        room = self.room
        if room is None:
            return
        try:
            self.asked = room.ranking.next(task_id)
        except UserError as error:
            self._shell.say_error(error)
            return
        if self.asked is None:
            self.finished.emit()
            return
        asked = self.asked
        self._pending = None
        self._title.setText(asked.task.title)
        self._count.setText(f"{asked.done + 1} of {asked.wanted}")
        self.progress.setRange(0, max(1, asked.wanted))
        self.progress.setValue(asked.done)
        self._undo.setEnabled(asked.done > 0)
        self.stage.show_asked(room, asked)
        self.side.show_task(asked.task, len(asked.candidates))
        self._show_ways()
        self._show_marks()
        self._before_s = 0.0
        self._clock.start()
        self.setFocus()

    # ways to decide --------------------------------------------------------------------------

    def ways(self) -> list[Way]:
        """What can be decided now, from left to right."""
        if self.asked is None:
            return []
        kind = self.asked.task.judged
        cannot = Way("Can't judge", "K", "These can't be judged; asks the next.", self._cannot)
        if kind is RankingKind.PAIRWISE:
            return [
                Way("← A is better", "←", "The left one is better.",
                    lambda: self._compare(Outcome.LEFT), True),
                Way("Tie", "↓", "Neither is better.", lambda: self._compare(Outcome.TIE)),
                Way("Both unacceptable", "↑", "Neither should be used.",
                    lambda: self._compare(Outcome.BOTH_BAD)),
                cannot,
                Way("B is better →", "→", "The right one is better.",
                    lambda: self._compare(Outcome.RIGHT), True),
            ]  # fmt: skip
        if kind is RankingKind.BEST:
            picks = [
                Way(f"{LETTERS[n]} is best", str(n + 1), f"Picks {LETTERS[n]}.",
                    partial(self._pick, n), True)
                for n in range(len(self.asked.candidates))
            ]  # fmt: skip
            none = Way("None is acceptable", "↑", "None should be used.", lambda: self._rank([]))
            return [*picks, none, cannot]
        done = Way("Done", "Enter", "Keeps this and asks the next.", self._submit, True)
        return [cannot, done]

    def _show_ways(self) -> None:
        assert self.asked is not None
        wanted = (self.asked.task.judged, len(self.asked.candidates))
        if wanted == self._ways_of:
            return
        self._ways_of = wanted
        clear(self._ways)
        self._ways.addStretch(1)
        for way in self.ways():
            button = push(way.text, "primary" if way.primary else "", tip=f"{way.tip} ({way.key})")
            button.clicked.connect(lambda _c=False, act=way.act: act())
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self._ways.addWidget(button)
        self._ways.addStretch(1)

    def _compare(self, outcome: Outcome) -> None:
        asked = self.asked
        assert asked is not None
        self._decide(
            lambda room, remark: room.ranking.compare(asked, outcome, remark),
            outcome is Outcome.CANNOT,
        )

    def _pick(self, number: int) -> None:
        asked = self.asked
        assert asked is not None
        if number < len(asked.candidates):
            chosen = asked.candidates[number].id
            self._decide(lambda room, remark: room.ranking.best(asked, chosen, remark))

    def _rank(self, tiers: list[list[str]], cannot: bool = False) -> None:
        asked = self.asked
        assert asked is not None
        self._decide(
            lambda room, remark: room.ranking.rank(asked, tiers, remark, cannot=cannot), cannot
        )

    def _cannot(self) -> None:
        asked = self.asked
        assert asked is not None
        if asked.task.judged is RankingKind.PAIRWISE:
            self._compare(Outcome.CANNOT)
        elif asked.task.judged is RankingKind.RATING:
            self._decide(
                lambda room, remark: room.ranking.rate(asked, {}, remark, cannot=True), True
            )
        else:
            self._rank([], cannot=True)

    def _submit(self) -> None:
        """Enter: what waits for its reason, or the tiers or grades as they stand."""
        asked = self.asked
        if asked is None:
            return
        if self._pending is not None:
            self._pending()
        elif asked.task.judged is RankingKind.TIERS:
            board = self.side.board
            if not board.is_complete:
                self.side.say("Place every candidate first.")
                return
            ids = asked.shown.candidates
            self._rank([[ids[n] for n in tier] for tier in board.tiers()])
        elif asked.task.judged is RankingKind.RATING:
            scores = self.side.grades.scores()
            if len(scores) < len(asked.task.criteria or ("",)):
                self.side.say("Give a grade for each point first.")
                return
            self._decide(lambda room, remark: room.ranking.rate(asked, scores, remark))

    def _graded(self) -> None:
        """A single grade decides by itself, where no reason is asked for."""
        asked = self.asked
        single = asked is not None and len(asked.task.criteria) <= 1
        if single and asked is not None and asked.task.rationale is not Ask.REQUIRED:
            self._submit()

    def _decide(
        self,
        tell: Callable[[Workspace, Remark], Event | None],
        excused: bool = False,
    ) -> None:
        """Keep a decision with its time and reason, and ask the next; a missing reason is asked
        for first."""
        room, asked = self.room, self.asked
        if room is None or asked is None:
            return
        from desktop.workspace.ranking.ranking import Remark

        side = self.side
        wanting = side.wanting(asked.task)
        if wanting and not excused:
            self._pending = lambda: self._decide(tell)
            side.ask(wanting)
            return
        remark = Remark(self.seconds(), side.rationale(), side.confidence())
        try:
            tell(room, remark)
        except UserError as error:
            self._shell.say_error(error)
            return
        side.clear_words()
        self._taken_s.append(remark.seconds)
        self._ask(asked.task.id)

    def undo(self) -> None:
        """Take back the last decision and ask it again."""
        room, asked = self.room, self.asked
        if room is None or asked is None:
            return
        try:
            event = room.ranking.undo(asked.task.id)
        except UserError as error:
            self._shell.say_error(error)
            return
        self.side.clear_words()
        self._ask(asked.task.id)
        if event is not None:
            self._before_s = self._taken_s.pop() if self._taken_s else 0.0
            self.side.say("The last decision is taken back.")

    def seconds(self) -> float:
        """How long this decision has taken while it was on screen."""
        running = self._clock.elapsed() / 1000 if self._clock.isValid() else 0.0
        return self._before_s + running

    # hands -----------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """Keys that decide here belong to no shortcut of the window."""
        override = event.type() == QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and self._is_ours(event):
            event.accept()
            return True
        return super().event(event)

    def _is_ours(self, event: QKeyEvent) -> bool:
        return not event.modifiers() and self._act_of(event) is not None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        act = None if plain else self._act_of(event)
        if act is None:
            super().keyPressEvent(event)
        elif not event.isAutoRepeat():
            act()

    def _act_of(self, event: QKeyEvent) -> Callable[[], None] | None:
        asked, key = self.asked, Qt.Key(event.key())
        if asked is None:
            return None
        kind, board = asked.task.judged, self.side.board
        acts: dict[Qt.Key, Callable[[], None]] = {
            Qt.Key.Key_Z: self.undo,
            Qt.Key.Key_K: self._cannot,
            Qt.Key.Key_Return: self._submit,
            Qt.Key.Key_Enter: self._submit,
            Qt.Key.Key_PageUp: lambda: self.stage.page(-1),
            Qt.Key.Key_PageDown: lambda: self.stage.page(1),
            Qt.Key.Key_H: self.stage.toggle_regions,
            Qt.Key.Key_O: self.stage.toggle_outlines,
        }
        if kind is RankingKind.PAIRWISE:
            acts |= {
                Qt.Key.Key_Left: lambda: self._compare(Outcome.LEFT),
                Qt.Key.Key_Right: lambda: self._compare(Outcome.RIGHT),
                Qt.Key.Key_Down: lambda: self._compare(Outcome.TIE),
                Qt.Key.Key_Up: lambda: self._compare(Outcome.BOTH_BAD),
            }
        elif kind is RankingKind.BEST:
            acts |= {Qt.Key.Key_Up: lambda: self._rank([])}
            acts |= {k: partial(self._pick, n) for k, n in _DIGITS.items()}  # type: ignore[misc]
        elif kind is RankingKind.TIERS:
            acts |= {
                Qt.Key.Key_Left: lambda: board.step(-1),
                Qt.Key.Key_Right: lambda: board.step(1),
                Qt.Key.Key_Up: board.place_unacceptable,
            }
            acts |= {
                k: partial(board.place, n)  # type: ignore[misc]
                for k, n in _DIGITS.items()
                if n < len(asked.candidates)
            }
        else:
            acts |= {
                k: partial(self.side.grades.grade, n + 1)  # type: ignore[misc]
                for k, n in _DIGITS.items()
                if n + 1 in RATING_SCALE
            }
            acts[Qt.Key.Key_Up] = lambda: self.side.grades.step(-1)
            acts[Qt.Key.Key_Down] = lambda: self.side.grades.step(1)
        return acts.get(key)

    def _pressed(self, number: int) -> None:
        self.setFocus()
        if self.asked is not None and self.asked.task.judged is RankingKind.TIERS:
            board = self.side.board
            board.step(number - board.current)

    def _show_marks(self) -> None:
        asked, board = self.asked, self.side.board
        if asked is not None and asked.task.judged is RankingKind.TIERS:
            self.stage.show_places(board.places[: len(asked.candidates)], board.current)

    # pieces ----------------------------------------------------------------------------------

    def _make_head(self) -> QWidget:
        bar = frame("topbar")
        bar.setFixedHeight(44)
        row = across(bar, (16, 0, 12, 0), 12)
        self._title = label("", "title")
        row.addWidget(self._title)
        self._count = label("", "muted")
        row.addWidget(self._count)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedWidth(160)
        self.progress.setAccessibleName("Decisions made")
        row.addWidget(self.progress)
        row.addStretch(1)
        self._undo: QPushButton = push(
            "Undo", "quiet", "undo", "Takes back your last decision in this task. (Z)"
        )
        self._undo.clicked.connect(self.undo)
        back = push("All tasks", "quiet", "previous", "Back to the list; what you said is kept.")
        back.clicked.connect(self.left)
        for button in (self._undo, back):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            row.addWidget(button)
        return bar

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._clock.start()

    def hideEvent(self, event: QHideEvent) -> None:
        self._before_s = self.seconds()
        self._clock.invalidate()
        super().hideEvent(event)
