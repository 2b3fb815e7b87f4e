"""How well regions of two readers agree, case by case: overlap, surface, objects, in mm.

Painted masks and shapes of one class are compared on the frames they lie on. Where the series is
regular, they make a volume with the series' spacing; elsewhere each frame is compared for itself.
Results are kept by the content they were counted from, so that only what changed is counted anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from desktop.domain.annotation import Annotation
from desktop.domain.contracts import Progress
from desktop.domain.record import to_json
from desktop.domain.schema import Schema
from desktop.engines.agreement.alpha_distances import Overlap
from desktop.engines.agreement.mask_agreement import Presence
from desktop.engines.agreement.surface import DEFINITION
from desktop.store import queries, tallies
from desktop.store.case_facts import CaseFact, case_facts, patients
from desktop.store.database import Connection
from desktop.store.tables import topic_of
from desktop.store.tallies import Said
from desktop.workspace.claims.case_claims import CaseClaims, Pixels, claims_of
from desktop.workspace.claims.findings import Finding, Grids, content_of, findings_of, is_mark
from desktop.workspace.quality import mark_agreement
from desktop.workspace.quality.attribute_agreement import (
    AttributeRow,
    attribute_rows,
    attributes_said,
)
from desktop.workspace.quality.mark_agreement import MarkLine, MarkRow
from desktop.workspace.quality.quality_detail import seconds
from desktop.workspace.quality.quality_measures import BoardOptions
from desktop.workspace.quality.region_alpha import RegionUnits, region_alpha
from desktop.workspace.quality.region_cache import RegionCache
from desktop.workspace.quality.region_pairs import Grid, PairNumbers, count_pair
from desktop.workspace.quality.region_rows import RegionLine, RegionRow, row_of

TOLERANCE_MM = 2.0
VERSION = 3  # of the way of counting: another one forgets what was kept


@dataclass(frozen=True)
class RegionReport:
    """What was compared. ``readers``: ids in the board's order.

    ``facts``, ``closed``: of the cases, by id; when the last reader closed it, seconds since 1970.
    """

    tolerance_mm: float
    rows: tuple[RegionRow, ...]
    lines: tuple[RegionLine, ...]
    readers: tuple[str, ...]
    cases: int
    mark_rows: tuple[MarkRow, ...] = ()
    mark_lines: tuple[MarkLine, ...] = ()
    attributes: tuple[AttributeRow, ...] = ()
    facts: Mapping[str, CaseFact] = field(default_factory=dict)
    closed: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was there to compare."""
        return not (self.rows or self.mark_rows or self.attributes)

    @property
    def definition(self) -> str:
        """How the numbers were made, in words."""
        return (
            f"{self.overlap_words} Alpha: Krippendorff's, with 1 − Dice or 1 − IoU as distance, "
            "against readings of any two cases in image coordinates. Intervals of means by "
            "resampling patients."
        )

    @property
    def overlap_words(self) -> str:
        """How areas are compared, in words."""
        return (
            f"Dice and IoU of all pixels of a class. Surface Dice at {self.tolerance_mm:g} mm and "
            f"distances by {DEFINITION}. Objects: connected parts of masks, or regions; found "
            "where they touch one of the other reader; panoptic quality of objects with an overlap "
            "(IoU) above 0.5. Cases where nobody marked the class are counted apart, those where "
            "one reader did have a Dice of 0 and no distance."
        )

    def marks_of(self, key: tuple[str, bool]) -> list[MarkLine]:
        """Lines of a row of points (False) or lines (True) of a class, worst first."""
        found = [li for li in self.mark_lines if (li.topic, li.is_line) == key]
        return mark_agreement.worst_first(found)

    def attribute(self, key: str) -> AttributeRow | None:
        """An attribute by its topic's key."""
        return next((a for a in self.attributes if a.row.topic.key == key), None)

    def of(self, topic: str) -> list[RegionLine]:
        """Lines of a class where somebody marked something, worst first."""
        shown = [
            line
            for line in self.lines
            if line.topic == topic and line.numbers.presence is not Presence.NEITHER
        ]
        return sorted(shown, key=lambda line: (line.numbers.dice or 0.0, line.title, line.first))


def compare_regions(
    connection: Connection,
    project: tuple[str, bytes],
    readers: Sequence[str],
    titles: Mapping[str, str],
    progress: Progress,
    tolerance_mm: float = TOLERANCE_MM,
    options: BoardOptions | None = None,
) -> RegionReport:
    """Compare every two closed readings; ``titles`` are the names of classes by topic."""
    project_id, secret = project
    cache = RegionCache(project_id, VERSION)
    cases = queries.closed_by_several(connection)
    found = _Compared()
    for number, case_id in enumerate(cases):
        progress.report(number / max(1, len(cases)), f"{number:,} of {len(cases):,} cases")
        _compare_case(connection, claims_of(connection, secret, case_id), titles, cache, found,
                      tolerance_mm)  # fmt: skip
    cache.save()
    seen = {r for line in found.lines for r in (line.first, line.second)}
    patient_of = patients(connection)
    rows = tuple(
        row_of(
            topic,
            title,
            [line for line in found.lines if line.topic == topic],
            (
                region_alpha(found.units.get(topic, RegionUnits()), Overlap.DICE, patient_of),
                region_alpha(found.units.get(topic, RegionUnits()), Overlap.IOU, patient_of),
            ),
            patient_of,
        )
        for topic, title in titles.items()
        if any(li.topic == topic and li.numbers.dice is not None for li in found.lines)
    )
    own = tuple(r for r in readers if r in seen)
    schemas = queries.many(connection, Schema)
    return RegionReport(
        tolerance_mm,
        rows,
        tuple(found.lines),
        own,
        len(cases),
        tuple(mark_agreement.mark_rows(found.marks, dict(titles), tolerance_mm, patient_of)),
        tuple(found.marks),
        attribute_rows(connection, found.said, schemas, titles, own, options or BoardOptions()),
        {f.case_id: f for f in case_facts(connection, cases)},
        _closed(connection, cases),
    )


