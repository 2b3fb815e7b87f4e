"""Synthetic images: choose what is made, move its sliders, see it beside its label, make many."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QCheckBox, QComboBox, QFileDialog, QGridLayout, QWidget

from desktop.domain.errors import UserError
from desktop.gui.learning.synthetic_pieces import Picture, SliderColumn, number, outlined, rgb
from desktop.gui.learning.synthetic_source import SourceStrip
from desktop.gui.learning.synthetic_words import said_of_labels, said_of_lesion, said_of_scanner
from desktop.gui.page import Page
from desktop.gui.shell import Shell
from desktop.gui.widgets.furniture import ElidedLabel, across, down, frame, label, push

if TYPE_CHECKING:
    from desktop.engines.synthesis.derived import Change
    from desktop.engines.synthesis.synthetic import Generator, Made
    from desktop.workspace.images.derived import Recipe, Shown
    from desktop.workspace.images.made_images import MadeReport
    from desktop.workspace.workspace import Workspace

_PREVIEW = 256
_PAUSE_MS = 150


class SyntheticPage(Page):
    """Sliders at the left; image and label, or before and after, side by side; the number, seed
    and folder below."""

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(shell, parent)
        self._generators: dict[str, Generator] = {}
        self._changes: dict[str, Change] = {}
        self._drawing = self._again = self._making = False
        self._last: Shown | None = None
        self.folder: Path | None = None
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._draw)
        self.source = SourceStrip(self._reading)
        self.source.changed.connect(self._pause.start)
        self.sliders = SliderColumn(self.source)
        self.sliders.moved.connect(self._pause.start)
        column = down(self, (24, 16, 24, 16), 12)
        column.addLayout(self._make_head())
        middle = across(gap=12)
        middle.addWidget(self.sliders)
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
            self._fill_kinds(room)
        if self.folder is None:
            self._set_folder(room.path.parent / f"{room.path.stem}-synthetic")
        self.source.fill()
        self._pause.start()

    def take_focus(self) -> None:
        self.kind.setFocus()

    @property
    def change(self) -> Change | None:
        """What is done to a real image; None where the image is made up as a whole."""
        return self._changes.get(str(self.kind.currentData()))

    def values(self) -> dict[str, float]:
        """Where the sliders stand."""
        return self.sliders.values()

    def make(self) -> None:
        """Make the images in the background."""
        room, change = self._reading.workspace, self.change
        if room is None or self.folder is None or self._making:
            return
        self._making = True
        self._say_go()
        self.result.setText("Making images; the line at the bottom shows how far.")
        try:
            if change is None:
                room.synthetic.start(
                    self.kind.currentData(), self.count.value(), self.seed.value(), self.values(),
                    self.folder, self._made, self._failed,
                )  # fmt: skip
            elif self.source.frame is not None:
                room.derived.start(
                    self.source.case_id, self.source.frame, self._recipe(change), self.folder,
                    self._made, self._failed,
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

    def _make_preview(self) -> QWidget:
        card = frame("card")
        grid = QGridLayout(card)
        grid.setContentsMargins(16, 12, 16, 12)
        grid.setSpacing(8)
        self.image, self.label_picture = Picture("Image"), Picture("Label")
        self._titles = label("Image", "heading"), label("Label", "heading")
        for at, picture in enumerate((self.image, self.label_picture)):
            grid.addWidget(self._titles[at], 0, at)
            grid.addWidget(picture, 1, at)
            grid.setColumnStretch(at, 1)
            picture.clicked.connect(lambda x, y: self._put((x, y)))
        self.key = label("", "muted", wrap=True)
        self.outline = QCheckBox("&Outline of the label")
        self.outline.setChecked(True)
        self.outline.setToolTip("A line just outside the label's pixels (Alt+O).")
        self.outline.toggled.connect(lambda _on: self._show_pair())
        below = across(gap=12)
        below.addWidget(self.key, 1)
        below.addWidget(self.outline, 0, Qt.AlignmentFlag.AlignTop)
        grid.addLayout(below, 2, 0, 1, 2)
        grid.setRowStretch(1, 1)
        return card

    def _make_foot(self) -> QWidget:
        card = frame("card")
        column = down(card, (16, 12, 16, 12), 8)
        row = across(gap=8)
        self.count = number("Number of images", 1, 5000, 20, "Each becomes a case of its own.")
        self.seed = number(
            "Seed", 0, 2**31 - 1 - 5000, 1,
            "The first image has this seed, the next one more. Same seed, same image.",
        )  # fmt: skip
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
        self.count.valueChanged.connect(lambda _v: self._say_go())
        self._say_go()
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

    def _fill_kinds(self, room: Workspace) -> None:
        from desktop.engines.synthesis.derived import Change

        self._generators = {g.name: g for g in room.synthetic.generators()}
        self._changes = {c.value: c for c in Change}
        for change in Change:
            self.kind.addItem(change.title, change.value)
        self.kind.insertSeparator(self.kind.count())
        for name, generator in self._generators.items():
            self.kind.addItem(generator.title, name)
        self.kind.setCurrentIndex(self.kind.findData(next(iter(self._generators))))

    def _show_sliders(self) -> None:
        """The sliders of what is chosen, at their defaults."""
        from desktop.engines.synthesis.derived import Change
        from desktop.engines.synthesis.synthetic import SCANNER

        change = self.change
        self.source.setVisible(change is not None)
        self.source.lesion.setVisible(change is Change.LESION)
        self.outline.setVisible(change is Change.LESION)
        if change is not None:
            words = "Lesion" if change is Change.LESION else "Scanner"
            self.sliders.show_groups([(words, change.sliders)])
        elif (found := self._generators.get(str(self.kind.currentData()))) is not None:
            self.sliders.show_groups([("Scene", found.sliders), ("Scanner", SCANNER)])
        for title, text in zip(
            self._titles, ("Image", "Label") if change is None else ("Before", "After"), strict=True
        ):
            title.setText(text)
        self._show_nothing("")
        self._pause.start()

    # acts ----------------------------------------------------------------------------------

    def _draw(self) -> None:
        """Draw the first image in the background; a newer wish waits for the one being drawn."""
        room, change = self._reading.workspace, self.change
        if room is None or not self.sliders.bars or not self.isVisible():
            return
        if self._drawing:
            self._again = True
            return
        if change is None:
            self._start(
                lambda: room.synthetic.start_preview(
                    self.kind.currentData(), self.seed.value(), self.values(), self._drawn,
                    self._undrawn, _PREVIEW,
                )
            )  # fmt: skip
            return
        source, at = self.source.case_id, self.source.frame
        if at is None:
            self._show_nothing("There is no real image in this project yet. Import some first.")
            return
        recipe = self._recipe(change)
        self._start(
            lambda: room.derived.start_preview(
                source, at, recipe, lambda shown: self._pair(change, shown), self._undrawn
            )
        )

    def _start(self, begin: Callable[[], object]) -> None:
        self._drawing = True
        try:
            begin()
        except UserError as error:
            self._undrawn(error)

    def _recipe(self, change: Change) -> Recipe:
        from desktop.workspace.images.derived import Recipe

        one = self.source.label_class
        return Recipe(
            change=change,
            values=self.values(),
            seed=self.seed.value(),
            count=self.count.value(),
            class_id=one.id if one is not None else 0,
            at_xy=self.source.at_xy,
            window=self.source.read_in,
        )

    def _put(self, at_xy: tuple[float, float]) -> None:
        if self.change is not None and self.source.lesion.isVisibleTo(self):
            self.source.put(at_xy)

    def _drawn(self, made: Made) -> None:
        if self.change is None:
            self._last = None
            grey = (made.values_yx >> 4).astype(np.uint8)
            self.image.show_pixels(np.repeat(grey[..., None], 3, axis=2))
            table = np.array([(0, 0, 0), *(rgb(c) for c in self._colors())], dtype=np.uint8)
            self.label_picture.show_pixels(table[made.labels_yx])
            self.key.setText(said_of_labels(made))
        self._ended("")

    def _pair(self, change: Change, shown: Shown) -> None:
        room = self._reading.workspace
        if room is None or self.change is not change or self.source.frame is None:
            self._ended("")
            return
        self._last = shown
        self._show_pair()
        instance = room.instance(self.source.frame.instance_id)
        words = said_of_scanner if shown.mask_yx is None else said_of_lesion
        self.key.setText(words(shown, instance))
        self._ended("")

    def _show_pair(self) -> None:
        from desktop.workspace.images.synthetic import class_colors

        if self._last is None:
            return
        one, mask = self.source.label_class, self._last.mask_yx
        color = one.color if one is not None else class_colors(1)[0]
        self.image.show_pixels(outlined(self._last.before_yx, None, color))
        self.label_picture.show_pixels(
            outlined(self._last.after_yx, mask if self.outline.isChecked() else None, color)
        )

    def _show_nothing(self, why: str) -> None:
        self._last = None
        self.image.show_pixels(None)
        self.label_picture.show_pixels(None)
        self.key.setText(why)
        self._say_go(why)

    def _undrawn(self, error: UserError) -> None:
        words = " ".join(t for t in (error.title, error.detail, error.hint) if t)
        self._show_nothing(words)
        self._ended(words)

    def _ended(self, why: str) -> None:
        self._drawing = False
        self._say_go(why)
        if self._again:
            self._again = False
            self._pause.start()

    def _colors(self) -> tuple[str, ...]:
        from desktop.workspace.images.synthetic import class_colors

        return class_colors(len(self._generators[self.kind.currentData()].classes))

    def _made(self, report: MadeReport) -> None:
        self._making = False
        self._say_go()
        self.result.setText(f"{report.sentence} Files: {report.folder}")
        self.to_list.setVisible(bool(report.cases))

    def _failed(self, error: UserError) -> None:
        self._making = False
        self._say_go()
        self.result.setText(" ".join(t for t in (error.title, error.detail, error.hint) if t))
        self._shell.say_error(error)

    def _ask_folder(self) -> None:
        picked = QFileDialog.getExistingDirectory(self, "Folder for synthetic images")
        if picked:
            self._set_folder(Path(picked))

    def _set_folder(self, folder: Path) -> None:
        self.folder = folder
        self.place.setText(str(folder))

    def _say_go(self, why: str = "") -> None:
        """The button's words, and why it can't be pressed."""
        count = self.count.value()
        self.go.setText(f" Make {count:,} images" if count != 1 else " Make 1 image")
        self.go.setAccessibleName(self.go.text().strip())
        if self._making:
            why = "Images are being made; the line at the bottom shows how far."
        self.go.setEnabled(not why)
        self.go.setToolTip(why or "Makes the images and adds them with their labels.")

    def _forget(self) -> None:
        """Another project: another folder, and nothing said of the last one."""
        self.folder, self._drawing, self._again, self._making = None, False, False, False
        self.source.forget()
        self.to_list.hide()
        self._show_nothing("")
