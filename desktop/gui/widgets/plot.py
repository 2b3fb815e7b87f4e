"""A plot on a page: ``PlotView`` shows a ``Plot``, says values and hands back the datum's key.

    view = PlotView("Learning curve")
    view.clicked.connect(lambda key: ...)           # key of the datum, as given in Datum.key
    view.show_plot(Plot(x=Axis("labels"), y=Axis("accuracy", percent=True), layers=(Line(data),)))

``Plot``, ``Axis``, ``Datum`` and the layers ``Line``, ``Points``, ``Bars``, ``Cells``, ``Guide``
are plain data from ``desktop.exchange.plots`` (see there for every field); ready-made kinds
(histogram, bland_altman, confusion, heat_map, reliability, forest) are in ``plot_kinds``. The
same description is written without a screen by ``desktop.exchange.plot_svg.plot_svg``, and its
numbers by ``values_csv``.

Pointing at a datum says its values. By keyboard: arrows move between data, Home and End go to the
first and last, Enter or Space chooses, Ctrl+S saves. A right click or the Menu key offers SVG, PNG
and CSV. Colours come from the theme and follow it.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QFileDialog, QMenu, QSizePolicy, QWidget

from desktop.exchange.plot_kinds import (
    bland_altman,
    confusion,
    forest,
    heat_map,
    histogram,
    reliability,
)
from desktop.exchange.plot_layout import lay_out
from desktop.exchange.plot_shapes import Hit, Laid
from desktop.exchange.plot_svg import PAPER, laid_svg
from desktop.exchange.plots import (
    Axis,
    Bars,
    Cells,
    Datum,
    Guide,
    Line,
    Plot,
    Points,
    values_csv,
)
from desktop.gui.widgets import theme
from desktop.gui.widgets.plot_paint import measure, paint, theme_inks

__all__ = [
    "Axis", "Bars", "Cells", "Datum", "Guide", "Line", "Plot", "PlotView", "Points",
    "bland_altman", "confusion", "forest", "heat_map", "histogram", "reliability", "save_plot",
]  # fmt: skip

_WAYS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
_NEAR = 10.0
_PAD = 6.0
_EMPTY = Plot(Axis(), Axis(), ())


class PlotView(QWidget):
    """Shows one plot. ``clicked`` and ``pointed`` carry the datum's key (None: pointed at none)."""

    clicked = Signal(object)
    pointed = Signal(object)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plot = _EMPTY
        self._name = name
        self._laid = Laid(0, 0, ())
        self._now: Hit | None = None
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 110)

    def show_plot(self, plot: Plot) -> None:
        """Show another plot; the datum that was pointed at stays where its key is still there."""
        key = self._now.key if self._now else None
        self.plot = plot
        self._lay()
        self._now = next((h for h in self._laid.hits if key is not None and h.key == key), None)
        self.setAccessibleDescription(plot.note or plot.title)
        self.update()

    def hits(self) -> tuple[Hit, ...]:
        """Where each datum can be pointed at, in the widget's pixels."""
        return self._laid.hits

    def place_of(self, key: Hashable) -> QPointF:
        """Middle of a datum, in the widget's pixels."""
        hit = next(h for h in self._laid.hits if h.key == key)
        return QPointF(*hit.middle)

    def words(self) -> str:
        """What is said of the datum pointed at; "" for none."""
        return self._now.words if self._now else ""

    def current(self) -> Hashable | None:
        """Key of the datum pointed at or moved to."""
        return self._now.key if self._now else None

    def save(self, path: Path) -> None:
        """Write the plot as .svg, .png (two pixels per pixel) or .csv (its numbers)."""
        save_plot(self.plot, path, QSize(max(480, self.width()), max(300, self.height())))

    # events --------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        return QSize(420, 260)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        key = self._now.key if self._now else None
        self._lay()
        self._now = next((h for h in self._laid.hits if key is not None and h.key == key), None)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._lay()
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            paint(painter, self._laid, theme_inks())
            if self._now is not None:
                self._paint_now(painter, self._now)
            elif self.hasFocus():
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(QColor(theme.current().accent), 2))
                painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 4, 4)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point_at(self._nearest(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        if not self.hasFocus():
            self._point_at(None)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._point_at(None)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        hit = self._nearest(event.position())
        if event.button() == Qt.MouseButton.LeftButton and hit is not None:
            self._point_at(hit)
            self.clicked.emit(hit.key)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, hits = event.key(), self._laid.hits
        if key in _WAYS and hits:
            self._point_at(self._beyond(*_WAYS[Qt.Key(key)]))
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End) and hits:
            self._point_at(hits[0 if key == Qt.Key.Key_Home else -1])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._now:
            self.clicked.emit(self._now.key)
        elif key == Qt.Key.Key_Escape and self._now is not None:
            self._point_at(None)
        elif key == Qt.Key.Key_S and event.modifiers() == Qt.KeyboardModifier.ControlModifier:
            self.ask_save("svg")
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        for kind, words in (("svg", "SVG"), ("png", "PNG"), ("csv", "CSV: the numbers")):
            menu.addAction(f"Save as {words}…", partial(self.ask_save, kind))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())

    def ask_save(self, kind: str) -> None:
        """Ask where to write the plot, and write it there."""
        stem = (self.plot.title or self._name).lower().replace(" ", "-").replace("/", "-")
        filters = f"{kind.upper()} (*.{kind})"
        chosen, _kind = QFileDialog.getSaveFileName(self, "Save plot", f"{stem}.{kind}", filters)
        if chosen:
            self.save(Path(chosen).with_suffix(f".{kind}"))

    # pointing ------------------------------------------------------------------------------

    def _lay(self) -> None:
        self._laid = lay_out(self.plot, self.width(), self.height(), measure)

    def _point_at(self, hit: Hit | None) -> None:
        if hit is self._now:
            return
        self._now = hit
        self.setCursor(Qt.CursorShape.PointingHandCursor if hit else Qt.CursorShape.ArrowCursor)
        self.setAccessibleDescription(hit.words if hit else self.plot.note or self.plot.title)
        self.update()
        self.pointed.emit(hit.key if hit else None)

    def _nearest(self, at: QPointF) -> Hit | None:
        """The datum under the pointer, or the nearest within a few pixels; later layers first."""
        best, least = None, _NEAR
        for hit in reversed(self._laid.hits):
            dx = max(hit.x - at.x(), 0.0, at.x() - hit.x - hit.width)
            dy = max(hit.y - at.y(), 0.0, at.y() - hit.y - hit.height)
            centre = QPointF(*hit.middle) - at
            away = (dx * dx + dy * dy) ** 0.5 + 0.001 * (abs(centre.x()) + abs(centre.y()))
            if away < least:
                best, least = hit, away
        return best

    def _beyond(self, right: int, down: int) -> Hit | None:
        """The next datum in this direction; the first one where none was pointed at."""
        if self._now is None:
            return self._laid.hits[0]
        x, y = self._now.middle
        best, least = self._now, float("inf")
        for hit in self._laid.hits:
            dx, dy = hit.middle[0] - x, hit.middle[1] - y
            along = dx * right + dy * down
            if hit is self._now or along <= 0.5:
                continue
            away = along + 2.5 * abs(dy if right else dx)
            if right and hit.layer != self._now.layer:
                away += 1000  # along a series first, up and down between series
            if away < least:
                best, least = hit, away
        return best

    def _paint_now(self, painter: QPainter, hit: Hit) -> None:
        """A ring about the datum and a card with its values."""
        look = theme.current()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(look.text), 2))
        painter.drawRect(QRectF(hit.x, hit.y, hit.width, hit.height))
        lines = hit.words.split("\n")
        wide = max(measure(line, theme.SMALL_PX) for line in lines) + 2 * _PAD
        tall = len(lines) * (theme.SMALL_PX + 4) + 2 * _PAD - 2
        left, top = self._card_place(hit, wide, tall)
        painter.setPen(QPen(QColor(look.edge), 1))
        painter.setBrush(QColor(look.raised))
        painter.drawRoundedRect(QRectF(left, top, wide, tall), 4, 4)
        painter.setFont(theme.font(theme.SMALL_PX))
        painter.setPen(QColor(look.text))
        for row, line in enumerate(lines):
            at = QPointF(left + _PAD, top + _PAD + row * (theme.SMALL_PX + 4) + theme.SMALL_PX - 1)
            painter.drawText(at, line)

    def _card_place(self, hit: Hit, wide: float, tall: float) -> tuple[float, float]:
        """Beside the datum where there is room, else above or below it."""
        x, y = hit.middle
        lowest = max(2.0, self.height() - tall - 2)
        beside = min(max(2.0, y - tall / 2), lowest)
        if hit.x + hit.width + 6 + wide <= self.width() - 2:
            return hit.x + hit.width + 6, beside
        if hit.x - 6 - wide >= 2:
            return hit.x - 6 - wide, beside
        left = min(max(2.0, x - wide / 2), max(2.0, self.width() - wide - 2))
        below = hit.y + hit.height + 6
        return left, below if below <= lowest else max(2.0, hit.y - 6 - tall)


def save_plot(plot: Plot, path: Path, size: QSize | None = None) -> None:
    """Write a plot on white paper: .svg, .png (two pixels per pixel) or .csv (its numbers)."""
    size = size or QSize(640, 360)
    laid = lay_out(plot, size.width(), size.height(), measure)
    if path.suffix.lower() == ".csv":
        path.write_text(values_csv(plot), encoding="utf-8")
    elif path.suffix.lower() == ".svg":
        path.write_text(laid_svg(laid, plot.title or plot.y.label()), encoding="utf-8")
    else:
        image = QImage(size * 2, QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(2.0)
        image.fill(QColor(PAPER["surface"]))
        with QPainter(image) as painter:
            paint(painter, laid, PAPER)
        if not image.save(str(path)):
            raise OSError(f"could not write {path.name}")
