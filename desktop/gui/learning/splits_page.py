"""Splits: which patients train and which are held back, why, and what labels each part has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QFileDialog,
    QPushButton,
    QSpinBox,
    QStackedWidget,
    QWidget,
)

from desktop.domain.errors import UserError
from desktop.domain.event import Event
from desktop.domain.split import Part, Together
from desktop.gui.page import Page
from desktop.gui.shell import Shell
from desktop.gui.widgets.furniture import EmptyState, across, down, frame, inset, label, push
from desktop.gui.widgets.plain_table import Head, PlainTable, Row
from desktop.gui.widgets.segments import segments

if TYPE_CHECKING:
    from desktop.workspace.learning.split_board import PatientLine, SplitBoard

WORDS: dict[Part | None, str] = {
    Part.TRAIN: "Training",
    Part.VALIDATION: "Validation",
    Part.TEST: "Test",
    None: "Not dealt",
}
_TOKENS = {Part.TRAIN: "muted", Part.VALIDATION: "text", Part.TEST: "text", None: "muted"}
_WATCHED = frozenset(
    {"split", "case", "study", "annotation", "mask_slice", "answer", "proposal", "schema"}
)
_WIDTHS = {Part.TRAIN: 80, Part.VALIDATION: 92, Part.TEST: 64, None: 86}
_COUNT_HEADS = (
    Head("Cases with", "Each case counts once, whatever the number of readers.", 116),
    *(
        Head(words, f"How many are in {words.lower()}.", _WIDTHS[part], True)
        for part, words in WORDS.items()
    ),
)
_PATIENT_HEADS = (
    Head("Patient", "Pseudonym; all images of a patient are in one part.", 96),
    Head("Part", "“locked”: has to stay in training.", 134),
    Head("Site", "From the tag of the cases, see the work list.", 60),
    Head("Cases", "How many cases the patient has.", 60, True),
    Head("Dealt", "The seed that dealt it, or by hand; “site”: with all of its site.", 106),
)
_SHOWN = ("All", *WORDS.values(), "Locked")


class SplitsPage(Page):
    """Dealing above; label counts by part at the left, every patient at the right."""

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(shell, parent)
        self.board: SplitBoard | None = None
        column = down(self, (24, 16, 24, 16), 12)
        column.addLayout(self._make_head())
        column.addWidget(self._make_dealing())
        body = across(gap=12)
        body.addWidget(self._make_counts(), 4)
        body.addWidget(self._make_patients(), 5)
        column.addLayout(body, 1)
        self._reading.committed.connect(self._committed)
        self._reading.opened.connect(lambda _room: self.refresh() if self.isVisible() else None)

    # building ------------------------------------------------------------------------------

    def _make_head(self) -> Any:
        head = across(gap=12)
        head.addWidget(label("Splits", "title"))
        self.standing = label("", "muted")
        head.addWidget(self.standing)
        head.addStretch(1)
        self.save = push("Save table…", "", "exchange", "One line per case, as CSV.")
        self.save.clicked.connect(self._ask_file)
        head.addWidget(self.save)
        back = push("Back", tip="Back to where you were (Esc)")
        back.clicked.connect(self.left)
        head.addWidget(back)
        return head

    def _make_dealing(self) -> QWidget:
        card = frame("card")
        column = down(card, (12, 12, 12, 12), 8)
        row = across(gap=8)
        self.validation = _share("Validation", "Share of the patients held back to tune a model.")
        self.test = _share("Test", "Share of the patients held back to judge a model at the end.")
        self.seed = QSpinBox()
        self.seed.setRange(1, 999_999)
        self.seed.setFixedWidth(80)
        inset(self.seed)
        self.seed.setAccessibleName("Seed")
        self.seed.setToolTip("The same seed gives the same split, on every machine.")
        self.together = QComboBox()
        self.together.setAccessibleName("Never parted")
        self.together.setToolTip("What a deal puts into one part as a whole.")
        self.together.addItem("a patient", Together.PATIENT.value)
        self.together.addItem("a site", Together.SITE.value)
        for words, field in (
            ("Validation", self.validation), ("Test", self.test), ("Seed", self.seed),
            ("Never part", self.together),
        ):  # fmt: skip
            row.addWidget(label(words, "muted"))
            row.addWidget(field)
        row.addStretch(1)
        self.again = push("Deal all again", tip="Every patient gets a part anew.")
        self.again.clicked.connect(lambda: self.deal(again=True))
        self.new = push("Deal new patients", "primary", tip="Those that have no part yet.")
        self.new.clicked.connect(lambda: self.deal())
        row.addWidget(self.again)
        row.addWidget(self.new)
        column.addLayout(row)
        below = across(gap=16)
        self.words = label("", "muted", wrap=True)
        below.addWidget(self.words, 1)
        self.balanced = QCheckBox("Labels in proportion")
        self.balanced.setToolTip(
            "Each part gets its share of every class and answer, rare ones too."
        )
        below.addWidget(self.balanced, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(below)
        return card

    def _make_counts(self) -> QWidget:
        card = frame("card")
        column = down(card, (12, 12, 12, 12), 8)
        column.addWidget(label("What each part holds", "heading"))
        self.counts = PlainTable("What each part holds", _COUNT_HEADS)
        column.addWidget(self.counts, 1)
        self.sites = label("", "warn", wrap=True)
        column.addWidget(self.sites)
        return card

    def _make_patients(self) -> QWidget:
        card = frame("card")
        column = down(card, (12, 12, 12, 12), 8)
        column.addWidget(label("Patients", "heading"))
        self.shown = QButtonGroup(self)
        top = across(gap=8)
        tips = [f"Shows only: {words.lower()}." for words in _SHOWN]
        top.addWidget(segments(self.shown, _SHOWN, lambda _n: self._show_patients(), 0, tips))
        top.addStretch(1)
        column.addLayout(top)
        self.patients = PlainTable("Patients", _PATIENT_HEADS)
        self.patients.opened.connect(lambda key: self._open(str(key)))
        self.patients.picked.connect(lambda _key: self._show_line())
        self._empty = EmptyState("person", "No patients here", "")
        self._stack = QStackedWidget()
        self._stack.addWidget(self.patients)
        self._stack.addWidget(self._empty)
        column.addWidget(self._stack, 1)
        self.why = label("", "muted", wrap=True)
        column.addWidget(self.why)
        row = across(gap=8)
        self.moves: dict[Part, QPushButton] = {}
        for part in Part:
            self.moves[part] = push(f"To {WORDS[part].lower()}")
            self.moves[part].clicked.connect(lambda _on=False, p=part: self.move_to(p))
            row.addWidget(self.moves[part])
        row.addStretch(1)
        self.open_first = push("Open", "", "next", "Opens the first case of the patient (Enter).")
        self.open_first.clicked.connect(lambda: self._open(str(self.patients.key() or "")))
        row.addWidget(self.open_first)
        column.addLayout(row)
        return card

    # showing -------------------------------------------------------------------------------

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self.refresh()

    def take_focus(self) -> None:
        self.patients.setFocus()

    def refresh(self) -> None:
        """Read everything anew."""
        room = self._reading.workspace
        try:
            self.board = room.splits.board() if room is not None else None
        except UserError as error:  # another reader works now, who may not see it
            self.board = None
            self._shell.say_error(error)
        self._show_standing()
        self._show_counts()
        self._show_patients()

    def _show_standing(self) -> None:
        lines = self.board.lines if self.board is not None else ()
        locked = sum(bool(line.kept) for line in lines)
        new = sum(line.part is None for line in lines)
        said = f"{_many(len(lines), 'patient')}, {locked} locked in training" if lines else ""
        self.standing.setText(said)
        for button, fit, why in (
            (self.new, new, "Every patient has a part already."),
            (self.again, len(lines), "There are no patients yet."),
            (self.save, len(lines), "There are no patients yet."),
        ):
            _enable(button, bool(fit), why)
        dealt = len(lines) - new
        if not lines:
            words = "Import images first: a split deals their patients."
        elif not dealt:
            words = "Nobody is dealt yet: everybody counts as training until then."
        elif new:
            words = f"{_many(new, 'new patient')} without a part. Dealing them leaves the others."
        else:
            words = (
                "Dealing all again may put patients into test that a model has already learned "
                "from: judge only models trained after it."
            )
        self.words.setText(words)

    def _show_counts(self) -> None:
        board = self.board
        rows = []
        if board is not None:
            for key, counts in (("Patients", board.patients()), ("All cases", board.cases())):
                rows.append(_count_row(key, counts, "text"))
            rows += [_count_row(one.title, one.counts) for one in board.labels]
        self.counts.show_rows(rows, self.counts.key())
        undealt = board is not None and None in board.patients()
        self.counts.setColumnHidden(len(WORDS), not undealt)
        self.counts.fit()
        parted = board.sites_parted() if board is not None else ()
        words = ", ".join(parted)
        self.sites.setText(
            f"In training and held back at once: {words}. A test on other patients of the same "
            "site tells little about new sites."
        )
        self.sites.setVisible(bool(parted))

    def _show_patients(self) -> None:
        lines = self._lines()
        self.patients.show_rows([_patient_row(line) for line in lines], self.patients.key())
        if not lines:
            shown = _SHOWN[max(0, self.shown.checkedId())]
            what = "" if shown == "All" else f" under “{shown}”"
            self._empty.say(f"No patients{what}", "Patients come with imported images.")
        self._stack.setCurrentWidget(self.patients if lines else self._empty)
        self._show_line()

    def _lines(self) -> list[PatientLine]:
        """The patients under the chosen heading."""
        if self.board is None:
            return []
        number = max(0, self.shown.checkedId())
        if number == len(_SHOWN) - 1:
            return [line for line in self.board.lines if line.kept]
        parts = (*WORDS,)
        return [line for line in self.board.lines if not number or line.part is parts[number - 1]]

    def _line(self) -> PatientLine | None:
        key = self.patients.key()
        return next((line for line in self._lines() if line.patient_key == key), None)

    def _show_line(self) -> None:
        line = self._line()
        why = f"{line.patient_key} {line.kept}" if line is not None and line.kept else ""
        self.why.setText(why)
        self.why.setVisible(bool(why))
        _enable(self.open_first, line is not None, "Choose a patient first.")
        for part, button in self.moves.items():
            if line is None:
                no = "Choose a patient first."
            elif line.part is part:
                no = f"{line.patient_key} is there already."
            else:
                no = why if part is not Part.TRAIN else ""
            tip = f"Puts the chosen patient into {WORDS[part].lower()}, by hand."
            button.setToolTip(no or tip)
            button.setEnabled(not no)

    # acts ----------------------------------------------------------------------------------

    def deal(self, again: bool = False) -> None:
        """Deal new patients, or all of them again."""
        room = self._reading.workspace
        if room is None:
            return
        try:
            report = room.splits.deal(
                self.validation.value() / 100,
                self.test.value() / 100,
                self.seed.value(),
                again,
                Together(self.together.currentData()),
                self.balanced.isChecked(),
            )
        except UserError as error:
            self._shell.say_error(error)
            return
        counts = ", ".join(f"{n:,} {WORDS[part].lower()}" for part, n in report.counts.items())
        detail = " ".join(report.notes)
        if report.kept_in_training:
            locked = _many(len(report.kept_in_training), "patient")
            detail = f"{detail} {locked} locked in training."
        self._shell.say(
            f"Dealt: {counts}", detail.strip(), "ok", "Undo", self._shell.undo_of_project
        )

    def move_to(self, part: Part) -> None:
        """Put the chosen patient into a part by hand."""
        room, line = self._reading.workspace, self._line()
        if room is None or line is None:
            return
        try:
            room.splits.move(line.patient_key, part)
        except UserError as error:
            self._shell.say_error(error)

    def write(self, path: Path) -> None:
        """Save the table."""
        room = self._reading.workspace
        if room is None:
            return
        try:
            room.splits.write_table(path)
        except UserError as error:
            self._shell.say_error(error)
            return
        self._shell.say("The table is written", str(path), "ok")

    def _ask_file(self) -> None:
        room = self._reading.workspace
        if room is None:
            return
        near = room.path.parent / f"{room.path.stem}-split.csv"
        path, _kind = QFileDialog.getSaveFileName(self, "Save table", str(near), "Table (*.csv)")
        if path:
            self.write(Path(path))

    def _open(self, patient_key: str) -> None:
        line = next((one for one in self._lines() if one.patient_key == patient_key), None)
        if line is not None and line.cases:
            self.chosen.emit(line.cases[0].id)

    def _committed(self, event: Event) -> None:
        if self.isVisible() and any(c.kind in _WATCHED for c in event.changes):
            self.refresh()


def _share(name: str, tip: str) -> QSpinBox:
    field = QSpinBox()
    field.setRange(0, 90)
    field.setValue(15)
    field.setSuffix(" %")
    field.setFixedWidth(72)
    inset(field)
    field.setAccessibleName(f"Share of {name.lower()}")
    field.setToolTip(tip)
    return field


def _enable(button: QPushButton, on: bool, why: str) -> None:
    """Switch a button; its tooltip says why where it is off."""
    if button.property("says") is None:
        button.setProperty("says", button.toolTip())
    button.setEnabled(on)
    button.setToolTip(str(button.property("says")) if on else why)


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _count_row(title: str, counts: dict[Part | None, int], token: str = "muted") -> Row:
    cells = tuple(f"{counts.get(part, 0):,}" for part in WORDS)
    return Row(title, (title, *cells), title, token)


def _patient_row(line: PatientLine) -> Row:
    part = WORDS[line.part] + (" · locked" if line.kept else "")
    cells = (line.patient_key, part, line.site or "–", f"{len(line.cases):,}", line.how or "–")
    tip = f"{line.patient_key} {line.kept}" if line.kept else ""
    return Row(line.patient_key, cells, tip, _TOKENS[line.part])
