"""Shapes, run lengths and schemas keep their promises for any input."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import array_shapes, arrays

from desktop.domain.annotation import Annotation, Label, Target
from desktop.domain.errors import UserError
from desktop.domain.geometry import (
    Box,
    Ellipse,
    Geometry,
    Mask,
    Point,
    Polygon,
    Polyline,
    RotatedBox,
    contains,
    ring_area_px,
)
from desktop.domain.record import from_json, to_json
from desktop.domain.runs import decode_runs, encode_runs, mask_bounds, shape_mask
from desktop.domain.schema import (
    Choice,
    Code,
    Condition,
    Question,
    QuestionKind,
    Scope,
    check_answer,
    is_shown,
)

numbers = st.floats(min_value=-50, max_value=80, allow_nan=False)
points = st.tuples(numbers, numbers)
rings = st.lists(points, min_size=3, max_size=12).map(tuple)
shapes: st.SearchStrategy[Geometry] = st.one_of(
    st.builds(Point, x=numbers, y=numbers),
    st.builds(Polyline, points=st.lists(points, min_size=2, max_size=8).map(tuple)),
    st.builds(Box.between, points, points),
    st.builds(
        RotatedBox,
        cx=numbers,
        cy=numbers,
        width=st.floats(0.5, 40),
        height=st.floats(0.5, 40),
        angle_deg=st.floats(-180, 180),
    ),
    st.builds(Ellipse, cx=numbers, cy=numbers, rx=st.floats(0.5, 30), ry=st.floats(0.5, 30)),
    st.builds(Polygon, points=rings, holes=st.lists(rings, max_size=2).map(tuple)),
)


@given(arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=40)))
def test_run_lengths_give_the_mask_back(mask: np.ndarray) -> None:
    rows, columns = mask.shape
    assert np.array_equal(decode_runs(encode_runs(mask), rows, columns), mask)
    x0, y0, x1, y1 = mask_bounds(mask)
    assert mask[y0:y1, x0:x1].sum() == mask.sum()


def test_run_lengths_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match="cover"):
        decode_runs(encode_runs(np.ones((4, 4), np.bool_)), 5, 5)


@given(shapes, numbers, numbers)
def test_a_shape_moved_there_and_back_is_where_it_was(
    shape: Geometry, dx: float, dy: float
) -> None:
    there = shape.shifted(dx, dy)
    back = there.shifted(-dx, -dy)
    assert np.allclose(back.bounds(), shape.bounds(), atol=1e-9)
    assert np.allclose(np.subtract(there.bounds(), shape.bounds()), (dx, dy, dx, dy), atol=1e-9)


@given(shapes)
def test_a_shape_survives_json(shape: Geometry) -> None:
    annotation = Annotation(
        id="a",
        case_id="c",
        reader_id="r",
        schema_id="s@1",
        target=Target(scope=Scope.REGION),
        label=Label(class_id=1, attributes={"q": ("x", "y"), "n": 1.5, "b": True}),
        geometry=shape,
    )
    again = from_json(to_json(annotation), Annotation)
    assert again == annotation
    assert to_json(again) == to_json(annotation)


@given(rings)
def test_a_polygon_mask_has_the_pixels_whose_centre_is_inside(ring: tuple) -> None:
    mask = shape_mask(Polygon(points=ring), 20, 24)
    for row in range(0, 20, 3):
        for column in range(0, 24, 3):
            assert mask[row, column] == contains(ring, (column + 0.5, row + 0.5))


@given(st.integers(0, 10), st.integers(0, 10), st.integers(1, 10), st.integers(1, 10))
def test_a_box_on_pixel_borders_covers_its_area(x: int, y: int, w: int, h: int) -> None:
    box = Box(x0=x, y0=y, x1=x + w, y1=y + h)
    assert shape_mask(box, 30, 30).sum() == w * h == ring_area_px(box.outline())


@given(st.floats(3, 14), st.floats(3, 14), st.floats(-180, 180))
def test_an_ellipse_mask_has_its_area(rx: float, ry: float, angle: float) -> None:
    ellipse = Ellipse(cx=32, cy=32, rx=rx, ry=ry, angle_deg=angle)
    area = np.pi * rx * ry
    assert abs(shape_mask(ellipse, 64, 64).sum() - area) < 0.06 * area + 4


def test_holes_are_cut_out() -> None:
    square = ((2.0, 2.0), (12.0, 2.0), (12.0, 12.0), (2.0, 12.0))
    hole = ((5.0, 5.0), (9.0, 5.0), (9.0, 9.0), (5.0, 9.0))
    assert shape_mask(Polygon(points=square, holes=(hole,)), 16, 16).sum() == 100 - 16


def test_lines_have_no_inside_and_masks_no_shape() -> None:
    assert not shape_mask(Polyline(points=((0, 0), (9, 9))), 10, 10).any()
    assert shape_mask(Point(x=3.9, y=2.1), 10, 10)[2, 3]
    with pytest.raises(ValueError, match="MaskSlice"):
        shape_mask(Mask(), 10, 10)


@given(st.integers(0, 7), points)
def test_a_dragged_box_stays_a_box(index: int, to: tuple[float, float]) -> None:
    box = Box(x0=1, y0=2, x1=9, y1=8).with_handle(index, to)
    assert box.x0 <= box.x1 and box.y0 <= box.y1


@given(st.integers(0, 6), points)
def test_a_dragged_corner_of_a_polygon_lies_where_it_was_put(
    index: int, to: tuple[float, float]
) -> None:
    polygon = Polygon(points=((0, 0), (9, 0), (9, 9), (0, 9)), holes=(((3, 3), (5, 3), (4, 5)),))
    assert polygon.with_handle(index, to).handles()[index] == to


def test_codes_are_equal_by_value_and_scheme() -> None:
    one = Code(value="27925004", scheme="SCT", meaning="Nodule")
    same = Code(value="27925004", scheme="SCT", meaning="Knoten")
    assert one == same and hash(one) == hash(same)
    assert one != Code(value="27925004", scheme="RADLEX", meaning="Nodule")


def test_conditions_show_and_hide() -> None:
    question = Question(
        id="b",
        text="?",
        kind=QuestionKind.TEXT,
        show_if=Condition(question_id="a", any_of=("yes", True)),
    )
    assert is_shown(question, {"a": "yes"})
    assert is_shown(question, {"a": ("no", "yes")})
    assert not is_shown(question, {"a": "no"})
    assert not is_shown(question, {})


@pytest.mark.parametrize(
    ("kind", "good", "wrong"),
    (
        (QuestionKind.CHOICE, "x", "y"),
        (QuestionKind.CHOICE, "x", ("x",)),
        (QuestionKind.MULTIPLE, ("x",), ("x", "y")),
        (QuestionKind.YES_NO, False, "no"),
        (QuestionKind.TEXT, "words", 3.0),
        (QuestionKind.NUMBER, 2.5, "2.5"),
        (QuestionKind.NUMBER, 0.0, True),
        (QuestionKind.NUMBER, 9.0, 9.5),
    ),
)
def test_answers_fit_their_question(kind: QuestionKind, good: object, wrong: object) -> None:
    question = Question(
        id="q",
        text="?",
        kind=kind,
        choices=(Choice(id="x", text="X"),),
        minimum=0,
        maximum=9,
    )
    check_answer(question, None)
    check_answer(question, good)  # type: ignore[arg-type]
    with pytest.raises(UserError):
        check_answer(question, wrong)  # type: ignore[arg-type]
