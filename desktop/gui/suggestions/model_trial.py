"""What a model would suggest on the open case, drawn on the image and never kept.

It stays while the case is open; Esc on the image removes it, and so do real suggestions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent

from desktop.domain.event import Event
from desktop.gui.canvas.trial_layer import TrialLayer
from desktop.gui.goto import current_frame, go_to_frame
from desktop.gui.shell import Shell
from desktop.gui.suggestions.suggestion_book import answer_words, best_frame
from desktop.interaction.view import ViewState

if TYPE_CHECKING:
    from desktop.domain.schema import Schema
    from desktop.workspace.models.model_trials import Trial


class ModelTrial(QObject):
    """Hears ``shell.tried``; ``canvas`` gives the canvas once it is there."""

    def __init__(self, shell: Shell, canvas: Callable[[], Any], parent: QObject) -> None:
        super().__init__(parent)
        self._shell, self._reading, self._canvas = shell, shell.reading, canvas
        self.trial: Trial | None = None
        self.layer = TrialLayer(lambda: current_frame(self._reading))
        self._decorated: Any = None
        shell.tried.connect(self.show_trial)
        self._reading.view_changed.connect(self._viewed)
        self._reading.committed.connect(self._committed)
        self._reading.leaving.connect(lambda _room: self.clear())

    def show_trial(self, trial: Trial) -> None:
        """Draw it, go where the surest one lies, and say in words what there is."""
        room, canvas = self._reading.workspace, self._canvas()
        if room is None or canvas is None:
            return
        if self._decorated is not canvas and hasattr(canvas, "decorations"):
            self._decorated = canvas
            canvas.decorations.append(self.layer.draw)
            canvas.installEventFilter(self)
        self._shell.page_wanted.emit("read")
        placed = [f for f in trial.found if best_frame(f) is not None]
        go_to_frame(self._reading, trial.case_id, best_frame(placed[0]) if placed else None)
        self.trial = trial
        schema = room.schema(trial.case_id)
        self.layer.show(trial, schema)
        canvas.update()
        self._shell.say(
            f"Preview of {trial.model}: {words_of(trial, schema)}",
            f"{trial.seconds:.1f} s. Nothing was kept; Esc removes the preview.",
            "ok", "Remove" if placed else "", self.clear if placed else None,
            case_id=trial.case_id,
        )  # fmt: skip

    def clear(self) -> None:
        """Draw nothing any more."""
        if self.trial is None:
            return
        self.trial = None
        self.layer.show(None, None)
        canvas = self._canvas()
        if canvas is not None:
            canvas.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Esc, while the image has the keys and nothing is being drawn."""
        if self.trial is None or not isinstance(event, QKeyEvent):
            return False
        canvas = self._canvas()
        if event.key() != Qt.Key.Key_Escape or canvas is None or canvas.is_busy:
            return False
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        if event.type() != QEvent.Type.KeyPress:
            return False
        self.clear()
        return True

    def _viewed(self, old: ViewState, new: ViewState) -> None:
        if self.trial is not None and new.case_id != self.trial.case_id:
            self.clear()

    def _committed(self, event: Event) -> None:
        """The same as real suggestions would lie on top of it."""
        mine = self.trial.run_id if self.trial is not None else None
        after = (c.after for c in event.changes if c.kind == "proposal" and c.after)
        if mine is not None and any(a.get("run_id") == mine for a in after):
            self.clear()


def words_of(trial: Trial, schema: Schema | None) -> str:
    """What was found in words, e.g. "2 findings, the surest with 0.86"."""
    if not trial.found:
        return "nothing found"
    best = trial.found[0]
    if best.question_id and schema is not None:
        question = schema.question(best.question_id)
        return f"{question.text} {answer_words(question, best.value)} with {best.score:.2f}"
    many = "1 finding" if len(trial.found) == 1 else f"{len(trial.found)} findings"
    return f"{many}, the surest with {best.score:.2f}"
