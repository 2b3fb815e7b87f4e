"""Points, lines and attributes of readers compared: against sums by hand, in mm or undefined."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from desktop.commands.project import Calibrate
from desktop.domain.geometry import Box, Point, Polyline
from desktop.domain.study import CalibrationSource
from desktop.engines.agreement.mask_agreement import Presence
from desktop.engines.agreement.measurement_agreement import intraclass_correlation
from desktop.workspace.quality.region_agreement import RegionReport
from tests.workspace.made import MadeProject
from tests.workspace.made_findings import (
    SPACING,
    STEP,
    close_all,
    made_findings,
    put,
    read_by_three,
)

MM_Y, MM_X = SPACING


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "data"))
    return tmp_path


def of_two(made: MadeProject, draw: dict[str, list[tuple[object, int, int]]]) -> RegionReport:
    """What the board says of one case on which Ada and Ben put these (shape, class, image)."""
    for name, shapes in draw.items():
        made.reopen(name)
        for shape, class_id, frame in shapes:
            put(made, 0, shape, class_id, frame)  # type: ignore[arg-type]
        close_all(made)
    made.reopen("Ada")
    return made.ws.quality.regions(2.0)


def test_points_and_rulers_are_compared_in_mm_also_across_images(home: Path) -> None:
    made = made_findings(home, 1)
    report = of_two(
        made,
        {
            "Ada": [
                (Point(x=10, y=10), 2, 0),
                (Polyline(points=((5, 5), (15, 5))), 3, 1),
                (Point(x=200, y=200), 2, 0),  # Ben saw nothing there
            ],
            "Ben": [
                (Point(x=11, y=10), 2, 1),  # on the next image: a step away
                (Polyline(points=((15.5, 5), (5, 5.5))), 3, 1),  # the other way round
            ],
        },
    )
    assert report.rows == (), "nothing with an inside was drawn"
    points, lines = report.mark_rows
    assert (points.title, points.shape, points.matched, points.alone) == ("Carina", "point", 1, 1)
    assert points.distance_mm.mean == pytest.approx(math.hypot(STEP, MM_X))
    assert (points.within.right, points.within.asked) == (0, 1)
    assert made.ws.quality.regions(3.0).mark_rows[0].within.right == 1
    assert (lines.title, lines.shape, lines.matched, lines.alone) == ("Diameter", "line", 1, 0)
    (line,) = report.marks_of(lines.key)
    assert line.source is CalibrationSource.PATIENT
    assert line.distance_mm == pytest.approx((0.5 * MM_X + 0.5 * MM_Y) / 2)
    first, second = 10 * MM_X, math.hypot(10.5 * MM_X, 0.5 * MM_Y)
    assert sorted(line.lengths_mm or ()) == pytest.approx([first, second])
    assert lines.length_difference_mm.median == pytest.approx(second - first)
    assert lines.sources == (("patient plane", 1),)


def test_without_a_calibration_the_distance_is_undefined_until_somebody_gives_one(
    home: Path,
) -> None:
    made = made_findings(home, 1, in_space=False)
    draw = {"Ada": [(Point(x=10, y=10), 2, 0)], "Ben": [(Point(x=10.6, y=10.8), 2, 0)]}
    (points,) = of_two(made, draw).mark_rows
    assert (points.matched, points.uncalibrated) == (1, 1)
    assert points.distance_mm.mean is None
    assert points.distance_interval is None
    report = made.ws.quality.report(made.ws.quality.board(), made.ws.quality.regions())
    assert "undefined" in report.html()
    made.ws.run(Calibrate(case_id=made.cases[0], series_id="series-0", mm_per_px=0.5))
    (points,) = made.ws.quality.regions().mark_rows
    assert points.distance_mm.mean == pytest.approx(0.5)
    assert points.sources == (("user ruler", 1),)


def test_one_reader_alone_has_no_distance(home: Path) -> None:
    made = made_findings(home, 1)
    report = of_two(made, {"Ada": [(Point(x=10, y=10), 2, 0)], "Ben": []})
    (points,) = report.mark_rows
    (line,) = report.marks_of(points.key)
    assert line.presence in (Presence.ONLY_FIRST, Presence.ONLY_SECOND)
    assert line.distance_mm is None
    assert (points.matched, points.alone) == (0, 1)


def test_attributes_are_asked_only_of_findings_that_both_marked(home: Path) -> None:
    made = made_findings(home, 6)
    said = {"Ada": "ssssqq", "Ben": "ssqqqq"}
    words = {"s": "smooth", "q": "spiculated"}
    for name, letters in said.items():
        made.reopen(name)
        for case, letter in enumerate(letters):
            box = Box(x0=4, y0=4, x1=12, y1=12 + (name == "Ben"))
            put(made, case, box, 1, margin=words[letter])
            far = 20 if name == "Ada" else 26  # seen by one reader only: nothing to compare
            put(made, case, Box(x0=far, y0=2, x1=far + 4, y1=6), 1, margin=words["s"])
        close_all(made)
    made.reopen("Ada")
    report = made.ws.quality.regions()
    (margin,) = report.attributes
    assert margin.row.topic.title == "Nodule: Margin"
    assert margin.row.topic.asks == "choice, of regions"
    assert margin.row.items == 6
    assert margin.row.answers == 12
    # alpha by hand: 2 of 6 units disagree; 6 smooth and 6 spiculated of 12 values
    observed, expected = 2 / 6, 2 * 6 * 6 / (12 * 11)
    assert margin.row.agreement.value == pytest.approx(1 - observed / expected)
    lines = margin.detail.lines(margin.detail.all_items())
    assert [line.differ for line in lines] == [True, True, False, False, False, False]
    assert {line.case_id for line in lines[:2]} == {made.cases[2], made.cases[3]}
    assert report.attribute("marks/1/sure") is None, "nobody answered it"


def test_attributes_all_alike_are_undefined_and_say_so(home: Path) -> None:
    made = made_findings(home, 2)
    for name in ("Ada", "Ben"):
        made.reopen(name)
        for case in range(2):
            put(made, case, Box(x0=4, y0=4, x1=12, y1=12), 1, margin="smooth")
        close_all(made)
    made.reopen("Ada")
    report = made.ws.quality.regions()
    (margin,) = report.attributes
    assert margin.row.agreement.value is None
    assert margin.row.agreement.undefined
    page = made.ws.quality.report(made.ws.quality.board(), report).html()
    assert f"undefined: {margin.row.agreement.undefined}" in page


def test_the_board_finds_the_errors_that_were_planted(home: Path) -> None:
    made = made_findings(home, 30)
    read_by_three(made)
    report = made.ws.quality.regions(2.0)
    marks = {row.key: row for row in report.mark_rows}
    points = marks["marks/2", False]
    assert (points.matched, points.alone) == (90, 0)
    by_pair: dict[frozenset[str], list[float]] = {}
    for line in report.marks_of(points.key):
        if line.distance_mm is not None:
            by_pair.setdefault(frozenset((line.first, line.second)), []).append(line.distance_mm)
    means = sorted(float(np.mean(v)) for v in by_pair.values())
    # the mean distance of two points with errors s and t along each axis of 0.8 and 0.6 mm
    scatter = np.random.default_rng(1).normal(size=(100_000, 2)) * (MM_Y, MM_X)
    size = float(np.hypot(*scatter.T).mean())
    implied = [size * math.hypot(s, t) for s, t in ((0.5, 1), (0.5, 2), (1, 2))]
    assert means == pytest.approx(implied, rel=0.25)
    names = made.ws.quality.reader_names()
    nearest = min(by_pair, key=lambda pair: float(np.mean(by_pair[pair])))
    assert {names[r] for r in nearest} == {"Ada", "Ben"}, "the careful two lie closest"
    length = report.attribute("marks/3/:length")
    assert length is not None
    numbers = length.detail.asked.numbers
    whole = numbers[np.isfinite(numbers).all(axis=1)]
    assert length.row.agreement.value == pytest.approx(intraclass_correlation(whole).value)
    limits, pairs = length.detail.differences(0, 1)
    assert limits.bias is not None
    assert len(pairs) >= 15
    margin = report.attribute("marks/1/margin")
    assert margin is not None
    # two readers who flip with p and q agree in p*q + (1-p)(1-q) of the cases
    flips = {"Ada": 0.1, "Ben": 0.2, "Cleo": 0.4}
    for pair in margin.detail.pairs:
        p, q = (flips[names[margin.detail.readers[i]]] for i in (pair.first, pair.second))
        implied = 1 - 2 * (1 - p * q - (1 - p) * (1 - q))  # alpha of even shares
        interval = pair.agreement.interval
        assert interval is not None
        assert interval.low <= implied <= interval.high
    assert made.ws.quality.regions(2.0).mark_rows == report.mark_rows, "from what was kept too"


def test_the_report_tells_methods_and_numbers_of_points_lines_and_attributes(home: Path) -> None:
    made = made_findings(home, 8)
    read_by_three(made)
    regions = made.ws.quality.regions(2.0)
    report = made.ws.quality.report(made.ws.quality.board(), regions)
    page = report.html()
    for said in (
        "Points and lines", "the mean distance of their two ends", "patient plane",
        "Attributes of regions", "Nodule: Margin", "Diameter: Length", "ICC(2,1)",
        "Within 2 mm", "Length difference mm",
    ):  # fmt: skip
        assert said in page, said
    plain = json.loads(report.json())["regions"]
    rows = {(r["class"], r["shape"]): r for r in plain["points_and_lines"]["rows"]}
    carina = next(r for r in regions.mark_rows if r.title == "Carina")
    assert rows["Carina", "point"]["distance_mm_mean"] == carina.distance_mm.mean
    titles = [r["title"] for r in plain["attributes"]["rows"]]
    assert titles == ["Nodule: Margin", "Nodule: How sure", "Diameter: Length"]
    assert "Ada" not in report.json()
    page_file = report.write(home / "out")
    stems = {p.stem for p in (page_file.parent / "plots").glob("*.svg")}
    assert {"marks-2-points", "marks-3-lines", "marks-1-margin-attribute"} <= stems
