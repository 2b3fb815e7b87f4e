"""Writes and reads DICOM segmentations. Runs in a child process only: it parses source files and
loads highdicom.

Source: DICOM PS3.3 A.51 (Segmentation IOD), C.8.20; PS3.15 E (confidentiality profile).
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from desktop.domain.errors import FileProblem
from desktop.domain.runs import decode_runs, encode_runs
from desktop.exchange.dicom_source import settle, source_header
from desktop.exchange.seg_request import CANT_CARRY, SegFrame, SegRequest, SegSegment


def write_seg(request: SegRequest) -> npt.NDArray[np.uint8]:
    """The bytes of a BINARY segmentation, Explicit VR Little Endian.

    Raises FileProblem where a source file is gone or changed, or can't carry a segmentation.
    """
    import highdicom

    sources = [
        source_header(source, request.patient_key, request.slice_mm) for source in request.sources
    ]
    try:
        dataset = highdicom.seg.Segmentation(
            source_images=sources,
            pixel_array=_pixels(request, sources),
            segmentation_type=highdicom.seg.SegmentationTypeValues.BINARY,
            segment_descriptions=[
                _description(number, segment, request)
                for number, segment in enumerate(request.segments, start=1)
            ],
            series_instance_uid=request.series_uid,
            series_number=request.series_number,
            sop_instance_uid=request.sop_uid,
            instance_number=request.instance_number,
            manufacturer="Reading Room",
            manufacturer_model_name="Reading Room",
            software_versions=request.version,
            device_serial_number="1",
            content_description=request.description,
            content_label="LABELS",
            content_creator_name=request.creator + "^",
            series_description=request.description,
            content_date=request.date,
            content_time=request.time,
            series_date=request.date,
            series_time=request.time,
        )
    except (ValueError, AttributeError, TypeError, KeyError) as error:
        raise FileProblem(CANT_CARRY, " ".join(str(error).split())[:200]) from error
    _settle(dataset, request)
    placed = "ImagePositionPatient" in sources[0] or "NumberOfFrames" in sources[0]
    if not placed and "PatientOrientation" not in dataset:
        dataset.PatientOrientation = sources[0].get("PatientOrientation")  # Type 2C without a plane
    packed = BytesIO()
    dataset.save_as(packed)
    return np.frombuffer(packed.getvalue(), dtype=np.uint8)


def read_seg(path: str) -> list[SegFrame]:
    """All frames of a segmentation, read with pydicom alone."""
    dataset = dcmread(path)
    rows, columns, count = dataset.Rows, dataset.Columns, int(dataset.NumberOfFrames)
    bits = np.unpackbits(np.frombuffer(dataset.PixelData, np.uint8), bitorder="little")
    frames = bits[: count * rows * columns].reshape(count, rows, columns).astype(np.bool_)
    tracking = {int(s.SegmentNumber): str(s.TrackingID) for s in dataset.SegmentSequence}
    shared = dataset.SharedFunctionalGroupsSequence[0]
    found = []
    for group, mask in zip(dataset.PerFrameFunctionalGroupsSequence, frames, strict=True):
        groups = (group, shared)  # what all frames have in common is said once
        image = _item(groups, "DerivationImageSequence").SourceImageSequence[0]
        number = _item(groups, "SegmentIdentificationSequence").ReferencedSegmentNumber
        found.append(
            SegFrame(
                tracking_id=tracking[int(number)],
                sop_instance_uid=str(image.ReferencedSOPInstanceUID),
                frame_index=int(image.get("ReferencedFrameNumber", 1)) - 1,
                rows=rows,
                columns=columns,
                runs=encode_runs(mask),
                position=_numbers(groups, "PlanePositionSequence", "ImagePositionPatient"),
                orientation=_numbers(groups, "PlaneOrientationSequence", "ImageOrientationPatient"),
                spacing=_numbers(groups, "PixelMeasuresSequence", "PixelSpacing"),
            )
        )
    return found


def _pixels(request: SegRequest, sources: Sequence[Dataset]) -> npt.NDArray[Any]:
    """(frames, rows, columns) segment numbers, or (…, segments) 0 and 1 where segments overlap."""
    rows, columns = int(sources[0].Rows), int(sources[0].Columns)
    multi_frame = "NumberOfFrames" in sources[0]
    count = int(sources[0].NumberOfFrames) if multi_frame else len(sources)
    labels = np.zeros((count, rows, columns), dtype=np.uint16)
    for number, segment in enumerate(request.segments, start=1):
        for source, frame, runs in segment.frames:
            plane = labels[frame if multi_frame else source]
            mask = decode_runs(runs, rows, columns)
            if plane[mask].any():
                return _layers(request, (count, rows, columns), multi_frame)
            plane[mask] = number
    return labels if len(request.segments) > 0xFF else labels.astype(np.uint8)


def _layers(
    request: SegRequest, size: tuple[int, int, int], multi_frame: bool
) -> npt.NDArray[np.uint8]:
    layers = np.zeros((*size, len(request.segments)), dtype=np.uint8)
    for number, segment in enumerate(request.segments):
        for source, frame, runs in segment.frames:
            place = frame if multi_frame else source
            layers[place, :, :, number] = decode_runs(runs, *size[1:])
    return layers


def _description(number: int, segment: SegSegment, request: SegRequest) -> Any:
    import highdicom

    algorithm = None
    if segment.algorithm != "MANUAL":
        algorithm = highdicom.AlgorithmIdentificationSequence(
            name=segment.algorithm_name or "unnamed",
            family=Code("123109", "DCM", "Manual Processing")
            if segment.algorithm == "SEMIAUTOMATIC"
            else Code("123110", "DCM", "Artificial Intelligence"),
            version=request.version,
        )
    return highdicom.seg.SegmentDescription(
        segment_number=number,
        segment_label=segment.label,
        segmented_property_category=Code(*segment.category),
        segmented_property_type=Code(*segment.type),
        algorithm_type=segment.algorithm,
        algorithm_identification=algorithm,
        tracking_uid=segment.tracking_uid,
        tracking_id=segment.tracking_id,
    )


def _settle(dataset: Dataset, request: SegRequest) -> None:
    """Replace what a library made of clock and chance, and say what was removed."""
    for item in (*dataset.DimensionOrganizationSequence, *dataset.DimensionIndexSequence):
        item.DimensionOrganizationUID = request.dimension_uid
    settle(
        dataset,
        date=request.date,
        time=request.time,
        scheme=request.coding_scheme,
        is_pseudonymous=bool(request.patient_key),
        is_synthetic=request.synthetic,
    )


def _item(groups: Sequence[Dataset], sequence: str) -> Dataset:
    """The first item of a sequence in the first group that has it; empty where none has."""
    for group in groups:
        for item in group.get(sequence) or ():
            assert isinstance(item, Dataset)
            return item
    return Dataset()


def _numbers(groups: Sequence[Dataset], sequence: str, keyword: str) -> tuple[float, ...]:
    return tuple(float(v) for v in _item(groups, sequence).get(keyword) or ())
