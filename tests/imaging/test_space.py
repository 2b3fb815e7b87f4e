"""Geometry: all 48 axis permutations and flips, oblique stacks, and every named warning."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from hypothesis import given
from hypothesis import strategies as st

from desktop.domain.study import Instance, Plane, Series
from desktop.imaging import space
from desktop.imaging.space import (
    affine_of,
    arrange,
    image_to_patient,
    patient_to_image,
    sort_instances,
    survey,
)
from tests.imaging import made

SERIES = Series(id="s", study_id="t", series_instance_uid="1.2", modality="CT")
AXES = np.eye(3)
ALL_48 = [
    tuple(sign * AXES[axis] for sign, axis in zip(signs, axes, strict=True))
    for axes in itertools.permutations(range(3))
    for signs in itertools.product((1, -1), repeat=3)
]


def slice_at(position, orientation=made.AXIAL, number=1, **values) -> Instance:
    values = {"spacing_mm": (0.5, 0.25), "rows": 6, "columns": 8} | values
    return Instance(
        id=f"{number:04}-{tuple(position)}",
        series_id="s",
        file_sha256="",
        media="dicom",
        number=number,
        planes=(
            Plane(
                position=tuple(float(v) for v in position),
                orientation=tuple(float(v) for v in orientation),
            ),
        ),
        **values,
    )


def stack(*distances: float, orientation=made.AXIAL, origin=(3.0, -4.0, 5.0)) -> list[Instance]:
    normal = np.cross(orientation[:3], orientation[3:])
    return [
        slice_at(np.asarray(origin) + d * normal, orientation, number)
        for number, d in enumerate(distances)
    ]


def surveyed(instances: list[Instance]) -> tuple[Series, tuple[Instance, ...]]:
    shuffled = list(instances)
    random.Random(1).shuffle(shuffled)
    return arrange(SERIES, shuffled)


@pytest.mark.parametrize("right, down, along", ALL_48)
def test_all_48_axis_permutations_and_flips(right, down, along) -> None:
    origin = np.array([-10.0, 20.0, 30.0])
    slices = [slice_at(origin + 2.5 * k * along, (*right, *down), number=k) for k in range(4)]
    series, ordered = surveyed(slices)
    assert series.regular and series.slice_step_mm == 2.5 and series.warnings == ()
    affine = affine_of(ordered)
    assert affine is not None
    rising = np.cross(right, down) @ along > 0  # sorted along rows × columns
    for k in range(4):
        source = k if rising else 3 - k
        for column, row in itertools.product((0, 7), (0, 5)):
            expected = origin + 2.5 * source * along + column * 0.25 * right + row * 0.5 * down
            assert np.allclose((affine @ (column, row, k, 1))[:3], expected, atol=1e-9)


@pytest.mark.parametrize("right, down, along", ALL_48[::7])
def test_the_affine_is_that_of_an_independent_reader(right, down, along, tmp_path: Path) -> None:
    slices = made.stack(
        4, step=tuple(2.5 * along), orientation=(*right, *down), PixelSpacing=[0.5, 0.25]
    )
    made.save_all(slices, tmp_path)
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(tmp_path)))
    image = reader.Execute()
    ours = affine_of(
        arrange(
            SERIES,
            [
                slice_at(ds.ImagePositionPatient, ds.ImageOrientationPatient, ds.InstanceNumber)
                for ds in slices
            ],
        )[1]
    )
    theirs = [image.TransformIndexToPhysicalPoint(i) for i in ((0, 0, 0), (7, 0, 0), (0, 5, 0))]
    for index, point in zip(((0, 0), (7, 0), (0, 5)), theirs, strict=True):
        k = 0 if np.allclose((ours @ (*index, 0, 1))[:3], point, atol=1e-4) else 3
        assert np.allclose((ours @ (*index, k, 1))[:3], point, atol=1e-4)
    last = image.TransformIndexToPhysicalPoint((7, 5, 3))
    ends = [(ours @ (7, 5, k, 1))[:3] for k in (0, 3)]
    assert min(np.linalg.norm(end - last) for end in ends) < 1e-4


def oblique() -> tuple[float, ...]:
    turn = np.deg2rad(20)
    right = np.array([np.cos(turn), np.sin(turn), 0.0])
    down = np.cross([0.3, 0.1, 0.9], right)
    return (*right, *(down / np.linalg.norm(down)))


def test_an_oblique_stack_is_regular() -> None:
    orientation = oblique()
    right, down = np.array(orientation[:3]), np.array(orientation[3:])
    down -= (down @ right) * right
    series, ordered = surveyed(
        stack(*np.arange(5) * 3.0, orientation=(*right, *(down / np.linalg.norm(down))))
    )
    assert series.regular and series.slice_step_mm == pytest.approx(3.0)
    affine = affine_of(ordered)
    assert np.linalg.det(affine[:3, :3]) == pytest.approx(0.5 * 0.25 * 3.0)


def test_sorting_does_not_depend_on_the_order_given() -> None:
    slices = stack(0, 5, 10, 15, 20)
    expected = [i.id for i in sort_instances(slices)]
    for seed in range(20):
        shuffled = list(slices)
        random.Random(seed).shuffle(shuffled)
        assert [i.id for i in sort_instances(shuffled)] == expected


def test_position_wins_over_instance_number() -> None:
    slices = [slice_at((0, 0, -z), number=z) for z in (10, 0, 5)]
    assert [i.number for i in sort_instances(slices)] == [10, 5, 0]


def test_without_positions_the_number_decides() -> None:
    plain = [
        Instance(
            id=str(n), series_id="s", file_sha256="", media="dicom", rows=2, columns=2, number=n
        )
        for n in (3, 1, 2)
    ]
    series, ordered = arrange(SERIES, plain)
    assert [(i.number, i.order) for i in ordered] == [(1, 0), (2, 1), (3, 2)]
    assert not series.regular
    assert [w.split(":")[0] for w in series.warnings] == [space.UNKNOWN]


def test_radiographs_without_positions_need_no_warning() -> None:
    plain = Instance(id="1", series_id="s", file_sha256="", media="dicom", rows=2, columns=2)
    assert survey([plain], "CR").warnings == ()


def named(instances: list[Instance]) -> list[str]:
    series, _ = surveyed(instances)
    assert not series.regular
    return [warning.split(":")[0] for warning in series.warnings]


def test_a_missing_slice_is_named_with_its_place() -> None:
    slices = stack(0, 5, 10, 20, 25)
    assert named(slices) == [space.MISSING]
    series, ordered = surveyed(slices)
    assert "1 slice is missing; 10.0 mm between slices 3 and 4" in series.warnings[0]
    assert series.slice_step_mm == 5.0
    assert affine_of(ordered) is None


def test_two_gaps_are_counted() -> None:
    series, _ = surveyed(stack(0, 5, 10, 15, 30, 35, 40, 50, 55))
    assert "3 slices are missing" in series.warnings[0] and "1 more place" in series.warnings[0]


def test_uneven_steps() -> None:
    assert named(stack(0, 5, 10, 16.5, 21.5)) == [space.UNEVEN]


def test_steps_that_drift_slowly() -> None:
    distances = np.cumsum([0.0] + [1.0 + 0.0009 * k for k in range(40)])
    assert named(stack(*distances)) == [space.UNEVEN]


def test_rounding_of_positions_is_no_warning() -> None:
    series, _ = surveyed(stack(*[round(k * 1.25, 2) + 0.004 * (k % 2) for k in range(40)]))
    assert series.regular and series.warnings == ()


def test_duplicate_positions() -> None:
    assert named(stack(0, 5, 5, 10, 15)) == [space.DUPLICATE]
    assert named(stack(0, 0)) == [space.DUPLICATE]


def test_mixed_orientation() -> None:
    slices = [slice_at((0, 0, 0)), slice_at((0, 0, 5)), slice_at((0, 0, 9), (0, 1, 0, 0, 0, -1))]
    assert named(slices) == [space.MIXED]


def test_a_slice_that_lies_on_its_head_is_mixed_too() -> None:
    slices = [slice_at((0, 0, 0)), slice_at((0, 0, 5), (-1, 0, 0, 0, -1, 0))]
    assert named(slices) == [space.MIXED]


def test_mixed_sizes() -> None:
    assert named([slice_at((0, 0, 0)), slice_at((0, 0, 5), rows=7)]) == [space.SIZES]


def test_a_tilted_stack_is_named_and_has_a_sheared_affine() -> None:
    slices = [slice_at((0, 1.3 * k, 5.0 * k), number=k) for k in range(5)]
    assert named(slices) == [space.TILTED]
    _, ordered = surveyed(slices)
    affine = affine_of(ordered)
    assert np.allclose(affine[:3, 2], (0, 1.3, 5.0))
    assert np.allclose((affine @ (0, 0, 4, 1))[:3], (0, 5.2, 20.0))


def test_an_enhanced_image_out_of_order() -> None:
    planes = [slice_at((0, 0, z)).planes[0] for z in (0, 10, 5)]
    enhanced = Instance(
        id="e",
        series_id="s",
        file_sha256="",
        media="dicom",
        rows=6,
        columns=8,
        frame_count=3,
        planes=tuple(planes),
        spacing_mm=(1.0, 1.0),
    )
    assert named([enhanced]) == [space.UNORDERED]


def test_an_enhanced_image_in_order_is_a_volume() -> None:
    planes = tuple(slice_at((0, 0, z)).planes[0] for z in (10, 8, 6))
    enhanced = Instance(
        id="e",
        series_id="s",
        file_sha256="",
        media="dicom",
        rows=6,
        columns=8,
        frame_count=3,
        planes=planes,
        spacing_mm=(1.0, 1.0),
    )
    result = survey([enhanced])
    assert result.regular and result.step_mm == 2.0
    assert [ref.frame_index for ref in result.refs] == [0, 1, 2]
    assert np.allclose((result.affine @ (0, 0, 2, 1))[:3], (0, 0, 6))


def test_a_cine_of_one_plane_is_no_volume() -> None:
    result = survey([slice_at((0, 0, 0), frame_count=4)])
    assert not result.regular and result.affine is None and result.step_mm is None
    assert result.warnings == ()


def test_one_slice_has_an_affine_and_is_no_volume() -> None:
    result = survey([slice_at((1, 2, 3))])
    assert not result.regular and np.allclose(result.affine[:3, 3], (1, 2, 3))


def test_the_nearest_slice_to_a_point() -> None:
    _, ordered = surveyed(stack(0, 5, 10, 15))
    assert survey(ordered).nearest((3, -4, 5 + 11.0)) == (2, pytest.approx(1.0))
    assert survey(ordered).nearest((99, 99, -50)) == (0, pytest.approx(55.0))


def test_no_common_geometry_has_no_nearest_slice() -> None:
    with pytest.raises(ValueError, match="no common geometry"):
        survey([]).nearest((0, 0, 0))


def test_the_corner_of_the_first_pixel_is_half_a_pixel_before_its_centre() -> None:
    plane = slice_at((10, 20, 30)).planes[0]
    assert np.allclose(image_to_patient(plane, (0.5, 0.25), (0.5, 0.5)), (10, 20, 30))
    assert np.allclose(image_to_patient(plane, (0.5, 0.25), (0.0, 0.0)), (9.875, 19.75, 30))
    assert np.allclose(image_to_patient(plane, (0.5, 0.25), (8.5, 6.5)), (12, 23, 30))


@given(
    st.tuples(*[st.floats(-500, 500)] * 3),
    st.tuples(*[st.floats(-3, 3)] * 3),
    st.tuples(st.floats(0.05, 5), st.floats(0.05, 5)),
    st.tuples(st.floats(-100, 2000), st.floats(-100, 2000)),
)
def test_pixel_to_patient_and_back(position, angles, spacing, point) -> None:
    cos, sin = np.cos(angles), np.sin(angles)
    turn_x = np.array([[1, 0, 0], [0, cos[0], -sin[0]], [0, sin[0], cos[0]]])
    turn_y = np.array([[cos[1], 0, sin[1]], [0, 1, 0], [-sin[1], 0, cos[1]]])
    turn_z = np.array([[cos[2], -sin[2], 0], [sin[2], cos[2], 0], [0, 0, 1]])
    axes = turn_z @ turn_y @ turn_x
    plane = slice_at(position, (*axes[:, 0], *axes[:, 1])).planes[0]
    there = image_to_patient(plane, spacing, point)
    x, y, off = patient_to_image(plane, spacing, there)
    assert (x, y) == (pytest.approx(point[0], abs=1e-6), pytest.approx(point[1], abs=1e-6))
    assert off == pytest.approx(0, abs=1e-6)
    _, _, away = patient_to_image(plane, spacing, there + 7.5 * space.normal_of(plane))
    assert away == pytest.approx(7.5)
