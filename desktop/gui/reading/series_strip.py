"""Thumbnails of the case's series; they come in one by one, made in the background."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QFrame, QScrollArea, QWidget

from desktop.domain.event import Event
from desktop.domain.study import FrameRef, Series
from desktop.gui.goto import open_series
from desktop.gui.shell import Shell
from desktop.gui.widgets import icons, theme
from desktop.gui.widgets.furniture import across, clear
from desktop.imaging.frame import Frame
from desktop.interaction.view import ViewState

HEIGHT_PX = 84
_THUMB = 64


class _Post(QObject):
    """Carries a decoded image from a decoding thread to the main one."""

    arrived = Signal(str, object)


class SeriesStrip(QFrame):
    """One card per series: a picture from its middle, modality, description, how many images."""

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "strip")
        self.setFixedHeight(HEIGHT_PX)
        self._reading = shell.reading
        self._cards: dict[str, SeriesCard] = {}
        self._pictures: dict[str, QImage] = {}
        self._post = _Post(self)
        self._post.arrived.connect(self._arrived, Qt.ConnectionType.QueuedConnection)
        row = across(self, gap=0)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inside = QWidget()
        self._row = across(inside, (8, 6, 8, 6), 8)
        area.setWidget(inside)
        row.addWidget(area)
        self._reading.view_changed.connect(self._viewed)
        self._reading.committed.connect(self._committed)
        self._reading.opened.connect(self._opened)
        shell.theme_changed.connect(self._repaint)
        self.refresh()

    def refresh(self) -> None:
        """Cards for the open case."""
        clear(self._row)
        self._cards = {}
        room, view = self._reading.workspace, self._reading.view
        if room is not None and view.case_id:
            for series in room.series(view.case_id):
                refs = room.frame_refs(series.id)
                photo = bool(refs) and room.instance(refs[0].instance_id).media == "image"
                title = room.caption(series.id, "description")
                card = SeriesCard(series, title, len(refs), photo)
                card.clicked.connect(lambda _c=False, s=series.id: open_series(self._reading, s))
                self._cards[series.id] = card
                self._row.addWidget(card)
                if series.id in self._pictures:
                    card.show_picture(self._pictures[series.id])
                elif refs:
                    self._ask(series.id, refs[len(refs) // 2])
        self._row.addStretch(1)
        self._mark()

    def _ask(self, series_id: str, ref: FrameRef) -> None:
        room = self._reading.workspace
        if room is not None:
            room.frames.request(ref, partial(self._post.arrived.emit, series_id))

    def _arrived(self, series_id: str, result: Any) -> None:
        card = self._cards.get(series_id)
        if isinstance(result, Frame):
            self._pictures[series_id] = picture_of(result, _THUMB * 2)
            if len(self._pictures) > 500:
                del self._pictures[next(iter(self._pictures))]
            if card is not None:
                card.show_picture(self._pictures[series_id])
        elif card is not None:
            card.show_trouble(str(result))

    def _mark(self) -> None:
        for series_id, card in self._cards.items():
            card.setChecked(series_id == self._reading.view.series_id)

    def _viewed(self, old: ViewState, new: ViewState) -> None:
        if old.case_id != new.case_id:
            self.refresh()
        elif old.series_id != new.series_id:
            self._mark()

    def _committed(self, event: Event) -> None:
        if not event.case_id:
            self.refresh()

    def _opened(self, _room: object) -> None:
        self._pictures.clear()
        self.refresh()

    def _repaint(self) -> None:
        for card in self._cards.values():
            card.update()


class SeriesCard(QAbstractButton):
    """A thumbnail with two lines of text and a warning mark."""

    def __init__(self, series: Series, description: str, count: int, photo: bool) -> None:
        super().__init__()
        self._series = series
        self._title = description or ("Photograph" if photo else f"Series {series.number}")
        images = "1 image" if count == 1 else f"{count:,} images"
        self._line = images if photo else f"{series.modality}  ·  {images}"
        self._picture: QImage | None = None
        self._trouble = ""
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setFixedSize(216, _THUMB + 8)
        self.setAccessibleName(f"{self._title}, {self._line}")
        self._say()

    def show_picture(self, picture: QImage) -> None:
        self._picture = picture
        self.update()

    def show_trouble(self, words: str) -> None:
        self._trouble = words
        self._say()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(216, _THUMB + 8)

    def _say(self) -> None:
        lines = [f"{self._title}\n{self._line}", *self._series.warnings]
        if self._trouble:
            lines.append(self._trouble)
        self.setToolTip("\n".join(lines))

    def paintEvent(self, _event: QPaintEvent) -> None:
        look = theme.current()
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            ground = QRectF(self.rect()).adjusted(1, 1, -1, -1)
            if self.isChecked() or self.underMouse() or self.hasFocus():
                rim = look.accent if self.isChecked() or self.hasFocus() else look.line
                painter.setPen(QPen(QColor(rim), 2 if self.hasFocus() else 1))
                painter.setBrush(QColor(look.chosen if self.isChecked() else look.hover))
                painter.drawRoundedRect(ground, 6, 6)
            box = QRectF(4, 4, _THUMB, _THUMB)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.DARK.canvas))
            painter.drawRoundedRect(box, 4, 4)
            if self._picture is not None:
                side = self._picture.size().scaled(
                    _THUMB, _THUMB, Qt.AspectRatioMode.KeepAspectRatio
                )
                at = QRectF(0, 0, side.width(), side.height())
                at.moveCenter(box.center())
                painter.drawImage(at, self._picture)
            elif self._trouble:
                dpr = self.devicePixelRatioF()
                mark = icons.pixmap("warning", theme.DARK.warn, 20, dpr)
                painter.drawPixmap(box.center() - QPointF(10, 10), mark)
            self._paint_words(painter, look)

    def _paint_words(self, painter: QPainter, look: theme.Theme) -> None:
        left, width = _THUMB + 12, self.width() - _THUMB - 20
        painter.setPen(QColor(look.text))
        painter.setFont(theme.font())
        elide = Qt.TextElideMode.ElideRight
        painter.drawText(left, 24, painter.fontMetrics().elidedText(self._title, elide, width))
        painter.setPen(QColor(look.muted))
        painter.setFont(theme.font(theme.SMALL_PX))
        painter.drawText(left, 42, painter.fontMetrics().elidedText(self._line, elide, width))
        words = "Can't be shown" if self._trouble else "Check the geometry"
        if self._series.warnings or self._trouble:
            mark = icons.pixmap("warning", look.warn, 14, self.devicePixelRatioF())
            painter.drawPixmap(left, 50, mark)
            painter.setPen(QColor(look.warn))
            words = painter.fontMetrics().elidedText(words, elide, width - 18)
            painter.drawText(left + 18, 61, words)


def picture_of(frame: Frame, side: int) -> QImage:
    """A small picture: every n-th pixel, through the file's window or the image's own range."""
    step = max(1, -(-max(frame.rows, frame.columns) // side))
    pixels = frame.pixels[::step, ::step]
    if frame.is_color:
        small = np.ascontiguousarray(pixels)
        rows, columns = small.shape[:2]
        made = QImage(small.data, columns, rows, columns * 3, QImage.Format.Format_RGB888)
        return made.copy()
    values = pixels.astype(np.float32) * frame.slope + frame.intercept
    if frame.windows:
        window = frame.windows[0]
        low, high = window.center - window.width / 2, window.center + window.width / 2
    else:
        low, high = (float(v) for v in np.percentile(values, (1, 99)))
    shown = np.clip((values - low) / max(high - low, 1e-6), 0, 1)
    if frame.inverted:
        shown = 1 - shown
    grey = np.ascontiguousarray((shown * 255).astype(np.uint8))
    rows, columns = grey.shape
    return QImage(grey.data, columns, rows, columns, QImage.Format.Format_Grayscale8).copy()
