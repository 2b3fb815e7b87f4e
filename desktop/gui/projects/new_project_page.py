"""A new project in four steps: images, what was found, schema, title. Nothing is made before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QPushButton, QStackedWidget, QWidget

from desktop.domain.errors import UserError
from desktop.gui.projects.new_project_fields import ProjectFields
from desktop.gui.projects.new_project_found import FoundStep
from desktop.gui.projects.new_project_images import ImagesStep
from desktop.gui.projects.new_project_schema import SchemaStep
from desktop.gui.projects.project_page import NewProject
from desktop.gui.widgets.furniture import across, down, frame, label, push, reset_role

if TYPE_CHECKING:
    from desktop.workspace.images.new_project import Survey
    from desktop.workspace.jobs import Jobs

STEPS = ("Images", "What was found", "Schema", "Project")
IMAGES, FOUND, SCHEMA, PROJECT = range(4)


class NewProjectPage(QWidget):
    """Steps can be gone back to; ``created`` tells what the window is to make."""

    created = Signal(object)  # NewProject
    left = Signal()

    def __init__(self, jobs: Callable[[], Jobs], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._survey: Survey | None = None
        self._images: list[Path] = []
        self._is_empty = False  # whether it was said to begin without images
        self.step = IMAGES
        column = down(self, gap=0)
        column.addWidget(self._make_head())
        body = QWidget()
        inside = down(body, (24, 16, 24, 16), 0)
        self.images = ImagesStep(jobs)
        self.found = FoundStep()
        self.schema = SchemaStep()
        self.fields = ProjectFields()
        self._stack = QStackedWidget()
        for part in (self.images, self.found, self.schema, self.fields):
            self._stack.addWidget(part)
        inside.addWidget(self._stack)
        column.addWidget(body, 1)
        column.addWidget(self._make_foot())
        self.images.found.connect(self._found)
        self.images.without.connect(self._without)
        self.schema.changed.connect(self._show_foot)
        self.fields.entered.connect(self.next)
        self._go_to(IMAGES)

    def start(self, images: Sequence[Path] = ()) -> None:
        """Begin anew; images that are named already are looked at straight away."""
        self._survey, self._images, self._is_empty = None, list(images), False
        self.images.start()
        self.fields.start(self._images)
        self.schema.start()
        self._go_to(IMAGES)
        if self._images:
            self.images.look_at(self._images)

    def say(self, trouble: str) -> None:
        """Show why the project could not be made."""
        self.fields.say(trouble)

    def take_focus(self) -> None:
        part: Any = self._stack.currentWidget()
        part.take_focus()

    def next(self) -> None:
        """The next step; after the last one the project is made."""
        if not self.go.isEnabled() or not self.go.isVisible():
            return
        if self.step == PROJECT:
            self._create()
        else:
            following = self.step + 1
            self._go_to(SCHEMA if following == FOUND and self._survey is None else following)

    def back(self) -> bool:
        """One step back; False at the first one."""
        if self.images.is_running:
            self.images.stop()
            return True
        if self.step == IMAGES:
            return False
        before = self.step - 1
        if before == FOUND and self._survey is None:
            before = IMAGES
        self._go_to(before)
        return True

    # building ------------------------------------------------------------------------------

    def _make_head(self) -> QWidget:
        bar = frame("topbar")
        row = across(bar, (24, 10, 16, 10), 4)
        row.addWidget(label("New project", "title"))
        row.addSpacing(24)
        self._marks: list[QPushButton] = []
        for number, name in enumerate(STEPS):
            if number:
                row.addWidget(label("›", "muted"))
            mark = push(f"{number + 1}  {name}", "link")
            mark.clicked.connect(lambda _c=False, n=number: self._go_to(n))
            self._marks.append(mark)
            row.addWidget(mark)
        row.addStretch(1)
        return bar

    def _make_foot(self) -> QWidget:
        bar = frame("bottombar")
        row = across(bar, (24, 10, 24, 10), 8)
        self._said = label(role="muted")
        row.addWidget(self._said, 1)
        leave = push("Cancel", "quiet", tip="To the start page; nothing is made.")
        leave.clicked.connect(self._leave)
        self._back = push("Back", tip="One step back (Esc).")
        self._back.clicked.connect(self.back)
        self.go = push("Next", "primary", tip="The next step (Enter).")
        self.go.setDefault(True)
        self.go.clicked.connect(self.next)
        for button in (leave, self._back, self.go):
            row.addWidget(button)
        return bar

    # ---------------------------------------------------------------------------------------

    def _go_to(self, step: int) -> None:
        self.step = step
        self._stack.setCurrentIndex(step)
        if step == PROJECT:
            self._sum_up()
        for number, mark in enumerate(self._marks):
            here = number == step
            reset_role(mark, "role", "here" if here else "link")
            mark.setEnabled(here or self._may_go_to(number))
            tip = "This step." if here else f"Step {number + 1}: {STEPS[number]}."
            mark.setToolTip(tip if mark.isEnabled() else "Choose images or begin without.")
        self._show_foot()
        if self.isVisible():
            self.take_focus()

    def _may_go_to(self, step: int) -> bool:
        if self.images.is_running or (step == FOUND and self._survey is None):
            return False
        return step == IMAGES or self._survey is not None or self._is_empty

    def _show_foot(self) -> None:
        self._back.setVisible(self.step != IMAGES)
        self.go.setVisible(self.step != IMAGES or self._survey is not None or self._is_empty)
        self.go.setText("Create" if self.step == PROJECT else "Next")
        wrong = self.schema.problem() if self.step in (SCHEMA, PROJECT) else ""
        self.go.setEnabled(not wrong)
        tips = {PROJECT: "Makes the project (Enter)."}
        self.go.setToolTip(wrong or tips.get(self.step, "The next step (Enter)."))
        words = {
            IMAGES: "",
            FOUND: "Untick a series to leave it out.",
            SCHEMA: "What is drawn and asked. It can be changed later: each saving is a version.",
            PROJECT: "One file holds the labels, the answers and the log of all work.",
        }
        self._said.setText(wrong or words[self.step])

    def _found(self, survey: Survey) -> None:
        self._survey = survey
        self._images = list(survey.paths)
        self.found.show_survey(survey)
        self.fields.start(self._images)
        modalities = Counter(s.modality for s in survey.series)
        self.schema.start(modalities.most_common(1)[0][0] if modalities else "")
        self._go_to(FOUND)

    def _without(self) -> None:
        self._survey, self._images, self._is_empty = None, [], True
        self.fields.start([])
        self._go_to(SCHEMA)

    def _sum_up(self) -> None:
        survey = self.found.chosen() if self._survey else None
        draft = self.schema.editor.draft
        read = f"Read with “{draft.schema.title}”." if draft else ""
        if survey is not None and survey.result.cases:
            self.fields.tell(f"{survey.sentence}. {read} The images stay where they are.")
        else:
            self.fields.tell(f"An empty project; images can be added at any time. {read}")

    def _create(self) -> None:
        if not self.fields.passes():
            return
        try:
            schema = self.schema.schema()
        except UserError as error:
            self.say(str(error))
            return
        survey = self.found.chosen() if self._survey else None
        self.created.emit(
            NewProject(
                self.fields.path,
                self.fields.title.text().strip(),
                schema,
                self.fields.passphrase,
                () if survey else tuple(self._images),
                survey=survey,
                then_readers=self.fields.readers.isChecked(),
            )
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter goes on, wherever the list or button in hand has no use for it."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            self.next()
        else:
            super().keyPressEvent(event)

    def _leave(self) -> None:
        self.images.stop()
        self.left.emit()
