"""How well the readers agreed, as JSON: who trains on the labels should know how far to trust them.

``quality/quality.json`` has every question and class with its coefficients, intervals and reasons
where one is undefined, reader by reader, by modality and site, and the methods in words. It covers
all cases of the project; readers are pseudonyms, the same as in the tables.
"""

from __future__ import annotations

from pathlib import Path

from desktop.domain.contracts import Progress
from desktop.exchange.disk import write_file
from desktop.exchange.exporter import BundleOptions, Mismatch, Part, Written
from desktop.exchange.json_files import pretty
from desktop.exchange.snapshot import Snapshot
from desktop.imaging.child import ChildPool

PATH = "quality/quality.json"


class QualityExporter:
    """Nothing is written where fewer than two people read, or where it is not theirs to see."""

    name = "quality"
    title = "Agreement of readers (JSON)"
    suffix = ".json"

    def write(
        self,
        snapshot: Snapshot,
        folder: Path,
        options: BundleOptions,
        pool: ChildPool,
        progress: Progress,
    ) -> Written:
        progress.report(0.0, "Agreement of readers")
        figures = snapshot.quality(progress)
        if figures is None:
            return Written()
        write_file(folder / PATH, pretty(figures))
        facts = {"rows": len(figures["rows"]), "readers": len(figures["readers"])}
        return Written((Part(PATH, self.name, "Agreement of readers", facts),))

    def compare(
        self,
        snapshot: Snapshot,
        folder: Path,
        options: BundleOptions,
        written: Written,
        pool: ChildPool,
        progress: Progress,
    ) -> int:
        figures = snapshot.quality(progress)
        found = [part.path for part in written.parts]
        if found != ([] if figures is None else [PATH]):
            raise Mismatch(PATH, "missing" if figures is not None else "nobody asked for it")
        if figures is not None and (folder / PATH).read_bytes() != pretty(figures):
            raise Mismatch(PATH, "other figures than were counted")
        return 0
