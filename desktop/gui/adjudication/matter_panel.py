"""The matter in hand: what each reader said, what is ruled, why they disagreed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QGridLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QToolButton,
    QWidget,
)

from desktop.domain.adjudication import Cause
from desktop.domain.letters import letter_place
from desktop.gui.adjudication.adjudicate_queue import paint_bar
from desktop.gui.adjudication.matter_words import apart_text, claim_text, matter_title, ruling_text
from desktop.gui.adjudication.truth_form import OtherAnswer, TruthForm
from desktop.gui.canvas.linked_viewers import paint_chip
from desktop.gui.reading.reading import Reading
from desktop.gui.widgets import theme
from desktop.gui.widgets.choice_row import PickRow
from desktop.gui.widgets.furniture import clear, down, frame, label, push, retext, rule
from desktop.workspace.access.authority import may

if TYPE_CHECKING:
    from desktop.workspace.claims.adjudicating import QueueCase
    from desktop.workspace.claims.matters import Matter
    from desktop.workspace.workspace import Workspace

CAUSES: tuple[tuple[Cause, str, str, str], ...] = (
    (Cause.GUIDELINE_GAP, "Guideline gap", "G", "The guidelines don't say; needs a note."),
    (Cause.PERCEPTION, "Perception", "P", "Seen differently, or not seen."),
    (Cause.SLIP, "Slip", "S", "A slip of the hand or of attention."),
    (Cause.IMAGE_QUALITY, "Image quality", "I", "The image does not show it well."),
    (Cause.OTHER, "Other", "T", "Something else; needs a note."),
)
PANEL_PX = (326, 340)  # in a narrow and in a wide window
KEYS = (
    "1 2 3 one reader, 0 all · Alt+1 2 3 off and on · D map · H look under · E everything · "
    "L side by side · F fit · Q queue · Esc back"
)


class ClaimRow(PickRow):
    """One reader's say: letter and colour at the left, its digit at the right."""

    def __init__(self, letter: str, text: str) -> None:
        place = letter_place(letter)
        super().__init__(text, str(place + 1) if place < 9 else "")
        self.letter, self._place = letter, place
        self.setAccessibleName(f"Reader {letter}: {text}")
        self.setToolTip(f"Shows what reader {letter} said; V accepts it")

    room_px = 14

    def words(self) -> str:
        """Lines break between facts, not within one: "2 images" stays together."""
        facts = self.text().split(" · ")
        return " · ".join(f.replace(" ", "\u00a0") if len(f) < 24 else f for f in facts)

    def paint_mark(self, painter: QPainter, look: theme.Theme, at: QRectF) -> None:
        paint_chip(painter, at.left(), at.center().y() - 5, self._place)
        painter.setPen(QColor(look.text))
        painter.setFont(theme.font(theme.FONT_PX, theme.font().weight()))
        painter.drawText(at.adjusted(13, 0, 10, 0), Qt.AlignmentFlag.AlignVCenter, self.letter)

    def _words(self, width: int):  # type: ignore[no-untyped-def]
        return super()._words(width).adjusted(8, 0, 6, 0)


class ApartBar(QWidget):
    """How far apart the readers are."""

    def __init__(self) -> None:
        super().__init__()
        self._share = 0.0
        self.setFixedHeight(4)

    def show_share(self, share: float) -> None:
        self._share = share
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            paint_bar(painter, QRectF(self.rect()), self._share)


