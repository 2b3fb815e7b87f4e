"""What DICOM attributes mean for planes, calibration, values and windows. Child side.

Numbers from a header are never trusted: what is not finite, or makes no sense, counts as absent.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from desktop.domain.study import CalibrationSource, Plane, UltrasoundRegion, Window
from desktop.imaging.checks import refuse

PROJECTION = {"CR", "DX", "MG", "XA", "RF", "RG", "IO", "PX", "DR", "XC", "RTIMAGE"}
_MAX_MM = 1e6


def numbers(value: Any) -> tuple[float, ...]:
    """The finite numbers of a possibly multi-valued attribute; () where one is not finite."""
    if value is None or value == "":
        return ()
    parts = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    try:
        found = tuple(float(part) for part in parts)
    except (TypeError, ValueError, OverflowError):
        return ()
    return found if all(math.isfinite(v) for v in found) else ()


def text(value: Any, limit: int = 256) -> str:
    """Printable text of an attribute, one line, cut to ``limit`` characters."""
    if value is None:
        return ""
    plain = " ".join(str(value).replace("^", " ").split())
    return "".join(c for c in plain if c.isprintable())[:limit]


def whole(value: Any, default: int = 0) -> int:
    """A whole number, or the default."""
    found = numbers(value)
    return int(found[0]) if len(found) == 1 and abs(found[0]) < 2**53 else default


def group(data_set: Any, name: str, frame_index: int = 0) -> Any:
    """The first item of a functional group: the frame's own, else the shared one, else None.

    Source: DICOM PS3.3 C.7.6.16.
    """
    frames = data_set.get("PerFrameFunctionalGroupsSequence")
    if frames and frame_index < len(frames) and frames[frame_index].get(name):
        return frames[frame_index].get(name)[0]
    shared = data_set.get("SharedFunctionalGroupsSequence")
    if shared and shared[0].get(name):
        return shared[0].get(name)[0]
    return None


def planes_of(data_set: Any, frame_count: int) -> tuple[Plane, ...]:
    """One plane per frame of an enhanced image, one for a classic one, or () where unknown."""
    if data_set.get("PerFrameFunctionalGroupsSequence"):
        found = [_enhanced_plane(data_set, i) for i in range(frame_count)]
        kept = tuple(plane for plane in found if plane is not None)
        return kept if len(kept) == frame_count else ()
    plane = _plane(data_set.get("ImagePositionPatient"), data_set.get("ImageOrientationPatient"))
    return (plane,) if plane is not None else ()


def _enhanced_plane(data_set: Any, frame_index: int) -> Plane | None:
    position = group(data_set, "PlanePositionSequence", frame_index)
    orientation = group(data_set, "PlaneOrientationSequence", frame_index)
    if position is None or orientation is None:
        return None
    return _plane(position.get("ImagePositionPatient"), orientation.get("ImageOrientationPatient"))


def _plane(position: Any, orientation: Any) -> Plane | None:
    """A plane whose two directions are of length 1 and at right angles, within 0.1 %."""
    p, o = numbers(position), numbers(orientation)
    if len(p) != 3 or len(o) != 6 or max(map(abs, p)) > _MAX_MM:
        return None
    right, down = o[:3], o[3:]
    dot = sum(a * b for a, b in zip(right, down, strict=True))
    if abs(math.hypot(*right) - 1) > 1e-3 or abs(math.hypot(*down) - 1) > 1e-3 or abs(dot) > 1e-3:
        return None
    return Plane(position=(p[0], p[1], p[2]), orientation=(o[0], o[1], o[2], o[3], o[4], o[5]))


def _spacing(value: Any) -> tuple[float, float] | None:
    """(between rows, between columns) in mm; None for zero, negative or not finite."""
    found = numbers(value)
    if len(found) != 2 or not all(0 < v < _MAX_MM for v in found):
        return None
    return (found[0], found[1])


def calibration_of(
    data_set: Any, modality: str, regions: tuple[UltrasoundRegion, ...]
) -> tuple[tuple[float, float] | None, CalibrationSource]:
    """Pixel spacing (between rows, between columns) in mm and where it is measured.

    In projection images Pixel Spacing is the patient's only where it was calibrated: it differs
    from Imager Pixel Spacing, or Pixel Spacing Calibration Type says so.
    Source: DICOM PS3.3 10.7.1.1 and 10.7.1.3.
    """
    if regions:
        return None, CalibrationSource.ULTRASOUND
    spacing = _spacing(data_set.get("PixelSpacing")) or _group_spacing(data_set)
    imager = _spacing(data_set.get("ImagerPixelSpacing")) or _spacing(
        data_set.get("NominalScannedPixelSpacing")
    )
    secondary = modality in ("OT", "SC", "") and not data_set.get("ImageOrientationPatient")
    if modality in PROJECTION or imager is not None or secondary:
        calibrated = text(data_set.get("PixelSpacingCalibrationType")) in ("GEOMETRY", "FIDUCIAL")
        differs = spacing is not None and imager is not None and not _close(spacing, imager)
        if spacing is not None and (calibrated or differs):
            return spacing, CalibrationSource.PATIENT
        found = imager or spacing
        return found, CalibrationSource.DETECTOR if found else CalibrationSource.NONE
    return spacing, CalibrationSource.PATIENT if spacing else CalibrationSource.NONE


def _group_spacing(data_set: Any) -> tuple[float, float] | None:
    """Spacing of an enhanced image, where all frames share it."""
    frames = data_set.get("PerFrameFunctionalGroupsSequence") or ()
    found = set()
    for index in range(max(1, len(frames))):
        measures = group(data_set, "PixelMeasuresSequence", index)
        found.add(_spacing(measures.get("PixelSpacing")) if measures is not None else None)
    return found.pop() if len(found) == 1 else None


def _close(a: tuple[float, float], b: tuple[float, float]) -> bool:
    return all(math.isclose(x, y, rel_tol=1e-4) for x, y in zip(a, b, strict=True))


def ultrasound_regions_of(data_set: Any, rows: int, columns: int) -> tuple[UltrasoundRegion, ...]:
    """The 2D regions that are calibrated in centimetres along both axes.

    Source: DICOM PS3.3 C.8.5.5.1: spatial format 1 is 2D, unit 3 is cm.
    """
    found = []
    for item in data_set.get("SequenceOfUltrasoundRegions") or ():
        corners = [
            whole(item.get(name), -1)
            for name in (
                "RegionLocationMinX0",
                "RegionLocationMinY0",
                "RegionLocationMaxX1",
                "RegionLocationMaxY1",
            )
        ]
        x0, y0, x1, y1 = corners
        inside = 0 <= x0 <= x1 and 0 <= y0 <= y1 and x0 < columns and y0 < rows
        in_cm = all(
            whole(item.get(name)) == 3
            for name in ("PhysicalUnitsXDirection", "PhysicalUnitsYDirection")
        )
        deltas = (*numbers(item.get("PhysicalDeltaX")), *numbers(item.get("PhysicalDeltaY")))
        if not inside or not in_cm or whole(item.get("RegionSpatialFormat")) != 1:
            continue
        if len(deltas) != 2 or not all(0 < abs(d) < _MAX_MM for d in deltas):
            continue
        found.append(
            UltrasoundRegion(
                x0=x0,
                y0=y0,
                x1=min(x1, columns - 1),
                y1=min(y1, rows - 1),
                mm_per_px_x=abs(deltas[0]) * 10,
                mm_per_px_y=abs(deltas[1]) * 10,
            )
        )
    return tuple(found)


def frame_time_of(data_set: Any, frame_count: int) -> float | None:
    """Milliseconds between frames of a cine, None for still images."""
    if frame_count < 2:
        return None
    for name in ("FrameTime", "FrameTimeVector"):
        found = numbers(data_set.get(name))
        steps = found[1:] if name == "FrameTimeVector" else found[:1]
        if steps and sum(steps) > 0:
            return sum(steps) / len(steps)
    for name in ("RecommendedDisplayFrameRate", "CineRate"):
        found = numbers(data_set.get(name))
        if found and found[0] > 0:
            return 1000.0 / found[0]
    return None


def rescale_of(data_set: Any, modality: str, frame_index: int = 0) -> tuple[float, float, str]:
    """Slope, intercept and unit of the modality's values; refuses a slope that is not a number.

    Source: DICOM PS3.3 C.11.1.1.2.
    """
    source = group(data_set, "PixelValueTransformationSequence", frame_index)
    source = data_set if source is None else source
    if source.get("RescaleSlope") in (None, "") and source.get("RescaleIntercept") in (None, ""):
        return 1.0, 0.0, ""
    slope, intercept = (
        numbers(source.get("RescaleSlope", 1)),
        numbers(source.get("RescaleIntercept", 0)),
    )
    if len(slope) != 1 or len(intercept) != 1 or slope[0] == 0 or abs(slope[0]) > 1e12:
        raise refuse("Its rescale slope or intercept is not a number to calculate with.")
    kind = text(source.get("RescaleType"), 16)
    if modality == "CT" and kind in ("", "HU"):
        return slope[0], intercept[0], "HU"
    if modality == "PT":
        return slope[0], intercept[0], _PET_UNITS.get(text(data_set.get("Units"), 16), "")
    return slope[0], intercept[0], kind if kind in _RESCALE_UNITS else ""


# Defined terms of Rescale Type but US (unspecified); free text is not taken. PS3.3 C.11.1.1.2.
_RESCALE_UNITS = ("OD", "HU", "HU_MOD", "MGML", "Z_EFF", "ED", "EDW", "PCT")
_PET_UNITS = {"BQML": "Bq/mL", "GML": "g/mL", "CNTS": "counts", "PROPCPS": "counts/s"}


def windows_of(data_set: Any, frame_index: int = 0) -> tuple[Window, ...]:
    """The linear windows of the file, without those that can't be used."""
    source = group(data_set, "FrameVOILUTSequence", frame_index)
    source = data_set if source is None else source
    centers, widths = numbers(source.get("WindowCenter")), numbers(source.get("WindowWidth"))
    named = source.get("WindowCenterWidthExplanation") or ()
    names = [named] if isinstance(named, str) else list(named)
    found = []
    for index, (center, width) in enumerate(zip(centers, widths, strict=False)):
        if width > 0 and abs(center) < 1e12 and width < 1e12:
            name = text(names[index], 32) if index < len(names) else ""
            found.append(Window(center=center, width=width, name=_plain_name(name)))
    return tuple(found)


_WINDOW_WORDS = {
    "abdomen", "algo", "angio", "average", "bone", "brain", "cardiac", "chest", "contrast",
    "default", "detail", "fat", "hard", "harder", "head", "high", "kidney", "liver", "low",
    "lung", "mediastinum", "middle", "muscle", "narrow", "neck", "neuro", "normal", "opaque",
    "pelvis", "sinus", "skin", "smooth", "soft", "softer", "spine", "standard", "stroke",
    "temporal", "thorax", "tissue", "user", "vessel", "wide", "window",
}  # fmt: skip


def _plain_name(name: str) -> str:
    """A window's name if it is made of known words and numbers: free text may name a patient."""
    words = re.findall(r"[A-Za-z]+", name)
    known = all(w.casefold() in _WINDOW_WORDS for w in words)
    return name if known and len(re.findall(r"[0-9]", name)) <= 2 else ""
