"""Two pictures side by side that move as one: the readers' work, and the adjudicator's truth."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSplitter, QToolButton, QWidget

from desktop.domain.letters import letter_place
from desktop.gui.adjudication.claims_sheet import (
    ClaimsLook,
    ClaimsSheet,
    reader_colour,
    vote_colour,
)
from desktop.gui.canvas.canvas import CanvasView
from desktop.gui.reading.reading import Reading
from desktop.gui.reading.side_reading import SideReading, link
from desktop.gui.widgets import icons, theme
from desktop.gui.widgets.furniture import ElidedLabel, across, clear, down, frame, label

BAR_PX = 36
KeyTaker = Callable[[QKeyEvent, bool], bool]  # the key, and whether it only asks who takes it


class LetterButton(QToolButton):
    """One reader's letter with its colour; on or off."""

    def __init__(self, letter: str, place: int) -> None:
        super().__init__()
        self.letter, self._place = letter, place
        self.setText(f"    {letter}")
        self.setCheckable(True)
        self.setProperty("role", "text")
        self.setMinimumWidth(46)
        self.setAccessibleName(f"Reader {letter}")
        key = place + 1
        words = f"Switches reader {letter} off or on (Alt+{key})"
        self.setToolTip(f"{words}; {key} shows them alone, 0 all")

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            paint_chip(painter, 7, self.height() / 2 - 5, self._place, self.isChecked())


def is_escape_asked(event: QEvent) -> bool:
    """Whether Esc was pressed and the window asks who wants it before it takes it itself."""
    asks = event.type() == QEvent.Type.ShortcutOverride
    return asks and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape


