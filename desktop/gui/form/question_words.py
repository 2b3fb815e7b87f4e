"""An answer in words, and the example images beside a question."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QLabel, QToolButton, QWidget

from desktop.domain.errors import UserError
from desktop.domain.number_words import number_text
from desktop.domain.schema import AnswerValue, Picture, Question, QuestionKind
from desktop.domain.schema_check import picture_bytes
from desktop.gui.widgets.furniture import across, down, label

_SMALL = 72
_LARGE = 280


def answer_text(question: Question, value: AnswerValue) -> str:
    """An answer as a person says it, "" for none."""
    texts = question.choice_texts()
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, tuple):
        joint = " › " if question.kind is QuestionKind.RANKING else ", "
        return joint.join(texts.get(v, v) for v in value)
    if isinstance(value, (int, float)):
        return f"{number_text(value)} {question.unit}".strip()
    return texts.get(value, value)


class Pictures(QWidget):
    """Small example images in a row; a click shows one large with its caption."""

    def __init__(self, pictures: Sequence[Picture], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = down(self, gap=4)
        row = across(gap=4)
        self._large = QLabel()
        self._caption = label(role="small", wrap=True)
        self._shown = ""
        for picture in pictures:
            found = _pixmap(picture)
            if found.isNull():
                continue
            button = QToolButton()
            button.setIconSize(QSize(_SMALL, _SMALL))
            button.setIcon(_fitted(found, _SMALL))
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.setToolTip(f"{picture.caption}: click for a larger one.")
            button.setAccessibleName(picture.caption)
            button.clicked.connect(lambda _c=False, p=picture, f=found: self._toggle(p, f))
            row.addWidget(button)
        row.addStretch(1)
        column.addLayout(row)
        column.addWidget(self._large)
        column.addWidget(self._caption)
        self._large.hide()
        self._caption.hide()

    def _toggle(self, picture: Picture, found: QPixmap) -> None:
        self._shown = "" if self._shown == picture.data else picture.data
        self._large.setPixmap(_fitted(found, _LARGE))
        self._caption.setText(picture.caption)
        self._large.setVisible(bool(self._shown))
        self._caption.setVisible(bool(self._shown))


def _pixmap(picture: Picture) -> QPixmap:
    made = QPixmap()
    try:
        made.loadFromData(picture_bytes(picture.data), "PNG")
    except UserError:
        return QPixmap()  # a picture of a schema made by hand; the words stand without it
    return made


def _fitted(picture: QPixmap, side: int) -> QPixmap:
    return picture.scaled(
        side,
        side,
        Qt.AspectRatioMode.KeepAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )
