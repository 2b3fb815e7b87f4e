"""What the canvas shows of several readers' work: a colour per reader, or a map of their votes.

On this sheet a class stands for a reader or for a number of votes, and nothing can be changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace

from desktop.domain.annotation import Annotation, Label, MaskSlice, Target
from desktop.domain.geometry import Mask, Point, Polyline
from desktop.domain.letters import letter_place
from desktop.domain.runs import mask_bounds
from desktop.domain.schema import LabelClass, Scope
from desktop.domain.study import FrameRef
from desktop.engines.agreement.region_groups import vote_map
from desktop.gui.canvas.canvas_sheet import Affected, Sheet
from desktop.gui.schema.schema_draft import palette
from desktop.interaction.context import PaintedSlice

if TYPE_CHECKING:
    from desktop.domain.event import Event
    from desktop.workspace.claims.matters import Claim
    from desktop.workspace.workspace import Workspace

_READERS = ("sky", "lime", "pink", "pale yellow", "violet", "rose", "mint", "ochre")
_ALL, _SOME = "green", ("red", "ochre", "pale yellow")
_VOTES = 1000  # stand-in class ids of the map's levels begin here
_LETTER_PX = 15.0


@dataclass
class ClaimsLook:
    """What is to be shown: claims, the letters switched on, and whether as a map."""

    claims: Sequence[Claim] = field(default_factory=tuple)
    letters: frozenset[str] = frozenset()
    as_map: bool = False

    @property
    def shown(self) -> list[Claim]:
        return [c for c in self.claims if c.letter in self.letters and c.region is not None]


def reader_colour(place: int) -> str:
    """The colour of a letter, the same on canvas and panel."""
    colours = dict(palette())
    return colours[_READERS[place % len(_READERS)]]


def vote_colour(votes: int, of: int) -> str:
    """Green where all agree; from red to pale the more of them do."""
    colours = dict(palette())
    if votes >= of:
        return colours[_ALL]
    return colours[_SOME[min(votes - 1, len(_SOME) - 1)]]


class ClaimsSheet(Sheet):
    """The claims of ``look`` on one series. Made anew when the look changes."""

    def __init__(
        self, workspace: Workspace, case_id: str, series_id: str, look: ClaimsLook
    ) -> None:
        super().__init__(workspace, case_id, series_id)
        self._look = look
        real = self.classes
        self.classes = {}
        self._names: dict[str, str] = {}
        self._regions, self._slices = {}, {}
        self._votes: dict[FrameRef, tuple[PaintedSlice, ...]] = {}
        for claim in look.shown:
            place = letter_place(claim.letter)
            self.classes[place] = LabelClass(
                id=place, name=claim.letter, color=reader_colour(place)
            )
            assert claim.region is not None
            region = replace(claim.region, reader_id="", label=Label(class_id=place), locked=False)
            if look.as_map and not isinstance(region.geometry, (Point, Polyline)):
                continue
            self._regions[region.id] = region
            self._slices.update((s.id, s) for s in claim.slices)
            known = real.get(claim.region.label.class_id)
            self._names[region.id] = known.name if known else ""

    def apply(self, event: Event) -> Affected:
        """Nothing of it is the adjudicator's; images and calibration still may change."""
        found = super().apply(event)
        return Affected(frozenset(), found.sheet)

    def _is_shown(self, region: Annotation) -> bool:
        return False

    def words(self, annotation: Annotation) -> str:
        if annotation.id not in self._names:
            return ""
        letter = self.classes[annotation.label.class_id].name
        alone = len({c.letter for c in self._look.shown}) == 1
        return f"{letter} · {self._names[annotation.id]}".rstrip(" ·") if alone else letter

    def words_shift(self, annotation: Annotation) -> tuple[float, float]:
        """Letters stand at steps of a stair, so that close regions don't hide each other's."""
        if len(self._look.shown) == 1:
            return (0.0, 0.0)
        place = annotation.label.class_id
        return (_LETTER_PX * place, -_LETTER_PX * place)

    def painted_on(self, ref: FrameRef) -> tuple[PaintedSlice, ...]:
        if not self._look.as_map:
            return super().painted_on(ref)
        if ref not in self._votes:
            self._votes[ref] = self._count(ref)
        return self._votes[ref]

    def _count(self, ref: FrameRef) -> tuple[PaintedSlice, ...]:
        """One painted slice per number of votes on an image."""
        instance = self.instance(ref)
        marks = [c.mark for c in self._look.shown if c.mark is not None]
        readers = len({c.letter for c in self._look.claims if c.letter in self._look.letters})
        count = vote_map(marks, ref.key, instance.rows, instance.columns)
        found = []
        for votes in range(1, int(count.max()) + 1):
            mask = np.asarray(count == votes)
            if not mask.any():
                continue
            class_id, region_id = _VOTES + votes, f"votes-{votes}"
            self.classes[class_id] = LabelClass(
                id=class_id, name=str(votes), color=vote_colour(votes, readers)
            )
            self._regions[region_id] = self._stand_in(region_id, class_id)
            part = MaskSlice(
                id=f"{region_id}-{ref.key}",
                annotation_id=region_id,
                case_id=self.case.id,
                frame=ref,
                rows=instance.rows,
                columns=instance.columns,
                runs="",
                bounds=mask_bounds(mask),
                area_px=int(mask.sum()),
            )
            found.append(PaintedSlice(part, mask))
        return tuple(found)

    def _stand_in(self, region_id: str, class_id: int) -> Annotation:
        return Annotation(
            id=region_id,
            case_id=self.case.id,
            reader_id="",
            schema_id=self.schema.id if self.schema else "",
            target=Target(scope=Scope.REGION, series_id=self.series.id),
            label=Label(class_id=class_id),
            geometry=Mask(),
        )
