"""Volumes come back voxel by voxel, however the series lies in the patient."""

from __future__ import annotations

import gzip
import itertools
from pathlib import Path

import nibabel
import numpy as np
import numpy.typing as npt
import pytest
import SimpleITK

from desktop.domain.contracts import Progress
from desktop.exchange.dicom_seg import SegExporter
from desktop.exchange.exporter import BundleOptions
from desktop.exchange.nifti import NiftiExporter
from desktop.exchange.seg_writer import read_seg
from tests.exchange.made import MadeProject
from tests.exchange.made_images import write_series

SIZE = (4, 6, 9)  # slices, rows, columns
STEPS_MM = (0.7, 1.1, 2.3)
ORIGIN_MM = (-31.25, 12.5, 100.75)
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0])


def phantom() -> npt.NDArray[np.bool_]:
    """(slices, rows, columns); no flip and no exchange of axes gives the same."""
    mask = np.zeros(SIZE, np.bool_)
    mask[0, 1:4, 2] = True
    mask[1, 1, 2:7] = True
    mask[2:, 4, 7:] = True
    mask[3, 5, 0] = True
    return mask


def signed_permutations() -> list[npt.NDArray[np.float64]]:
    """All 48 ways to lay three axes onto three axes."""
    found = []
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((1.0, -1.0), repeat=3):
            matrix = np.zeros((3, 3))
            for axis, (to, sign) in enumerate(zip(order, signs, strict=True)):
                matrix[to, axis] = sign
            found.append(matrix)
    return found


def oblique(reverse: bool = False) -> npt.NDArray[np.float64]:
    a, b = np.deg2rad(23.0), np.deg2rad(-41.0)
    turn_z = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    turn_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    matrix: npt.NDArray[np.float64] = turn_z @ turn_x
    return matrix @ np.diag([1.0, 1.0, -1.0]) if reverse else matrix


DIRECTIONS = {
    **{f"axes {n}": m for n, m in enumerate(signed_permutations())},
    "oblique": oblique(),
    "oblique, slices reversed": oblique(reverse=True),
}


