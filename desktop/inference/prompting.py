"""Encoding an image and decoding prompts in the child process, family by family.

Child side. Coordinates are (x, y) in image pixels; labels are 1 inside, 0 outside, 2 and 3 the
box's top-left and bottom-right, -1 the padding point. Masks are logits, cut at 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from desktop.domain.errors import ModelProblem
from desktop.inference import session
from desktop.inference.prompt_family import PromptFamily

Floats = npt.NDArray[np.float32]
_SAM_MEAN, _SAM_STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
_IMAGENET_MEAN, _IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class ModelFile:
    """A file and the hash it is trusted by."""

    path: str
    sha256: str


@dataclass(frozen=True)
class Encoded:
    """What the decoder needs of an image; ``inner`` is (rows, columns) after resizing."""

    features: dict[str, np.ndarray]
    rows: int
    columns: int
    inner: tuple[int, int]


@dataclass(frozen=True)
class Outlined:
    """A mask, (rows, columns) uint8 0 or 1; ``score`` is the model's own estimate of its overlap
    with what was meant; ``low_res`` goes in with the next prompt."""

    mask_yx: npt.NDArray[np.uint8]
    score: float
    low_res: Floats


def encode(file: ModelFile, family: PromptFamily, grey_or_rgb: npt.NDArray[np.uint8]) -> Encoded:
    """Run the encoder on a windowed image, (rows, columns) or (rows, columns, 3) uint8."""
    rgb = grey_or_rgb if grey_or_rgb.ndim == 3 else np.repeat(grey_or_rgb[..., None], 3, axis=2)
    rows, columns = rgb.shape[:2]
    tensor, inner = _prepared(rgb, family)
    found = session.run(file.path, file.sha256, {family.image: tensor}, family.encoder)
    return Encoded(found, rows, columns, inner)


def decode(
    file: ModelFile,
    family: PromptFamily,
    encoded: Encoded,
    points_xy: Sequence[tuple[float, float]],
    labels: Sequence[int],
    before: Floats | None,
) -> Outlined:
    """Run the decoder on all prompts given so far; ``before`` is the last ``low_res``."""
    if not points_xy:
        raise ModelProblem("There is no prompt yet.", "", "Click, or drag a box.")
    if not family.takes_points and 2 not in labels:
        raise ModelProblem(f"{family.name} takes boxes only.", "", "Drag a box around it.")
    feeds = dict(encoded.features)
    scaled = _scaled(np.asarray(points_xy, np.float32), family, encoded)
    marks = np.asarray(labels, np.float32)
    if family.name == "EfficientSAM":
        feeds["batched_point_coords"] = scaled[None, None]
        feeds["batched_point_labels"] = marks[None, None]
        feeds["orig_im_size"] = np.array([encoded.rows, encoded.columns], np.int64)
    else:
        if family.name != "SAM 2" and 2 not in labels:
            scaled = np.concatenate([scaled, np.zeros((1, 2), np.float32)])
            marks = np.append(marks, np.float32(-1))
        low = family.side // 4 if family.side > 256 else family.side
        empty = np.zeros((1, 1, low, low), np.float32)
        feeds["point_coords"], feeds["point_labels"] = scaled[None], marks[None]
        feeds["mask_input"] = empty if before is None else before
        feeds["has_mask_input"] = np.array([before is not None], np.float32)
        if family.name != "SAM 2":
            feeds["orig_im_size"] = np.array([encoded.rows, encoded.columns], np.float32)
    found = session.run(file.path, file.sha256, feeds)
    return _outlined(found, family, encoded)


def _prepared(
    rgb: npt.NDArray[np.uint8], family: PromptFamily
) -> tuple[np.ndarray, tuple[int, int]]:
    """The encoder's tensor, and the size of the image inside it."""
    rows, columns = rgb.shape[:2]
    side = family.side
    if family.name == "EfficientSAM":
        return _planes(rgb / np.float32(255.0)), (rows, columns)
    if family.name == "SAM 2":
        stretched = np.asarray(_resized(rgb, side, side) / 255.0, np.float32)
        return _planes(_normal(stretched, _IMAGENET_MEAN, _IMAGENET_STD)), (side, side)
    scale = side / max(rows, columns)
    inner = (int(rows * scale + 0.5), int(columns * scale + 0.5))
    if family.name == "MedSAM-lite":
        area = _by_area(rgb, *inner).astype(np.float32)
        low, high = float(area.min()), float(area.max())
        return _padded((area - low) / max(high - low, 1e-8), side), inner
    small = _resized(rgb, *inner)
    if family.rank == 3:  # the graph normalises and pads by itself
        return small.astype(np.float32), inner
    return _padded(_normal(small.astype(np.float32), _SAM_MEAN, _SAM_STD), side), inner


