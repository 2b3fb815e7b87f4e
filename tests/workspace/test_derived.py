"""Made-up images from real ones: the original untouched, the mark for ever, held-back patients."""

from __future__ import annotations

import csv
import datetime
import itertools
import json
import queue
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from PIL import Image
from scipy import ndimage

from desktop.commands.origin_lock import OriginLocked
from desktop.commands.project import AddSchema, RegisterImages, UseSchema
from desktop.commands.split import AssignSplits, Dealt
from desktop.domain.annotation import Origin
from desktop.domain.errors import UserError
from desktop.domain.learning import RoundPlan
from desktop.domain.schema import Question, QuestionKind, Schema
from desktop.domain.split import Part, is_synthetic
from desktop.domain.study import Study
from desktop.engines.synthesis.derived import Change
from desktop.exchange.bundle import BundleOptions
from desktop.imaging.scan import file_sha256
from desktop.store import queries
from desktop.workspace import commits
from desktop.workspace.access.keys import WorkstationKey
from desktop.workspace.images.derived import Recipe
from desktop.workspace.images.made_images import CASES_AT_ONCE, MadeReport
from desktop.workspace.settings import Settings
from desktop.workspace.team import handing_out
from desktop.workspace.workspace import Workspace
from tests.workspace.made import MadeProject, ticking_clock
from tests.workspace.made_pixels import LESION, ORGAN, MadePixels

INSERT = Recipe(change=Change.LESION, seed=4, class_id=LESION)
SHIFT = Recipe(change=Change.SCANNER, seed=4, values={"noise": 0.1, "gain": 1.2})

