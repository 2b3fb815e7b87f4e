"""The learning page: the next best cases, how good the model is, and when to stop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QInputDialog,
    QScrollArea,
    QSpinBox,
    QStackedWidget,
    QWidget,
)

from desktop.domain.errors import UserError
from desktop.domain.event import Event
from desktop.domain.task import Role
from desktop.gui.learning.learning_method import MethodRow
from desktop.gui.learning.learning_plot import curve
from desktop.gui.learning.learning_queue import QueueList
from desktop.gui.page import Page
from desktop.gui.shell import Shell
from desktop.gui.widgets.furniture import (
    EmptyState,
    across,
    clear,
    down,
    frame,
    inset,
    label,
    push,
    rule,
)
from desktop.gui.widgets.plot import PlotView

if TYPE_CHECKING:
    from desktop.domain.learning import LearningRound, RoundPlan
    from desktop.workspace.learning.learning import Learning
    from desktop.workspace.learning.learning_topic import Topic

BIASED = (
    "The queue prefers hard and rare cases. How common an answer is can be read from the random "
    "checks only."
)
_WATCHED = ("answer", "assignment", "learning_round", "learning_skip", "schema", "case")


class LearningPage(Page):
    """Queue at the left; for the lead, curve, signals and rounds at the right."""

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(shell, parent)
        self._topics: list[Topic] = []
        column = down(self, (24, 16, 24, 16), 12)
        column.addLayout(self._make_head())
        self._plan_row = self._make_plan()
        column.addWidget(self._plan_row)
        self.method = MethodRow()
        self.method.hide()
        column.addWidget(self.method)
        body = across(gap=16)
        body.addWidget(self._make_queue(), 2)
        self._measure = self._make_measure()
        body.addWidget(self._measure, 3)
        column.addLayout(body, 1)
        shell.reading.committed.connect(self._committed)
        shell.reading.opened.connect(lambda _room: self.refresh() if self.isVisible() else None)

    # building ------------------------------------------------------------------------------

    def _make_head(self) -> Any:
        head = across(gap=8)
        head.addWidget(label("Learning", "title"))
        self.topic_box = QComboBox()
        self.topic_box.setAccessibleName("Question to learn")
        self.topic_box.setToolTip("The question that the model learns to answer.")
        self.topic_box.setMinimumWidth(140)
        self.topic_box.currentIndexChanged.connect(lambda _i: self._show_topic())
        head.addWidget(self.topic_box)
        head.addStretch(1)
        self.made_up = push("Synthetic…", tip="Made-up images with exact labels.")
        self.made_up.clicked.connect(lambda: self._shell.page_wanted.emit("synthetic"))
        head.addWidget(self.made_up)
        self.teacher = push(
            "Teacher…", tip="A model labels open cases, and a student proves what that is worth."
        )
        self.teacher.clicked.connect(lambda: self._shell.page_wanted.emit("teaching"))
        head.addWidget(self.teacher)
        self.splits = push("Splits…", tip="Who trains the model, and who is held back to judge it.")
        self.splits.clicked.connect(lambda: self._shell.page_wanted.emit("splits"))
        head.addWidget(self.splits)
        self.suggest = push(
            "Suggest answers", "", "", "Offers what the model is sure of as suggestions."
        )
        self.suggest.clicked.connect(self._suggest)
        head.addWidget(self.suggest)
        self.start = push(
            "Start next round",
            "primary",
            "learning",
            "Learns from all answers so far and chooses the next best cases.",
        )
        self.start.clicked.connect(self.start_round)
        head.addWidget(self.start)
        return head

    def _make_plan(self) -> QWidget:
        holder = QWidget()
        row = across(holder, gap=8)
        self.round_size = _number("Cases in a round", 2, 200, 10, "")
        self.diverse = _number("Share of cases unlike anything labelled", 0, 90, 10, " %")
        self.random = _number("Share of random checks", 5, 100, 20, " %")
        for words, field in (
            ("Next round:", self.round_size),
            ("cases, unlike all labelled ones", self.diverse),
            ("random checks", self.random),
        ):
            row.addWidget(label(words, "muted"))
            row.addWidget(field)
        self.mix = label("", "muted")
        row.addWidget(self.mix)
        row.addStretch(1)
        self.more_choices = push(
            "Method…", "link", tip="Learner, what it sees of an image, which cases it asks about."
        )
        self.more_choices.setCheckable(True)
        self.more_choices.toggled.connect(lambda on: self.method.setVisible(on))
        row.addWidget(self.more_choices)
        for field in (self.round_size, self.diverse, self.random):
            field.valueChanged.connect(lambda _v: self._say_mix())
        return holder

    def _make_queue(self) -> QWidget:
        card = frame("card")
        column = down(card, (12, 12, 12, 12), 8)
        self.queue_head = label("Next best cases", "heading")
        column.addWidget(self.queue_head)
        self._stack = QStackedWidget()
        self.queue = QueueList()
        self.queue.wanted.connect(self._open)
        self._empty = EmptyState("learning", "", "")
        self._stack.addWidget(self.queue)
        self._stack.addWidget(self._empty)
        column.addWidget(self._stack, 1)
        row = across(gap=8)
        self.open = push("Open", "primary", "next", "Opens the chosen case (Enter).")
        self.open.clicked.connect(lambda: self._open(self.queue.current_case()))
        self.skip = push("Pass over…", "", "skip", "Leaves the case with a reason; it rests.")
        self.skip.clicked.connect(self._skip)
        row.addWidget(self.open)
        row.addWidget(self.skip)
        row.addStretch(1)
        column.addLayout(row)
        column.addWidget(label(BIASED, "small", wrap=True))
        return card

    def _make_measure(self) -> QWidget:
        card = frame("card")
        column = down(card, (12, 12, 12, 12), 8)
        column.addWidget(label("How good the model is", "heading"))
        self.plot = PlotView("Learning curve")
        self.plot.setMinimumHeight(210)
        column.addWidget(self.plot, 1)
        self.more = label("", "muted", wrap=True)
        column.addWidget(self.more)
        column.addWidget(rule())
        column.addWidget(label("May labelling stop?", "heading"))
        self._signals = down(gap=4)
        column.addLayout(self._signals)
        column.addWidget(rule())
        column.addWidget(label("Rounds", "heading"))
        self.history = label("", "muted", wrap=True)
        column.addWidget(self.history)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(card)
        return area

    # showing -------------------------------------------------------------------------------

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self.refresh()

    def take_focus(self) -> None:
        self.queue.setFocus()

    def refresh(self) -> None:
        """Read everything anew."""
        learning = self._learning
        kept = self.topic_box.currentText()
        self._topics = learning.topics() if learning else []
        self.topic_box.blockSignals(True)
        self.topic_box.clear()
        self.topic_box.addItems([t.words for t in self._topics])
        at = self.topic_box.findText(kept)
        if at < 0:  # what rounds were started for, else what the case on the screen is asked
            read = self._shell.reading.schema
            begun = [i for i, t in enumerate(self._topics) if learning and learning.rounds(t)]
            asked = [i for i, t in enumerate(self._topics) if read and t.schema.name == read.name]
            at = next(iter(begun + asked), 0)
        self.topic_box.setCurrentIndex(at if self._topics else -1)
        self.topic_box.blockSignals(False)
        self._show_topic()

    @property
    def topic(self) -> Topic | None:
        """The question in view."""
        at = self.topic_box.currentIndex()
        return self._topics[at] if 0 <= at < len(self._topics) else None

    @property
    def _learning(self) -> Learning | None:
        room = self._shell.reading.workspace
        return room.learning if room is not None else None

    def _show_topic(self) -> None:
        room, learning, topic = self._shell.reading.workspace, self._learning, self.topic
        leads = room is not None and room.reader.role is Role.LEAD
        leads_only = (self.start, self.suggest, self.splits, self.teacher, self.made_up)
        for part in (self._plan_row, self._measure, *leads_only):
            part.setVisible(leads)
        self.method.setVisible(leads and self.more_choices.isChecked())
        if room is None or learning is None or topic is None:
            self.queue.clear()
            self._say_empty(
                "No question to learn",
                "A model learns questions about a whole case with answers to choose from.",
            )
            self._enable(False)
            return
        lines = learning.queue(topic)
        self.queue.show_lines(room, lines)
        waiting = sum(line.state == "open" for line in lines)
        rounds = learning.rounds(topic)
        round_words = f" · round {rounds[-1].number}, {waiting} open" if rounds else ""
        self.queue_head.setText(f"Next best cases{round_words}")
        if not lines:
            self._say_empty(
                "No round yet",
                "The lead starts a round; its cases appear here with the reason for each.",
            )
        else:
            self._stack.setCurrentWidget(self.queue)
        self._enable(bool(lines))
        if leads:
            self._show_measure(learning, topic, rounds)

    def _say_empty(self, title: str, text: str) -> None:
        self._empty.say(title, text)
        self._stack.setCurrentWidget(self._empty)

    def _enable(self, has_lines: bool) -> None:
        self.open.setEnabled(has_lines)
        self.skip.setEnabled(has_lines)
        busy = bool(self._learning and self._learning.is_busy)
        self.start.setEnabled(self.topic is not None and not busy)
        self.suggest.setEnabled(self.topic is not None and not busy)

    def _show_measure(self, learning: Learning, topic: Topic, rounds: list[LearningRound]) -> None:
        self._take_plan(learning.plan(topic))
        self.method.show_plan(learning.plan(topic), learning.ways())
        self.plot.show_plot(curve(rounds))
        more = learning.labels_for_a_point(topic)
        self.more.setText(
            f"About {more} more answers for one more point."
            if more
            else "Too early to say how many more answers raise it by a point, or the curve is flat."
        )
        clear(self._signals)
        for signal in learning.signals(topic):
            mark = "✓" if signal.holds else "–"
            words = label(
                f"{mark}  {signal.sentence}", "ok" if signal.holds else "muted", wrap=True
            )
            words.setObjectName("signal")
            self._signals.addWidget(words)
        if not rounds:
            self._signals.addWidget(label("Nothing to say before the first round.", "muted"))
        self.history.setText("\n".join(_round_words(r) for r in rounds[-3:][::-1]))
        self.history.setVisible(bool(rounds))

    def _take_plan(self, plan: RoundPlan) -> None:
        if not any(f.hasFocus() for f in (self.round_size, self.diverse, self.random)):
            self.round_size.setValue(plan.size)
            self.diverse.setValue(round(plan.diverse * 100))
            self.random.setValue(round(plan.random * 100))
        self._say_mix()

    def _say_mix(self) -> None:
        rest = 100 - self.diverse.value() - self.random.value()
        self.mix.setText(f"{rest} % uncertain" if rest >= 0 else "more than 100 %: lower a share")

    # acts ----------------------------------------------------------------------------------

    def start_round(self) -> None:
        """Learn in the background and put the next cases into the queue."""
        learning, topic = self._learning, self.topic
        if learning is None or topic is None:
            return
        diverse, random = self.diverse.value() / 100, self.random.value() / 100
        plan = replace(
            self.method.into(learning.plan(topic)),
            size=self.round_size.value(),
            diverse=diverse,
            random=random,
            uncertain=round(1 - diverse - random, 6),
        )
        try:
            learning.start_round(topic, plan, self._started, self._failed)
        except UserError as error:
            self._shell.say_error(error)
        self._enable(self.queue.count() > 0)

    def _started(self, made: LearningRound) -> None:
        self._shell.say(f"Round {made.number} is ready", " ".join(made.notes), "ok")
        self.refresh()

    def _failed(self, error: UserError) -> None:
        self._shell.say_error(error)
        self._enable(self.queue.count() > 0)

    def _suggest(self) -> None:
        learning, topic = self._learning, self.topic
        if learning is None or topic is None:
            return

        def done(count: int) -> None:
            self._shell.say(
                f"{count} answers are suggested", "Readers accept or reject each of them.", "ok"
            )

        try:
            learning.start_suggesting(topic, on_done=done, on_error=self._shell.say_error)
        except UserError as error:
            self._shell.say_error(error)

    def _open(self, case_id: str) -> None:
        """Read a case of the queue; the round is in hand until it is left."""
        self._shell.round_in_hand = self.topic
        self.chosen.emit(case_id)

    def _skip(self) -> None:
        learning, query = self._learning, self.queue.current_query()
        if learning is None or query is None:
            return
        why, given = QInputDialog.getText(self, "Pass over", "Why can't it be answered?")
        if given:
            self.pass_over(query, why)

    def pass_over(self, query: Any, why: str) -> None:
        """Leave a case of the queue with a reason."""
        learning = self._learning
        try:
            if learning is not None:
                learning.skip(query, why)
        except UserError as error:
            self._shell.say_error(error)

    def _committed(self, event: Event) -> None:
        touches = any(c.kind in _WATCHED for c in event.changes)
        if touches and self.isVisible() and not (self._learning and self._learning.is_busy):
            self._show_topic()


def _number(name: str, low: int, high: int, value: int, suffix: str) -> QSpinBox:
    field = QSpinBox()
    inset(field)
    field.setRange(low, high)
    field.setValue(value)
    field.setSuffix(suffix)
    field.setAccessibleName(name)
    field.setToolTip(f"{name}.")
    return field


def _round_words(made: LearningRound) -> str:
    standing = made.standing
    value = standing.value
    good = (
        "no random checks yet"
        if value is None
        else f"{value:.0%} right on {standing.checked} random checks "
        f"({standing.low:.0%} to {standing.high:.0%})"
    )
    by = f", {made.learner}" if made.learner else ""
    return f"Round {made.number}: learned from {made.labelled} of {made.pool} cases{by}; {good}."
