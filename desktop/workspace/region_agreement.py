"""How well regions of two readers agree, case by case: overlap, surface, objects, in mm.

Painted masks and shapes of one class are compared on the frames they lie on. Where the series is
regular, they make a volume with the series' spacing; elsewhere each frame is compared for itself.
Results are kept by the content they were counted from, so that only what changed is counted anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from desktop.domain.annotation import Annotation
from desktop.domain.contracts import Progress
from desktop.domain.record import to_json
from desktop.engines.agreement_result import counted
from desktop.engines.instances import (
    Detection,
    PanopticQuality,
)
from desktop.engines.intervals import LEVEL, Interval, percentile_interval
from desktop.engines.mask_agreement import Presence, Summary, summarise
from desktop.engines.surface import DEFINITION
from desktop.store import queries
from desktop.store.database import Connection
from desktop.store.tables import topic_of
from desktop.workspace.case_claims import CaseClaims, Pixels, claims_of
from desktop.workspace.places import data_dir
from desktop.workspace.region_pairs import Grid, PairNumbers, count_pair

TOLERANCE_MM = 2.0
VERSION = 1  # of the way of counting: another one forgets what was kept


@dataclass(frozen=True)
class RegionLine:
    """Two readers on one class of one case."""

    case_id: str
    title: str
    topic: str
    first: str
    second: str
    numbers: PairNumbers


@dataclass(frozen=True)
class RegionRow:
    """One class over all cases and pairs of readers.

    ``compared``: pairs where somebody marked something; ``neither``: pairs of closed readings
    where nobody did. ``dice_interval``: of the mean, cases resampled.
    """

    topic: str
    title: str
    compared: int
    one_only: int
    neither: int
    dice: Summary
    dice_interval: Interval | None
    surface_dice: Summary
    hd95_mm: Summary
    objects: Detection
    quality: PanopticQuality


@dataclass(frozen=True)
class RegionReport:
    """What was compared. ``readers``: ids in the board's order."""

    tolerance_mm: float
    rows: tuple[RegionRow, ...]
    lines: tuple[RegionLine, ...]
    readers: tuple[str, ...]
    cases: int

    @property
    def definition(self) -> str:
        """How the numbers were made, in words."""
        return (
            f"Dice and IoU of all pixels of a class. Surface Dice at {self.tolerance_mm:g} mm and "
            f"distances by {DEFINITION}. Objects: connected parts of masks, or regions; found "
            "where they touch one of the other reader; panoptic quality of objects with an overlap "
            "(IoU) above 0.5. Cases where nobody marked the class are counted apart, those where "
            "one reader did have a Dice of 0 and no distance."
        )

    def of(self, topic: str) -> list[RegionLine]:
        """Lines of a class where somebody marked something, worst first."""
        shown = [
            line
            for line in self.lines
            if line.topic == topic and line.numbers.presence is not Presence.NEITHER
        ]
        return sorted(shown, key=lambda line: (line.numbers.dice or 0.0, line.title, line.first))


class RegionCache:
    """Numbers by content, in a file of this machine; lost without harm."""

    def __init__(self, project_id: str) -> None:
        folder = data_dir() / "cache"
        self._path = folder / f"regions-{project_id}.json"
        self._known = _read(self._path)
        self.hits = 0
        self.counted = 0

    def get(self, digest: str) -> PairNumbers | None:
        """What was counted from this content before."""
        found = self._known.get(digest)
        self.hits += found is not None
        return found

    def keep(self, digest: str, numbers: PairNumbers) -> None:
        """Remember."""
        self.counted += 1
        self._known[digest] = numbers

    def save(self) -> None:
        """Write what is known; a full disk only means counting again."""
        if not self.counted:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            part = self._path.with_suffix(".part")
            part.write_bytes(msgspec.json.encode((VERSION, self._known)))
            part.replace(self._path)
        except OSError:
            return


def _read(path: Path) -> dict[str, PairNumbers]:
    try:
        version, known = msgspec.json.decode(
            path.read_bytes(), type=tuple[int, dict[str, PairNumbers]]
        )
    except (OSError, msgspec.DecodeError):
        return {}
    return known if version == VERSION else {}


def compare_regions(
    connection: Connection,
    project: tuple[str, bytes],
    readers: Sequence[str],
    titles: Mapping[str, str],
    progress: Progress,
    tolerance_mm: float = TOLERANCE_MM,
) -> RegionReport:
    """Compare every two closed readings; ``titles`` are the names of classes by topic."""
    project_id, secret = project
    cache = RegionCache(project_id)
    cases = queries.closed_by_several(connection)
    lines: list[RegionLine] = []
    for number, case_id in enumerate(cases):
        progress.report(number / max(1, len(cases)), f"{number:,} of {len(cases):,} cases")
        claims = claims_of(connection, secret, case_id)
        lines += _case_lines(connection, claims, titles, cache, tolerance_mm)
    cache.save()
    seen = {r for line in lines for r in (line.first, line.second)}
    rows = tuple(
        _row(topic, title, [line for line in lines if line.topic == topic])
        for topic, title in titles.items()
        if any(li.topic == topic and li.numbers.presence is not Presence.NEITHER for li in lines)
    )
    own = tuple(r for r in readers if r in seen)
    return RegionReport(tolerance_mm, rows, tuple(lines), own, len(cases))


