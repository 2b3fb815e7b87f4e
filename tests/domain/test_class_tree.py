"""Parts stand below what they are a part of, however the schema lists them."""

from __future__ import annotations

from desktop.domain.schema import LabelClass, Schema


def schema(*parents: tuple[int, int | None]) -> Schema:
    classes = tuple(
        LabelClass(id=i, name=f"C{i}", color="#56B4E9", parent=parent) for i, parent in parents
    )
    return Schema(id="t@1", name="t", version=1, title="T", classes=classes)


def test_each_class_is_followed_by_its_parts() -> None:
    made = schema((3, 1), (1, None), (4, 3), (2, None), (5, 1))
    lines = [(depth, item.id) for depth, item in made.class_tree()]
    assert lines == [(0, 1), (1, 3), (2, 4), (1, 5), (0, 2)]


def test_a_part_of_what_is_no_longer_offered_stands_alone() -> None:
    made = schema((1, 9), (2, None))
    assert [(depth, item.id) for depth, item in made.class_tree()] == [(0, 1), (0, 2)]