ASKING = Schema(
    id="asking@1",
    name="asking",
    version=1,
    title="Asking",
    questions=(Question(id="ill", text="Is it ill", kind=QuestionKind.YES_NO),),
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("derived")
    made = MadePixels(folder)
    made.paint(ORGAN, made.truth == ORGAN)
    made.room.close()
    return folder


@pytest.fixture
def room(template: Path, tmp_path: Path) -> Iterator[Workspace]:
    shutil.copy(template / "pixels.rroom", tmp_path / "pixels.rroom")
    opened = Workspace.open(
        tmp_path / "pixels.rroom", reader_name="Ada", settings=Settings(tmp_path / "s.json")
    )
    yield opened
    opened.close()


def source_of(room: Workspace) -> tuple[str, object]:
    """The case, and the frame that is painted on."""
    case_id = room.cases()[0].case.id
    return case_id, room.mask_slices(case_id)[0].frame


@pytest.mark.parametrize("dicom", [False, True], ids=["png", "dicom"])
@pytest.mark.parametrize("recipe", [INSERT, SHIFT], ids=["lesion", "scanner"])
def test_a_new_case_with_exact_labels_and_an_untouched_original(
    room: Workspace, tmp_path: Path, recipe: Recipe, dicom: bool
) -> None:
    case_id, frame = source_of(room)
    original, file = room.frames.get(frame), room.source_path(frame.instance_id)
    before = (original.pixels.copy(), file_sha256(file), room.annotations(case_id))
    recipe = Recipe(**{**vars(recipe), "dicom": dicom, "count": 2})
    report = room.derived.make(case_id, frame, recipe, tmp_path / "out")
    assert len(report.cases) == 2 and not is_synthetic(room.case(case_id))
    after = (room.frames.get(frame).pixels, file_sha256(file), room.annotations(case_id))
    assert np.array_equal(before[0], after[0]) and before[1:] == after[1:]
    case = room.case(report.cases[0])
    assert is_synthetic(case) and case.schema_id == "organs@1"
    (ref,) = room.frame_refs(case.series_ids[0])
    made = room.frames.get(ref)
    lift = 0 if dicom else min(0, int(original.pixels.min()))
    difference = made.pixels.astype(int) + lift - original.pixels
    regions = {a.id: a for a in room.annotations(case.id)}
    slices = room.mask_slices(case.id)
    assert {a.origin for a in regions.values()} == {Origin.SYNTHETIC}
    by_class = {regions[s.annotation_id].label.class_id: room.mask(s) for s in slices}
    assert all(s.pixels_sha256 == made.pixels_sha256 for s in slices), "drawn on these pixels"
    own = room.mask_slices(case_id, frame)[0]
    assert np.array_equal(by_class[ORGAN], room.mask(own)), "what was drawn goes along"
    if recipe.change is Change.LESION:
        lesion = by_class[LESION]
        assert lesion.any() and (difference[lesion] > 0).all()
        rim = ndimage.binary_dilation(lesion, iterations=4)
        assert not difference[~rim].any(), "only a soft rim outside"
    else:
        assert set(by_class) == {ORGAN} and difference.std() > 50
    assert room.verify().ok


def test_a_held_back_patient_is_no_source_and_a_source_is_never_held_back(
    room: Workspace, tmp_path: Path
) -> None:
    case_id, frame = source_of(room)
    patient = queries.one(room._read, Study, room.case(case_id).study_id).patient_key
    for part in (Part.TEST, Part.VALIDATION):
        room.splits.move(patient, part)
        with pytest.raises(UserError, match="can't be a source") as told:
            room.derived.make(case_id, frame, INSERT, tmp_path / "out")
        assert part.value in told.value.detail and not (tmp_path / "out").exists()
    room.splits.move(patient, Part.TRAIN)
    (made,) = room.derived.make(case_id, frame, INSERT, tmp_path / "out").cases
    assert room.splits.part_of(made) is Part.TRAIN
    with pytest.raises(OriginLocked):
        room.splits.move(patient, Part.TEST)
    assert room.splits.deal(0.3, 0.3, again=True).counts[Part.TRAIN] == 1


def test_another_project_takes_the_mark_from_the_file_alone(
    room: Workspace, tmp_path: Path
) -> None:
    case_id, frame = source_of(room)
    for number, dicom in enumerate((False, True)):
        recipe = Recipe(change=Change.LESION, seed=number, dicom=dicom)
        room.derived.make(case_id, frame, recipe, tmp_path / "out")
    room.synthetic.make("cells", 1, 1, {}, tmp_path / "out", side=48)
    for beside in (tmp_path / "out").glob("*.json"):
        if "cells" not in beside.name:
            beside.unlink()  # the file itself says it
    png = next((tmp_path / "out").glob("*cells*.png"))
    from PIL import Image

    with Image.open(png) as picture:
        picture.copy().save(png)  # without its texts: the JSON beside it says it
    with Workspace.create(
        tmp_path / "other.rroom",
        title="Other",
        reader_name="Bea",
        settings=Settings(tmp_path / "s.json"),
    ) as other:
        report = other.import_images([tmp_path / "out", room.source_path(frame.instance_id)])
        marks = [is_synthetic(other.case(c)) for c in report.cases]
        assert sorted(marks) == [False, True, True, True], "the real one has no mark"


def test_the_dicom_file_is_conformant_and_bears_no_identity(
    room: Workspace, tmp_path: Path
) -> None:
    from pydicom import dcmread

    case_id, frame = source_of(room)
    original = dcmread(room.source_path(frame.instance_id))
    room.derived.make(case_id, frame, Recipe(change=Change.SCANNER, dicom=True), tmp_path / "out")
    (path,) = (tmp_path / "out").glob("*.dcm")
    made = dcmread(path)
    assert made.SyntheticData == "YES" and made.SeriesDescription == "SYNTHETIC"
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "PatientID"):
        assert made[keyword].value != original[keyword].value
    assert "Demo" not in str(made.PatientName) and made.PixelSpacing == original.PixelSpacing
    validator = Path(sys.executable).parent / "dciodvfy"
    if validator.is_file():
        answer = subprocess.run([str(validator), str(path)], capture_output=True, text=True)
        assert answer.returncode == 0, answer.stderr
    facts = json.loads(path.with_suffix(".json").read_text())
    assert facts["generator"] == "scanner" and facts["source_case"] == case_id


def test_the_same_seed_writes_the_same_bytes_and_nonsense_is_said(
    room: Workspace, tmp_path: Path
) -> None:
    case_id, frame = source_of(room)
    for name in ("a", "b"):
        again = room.derived.make(case_id, frame, INSERT, tmp_path / name)
    first, second = (sorted((tmp_path / n).iterdir()) for n in ("a", "b"))
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]
    assert not again.cases and again.already == 1
    with pytest.raises(UserError, match="out of range"):
        room.derived.make(
            case_id, frame, Recipe(change=Change.LESION, values={"size": 99}), tmp_path / "c"
        )


# the lock ----------------------------------------------------------------------------------------


