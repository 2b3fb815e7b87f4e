"""One candidate on screen: its letter, and its text or its images with regions; nobody is named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QTextOption
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QVBoxLayout, QWidget

from desktop.domain.ranking import Candidate
from desktop.domain.study import FrameRef
from desktop.gui.canvas.image_pane import ImagePane
from desktop.gui.canvas.pane_link import PaneLink, PaneRegion
from desktop.gui.widgets.furniture import across, down, label, reset_role

if TYPE_CHECKING:
    from desktop.workspace.workspace import Workspace

LETTERS = "ABCDEF"
_LINE_PX = 22


class TextPane(QPlainTextEdit):
    """A text to read, never as rich text; long ones scroll, and keys go to the page."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setProperty("role", "reading")
        self.document().setDocumentMargin(12)
        self.setAccessibleName("Text")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        event.ignore()

    def fit(self, most: int) -> None:
        """As high as the text needs, at most so many pixels."""
        lines = max(1, self.document().blockCount(), len(self.toPlainText()) // 110 + 1)
        self.setFixedHeight(min(most, _LINE_PX * lines + 30))

    def scroll_page(self, direction: int) -> None:
        """One page down (1) or up (-1)."""
        bar = self.verticalScrollBar()
        bar.setValue(bar.value() + direction * round(bar.pageStep() * 0.9))


class CandidatePanel(QFrame):
    """Letter above, candidate below. ``pressed``: a click on it, without a drag."""

    pressed = Signal()

    def __init__(self, letter: str, link: PaneLink, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.setMinimumWidth(150)
        self._link = link
        self.letter = label(letter, "heading")
        self.mark = label("", "muted")
        head = across(margins=(12, 6, 12, 6), gap=8)
        head.addWidget(self.letter)
        head.addStretch(1)
        head.addWidget(self.mark)
        self._column: QVBoxLayout = down(self, (1, 1, 1, 1), 0)
        self._column.addLayout(head)
        self.text: TextPane | None = None
        self.image: ImagePane | None = None

    def show_candidate(self, room: Workspace, candidate: Candidate, name: str) -> None:
        """Show this candidate; what was there goes."""
        if candidate.text:
            self._as_text(candidate.text)
        else:
            refs = frames_of(room, candidate)
            self._as_image(room, refs, candidate)
        self.letter.setText(name)
        self.setAccessibleName(name)
        self.choose(False)

    def show_context(self, room: Workspace, refs: Sequence[FrameRef]) -> None:
        """Show what the candidates are about."""
        self._as_image(room, refs, None)
        self.letter.setText("Image")

    def forget(self) -> None:
        """Show nothing any more."""
        if self.text is not None:
            self.text.clear()
        if self.image is not None:
            self.image.show_message("")

    def choose(self, on: bool, words: str = "") -> None:
        """Mark it as the one that keys act on, with words at the right."""
        reset_role(self, "chosen", "true" if on else "false")
        self.mark.setText(words)

    def _as_text(self, text: str) -> None:
        if self.image is not None:
            self.image.hide()
        if self.text is None:
            self.text = TextPane()
            self._column.addWidget(self.text, 1)
        self.text.show()
        self.text.setPlainText(text)
        self.text.verticalScrollBar().setValue(0)

    def _as_image(
        self, room: Workspace, refs: Sequence[FrameRef], candidate: Candidate | None
    ) -> None:
        if self.text is not None:
            self.text.hide()
        if self.image is None:
            self.image = ImagePane(self._link)
            self.image.pressed.connect(self.pressed)
            self._column.addWidget(self.image, 1)
        self.image.show()
        parts = regions_by_frame(room, candidate) if candidate else {}
        self.image.show_images(room, refs, lambda ref: parts.get(ref, ()))


def frames_of(room: Workspace, candidate: Candidate) -> list[FrameRef]:
    """The images of a candidate: its own, or those of the series that its regions lie on."""
    if candidate.images:
        return list(candidate.images)
    refs = list(drawn_on(candidate))
    if not refs:
        return []
    return room.frame_refs(room.instance(refs[0].instance_id).series_id)


def drawn_on(candidate: Candidate) -> list[FrameRef]:
    """Images that its regions lie on."""
    found = [f.frame for region in candidate.regions for f in region.frames]
    return found + [r.frame for r in candidate.regions if r.frame is not None and not r.frames]


def first_look(room: Workspace, candidates: Sequence[Candidate]) -> int:
    """The 0-based image on which the candidates draw most, together; the middle of a series."""
    areas: dict[FrameRef, int] = {}
    for candidate in candidates:
        for region in candidate.regions:
            for part in region.frames:
                areas[part.frame] = areas.get(part.frame, 0) + part.area_px
    refs = frames_of(room, candidates[0]) if candidates else []
    best = max(areas, key=lambda ref: areas[ref], default=None)
    if best in refs:
        return refs.index(best)
    return min((len(c.images) for c in candidates), default=0) // 2


def regions_by_frame(
    room: Workspace, candidate: Candidate
) -> dict[FrameRef, tuple[PaneRegion, ...]]:
    """What is drawn over each image, in the colours of the classes; the same for everybody."""
    found: dict[FrameRef, list[PaneRegion]] = {}
    for number, region in enumerate(candidate.regions):
        color = _color(room, region.schema_id, region.class_id)
        if region.geometry is not None and region.frame is not None:
            shape = PaneRegion(str(number), color, geometry=region.geometry)
            found.setdefault(region.frame, []).append(shape)
            continue
        for part in region.frames:
            mask = room.ranking.mask(part)
            paint = PaneRegion(str(number), color, mask_yx=mask, bounds=part.bounds)
            found.setdefault(part.frame, []).append(paint)
    return {ref: tuple(regions) for ref, regions in found.items()}


def _color(room: Workspace, schema_id: str, class_id: int) -> tuple[int, int, int]:
    color = room.schema_by_id(schema_id).label_class(class_id).color
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
