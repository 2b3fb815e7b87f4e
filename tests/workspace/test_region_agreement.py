"""Regions of two readers compared: against sums done by hand, in mm, kept by content."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from desktop.commands.project import MarkCase, RegisterImages
from desktop.domain.geometry import Box
from desktop.domain.study import FrameRef, Instance, Plane
from desktop.domain.task import AssignmentState
from desktop.engines.agreement.alpha_distances import Overlap, alpha_of_distances, mask_distances
from desktop.engines.agreement.mask_agreement import Presence
from desktop.engines.agreement.surface import surface_distances
from tests.workspace.made import COLUMNS, ROWS, MadeProject, disk_mask

SPACING = (0.8, 0.6)
STEP = 2.5


def put_in_space(made: MadeProject) -> None:
    """Give the first case's frames planes: a regular series."""
    made.ws.run(
        RegisterImages(
            instances=tuple(
                Instance(
                    id=f"instance-0-{f}", series_id="series-0", file_sha256="0" * 64,
                    media="dicom", rows=ROWS, columns=COLUMNS, order=f, spacing_mm=SPACING,
                    planes=(Plane(position=(0, 0, STEP * f), orientation=(1, 0, 0, 0, 1, 0)),),
                )
                for f in range(3)
            ),
            studies=(), series=(), cases=(),
        )
    )  # fmt: skip
    for f in range(3):
        assert made.ws.instance(f"instance-0-{f}").planes


def close(made: MadeProject) -> None:
    for case in made.cases:
        made.ws.run(MarkCase(case_id=case, state=AssignmentState.DONE))


def paint_volume(made: MadeProject, masks: np.ndarray) -> None:
    region = made.paint(masks[0])
    for frame in (1, 2):
        made.paint(masks[frame], region, frame)


@pytest.fixture
def two(made: MadeProject) -> tuple[MadeProject, np.ndarray, np.ndarray]:
    """Two readers painted a ball of three slices, one of them shifted."""
    put_in_space(made)
    first = np.stack([disk_mask(12, 12, r) for r in (4, 6, 4)])
    second = np.stack([disk_mask(14, 12, r) for r in (4, 6, 4)])
    paint_volume(made, first)
    close(made)
    made.reopen("Ben")
    paint_volume(made, second)
    close(made)
    made.reopen("Ada")
    return made, first, second


def test_masks_are_compared_as_a_volume_in_mm(
    two: tuple[MadeProject, np.ndarray, np.ndarray],
) -> None:
    made, first, second = two
    report = made.ws.quality.regions(1.0)
    (line,) = report.of("test/1")
    numbers = line.numbers
    shared = int((first & second).sum())
    assert numbers.dice == pytest.approx(2 * shared / (first.sum() + second.sum()))
    swap = report.lines[0].first != made.ws.reader.id
    a, b = (second, first) if swap else (first, second)
    wanted = surface_distances(a, b, (STEP, *SPACING))
    assert numbers.surface_dice == pytest.approx(wanted.surface_dice(1.0))
    assert numbers.hd95_mm == pytest.approx(wanted.hausdorff_mm(95))
    assert numbers.hd_mm == pytest.approx(wanted.hausdorff_mm())
    assert numbers.assd_mm == pytest.approx(wanted.assd_mm)
    assert numbers.iou == pytest.approx(shared / int((first | second).sum()))
    assert (numbers.present, numbers.found, numbers.marked, numbers.false) == (1, 1, 1, 0)
    assert numbers.calibrated
    assert not numbers.by_frame
    (row,) = report.rows
    assert (row.title, row.compared, row.one_only) == ("Nodule", 1, 0)
    assert row.neither == 1, "the second case, where nobody marked anything"
    assert row.dice.mean == pytest.approx(numbers.dice)
    assert (row.hd_mm.median, row.assd_mm.median) == (numbers.hd_mm, numbers.assd_mm)
    assert row.alpha.value == pytest.approx(0.0), "one case: chance is what both are apart"


