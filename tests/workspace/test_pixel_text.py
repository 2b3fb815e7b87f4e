"""Text in pixels: found by a search, never kept as words, said before an export."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from desktop.commands.project import AddSchema, UseSchema
from desktop.domain.contracts import Progress
from desktop.domain.errors import Cancelled, ModelProblem
from desktop.domain.geometry import Box
from desktop.exchange.exporter import BundleOptions
from desktop.inference import text_reader
from desktop.workspace.workspace import Workspace
from tests.workspace.made_ct import SLICES, ct_project
from tools import manage

SECRET = "DOE^JANE"


def corners(x0: float, y0: float, x1: float, y1: float) -> list[list[float]]:
    return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]


def fake_engine(pixels: np.ndarray) -> Any:
    """Reads a name on images with a bright spot, and nothing on the others."""
    assert pixels.dtype == np.uint8 and pixels.shape[2] == 3
    if pixels.max() < 200:
        return SimpleNamespace(boxes=None, txts=None, scores=None)
    whole = corners(0, 0, pixels.shape[1], pixels.shape[0])  # an image taken for one letter
    boxes = [corners(10, 20, 60, 32), corners(-3, 40, 70, 52), corners(1, 1, 9, 9), whole]
    return SimpleNamespace(
        boxes=np.array(boxes), txts=(SECRET, "12 03", "?", "O"), scores=(0.97, 0.8, 0.2, 0.96)
    )


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    made = ct_project(tmp_path)
    monkeypatch.setattr(text_reader, "_engine", lambda: fake_engine)
    put_reader(made)
    yield made
    made.close()


def put_reader(room: Workspace) -> None:
    """A reader in this process, as if its package were installed."""
    text = room.pixel_text
    text.why_not, text.fingerprint, text.read = lambda: "", lambda: "ab" * 32, text_reader.find_text


def test_what_is_kept_is_where_and_how_long_never_what_it_says(
    room: Workspace, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    use_class_for_text(room)
    report = room.pixel_text.find()
    assert (report.done, report.known, report.images, report.cases) == (2, 0, 2, 1)
    assert report.sentence == "2 cases looked through: text on 2 images of 1 case."
    (found,) = room.pixel_text.found()
    assert (found.images, found.places) == (2, 4)
    first, second = found.frames[0].boxes
    assert (first.characters, first.score, second.characters) == (len(SECRET), 0.97, 4)
    assert (second.x0, second.x1) == (0, 70)  # kept inside the image
    room.close()
    assert SECRET not in caplog.text and "12 03" not in caplog.text
    for path in [*tmp_path.rglob("*.rroom*"), *tmp_path.rglob("*.json")]:
        assert path.is_dir() or SECRET.encode() not in path.read_bytes()
    assert b"Text in pixels" in room.path.read_bytes()  # so it could have been seen


def use_class_for_text(room: Workspace) -> None:
    schema = room.schema(next(iter(room.cases())).case.id)
    assert schema is not None
    extra = replace(schema.classes[0], id=90, name="Text in pixels", key="", code=None, tools=())
    fresh = replace(
        schema, id=f"{schema.name}@{schema.version + 1}", version=schema.version + 1,
        classes=(*schema.classes, extra),
    )  # fmt: skip
    room.run(AddSchema(schema=fresh))
    room.run(UseSchema(case_ids=tuple(c.case.id for c in room.cases()), schema_id=fresh.id))


def test_suggestions_are_made_only_where_the_schema_has_a_class_for_text(room: Workspace) -> None:
    assert room.pixel_text.find().images == 2
    (found,) = room.pixel_text.found()
    assert room.proposals(found.case_id) == []
    use_class_for_text(room)
    again = room.pixel_text.find()
    assert (again.done, again.known, again.images) == (1, 1, 2)
    offered = [p for p, _decision in room.proposals(found.case_id)]
    assert len(offered) == 4 and {p.label.class_id for p in offered if p.label} == {90}
    assert all(isinstance(p.geometry, Box) and p.pixels_sha256 for p in offered)
    assert {p.score for p in offered} == {0.97, 0.8}
    assert room.annotations(found.case_id) == []
    third = room.pixel_text.find()
    assert (third.done, third.known) == (0, 2) and len(room.proposals(found.case_id)) == 4
    assert room.verify().ok


def test_a_cancelled_search_keeps_the_cases_that_are_done(room: Workspace) -> None:
    count = 0

    def stop(_fraction: float, _text: str) -> None:
        nonlocal count
        count += 1
        if count > SLICES:
            raise Cancelled

    with pytest.raises(Cancelled):
        room.pixel_text.find(progress=Progress(stop))
    report = room.pixel_text.find()
    assert (report.done, report.known) == (1, 1)


def test_where_the_reader_is_not_installed_a_sentence_says_how(
    room: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_reader, "find_spec", lambda _name: None)
    room.pixel_text.why_not = text_reader.why_not
    with pytest.raises(ModelProblem, match="can't be looked for") as told:
        room.pixel_text.find()
    assert 'pip install "readingroom[ocr]"' in told.value.detail
    assert room.pixel_text.found() == []


def exported(room: Workspace, target: Path) -> tuple[dict[str, Any], str]:
    room.export_bundle(target, BundleOptions(formats=("table",)))
    manifest = json.loads((target / "manifest.json").read_text("utf-8"))
    return manifest["pixel_text"], (target / "data_card.md").read_text("utf-8")


def test_a_bundle_says_whether_pixels_were_checked(room: Workspace, tmp_path: Path) -> None:
    facts, card = exported(room, tmp_path / "before")
    assert facts == {"checked": False, "cases_checked": 0, "frames_with_text": 0}
    assert "were not checked for text" in card
    room.pixel_text.find([next(iter(room.cases())).case.id])
    facts, card = exported(room, tmp_path / "half")
    assert not facts["checked"] and facts["cases_checked"] == 1
    assert "in part (1 of 2 cases)" in card
    room.pixel_text.find()
    facts, card = exported(room, tmp_path / "after")
    assert facts == {"checked": True, "cases_checked": 2, "frames_with_text": 2}
    assert "yes (2 of 2 cases); 2 frames with text found" in card
    for path in (tmp_path / "after").rglob("*"):
        assert path.is_dir() or SECRET.encode() not in path.read_bytes()


def test_only_cases_that_are_done_count_for_an_export_of_those(room: Workspace) -> None:
    room.pixel_text.find()
    assert room.pixel_text.found(only_done=True) == []
    assert len(room.pixel_text.found()) == 1


def test_without_a_window(
    room: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = room.path
    room.close()
    monkeypatch.setattr(text_reader, "find_spec", lambda _name: None)
    assert manage.main(["pixel-text", str(path)]) == 2
    assert "readingroom[ocr]" in capsys.readouterr().err


@pytest.mark.skipif(find_spec("rapidocr") is None, reason="the extra ocr is not installed")
def test_for_real_in_the_child(tmp_path: Path) -> None:
    from PIL import Image, ImageDraw

    drawn = Image.new("L", (640, 480), 20)
    ImageDraw.Draw(drawn).text((100, 200), f"{SECRET} 1961", fill=240, font_size=28)
    folder = tmp_path / "images"
    folder.mkdir()
    drawn.save(folder / "a.png")
    Image.new("L", (640, 480), 20).save(folder / "b.png")
    with Workspace.create(tmp_path / "p.rroom", title="T", reader_name="Ada") as room:
        room.import_images([folder])
        report = room.pixel_text.find()
        assert (report.images, report.cases, report.left_out) == (1, 1, ())
        (found,) = room.pixel_text.found()
        (box,) = found.frames[0].boxes
        assert box.characters == len(SECRET) + 4 and box.score > 0.9
        assert 80 < box.x0 < 110 and 300 < box.x1 < 330 and 190 < box.y0 < box.y1 < 240
    assert SECRET.encode() not in (tmp_path / "p.rroom").read_bytes()
