"""Images made of formulas: the same every time, so that a program can test itself anywhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from desktop.imaging.slice_writer import DemoPatient, Volume, write_slices

# Centre (column, row, slice) and radii as fractions of the volume, and the value in HU. Nothing is
# mirrored: a flipped axis shows at once. Later ones are drawn over earlier ones.
_ORGANS = [
    ((0.50, 0.50, 0.50), (0.42, 0.30, 9.0), 40),  # body
    ((0.32, 0.48, 0.55), (0.14, 0.21, 0.60), -860),  # right lung, larger
    ((0.68, 0.47, 0.52), (0.12, 0.19, 0.55), -850),  # left lung
    ((0.56, 0.40, 0.30), (0.10, 0.09, 0.30), 55),  # heart, to the left, front and low
    ((0.50, 0.72, 0.50), (0.035, 0.04, 9.0), 420),  # spine
    ((0.50, 0.72, 0.50), (0.012, 0.015, 9.0), 30),  # its canal
]
# The lesions: one solid and round on the left, one flat and faint on the right and higher.
LESIONS = [
    ((0.69, 0.42, 0.46), (0.022, 0.022, 0.07), 35),
    ((0.30, 0.55, 0.71), (0.030, 0.018, 0.05), -480),
]


def chest(rows: int = 512, columns: int = 512, slices: int = 48) -> Volume:
    """A chest-like CT in HU, with noise, two lesions and 5 mm slices."""
    random = np.random.Generator(np.random.PCG64(20260101))
    voxels = np.full((slices, rows, columns), -1000.0, dtype=np.float32)
    for centre, radii, value in _ORGANS + LESIONS:
        voxels[inside(centre, radii, slices, rows, columns)] = value
    voxels += random.normal(0.0, 12.0, voxels.shape).astype(np.float32)
    spacing = 320.0 / columns
    return Volume(
        voxels=np.clip(np.rint(voxels), -1024, 3071).astype(np.int16),
        steps_mm=np.diag([spacing, spacing, 5.0]),
        origin_mm=np.array([-160.0, -180.0, -120.0]),
    )


def inside(
    centre: tuple[float, float, float],
    radii: tuple[float, float, float],
    slices: int,
    rows: int,
    columns: int,
) -> npt.NDArray[np.bool_]:
    """Voxels of an ellipsoid, (slices, rows, columns); lengths as fractions of each axis."""
    x = ((np.arange(columns) + 0.5) / columns - centre[0]) / radii[0]
    y = ((np.arange(rows) + 0.5) / rows - centre[1]) / radii[1]
    z = ((np.arange(slices) + 0.5) / slices - centre[2]) / radii[2]
    found: npt.NDArray[np.bool_] = (
        z[:, None, None] ** 2 + y[None, :, None] ** 2 + x[None, None, :] ** 2 < 1.0
    )
    return found


def tissue(rows: int = 480, columns: int = 640) -> npt.NDArray[np.uint8]:
    """A photograph-like image of stained cells, (rows, columns, 3) RGB."""
    random = np.random.Generator(np.random.PCG64(7))
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    image = np.empty((rows, columns, 3), dtype=np.float32)
    image[:] = (226, 205, 222)
    for _ in range(220):
        cx, cy = random.uniform(0, columns), random.uniform(0, rows)
        rx, ry = random.uniform(4, 11, 2)
        cell = ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1.0
        image[cell] = (150, 92, 60) if random.random() < 0.3 else (96, 92, 160)
    image += random.normal(0.0, 6.0, image.shape).astype(np.float32)
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def write_samples(folder: str, slices: int = 24) -> None:
    """A compressed CT series and a photograph below ``folder``; child side."""
    from PIL import Image

    target = Path(folder)
    patient = DemoPatient(8, "Chest phantom", "CHEST")
    volume = chest(rows=256, columns=256, slices=slices)
    write_slices(volume, "CT", patient, target / "1-chest-phantom", compressed=True)
    photographs = target / "2-tissue-phantom"
    photographs.mkdir()
    Image.fromarray(tissue()).save(photographs / "tissue.png")