def _scaled(points: Floats, family: PromptFamily, encoded: Encoded) -> Floats:
    if family.name == "EfficientSAM":
        return points
    rows, columns = encoded.inner
    return points * np.array([columns / encoded.columns, rows / encoded.rows], np.float32)


def _outlined(found: dict[str, np.ndarray], family: PromptFamily, encoded: Encoded) -> Outlined:
    """The best mask by the model's own estimate, at the size of the image."""
    masks = found.get("low_res_masks", found.get("masks", found.get("output_masks")))
    if masks is None:
        raise ModelProblem(
            "The model gave no mask.", f"It gave {', '.join(sorted(found))}.", "Use another one."
        )
    masks = np.asarray(masks, np.float32).reshape(-1, *masks.shape[-2:])
    scores = np.asarray(found.get("iou_predictions", np.zeros(len(masks))), np.float32).ravel()
    best = int(np.argmax(scores[: len(masks)]))
    logits = masks[best]
    size = (encoded.rows, encoded.columns)
    if family.name == "EfficientSAM" or family.name == "SAM 2":
        whole = _float_resized(logits, *size)
    else:
        side = family.side
        square = logits if logits.shape == (side, side) else _float_resized(logits, side, side)
        whole = _float_resized(square[: encoded.inner[0], : encoded.inner[1]], *size)
    return Outlined(
        np.ascontiguousarray(whole > 0).view(np.uint8),
        float(np.clip(scores[best], 0.0, 1.0)),
        logits[None, None],
    )


def _normal(values: Floats, mean: Sequence[float], std: Sequence[float]) -> Floats:
    return ((values - np.asarray(mean, np.float32)) / np.asarray(std, np.float32)).astype(
        np.float32
    )


def _padded(values: Floats, side: int) -> Floats:
    """Planes with zeros at the right and at the bottom."""
    rows, columns = values.shape[:2]
    square = np.zeros((side, side, 3), np.float32)
    square[:rows, :columns] = values
    return _planes(square)


def _planes(values: np.ndarray) -> Floats:
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None], dtype=np.float32)


def _resized(rgb: npt.NDArray[np.uint8], rows: int, columns: int) -> npt.NDArray[np.uint8]:
    from PIL import Image

    if rgb.shape[:2] == (rows, columns):
        return rgb
    return np.asarray(Image.fromarray(rgb).resize((columns, rows), Image.Resampling.BILINEAR))


def _by_area(rgb: npt.NDArray[np.uint8], rows: int, columns: int) -> np.ndarray:
    from desktop.imaging.cv import cv2

    return cv2.resize(np.ascontiguousarray(rgb), (columns, rows), interpolation=cv2.INTER_AREA)


def _float_resized(values: Floats, rows: int, columns: int) -> Floats:
    from PIL import Image

    if values.shape == (rows, columns):
        return values
    image = Image.fromarray(np.ascontiguousarray(values, dtype=np.float32))
    return np.asarray(image.resize((columns, rows), Image.Resampling.BILINEAR), dtype=np.float32)
