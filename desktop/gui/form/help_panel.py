"""The guidelines of the schema beside the image, with their version; nothing is fetched."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from desktop.domain.event import Event
from desktop.domain.schema import Schema
from desktop.gui.action_set import ActionSet
from desktop.gui.form.guideline_page import GuidelinePage
from desktop.gui.form.guideline_page import PlainPage as PlainPage
from desktop.gui.shell import Shell
from desktop.gui.widgets import icons
from desktop.gui.widgets.furniture import ElidedLabel, EmptyState, across, down, frame, push
from desktop.interaction.view import ViewState


class HelpPanel(QWidget):
    """Guidelines above, the keys one click away."""

    closed = Signal()

    def __init__(
        self, shell: Shell, actions: ActionSet | None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._reading = shell.reading
        self._shown: Schema | None = None
        column = down(self, gap=0)
        head = frame("topbar")
        row = across(head, (16, 4, 4, 4), 4)
        self.version = ElidedLabel(role="small")
        row.addWidget(self.version, 1)
        self._close = push("", "quiet")
        icons.bind(self._close, "close", "muted")
        self._close.setToolTip("Closes the guidelines (F1)")
        self._close.setAccessibleName("Close the guidelines")
        self._close.clicked.connect(self.closed)
        row.addWidget(self._close)
        if actions is not None:
            self._close.hide()
        self._head = head
        column.addWidget(head)
        self.page = GuidelinePage()
        column.addWidget(self.page, 1)
        self._nothing = EmptyState(
            "help",
            "No guidelines yet",
            "What the schema says about its questions and labels is shown here.",
        )
        column.addWidget(self._nothing, 1)
        if actions is not None:
            foot = across(margins=(12, 8, 12, 12))
            foot.addWidget(actions.button("help.keys", text=True))
            foot.addStretch(1)
            column.addLayout(foot)
        self._reading.committed.connect(self._committed)
        self._reading.view_changed.connect(self._viewed)
        shell.theme_changed.connect(self._dressed)
        self.refresh()

    def refresh(self) -> None:
        """Show the guidelines of the open case's schema."""
        schema = self._reading.schema
        if schema != self._shown:
            self._shown = schema
            self._dressed()
        said = bool(schema and (schema.guidelines or schema.questions))
        self.page.setVisible(said)
        self._head.setVisible(said)
        self._nothing.setVisible(not said)

    def go_to(self, question_id: str) -> bool:
        """Show what is said about a question."""
        return self.page.go_to(question_id)

    def _dressed(self) -> None:
        schema = self._shown
        self.version.setText(f"{schema.title}, version {schema.version}" if schema else "")
        self.page.show_schema(schema)

    def _committed(self, event: Event) -> None:
        if not event.case_id or event.case_id == self._reading.view.case_id:
            self.refresh()

    def _viewed(self, old: ViewState, new: ViewState) -> None:
        if old.case_id != new.case_id:
            self.refresh()
