"""Synthetic images: choose a generator, move its sliders, see image and label, make many."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QGridLayout,
    QScrollArea,
    QSlider,
    QSpinBox,
    QWidget,
)

from desktop.domain.errors import UserError
from desktop.gui.furniture import ElidedLabel, across, clear, down, frame, label, push
from desktop.gui.shell import Shell

if TYPE_CHECKING:
    from desktop.engines.synthetic import Generator, Made, Slider
    from desktop.workspace.made_images import MadeReport

_STEPS = 200
_PREVIEW = 256
_PAUSE_MS = 150


class SyntheticPage(QWidget):
    """Sliders at the left; image and label side by side; the number, seed and folder below."""

    chosen = Signal(str)
    left = Signal()

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._shell, self._reading = shell, shell.reading
        self._generators: dict[str, Generator] = {}
        self._sliders: dict[str, tuple[Slider, QSlider]] = {}
        self._drawing = self._again = False
        self.folder: Path | None = None
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._draw)
        column = down(self, (24, 16, 24, 16), 12)
        column.addLayout(self._make_head())
        middle = across(gap=12)
        middle.addWidget(self._make_sliders())
        middle.addWidget(self._make_preview(), 1)
        column.addLayout(middle, 1)
        column.addWidget(self._make_foot())
        self._reading.opened.connect(lambda _room: self._forget())

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        room = self._reading.workspace
        if room is None:
            return
        if not self._generators:
            self._generators = {g.name: g for g in room.synthetic.generators()}
            for name, generator in self._generators.items():
                self.kind.addItem(generator.title, name)
        if self.folder is None:
            self._set_folder(room.path.parent / f"{room.path.stem}-synthetic")
        self._pause.start()

    def take_focus(self) -> None:
        self.kind.setFocus()

    def values(self) -> dict[str, float]:
        """Where the sliders stand."""
        return {n: _value(s, bar.value()) for n, (s, bar) in self._sliders.items()}

    def make(self) -> None:
        """Make the images in the background."""
        room = self._reading.workspace
        if room is None or self.folder is None:
            return
        self.go.setEnabled(False)
        self.result.setText("Making images; the line at the bottom shows how far.")
        try:
            room.synthetic.start(
                self.kind.currentData(), self.count.value(), self.seed.value(), self.values(),
                self.folder, self._made, self._failed,
            )  # fmt: skip
        except UserError as error:
            self._failed(error)

    # parts ---------------------------------------------------------------------------------

    def _make_head(self) -> Any:
        head = across(gap=12)
        head.addWidget(label("Synthetic images", "title"))
        self.kind = QComboBox()
        self.kind.setAccessibleName("Generator")
        self.kind.setToolTip("What kind of image is made.")
        self.kind.setMinimumWidth(240)
        self.kind.currentIndexChanged.connect(lambda _i: self._show_sliders())
        head.addWidget(self.kind)
        head.addStretch(1)
        back = push("Back", tip="Back to where you were (Esc)")
        back.clicked.connect(self.left)
        head.addWidget(back)
        return head

    def _make_sliders(self) -> QWidget:
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFixedWidth(320)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        card = frame("card")
        self._column = down(card, (16, 12, 16, 12), 4)
        area.setWidget(card)
        return area

    def _make_preview(self) -> QWidget:
        card = frame("card")
        grid = QGridLayout(card)
        grid.setContentsMargins(16, 12, 16, 12)
        grid.setSpacing(8)
        self.image, self.label_picture = _Picture("Image"), _Picture("Label")
        for at, (words, picture) in enumerate(
            (("Image", self.image), ("Label", self.label_picture))
        ):
            grid.addWidget(label(words, "heading"), 0, at)
            grid.addWidget(picture, 1, at)
        self.key = label("", "muted", wrap=True)
        grid.addWidget(self.key, 2, 0, 1, 2)
        grid.setRowStretch(1, 1)
        return card

    def _make_foot(self) -> QWidget:
        card = frame("card")
        column = down(card, (16, 12, 16, 12), 8)
        row = across(gap=8)
        self.count = _number("Number of images", 1, 5000, 20)
        self.count.setToolTip("Each becomes a case of its own.")
        self.seed = _number("Seed", 0, 2**31 - 1 - 5000, 1)
        self.seed.setToolTip(
            "The first image has this seed, the next one more. Same seed, same image."
        )
        self.seed.valueChanged.connect(lambda _v: self._pause.start())
        for words, field in (("Images", self.count), ("Seed", self.seed)):
            row.addWidget(label(words, "muted"))
            row.addWidget(field)
        row.addSpacing(8)
        row.addWidget(label("Into", "muted"))
        self.place = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle)
        row.addWidget(self.place, 1)
        pick = push("Folder…", "", "folder", "Where the files are written.")
        pick.clicked.connect(self._ask_folder)
        row.addWidget(pick)
        self.go = push("", "primary", "plus", "Makes the images and adds them with their labels.")
        self.go.clicked.connect(self.make)
        row.addWidget(self.go)
        self.count.valueChanged.connect(self._say_count)
        self._say_count(self.count.value())
        column.addLayout(row)
        below = across(gap=8)
        self.result = label(
            "Synthetic cases are marked for ever and stay in training: never validation or test.",
            "muted",
            wrap=True,
        )
        below.addWidget(self.result, 1)
        self.to_list = push("Show the work list", "link", tip="The new cases are at its end.")
        self.to_list.clicked.connect(lambda: self._shell.page_wanted.emit("worklist"))
        self.to_list.hide()
        below.addWidget(self.to_list)
        column.addLayout(below)
        return card

    def _show_sliders(self) -> None:
        """The sliders of the chosen generator, at their defaults."""
        from desktop.engines.synthetic import SCANNER

        clear(self._column)
        self._sliders.clear()
        generator = self._generators[self.kind.currentData()]
        for words, group in (("Scene", generator.sliders), ("Scanner", SCANNER)):
            self._column.addWidget(label(words, "heading"))
            for slider in group:
                self._add_slider(slider)
        self._column.addStretch(1)
        self._pause.start()

    def _add_slider(self, slider: Slider) -> None:
        words = label("", "muted")
        bar = QSlider(Qt.Orientation.Horizontal)
        bar.setRange(0, _steps(slider))
        bar.setAccessibleName(slider.title)
        bar.setToolTip(f"{slider.title}, {slider.low:g} to {slider.high:g} {slider.unit}".strip())

        def show(at: int) -> None:
            words.setText(f"{slider.title}: {_value(slider, at):.3g} {slider.unit}".strip())
            self._pause.start()

        bar.valueChanged.connect(show)
        share = (slider.default - slider.low) / (slider.high - slider.low)
        bar.setValue(round(share * _steps(slider)))
        show(bar.value())
        self._column.addWidget(words)
        self._column.addWidget(bar)
        self._sliders[slider.name] = (slider, bar)

    # acts ----------------------------------------------------------------------------------

    def _draw(self) -> None:
        """Draw the first image in the background; a newer wish waits for the one being drawn."""
        room = self._reading.workspace
        if room is None or not self._sliders or not self.isVisible():
            return
        if self._drawing:
            self._again = True
            return
        self._drawing = True
        room.synthetic.start_preview(
            self.kind.currentData(), self.seed.value(), self.values(), self._drawn, self._undrawn,
            _PREVIEW,
        )  # fmt: skip

    def _drawn(self, made: Made) -> None:
        grey = (made.values_yx >> 4).astype(np.uint8)
        self.image.show_pixels(np.repeat(grey[..., None], 3, axis=2))
        colors = self._colors()
        table = np.array([(0, 0, 0), *(_rgb(c) for c in colors)], dtype=np.uint8)
        self.label_picture.show_pixels(table[made.labels_yx])
        counts = np.bincount(made.labels_yx.ravel(), minlength=len(made.classes) + 1)[1:]
        total = made.labels_yx.size
        self.key.setText(
            "Label: "
            + ", ".join(
                f"{c} {100 * n / total:.1f} %" for c, n in zip(made.classes, counts, strict=False)
            )
            + " of the image. Exact to the pixel."
        )
        self._ended()

    def _undrawn(self, error: UserError) -> None:
        self._ended()
        self._shell.say_error(error)

    def _ended(self) -> None:
        self._drawing = False
        if self._again:
            self._again = False
            self._pause.start()

    def _colors(self) -> tuple[str, ...]:
        from desktop.workspace.synthetic import class_colors

        return class_colors(len(self._generators[self.kind.currentData()].classes))

    def _made(self, report: MadeReport) -> None:
        self.go.setEnabled(True)
        self.result.setText(f"{report.sentence} Files: {report.folder}")
        self.to_list.setVisible(bool(report.cases))

    def _failed(self, error: UserError) -> None:
        self.go.setEnabled(True)
        self.result.setText(" ".join(t for t in (error.title, error.detail, error.hint) if t))
        self._shell.say_error(error)

    def _ask_folder(self) -> None:
        picked = QFileDialog.getExistingDirectory(self, "Folder for synthetic images")
        if picked:
            self._set_folder(Path(picked))

    def _set_folder(self, folder: Path) -> None:
        self.folder = folder
        self.place.setText(str(folder))

    def _say_count(self, number: int) -> None:
        self.go.setText(f" Make {number:,} images" if number != 1 else " Make 1 image")
        self.go.setAccessibleName(self.go.text().strip())

    def _forget(self) -> None:
        """Another project: another folder, and nothing said of the last one."""
        self.folder, self._drawing, self._again = None, False, False
        self.to_list.hide()
        self.go.setEnabled(True)


class _Picture(QWidget):
    """Pixels drawn as large as fits, square pixels, unsmoothed."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setMinimumSize(QSize(120, 120))
        self.shown: QImage | None = None

    def show_pixels(self, pixels: np.ndarray) -> None:
        """(rows, columns, 3) uint8."""
        rows, columns = pixels.shape[:2]
        data = np.ascontiguousarray(pixels).tobytes()
        self.shown = QImage(data, columns, rows, columns * 3, QImage.Format.Format_RGB888).copy()
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self.shown is None:
            return
        side = min(self.width(), self.height())
        painter = QPainter(self)
        painter.drawImage(self.rect().adjusted(0, 0, side - self.width(), side - self.height()),
                          self.shown)  # fmt: skip
        painter.end()


def _number(name: str, low: int, high: int, value: int) -> QSpinBox:
    made = QSpinBox()
    made.setRange(low, high)
    made.setValue(value)
    made.setAccessibleName(name)
    return made


def _is_whole(slider: Slider) -> bool:
    return slider.name in ("number", "pieces")


def _steps(slider: Slider) -> int:
    return round(slider.high - slider.low) if _is_whole(slider) else _STEPS


def _value(slider: Slider, at: int) -> float:
    value = slider.low + (slider.high - slider.low) * at / _steps(slider)
    return float(min(slider.high, round(value, 6)))


def _rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
