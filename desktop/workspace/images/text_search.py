"""Looking through the images of one case for text: what is read, what is like something read.

Kept as it goes, so that a search that was cancelled or killed goes on with the next image; reading
ends at a time limit, and the images it did not get to are counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from desktop.domain.contracts import Progress
from desktop.domain.model_run import ModelCase, TextBox, TextFrame
from desktop.domain.study import FrameRef
from desktop.imaging.frame import Frame
from desktop.inference.prepare import shown_pixels
from desktop.inference.text_look import (
    ReadImage,
    enlarged,
    first_looks,
    for_reading,
    like_one,
    made_small,
    text_as_on,
)
from desktop.workspace.models.model_proposals import SeriesSeen

CASE_LIMIT_S = 300.0
KEEP_AFTER_S = 10.0
_DIGITS = 16  # of a hash of pixels, as kept

Bytes = npt.NDArray[np.uint8]
Read = Callable[[Bytes], Sequence[TextBox]]
Say = Callable[[float, str], None]


@dataclass(frozen=True)
class CaseLook:
    """What is known of a case. ``read`` are beginnings of hashes of the pixels that were read;
    ``unread`` counts images that differ from all that were read and were not got to."""

    text: tuple[TextFrame, ...]
    read: tuple[str, ...]
    images: int
    unread: int


@dataclass
class CaseSearch:
    """One case. ``before`` is what an earlier search kept of the same images; ``keep`` gets what
    is known every ten seconds."""

    frames: Callable[[FrameRef], Frame]
    read: Read
    before: ModelCase | None
    keep: Callable[[CaseLook], None]
    clock: Callable[[], float] = time.monotonic
    limit_s: float = CASE_LIMIT_S
    keep_after_s: float = KEEP_AFTER_S
    _found: dict[str, TextFrame] = field(default_factory=dict)
    _read: dict[str, tuple[TextBox, ...]] = field(default_factory=dict)
    _unread: int = 0
    _spent_s: float = 0.0
    _kept: float = 0.0
    _images: int = 0

    def run(self, series: Sequence[SeriesSeen], progress: Progress, say: Say) -> CaseLook:
        """Look through all images; worker thread."""
        self._kept = self.clock()
        self._images = sum(len(seen.refs) for seen in series)
        passed = 0
        for seen in series:
            known: list[ReadImage] = []
            first = first_looks(len(seen.refs))
            rest = [place for place in range(len(seen.refs)) if place not in set(first)]
            for place in (*first, *rest):
                progress.check()
                self._one(seen, place, known, must=place in first)
                passed += 1
                say(passed / self._images, f"image {passed}, {len(self._read)} read")
        order = [ref.key for seen in series for ref in seen.refs]
        text = tuple(self._found[key] for key in order if key in self._found)
        return CaseLook(text, tuple(self._read), self._images, self._unread)

    def _one(self, seen: SeriesSeen, place: int, known: list[ReadImage], must: bool) -> None:
        ref, frame = seen.refs[place], self.frames(seen.refs[place])
        seen.pixels[place] = frame.pixels_sha256
        pixels = shown_pixels(frame, None)
        small = made_small(pixels)
        like = None if must else like_one(small, known)
        if like is not None:
            boxes = text_as_on(small, like, known)
        else:
            got = self._boxes(ref, frame.pixels_sha256[:_DIGITS], pixels)
            if got is None:
                self._unread += 1
                return
            boxes = got
            known.append(ReadImage(small, boxes))
        if boxes:
            self._found[ref.key] = TextFrame(frame=ref, boxes=boxes)
        self._keep_if_due()

    def _boxes(self, ref: FrameRef, digest: str, pixels: Bytes) -> tuple[TextBox, ...] | None:
        """Text on an image; equal pixels are read once, None where the time is over."""
        if digest in self._read:
            return self._read[digest]
        if self.before is not None and digest in self.before.read:
            texts = {t.frame.key: t.boxes for t in self.before.text}
            boxes = texts.get(ref.key, ())
        elif self._spent_s > self.limit_s:
            return None
        else:
            began = self.clock()
            ready, step = for_reading(pixels)
            size = (pixels.shape[0], pixels.shape[1])
            boxes = enlarged(self.read(ready), step, size)
            self._spent_s += self.clock() - began
        self._read[digest] = boxes
        return boxes

    def _keep_if_due(self) -> None:
        met = self.before is None or set(self.before.read) <= set(self._read)
        if not met or self.clock() - self._kept < self.keep_after_s:
            return
        self._kept = self.clock()
        self.keep(CaseLook(tuple(self._found.values()), tuple(self._read), self._images, 0))
