"""Made-up images as cases: files with all that made them, exact labels, marked for ever.

report = workspace.synthetic.make("ct-phantom", 200, 1, {"number": 3}, folder)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from desktop.domain.contracts import Progress
from desktop.domain.errors import UserError
from desktop.domain.schema import LabelClass, Schema
from desktop.engines.synthesis import synthetic
from desktop.imaging.frame import pixels_sha256
from desktop.workspace.images.made_images import (
    MadeReport,
    Piece,
    add_all,
    check_may_make,
    made_png,
    put_file,
    start,
    write_pieces,
)
from desktop.workspace.jobs import Job

if TYPE_CHECKING:
    from desktop.workspace.workspace import Workspace

MOST = 5000
_COLORS = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7")


class Synthetic:
    """Reached as ``workspace.synthetic``; the lead's. Main thread, except where it says."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def generators(self) -> tuple[synthetic.Generator, ...]:
        """All generators, those of plugins too."""
        _ = self._workspace.plugins  # they register at the first look
        return synthetic.generators()

    def make(
        self,
        generator: str,
        count: int,
        seed: int,
        parameters: Mapping[str, float],
        folder: Path,
        progress: Progress | None = None,
        side: int = 256,
    ) -> MadeReport:
        """Make ``count`` images with seeds ``seed``, ``seed`` + 1, … and add them; blocking.

        The same arguments write the same bytes. A cancel keeps what is done.
        """
        schema = self._ready(generator, count)
        makers = _makers(generator, count, seed, parameters, folder, side)
        batch = write_pieces(self._workspace, makers, folder, schema, progress or Progress())
        return add_all(self._workspace, batch)

    def start(
        self,
        generator: str,
        count: int,
        seed: int,
        parameters: Mapping[str, float],
        folder: Path,
        on_done: Callable[[MadeReport], None],
        on_error: Callable[[UserError], None],
        side: int = 256,
    ) -> Job:
        """The same as a job; the cases come in slices, so that a window stays alive."""
        room, schema = self._workspace, self._ready(generator, count)
        makers = _makers(generator, count, seed, parameters, folder, side)
        return start(
            room,
            "Making synthetic images",
            lambda progress: write_pieces(room, makers, folder, schema, progress),
            on_done,
            on_error,
        )

    def start_preview(
        self,
        generator: str,
        seed: int,
        parameters: Mapping[str, float],
        on_done: Callable[[synthetic.Made], None],
        on_error: Callable[[UserError], None],
        side: int = 256,
    ) -> Job:
        """One image in the background, kept nowhere."""
        return self._workspace.jobs.start(
            "Drawing a preview",
            lambda _p: synthetic.make(generator, seed, side=side, values=parameters),
            on_done,
            on_error,
        )

    def _ready(self, generator: str, count: int) -> Schema:
        """The schema for this generator; UserError where nothing can be made."""
        check_may_make(self._workspace)
        if not 1 <= count <= MOST:
            raise UserError("This number of images can't be made.", f"From 1 to {MOST:,} at once.")
        found = next((g for g in self.generators() if g.name == generator), None)
        if found is None:
            raise UserError("This generator is not known.", generator)
        return made_schema(found.name, found.title, found.classes)


def _makers(
    generator: str,
    count: int,
    seed: int,
    parameters: Mapping[str, float],
    folder: Path,
    side: int,
) -> list[Callable[[], Piece]]:
    def maker(number: int) -> Callable[[], Piece]:
        return lambda: _written(
            synthetic.make(generator, number, side=side, values=parameters), folder
        )

    return [maker(seed + number) for number in range(count)]


def class_colors(count: int) -> tuple[str, ...]:
    """The colours of the first classes, as the schema has them."""
    return tuple(_COLORS[n % len(_COLORS)] for n in range(count))


def made_schema(name: str, title: str, classes: tuple[str, ...]) -> Schema:
    """Class n is the generator's n-th label, in every project."""
    made = tuple(
        LabelClass(id=n, name=c, color=color, key=str(n) if n < 10 else "")
        for n, (c, color) in enumerate(
            zip(classes, class_colors(len(classes)), strict=True), start=1
        )
    )
    name = f"synthetic-{name}"
    return Schema(id=f"{name}@1", name=name, version=1, title=f"Synthetic: {title}", classes=made)


def _written(made: synthetic.Made, folder: Path) -> Piece:
    """One PNG of 16 bits and its JSON beside it."""
    pixels = (made.values_yx << 4).astype(np.uint16)
    text = json.dumps(made.facts | {"classes": made.classes}, indent=1, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    stem = f"synthetic-{made.facts['generator']}-{made.facts['seed']}-{digest}"
    path = folder / f"{stem}.png"
    put_file(path.with_suffix(".json"), text.encode())
    put_file(path, made_png(pixels, made.facts))
    return Piece(path, list(_masks(made)), pixels_sha256(pixels), made.facts)


def _masks(made: synthetic.Made) -> Iterator[tuple[int, npt.NDArray[np.bool_]]]:
    """A region for each instance of a class; one for a class without instances."""
    for class_id in range(1, len(made.classes) + 1):
        inside = made.labels_yx == class_id
        numbers = np.unique(made.instances_yx[inside])
        for number in numbers:
            yield class_id, inside & (made.instances_yx == number)
