"""A teacher of outlines: learns from readers, is measured on others, and its mark stays."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from desktop.commands.annotation import DeleteAnnotations
from desktop.commands.origin_lock import OriginLocked
from desktop.commands.proposal import AcceptProposals, RejectProposals
from desktop.domain.annotation import Origin
from desktop.domain.errors import AccessProblem, UserError
from desktop.domain.proposal import Proposal, Verdict
from desktop.domain.split import PSEUDO_KEY, Part
from desktop.domain.task import Role
from desktop.engines.learning.pixel_learner import FoundRegion, found_regions
from desktop.store import queries
from desktop.workspace.learning import outline_lessons
from desktop.workspace.learning.outline_lessons import material_of
from desktop.workspace.learning.outline_teacher import OutlineTopic
from tests.workspace.made_outlines import LESION, ORGAN, SCHEMA, MadeOutlines
from tests.workspace.made_pixels import dice

TOPIC = OutlineTopic(SCHEMA)


@pytest.fixture
def made(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MadeOutlines]:
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    project = MadeOutlines(tmp_path, count=request.param)
    yield project
    project.room.close()


def pseudo(made: MadeOutlines, run_id: str) -> list[Proposal]:
    return queries.many(made.room._read, Proposal, run_id=run_id)


@pytest.mark.parametrize("made", [6], indirect=True)
def test_it_outlines_what_is_open_says_how_good_it_is_and_its_mark_stays(
    made: MadeOutlines, tmp_path: Path
) -> None:
    room, (*outlined, held, first, second) = made.room, made.cases
    for case_id in (*outlined, held):
        made.outline(case_id)
    room.splits.move(made.patient(held), Part.VALIDATION)
    material = material_of(room, SCHEMA)
    assert {t.case_id for t in material.taught} == set(outlined), "validation is not looked at"
    assert {o.case_id for o in material.open} == {first, second} and material.people == 3
    assert all(t.is_whole and set(np.unique(t.painted_yx)) == {0, 1, 2} for t in material.taught)
    asked = room.outlines.ask(TOPIC)
    assert asked.class_words == ("Organ", "Lesion") and asked.case_ids == (first, second)
    assert asked.work.held_images == 3 and asked.work.dice[ORGAN] > 0.75
    assert "as readers did 3. Dice on 3 images of patients it had not learned from: Organ 0." in (
        asked.sentence
    )
    everything = asked.right(dict.fromkeys(asked.classes, 0.0))
    assert everything["1"].right >= 2 and everything["1"].checked >= everything["1"].right
    half = asked.surest(0.5)
    assert sum(asked.kept(half).values()) < sum(asked.said().values())
    run = room.outlines.label(TOPIC, asked, dict.fromkeys(asked.classes, 0.2))
    found = pseudo(made, run.run_id)
    assert (
        len(found)
        == sum(run.offered.values())
        == sum(asked.kept(dict.fromkeys(asked.classes, 0.2)).values())
    )
    for case_id in (first, second):
        best = max(
            (p for p in found if p.case_id == case_id and p.label and p.label.class_id == ORGAN),
            key=lambda p: p.frames[0].area_px,
        )
        mask = room.mask(best.frames[0])
        assert dice(mask, made.truth[case_id] == ORGAN) > 0.8 and best.score >= 0.2
        assert best.provenance.detail[PSEUDO_KEY] and best.frames[0].frame == made.frame(case_id)
    assert not room.annotations(first), "a suggestion is no label"
    with pytest.raises(OriginLocked):
        room.splits.move(made.patient(second), Part.TEST)
    (one, *_more), (other, *_rest) = ([p for p in found if p.case_id == c] for c in (first, second))
    room.run(AcceptProposals(case_id=first, proposal_ids=(one.id,)))
    room.run(RejectProposals(case_id=second, proposal_ids=(other.id,)))
    assert room.outlines.decided(run) == {Verdict.ACCEPTED: 1, Verdict.REJECTED: 1}
    (kept,) = room.annotations(first)
    assert kept.origin is Origin.MODEL and PSEUDO_KEY in kept.provenance.detail
    assert first not in {t.case_id for t in material_of(room, SCHEMA).taught}, "it never teaches"
    count = room.outlines.write_table(TOPIC, run, tmp_path / "outlines.csv")
    with (tmp_path / "outlines.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == count == len(found) and {r["pseudo_label"] for r in rows} == {"true"}
    assert {r["decided"] for r in rows} >= {"accepted", "rejected"}
    again = room.outlines.label(TOPIC, asked, {"1": 0.2, "2": 0.2})
    assert again.number == 2
    left = {p.id for p in pseudo(made, run.run_id)}
    assert left == {one.id, other.id}, "undecided ones are replaced"
    assert {p.case_id for p in pseudo(made, again.run_id)} == {second}
    room.undo("")
    assert len(pseudo(made, run.run_id)) == len(found) and room.verify().ok


@pytest.mark.parametrize("made", [2], indirect=True)
def test_only_what_is_known_teaches_and_nothing_is_asked_for_nothing(
    made: MadeOutlines, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, (first, *_rest) = made.room, made.cases
    with pytest.raises(UserError, match="Nobody has outlined"):
        room.outlines.ask(TOPIC)
    made.outline(first, closes=False)
    (taught,) = material_of(room, SCHEMA).taught
    assert not taught.is_whole and (taught.painted_yx == -1).sum() == (made.truth[first] == 0).sum()
    asked = room.outlines.ask(TOPIC)
    assert (
        asked.labelled == 1 and not asked.work.judged and "nobody knows how good" in asked.sentence
    )
    assert asked.right(dict.fromkeys(asked.classes, 0.0))["1"].interval is None
    with pytest.raises(UserError, match="threshold"):
        asked.kept({"1": 0.5})
    monkeypatch.setattr(outline_lessons, "MOST_OPEN", 0)
    assert material_of(room, SCHEMA).left == 1 and not material_of(room, SCHEMA).open
    assert "1 open case more can be outlined" in dataclasses.replace(asked, left=1).sentence
    monkeypatch.setattr(outline_lessons, "MOST_OPEN", 300)
    with pytest.raises(UserError, match="not sure enough"):
        room.outlines.label(TOPIC, asked, {"1": 1.0, "2": 1.0})
    lesions = [a.id for a in room.annotations(first) if a.label.class_id == LESION]
    room.run(DeleteAnnotations(case_id=first, annotation_ids=tuple(lesions)))
    with pytest.raises(UserError, match="nothing to tell apart"):
        room.outlines.ask(TOPIC)
    room.accounts.add_reader(room.reader, "Bea", Role.READER)
    path = room.path
    room.close()
    made.room = type(room).open(path, reader_name="Bea")
    with pytest.raises(AccessProblem):
        made.room.outlines.ask(TOPIC)


@pytest.mark.parametrize("made", [1], indirect=True)
def test_where_readers_say_different_classes_nobody_is_believed(made: MadeOutlines) -> None:
    room, case_id = made.room, made.cases[0]
    made.outline(case_id, closes=False)
    lesion = made.truth[case_id] == LESION
    made.truth[case_id] = np.where(lesion, ORGAN, 0)  # a second look calls the lesion an organ
    made.outline(case_id)
    (taught,) = material_of(room, SCHEMA).taught
    assert (taught.painted_yx[lesion] == -1).all() and taught.is_whole
    assert (taught.painted_yx == ORGAN).any() and not (taught.painted_yx == LESION).any()


def test_a_region_is_right_where_it_covers_one_well() -> None:
    truth = np.zeros((20, 20), dtype=np.int64)
    truth[2:10, 2:10] = ORGAN
    said = np.zeros_like(truth)
    said[2:10, 3:10] = ORGAN
    said[14:18, 14:18] = ORGAN
    found = found_regions(said, np.full(said.shape, 0.75, np.float32), 0)
    assert [(f.class_id, f.score) for f in found] == [(ORGAN, 0.75)] * 2
    assert [f.is_right(truth) for f in found] == [True, False]
    assert not replace_mask(found[0], truth == 0).is_right(truth)
    assert not FoundRegion(LESION, found[0].mask_yx, 1.0).is_right(truth)


def replace_mask(region: FoundRegion, mask: np.ndarray) -> FoundRegion:
    return FoundRegion(region.class_id, mask, region.score)


@pytest.mark.parametrize("made", [3], indirect=True)
def test_images_that_can_not_be_read_are_left_out_and_counted(made: MadeOutlines) -> None:
    room, (taught, there, gone) = made.room, made.cases
    made.outline(taught)
    source = queries.sources(room._read)[made.frame(gone).instance_id]
    source.rename(source.with_suffix(".away"))
    asked = room.outlines.ask(TOPIC)
    assert asked.case_ids == (there,)
    assert "1 image left out: not readable, or of another kind." in asked.sentence