def _case_lines(
    connection: Connection,
    claims: CaseClaims,
    titles: Mapping[str, str],
    cache: RegionCache,
    tolerance_mm: float,
) -> Iterator[RegionLine]:
    schema_id = claims.case.schema_id
    pixels = Pixels(connection)
    grids: dict[str, Grid] = {}
    drawn: dict[tuple[str, str], list[Annotation]] = {}
    for region in claims.annotations:
        topic = topic_of(region.schema_id, region.label.class_id)
        drawn.setdefault((region.reader_id, topic), []).append(region)
    asked = topic_of(schema_id, "")
    used = {topic for _reader, topic in drawn}
    topics = [t for t in titles if t in used or t.startswith(asked)]
    for i, first in enumerate(claims.readers):
        for second in claims.readers[i + 1 :]:
            for topic in topics:
                pair = drawn.get((first, topic), []), drawn.get((second, topic), [])
                numbers = _numbers(connection, claims, pair, pixels, grids, cache, tolerance_mm)
                title = claims.case.title
                yield RegionLine(claims.case.id, title, topic, first, second, numbers)


def _numbers(
    connection: Connection,
    claims: CaseClaims,
    pair: tuple[list[Annotation], list[Annotation]],
    pixels: Pixels,
    grids: dict[str, Grid],
    cache: RegionCache,
    tolerance_mm: float,
) -> PairNumbers:
    if not pair[0] and not pair[1]:
        return PairNumbers(Presence.NEITHER, None, None, None, None, None, 0, 0, 0, 0, 0, 0.0)
    for region in (*pair[0], *pair[1]):
        series_id = region.target.series_id
        if series_id not in grids:
            grids[series_id] = Grid.of(connection, series_id)
    digest = _digest(claims, pair, grids, tolerance_mm)
    known = cache.get(digest)
    if known is None:
        marks = [[pixels.mark(claims, r) for r in side] for side in pair]
        known = count_pair(pair, marks, grids, tolerance_mm)
        cache.keep(digest, known)
    return known


def _digest(
    claims: CaseClaims,
    pair: tuple[list[Annotation], list[Annotation]],
    grids: Mapping[str, Grid],
    tolerance_mm: float,
) -> str:
    """SHA-256 over all that the numbers depend on."""
    digest = hashlib.sha256(f"{VERSION} {tolerance_mm!r}".encode())
    for side in pair:
        digest.update(b"\nside")
        for region in sorted(side, key=lambda r: r.id):
            digest.update(to_json((region.geometry, region.target)).encode())
            parts = sorted(claims.slices.get(region.id, ()), key=lambda s: s.frame.key)
            digest.update(to_json([(s.frame, s.runs, s.bounds) for s in parts]).encode())
            digest.update(grids[region.target.series_id].facts.encode())
    return digest.hexdigest()


def _row(topic: str, title: str, lines: Sequence[RegionLine]) -> RegionRow:
    told = [line for line in lines if line.numbers.presence is not Presence.NEITHER]
    one_only = [line for line in told if line.numbers.presence is not Presence.BOTH]
    objects = Detection(0, 0, 0, 0, 0)
    quality = PanopticQuality(0, 0, 0, 0.0)
    for line in told:
        n = line.numbers
        objects += Detection(1, n.present, n.found, n.marked, n.false)
        extra, missed = n.marked - n.matched, n.present - n.matched
        quality += PanopticQuality(n.matched, extra, missed, n.iou_sum)
    return RegionRow(
        topic=topic,
        title=title,
        compared=len(told),
        one_only=len(one_only),
        neither=len(lines) - len(told),
        dice=summarise([line.numbers.dice for line in told]),
        dice_interval=_mean_interval(told),
        surface_dice=summarise([line.numbers.surface_dice for line in told]),
        hd95_mm=summarise([line.numbers.hd95_mm for line in told]),
        objects=objects,
        quality=quality,
    )


def _mean_interval(lines: Sequence[RegionLine], replicates: int = 1000) -> Interval | None:
    """Of the mean Dice: cases are resampled with all their pairs."""
    sums: dict[str, list[float]] = {}
    for line in lines:
        if line.numbers.dice is not None:
            sums.setdefault(line.case_id, []).append(line.numbers.dice)
    if len(sums) < 2:
        return None
    total = np.array([sum(v) for v in sums.values()])
    count = np.array([len(v) for v in sums.values()], dtype=np.float64)
    times = np.random.default_rng(0).multinomial(
        len(sums), np.full(len(sums), 1 / len(sums)), replicates
    )
    return percentile_interval((times @ total) / (times @ count), LEVEL, "cases")


def line_words(line: RegionLine) -> str:
    """What a line says, in a sentence or two."""
    n = line.numbers
    if n.presence is Presence.NEITHER:
        return "Neither reader marked it."
    parts = [f"Dice {n.dice:.2f}" if n.dice is not None else "no pixels to compare"]
    if n.surface_dice is not None:
        parts.append(f"surface Dice {n.surface_dice:.2f}")
    if n.hd95_mm is not None:
        parts.append(f"HD95 {n.hd95_mm:.1f} mm")
    if not n.calibrated:
        parts.append("no distance: the image has no calibration")
    parts.append(f"{n.found} of {counted(n.present, 'object')} found, {n.false} more")
    return ", ".join(parts) + (". At the border of the image." if n.at_border else ".")