@dataclass
class _Compared:
    """What is gathered case by case; ``said`` by class topic and attribute."""

    lines: list[RegionLine] = field(default_factory=list)
    marks: list[MarkLine] = field(default_factory=list)
    said: dict[tuple[str, str], list[Said]] = field(default_factory=dict)
    units: dict[str, RegionUnits] = field(default_factory=dict)


def _compare_case(
    connection: Connection,
    claims: CaseClaims,
    titles: Mapping[str, str],
    cache: RegionCache,
    found: _Compared,
    tolerance_mm: float,
) -> None:
    pixels, grids = Pixels(connection), Grids(connection)
    drawn: dict[str, list[Annotation]] = {}
    for region in claims.annotations:
        topic = topic_of(region.schema_id, region.label.class_id)
        drawn.setdefault(topic, []).append(region)
    asked = topic_of(claims.case.schema_id, "")
    for topic in (t for t in titles if t in drawn or t.startswith(asked)):
        regions = drawn.get(topic, [])
        for i, first in enumerate(claims.readers):
            for second in claims.readers[i + 1 :]:
                pair = _of(regions, first), _of(regions, second)
                numbers = _numbers(claims, pair, pixels, grids, cache, tolerance_mm)
                head = (claims.case.id, claims.case.title, topic, first, second)
                found.lines.append(RegionLine(*head, numbers))
        _gather(claims, regions, (pixels, grids), found.units.setdefault(topic, RegionUnits()))
        if _needs_findings(claims, regions):
            _look_closer(connection, claims, topic, regions, (pixels, grids, cache), found)


def _gather(
    claims: CaseClaims,
    regions: Sequence[Annotation],
    tools: tuple[Pixels, Grids],
    units: RegionUnits,
) -> None:
    """Keep every reader's pixels of a class for alpha, where somebody marked it."""
    pixels, grids = tools
    readings = [_of(regions, reader) for reader in claims.readers]
    if not any(readings) or len(readings) < 2:
        return
    if units.is_full:
        units.left += 1
        return
    used = {r.target.series_id: grids[r.target.series_id] for own in readings for r in own}
    marks = [[pixels.mark(claims, r) for r in own] for own in readings]
    units.add(claims.case.id, marks, used)


def _closed(connection: Connection, cases: Sequence[str]) -> dict[str, float]:
    """When the last reader closed each case, in seconds."""
    wanted = set(cases)
    return {
        case_id: seconds(utc)
        for (case_id, _place), utc in tallies.closed_at(connection).items()
        if case_id in wanted
    }


def _of(regions: Sequence[Annotation], reader_id: str) -> list[Annotation]:
    """A reader's regions with an inside; points and lines are compared one by one."""
    return [r for r in regions if r.reader_id == reader_id and not is_mark(r)]


def _needs_findings(claims: CaseClaims, regions: Sequence[Annotation]) -> bool:
    """Whether one region is held against one other: for points, lines and attributes."""
    if any(is_mark(r) for r in regions):
        return True
    several = len({r.reader_id for r in regions}) > 1
    return several and any(r.label.attributes for r in regions) and claims.schema is not None


def _look_closer(
    connection: Connection,
    claims: CaseClaims,
    topic: str,
    regions: Sequence[Annotation],
    tools: tuple[Pixels, Grids, RegionCache],
    found: _Compared,
) -> None:
    """Find which regions belong together, and compare those one by one."""
    pixels, grids, cache = tools
    for finding in _findings(claims, topic, regions, pixels, grids, cache):
        case = claims.case.id, claims.case.title
        found.marks += mark_agreement.mark_lines(connection, case, finding, claims.readers, grids)
        schema = claims.schema
        for key, question_id, said in attributes_said(
            connection, claims.case.id, schema, finding, grids
        ):
            found.said.setdefault((key, question_id), []).append(said)


def _findings(
    claims: CaseClaims,
    topic: str,
    regions: Sequence[Annotation],
    pixels: Pixels,
    grids: Grids,
    cache: RegionCache,
) -> list[Finding]:
    facts = sorted({grids[r.target.series_id].facts for r in regions if is_mark(r)})
    digest = content_of(claims, regions, facts)
    known = cache.groups(digest)
    if known is None:
        made = findings_of(claims, topic, regions, pixels)
        cache.keep_groups(digest, [[r.id for r in f.regions.values()] for f in made])
        return made
    by_id = {r.id: r for r in regions}
    return [
        Finding(topic, number, {by_id[i].reader_id: by_id[i] for i in group})
        for number, group in enumerate(known, 1)
    ]


def _numbers(
    claims: CaseClaims,
    pair: tuple[list[Annotation], list[Annotation]],
    pixels: Pixels,
    grids: Grids,
    cache: RegionCache,
    tolerance_mm: float,
) -> PairNumbers:
    if not pair[0] and not pair[1]:
        return PairNumbers(Presence.NEITHER, None, None, None, None, None, 0, 0, 0, 0, 0, 0.0)
    used = {r.target.series_id: grids[r.target.series_id] for r in (*pair[0], *pair[1])}
    digest = _digest(claims, pair, used, tolerance_mm)
    known = cache.get(digest)
    if known is None:
        marks = [[pixels.mark(claims, r) for r in side] for side in pair]
        known = count_pair(pair, marks, used, tolerance_mm)
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