def affine_of(directions: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """4×4, voxel (column, row, slice) to LPS mm."""
    affine = np.eye(4)
    affine[:3, :3] = directions * STEPS_MM
    affine[:3, 3] = ORIGIN_MM
    return affine


def project_with_phantom(
    folder: Path, affine: npt.NDArray[np.float64], modality: str = "CT"
) -> MadeProject:
    project = MadeProject(write_series(folder, SIZE, affine, modality))
    numbers = {i.number: i for i in project.instances.values()}
    mask = phantom()
    project.paint({numbers[k + 1].frames[0]: mask[k] for k in range(SIZE[0])})
    return project


def voxels_at(
    points_lps: npt.NDArray[np.float64], affine: npt.NDArray[np.float64]
) -> npt.NDArray[np.bool_]:
    """The mask, on the grid the phantom was made on, of these (n, 3) points in LPS mm."""
    homogeneous = np.column_stack([points_lps, np.ones(len(points_lps))])
    index = homogeneous @ np.linalg.inv(affine).T
    whole = np.rint(index[:, :3]).astype(int)
    assert np.abs(index[:, :3] - whole).max() < 1e-3
    mask = np.zeros(SIZE, np.bool_)
    mask[whole[:, 2], whole[:, 1], whole[:, 0]] = True
    assert mask.sum() == len(points_lps)
    return mask


def nifti_points(path: Path) -> npt.NDArray[np.float64]:
    image = nibabel.load(path)
    ijk = np.argwhere(np.asarray(image.dataobj) == 1)
    ras = np.asarray(nibabel.affines.apply_affine(image.affine, ijk))
    return ras @ LPS_TO_RAS


def itk_points(path: Path) -> npt.NDArray[np.float64]:
    image = SimpleITK.ReadImage(str(path))
    kji = np.argwhere(SimpleITK.GetArrayFromImage(image) != 0)
    return np.array([image.TransformIndexToPhysicalPoint([int(v) for v in p[::-1]]) for p in kji])


def seg_points(path: Path) -> npt.NDArray[np.float64]:
    """Centres of the set pixels from each frame's own position, orientation and spacing."""
    points = []
    for frame in read_seg(str(path)):
        right, down = np.array(frame.orientation).reshape(2, 3)
        lengths = np.frombuffer(frame.runs, "<u4")
        mask = np.repeat(np.arange(len(lengths)) % 2, lengths).reshape(frame.rows, frame.columns)
        for row, column in np.argwhere(mask):
            step = right * column * frame.spacing[1] + down * row * frame.spacing[0]
            points.append(np.array(frame.position) + step)
    return np.array(points)


@pytest.mark.parametrize("name", DIRECTIONS)
def test_no_voxel_moves_in_any_orientation(name: str, tmp_path: Path) -> None:
    affine = affine_of(DIRECTIONS[name])
    project = project_with_phantom(tmp_path / "series", affine)
    nothing = (BundleOptions(), project.pool, Progress())
    for exporter in (NiftiExporter(), SegExporter()):
        done = exporter.write(project.snapshot(), tmp_path, *nothing)
        (part,) = done.parts
        path = tmp_path / part.path
        readers = (nifti_points, itk_points) if path.suffix == ".gz" else (seg_points,)
        for reader in readers:
            found = voxels_at(reader(path), affine)
            assert int(np.count_nonzero(found != phantom())) == 0, reader.__name__


def test_nibabel_and_simpleitk_read_the_same_affine(tmp_path: Path) -> None:
    affine = affine_of(oblique())
    project = project_with_phantom(tmp_path / "series", affine)
    done = NiftiExporter().write(
        project.snapshot(), tmp_path, BundleOptions(), project.pool, Progress()
    )
    path = tmp_path / done.parts[0].path
    theirs = nibabel.load(path)
    image = SimpleITK.ReadImage(str(path))
    itk = np.array(image.GetDirection()).reshape(3, 3) * image.GetSpacing()
    assert np.allclose(LPS_TO_RAS @ itk, theirs.affine[:3, :3], atol=1e-5)
    assert np.allclose(LPS_TO_RAS @ image.GetOrigin(), theirs.affine[:3, 3], atol=1e-4)
    assert np.allclose(theirs.get_sform(), theirs.get_qform(), atol=1e-4)
    assert np.array_equal(
        theirs.get_sform(), np.array(done.parts[0].facts["affine_ras"]).astype(np.float32)
    )


def test_one_slice_is_a_volume_and_says_that_its_thickness_is_made_up(tmp_path: Path) -> None:
    project = MadeProject(write_series(tmp_path / "one", (1, 6, 9)))
    mask = phantom()[1]
    project.paint({project.frames()[0]: mask})
    done = NiftiExporter().write(
        project.snapshot(), tmp_path, BundleOptions(), project.pool, Progress()
    )
    (part,) = done.parts
    found = np.asarray(nibabel.load(tmp_path / part.path).dataobj)
    assert np.array_equal(found[:, :, 0].T.astype(bool), mask)
    assert "placeholder" in part.facts["slice_thickness"]


def test_a_tilted_stack_is_refused_with_its_reason(tmp_path: Path) -> None:
    affine = affine_of(np.eye(3))
    affine[1, 2] = 0.8  # each slice lies 0.8 mm further back
    project = project_with_phantom(tmp_path / "tilt", affine)
    done = NiftiExporter().write(
        project.snapshot(), tmp_path, BundleOptions(), project.pool, Progress()
    )
    assert not done.parts
    assert "gantry tilt" in done.notes[0].sentence


def test_overlapping_classes_get_one_volume_each_and_others_share_one(
    bundle: Path, filled: MadeProject
) -> None:
    ct = next(s for s in filled.series.values() if s.regular)
    names = {p.name for p in (bundle / "nifti" / ct.id).iterdir()}
    first, second = (r.pseudonym for r in filled.readers)
    assert names == {
        f"{first}_chest.v2_class-1.nii.gz",
        f"{first}_chest.v2_class-3.nii.gz",
        f"{second}_chest.v2_labels.nii.gz",
    }


def test_the_bytes_have_no_clock_in_them(bundle: Path) -> None:
    for path in bundle.rglob("*.nii.gz"):
        raw = path.read_bytes()
        assert raw[4:8] == b"\0\0\0\0"
        assert gzip.decompress(raw)[344:347] == b"n+1"
