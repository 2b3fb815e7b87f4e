"""Small CT series with a bright spot each, as real DICOM files in a real project."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from desktop.commands.project import UseSchema
from desktop.imaging.slice_writer import DemoPatient, Volume, write_slices
from desktop.workspace.models.models import Models
from desktop.workspace.places import resources_dir
from desktop.workspace.settings import Settings
from desktop.workspace.workspace import Workspace
from tools.make_models import make_samples

ROWS, COLUMNS, SLICES = 96, 128, 4
SPOT = (84.0, 40.0)  # x, y; on images 1 and 2


def spot_volume(spot: bool = True) -> Volume:
    """Air with soft noise, and a solid spot on its two middle images."""
    random = np.random.Generator(np.random.PCG64(5))
    voxels = random.normal(-850, 8, (SLICES, ROWS, COLUMNS))
    y, x = np.mgrid[:ROWS, :COLUMNS] + 0.5
    if spot:
        voxels[1:3, (x - SPOT[0]) ** 2 + (y - SPOT[1]) ** 2 < 6**2] = 60
    return Volume(
        voxels=np.rint(voxels).astype(np.int16),
        steps_mm=np.diag([0.8, 0.8, 4.0]),
        origin_mm=np.zeros(3),
    )


def write_cases(folder: Path, spots: tuple[bool, ...]) -> Path:
    """One CT per entry, with or without the spot."""
    for number, spot in enumerate(spots):
        patient = DemoPatient(20 + number, f"Chest {number}", "CHEST")
        write_slices(spot_volume(spot), "CT", patient, folder / f"{number}")
    return folder


def ct_project(folder: Path, spots: tuple[bool, ...] = (True, False)) -> Workspace:
    """An open project with these CTs, read with the chest schema; Ada leads it."""
    images = write_cases(folder / "images", spots)
    room = Workspace.create(
        folder / "ct.rroom",
        title="CT",
        reader_name="Ada",
        settings=Settings(folder / "settings.json"),
    )
    report = room.import_images([images])
    schema = room.add_schema_file(resources_dir() / "schemas" / "chest-ct-nodule.json")
    room.run(UseSchema(case_ids=report.cases, schema_id=schema.id))
    return room


def add_samples(models: Models, folder: Path) -> dict[str, str]:
    """The sample models on the shelf; hashes by name."""
    made = make_samples(folder)
    names = ("bright-lesion-segmenter", "bright-lesion-detector", "click-encoder")
    return {name: models.add(made[name]).sha256 for name in names}
