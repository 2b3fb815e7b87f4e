"""What the page of synthetic images says of an image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from desktop.domain.study import Instance
    from desktop.engines.synthesis.synthetic import Made
    from desktop.workspace.images.derived import Shown


def said_of_labels(made: Made) -> str:
    """How much of an image each class is."""
    counts = np.bincount(made.labels_yx.ravel(), minlength=len(made.classes) + 1)[1:]
    total = made.labels_yx.size
    shares = ", ".join(
        f"{c} {100 * n / total:.1f} %" for c, n in zip(made.classes, counts, strict=False)
    )
    return f"Label: {shares} of the image. Exact to the pixel."


def said_of_lesion(shown: Shown, instance: Instance) -> str:
    """How large the lesion is, and what its label is."""
    assert shown.mask_yx is not None
    pixels = int(shown.mask_yx.sum())
    diameter = 2 * float(np.sqrt(pixels / np.pi))
    if instance.spacing_mm is not None:
        rows_mm, columns_mm = instance.spacing_mm
        diameter *= float(np.sqrt(rows_mm * columns_mm))
        size = f"{diameter:.1f} mm across ({instance.calibration.value})"
    else:
        size = f"{diameter:.0f} px across"
    return (
        f"The lesion is {size}. Its label is exact: every pixel of which the lesion is at least "
        f"half. {_kept(instance)}"
    )


def said_of_scanner(_shown: Shown, instance: Instance) -> str:
    """What stays as it is."""
    return f"Places and labels stay as they are, only the grey values change. {_kept(instance)}"


def _kept(instance: Instance) -> str:
    if instance.media == "dicom":
        return "Written as DICOM with new identifiers, marked Synthetic Data; the original stays."
    return "Written as PNG, marked as synthetic; the original stays as it is."