def test_only_what_changed_is_counted_anew(
    two: tuple[MadeProject, np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    from desktop.workspace.quality import region_agreement

    made, _first, _second = two
    before = made.ws.quality.regions()
    calls: list[int] = []
    count = region_agreement.count_pair

    def counting(*arguments: object) -> object:
        calls.append(1)
        return count(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(region_agreement, "count_pair", counting)
    assert made.ws.quality.regions() == before
    assert calls == []
    made.paint(disk_mask(20, 8, 3))
    after = made.ws.quality.regions()
    assert calls == [1]
    assert after.lines[0].numbers.dice != before.lines[0].numbers.dice
    made.ws.quality.regions(3.0)
    assert len(calls) == 2, "another tolerance is another number"


def test_one_empty_side_is_no_overlap_and_no_distance(made: MadeProject) -> None:
    made.paint(disk_mask(12, 12, 4))
    close(made)
    made.reopen("Ben")
    close(made)
    made.reopen("Ada")
    report = made.ws.quality.regions()
    (line,) = report.of("test/1")
    assert line.numbers.presence in (Presence.ONLY_FIRST, Presence.ONLY_SECOND)
    assert line.numbers.dice == 0.0
    assert line.numbers.hd95_mm is None
    assert not line.numbers.calibrated, "no spacing, so nothing is said in mm"
    assert report.rows[0].one_only == 1


def test_boxes_are_matched_by_their_overlap(made: MadeProject) -> None:
    frame = FrameRef(instance_id="instance-0-0")
    assert made.frames[0] == frame
    made.draw(Box(x0=0, y0=0, x1=10, y1=10))
    made.draw(Box(x0=20, y0=2, x1=26, y1=8))
    close(made)
    made.reopen("Ben")
    made.draw(Box(x0=5, y0=5, x1=15, y1=15))
    made.draw(Box(x0=20, y0=2, x1=26, y1=9))
    made.draw(Box(x0=28, y0=18, x1=31, y1=22))
    close(made)
    made.reopen("Ada")
    (line,) = made.ws.quality.regions().of("test/1")
    numbers = line.numbers
    assert {numbers.present, numbers.marked} == {2, 3}
    assert numbers.matched == 1
    assert numbers.iou_sum == pytest.approx(36 / 42), "the pair of IoU 0.14 is no match"
    assert numbers.found + numbers.false == (2 if numbers.present == 3 else 3)


def test_alpha_of_regions_is_that_of_their_masks(tmp_path: Path) -> None:
    made = MadeProject(tmp_path, cases=4)
    boxes = {
        "Ada": [(0, 0, 10, 10), (5, 5, 15, 15), (12, 2, 20, 9), None],
        "Ben": [(0, 0, 10, 12), (6, 5, 15, 15), None, None],
    }
    masks, units = [], []
    for name, drawn in boxes.items():
        made.reopen(name)
        for case, box in enumerate(drawn):
            mask = np.zeros((ROWS, COLUMNS), dtype=np.bool_)
            if box is not None:
                made.draw(Box(*box), case=case)
                mask[box[1] : box[3], box[0] : box[2]] = True
            if case < 3:  # of the last one nobody marked anything: it is counted apart
                masks.append(mask)
                units.append(case)
        close(made)
    made.reopen("Ada")
    (row,) = made.ws.quality.regions().rows
    for told, overlap in ((row.alpha, Overlap.DICE), (row.alpha_iou, Overlap.IOU)):
        wanted = alpha_of_distances(units, mask_distances(masks, overlap))
        assert told.value == pytest.approx(wanted.value, abs=1e-12)
        assert told.interval == wanted.interval
        assert (told.items, told.answers) == (3, 6)
    made.close()


def test_open_readings_are_not_compared(made: MadeProject) -> None:
    made.draw()
    close(made)
    made.reopen("Ben")
    made.draw()
    made.reopen("Ada")
    report = made.ws.quality.regions()
    assert (report.cases, report.lines) == (0, ())
