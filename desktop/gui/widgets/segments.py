"""A few choices side by side, one of them on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QButtonGroup, QFrame, QSizePolicy, QToolButton

from desktop.gui.widgets.furniture import across, frame


def segments(
    group: QButtonGroup,
    texts: Sequence[str],
    on_pick: Callable[[int], None],
    chosen: int = 0,
    tips: Sequence[str] = (),
) -> QFrame:
    """Buttons in a frame; ``on_pick`` gets the number of the one picked, from 0."""
    holder = frame("segments")
    row = across(holder, (2, 2, 2, 2), 2)
    group.setExclusive(True)
    for number, text in enumerate(texts):
        button = QToolButton()
        button.setText(text)
        button.setCheckable(True)
        button.setChecked(number == chosen)
        button.setProperty("role", "segment")
        button.setAccessibleName(text)
        button.setToolTip(tips[number] if tips else text)
        # where the frame is wider than its words, the buttons share it
        button.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        group.addButton(button, number)
        row.addWidget(button)
    group.idClicked.connect(on_pick)
    return holder
