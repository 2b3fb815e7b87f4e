"""The sliders and the pictures of the page of synthetic images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QScrollArea, QSlider, QSpinBox, QWidget

from desktop.gui.widgets.furniture import clear, down, frame, inset, label

if TYPE_CHECKING:
    from desktop.engines.synthesis.synthetic import Slider

_STEPS = 200


class SliderColumn(QScrollArea):
    """Parameters in groups, each with its value in words; ``above`` holds what comes first."""

    moved = Signal()

    def __init__(self, above: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bars: dict[str, tuple[Slider, QSlider]] = {}
        self.setWidgetResizable(True)
        self.setFixedWidth(320)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        card = frame("card")
        whole = down(card, (16, 12, 16, 12), 4)
        whole.addWidget(above)
        self._column = down(None, (0, 0, 0, 0), 4)
        whole.addLayout(self._column)
        whole.addStretch(1)
        self.setWidget(card)

    def values(self) -> dict[str, float]:
        """Where the sliders stand."""
        return {n: _value(s, bar.value()) for n, (s, bar) in self.bars.items()}

    def show_groups(self, groups: Sequence[tuple[str, Sequence[Slider]]]) -> None:
        """Other sliders, at their defaults."""
        clear(self._column)
        self.bars.clear()
        for words, group in groups:
            self._column.addWidget(label(words, "heading"))
            for slider in group:
                self._add(slider)

    def _add(self, slider: Slider) -> None:
        words = label("", "muted", wrap=True)
        bar = QSlider(Qt.Orientation.Horizontal)
        bar.setRange(0, _steps(slider))
        bar.setAccessibleName(slider.title)
        bar.setToolTip(f"{slider.title}, {slider.low:g} to {slider.high:g} {slider.unit}".strip())

        def show(at: int) -> None:
            words.setText(f"{slider.title}: {_value(slider, at):.3g} {slider.unit}".strip())
            self.moved.emit()

        bar.valueChanged.connect(show)
        share = (slider.default - slider.low) / (slider.high - slider.low)
        bar.setValue(round(share * _steps(slider)))
        show(bar.value())
        self._column.addWidget(words)
        self._column.addWidget(bar)
        self.bars[slider.name] = (slider, bar)


class Picture(QWidget):
    """Pixels drawn as large as fits, square pixels, unsmoothed; a click says where."""

    clicked = Signal(float, float)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setMinimumSize(QSize(120, 120))
        self.shown: QImage | None = None

    def show_pixels(self, pixels: np.ndarray | None) -> None:
        """(rows, columns, 3) uint8, or None for nothing."""
        self.shown = None
        if pixels is not None:
            rows, columns = pixels.shape[:2]
            data = np.ascontiguousarray(pixels).tobytes()
            format_ = QImage.Format.Format_RGB888
            self.shown = QImage(data, columns, rows, columns * 3, format_).copy()
        self.update()

    def area(self) -> QRect:
        """Where the image is drawn."""
        if self.shown is None:
            return QRect()
        size = self.shown.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        return QRect(QPoint(0, 0), size)

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self.shown is None:
            return
        painter = QPainter(self)
        painter.drawImage(self.area(), self.shown)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        area, at = self.area(), event.position()
        if self.shown is None or event.button() is not Qt.MouseButton.LeftButton:
            return
        if area.contains(at.toPoint()):
            scale = self.shown.width() / area.width()
            self.clicked.emit(at.x() * scale, at.y() * scale)


def outlined(grey_yx: np.ndarray, mask_yx: np.ndarray | None, color: str) -> np.ndarray:
    """(rows, columns, 3) uint8: the image with a line around the mask, outside of its pixels."""
    shown = np.repeat(grey_yx[..., None], 3, axis=2)
    if mask_yx is not None:
        grown = mask_yx
        for _ in range(max(1, max(mask_yx.shape) // 500)):  # a large image is shown smaller
            before, grown = grown, grown.copy()
            grown[1:] |= before[:-1]
            grown[:-1] |= before[1:]
            grown[:, 1:] |= before[:, :-1]
            grown[:, :-1] |= before[:, 1:]
        shown[grown & ~mask_yx] = rgb(color)
    return shown


def number(name: str, low: int, high: int, value: int, tip: str) -> QSpinBox:
    """A field for a whole number."""
    made = QSpinBox()
    inset(made)
    made.setRange(low, high)
    made.setValue(value)
    made.setAccessibleName(name)
    made.setToolTip(tip)
    return made


def rgb(color: str) -> tuple[int, int, int]:
    """Red, green and blue of “#RRGGBB”."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _is_whole(slider: Slider) -> bool:
    return slider.name in ("number", "pieces")


def _steps(slider: Slider) -> int:
    return round(slider.high - slider.low) if _is_whole(slider) else _STEPS


def _value(slider: Slider, at: int) -> float:
    """The value at a step, rounded to what the steps can tell apart."""
    span = slider.high - slider.low
    digits = 0 if _is_whole(slider) else -math.ceil(math.log10(span / _STEPS))
    value = round(slider.low + span * at / _steps(slider), digits)
    return float(min(slider.high, max(slider.low, value)))
