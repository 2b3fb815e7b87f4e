"""Text in the pixels of an image, found by the models that the package rapidocr brings along.

``why_not`` is for the application; everything else runs in the child process. What a text says
never leaves the child: only where it stands, how sure that is, and how many characters it has.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from desktop.domain.errors import ModelProblem
from desktop.domain.model_run import TextBox

THRESHOLD = 0.5
_LARGEST_LETTER = 0.25  # of the image's longer side; what is taller is anatomy taken for a letter
LICENCE = "Apache-2.0"
NOT_INSTALLED = (
    "The reader of text is not installed. Install Reading Room with its extra: "
    'pip install "readingroom[ocr]"'
)
_KINDS = ("Det", "Cls", "Rec")

Bytes = npt.NDArray[np.uint8]


def why_not() -> str:
    """Why text can't be looked for on this machine; "" where it can. Imports nothing."""
    here = all(find_spec(name) is not None for name in ("rapidocr", "onnxruntime"))
    return "" if here else NOT_INSTALLED


def fingerprint() -> str:
    """The SHA-256 over the model files, in hex."""
    digest = hashlib.sha256()
    for path in _files().values():
        digest.update(path.read_bytes())
    return digest.hexdigest()


def find_text(pixels: Bytes) -> tuple[TextBox, ...]:
    """Boxes around text.

    Parameters
    ----------
    pixels
        (rows, columns) grey or (rows, columns, 3) RGB, uint8, as a person sees it.

    Returns
    -------
    Boxes in pixels of the image (x to the right, y down), surest first.
    """
    planes = pixels[..., ::-1] if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
    found = _engine()(np.ascontiguousarray(planes))
    if found.boxes is None or found.txts is None or found.scores is None:
        return ()
    rows, columns = pixels.shape[:2]
    boxes = []
    for corners, text, score in zip(found.boxes, found.txts, found.scores, strict=True):
        size = len("".join(text.split()))
        points = np.asarray(corners, np.float64)
        x0, y0 = np.clip(points.min(axis=0), 0, (columns, rows))
        x1, y1 = np.clip(points.max(axis=0), 0, (columns, rows))
        tall = min(x1 - x0, y1 - y0) > _LARGEST_LETTER * max(rows, columns)
        if size and score >= THRESHOLD and x1 > x0 and y1 > y0 and not tall:
            sure = round(min(1.0, float(score)), 4)
            boxes.append(
                TextBox(
                    x0=float(x0),
                    y0=float(y0),
                    x1=float(x1),
                    y1=float(y1),
                    score=sure,
                    characters=size,
                )
            )
    return tuple(sorted(boxes, key=lambda b: -b.score))


def _files() -> dict[str, Path]:
    """The model files of the package, by kind; none is ever fetched."""
    spec = find_spec("rapidocr")
    if spec is None or spec.origin is None:
        raise ModelProblem("Text can't be looked for on this machine.", NOT_INSTALLED)
    folder = Path(spec.origin).parent / "models"
    found = {kind: sorted(folder.glob(f"*_{kind.lower()}_*.onnx")) for kind in _KINDS}
    if missing := [kind for kind, paths in found.items() if not paths]:
        raise ModelProblem(
            "The reader of text is incomplete.",
            f"Its package came without {len(missing)} of its {len(_KINDS)} models.",
            "Install the extra again.",
        )
    return {kind: paths[0] for kind, paths in found.items()}


@functools.cache
def _engine() -> Callable[[Bytes], Any]:
    """The reader with its own files, silent and without the network."""
    files = _files()
    try:
        from rapidocr import RapidOCR
        from rapidocr.utils.download_file import DownloadFile
    except ImportError as error:
        raise ModelProblem("Text can't be looked for on this machine.", NOT_INSTALLED) from error

    def refuse(*_asked: object) -> None:
        raise ModelProblem("The reader of text is incomplete.", "", "Install the extra again.")

    DownloadFile.run = staticmethod(refuse)
    settings: dict[str, Any] = {f"{kind}.model_path": str(path) for kind, path in files.items()}
    settings |= {"Global.log_level": "critical", "Global.text_score": THRESHOLD}
    reader: Callable[[Bytes], Any] = RapidOCR(params=settings)
    return reader
