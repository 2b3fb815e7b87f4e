"""A project with a regular CT, an irregular CT, a radiograph and a photograph; one bundle of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from desktop.domain.annotation import Origin, Provenance
from desktop.domain.geometry import Box, Ellipse, Point, Polygon, Polyline
from desktop.exchange.bundle import BundleReport, write_bundle
from tests.exchange.made import MadeProject, blob
from tests.exchange.made_images import write_photo, write_radiograph, write_series
from tests.exchange.made_rankings import compared, graded, outlined

HOLED = Polygon(
    points=((2.0, 2.0), (11.0, 3.0), (4.0, 10.0)), holes=(((4.0, 4.0), (6.0, 4.0), (4.0, 6.0)),)
)
PLAIN = Polygon(points=((1.2, 1.7), (12.3, 2.1), (3.3, 10.9)))


def filled_project(folder: Path) -> MadeProject:
    """Every kind of shape, reader, origin and answer on every kind of series."""
    write_series(folder / "ct")
    write_series(folder / "gap", name="gap", drop=(2,))
    write_radiograph(folder / "xr")
    write_photo(folder / "photo")
    project = MadeProject([folder])
    for series_id in project.series:
        frames = project.frames(series_id)
        image = project.instances[frames[0].instance_id]
        size = (image.rows, image.columns)
        spread = frames[1:4] or frames
        project.paint({f: blob(*size, 7 + n, 6, 4) for n, f in enumerate(spread)})
        project.paint(
            {f: blob(*size, 9, 6, 3) for f in frames[:2]},
            class_id=3,
            origin=Origin.MODEL_EDITED,
            slice_origin=Origin.INTERPOLATED,
            provenance=Provenance(tool="smooth fill", app_version="1.0.0"),
        )
        first = frames[0]
        project.draw(HOLED, 1, first, 1, attributes={"solid": False, "share": 0.5})
        project.draw(Ellipse(cx=12, cy=8, rx=2.5, ry=1.5, angle_deg=20), 7, first, 1)
        project.draw(Box(x0=1.25, y0=2, x1=5, y1=6), 3, first, 1, attributes={"solid": True})
        project.draw(Polyline(points=((1.0, 1.0), (4.0, 5.0))), 3, first, 1)
        project.draw(Point(x=3.5, y=4.5), 1, first)
    project.draw(PLAIN, 1, project.frames()[0], 1, comment="=HYPERLINK(1)")
    project.answer("quality", True)
    project.answer("why", "cut")
    project.answer("where", "left side")
    project.answer("count", -3.0)
    project.close_case(0)
    project.close_case(1, reader=1, no_finding=True)
    project.rankings += [compared(project), outlined(project), graded(project)]
    return project


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> MadeProject:
    """Read-only: tests that change a project make their own."""
    return filled_project(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="session")
def written(
    filled: MadeProject, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, BundleReport]:
    """The folder of a bundle with all formats, and its report; read-only."""
    target = tmp_path_factory.mktemp("bundle") / "bundle"
    return target, write_bundle(filled.snapshot(), target, pool=filled.pool)


@pytest.fixture(scope="session")
def bundle(written: tuple[Path, BundleReport]) -> Path:
    return written[0]
