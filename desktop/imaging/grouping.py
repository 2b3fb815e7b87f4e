"""From the facts about files to domain records: instances in sorted series, studies, cases."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from desktop.domain.record import stable_id
from desktop.domain.split import SYNTHETIC_TAG
from desktop.domain.study import Case, Instance, Series, Study
from desktop.imaging.facts import ImageFacts
from desktop.imaging.space import arrange

MADE_FROM = "made_from"  # among a study's texts: the instance that its images were made from


@dataclass(frozen=True)
class Refused:
    """A file that was not taken, and why, in words."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Duplicate:
    """A file with the bytes of another one; ``same_as`` None: of one already in the project."""

    path: Path
    same_as: Path | None
    instance_id: str = ""


@dataclass
class ScanResult:
    """What was found. ``texts`` (by record id) stay on this machine and enter no record.

    ``instances`` are new; ``reordered`` are those of the project whose place in their series has
    changed because new ones came between. ``identifiers``: how many files fill an identifying
    attribute, by its keyword.
    """

    studies: list[Study] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)
    instances: list[Instance] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    sources: dict[str, Path] = field(default_factory=dict)
    texts: dict[str, dict[str, str]] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    duplicates: list[Duplicate] = field(default_factory=list)
    reordered: list[Instance] = field(default_factory=list)
    identifiers: dict[str, int] = field(default_factory=dict)


def patient_key(key: bytes, patient_id: str) -> str:
    """ "P-" and six hexadecimal digits of HMAC-SHA-256 over the patient's id."""
    return "P-" + hmac.new(key, patient_id.encode(), hashlib.sha256).hexdigest()[:6].upper()


def instance_id_of(digest: str) -> str:
    """The id of the instance in a file with this SHA-256."""
    return stable_id("instance", digest)


class Found:
    """Facts by series, until all files are read and the series can be sorted."""

    def __init__(self) -> None:
        self._series: dict[str, list[tuple[Instance, ImageFacts]]] = {}
        self._by_uid: dict[str, Path] = {}

    def add(self, path: Path, digest: str, facts: ImageFacts, result: ScanResult) -> None:
        uid = facts.sop_instance_uid
        if uid and uid in self._by_uid:
            result.refused.append(
                Refused(
                    path,
                    f"It has the identifier of {self._by_uid[uid].name}, but other content.",
                )
            )
            return
        if uid:
            self._by_uid[uid] = path
        photo = facts.media != "dicom"
        series_uid = facts.series_instance_uid or _made_up_uid("series", digest)
        series_id = stable_id("series", digest if photo else series_uid)
        instance = _instance(facts, digest, series_id)
        self._series.setdefault(series_id, []).append((instance, facts))
        result.sources[instance.id] = path
        for name in facts.identifiers:
            result.identifiers[name] = result.identifiers.get(name, 0) + 1
        if photo:
            result.texts[series_id] = {"file_name": path.name}

    def fill(
        self,
        result: ScanResult,
        key: bytes,
        existing: Callable[[str], Sequence[Instance]],
        case_offset: int,
        patient_of: Callable[[str], str] = lambda instance_id: "",
    ) -> None:
        """Sort and group what was found into ``result``; see ``scan``."""
        members_of: dict[str, list[Series]] = {}
        original_of: dict[str, str] = {}
        first_of: dict[str, Instance] = {}
        made_up: set[str] = set()
        for series_id, found in self._series.items():
            instances = _fitting([i for i, _ in found], existing(series_id), result)
            if not instances:
                continue
            facts, digest = found[0][1], found[0][0].file_sha256
            study = _study(facts, digest, key)
            if study.id not in members_of:
                result.studies.append(study)
                first_of[study.id] = found[0][0]
                _add_texts(result, study.id, facts.texts.get("study", {}))
            series = _series_record(series_id, study.id, facts, digest)
            series = _sorted_in(series, instances, existing(series_id), result)
            members_of.setdefault(study.id, []).append(series)
            if any(f.synthetic for _i, f in found):
                made_up.add(study.id)
                original = next((f.made_from for _i, f in found if f.made_from), "")
                original_of[study.id] = original
                _add_texts(result, study.id, {MADE_FROM: original} if original else {})
            result.series.append(series)
            _add_texts(result, series_id, facts.texts.get("series", {}))
        _join_originals(result, original_of, patient_of)
        for number, study in enumerate(result.studies):
            members = sorted(members_of[study.id], key=lambda s: (s.number, s.id))
            result.cases.append(
                Case(
                    id=stable_id("case", study.id),
                    study_id=study.id,
                    title=_title(study, members, first_of[study.id]),
                    order=case_offset + number,
                    series_ids=tuple(s.id for s in members),
                    tags=(SYNTHETIC_TAG,) if study.id in made_up else (),
                )
            )


