"""Places that a reader marked before and after a run's suggestions, by their pixels.

A place is one finding: a true region, or what was suggested or drawn where nothing true is. Two
marks are of one place where they share enough pixels of the images that both lie on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from desktop.engines.agreement.region_groups import SAME_FINDING, Mark
from desktop.engines.agreement.region_match import on_common_images, same_place


@dataclass(frozen=True)
class Place:
    """Whether the reader marked it before, the run suggested it, the reader has it now, and
    whether it is true."""

    blind: bool
    suggested: bool
    final: bool
    truth: bool


def is_same(a: Mark, b: Mark) -> bool:
    """Whether two marks of one class mean one finding."""
    return same_place(*on_common_images(a, b)) >= SAME_FINDING


def places(
    true: Sequence[Mark], suggested: Sequence[Mark], blind: Sequence[Mark], final: Sequence[Mark]
) -> Iterator[Place]:
    """All places of one class on one case that help could change.

    What the reader only marked afterwards, and nobody suggested, is no answer to a suggestion and
    is left out unless it is true. Where nobody ever marked anything, that is one place where
    nothing is.
    """
    if not (true or suggested or blind or final):
        yield Place(blind=False, suggested=False, final=False, truth=False)
    for mark in true:
        yield _place(mark, suggested, blind, final, is_true=True)
    for mark in _apart(_elsewhere((*suggested, *blind), true)):
        yield _place(mark, suggested, blind, final, is_true=False)


def _place(
    mark: Mark, suggested: Iterable[Mark], blind: Iterable[Mark], final: Iterable[Mark],
    *, is_true: bool,
) -> Place:  # fmt: skip
    return Place(
        blind=any(is_same(mark, m) for m in blind),
        suggested=any(is_same(mark, m) for m in suggested),
        final=any(is_same(mark, m) for m in final),
        truth=is_true,
    )


def _elsewhere(marks: Iterable[Mark], taken: Sequence[Mark]) -> list[Mark]:
    return [m for m in marks if not any(is_same(m, t) for t in taken)]


def _apart(marks: Iterable[Mark]) -> list[Mark]:
    """One mark for each place; the first one stands for those that share it."""
    kept: list[Mark] = []
    for mark in marks:
        if not any(is_same(mark, k) for k in kept):
            kept.append(mark)
    return kept
