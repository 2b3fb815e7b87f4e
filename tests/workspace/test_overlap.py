"""Two exclusive classes share no pixel: who gives way, and what undo brings back."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from desktop.commands.annotation import (
    AddAnnotation,
    LockAnnotation,
    PaintedFrame,
    PaintMask,
    RelabelAnnotations,
    ReshapeAnnotation,
)
from desktop.commands.project import AddSchema, ChooseSchema, MarkCase
from desktop.commands.proposal import AcceptProposals, OfferProposals
from desktop.domain.annotation import Annotation, Label, Origin, Target
from desktop.domain.errors import UserError
from desktop.domain.geometry import Box, Mask, Polygon
from desktop.domain.proposal import Proposal, ProposedFrame
from desktop.domain.runs import encode_runs, mask_bounds, runs_digest
from desktop.domain.schema import LabelClass, Overlap, Schema, Scope
from desktop.domain.task import AssignmentState
from tests.workspace.made import COLUMNS, ROWS, MadeProject

TUMOUR, STROMA, MITOSIS, RIM = 1, 2, 3, 4
_E = Overlap.EXCLUSIVE
TISSUE = Schema(
    id="tissue@1",
    name="tissue",
    version=1,
    title="Tissue",
    classes=(
        LabelClass(id=TUMOUR, name="Tumour", color="#E69F00", overlap=_E),
        LabelClass(id=STROMA, name="Stroma", color="#56B4E9", overlap=_E),
        LabelClass(id=MITOSIS, name="Mitosis", color="#009E73"),
        LabelClass(id=RIM, name="Rim", color="#CC79A7", overlap=_E, parent=TUMOUR),
    ),
)
LEFT = Polygon(points=((0, 0), (16, 0), (16, 24), (0, 24)))


@pytest.fixture
def slide(made: MadeProject) -> Slide:
    return Slide(made)


class Slide:
    """One case read with tissue classes; regions are columns x0 to x1 over the whole height."""

    def __init__(self, made: MadeProject) -> None:
        self.ws, self.frame, self.case_id = made.ws, made.frames[0], made.cases[0]
        self.ws.run(AddSchema(schema=TISSUE))
        self.ws.run(ChooseSchema(case_id=self.case_id, schema_id=TISSUE.id))
        self.events = 0

    def region(self, class_id: int, geometry: Mask | Polygon | Box) -> Annotation:
        frame = None if isinstance(geometry, Mask) else self.frame
        return Annotation(
            id=self.ws.new_id(),
            case_id=self.case_id,
            reader_id="",
            schema_id=TISSUE.id,
            target=Target(scope=Scope.REGION, series_id="series-0", frame=frame),
            label=Label(class_id=class_id),
            geometry=geometry,
        )

    def draw(self, class_id: int, geometry: Polygon | Box) -> str:
        region = self.region(class_id, geometry)
        self.ws.run(AddAnnotation(annotation=region))
        return region.id

    def paint(self, class_id: int, x0: int, x1: int, old: str = "") -> str:
        new = None if old else self.region(class_id, Mask())
        painted = PaintedFrame(
            frame=self.frame, rows=ROWS, columns=COLUMNS, runs=encode_runs(columns(x0, x1))
        )
        name = old or (new.id if new else "")
        self.ws.run(PaintMask(case_id=self.case_id, annotation_id=name, frames=(painted,), new=new))
        return name

    def spans(self, annotation_id: str) -> list[int]:
        """The columns that a painted region has."""
        for part in self.ws.mask_slices(self.case_id, self.frame):
            if part.annotation_id == annotation_id:
                mask = self.ws.mask(part)
                assert part.area_px == mask.sum() and part.bounds == mask_bounds(mask)
                return [int(x) for x in np.flatnonzero(mask.any(axis=0))]
        return []

    def suggest(self, x0: int, x1: int) -> Proposal:
        runs = encode_runs(columns(x0, x1))
        made = Proposal(
            id=self.ws.new_id(),
            case_id=self.case_id,
            run_id="run",
            schema_id=TISSUE.id,
            target=Target(scope=Scope.REGION, series_id="series-0"),
            label=Label(class_id=STROMA),
            geometry=Mask(),
            frames=(
                ProposedFrame(
                    frame=self.frame,
                    rows=ROWS,
                    columns=COLUMNS,
                    runs=runs_digest(runs),
                    bounds=(x0, 0, x1, ROWS),
                    area_px=(x1 - x0) * ROWS,
                ),
            ),
        )
        self.ws.run(OfferProposals(proposals=(made,), runs=(runs,)))
        return made

    def accept(self, proposal: Proposal) -> str:
        self.ws.run(AcceptProposals(case_id=self.case_id, proposal_ids=(proposal.id,)))
        return next(a.id for a in self.ws.annotations(self.case_id) if a.origin is Origin.MODEL)


def columns(x0: int, x1: int) -> np.ndarray:
    mask = np.zeros((ROWS, COLUMNS), dtype=bool)
    mask[:, x0:x1] = True
    return mask


def test_what_is_painted_last_has_the_pixels_and_one_undo_gives_them_back(slide: Slide) -> None:
    tumour = slide.paint(TUMOUR, 0, 10)
    stroma = slide.paint(STROMA, 6, 20)
    assert slide.spans(tumour) == list(range(6)) and slide.spans(stroma) == list(range(6, 20))
    slide.ws.undo(slide.case_id)
    assert slide.spans(tumour) == list(range(10)) and slide.spans(stroma) == []
    slide.ws.redo(slide.case_id)
    assert slide.spans(tumour) == list(range(6)) and slide.spans(stroma) == list(range(6, 20))
    assert slide.ws.verify().ok


def test_a_region_that_is_painted_over_is_gone_until_undo(slide: Slide) -> None:
    tumour = slide.paint(TUMOUR, 4, 8)
    slide.paint(STROMA, 0, 20)
    assert slide.ws.annotation(tumour) is None
    slide.ws.undo(slide.case_id)
    assert slide.ws.annotation(tumour) is not None and slide.spans(tumour) == [4, 5, 6, 7]


def test_a_stroke_that_goes_on_takes_only_what_is_new_to_it(slide: Slide) -> None:
    tumour = slide.paint(TUMOUR, 0, 10)
    stroma = slide.paint(STROMA, 10, 20)
    slide.paint(TUMOUR, 0, 12, tumour)
    assert slide.spans(stroma) == list(range(12, 20))
    slide.paint(TUMOUR, 0, 5, tumour)  # erased: nobody gets it
    assert slide.spans(stroma) == list(range(12, 20)) and slide.spans(tumour) == list(range(5))


def test_locked_regions_and_shapes_keep_their_pixels(slide: Slide) -> None:
    tumour = slide.paint(TUMOUR, 0, 10)
    slide.ws.run(LockAnnotation(case_id=slide.case_id, annotation_id=tumour, locked=True))
    stroma = slide.paint(STROMA, 6, 20)
    assert slide.spans(tumour) == list(range(10)) and slide.spans(stroma) == list(range(10, 20))
    slide.draw(TUMOUR, Polygon(points=((18, 0), (32, 0), (32, 24), (18, 24))))
    assert slide.spans(stroma) == list(range(10, 18)), "painted pixels give way to a shape"
    slide.paint(STROMA, 10, 30, stroma)
    assert slide.spans(stroma) == list(range(10, 18)), "and don't come back over it"


@pytest.mark.parametrize("class_id", (TUMOUR, MITOSIS, RIM))
def test_the_same_class_a_part_and_what_may_overlap_lie_over_it(
    slide: Slide, class_id: int
) -> None:
    tumour = slide.paint(TUMOUR, 0, 10)
    other = slide.paint(class_id, 5, 15)
    assert slide.spans(tumour) == list(range(10)) and slide.spans(other) == list(range(5, 15))


def test_boxes_own_no_pixels(slide: Slide) -> None:
    tumour = slide.paint(TUMOUR, 0, 10)
    slide.draw(STROMA, Box(x0=0, y0=0, x1=32, y1=24))
    assert slide.spans(tumour) == list(range(10))


def test_another_class_or_shape_takes_its_pixels(slide: Slide) -> None:
    tumour, mitosis = slide.paint(TUMOUR, 0, 10), slide.paint(MITOSIS, 8, 20)
    slide.ws.run(
        RelabelAnnotations(case_id=slide.case_id, annotation_ids=(mitosis,), class_id=STROMA)
    )
    assert slide.spans(tumour) == list(range(8)) and slide.spans(mitosis) == list(range(8, 20))
    shape = slide.draw(TUMOUR, Polygon(points=((28, 0), (32, 0), (32, 24), (28, 24))))
    slide.ws.run(ReshapeAnnotation(case_id=slide.case_id, annotation_id=shape, geometry=LEFT))
    assert slide.spans(mitosis) == list(range(16, 20))


def test_another_reader_s_pixels_are_not_looked_at(slide: Slide, made: MadeProject) -> None:
    slide.paint(TUMOUR, 0, 10)
    slide.ws = made.reopen("Grace")
    slide.paint(STROMA, 0, 10)
    slide.ws = made.reopen("Ada")
    assert [a.label.class_id for a in slide.ws.annotations(slide.case_id)] == [TUMOUR]


def test_an_accepted_suggestion_leaves_out_what_was_painted_by_hand(slide: Slide) -> None:
    tumour = slide.paint(TUMOUR, 0, 10)
    accepted = slide.accept(slide.suggest(6, 20))
    assert slide.spans(tumour) == list(range(10)) and slide.spans(accepted) == list(range(10, 20))
    region = slide.ws.annotation(accepted)
    assert region is not None and region.origin is Origin.MODEL
    with pytest.raises(UserError, match="other classes"):
        slide.accept(slide.suggest(2, 8))


def test_two_shapes_over_each_other_keep_a_case_from_being_done(slide: Slide) -> None:
    slide.draw(TUMOUR, LEFT)
    over = slide.draw(STROMA, Polygon(points=((14, 0), (30, 0), (30, 24), (14, 24))))
    done = MarkCase(case_id=slide.case_id, state=AssignmentState.DONE)
    with pytest.raises(UserError, match="Tumour and Stroma share 48 pixels"):
        slide.ws.run(done)
    slide.ws.run(MarkCase(case_id=slide.case_id, state=AssignmentState.SKIPPED, why="Later"))
    clear = Polygon(points=((16, 0), (30, 0), (30, 24), (16, 24)))
    slide.ws.run(ReshapeAnnotation(case_id=slide.case_id, annotation_id=over, geometry=clear))
    assert slide.ws.run(done) is not None


def test_exclusive_means_exclusive_of_both() -> None:
    pairs = [(TUMOUR, STROMA), (STROMA, TUMOUR), (STROMA, RIM)]
    free = [(TUMOUR, TUMOUR), (TUMOUR, MITOSIS), (RIM, TUMOUR), (TUMOUR, RIM), (MITOSIS, RIM)]
    assert all(TISSUE.exclude_each_other(*p) for p in pairs)
    assert not any(TISSUE.exclude_each_other(*p) for p in free)
    circle = replace(
        TISSUE, classes=(replace(TISSUE.classes[0], parent=TUMOUR), *TISSUE.classes[1:])
    )
    assert circle.exclude_each_other(TUMOUR, STROMA), "a class above itself ends the search"