def _join_originals(
    result: ScanResult, original_of: dict[str, str], patient_of: Callable[[str], str]
) -> None:
    """Give made-up images the patient of the image that they were made from, where it is known.

    ``original_of``: by study, the instance that its files name. Originals may be made up, too.
    """
    study_of_series = {s.id: s.study_id for s in result.series}
    study_of = {i.id: study_of_series[i.series_id] for i in result.instances}
    known = {s.id: s.patient_key for s in result.studies}

    def patient(study_id: str) -> str:
        seen: set[str] = set()
        while (original := original_of.get(study_id, "")) and study_id not in seen:
            seen.add(study_id)
            if original not in study_of:
                return patient_of(original) or known[study_id]
            study_id = study_of[original]
        return known[study_id]

    result.studies[:] = [
        replace(s, patient_key=patient(s.id)) if s.id in original_of else s for s in result.studies
    ]


def _fitting(
    new: Sequence[Instance], old: Sequence[Instance], result: ScanResult
) -> list[Instance]:
    """The new instances whose identifier the project does not have with other content."""
    taken = {i.sop_instance_uid for i in old if i.sop_instance_uid}
    for instance in new:
        if instance.sop_instance_uid in taken:
            path = result.sources.pop(instance.id)
            reason = "It has the identifier of an image in the project, but other content."
            result.refused.append(Refused(path, reason))
    return [i for i in new if i.sop_instance_uid not in taken]


def _sorted_in(
    series: Series, new: Sequence[Instance], old: Sequence[Instance], result: ScanResult
) -> Series:
    """Sort new instances in among those of the project; returns the series as it is then."""
    before = {i.id: i for i in old}
    series, ordered = arrange(series, [*old, *new])
    for instance in ordered:
        if instance.id not in before:
            result.instances.append(instance)
        elif instance != before[instance.id]:
            result.reordered.append(instance)
    return series


def _add_texts(result: ScanResult, record_id: str, texts: dict[str, str]) -> None:
    if texts:
        result.texts.setdefault(record_id, {}).update(texts)


def _made_up_uid(kind: str, digest: str) -> str:
    """A UID from content, for a photograph. Source: DICOM PS3.5 B.2 (2.25 and a number)."""
    return f"2.25.{int(stable_id(kind, digest), 16)}"


def _study(facts: ImageFacts, digest: str, key: bytes) -> Study:
    uid = facts.study_instance_uid or _made_up_uid("study", facts.series_instance_uid or digest)
    return Study(
        id=stable_id("study", uid),
        study_instance_uid=uid,
        patient_key=patient_key(key, facts.patient_id or uid),
    )


def _series_record(series_id: str, study_id: str, facts: ImageFacts, digest: str) -> Series:
    return Series(
        id=series_id,
        study_id=study_id,
        series_instance_uid=facts.series_instance_uid or _made_up_uid("series", digest),
        modality=facts.modality or "OT",
        number=facts.series_number,
        frame_of_reference_uid=facts.frame_of_reference_uid,
    )


def _instance(facts: ImageFacts, digest: str, series_id: str) -> Instance:
    return Instance(
        id=instance_id_of(digest),
        series_id=series_id,
        file_sha256=digest,
        media=facts.media,
        rows=facts.rows,
        columns=facts.columns,
        frame_count=facts.frame_count,
        samples=facts.samples,
        bits_stored=facts.bits_stored,
        signed=facts.signed,
        photometric=facts.photometric,
        sop_instance_uid=facts.sop_instance_uid,
        sop_class_uid=facts.sop_class_uid,
        transfer_syntax_uid=facts.transfer_syntax_uid,
        number=facts.number,
        planes=facts.planes,
        spacing_mm=facts.spacing_mm,
        calibration=facts.calibration,
        ultrasound_regions=facts.ultrasound_regions,
        frame_time_ms=facts.frame_time_ms,
        rescale_slope=facts.rescale_slope,
        rescale_intercept=facts.rescale_intercept,
        unit=facts.unit,
        windows=facts.windows,
        burned_in=facts.burned_in,
    )


def _title(study: Study, series: Sequence[Series], first: Instance) -> str:
    """What a case is called on screen: no name, no date."""
    if first.media != "dicom":
        return f"Photo · {first.file_sha256[:6].upper()}"
    modalities = ", ".join(sorted({s.modality for s in series}))
    return f"{modalities} · {study.patient_key}"
