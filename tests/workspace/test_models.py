"""Models on the shelf and over a work list: trusted by hash, kept case by case, never a label."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from desktop.commands.access import ChangeRole
from desktop.commands.project import AddReader
from desktop.commands.proposal import AcceptProposals
from desktop.domain.annotation import Origin
from desktop.domain.contracts import Progress
from desktop.domain.errors import AccessProblem, Cancelled, ModelProblem, UserError
from desktop.domain.model_card import ModelCard, ModelClass, ModelInput, Task, Values
from desktop.domain.task import Reader, Role
from desktop.workspace.models import model_runs
from desktop.workspace.workspace import Workspace
from tests.inference import made_models
from tests.workspace.made_ct import SPOT, add_samples, ct_project


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Workspace]:
    made = ct_project(tmp_path)
    yield made
    made.close()


def in_list_order(room: Workspace) -> list[str]:
    return [line.case.id for line in room.cases()]


def test_the_shelf_over_a_list_and_nothing_is_a_label(room: Workspace, tmp_path: Path) -> None:
    known = add_samples(room.models, tmp_path / "made")
    with_spot, without = in_list_order(room)
    said: list[str] = []
    report = room.models.runs.run(
        known["bright-lesion-segmenter"], progress=Progress(lambda _f, text: said.append(text))
    )
    assert (report.done, report.offered, report.left_out) == (2, 1, ())
    assert any("image 3" in text for text in said)
    ((proposal, decision),) = room.proposals(with_spot)
    assert decision is None and room.proposals(without) == []
    assert proposal.origin is Origin.MODEL and 0.5 < proposal.score <= 1
    assert proposal.provenance.tool == "Bright lesion segmenter"
    assert proposal.provenance.detail["sha256"] == known["bright-lesion-segmenter"]
    assert proposal.provenance.detail["licence"] == "Apache-2.0"
    assert proposal.provenance.detail["threshold"] == "0.5"
    assert len(proposal.frames) == 2 and all(f.pixels_sha256 for f in proposal.frames)
    x0, y0, x1, y1 = proposal.frames[0].bounds
    assert x0 < SPOT[0] < x1 and y0 < SPOT[1] < y1
    # no label was made by any of it, for anybody
    for case_id in (with_spot, without):
        assert room.claims.annotations(case_id) == [] and room.claims.answers(case_id) == []
        assert room.claims.mask_slices(case_id) == []
    room.run(AcceptProposals(case_id=with_spot, proposal_ids=(proposal.id,)))
    (region,) = room.annotations(with_spot)
    assert region.origin is Origin.MODEL and region.provenance == proposal.provenance
    assert len(room.mask_slices(with_spot)) == 2
    assert room.verify().ok


def test_a_run_is_taken_up_where_it_ended(
    room: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = add_samples(room.models, tmp_path / "made")
    asked: list[str] = []
    whole = model_runs.ModelRuns._case

    def counted(self: Any, connection: Any, model: Any, facts: Any, case: Any, *rest: Any) -> Any:
        if asked:  # stop in front of the second case
            raise Cancelled
        asked.append(case.id)
        return whole(self, connection, model, facts, case, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(model_runs.ModelRuns, "_case", counted)
        with pytest.raises(Cancelled):
            room.models.runs.run(known["bright-lesion-segmenter"])
    assert [done.case_id for done in _done(room)] == asked  # what is done stays
    again = room.models.runs.run(known["bright-lesion-segmenter"])
    assert (again.done, again.known) == (1, 1)
    events = room.event_count()
    third = room.models.runs.run(known["bright-lesion-segmenter"])
    assert (third.done, third.known, room.event_count()) == (0, 2, events)
    assert {len(room.proposals(c)) for c in in_list_order(room)} == {0, 1}
    # another threshold is another run; what it says stands beside the first
    shelved = room.models.get(known["bright-lesion-segmenter"])
    room.models.change(replace(shelved.card, threshold=0.6))
    assert room.models.runs.run(known["bright-lesion-segmenter"]).done == 2
    assert len(room.models.runs.records()) == 2
    # what a card cuts off is said: there may be more than the one that was kept
    room.models.change(replace(shelved.card, most=1))
    cut = room.models.runs.run(known["bright-lesion-segmenter"])
    assert cut.full == 1 and "1 with as many as the card allows" in cut.sentence


def _done(room: Workspace) -> list[Any]:
    return [d for r in room.models.runs.records() for d in room.models.runs.cases_done(r.id)]


def test_a_job_keeps_each_case_and_can_be_cancelled(room: Workspace, tmp_path: Path) -> None:
    known = add_samples(room.models, tmp_path / "made")
    reports: list[Any] = []
    job = room.models.runs.start(
        known["bright-lesion-detector"], in_list_order(room)[:1], reports.append, pytest.fail
    )
    assert job.state.value == "done" and reports[0].done == 1
    assert {p.geometry.__class__.__name__ for p, _d in room.proposals(in_list_order(room)[0])} == {
        "Box"
    }
    tried: list[Any] = []
    before = room.event_count()
    with_spot, without = in_list_order(room)
    room.models.runs.start_try(
        known["bright-lesion-segmenter"], with_spot, tried.append, pytest.fail
    )
    (found,) = tried[0].found
    assert tried[0].seconds > 0 and tried[0].case_id == with_spot
    assert all(tried[0].mask(part)[int(SPOT[1]), int(SPOT[0])] for part in found.frames)
    assert room.models.runs.try_on(known["bright-lesion-segmenter"], without).found == ()
    assert room.event_count() == before


def test_no_model_is_tried_where_its_suggestions_would_be_hidden(
    room: Workspace, tmp_path: Path
) -> None:
    """Else the preview would tell what a blind answer is not to know."""
    known = add_samples(room.models, tmp_path / "made")
    case_id = in_list_order(room)[0]
    room.help.set_plan(0, 100, 0)
    sha256 = known["bright-lesion-segmenter"]
    with pytest.raises(AccessProblem, match="before suggestions"):
        room.models.runs.try_on(sha256, case_id)
    with pytest.raises(AccessProblem, match="before suggestions"):
        room.models.runs.start_try(sha256, case_id, pytest.fail, pytest.fail)


def test_a_model_at_fault_ends_the_run_and_nothing_is_kept(room: Workspace, tmp_path: Path) -> None:
    good = add_samples(room.models, tmp_path / "made")["bright-lesion-segmenter"]
    card = room.models.get(good).card
    nan = room.models.add(made_models.nan_model(tmp_path / "nan.onnx"), replace(card, name="NaN"))
    slow = room.models.add(
        made_models.slow_model(tmp_path / "slow.onnx"),
        replace(card, name="Slow", limit_s=0.5, input=replace(card.input, rows=1, columns=1)),
    )
    digest = room.state_digest()
    for sha256, words in ((nan.sha256, "no usable numbers"), (slow.sha256, "stopped")):
        with pytest.raises(ModelProblem, match=words):
            room.models.runs.run(sha256)
    assert room.state_digest() == digest
    assert room.models.runs.run(good).done == 2  # the child is there again


def with_model(room: Workspace, path: Path, **changes: Any) -> str:
    """Any model on the shelf as a segmenter of nodules."""
    card = ModelCard(
        sha256="", name=path.stem, licence="made", task=Task.SEGMENTATION,
        schema_name="chest-ct-nodule", classes=(ModelClass(index=0, name="lesion", class_id=1),),
        input=ModelInput(values=Values.MODALITY),
    )  # fmt: skip
    return room.models.add(path, replace(card, **changes)).sha256


def test_a_case_that_a_model_fails_on_is_left_out_and_the_others_are_done(tmp_path: Path) -> None:
    room = ct_project(tmp_path, (False, True, False, True, True, True, False))
    picky = with_model(room, made_models.picky_model(tmp_path / "picky.onnx"))
    with pytest.raises(ModelProblem, match="no usable numbers"):
        room.models.runs.run(picky)  # three failures in a row end it
    ids = in_list_order(room)
    assert {d.case_id for d in _done(room)} == {ids[0], ids[2]}  # what was done before stays
    report = room.models.runs.run(picky, [ids[0], ids[1], ids[2], ids[6]])
    assert (report.known, report.done) == (2, 1)
    ((left),) = report.left_out
    assert left.case_id == ids[1] and "NaN" in left.why and "no usable numbers" in left.why
    assert room.claims.annotations(ids[0]) == []
    room.close()


def test_a_run_is_cancelled_in_the_middle_of_a_long_call(room: Workspace, tmp_path: Path) -> None:
    """The call would take for ever, and its limit a minute and a half; nobody waits for either."""
    sticky = with_model(room, made_models.sticky_model(tmp_path / "sticky.onnx"), limit_s=90.0)
    with_spot, without = in_list_order(room)
    asked = Progress()
    watch = threading.Timer(0.0, _cancel_once_at_work, (room, asked))
    watch.start()
    with pytest.raises(Cancelled):
        room.models.runs.run(sticky, [with_spot], asked)
    watch.join()
    assert _done(room) == [] and room.proposals(with_spot) == []
    assert room.models.runs.run(sticky, [without]).done == 1  # another child took over


def _cancel_once_at_work(room: Workspace, asked: Progress) -> None:
    begun = time.monotonic()
    pool = room.models.host._pool
    calls: list[object] = []
    while len(calls) < 100:  # a hundred looks at one and the same call: it is the endless one
        assert time.monotonic() < begun + 60
        found = [t for t in list(pool._at_work.values()) if "session:run" in t.function]
        calls = [*calls, *found] if calls[-1:] == found else found
        time.sleep(0.01)
    asked.cancel()


def test_a_changed_file_is_refused_at_the_run(room: Workspace, tmp_path: Path) -> None:
    known = add_samples(room.models, tmp_path / "made")
    shelved = room.models.get(known["bright-lesion-segmenter"])
    data = bytearray(shelved.path.read_bytes())
    data[-30] ^= 1
    shelved.path.write_bytes(bytes(data))
    with pytest.raises(ModelProblem, match="changed"):
        room.models.runs.run(shelved.card.sha256)


def test_what_does_not_belong_on_the_shelf(room: Workspace, tmp_path: Path) -> None:
    with pytest.raises(ModelProblem, match="other files"):
        room.models.add(made_models.external_model(tmp_path / "e.onnx"))
    (tmp_path / "text.onnx").write_text("hello")
    with pytest.raises(ModelProblem, match="not an ONNX model"):
        room.models.add(tmp_path / "text.onnx")
    path = made_models.nan_model(tmp_path / "n.onnx")
    path.with_suffix(".json").write_text(json.dumps({"name": "x", "evil": 1}))
    with pytest.raises(ModelProblem, match="card can't be read"):
        room.models.add(path)
    path.with_suffix(".json").unlink()
    card = room.models.add(path)  # guessed
    assert card.task is Task.SEGMENTATION and card.licence == "not stated"
    with pytest.raises(ModelProblem, match="mistake"):
        room.models.change(replace(card, threshold=1.5))
    (data,) = room.models.shelf()
    assert data.problem == ""
    data.path.unlink()
    assert "gone" in room.models.shelf()[0].problem


def test_a_case_of_another_schema_is_left_out_with_the_reason(
    room: Workspace, tmp_path: Path
) -> None:
    known = add_samples(room.models, tmp_path / "made")
    card = room.models.get(known["bright-lesion-segmenter"]).card
    room.models.change(replace(card, schema_name="brain-mr-lesion"))
    report = room.models.runs.run(card.sha256)
    assert report.done == 0 and len(report.left_out) == 2
    assert "the model is for brain-mr-lesion" in report.left_out[0].why
    odd = (ModelClass(index=0, name="x", class_id=99),)
    room.models.change(replace(card, classes=odd))
    assert "class" in room.models.runs.run(card.sha256).left_out[0].why


def test_only_the_lead_adds_and_runs(room: Workspace, tmp_path: Path) -> None:
    known = add_samples(room.models, tmp_path / "made")
    other = room.new_id()
    room.run(AddReader(reader=Reader(id=other)))
    me = room.reader.id
    room.run(ChangeRole(reader_id=other, role=Role.LEAD))
    room.run(ChangeRole(reader_id=me, role=Role.READER))
    with pytest.raises(AccessProblem):
        room.models.runs.run(known["bright-lesion-segmenter"])
    with pytest.raises(AccessProblem):
        room.models.remove(known["bright-lesion-segmenter"])


def test_a_missing_model_is_told(room: Workspace) -> None:
    with pytest.raises(UserError, match="no such model"):
        room.models.runs.run("abc")
