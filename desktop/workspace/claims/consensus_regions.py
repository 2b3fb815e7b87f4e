"""Consensus of regions: the pixels of a class, or each of its findings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace

from desktop.commands.annotation import PaintedFrame
from desktop.domain.annotation import Annotation, Label, Target
from desktop.domain.contracts import Progress
from desktop.domain.errors import UserError
from desktop.domain.geometry import Box, Mask, Point, Polyline
from desktop.domain.proposal import Proposal, ProposedFrame
from desktop.domain.record import stable_id
from desktop.domain.runs import decode_runs, mask_bounds, runs_digest
from desktop.domain.schema import Scope
from desktop.engines.agreement.region_groups import (
    Mark,
    Piece,
    distances,
    group_marks,
    overlap_table,
)
from desktop.workspace.claims.case_claims import CaseClaims, Pixels
from desktop.workspace.claims.consensus_report import (
    ConsensusReport,
    Line,
    Read,
    Subject,
    SubjectKind,
    draft,
    provenance,
)
from desktop.workspace.claims.fusing import Fused, Part, fuse

if TYPE_CHECKING:
    from desktop.store.database import Connection

_LINES = (Box, Point, Polyline)  # what is a finding of its own and never joined to a mask


def fuse_cases(
    read: Read,
    subject: Subject,
    method: str,
    settings: dict[str, float],
    connection: Connection,
    progress: Progress,
) -> ConsensusReport:
    """One line per case and series (pixels), or per finding."""
    lines: list[Line] = []
    notes: dict[str, None] = {}
    titles: dict[str, str] = {}
    for number, claims in enumerate(read.cases):
        progress.report(0.5 + 0.5 * number / len(read.cases), "Putting regions together")
        pixels = Pixels(connection)
        for fused, line in _of_case(read, subject, method, settings, claims, pixels):
            lines.append(line)
            if fused is not None:
                titles.setdefault(fused.method, fused.title)
                notes |= dict.fromkeys(fused.notes)
    if not lines:
        raise UserError(
            "Nobody has marked anything of this kind yet.", "", "Choose another class or kind."
        )
    progress.report(1.0)
    lines.sort(key=lambda line: (not line.differs, -line.disagreement, line.case_title))
    return ConsensusReport(
        subject=subject,
        method=method or "/".join(titles) or "none",
        title=", ".join(titles.values()) or "Nothing in common",
        lines=tuple(lines),
        readers=len(read.names),
        run_id=read.run_id,
        notes=tuple(n for n in notes if "undecided" not in n),
        settings=settings,
    )


def _of_case(
    read: Read,
    subject: Subject,
    method: str,
    settings: dict[str, float],
    claims: CaseClaims,
    pixels: Pixels,
) -> list[tuple[Fused | None, Line]]:
    own = [a for a in claims.annotations if a.label.class_id == subject.class_id and a.geometry]
    found = []
    if subject.kind is SubjectKind.MASK:
        painted = [a for a in own if not isinstance(a.geometry, _LINES)]
        for series_id in sorted({a.target.series_id for a in painted}):
            here = [a for a in painted if a.target.series_id == series_id]
            parts = _one_per_reader(claims, here, pixels)
            found.append(_line(read, claims, parts, pixels, method, settings, by_pixels=True))
        return found
    shapes = [a for a in own if isinstance(a.geometry, _LINES)]
    marks = [pixels.mark(claims, a) for a in shapes]
    rater = np.array([m.rater for m in marks], dtype=np.int64)
    least = settings.get("overlap", 0.1)
    for group in group_marks(rater, overlap_table(marks), least):
        parts = [Part(shapes[i], (), marks[i]) for i in group]
        found.append(_line(read, claims, parts, pixels, "", settings, by_pixels=False))
    return found


def _one_per_reader(
    claims: CaseClaims, regions: Sequence[Annotation], pixels: Pixels
) -> list[Part]:
    """All regions of one reader as one: the class's pixels."""
    parts = []
    for place, reader in enumerate(claims.readers):
        own = [a for a in regions if a.reader_id == reader]
        if own:
            marks = [pixels.mark(claims, a) for a in own]
            slices = tuple(s for a in own for s in claims.slices.get(a.id, ()))
            parts.append(Part(own[0], slices, _united(marks, place)))
    return parts