def paint_chip(painter: QPainter, x: float, y: float, place: int, filled: bool = True) -> None:
    """A reader's colour as a small square; hollow where the reader is not shown."""
    colour = QColor(reader_colour(place))
    painter.setPen(QColor(theme.current().edge) if filled else colour)
    painter.setBrush(colour if filled else Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(int(x), int(y), 10, 10, 2, 2)


class LinkedViewers(QWidget):
    """``letter_picked`` carries a letter, ``map_wanted`` the other state of the map."""

    letter_picked = Signal(str)
    map_wanted = Signal(bool)

    def __init__(self, main: Reading, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = ClaimsLook()
        self.is_side_by_side = True
        self._is_editing = False
        self.take_key: KeyTaker = lambda _event, _asks: False
        self.theirs = SideReading(main, self)
        self.own = SideReading(main, self)
        link(self.theirs, self.own)
        self.readers = CanvasView(
            self.theirs, make_sheet=lambda room, case, series: ClaimsSheet(
                room, case, series, self.look
            ),
        )  # fmt: skip
        self.readers.setAccessibleName("Readers' regions")
        self.truth = CanvasView(self.own)
        self.truth.setAccessibleName("Your truth")
        for canvas in (self.readers, self.truth):
            canvas.recovery_offered.connect(lambda _text: None)  # it is offered where one reads
            canvas.installEventFilter(self)
        column = down(self, gap=0)
        self._split = QSplitter(Qt.Orientation.Horizontal)
        self._split.setChildrenCollapsible(False)
        self._split.setHandleWidth(1)
        self._left = self._side(self._reader_bar(), self.readers)
        self._split.addWidget(self._left)
        self._right = self._side(self._truth_bar(), self.truth)
        self._split.addWidget(self._right)
        self._split.setSizes([500, 500])
        column.addWidget(self._split, 1)

    # what is shown ---------------------------------------------------------------------------

    def show_look(self, look: ClaimsLook) -> None:
        """Show these claims."""
        self.look = look
        self._fill_letters()
        self._map.setChecked(look.as_map)
        self._legend.setVisible(look.as_map)
        self._legend.show_readers(len(look.letters))
        self.readers.read_again()

    def set_side_by_side(self, on: bool) -> None:
        """Show the truth beside the readers' work, or give the readers all the room."""
        self.is_side_by_side = on
        self._arrange()
        if on:
            half = max(1, self._split.width() // 2)
            self._split.setSizes([half, half])

    def set_editing(self, on: bool, words: str) -> None:
        """Whether the truth can be changed just now; alone, it takes the readers' room then."""
        self._truth_words.setText(words)
        self._pen.setVisible(on)
        self._is_editing = on
        self._arrange()

    def _arrange(self) -> None:
        self._left.setVisible(self.is_side_by_side or not self._is_editing)
        self._right.setVisible(self.is_side_by_side or self._is_editing)

    def hide_overlays(self, hidden: bool) -> None:
        for reading in (self.theirs, self.own):
            reading.replace(overlays_visible=not hidden)

    def fit(self) -> None:
        self.theirs.replace(zoom=0.0, center=None)

    def focus(self, editing: bool = False) -> None:
        """Give the keyboard to the picture."""
        canvas = self.truth if editing else self.readers
        canvas.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def has_focus(self) -> bool:
        return self.readers.hasFocus() or self.truth.hasFocus()

    # events ----------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys of the page come before those of the canvas."""
        kinds = (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress, QEvent.Type.KeyRelease)
        if event.type() in kinds and isinstance(event, QKeyEvent):
            asks = event.type() == QEvent.Type.ShortcutOverride
            if self.take_key(event, asks):
                event.accept()
                return True
        return super().eventFilter(watched, event)

    # building --------------------------------------------------------------------------------

    def _side(self, bar: QWidget, canvas: CanvasView) -> QWidget:
        holder = QWidget()
        column = down(holder, gap=0)
        column.addWidget(bar)
        column.addWidget(canvas, 1)
        return holder

    def _reader_bar(self) -> QWidget:
        bar = frame("topbar")
        bar.setFixedHeight(BAR_PX)
        row = across(bar, (10, 0, 6, 0), 4)
        row.addWidget(label("Readers", "section"))
        self._letters = across(gap=2)
        row.addLayout(self._letters)
        row.addStretch(1)
        self._legend = MapLegend()
        row.addWidget(self._legend)
        self._map = QToolButton()
        self._map.setText("Map")
        self._map.setProperty("role", "text")
        self._map.setCheckable(True)
        self._map.setAccessibleName("Disagreement map")
        self._map.setToolTip("Shows how many readers marked each pixel (D)")
        self._map.clicked.connect(self.map_wanted)
        row.addWidget(self._map)
        return bar

    def _truth_bar(self) -> QWidget:
        bar = frame("topbar")
        bar.setFixedHeight(BAR_PX)
        row = across(bar, (10, 0, 10, 0), 6)
        self._pen = icons.Glyph("brush", "accent", 16)
        self._pen.hide()
        row.addWidget(self._pen)
        row.addWidget(label("Your truth", "section"))
        self._truth_words = ElidedLabel(role="small")
        row.addWidget(self._truth_words, 1)
        return bar

    def _fill_letters(self) -> None:
        letters = sorted({c.letter for c in self.look.claims}, key=lambda c: (len(c), c))
        shown = [b.letter for b in self._buttons()]
        if shown != letters:
            clear(self._letters)
            for letter in letters:
                button = LetterButton(letter, letter_place(letter))
                button.clicked.connect(lambda _c=False, who=letter: self.letter_picked.emit(who))
                self._letters.addWidget(button)
        for button in self._buttons():
            button.setChecked(button.letter in self.look.letters)

    def _buttons(self) -> list[LetterButton]:
        items = [self._letters.itemAt(n) for n in range(self._letters.count())]
        widgets = [item.widget() for item in items if item is not None]
        return [w for w in widgets if isinstance(w, LetterButton)]


class MapLegend(QWidget):
    """What the colours of the map mean."""

    def __init__(self) -> None:
        super().__init__()
        self._row = across(self, gap=6)
        self._readers = 0
        self.hide()

    def show_readers(self, readers: int) -> None:
        if readers == self._readers:
            return
        self._readers = readers
        clear(self._row)
        for votes in sorted({1, max(1, readers - 1), max(1, readers)}):
            words = "all" if votes == readers else f"{votes} of {readers}"
            self._row.addWidget(_Swatch(vote_colour(votes, readers)))
            text: QLabel = label(words, "small")
            self._row.addWidget(text)


class _Swatch(QWidget):
    def __init__(self, colour: str) -> None:
        super().__init__()
        self._colour = colour
        self.setFixedSize(10, 10)

    def paintEvent(self, _event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), QColor(self._colour))