class MatterPanel(QFrame):
    """Signals say what the person wants; the page does it."""

    picked = Signal(str)
    wanted = Signal(str)  # "accept", "reject", "edit", "merge", "agreed", "gold", "next"
    answered = Signal(object)
    region_answered = Signal(str, object)  # an attribute of the adjudicator's own region
    relabelled = Signal(int)
    explained = Signal(object, str)  # a Cause or None, the note
    left = Signal()

    def __init__(self, reading: Reading, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._reading = reading
        self._matter: Matter | None = None
        self._rows: list[ClaimRow] = []
        self.setProperty("role", "side")
        outer = down(self, gap=0)
        area = self._area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inside = QWidget()
        column = down(inside, (12, 12, 12, 12), 8)
        self.kind = label("", "section")
        self.title = label("", "heading", wrap=True)
        self.apart = label("", "small")
        self._bar = ApartBar()
        for widget in (self.kind, self.title, self.apart, self._bar):
            column.addWidget(widget)
        self._claims = down(gap=4)
        column.addLayout(self._claims)
        self.ruling = label("", "ok", wrap=True)
        column.addWidget(self.ruling)
        column.addWidget(self._make_verdicts())
        self.other = OtherAnswer()
        self.other.answered.connect(self.answered)
        self.other.left.connect(self.left)
        column.addWidget(self.other)
        self.truth = TruthForm()
        self.truth.answered.connect(self.region_answered)
        self.truth.relabelled.connect(self.relabelled)
        self.truth.left.connect(self.left)
        column.addWidget(self.truth)
        column.addWidget(rule())
        column.addWidget(self._make_causes())
        column.addStretch(1)
        column.addWidget(label(KEYS, "small", wrap=True))
        area.setWidget(inside)
        outer.addWidget(area, 1)
        outer.addWidget(self._make_foot())

    # what is shown ---------------------------------------------------------------------------

    def show_matter(self, case: QueueCase, matter: Matter, letter: str) -> None:
        """Show a matter; ``letter`` is the reader in hand, "" for none."""
        room = self._reading.workspace
        if room is None:
            return
        same = self._matter is not None and self._matter.subject == matter.subject
        self._matter = matter
        self.kind.setText("Question" if matter.is_question else "Finding")
        self.title.setText(matter_title(room, matter))
        self.apart.setText(apart_text(matter))
        self._bar.show_share(matter.disagreement)
        texts = [claim_text(room, matter, c) for c in matter.claims]
        self._show_claims(matter, texts, letter)
        self.ruling.setText(ruling_text(room, matter) or case.why_not)
        self.ruling.setProperty("role", "warn" if matter.is_stale or case.why_not else "ok")
        self.ruling.style().unpolish(self.ruling)
        self.ruling.style().polish(self.ruling)
        self.ruling.setVisible(bool(self.ruling.text()))
        self._show_verdicts(case, matter, letter)
        self._show_truth(room, case, matter, letter)
        self._show_cause(matter, same)
        self._show_foot(case)

    def focus_note(self) -> None:
        self.note.setFocus(Qt.FocusReason.OtherFocusReason)
        self.note.selectAll()

    def focus_other(self) -> None:
        """Put the keyboard where another answer is given."""
        for part in (self.other, self.truth):
            if not part.isHidden():
                part.take_focus()
                self._area.ensureWidgetVisible(part, 0, 8)

    def cause(self) -> Cause | None:
        """The cause picked, also one that still waits for its note."""
        number = self._cause_group.checkedId()
        return CAUSES[number][0] if number >= 0 else None

    def pick_cause(self, cause: Cause) -> None:
        """Pick a cause, or let it go where it is picked already."""
        number = next(n for n, c in enumerate(CAUSES) if c[0] is cause)
        self._toggle_cause(number)

    # building --------------------------------------------------------------------------------

    def _make_verdicts(self) -> QWidget:
        holder = QWidget()
        grid = QGridLayout(holder)
        grid.setContentsMargins(0, 4, 0, 0)
        grid.setSpacing(6)
        self.buttons: dict[str, QPushButton] = {}
        made = (
            ("accept", "Accept", "primary", "check", "Lets this reader's say stand (V)"),
            ("reject", "Reject", "", "close", "None of it stands (X)"),
            ("edit", "Edit a copy", "", "brush", "Takes a copy into your truth to change it (B)"),
            ("merge", "Merge", "", "adjudicate", "Makes one region of the readers shown (M)"),
        )
        for number, (name, text, role, icon, tip) in enumerate(made):
            button = push(text, role, icon, tip)
            button.clicked.connect(lambda _c=False, n=name: self.wanted.emit(n))
            self.buttons[name] = button
            grid.addWidget(button, number // 2, number % 2)
        return holder

    def _make_causes(self) -> QWidget:
        holder = QWidget()
        column = down(holder, gap=6)
        column.addWidget(label("Why do they disagree?", "section"))
        self._cause_group = QButtonGroup(self)
        self._cause_group.setExclusive(False)
        grid = QGridLayout()
        grid.setSpacing(4)
        for number, (_cause, text, key, tip) in enumerate(CAUSES):
            button = QToolButton()
            button.setText(f"{text}  {key}")
            button.setCheckable(True)
            button.setProperty("role", "push")
            button.setAccessibleName(text)
            button.setToolTip(f"{tip} ({key})")
            button.setSizePolicy(
                button.sizePolicy().Policy.Expanding, button.sizePolicy().Policy.Fixed
            )
            button.clicked.connect(lambda _c=False, n=number: self._clicked_cause(n))
            self._cause_group.addButton(button, number)
            grid.addWidget(button, number // 2, number % 2)
        column.addLayout(grid)
        self.note = _NoteField(self.left)
        self.note.setPlaceholderText("A note: what to learn from it")
        self.note.setAccessibleName("Note")
        self.note.setToolTip("Enter keeps it, Esc goes back to the image (N)")
        self.note.returnPressed.connect(self._explain)
        column.addWidget(self.note)
        return holder

    def _make_foot(self) -> QWidget:
        self._foot = frame("bottombar")
        column = down(self._foot, (14, 10, 14, 12), 8)
        self.progress = label("", "muted", wrap=True)
        column.addWidget(self.progress)
        self.agreed = push("", "", "stack", "Makes your truth hold what nobody disputes (A)")
        self.gold = push("Make gold", "", "verify", "Uses this settled case to test readers")
        self.next = push("Next disagreement", "primary", "next", "Tab")
        self.next.setToolTip("Goes to the next one that is open (Tab)")
        for name, button in (("agreed", self.agreed), ("gold", self.gold), ("next", self.next)):
            button.clicked.connect(lambda _c=False, n=name: self.wanted.emit(n))
            column.addWidget(button)
        return self._foot

    # -----------------------------------------------------------------------------------------

    def _show_claims(self, matter: Matter, texts: list[str], letter: str) -> None:
        wanted = [(c.letter, t) for c, t in zip(matter.claims, texts, strict=True)]
        if wanted != [(r.letter, r.text()) for r in self._rows]:
            clear(self._claims)
            self._rows = []
            for who, text in wanted:
                row = ClaimRow(who, text)
                row.clicked.connect(lambda _c=False, w=who: self.picked.emit(w))
                self._rows.append(row)
                self._claims.addWidget(row)
        for row in self._rows:
            row.setChecked(row.letter == letter)

    def _show_verdicts(self, case: QueueCase, matter: Matter, letter: str) -> None:
        claim = matter.claim(letter)
        said = claim is not None and claim.record is not None
        regions = sum(c.region is not None for c in matter.claims)
        may = not case.why_not
        why = {
            "accept": "" if said else "Choose a reader who said something (1, 2, 3).",
            "reject": "",
            "edit": "" if said else "Choose a reader who marked something (1, 2, 3).",
            "merge": "" if regions > 1 else "Only one reader marked something here.",
        }
        for name, button in self.buttons.items():
            button.setEnabled(may and not why[name])
            tip = button.property("tip") or button.toolTip()
            button.setProperty("tip", tip)
            off = case.why_not or why[name]
            button.setToolTip(f"{tip}\n{off}" if off else tip)
        retext(self.buttons["accept"], f"Accept {letter}" if said else "Accept")
        for name in ("edit", "merge"):
            self.buttons[name].setVisible(not matter.is_question)

    def _show_truth(self, room: Workspace, case: QueueCase, matter: Matter, letter: str) -> None:
        """Where the adjudicator says what no reader said."""
        asks = matter.is_question and not case.why_not
        self.other.setVisible(asks)
        if asks:
            self.other.show_matter(room, matter, letter)
        ruling, schema = matter.ruling, room.schema(matter.case_id)
        made = room.annotation(ruling.made_id) if ruling is not None and ruling.made_id else None
        own = made if not matter.is_question and not case.why_not else None
        self.truth.setVisible(own is not None and schema is not None)
        if own is not None and schema is not None:
            self.truth.show_region(schema, own)

    def _show_cause(self, matter: Matter, same: bool) -> None:
        ruling = matter.ruling
        cause = ruling.cause if ruling is not None else None
        if cause is None and same and self.cause() is not None and self.note.hasFocus():
            return  # picked just now, and its note is being written
        self._check_cause(cause)
        if not self.note.hasFocus() or not same:
            self.note.setText(ruling.note if ruling is not None else "")

    def _show_foot(self, case: QueueCase) -> None:
        total, left = len(case.disputes), len(case.open)
        if left:
            words = f"{case.title}: {total - left} of {total} settled."
        else:
            words = f"{case.title} is settled."
        self.progress.setText(words)
        count = len(case.agreed_left)
        retext(self.agreed, f"Take over {count} agreed")
        self.agreed.setVisible(bool(count) and not left and not case.why_not)
        self.gold.setVisible(not left and not case.why_not and self._may_make_gold())

    def _may_make_gold(self) -> bool:
        room = self._reading.workspace
        return (
            room is not None and hasattr(type(room), "gold") and may(room.reader.role, "MakeGold")
        )

    def _clicked_cause(self, number: int) -> None:
        button = self._cause_group.button(number)
        button.setChecked(not button.isChecked())  # the click turned it; say it ourselves
        self._toggle_cause(number)

    def _toggle_cause(self, number: int) -> None:
        cause = CAUSES[number][0]
        is_on = self._cause_group.button(number).isChecked()
        self._check_cause(None if is_on else cause)
        self._explain()

    def _check_cause(self, cause: Cause | None) -> None:
        for number, (known, *_words) in enumerate(CAUSES):
            self._cause_group.button(number).setChecked(known is cause)

    def _explain(self) -> None:
        self.explained.emit(self.cause(), self.note.text())


class _NoteField(QLineEdit):
    """A field in which Esc goes back to the image."""

    def __init__(self, left: object) -> None:
        super().__init__()
        self._left = left

    def event(self, event):  # type: ignore[no-untyped-def]
        if event.type() == event.Type.ShortcutOverride and event.key() == Qt.Key.Key_Escape:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._left.emit()  # type: ignore[attr-defined]
            return
        super().keyPressEvent(event)
