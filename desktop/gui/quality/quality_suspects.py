"""Labels that look wrong, as a queue: read the case, say that it is right, or send it on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QFileDialog, QStackedWidget, QWidget

from desktop.domain.doubt import Judgement
from desktop.domain.errors import UserError
from desktop.gui.shell import Shell
from desktop.gui.widgets.furniture import EmptyState, across, down, label, push
from desktop.gui.widgets.plain_table import Head, PlainTable, Row

if TYPE_CHECKING:
    from desktop.workspace.quality.suspects import Suspect, SuspectList

HEADS = (
    Head("Case", "Enter reads the case.", 170),
    Head("Question or class", "What the label answers.", 170),
    Head("Reader", "Whose label it is.", 100),
    Head("Label given", "What the reader said.", 140),
    Head("Suggested", "What the model would say, or what to look at.", 150),
    Head("Score", "0 to 1; low is suspect.", 70, True),
    Head("Why", "What raised the doubt.", 330),
    Head("Decision", "What somebody said of it.", 130),
)
_WORDS = {"": "", "right": "is right", "sent": "sent to adjudication"}
ALL_RUNS, MASKS = "all", "masks"


class SuspectsView(QWidget):
    """The queue with its source above and its decisions below."""

    chosen = Signal(str)

    def __init__(self, shell: Shell, names_of: Callable[[Sequence[str]], tuple[str, ...]]) -> None:
        super().__init__()
        self._shell, self._reading, self._names_of = shell, shell.reading, names_of
        self.found: SuspectList | None = None
        self._file: Path | None = None
        column = down(self, gap=8)
        column.addLayout(self._make_head())
        self.table = _Queue(self)
        self.table.opened.connect(lambda key: self._open(key))
        self.table.picked.connect(lambda _key: self._refresh_buttons())
        holder = self._holder = QWidget()
        inside = down(holder, gap=8)
        inside.addWidget(self.table, 1)
        self.why = label("", "muted", wrap=True)
        inside.addWidget(self.why)
        inside.addLayout(self._make_foot())
        self._stack = QStackedWidget()
        self._nothing = EmptyState("quality", "", "")
        self._stack.addWidget(self._nothing)
        self._stack.addWidget(holder)
        column.addWidget(self._stack, 1)
        self.forget()

    def _make_head(self) -> Any:
        head = across(gap=8)
        self.count = label("", "muted")
        head.addWidget(self.count)
        head.addStretch(1)
        self.judged = QCheckBox("Show decided")
        self.judged.setToolTip("Shows suspect labels that somebody has decided about as well.")
        self.judged.toggled.connect(lambda _on: self._show())
        head.addWidget(self.judged)
        self.source = QComboBox()
        self.source.setAccessibleName("What raises the doubt")
        self.source.setToolTip("Whose probabilities are held against the labels, or mask shapes.")
        self.source.setMinimumWidth(220)
        head.addWidget(self.source)
        bring = push(
            "Probabilities…", "", "folder",
            "A CSV (case, question, then a column for each answer) or JSON lines.",
        )  # fmt: skip
        bring.clicked.connect(self._ask_file)
        head.addWidget(bring)
        self.go = push("Look for errors", "primary", "search", "Compares labels and probabilities.")
        self.go.clicked.connect(self.look)
        head.addWidget(self.go)
        return head

    def _make_foot(self) -> Any:
        foot = across(gap=8)
        self.read = push("Read case", "", "read", "Opens the case (Enter).")
        self.read.clicked.connect(lambda: self._open(self.table.key()))
        self.right = push("Label is right", "", "check", "Takes it out of the queue (R).")
        self.right.clicked.connect(lambda: self.judge(Judgement.RIGHT))
        self.send = push(
            "Send to adjudication", "", "adjudicate", "An adjudicator rules on it (S)."
        )
        self.send.clicked.connect(lambda: self.judge(Judgement.SENT))
        for button in (self.read, self.right, self.send):
            foot.addWidget(button)
        foot.addStretch(1)
        return foot

    # looking -------------------------------------------------------------------------------

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self._offer_sources()

    def forget(self) -> None:
        """Another project: nothing was looked for yet."""
        self.found, self._file = None, None
        self.count.setText("")
        self._nothing.say(
            "Nothing was looked for yet",
            "Labels are compared with probabilities: suggestions of a model or of rules, what is "
            "learned here from the other patients, or a file of yours. Masks are compared with "
            "the other masks of their class.",
        )
        self._stack.setCurrentWidget(self._nothing)

    def look(self) -> None:
        """Make the queue anew."""
        room, source = self._reading.workspace, self.source.currentData()
        if room is None or source is None:
            return
        runs = () if source in (ALL_RUNS, MASKS) or isinstance(source, Path) else (str(source),)
        file = source if isinstance(source, Path) else None
        try:
            room.quality.start_suspects(
                runs, file, source == MASKS, self.show_found, self._shell.say_error
            )
        except UserError as error:
            self._shell.say_error(error)

    def look_in(self, file: Path) -> None:
        """Take probabilities from a file and look."""
        self._file = file
        self._offer_sources()
        self.source.setCurrentIndex(self.source.findText(file.name))
        self.look()

    def show_found(self, found: SuspectList) -> None:
        """Show a queue."""
        self.found = found
        self._show()

    def _ask_file(self) -> None:
        chosen, _kind = QFileDialog.getOpenFileName(
            self, "Probabilities", "", "Probabilities (*.csv *.jsonl *.json)"
        )
        if chosen:
            self.look_in(Path(chosen))

    def _offer_sources(self) -> None:
        room = self._reading.workspace
        if room is None:
            return
        kept = self.source.currentText()
        self.source.clear()
        runs = room.quality.sources()
        if sum(run.count > 0 for run in runs) > 1:
            self.source.addItem("All suggestions", ALL_RUNS)
        for run in runs:
            self.source.addItem(run.title, run.run_id)
        if self._file is not None:
            self.source.addItem(self._file.name, self._file)
        self.source.addItem("Mask shapes", MASKS)
        self.source.setCurrentIndex(max(0, self.source.findText(kept)))

    # showing -------------------------------------------------------------------------------

    def refresh_names(self) -> None:
        """Readers are called otherwise now."""
        if self.found is not None:
            self._show()

    def _show(self) -> None:
        found = self.found
        if found is None:
            return
        shown = found.suspects if self.judged.isChecked() else found.open
        notes = " ".join(found.notes)
        self.count.setText(
            f"{len(found.open):,} open of {found.looked_at:,} labels looked at. {notes}".strip()
        )
        if not shown:
            self._nothing.say(
                "No label looks wrong" if found.looked_at else "No label to compare with",
                notes
                or f"{found.looked_at:,} labels were looked at; those somebody decided about are "
                "not shown.",
            )
            self._stack.setCurrentWidget(self._nothing)
            return
        kept = self.table.key()
        self._stack.setCurrentWidget(self._holder)
        self.table.show_rows([self._row(s) for s in shown], kept)
        self.table.setFocus()
        self._refresh_buttons()

    def _row(self, suspect: Suspect) -> Row:
        (name,) = self._names_of((suspect.reader_id,))
        decided = _WORDS[suspect.judgement]
        return Row(
            suspect.claim_id,
            (
                suspect.title, suspect.asked, name, suspect.given, suspect.suggested,
                f"{suspect.score:.2f}", suspect.reason, decided,
            ),
            f"{suspect.title}\n{suspect.reason}\nFrom: {suspect.source}",
            "muted" if decided else "text",
        )  # fmt: skip

    def current(self) -> Suspect | None:
        """The suspect that is chosen."""
        key = self.table.key()
        both = self.found.suspects if self.found else ()
        return next((s for s in both if s.claim_id == key), None)

    def _refresh_buttons(self) -> None:
        suspect = self.current()
        self.why.setText(f"{suspect.reason} From {suspect.source}." if suspect else "")
        self.right.setEnabled(suspect is not None and suspect.judgement != "right")
        self.send.setEnabled(suspect is not None and suspect.judgement != "sent")

    # acts ----------------------------------------------------------------------------------

    def judge(self, judgement: Judgement) -> None:
        """Keep a decision about the chosen suspect and go on to the next."""
        room, suspect = self._reading.workspace, self.current()
        if room is None or suspect is None or self.found is None:
            return
        from dataclasses import replace

        try:
            room.quality.judge(suspect, judgement)
        except UserError as error:
            self._shell.say_error(error)
            return
        keys = [row.key for row in self.table.rows()]
        at = keys.index(suspect.claim_id)
        decided = replace(suspect, judgement=judgement.value)
        suspects = tuple(decided if s is suspect else s for s in self.found.suspects)
        self.found = replace(self.found, suspects=suspects)
        if at + 1 < len(keys):
            self.table.selectRow(at + 1)
        self._show()

    def _open(self, key: object) -> None:
        suspect = self.current()
        if suspect is not None and key == suspect.claim_id:
            self.chosen.emit(suspect.case_id)


class _Queue(PlainTable):
    """A table in which R and S decide."""

    def __init__(self, view: SuspectsView) -> None:
        super().__init__("Suspect labels, most suspect first", HEADS)
        self._view = view

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.modifiers() == Qt.KeyboardModifier.NoModifier:
            if event.key() == Qt.Key.Key_R:
                self._view.judge(Judgement.RIGHT)
                return
            if event.key() == Qt.Key.Key_S:
                self._view.judge(Judgement.SENT)
                return
        super().keyPressEvent(event)
