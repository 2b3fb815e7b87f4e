"""What goes into a model and what is left out of what comes out: the fields of its contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from desktop.domain.errors import UserError
from desktop.domain.model_card import Fit, Layout, ModelCard, Pool, Task, Values
from desktop.domain.study import Window
from desktop.gui.widgets.furniture import inset, label

_LAYOUTS = {
    Layout.NCHW: "planes of an image (NCHW)",
    Layout.NHWC: "an image, colours last (NHWC)",
    Layout.NCDHW: "a block of slices (NCDHW)",
    Layout.NF: "one row of numbers (NF)",
}
_FITS = {
    Fit.STRETCH: "stretched to the size",
    Fit.LETTERBOX: "fitted in, the rest is 0",
    Fit.TILE: "cut into tiles",
}
_POOLS = {
    Pool.MEAN: "the mean over all images",
    Pool.MAX: "the highest of all images",
    Pool.MIDDLE: "the middle image",
}
_COLOURS = {1: "grey", 3: "colour (RGB)"}


class ModelInputForm(QWidget):
    """Beside what the card says first; ``changed`` gives the card with what the fields say."""

    def __init__(self, card: ModelCard, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        own, window = card.input, card.input.window
        self.axes = choice(_LAYOUTS, own.layout)
        self.columns, self.rows = _size(own.columns), _size(own.rows)
        self.slices = _count(own.slices, 1, 512)
        self.channels = choice(_COLOURS, own.channels)
        self.fit = choice(_FITS, own.fit)
        self.overlap = _share(own.overlap, 0.9)
        self.greys = choice({False: "as it is shown first", True: "its own"}, window is not None)
        self.greys_centre = _number(window.center if window else 40.0, -32768, 65535)
        self.greys_width = _number(window.width if window else 400.0, 1, 65535)
        self.mean, self.std = (QLineEdit(_listed(v)) for v in (own.mean, own.std))
        self.pool = choice(_POOLS, card.pool)
        self.least = _count(card.min_area_px, 0, 100_000, " px")
        self.union = _share(card.overlap_limit, 1.0, 0.05)
        self.most = _count(card.most, 1, 5000)
        self.limit = _count(round(card.limit_s), 1, 3600, " s")
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnStretch(1, 1)
        self._grid.setColumnStretch(3, 1)
        self._lines: dict[str, tuple[QWidget, QWidget]] = {}
        self.mean.setPlaceholderText("0")
        self.std.setPlaceholderText("1")
        for words, field, tip in self._fields():
            text = label(words, "muted")
            text.setParent(self)
            field.setParent(self)
            field.setAccessibleName(words)
            field.setToolTip(tip)
            if isinstance(field, QAbstractSpinBox):
                inset(field)
            self._lines[words] = (text, field)
        for box in (self.axes, self.fit, self.greys):
            box.currentIndexChanged.connect(lambda _n: self._ask())
        self._task, self._values = card.task, own.values
        self._ask()

    def ask_for(self, task: Task, values: Values) -> None:
        """Offer what this task and these values need."""
        self._task, self._values = task, values
        self._ask()

    def changed(self, card: ModelCard) -> ModelCard:
        """The card with these fields; UserError where numbers can't be read."""
        is_own = bool(self.greys.currentData())
        own = (
            Window(center=self.greys_centre.value(), width=self.greys_width.value())
            if is_own
            else None
        )
        return replace(
            card,
            input=replace(
                card.input,
                layout=Layout(self.axes.currentData()),
                rows=self.rows.value(),
                columns=self.columns.value(),
                slices=self.slices.value(),
                channels=int(self.channels.currentData()),
                fit=Fit(self.fit.currentData()),
                overlap=round(self.overlap.value() / 100, 4),
                window=own,
                mean=_numbers("Mean", self.mean.text()),
                std=_numbers("Deviation", self.std.text()),
            ),
            pool=Pool(self.pool.currentData()),
            min_area_px=self.least.value(),
            overlap_limit=round(self.union.value() / 100, 4),
            most=self.most.value(),
            limit_s=float(self.limit.value()),
        )

    # ---------------------------------------------------------------------------------------

    def _fields(self) -> tuple[tuple[str, QWidget, str], ...]:
        return (
            ("Axes", self.axes, "N is one, C colours or slices, D slices, H rows, W columns."),
            ("Colours", self.channels, "A grey image is repeated where colour is wanted."),
            ("Width", self.columns, "Columns that the model wants; 0: those of the image."),
            ("Height", self.rows, "Rows that the model wants; 0: those of the image."),
            ("Images come", self.fit, "What is done where the image has another size."),
            ("Tiles overlap", self.overlap, "Share of a tile or block that its neighbour has too."),
            (
                "Slices",
                self.slices,
                "Neighbouring images that go in at once, or slices of a block.",
            ),
            ("Window", self.greys, "Which values become black and white before they go in."),
            ("Window centre", self.greys_centre, "In the units of the image, such as HU."),
            ("Window width", self.greys_width, "In the units of the image, such as HU."),
            ("Mean", self.mean, "Taken off at the end: one number, or one per colour."),
            ("Deviation", self.std, "Divided by at the end: one number, or one per colour."),
            ("Answer is", self.pool, "How answers about images become one about the case."),
            ("Least area", self.least, "Smaller regions are left out."),
            ("Same from", self.union, "Boxes of a class that overlap more are one."),
            ("At most", self.most, "Suggestions for a series."),
            ("One call takes", self.limit, "After so many seconds the model is stopped."),
        )

    def _ask(self) -> None:
        layout, tiles = self.axes.currentData(), self.fit.currentData() == Fit.TILE
        windowed = self._values is not Values.MODALITY
        regions = self._task in (Task.SEGMENTATION, Task.INSTANCES)
        wanted = {
            "Tiles overlap": tiles or layout == Layout.NCDHW,
            "Images come": layout != Layout.NCDHW,
            "Slices": layout in (Layout.NCHW, Layout.NCDHW),
            "Window": windowed,
            "Window centre": windowed and bool(self.greys.currentData()),
            "Window width": windowed and bool(self.greys.currentData()),
            "Answer is": self._task is Task.CLASSIFICATION,
            "Least area": regions,
            "Same from": self._task is Task.DETECTION,
            "At most": self._task is not Task.CLASSIFICATION,
        }
        places = iter(range(len(self._lines)))
        for words, parts in self._lines.items():
            is_wanted = wanted.get(words, True)
            row, side = divmod(next(places), 2) if is_wanted else (0, 0)
            for number, part in enumerate(parts):
                self._grid.removeWidget(part)
                if is_wanted:
                    self._grid.addWidget(part, row, 2 * side + number)
                part.setVisible(is_wanted)