def forged_split(room: Workspace, monkeypatch: pytest.MonkeyPatch, patient: str) -> None:
    """What a merge could bring: a part that no honest command gives."""
    with monkeypatch.context() as patch:
        patch.setattr(commits, "check_origins", lambda changes, now: None)
        room.run(AssignSplits(dealt=(Dealt(patient_key=patient, part=Part.TEST),)))


def test_a_split_from_elsewhere_keeps_original_and_derived_in_training_everywhere(
    room: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id, frame = source_of(room)
    (made,) = room.derived.make(case_id, frame, INSERT, tmp_path / "out").cases
    patient = queries.one(room._read, Study, room.case(case_id).study_id).patient_key
    assert queries.one(room._read, Study, room.case(made).study_id).patient_key == patient
    copy = handing_out.hand_out(room, tmp_path / "away.rroom")
    (tmp_path / "away-home").mkdir()
    away = MadeProject.around(
        copy,
        WorkstationKey.load(tmp_path / "away-home"),
        ticking_clock(datetime.datetime(2027, 1, 1, tzinfo=datetime.UTC)),
    )
    queries.trust_key(room._database.writer, away.key.public_hex, "away", "")
    forged_split(away.ws, monkeypatch, patient)
    away.ws.export_bundle(tmp_path / "sent", BundleOptions(formats=("table", "audit")))
    away.close()
    report = room.team.merge([tmp_path / "sent"])
    assert "has synthetic images" in report.sentence
    assert {room.splits.part_of(c) for c in (case_id, made)} == {Part.TRAIN}
    assert room.splits.of_patients() == {patient: Part.TRAIN}
    room.export_bundle(tmp_path / "bundle", BundleOptions(formats=("table", "coco")))
    with (tmp_path / "bundle" / "tables" / "cases.csv").open(encoding="utf-8") as file:
        rows = {r["case_id"]: (r["part"], r["synthetic"]) for r in csv.DictReader(file)}
    assert rows == {case_id: ("train", "false"), made: ("train", "true")}
    pages = [json.loads(p.read_text()) for p in (tmp_path / "bundle" / "coco").rglob("*.json")]
    flags = [i["synthetic"] for page in pages for i in page.get("images", ())]
    assert True in flags and False in flags


def test_headless_there_is_no_way_to_a_held_back_derived_case(
    room: Workspace, tmp_path: Path
) -> None:
    """By splits, by dealing, by unmarking, by labels of people on it: all through ``run``."""
    case_id, frame = source_of(room)
    (made,) = room.derived.make(case_id, frame, SHIFT, tmp_path / "out").cases
    patient = queries.one(room._read, Study, room.case(made).study_id).patient_key
    for part in (Part.VALIDATION, Part.TEST):
        with pytest.raises(OriginLocked):
            room.run(AssignSplits(dealt=(Dealt(patient_key=patient, part=part),)))
    for seed in range(5):
        assert room.splits.deal(0.45, 0.45, seed=seed, again=True).counts[Part.TRAIN] == 1
    bare = replace(room.case(made), tags=())
    room.run(RegisterImages(studies=(), series=(), instances=(), cases=(bare,)))
    assert is_synthetic(room.case(made)), "an import can't wash the mark off"
    room.undo(made)  # its labels
    room.undo("")  # the import itself: the case goes or keeps its mark
    assert all(is_synthetic(line.case) for line in room.cases() if line.case.id != case_id)
    room.redo("")
    assert is_synthetic(room.case(made)) and not is_synthetic(room.case(case_id))


def test_a_lone_derived_case_never_teaches_or_checks_the_learner(
    room: Workspace, tmp_path: Path
) -> None:
    case_id, frame = source_of(room)
    room.run(AddSchema(schema=ASKING))
    room.run(UseSchema(case_ids=(case_id,), schema_id=ASKING.id))
    (made,) = room.derived.make(case_id, frame, SHIFT, tmp_path / "out").cases
    assert room.case(made).schema_id == ASKING.id
    (topic,) = [t for t in room.learning.topics() if t.schema.name == ASKING.name]
    frozen = room.learning._freeze(topic, RoundPlan())
    assert [c.case_id for c in frozen.cases] == [case_id]


def test_many_come_in_slices_that_leave_the_main_thread_free_in_between(
    template: Path, tmp_path: Path
) -> None:
    shutil.copy(template / "pixels.rroom", tmp_path / "pixels.rroom")
    waiting: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
    done: list[MadeReport] = []
    failed: list[UserError] = []
    grown: list[int] = []
    with Workspace.open(
        tmp_path / "pixels.rroom",
        reader_name="Ada",
        post=waiting.put,
        settings=Settings(tmp_path / "s.json"),
    ) as room:
        room.synthetic.start(
            "cells", 24, 1, {"number": 3}, tmp_path / "out", done.append, failed.append, 48
        )
        while not done and not failed:
            waiting.get(timeout=30)()
            grown.append(len(room.cases()))
        assert not failed and len(done[0].cases) == 24
        steps = [b - a for a, b in itertools.pairwise(grown)]
        assert 0 < max(steps) <= CASES_AT_ONCE, "never more at once than one can't notice"
        labelled = [room.annotations(c) for c in done[0].cases]
        assert all(found for found in labelled)
        room.undo("")
        assert len(room.cases()) == 1, "and still one step to take back"


@pytest.mark.parametrize("order", ["one scan", "source first", "source last"])
def test_in_another_project_a_made_up_image_joins_the_patient_it_was_made_from(
    room: Workspace, tmp_path: Path, order: str
) -> None:
    source, out = made_files(room, tmp_path)
    other = another_project(tmp_path)
    steps = {
        "one scan": [[out, source]],
        "source first": [[source], [out]],
        "source last": [[out], [source]],
    }
    try:
        for paths in steps[order]:
            assert not other.import_images(paths).refused
        patients = {
            is_synthetic(line.case): queries.one(other._read, Study, line.case.study_id).patient_key
            for line in other.cases()
        }
        assert other.case_count() == 4 and len(set(patients.values())) == 1
        board = other.splits.board()
        assert len(board.lines) == 1 and len(board.lines[0].cases) == 4
        titles = [line.case.title for line in other.cases() if is_synthetic(line.case)]
        assert not any("SYN" in title for title in titles)
    finally:
        other.close()


def test_where_the_original_is_unknown_it_is_a_patient_of_its_own(
    room: Workspace, tmp_path: Path
) -> None:
    _source, out = made_files(room, tmp_path)
    other = another_project(tmp_path)
    try:
        assert not other.import_images([out]).refused
        assert all(is_synthetic(line.case) for line in other.cases())
    finally:
        other.close()


def test_made_up_images_of_a_patient_who_is_held_back_are_refused_and_the_rest_comes_in(
    room: Workspace, tmp_path: Path
) -> None:
    source, out = made_files(room, tmp_path)
    other = another_project(tmp_path)
    try:
        other.import_images([source])
        (line,) = other.splits.board().lines
        other.splits.move(line.patient_key, Part.TEST)
        shutil.copy(source, out / "again.png")
        pixels = np.arange(256, dtype=np.uint8).reshape(16, 16)
        Image.fromarray(pixels).save(out / "fresh.png")
        report = other.import_images([out])
        assert report.added == 1 and len(report.duplicates) == 1
        assert len(report.refused) == 3
        assert all(line.patient_key in r.reason and "test set" in r.reason for r in report.refused)
        assert not any(is_synthetic(found.case) for found in other.cases())
    finally:
        other.close()


def made_files(room: Workspace, tmp_path: Path) -> tuple[Path, Path]:
    """The original's file, and a folder with what was made from it: DICOM, PNG, and one of one."""
    case_id, frame = source_of(room)
    out = tmp_path / "out"
    first = room.derived.make(case_id, frame, Recipe(**{**vars(SHIFT), "dicom": True}), out)
    room.derived.make(case_id, frame, Recipe(**{**vars(SHIFT), "dicom": False, "seed": 5}), out)
    (again,) = room.frame_refs(room.case(first.cases[0]).series_ids[0])
    deeper = Recipe(**{**vars(SHIFT), "dicom": True, "seed": 6})
    room.derived.make(first.cases[0], again, deeper, out)
    for beside in out.glob("*.json"):
        beside.unlink()  # the files themselves say it
    return room.source_path(frame.instance_id), out


def another_project(tmp_path: Path) -> Workspace:
    return Workspace.create(
        tmp_path / "other.rroom",
        title="Other",
        reader_name="Bea",
        settings=Settings(tmp_path / "b.json"),
        secret=bytes(32),
    )
