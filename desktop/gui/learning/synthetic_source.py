"""From which real image something is made: case, image, class of the lesion, its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QWidget

from desktop.domain.split import is_synthetic
from desktop.gui.learning.synthetic_pieces import number
from desktop.gui.widgets.furniture import across, down, label, push

if TYPE_CHECKING:
    from desktop.domain.schema import LabelClass
    from desktop.domain.study import FrameRef, Window
    from desktop.gui.reading.reading import Reading
    from desktop.workspace.workspace import Workspace

_LISTED = 200


class SourceStrip(QWidget):
    """The case that is open comes first; what is chosen here changes nothing on the page Read."""

    changed = Signal()

    def __init__(self, reading: Reading, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._reading = reading
        self._frames: list[FrameRef] = []
        self._classes: tuple[LabelClass, ...] = ()
        self.at_xy: tuple[float, float] | None = None
        column = down(self, (0, 0, 0, 4), 4)
        column.addWidget(label("From", "heading"))
        self.case = QComboBox()
        self.case.setAccessibleName("Case it is made from")
        self.case.setToolTip("The real case; it stays as it is. First comes the one that is open.")
        self.case.currentIndexChanged.connect(lambda _i: self._show_case())
        column.addWidget(self.case)
        row = across(gap=8)
        row.addWidget(label("Image", "muted"))
        self.image = number("Image", 1, 1, 1, "Which image of the case's longest series.")
        self.image.valueChanged.connect(lambda _v: self._moved())
        row.addWidget(self.image)
        self._of = label("", "muted")
        row.addWidget(self._of)
        row.addStretch(1)
        column.addLayout(row)
        self.lesion = QWidget()
        inner = down(self.lesion, (0, 4, 0, 0), 4)
        inner.addWidget(label("Class of the lesion", "muted"))
        self.class_choice = QComboBox()
        self.class_choice.setAccessibleName("Class of the lesion")
        self.class_choice.setToolTip("The label that the lesion gets, from the case's schema.")
        self.class_choice.currentIndexChanged.connect(lambda _i: self.changed.emit())
        inner.addWidget(self.class_choice)
        place = across(gap=8)
        self._place_words = label("", "muted", wrap=True)
        place.addWidget(self._place_words, 1)
        self.by_seed = push("By the seed", "link", tip="Let the seed choose the place again.")
        self.by_seed.clicked.connect(lambda: self.put(None))
        place.addWidget(self.by_seed)
        inner.addLayout(place)
        column.addWidget(self.lesion)
        self._say_place()

    @property
    def case_id(self) -> str:
        return str(self.case.currentData() or "")

    @property
    def frame(self) -> FrameRef | None:
        """The chosen image; None where the case has none."""
        at = self.image.value() - 1
        return self._frames[at] if at < len(self._frames) else None

    @property
    def read_in(self) -> Window | None:
        """The window that the open case is read in; None for the image's first one."""
        view = self._reading.view
        return view.window if view.case_id == self.case_id else None

    @property
    def label_class(self) -> LabelClass | None:
        at = self.class_choice.currentIndex()
        return self._classes[at] if 0 <= at < len(self._classes) else None

    def fill(self) -> None:
        """List the real cases, the open one first, and keep the choice where it is still there."""
        room = self._reading.workspace
        if room is None:
            return
        open_id, before = self._reading.view.case_id, self.case_id
        cases = [line.case for line in room.cases(limit=_LISTED)]
        if open_id and open_id not in {c.id for c in cases}:
            cases.append(room.case(open_id))
        cases = [c for c in cases if not is_synthetic(c) and c.series_ids]
        cases.sort(key=lambda c: c.id != open_id)
        wanted = [c.id for c in cases]
        if wanted == [self.case.itemData(n) for n in range(self.case.count())]:
            return
        self.case.blockSignals(True)
        self.case.clear()
        for case in cases:
            self.case.addItem(case.title, case.id)
        self.case.setCurrentIndex(max(0, self.case.findData(before)))
        self.case.blockSignals(False)
        self._show_case()

    def forget(self) -> None:
        """Another project."""
        self.case.blockSignals(True)
        self.case.clear()
        self.case.blockSignals(False)
        self._frames = []

    def put(self, at_xy: tuple[float, float] | None) -> None:
        """Say where the lesion goes; None: by the seed."""
        self.at_xy = at_xy
        self._say_place()
        self.changed.emit()

    def _show_case(self) -> None:
        room = self._reading.workspace
        if room is None or not self.case_id:
            return
        self._frames, at = self._images(room)
        count = max(1, len(self._frames))
        self.image.blockSignals(True)
        self.image.setRange(1, count)
        self.image.setValue(at + 1)
        self.image.blockSignals(False)
        self._of.setText(f"of {count}")
        self._classes = room.derived.classes(self.case_id).classes
        self.class_choice.blockSignals(True)
        self.class_choice.clear()
        for one in self._classes:
            self.class_choice.addItem(one.name)
        self.class_choice.blockSignals(False)
        self.put(None)

    def _images(self, room: Workspace) -> tuple[list[FrameRef], int]:
        """The images of the series that is open, else of the longest one, and where to begin."""
        view = self._reading.view
        if view.case_id == self.case_id and view.series_id:
            frames = room.frame_refs(view.series_id)
            return frames, min(view.index, max(0, len(frames) - 1))
        series = room.case(self.case_id).series_ids
        frames = max((room.frame_refs(s) for s in series), key=len)
        return frames, len(frames) // 2

    def _moved(self) -> None:
        self.at_xy = None  # a place on another image means nothing
        self._say_place()
        self.changed.emit()

    def _say_place(self) -> None:
        chosen = self.at_xy is not None
        self.by_seed.setVisible(chosen)
        self._place_words.setText(
            "Its place is where you clicked."
            if chosen
            else "The seed chooses its place. Click in the image to choose another."
        )
