"""Models on this machine: what they are, trying one, running one over the work list, the arms."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from PySide6.QtCore import QPoint, QTimer
from PySide6.QtWidgets import QDoubleSpinBox, QFileDialog, QVBoxLayout, QWidget

from desktop.domain.errors import UserError
from desktop.domain.event import Event
from desktop.domain.model_card import ModelCard, Task
from desktop.gui.page import Page
from desktop.gui.shell import Shell
from desktop.gui.suggestions.arms_card import ArmsCard
from desktop.gui.suggestions.model_card_form import ModelCardForm
from desktop.gui.suggestions.pixel_text_card import PixelTextCard
from desktop.gui.widgets import icons
from desktop.gui.widgets.furniture import (
    EmptyState,
    across,
    centred,
    clear,
    down,
    frame,
    in_groups,
    inset,
    label,
    push,
    scrolled,
)
from desktop.gui.window.running import wait_for_job

if TYPE_CHECKING:
    from desktop.workspace.models.model_runs import RunReport
    from desktop.workspace.models.model_trials import Trial
    from desktop.workspace.models.models import ShelvedModel


class ModelsPage(Page):
    """One card per model; the lead adds, tries, runs and removes."""

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(shell, parent)
        self._edited = ""
        outer = across(self, (24, 16, 24, 16))
        holder = QWidget()
        holder.setMaximumWidth(900)
        column = down(holder, gap=12)
        column.addLayout(self._make_head())
        self._cards: QVBoxLayout = down(gap=12)
        column.addLayout(self._cards)
        self.text = PixelTextCard(shell)
        self.text.chosen.connect(self.chosen)
        column.addWidget(self.text)
        self.arms = ArmsCard(shell)
        column.addWidget(self.arms)
        column.addStretch(1)
        self._area = scrolled(centred(holder))
        outer.addWidget(self._area)
        self._reading.committed.connect(self._committed)

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self.refresh()

    def take_focus(self) -> None:
        self.add.setFocus()

    def refresh(self) -> None:
        """Read the shelf anew."""
        clear(self._cards)
        room = self._reading.workspace
        shelf = room.models.shelf() if room is not None else []
        for shelved in shelf:
            self._cards.addWidget(self._card(shelved))
            if shelved.card.sha256 == self._edited and room is not None:
                self.form = ModelCardForm(
                    room, shelved.card, self._save, lambda: self._edit(""), self._shell.say_error
                )
                self._cards.addWidget(self.form)
        if not shelf:
            self._cards.addWidget(
                EmptyState(
                    "learning",
                    "No model on the shelf",
                    "Add an ONNX file of your own. It runs on this machine, in a process of its "
                    "own; what it finds are suggestions.",
                )
            )
        self.text.refresh()
        self.arms.refresh()

    # parts ---------------------------------------------------------------------------------

    def _make_head(self) -> Any:
        head = across(gap=8)
        head.addWidget(label("Models", "title"))
        head.addStretch(1)
        self.add = push(
            "Add a model…",
            "primary",
            "plus",
            "An .onnx file, NAME.json beside it is its card; or encoder and decoder together.",
        )
        self.add.clicked.connect(self._ask_file)
        head.addWidget(self.add)
        back = push("Back", tip="Back to where you were (Esc)")
        back.clicked.connect(self.left)
        head.addWidget(back)
        return head

    def _card(self, shelved: ShelvedModel) -> QWidget:
        card, made = shelved.card, frame("card")
        column = down(made, (20, 14, 20, 14), 6)
        head = across(gap=8)
        head.addWidget(icons.Glyph("learning", "accent"))
        head.addWidget(label(card.name, "heading"))
        head.addWidget(label(card.task.value, "muted"))
        head.addStretch(1)
        head.addWidget(label(f"Licence: {card.licence}", "muted"))
        column.addLayout(head)
        for words in self._facts(card):
            column.addWidget(label(words, "muted", wrap=True))
        if shelved.problem:
            column.addWidget(label(shelved.problem, "warn", wrap=True))
        column.addLayout(self._foot(shelved))
        return made

    def _facts(self, card: ModelCard) -> list[str]:
        lines = [f"SHA-256 {in_groups(card.sha256[:32])} …"]
        if card.task is Task.PROMPT:
            lines.append(f"Family: {card.family}. For the prompt tool (A) on the image.")
        else:
            means = ", ".join(f"{c.index} is {c.name}" for c in card.classes) or "nothing yet"
            lines.append(f"Takes {card.input.words}. Output {means}.")
            about = f"For cases read with {self._title(card)}. " if card.schema_name else ""
            time = f"about {card.expected_s:.1f} s a case" if card.expected_s else "not tried yet"
            lines.append(f"{about}One call may take {card.limit_s:g} s; {time}.")
        return lines

    def _title(self, card: ModelCard) -> str:
        """What the schema of a card is called here, else its name."""
        room = self._reading.workspace
        titles = {s.name: s.title for s in room.schemas()} if room is not None else {}
        return titles.get(card.schema_name, f"{card.schema_name}, which is not in this project")

    def _foot(self, shelved: ShelvedModel) -> Any:
        card, foot = shelved.card, across(gap=8)
        if card.task is not Task.PROMPT:
            foot.addWidget(label("Score from", "muted"))
            least = QDoubleSpinBox()
            inset(least)
            least.setRange(0.0, 1.0)
            least.setSingleStep(0.05)
            least.setValue(card.threshold)
            least.setKeyboardTracking(False)
            least.setAccessibleName(f"Threshold of {card.name}")
            least.setToolTip("Weaker findings are left out. Another threshold is another run.")
            least.valueChanged.connect(lambda v, c=card: self._change(replace(c, threshold=v)))
            foot.addWidget(least)
            foot.addStretch(1)
            tries = push(
                "Try on the open case", tip="Draws dashed what it would suggest; keeps nothing."
            )
            tries.clicked.connect(lambda _c=False, c=card: self._try(c))
            runs = push(
                "Run over the work list", "primary",
                tip="All cases; what is done already is skipped, and a cancelled run goes on.",
            )  # fmt: skip
            runs.clicked.connect(lambda _c=False, c=card: self._run(c))
            for button in (tries, runs):
                button.setEnabled(not shelved.problem)
                foot.addWidget(button)
        else:
            foot.addStretch(1)
            foot.addWidget(self._prompt_choice(shelved))
        if card.task is not Task.PROMPT:
            edit = push("Edit card", tip="Name, licence, what goes in and what comes out.")
            edit.clicked.connect(lambda _c=False, c=card: self._edit(c.sha256))
            foot.addWidget(edit)
        gone = push("Remove", "quiet", tip="Takes it off the shelf; what it suggested stays.")
        gone.clicked.connect(lambda _c=False, c=card: self._remove(c))
        foot.addWidget(gone)
        return foot

    def _prompt_choice(self, shelved: ShelvedModel) -> QWidget:
        """Which of several outlines with the prompt tool."""
        room, sha256 = self._reading.workspace, shelved.card.sha256
        used = room.models.prompted() if room is not None else None
        if used is not None and used.card.sha256 == sha256:
            return label("Used with A", "ok")
        use = push("Use with A", tip="Outlines on the image are made with this model from now on.")
        use.setEnabled(not shelved.problem)
        use.clicked.connect(lambda: self._use(sha256))
        return use

    # acts ----------------------------------------------------------------------------------

    def _ask_file(self) -> None:
        paths, _kind = QFileDialog.getOpenFileNames(self, "Add a model", "", "Models (*.onnx)")
        if len(paths) > 2:
            self._shell.say("Choose one model", "One file, or encoder and decoder together.")
        elif paths:
            self.add_file(*map(Path, paths))

    def add_file(self, path: Path, decoder: Path | None = None) -> None:
        """Look through a file, or encoder and decoder in any order; put them on the shelf."""
        room = self._reading.workspace
        if room is None:
            return

        def done(card: ModelCard) -> None:
            unsaid = card.licence == "not stated" and card.task is not Task.PROMPT
            self._edit(card.sha256 if unsaid else "")
            self._shell.say(f"{card.name} added", f"{card.task.value}, {card.licence}", "ok")

        self._do(lambda: room.models.start_add(path, decoder, done, self._shell.say_error))

    def _change(self, card: ModelCard) -> None:
        room = self._reading.workspace
        if room is not None:
            self._do(lambda: room.models.change(card))

    def _edit(self, sha256: str) -> None:
        """Open the form of one card, or close it."""
        self._edited = sha256
        self.refresh()
        if sha256:
            self.form.name.setFocus()
            QTimer.singleShot(0, self._show_form)

    def _show_form(self) -> None:
        """Bring all of the form into view, its head first where it is taller."""
        inside = self._area.widget()
        if self._edited and self.isVisible() and inside is not None:
            top = self.form.mapTo(inside, QPoint(0, 0)).y()
            self._area.verticalScrollBar().setValue(top - 12)

    def _save(self, card: ModelCard) -> None:
        room = self._reading.workspace
        if room is None:
            return
        try:
            room.models.change(card)
        except UserError as error:
            self._shell.say_error(error)
            return
        self._edit("")
        self._shell.say(f"Card of {card.name} saved", "", "ok")

    def _try(self, card: ModelCard) -> None:
        room, case_id = self._reading.workspace, self._reading.view.case_id
        if room is None or not case_id:
            self._shell.say("Open a case first")
            return

        def done(trial: Trial) -> None:
            measured = round(trial.seconds, 2)
            self._change(replace(room.models.get(card.sha256).card, expected_s=measured))
            self._shell.tried.emit(trial)

        def wait() -> None:
            job = room.models.runs.start_try(card.sha256, case_id, done, self._shell.say_error)
            wait_for_job(self._shell, room.jobs, job)

        self._do(wait)

    def _run(self, card: ModelCard) -> None:
        room = self._reading.workspace
        if room is None:
            return

        def done(report: RunReport) -> None:
            left = report.left_out
            detail = f"{left[0].title}: {left[0].why}" if left else ""
            self._shell.say(f"{card.name}: {report.sentence}", detail, "warn" if left else "ok")

        start = room.models.runs.start
        self._do(lambda: start(card.sha256, None, done, self._shell.say_error))

    def _use(self, sha256: str) -> None:
        room = self._reading.workspace
        if room is not None:
            self._do(lambda: room.models.use_for_prompts(sha256))
            self.refresh()

    def _remove(self, card: ModelCard) -> None:
        room = self._reading.workspace
        if room is not None:
            self._do(lambda: room.models.remove(card.sha256))
            self.refresh()

    def _do(self, act: Any) -> None:
        try:
            act()
        except UserError as error:
            self._shell.say_error(error)

    def _committed(self, event: Event) -> None:
        if self.isVisible() and any(c.kind == "help_plan" for c in event.changes):
            self.arms.refresh()
