"""What a laid-out plot is made of: strokes, areas, boxes, dots and words, in pixels of the sheet.

Painter (screen, PNG, PDF) and SVG writer know these five and nothing of plots. x grows to the
right, y downward, from the sheet's top left corner.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

Place = tuple[float, float]


@dataclass(frozen=True)
class Stroke:
    """A line through points."""

    points: tuple[Place, ...]
    ink: str
    width: float = 1.0
    dashed: bool = False
    opacity: float = 1.0


@dataclass(frozen=True)
class Area:
    """A filled outline."""

    points: tuple[Place, ...]
    ink: str
    opacity: float = 1.0


@dataclass(frozen=True)
class Box:
    """A filled rectangle; ``edge`` is the ink of its border, "" for none."""

    x: float
    y: float
    width: float
    height: float
    ink: str
    opacity: float = 1.0
    edge: str = ""


@dataclass(frozen=True)
class Dot:
    """A marker about a centre; the shape tells series apart where colour does not."""

    x: float
    y: float
    radius: float
    ink: str
    shape: str = "circle"
    opacity: float = 1.0


@dataclass(frozen=True)
class Words:
    """A text. ``x`` is its start, middle or end by ``anchor``, ``y`` its baseline.

    A ``turned`` text reads upward about (x, y).
    """

    x: float
    y: float
    text: str
    ink: str = "text"
    px: int = 11
    anchor: str = "start"
    turned: bool = False
    bold: bool = False


Shape = Stroke | Area | Box | Dot | Words


@dataclass(frozen=True)
class Hit:
    """Where a datum can be pointed at: its rectangle, its key and what is said of it."""

    key: Hashable
    x: float
    y: float
    width: float
    height: float
    words: str
    layer: int = 0

    @property
    def middle(self) -> Place:
        """Centre of the rectangle."""
        return self.x + self.width / 2, self.y + self.height / 2


@dataclass(frozen=True)
class Laid:
    """A plot on a sheet of this size."""

    width: float
    height: float
    shapes: tuple[Shape, ...]
    hits: tuple[Hit, ...] = ()