def choice(offered: Mapping[Any, str], now: object) -> QComboBox:
    """A box of choices that hold their meaning as data."""
    box = QComboBox()
    for meaning, words in offered.items():
        box.addItem(words, meaning)
    known = list(offered)
    box.setCurrentIndex(known.index(now) if now in known else 0)
    return box


def _size(value: int) -> QSpinBox:
    made = _count(value, 0, 8192, " px")
    made.setSpecialValueText("its own")
    return made


def _count(value: int, least: int, most: int, unit: str = "") -> QSpinBox:
    made = QSpinBox()
    made.setRange(least, most)
    made.setValue(value)
    made.setSuffix(unit)
    return made


def _share(value: float, most: float, least: float = 0.0) -> QDoubleSpinBox:
    made = QDoubleSpinBox()
    made.setDecimals(0)
    made.setRange(100 * least, 100 * most)
    made.setValue(100 * value)
    made.setSuffix(" %")
    return made


def _number(value: float, least: float, most: float) -> QDoubleSpinBox:
    made = QDoubleSpinBox()
    made.setDecimals(1)
    made.setRange(least, most)
    made.setValue(value)
    return made


def _listed(values: Sequence[float]) -> str:
    return ", ".join(f"{v:g}" for v in values)


def _numbers(words: str, text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.replace(";", ",").split(",") if part.strip())
    except ValueError as error:
        raise UserError(f"{words} has to be numbers, set apart by commas.", text[:60]) from error
