"""The image files of a preference export: masks, the images, and candidates drawn on their images.

Masks are always there. Images are 8 bits in the window that the file asks for; a candidate that is
a segmentation is drawn on them as readers saw it, as a yellow line around each region. All names
are relative paths made of stable ids, and a row names a picture only where it is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from desktop.domain.errors import UserError
from desktop.domain.proposal import ProposedFrame
from desktop.domain.ranking import Candidate, RankingPrompt, TaskRecords
from desktop.domain.runs import decode_runs
from desktop.domain.study import FrameRef
from desktop.exchange.exporter import Mismatch, Note
from desktop.exchange.pictures import Pixels, edge, png, shown
from desktop.imaging.frame import Frame

Runs = Callable[[str], bytes]
Look = Callable[[FrameRef], Frame]

_LINE = (255, 212, 0)


class Pictures:
    """Which image files belong to a task, and their pixels, made when they are asked for.

    ``look`` decodes a frame; None writes masks only. ``notes`` name images that can't be read.
    """

    def __init__(self, records: TaskRecords, runs: Runs, look: Look | None) -> None:
        self.records, self.notes = records, list[Note]()
        self._runs, self._look = runs, look
        self._there = {ref.key for ref in self._frames() if self._is_there(ref)}

    def of_prompt(self, prompt: RankingPrompt) -> list[str]:
        """Images that a prompt is about: its own, or those that its candidates are drawn on."""
        if prompt.images:
            return [_image(r) for r in prompt.images if r.key in self._there]
        drawn = {
            f.frame.key: f.frame
            for c in self.records.candidates
            if c.prompt_id == prompt.id
            for r in c.regions
            for f in r.frames
        }
        return [_image(drawn[k]) for k in sorted(drawn) if k in self._there]

    def of_candidate(self, item: Candidate) -> list[str]:
        """The candidate as pictures: its images, or its regions drawn on theirs."""
        if item.regions:
            return [_drawn(item, ref) for ref in _drawn_on(item) if ref.key in self._there]
        return [_image(r) for r in item.images if r.key in self._there]

    def masks(self, item: Candidate) -> list[str]:
        """The candidate's masks, one for each region and image."""
        return [path for _part, path in _masks_of(item)]

    def files(self) -> Iterator[tuple[str, str, bytes]]:
        """(path, title, PNG) of each file."""
        for path, title, pixels in self._pixels():
            yield path, title, png(pixels)

    def compare(self, folder: Path, home: str) -> int:
        """Read all pictures back; Mismatch where one differs. How many pixels there were."""
        from PIL import Image

        count = 0
        for path, title, meant in self._pixels():
            with Image.open(folder / (home + path)) as picture:
                found = np.asarray(picture)
            if found.shape != meant.shape or not np.array_equal(found, meant):
                raise Mismatch(home + path, f"{title.lower()}: its pixels differ")
            count += meant.shape[0] * meant.shape[1]
        return count

    # --- pixels

    def _frames(self) -> list[FrameRef]:
        """All images that rows may name, each once, in a stable order."""
        refs = [r for p in self.records.prompts for r in p.images]
        for item in self.records.candidates:
            refs += [*item.images, *_drawn_on(item)]
        return list({r.key: r for r in refs}.values())

    def _is_there(self, ref: FrameRef) -> bool:
        if self._look is None:
            return False
        try:
            self._look(ref)
        except UserError as problem:
            sentence = f"An image is left out of the rows: {problem}"
            self.notes.append(Note("preference", ref.key, sentence))
            return False
        return True

    def _pixels(self) -> Iterator[tuple[str, str, Pixels]]:
        seen: set[str] = set()
        for item in self.records.candidates:
            for part, path in _masks_of(item):
                if path not in seen:
                    seen.add(path)
                    yield path, "Mask of a candidate", self._mask(part) * np.uint8(255)
        if self._look is None:
            return
        for ref in self._frames():
            if ref.key in self._there:
                yield _image(ref), "Image", shown(self._look(ref))
        for item in self.records.candidates:
            for ref in _drawn_on(item):
                if ref.key in self._there:
                    yield _drawn(item, ref), "Candidate on its image", self._on_image(item, ref)

    def _mask(self, part: ProposedFrame) -> Pixels:
        """(rows, columns) 0 and 1."""
        return decode_runs(self._runs(part.runs), part.rows, part.columns).astype(np.uint8)

    def _on_image(self, item: Candidate, ref: FrameRef) -> Pixels:
        """(rows, columns, 3) the image with a line around each region."""
        assert self._look is not None
        image = shown(self._look(ref))
        color = image if image.ndim == 3 else np.repeat(image[:, :, None], 3, axis=2)
        color = color.copy()
        for region in item.regions:
            for part in region.frames:
                if part.frame == ref:
                    color[edge(self._mask(part).astype(bool))] = _LINE
        return color


def _drawn_on(item: Candidate) -> Sequence[FrameRef]:
    """The images that a candidate's regions lie on, each once."""
    return list({f.frame.key: f.frame for r in item.regions for f in r.frames}.values())


def _masks_of(item: Candidate) -> Iterator[tuple[ProposedFrame, str]]:
    for number, region in enumerate(item.regions, start=1):
        for part in region.frames:
            yield part, f"masks/{item.id}/{_name(part.frame)}_{number}.png"


def _image(ref: FrameRef) -> str:
    return f"images/{_name(ref)}.png"


def _drawn(item: Candidate, ref: FrameRef) -> str:
    return f"pictures/{item.id}/{_name(ref)}.png"


def _name(ref: FrameRef) -> str:
    return f"{ref.instance_id}_f{ref.frame_index + 1:04d}"
