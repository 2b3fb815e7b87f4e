"""What the manifest and the data card say about a bundle as a whole."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from desktop.domain.contracts import Progress
from desktop.domain.study import CalibrationSource
from desktop.exchange.exporter import BundleOptions
from desktop.exchange.regions import CaseLabels, labelled_cases
from desktop.exchange.snapshot import Snapshot

_DEIDENTIFICATION = {
    "method": "allow-list",
    "patient": "Names, identifiers, birth dates, sex and all dates of the source are not in the "
    "bundle; patients are pseudonymous keys made with a secret of the project.",
    "uids": "Study, Series and SOP Instance UIDs and SHA-256 of the source files are kept, so that "
    "labels can be joined to their images. They lead back to the patient for who holds the images.",
    "readers": "Pseudonyms; names are not in the bundle.",
    "free_text": "Comments, text answers, reasons, titles and schema texts are as typed and were "
    "not checked for names.",
    "pixels": "The bundle holds no source pixels.",
    "dicom_seg": "Written from an allow-list; Patient's Name and Patient ID are the patient key, "
    "dates of birth and study are empty, PS3.15 codes 113100 and 113110 (Retain UIDs).",
}
_PICTURES = (
    "The images of preference tasks and image folders are in the bundle as PNG files, as was "
    "chosen for this export; writing on them was not removed. Otherwise it holds no source pixels."
)
_IDENTIFIED = (
    "NOT de-identified: the Patient and Study modules are those of the source images, as was "
    "chosen for this export. Names and dates of patients are in these files."
)


def deidentification(options: BundleOptions) -> dict[str, str]:
    """What was done so that nobody is named, in sentences."""
    said = dict(_DEIDENTIFICATION)
    if options.pictures:
        said["pixels"] = _PICTURES
    if not options.keep_patient:
        return said
    return said | {
        "method": "allow-list; DICOM segmentations and reports carry the patient's identity",
        "patient": "Outside seg/ and sr/: " + _DEIDENTIFICATION["patient"],
        "dicom_seg": _IDENTIFIED,
    }


@dataclass
class BundleFacts:
    """Counts over all cases of a bundle."""

    cases: int = 0
    images: int = 0
    annotated_images: int = 0
    annotations: int = 0
    answers: int = 0
    no_finding: int = 0
    synthetic: int = 0  # cases
    free_texts: int = 0
    text_checked: int = 0  # cases
    text_frames: int = 0
    patients: set[str] = field(default_factory=set)
    by_class: Counter[tuple[str, int]] = field(default_factory=Counter)
    cases_by_class: Counter[tuple[str, int]] = field(default_factory=Counter)
    cases_by_schema: Counter[str] = field(default_factory=Counter)
    origins: Counter[str] = field(default_factory=Counter)
    by_reader: Counter[str] = field(default_factory=Counter)
    done_by_reader: Counter[str] = field(default_factory=Counter)
    calibrations: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    series: list[dict[str, Any]] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """The plain numbers."""
        return {
            "cases": self.cases,
            "patients": len(self.patients),
            "images": self.images,
            "annotated_images": self.annotated_images,
            "series": len(self.series),
            "annotations": self.annotations,
            "answers": self.answers,
            "no_finding": self.no_finding,
            "synthetic_cases": self.synthetic,
        }

    def pixel_text(self) -> dict[str, int | bool]:
        """Whether the pixels of all cases were checked for text, and what was found."""
        return {
            "checked": 0 < self.cases == self.text_checked,
            "cases_checked": self.text_checked,
            "frames_with_text": self.text_frames,
        }

    @property
    def pixel_text_sentence(self) -> str:
        """The same in words."""
        if not self.text_checked:
            return "The pixels of the images were not checked for text."
        share = "yes" if self.text_checked == self.cases else "in part"
        frames = f"{self.text_frames} frame{'' if self.text_frames == 1 else 's'}"
        return (
            f"Pixels checked for text: {share} ({self.text_checked} of {self.cases} cases); "
            f"{frames} with text found. In a long series the first, middle and last image and "
            "those with another edge were read. A search can miss text."
        )

    def classes(self, snapshot: Snapshot) -> dict[str, dict[str, dict[str, Any]]]:
        """By schema and class id: name, annotations, cases with at least one, prevalence."""
        return {
            schema.id: {
                str(c.id): {
                    "name": c.name,
                    "annotations": self.by_class[schema.id, c.id],
                    "cases": self.cases_by_class[schema.id, c.id],
                    "prevalence": round(
                        self.cases_by_class[schema.id, c.id]
                        / max(1, self.cases_by_schema[schema.id]),
                        6,
                    ),
                }
                for c in schema.classes
            }
            for schema in snapshot.schemas
        }


def gather(snapshot: Snapshot, progress: Progress) -> BundleFacts:
    """Count what is in the snapshot's cases."""
    facts = BundleFacts()
    for labels in labelled_cases(snapshot, progress, "Counting"):
        _add(facts, labels)
    return facts


def _add(facts: BundleFacts, labels: CaseLabels) -> None:
    facts.cases += 1
    facts.synthetic += labels.is_synthetic
    text = labels.snapshot.pixel_text(labels.case)
    facts.text_checked += text is not None
    facts.text_frames += text or 0
    facts.patients.add(labels.study.patient_key)
    facts.images += sum(i.frame_count for i in labels.instances.values())
    facts.annotations += len(labels.regions)
    frames: set[str] = set()
    for region in labels.regions:
        key = (region.schema.id, region.label_class.id)
        facts.by_class[key] += 1
        facts.origins[region.annotation.origin.value] += 1
        facts.by_reader[region.reader] += 1
        facts.free_texts += bool(region.annotation.comment)
        target = region.annotation.target.frame
        frames |= {f.frame.key for f in region.frames} | ({target.key} if target else set())
    facts.annotated_images += len(frames)
    facts.cases_by_schema.update({labels.case.schema_id, *(r.schema.id for r in labels.regions)})
    for key in {(r.schema.id, r.label_class.id) for r in labels.regions}:
        facts.cases_by_class[key] += 1
    for state in labels.assignments:
        facts.no_finding += state.no_finding
        facts.states[state.state.value] += 1
        facts.done_by_reader[labels.reader(state.reader_id)] += state.state.value == "done"
    facts.answers += len(labels.answers()) + sum(len(r.attributes) for r in labels.regions)
    for series in labels.series:
        sources = {i.calibration.value for i in labels.instances_of(series)}
        if any(i.ultrasound_regions for i in labels.instances_of(series)):
            sources.add(CalibrationSource.ULTRASOUND.value)
        if labels.snapshot.calibration(series.id) is not None:
            sources.add(CalibrationSource.USER.value)
        facts.calibrations.update(sources)
        facts.series.append(
            {
                "series_id": series.id,
                "series_instance_uid": series.series_instance_uid,
                "case_id": labels.case.id,
                "modality": series.modality,
                "frames": len(labels.frames(series)),
                "regular": labels.space(series).regular,
                "calibration": sorted(sources),
                "warnings": sorted({*series.warnings, *labels.space(series).warnings}),
            }
        )
