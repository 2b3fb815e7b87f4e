"""The guidelines of the schema beside the image; nothing in them is fetched from anywhere."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QUrl
from PySide6.QtGui import QFont, QTextCursor, QTextDocument, QTextFormat
from PySide6.QtWidgets import QTextBrowser, QWidget

from desktop.domain.event import Event
from desktop.gui import theme
from desktop.gui.actions import ActionSet
from desktop.gui.furniture import EmptyState, across, down
from desktop.gui.shell import Shell
from desktop.interaction.view import ViewState


class PlainPage(QTextBrowser):
    """Shows Markdown; links and images that point out of the text stay dead."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setOpenLinks(False)
        self.setOpenExternalLinks(False)
        self.document().setDocumentMargin(16)

    def loadResource(self, kind: int, name: QUrl | str) -> Any:
        return None


class HelpPanel(QWidget):
    """Guidelines above, the keys one click away."""

    def __init__(self, shell: Shell, actions: ActionSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._reading = shell.reading
        self._shown = ""
        column = down(self, gap=0)
        self.page = PlainPage()
        self.page.setAccessibleName("Guidelines")
        column.addWidget(self.page, 1)
        self._nothing = EmptyState(
            "help",
            "No guidelines yet",
            "What the schema says about its questions and labels is shown here.",
        )
        column.addWidget(self._nothing, 1)
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
        room, view = self._reading.workspace, self._reading.view
        schema = room.schema(view.case_id) if room and view.case_id else None
        text = schema.guidelines if schema else ""
        if text != self._shown:
            self._shown = text
            self._dressed()
        self.page.setVisible(bool(text))
        self._nothing.setVisible(not text)

    def _dressed(self) -> None:
        self.page.document().setDefaultFont(theme.font())
        self.page.document().setDefaultStyleSheet(f"a {{ color: {theme.current().accent}; }}")
        self.page.setMarkdown(self._shown)
        _calm_headings(self.page.document())

    def _committed(self, event: Event) -> None:
        if not event.case_id or event.case_id == self._reading.view.case_id:
            self.refresh()

    def _viewed(self, old: ViewState, new: ViewState) -> None:
        if old.case_id != new.case_id:
            self.refresh()


def _calm_headings(document: QTextDocument) -> None:
    """Headings in the app's sizes, with room above, instead of a printed page's."""
    block = document.begin()
    while block.isValid():
        level = block.blockFormat().headingLevel()
        cursor = QTextCursor(block)
        form = block.blockFormat()
        form.setBottomMargin(6)
        if level:
            form.setTopMargin(4 if block.blockNumber() == 0 else 14)
            cursor.select(QTextCursor.SelectionType.BlockUnderCursor)
            letters = cursor.charFormat()
            letters.clearProperty(QTextFormat.Property.FontSizeAdjustment)
            letters.setFont(theme.font((18, 15, 13)[min(level, 3) - 1], QFont.Weight.DemiBold))
            cursor.setCharFormat(letters)
        QTextCursor(block).setBlockFormat(form)
        block = block.next()
