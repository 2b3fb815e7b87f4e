"""What rules get to see of an item: read from records, headers and pixels when it is asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from desktop.domain.annotation import Annotation, MaskSlice
from desktop.domain.geometry import Mask
from desktop.domain.proposal import Proposal, ProposedFrame
from desktop.domain.record import to_json
from desktop.domain.runs import MaskYX, decode_runs, shape_mask
from desktop.domain.schema import Scope
from desktop.domain.study import CalibrationSource, FrameRef, Instance
from desktop.engines.agreement.region_size import region_size
from desktop.engines.learning.image_sketch import Sketch, distances, sketch
from desktop.engines.rules.rule_kinds import Need
from desktop.engines.rules.rule_subject import Example, Picture, RegionFacts, Said, Score
from desktop.imaging.frame import Frame
from desktop.workspace.rules.rule_items import Records, RuleItem, frames_of_region
from desktop.workspace.rules.rule_known import Known, label_of, readers_said

_LUMINANCE = np.array([0.299, 0.587, 0.114], dtype=np.float32)


class Material:
    """One for a run; used by the thread that runs the rules.

    ``frame`` decodes in the child process, ``tags_of`` reads headers there, ``runs`` gives a
    mask's run lengths by digest.
    """

    def __init__(
        self,
        records: Records,
        known: Known,
        frame: Callable[[FrameRef], Frame],
        tags_of: Callable[[Sequence[Path]], list[dict[str, str]]],
        source_path: Callable[[str], Path],
        runs: Callable[[str], bytes],
    ) -> None:
        self.records = records
        self.known = known
        self._frame = frame
        self._tags_of = tags_of
        self._source_path = source_path
        self._runs = runs
        self._tags: dict[str, dict[str, str]] = {}
        self._sketches: dict[str, Sketch | None] = {}
        self._near: dict[str, list[Example]] | None = None

    def subject(self, item: RuleItem) -> ItemSubject:
        return ItemSubject(self, item)

    def digest(self, item: RuleItem, need: Need) -> str:
        """A hash that changes with what a rule of this need could see of the item."""
        records, case_id = self.records, item.case_id
        parts: list[str] = [item.key, need.value]
        match need:
            case Need.TAGS | Need.PIXELS:
                parts += [f.key for frames in item.frames for f in frames]
                parts += [to_json(item.region)] if item.region is not None else []
                parts += [s.runs for s in self._slices(item.region)]
            case Need.REPORT:
                parts.append(records.reports.get(case_id, ""))
            case Need.REGIONS:
                for region in records.annotations.get(case_id, ()):
                    parts += [to_json(region), *(s.runs for s in self._slices(region))]
                parts += [to_json(p) for p in records.proposals.get(case_id, ())]
            case Need.SCORES:
                parts += [f"{p.id}:{p.score}" for p in records.proposals.get(case_id, ())]
            case Need.ANSWERS:
                parts += [f"{s.reader_id}:{s.label}" for s in readers_said(records, item)]
            case Need.EXAMPLES:
                parts.append(to_json(self.known.labels))
                parts += [f.key for frames in item.frames for f in frames]
                parts += [to_json(item.region)] if item.region is not None else []
                parts += [s.runs for s in self._slices(item.region)]
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:20]

    # what subjects ask for -------------------------------------------------------------------

    def tags(self, item: RuleItem) -> Mapping[str, tuple[str, ...]] | None:
        """Of a case the first file of each series speaks; of a frame or region its own."""
        ids = list(dict.fromkeys(f.instance_id for frames in item.frames for f in frames[:1]))
        ids = [i for i in ids if self.records.instances[i].media == "dicom"]
        if not ids:
            return None
        missing = [i for i in ids if i not in self._tags]
        if missing:
            found = self._tags_of([self._source_path(i) for i in missing])
            self._tags.update(zip(missing, found, strict=True))
        names = {name for i in ids for name in self._tags[i]}
        return {
            name: tuple(dict.fromkeys(self._tags[i][name] for i in ids if name in self._tags[i]))
            for name in names
        }

    def pictures(self, item: RuleItem, which: str) -> Iterator[Picture]:
        for frames in item.frames:
            middle = which == "middle" and item.target.scope is Scope.STUDY
            for ref in (frames[len(frames) // 2],) if middle else frames:
                mask = None if item.region is None else self._mask(item.region, ref)
                yield self._picture(ref, mask)

    def sketch(self, item: RuleItem) -> Sketch | None:
        """The sketch of the middle image of the longest series, of the frame, or of the square
        around a region where most of it is; None where there is nothing to look at."""
        if item.key not in self._sketches:
            longest = max(item.frames, key=len, default=())
            made = None
            if item.region is not None:
                values = self._around(item.region, longest)
                made = None if values is None else sketch(values)
            elif longest:
                made = sketch(self._picture(longest[len(longest) // 2], None).values_yx)
            self._sketches[item.key] = made
        return self._sketches[item.key]

    def examples(self, item: RuleItem) -> list[Example] | None:
        if self._near is None:
            self._near = self._find_near()
        return self._near.get(item.key)

    def regions(self, item: RuleItem) -> tuple[RegionFacts, ...]:
        if item.region is not None:
            return (self._facts(item.region),)
        listed: list[Annotation | Proposal] = list(self.records.annotations.get(item.case_id, ()))
        listed += [p for p in self.records.proposals.get(item.case_id, ()) if p.label is not None]
        frame = item.target.frame
        return tuple(
            self._facts(region, frame)
            for region in listed
            if frame is None or frame in frames_of_region(self.records, region)
        )

    def scores(self, item: RuleItem) -> tuple[Score, ...]:
        target, found = self.records.target, []
        for p in self.records.proposals.get(item.case_id, ()):
            if p.provenance.tool == "rules" or (item.region is not None and p is not item.region):
                continue
            frame = item.target.frame
            if frame and item.region is None and frame not in frames_of_region(self.records, p):
                continue
            tool = p.provenance.tool
            if p.label is not None:
                found.append(Score(p.score, class_id=p.label.class_id, tool=tool))
            elif p.question_id == target.question_id:
                found.append(Score(p.score, label=label_of(self.records, p.value), tool=tool))
        return tuple(found)

    def said(self, item: RuleItem) -> tuple[Said, ...]:
        return readers_said(self.records, item)

    # ------------------------------------------------------------------------------------------

    def _picture(self, ref: FrameRef, mask: MaskYX | None) -> Picture:
        frame = self._frame(ref)
        if frame.is_color:
            values = frame.pixels.astype(np.float32) @ _LUMINANCE
        else:
            values = frame.pixels.astype(np.float32)
            values = values * np.float32(frame.slope) + np.float32(frame.intercept)
        spacing = patient_spacing(self.records.instances[ref.instance_id])
        return Picture(values, frame.unit, spacing, mask)

    def _around(
        self, region: Annotation | Proposal, frames: Sequence[FrameRef]
    ) -> npt.NDArray[np.float32] | None:
        """A region with half its size around it, on the frame with most of its pixels."""
        masks = [(ref, mask) for ref in frames if (mask := self._mask(region, ref)) is not None]
        if not any(mask.any() for _ref, mask in masks):
            return None
        ref, mask = max(masks, key=lambda pair: int(pair[1].sum()))
        rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
        reach = 1 + max(int(np.ptp(rows)), int(np.ptp(columns))) // 2
        top, left = max(0, int(rows[0]) - reach), max(0, int(columns[0]) - reach)
        values = self._picture(ref, None).values_yx
        return values[top : int(rows[-1]) + reach + 1, left : int(columns[-1]) + reach + 1]

    def _mask(self, region: Annotation | Proposal, ref: FrameRef) -> MaskYX | None:
        """The region's pixels on one frame; None where it has no area there."""
        for part in self._slices(region):
            if part.frame == ref:
                return decode_runs(self._runs(part.runs), part.rows, part.columns)
        instance, geometry = self.records.instances[ref.instance_id], region.geometry
        if geometry is None or isinstance(geometry, Mask) or region.target.frame != ref:
            return None
        return shape_mask(geometry, instance.rows, instance.columns)

    def _slices(self, region: Annotation | Proposal | None) -> Sequence[MaskSlice | ProposedFrame]:
        if isinstance(region, Proposal):
            return region.frames
        return self.records.slices.get(region.id, ()) if region is not None else ()

    def _facts(self, region: Annotation | Proposal, only: FrameRef | None = None) -> RegionFacts:
        area_px = diameter_px = area_mm2 = diameter_mm = volume = 0.0
        calibrated, whole = True, True
        for ref in (only,) if only else frames_of_region(self.records, region):
            mask = self._mask(region, ref)
            if mask is None:
                continue
            instance = self.records.instances[ref.instance_id]
            size = region_size(mask)
            area_px, diameter_px = max(area_px, size.area), max(diameter_px, size.diameter)
            spacing = patient_spacing(instance)
            if spacing is None:
                calibrated = False
                continue
            size = region_size(mask, spacing)
            area_mm2, diameter_mm = max(area_mm2, size.area), max(diameter_mm, size.diameter)
            series = self.records.series[instance.series_id]
            whole &= series.regular and series.slice_step_mm is not None
            volume += size.area * (series.slice_step_mm or 0.0)
        class_id = region.label.class_id if region.label else 0
        by_reader = region if isinstance(region, Annotation) else None
        return RegionFacts(
            class_id=class_id,
            reader_id=by_reader.reader_id if by_reader else "",
            score=region.score if isinstance(region, Proposal) else 1.0,
            area_px=area_px,
            area_mm2=area_mm2 if calibrated else None,
            diameter_px=diameter_px,
            diameter_mm=diameter_mm if calibrated else None,
            volume_mm3=volume if calibrated and whole and only is None else None,
        )

    def _find_near(self) -> dict[str, list[Example]]:
        """The nearest known items of every item, none of the same patient."""
        items = [i for i in self.records.items if self.sketch(i) is not None]
        labels = self.known.labels
        examples = [i for i in items if i.key in labels]
        if not examples:
            return {i.key: [] for i in items}
        table = np.stack([self._sketches[i.key] for i in items])  # type: ignore[misc]
        rows = {i.key: n for n, i in enumerate(items)}
        apart = distances(table, table[[rows[e.key] for e in examples]])
        near: dict[str, list[Example]] = {}
        for item, row in zip(items, apart, strict=True):
            order = np.argsort(row, kind="stable").tolist()
            others = (n for n in order if examples[n].patient_key != item.patient_key)
            near[item.key] = [
                Example(float(row[n]), labels[examples[n].key])
                for n, _ in zip(others, range(_MOST_NEIGHBOURS), strict=False)
            ]
        return near


_MOST_NEIGHBOURS = 50


class ItemSubject:
    """One item as a rule sees it; see ``engines.rule_subject.Subject``."""

    def __init__(self, material: Material, item: RuleItem) -> None:
        self._material, self._item = material, item
        self.level = material.records.target.level

    def tags(self) -> Mapping[str, tuple[str, ...]] | None:
        return self._material.tags(self._item)

    def report(self) -> str | None:
        return self._material.records.reports.get(self._item.case_id)

    def pictures(self, which: str = "middle") -> Iterator[Picture]:
        return self._material.pictures(self._item, which)

    def regions(self) -> Sequence[RegionFacts]:
        return self._material.regions(self._item)

    def scores(self) -> Sequence[Score]:
        return self._material.scores(self._item)

    def answers(self) -> Sequence[Said]:
        return self._material.said(self._item)

    def examples(self) -> Sequence[Example] | None:
        return self._material.examples(self._item)


def patient_spacing(instance: Instance) -> tuple[float, float] | None:
    """Millimetres between rows and columns where they are those of the patient plane."""
    in_patient = instance.calibration is CalibrationSource.PATIENT
    return instance.spacing_mm if in_patient else None