def _united(marks: Sequence[Mark], place: int) -> Mark:
    if len(marks) == 1:
        return marks[0]
    pieces: dict[str, Piece] = {}
    for key in sorted({k for m in marks for k in m.pieces}):
        pieces[key] = _joined([m.pieces[key] for m in marks if key in m.pieces])
    return Mark(rater=place, label=marks[0].label, pieces=pieces)


def _joined(cuts: Sequence[Piece]) -> Piece:
    x0 = min(x for _p, (x, _y) in cuts)
    y0 = min(y for _p, (_x, y) in cuts)
    x1 = max(x + p.shape[1] for p, (x, _y) in cuts)
    y1 = max(y + p.shape[0] for p, (_x, y) in cuts)
    whole = np.zeros((y1 - y0, x1 - x0), dtype=np.bool_)
    for pixels, (x, y) in cuts:
        whole[y - y0 : y - y0 + pixels.shape[0], x - x0 : x - x0 + pixels.shape[1]] |= pixels
    return whole, (x0, y0)


def _line(
    read: Read,
    claims: CaseClaims,
    parts: list[Part],
    pixels: Pixels,
    method: str,
    settings: dict[str, float],
    by_pixels: bool,
) -> tuple[Fused | None, Line]:
    readers = len(claims.readers)
    support = len(parts) / readers
    apart = distances([p.mark for p in parts], readers)
    disagreement = float(apart.mean()) if apart.size else 0.0
    if by_pixels:
        majority = f"{_area(_fused(parts, pixels, 'majority', readers)):,} px"
        fused = _fused(parts, pixels, method, readers)
        answer = f"{_area(fused):,} px"
        differs = fused is not None and fused.differing_voxels > 0
    else:
        majority = "there" if support > 0.5 else "tied" if support == 0.5 else "not there"
        fused = _fused(parts, pixels, "", readers)
        answer = f"seen by {len(parts)} of {readers}"
        differs = False
    proposal: Proposal | None = None
    runs: tuple[bytes, ...] = ()
    certainty = fused.certainty if fused is not None else 0.0
    if fused is not None and (by_pixels or support > settings.get("support", 0.5)):
        proposal, runs = _proposal(read, claims, fused, settings, readers)
    line = Line(
        case_id=claims.case.id,
        case_title=claims.case.title,
        majority=majority,
        answer=answer,
        certainty=certainty if by_pixels else support,
        disagreement=disagreement,
        differs=differs,
        proposal=proposal,
        runs=runs,
        frame=fused.region.target.frame if fused is not None else None,
    )
    return fused, line


def _fused(parts: list[Part], pixels: Pixels, method: str, readers: int) -> Fused | None:
    """None where nothing is left that readers share."""
    try:
        return fuse(parts, pixels, method, readers)
    except UserError as error:
        if "method is not known" in error.title:
            raise
        return None


def _area(fused: Fused | None) -> int:
    frames: tuple[PaintedFrame, ...] = fused.frames if fused is not None else ()
    return sum(int(decode_runs(f.runs, f.rows, f.columns).sum()) for f in frames)


def _proposal(
    read: Read, claims: CaseClaims, fused: Fused, settings: dict[str, float], readers: int
) -> tuple[Proposal, tuple[bytes, ...]]:
    assert claims.schema is not None
    region = fused.region
    frames = tuple(
        ProposedFrame(
            frame=f.frame,
            rows=f.rows,
            columns=f.columns,
            runs=runs_digest(f.runs),
            bounds=mask_bounds(mask),
            area_px=int(mask.sum()),
            pixels_sha256=f.pixels_sha256,
        )
        for f in fused.frames
        for mask in (decode_runs(f.runs, f.rows, f.columns),)
    )
    content = "/".join(f.runs for f in frames) or str(region.geometry)
    proposal_id = stable_id(read.run_id, claims.case.id, fused.method, content)
    made_with = provenance(fused.method, settings, readers)
    target = region.target
    if isinstance(region.geometry, Mask):
        target = Target(scope=Scope.REGION, series_id=target.series_id)
    proposal = replace(
        draft(claims, claims.schema, proposal_id, read.run_id, made_with),
        target=target,
        label=Label(class_id=region.label.class_id),
        geometry=region.geometry,
        frames=frames,
        score=min(1.0, fused.certainty),
        pixels_sha256=region.pixels_sha256,
    )
    return proposal, tuple(f.runs for f in fused.frames)
