"""Writes and reads DICOM measurement reports. Runs in a child process only: it parses source files
and loads highdicom.

Source: DICOM PS3.16 TID 1500 (Measurement Report), TID 1410 (Planar ROI), TID 1501 (Measurement
Group), TID 300; PS3.3 A.35.3 (Comprehensive SR), C.18.6 (spatial coordinates: column, row from the
top left corner of the top left pixel).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from desktop.domain.errors import FileProblem
from desktop.exchange.dicom_source import settle, source_header
from desktop.exchange.sr_request import (
    CANT_MEASURE,
    SrGroup,
    SrMeasure,
    SrNumber,
    SrRead,
    SrRequest,
)

_ENGLISH = Code("en", "RFC5646", "English")
_PROCEDURE = Code("363679005", "SCT", "Imaging procedure")
_TRACKING_ID, _TRACKING_UID = "112039", "112040"
_FINDING, _CATEGORY, _REGION, _METHOD = "121071", "276214006", "111030", "370129005"
_OF_THE_GROUP = {_TRACKING_ID, _TRACKING_UID, _FINDING, _CATEGORY}


def write_sr(request: SrRequest) -> npt.NDArray[np.uint8]:
    """The bytes of a Comprehensive SR, Explicit VR Little Endian.

    Raises FileProblem where a source file is gone or changed, or can't be measured on.
    """
    import highdicom

    sources = [
        source_header(source, request.patient_key, request.slice_mm) for source in request.sources
    ]
    sr: Any = highdicom.sr
    person = sr.ObserverContext(
        observer_type=Code("121006", "DCM", "Person"),
        observer_identifying_attributes=sr.PersonObserverIdentifyingAttributes(
            name=request.creator + "^"
        ),
    )
    try:
        report = sr.MeasurementReport(
            observation_context=sr.ObservationContext(observer_person_context=person),
            procedure_reported=_PROCEDURE,
            imaging_measurements=[_group(group, sources, request) for group in request.groups],
            language_of_content_item_and_descendants=sr.LanguageOfContentItemAndDescendants(
                _ENGLISH
            ),
        )
        dataset: Any = sr.ComprehensiveSR(
            evidence=sources,
            content=report,
            series_instance_uid=request.series_uid,
            series_number=request.series_number,
            sop_instance_uid=request.sop_uid,
            instance_number=1,
            manufacturer="Reading Room",
            manufacturer_model_name="Reading Room",
            software_versions=request.version,
            device_serial_number="1",
            series_description=request.description,
            is_complete=True,
        )
    except (ValueError, AttributeError, TypeError, KeyError) as error:
        raise FileProblem(CANT_MEASURE, " ".join(str(error).split())[:200]) from error
    dataset.ContentDate, dataset.ContentTime = request.date, request.time
    dataset.SeriesDate, dataset.SeriesTime = request.date, request.time
    settle(
        dataset,
        date=request.date,
        time=request.time,
        scheme=request.coding_scheme,
        is_pseudonymous=bool(request.patient_key),
        is_synthetic=request.synthetic,
    )
    packed = BytesIO()
    dataset.save_as(packed)
    return np.frombuffer(packed.getvalue(), dtype=np.uint8)


def read_sr(path: str) -> list[SrRead]:
    """All measurement groups of a report, read with pydicom alone."""
    dataset = dcmread(path)
    lists = [i for i in dataset.ContentSequence if _name(i)[0] == "126010"]
    return [_read_group(group) for found in lists for group in found.ContentSequence]


# --- writing


def _group(group: SrGroup, sources: Sequence[Dataset], request: SrRequest) -> Any:
    import highdicom

    sr = highdicom.sr
    common: dict[str, Any] = {
        "tracking_identifier": sr.TrackingIdentifier(
            uid=group.tracking_uid, identifier=group.tracking_id
        ),
        "finding_type": Code(*group.finding),
        "finding_category": Code(*group.category) if group.category else None,
        "measurements": [_measurement(m, group, sources) for m in group.measures],
        "qualitative_evaluations": [
            sr.QualitativeEvaluation(name=Code(*name), value=Code(*value))
            for name, value in group.evaluations
        ],
    }
    if group.algorithm:
        common["algorithm_id"] = sr.AlgorithmIdentification(
            name=group.algorithm, version=request.version
        )
    if not group.is_region:
        return sr.MeasurementsAndQualitativeEvaluations(**common)
    first = group.measures[0]
    region = sr.ImageRegion(
        graphic_type=group.graphic,
        graphic_data=_points(group),
        source_image=_image(sr.SourceImageForRegion, first, sources),
    )
    return sr.PlanarROIMeasurementsAndQualitativeEvaluations(**common, referenced_region=region)


def _measurement(measure: SrMeasure, group: SrGroup, sources: Sequence[Dataset]) -> Any:
    import highdicom

    sr = highdicom.sr
    where: dict[str, Any] = {}
    if group.graphic and not group.is_region:
        where["referenced_coordinates"] = [
            sr.CoordinatesForMeasurement(
                graphic_type=group.graphic,
                graphic_data=_points(group),
                source_image=_image(sr.SourceImageForRegion, measure, sources),
            )
        ]
    elif not group.graphic:
        where["referenced_images"] = [_image(sr.SourceImageForMeasurement, measure, sources)]
    return sr.Measurement(
        name=Code(*measure.name),
        value=measure.value,
        unit=Code(*measure.unit),
        method=Code(*measure.method),
        **where,
    )


def _points(group: SrGroup) -> npt.NDArray[np.float64]:
    """(n, 2) columns and rows."""
    return np.asarray(group.points, dtype=np.float64).reshape(-1, 2)


def _image(kind: Any, measure: SrMeasure, sources: Sequence[Dataset]) -> Any:
    header = sources[measure.source]
    frames = [measure.frame_index + 1] if "NumberOfFrames" in header else None
    return kind(header.SOPClassUID, header.SOPInstanceUID, frames)


# --- reading


def _read_group(group: Dataset) -> SrRead:
    items = list(group.ContentSequence)
    texts = {_name(i)[0]: i for i in items}
    regions = [i for i in items if i.ValueType == "SCOORD" and _name(i)[0] == _REGION]
    numbers, outline = [], regions[0] if regions else None
    for item in items:
        if item.ValueType != "NUM":
            continue
        lines = [i for i in item.get("ContentSequence", ()) if i.ValueType == "SCOORD"]
        outline = outline if outline is not None or not lines else lines[0]
        numbers.append(_read_number(item, lines[0] if lines else outline))
    said = [
        (_name(i), _code(i.ConceptCodeSequence[0]))
        for i in items
        if i.ValueType == "CODE" and _name(i)[0] not in _OF_THE_GROUP
    ]
    return SrRead(
        tracking_id=str(texts[_TRACKING_ID].TextValue),
        tracking_uid=str(texts[_TRACKING_UID].UID),
        finding=_code(texts[_FINDING].ConceptCodeSequence[0]),
        graphic="" if outline is None else str(outline.GraphicType),
        points=() if outline is None else tuple(float(v) for v in outline.GraphicData),
        numbers=tuple(numbers),
        evaluations=tuple(said),
    )


def _read_number(item: Dataset, outline: Dataset | None) -> SrNumber:
    measured = item.MeasuredValueSequence[0]
    below = item.get("ContentSequence", ())
    method = next(i for i in below if i.ValueType == "CODE" and _name(i)[0] == _METHOD)
    image = next(_images(item), None)
    if image is None and outline is not None:
        image = next(_images(outline))
    if image is None:
        raise ValueError("a measurement without an image")
    return SrNumber(
        name=_name(item),
        value=float(measured.NumericValue),
        unit=str(measured.MeasurementUnitsCodeSequence[0].CodeValue),
        method=_code(method.ConceptCodeSequence[0]),
        sop_instance_uid=str(image.ReferencedSOPInstanceUID),
        frame_index=int(image.get("ReferencedFrameNumber", 1)) - 1,
    )


def _images(item: Dataset) -> Iterator[Dataset]:
    for below in item.get("ContentSequence", ()):
        if below.ValueType == "IMAGE":
            yield below.ReferencedSOPSequence[0]
        else:
            yield from _images(below)


def _name(item: Dataset) -> tuple[str, str]:
    return _code(item.ConceptNameCodeSequence[0])


def _code(item: Dataset) -> tuple[str, str]:
    return str(item.CodeValue), str(item.CodingSchemeDesignator)
