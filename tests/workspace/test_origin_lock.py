"""The origin lock: nothing made up or machine-made gets into validation or test, by any door."""

from __future__ import annotations

import contextlib
import csv
import datetime
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from desktop.commands.adjudication import RuleOnQuestion, RuleOnRegion
from desktop.commands.annotation import (
    AddAnnotation,
    DeleteAnnotations,
    PaintedFrame,
    PaintMask,
    RelabelAnnotations,
    ReshapeAnnotation,
)
from desktop.commands.origin_lock import OriginLocked, is_locked_label
from desktop.commands.project import ChooseSchema, RegisterImages
from desktop.commands.proposal import AcceptProposals, OfferProposals
from desktop.commands.split import AssignSplits, Dealt
from desktop.domain.adjudication import Ruling
from desktop.domain.annotation import Annotation, Answer, Label, Origin, Provenance, Target
from desktop.domain.contracts import Command, Transaction
from desktop.domain.errors import ConflictProblem, UserError
from desktop.domain.geometry import Box, Mask
from desktop.domain.proposal import Proposal
from desktop.domain.runs import encode_runs
from desktop.domain.schema import Scope
from desktop.domain.split import DERIVED_KEY, PSEUDO_KEY, Part
from desktop.domain.study import Case, Study
from desktop.domain.task import Role
from desktop.store import queries
from desktop.workspace.access.keys import WorkstationKey
from desktop.workspace.team import handing_out
from tests.workspace.made import SCHEMA, MadeProject, disk_mask, ticking_clock

PATIENT = "P-000000"


def hold_back(made: MadeProject, part: Part = Part.TEST, patient: str = PATIENT) -> None:
    made.ws.splits.move(patient, part)


def draft(made: MadeProject, **more) -> Proposal:  # type: ignore[no-untyped-def]
    facts = {
        "id": made.ws.new_id(), "case_id": made.cases[0], "run_id": "run", "schema_id": SCHEMA.id,
        "target": Target(scope=Scope.REGION, frame=made.frames[0]), "label": Label(class_id=1),
        "geometry": Box(x0=1, y0=1, x1=5, y1=5),
    }  # fmt: skip
    return Proposal(**(facts | more))


def synthetic_case(made: MadeProject, patient: str = "P-SYN") -> RegisterImages:
    study = Study(id="study-syn", study_instance_uid="2.25.9", patient_key=patient)
    case = Case(
        id="case-syn", study_id=study.id, title="Synthetic", order=9, series_ids=(),
        tags=("synthetic",),
    )  # fmt: skip
    return RegisterImages(studies=(study,), series=(), instances=(), cases=(case,))


# commands ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", [Part.VALIDATION, Part.TEST])
@pytest.mark.parametrize("origin", [Origin.MODEL, Origin.RULE, Origin.SYNTHETIC])
def test_a_machine_made_label_can_not_be_drawn_offered_or_accepted(
    made: MadeProject, part: Part, origin: Origin
) -> None:
    ws = made.ws
    early = draft(made)
    ws.run(OfferProposals(proposals=(replace(early, case_id=made.cases[1]),)))
    hold_back(made, part)
    before = ws.state_digest()
    region = replace(made.region(), origin=origin)
    with pytest.raises(OriginLocked, match=part.value):
        ws.run(AddAnnotation(annotation=region))
    with pytest.raises(OriginLocked, match="suggestion"):
        ws.run(OfferProposals(proposals=(draft(made, origin=origin),)))
    assert ws.state_digest() == before
    ws.run(AddAnnotation(annotation=made.region()))  # a person's own label is welcome
    ws.run(AcceptProposals(case_id=made.cases[1], proposal_ids=(early.id,)))  # nobody held it back


def test_a_patient_with_machine_made_labels_or_synthetic_images_can_not_be_held_back(
    made: MadeProject,
) -> None:
    ws = made.ws
    ws.run(AddAnnotation(annotation=replace(made.region(), origin=Origin.MODEL)))
    ws.run(synthetic_case(made))
    for patient in (PATIENT, "P-SYN"):
        with pytest.raises(OriginLocked, match=patient):
            hold_back(made, patient=patient)
        hold_back(made, Part.TRAIN, patient)
    report = ws.splits.deal(validation=0.0, test=0.9, again=True)
    assert report.counts == {Part.TRAIN: 2, Part.VALIDATION: 0, Part.TEST: 1}
    assert "P-SYN has synthetic images and stays in training." in report.sentence


def test_an_edit_does_not_wash_a_pseudo_label_clean(made: MadeProject) -> None:
    ws = made.ws
    taught = Provenance(tool="student", detail={PSEUDO_KEY: "teacher"})
    region = replace(made.region(), origin=Origin.MODEL, provenance=taught)
    ws.run(AddAnnotation(annotation=region))
    ws.run(
        ReshapeAnnotation(
            case_id=made.cases[0], annotation_id=region.id, geometry=Box(x0=0, y0=0, x1=4, y1=4)
        )
    )
    edited = ws.annotation(region.id)
    assert edited is not None and edited.origin is Origin.MODEL_EDITED
    with pytest.raises(OriginLocked):
        hold_back(made)


def test_an_edit_that_changes_nothing_makes_nobody_the_author(made: MadeProject) -> None:
    ws, case_id = made.ws, made.cases[0]
    box = replace(made.region(), origin=Origin.MODEL)
    ws.run(AddAnnotation(annotation=box))
    painted_id = made.paint(disk_mask(20, 20, 6))
    (part,) = [s for s in ws.mask_slices(case_id) if s.annotation_id == painted_id]
    same = PaintedFrame(
        frame=part.frame, rows=part.rows, columns=part.columns,
        runs=encode_runs(ws.mask(part)), origin=Origin.MODEL,
    )  # fmt: skip
    region = replace(made.region(), geometry=Mask(), origin=Origin.MODEL)
    region = replace(region, target=Target(scope=Scope.REGION))
    ws.run(PaintMask(case_id=case_id, annotation_id=region.id, frames=(same,), new=region))
    assert box.geometry is not None
    again = replace(same, origin=Origin.DRAWN)
    for command in (
        ReshapeAnnotation(case_id=case_id, annotation_id=box.id, geometry=box.geometry),
        RelabelAnnotations(case_id=case_id, annotation_ids=(box.id,), class_id=box.label.class_id),
        PaintMask(case_id=case_id, annotation_id=region.id, frames=(again,)),
    ):
        with contextlib.suppress(UserError):
            ws.run(command)
    for kept in (box, region):
        found = ws.annotation(kept.id)
        assert found is not None and found.origin is Origin.MODEL
    slices = [s for s in ws.mask_slices(case_id) if s.annotation_id == region.id]
    assert [s.origin for s in slices] == [Origin.MODEL]
    more = replace(again, runs=encode_runs(disk_mask(20, 20, 7)))
    ws.run(PaintMask(case_id=case_id, annotation_id=region.id, frames=(more,)))
    found = ws.annotation(region.id)
    assert found is not None and found.origin is Origin.MODEL_EDITED
    assert ws.verify().ok


@pytest.mark.parametrize("verdict", [Ruling.ACCEPTED, Ruling.EDITED, Ruling.MERGED])
def test_a_ruling_does_not_wash_a_region_clean(made: MadeProject, verdict: Ruling) -> None:
    ws = made.ws
    taught = Provenance(tool="student", detail={PSEUDO_KEY: "teacher"})
    region = replace(made.region(), origin=Origin.MODEL_EDITED, provenance=taught)
    own = made.region()
    for drawn in (region, own):
        ws.run(AddAnnotation(annotation=drawn))

    def rule(subject: str, taken: Annotation) -> Annotation:
        ws.run(
            RuleOnRegion(
                case_id=made.cases[0], subject=subject, verdict=verdict,
                source_ids=(taken.id,), taken_id=taken.id, merged=taken,
            )
        )  # fmt: skip
        (ruled,) = [a for a in ws.annotations(made.cases[0]) if a.origin is Origin.ADJUDICATED]
        return ruled

    ruled = rule("first", region)
    ws.run(ReshapeAnnotation(
        case_id=made.cases[0], annotation_id=ruled.id, geometry=Box(x0=0, y0=0, x1=4, y1=4)
    ))  # fmt: skip
    ws.run(DeleteAnnotations(case_id=made.cases[0], annotation_ids=(region.id,)))
    with pytest.raises(OriginLocked, match="“adjudicated”, taken over from “model”"):
        hold_back(made)
    report = ws.splits.deal(validation=0.0, test=0.9, again=True)
    assert report.counts[Part.TEST] == 1, "dealing knows it as well"
    assert PATIENT not in {p for p, part in ws.splits.of_patients().items() if part is Part.TEST}
    ws.run(DeleteAnnotations(case_id=made.cases[0], annotation_ids=(ruled.id,)))
    rule("second", own)
    hold_back(made)  # what a person drew stays a person's
    assert ws.verify().ok


def answer_draft(made: MadeProject, value: object, origin: Origin) -> Proposal:
    return draft(
        made, id=made.ws.new_id(), label=None, geometry=None, target=Target(scope=Scope.STUDY),
        question_id="quality", value=value, origin=origin, run_id=f"run-{origin.value}",
    )  # fmt: skip


def test_a_ruling_or_a_consensus_does_not_wash_an_answer_clean(made: MadeProject) -> None:
    ws, case_id = made.ws, made.cases[0]

    def accept(value: object, origin: Origin) -> Proposal:
        offered = answer_draft(made, value, origin)
        ws.run(OfferProposals(proposals=(offered,)))
        ws.run(AcceptProposals(case_id=case_id, proposal_ids=(offered.id,)))
        return offered

    accept("good", Origin.MODEL)
    (said,) = queries.many(ws._read, Answer, case_id=case_id)
    together = answer_draft(made, "good", Origin.CONSENSUS)
    other = answer_draft(made, "poor", Origin.CONSENSUS)
    ws.run(OfferProposals(proposals=(together, other)))
    stored = {p.id: p for p, _d in ws.proposals(case_id)}
    assert stored[together.id].provenance.detail[DERIVED_KEY] == "model"
    assert DERIVED_KEY not in stored[other.id].provenance.detail
    ws.accounts.add_reader(ws.reader, "Eve", Role.ADJUDICATOR)
    ws = made.reopen("Eve")
    for sources, mark in (((said.id,), "model"), ((), "")):
        ws.run(
            RuleOnQuestion(
                case_id=case_id, question_id="quality", subject="clear", verdict=Ruling.ACCEPTED,
                value="good", source_ids=sources,
            )
        )  # fmt: skip
        (ruled,) = queries.many(ws._read, Answer, case_id=case_id, reader_id=ws.reader.id)
        assert (ruled.origin, ruled.derived_from) == (Origin.ADJUDICATED, mark)
        assert is_locked_label(ruled) is bool(mark)


def test_undo_is_no_way_around(made: MadeProject) -> None:
    ws = made.ws
    ws.run(OfferProposals(proposals=(draft(made, id="p", case_id=made.cases[0]),)))
    ws.run(AcceptProposals(case_id=made.cases[0], proposal_ids=("p",)))
    ws.undo(made.cases[0])
    from desktop.commands.proposal import WithdrawProposals

    ws.run(WithdrawProposals(run_id="run"))
    hold_back(made)
    with pytest.raises((OriginLocked, ConflictProblem)):
        ws.redo(made.cases[0])
    assert ws.annotations(made.cases[0]) == []


class Sneaks(Command, frozen=True):
    """A command that nobody thought of when the lock was made."""

    case_of: ClassVar[str] = ""

    wanted: Case

    @property
    def title(self) -> str:
        return "Take a mark off"

    def apply(self, txn: Transaction) -> None:
        txn.put(self.wanted)


def test_the_mark_can_not_be_taken_off_even_by_a_command_that_does_not_exist_yet(
    made: MadeProject,
) -> None:
    ws = made.ws
    ws.run(synthetic_case(made))
    with pytest.raises(OriginLocked, match="taken off"):
        ws.run(Sneaks(wanted=replace(ws.case("case-syn"), tags=())))


@settings(max_examples=25)
@given(
    steps=st.lists(
        st.sampled_from(["deal", "train", "test", "draw", "model", "offer", "accept", "undo"]),
        max_size=14,
    )
)
def test_whatever_is_done_in_whatever_order_the_lock_holds(
    steps: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    made = MadeProject(tmp_path_factory.mktemp("lock"), cases=2)
    ws = made.ws
    case_id = made.cases[0]
    acts = {
        "deal": lambda: ws.splits.deal(0.3, 0.5, seed=len(steps), again=True),
        "train": lambda: hold_back(made, Part.TRAIN),
        "test": lambda: hold_back(made, Part.TEST),
        "draw": made.draw,
        "model": lambda: ws.run(
            AddAnnotation(annotation=replace(made.region(), origin=Origin.MODEL))
        ),
        "offer": lambda: ws.run(OfferProposals(proposals=(draft(made),))),
        "accept": lambda: ws.run(
            AcceptProposals(
                case_id=case_id,
                proposal_ids=tuple(p.id for p, d in ws.proposals(case_id) if d is None)[:1],
            )
        ),
        "undo": lambda: ws.undo(case_id),
    }
    try:
        for step in steps:
            with contextlib.suppress(UserError):
                acts[step]()
            if ws.splits.part_of(case_id) in (Part.TEST, Part.VALIDATION):
                assert all(a.origin is Origin.DRAWN for a in ws.annotations(case_id))
                assert ws.proposals(case_id) == []
    finally:
        made.close()


# imports -----------------------------------------------------------------------------------------


def test_an_import_can_not_bring_synthetic_images_into_a_held_back_patient(
    made: MadeProject,
) -> None:
    hold_back(made)
    with pytest.raises(OriginLocked, match="Synthetic images"):
        made.ws.run(synthetic_case(made, PATIENT))


def test_an_import_that_meets_a_known_case_again_leaves_the_mark(made: MadeProject) -> None:
    ws = made.ws
    plain = ws.case(made.cases[0])
    marked = replace(plain, tags=("synthetic",))
    ws.run(RegisterImages(studies=(), series=(), instances=(), cases=(marked,)))
    assert ws.case(plain.id).tags == ("synthetic",)
    ws.run(RegisterImages(studies=(), series=(), instances=(), cases=(plain,)))
    assert ws.case(plain.id).tags == ("synthetic",)


# merges ------------------------------------------------------------------------------------------


def colleague(made: MadeProject) -> MadeProject:
    """A copy on another machine whose bundles are trusted."""
    folder = made.folder / "away"
    (folder / "home").mkdir(parents=True)
    path = handing_out.hand_out(made.ws, folder / "copy.rroom")
    clock = ticking_clock(datetime.datetime(2027, 1, 1, tzinfo=datetime.UTC))
    away = MadeProject.around(path, WorkstationKey.load(folder / "home"), clock)
    from desktop.store import queries

    queries.trust_key(made.ws._database.writer, away.key.public_hex, "away", "")
    return away


def send(away: MadeProject, made: MadeProject) -> Path:
    from desktop.exchange.bundle import BundleOptions

    target = made.folder / "returned"
    away.ws.export_bundle(target, BundleOptions(formats=("table", "audit")))
    return target


def forge(away: MadeProject, command: Command) -> None:
    """Write into the log without any check, as a program of one's own could."""
    from desktop.workspace import commits

    real, commits.check_origins = commits.check_origins, lambda changes, now: None
    try:
        away.ws.run(command)
    finally:
        commits.check_origins = real


def test_a_bundle_that_takes_the_mark_off_is_refused_as_a_whole(made: MadeProject) -> None:
    made.ws.run(synthetic_case(made))
    away = colleague(made)
    away.draw()
    forge(away, Sneaks(wanted=replace(away.ws.case("case-syn"), tags=())))
    bundle = send(away, made)
    away.close()
    before = made.ws.state_digest()
    with pytest.raises(ConflictProblem, match="synthetic"):
        made.ws.team.merge([bundle])
    assert made.ws.state_digest() == before


def test_marking_and_unmarking_within_one_bundle_is_seen_as_well(made: MadeProject) -> None:
    away = colleague(made)
    away.ws.run(synthetic_case(made))
    forge(away, Sneaks(wanted=replace(away.ws.case("case-syn"), tags=())))
    bundle = send(away, made)
    away.close()
    with pytest.raises(ConflictProblem, match="synthetic"):
        made.ws.team.merge([bundle])


def test_a_merged_split_does_not_make_a_synthetic_patient_a_test_patient(
    made: MadeProject,
) -> None:
    made.ws.run(synthetic_case(made))
    away = colleague(made)
    forge(away, AssignSplits(dealt=(Dealt(patient_key="P-SYN", part=Part.TEST),)))
    bundle = send(away, made)
    away.close()
    report = made.ws.team.merge([bundle])
    assert "P-SYN has synthetic images" in report.sentence
    assert made.ws.splits.part_of("case-syn") is Part.TRAIN


def test_a_colleagues_accepted_suggestion_is_named_and_kept_out_of_the_test_set(
    made: MadeProject, tmp_path: Path
) -> None:
    """Honest work: accepted before the split arrived. It is not lost, and it does not count."""
    made.ws.run(OfferProposals(proposals=(draft(made, id="p"),)))
    away = colleague(made)
    away.ws.run(AcceptProposals(case_id=made.cases[0], proposal_ids=("p",)))
    made.ws.run(_withdraw())
    hold_back(made)
    bundle = send(away, made)
    away.close()
    report = made.ws.team.merge([bundle])
    assert report.kept_out and "test set" in report.sentence
    assert len(made.ws.claims.annotations(made.cases[0])) == 1
    exported = made.ws.export_bundle(tmp_path / "out")
    assert any("left out" in note.sentence for note in exported.notes)
    rows = table(tmp_path / "out", "annotations")
    assert rows == []
    assert made.ws.verify().ok


# exports -----------------------------------------------------------------------------------------


def test_a_bundle_says_part_and_synthetic_for_every_case(made: MadeProject, tmp_path: Path) -> None:
    ws = made.ws
    ws.run(synthetic_case(made))
    ws.run(ChooseSchema(case_id="case-syn", schema_id=SCHEMA.id))
    hold_back(made)
    from desktop.exchange.bundle import BundleOptions

    ws.export_bundle(tmp_path / "out", BundleOptions(formats=("table",)))
    cases = {r["case_id"]: (r["part"], r["synthetic"]) for r in table(tmp_path / "out", "cases")}
    assert cases == {
        "case-0": ("test", "false"),
        "case-1": ("", "false"),
        "case-syn": ("train", "true"),
    }


def test_dealing_is_by_patient_seeded_and_leaves_known_patients_alone(tmp_path: Path) -> None:
    made = MadeProject(tmp_path, cases=40)
    first = made.ws.splits.deal(0.2, 0.2, seed=7)
    assert list(first.counts.values()) == [24, 8, 8]
    parts = made.ws.splits.of_patients()
    assert made.ws.splits.deal(0.2, 0.2, seed=8).counts[Part.TEST] == 0  # nobody is left
    assert made.ws.splits.of_patients() == parts
    made.ws.splits.deal(0.2, 0.2, seed=8, again=True)
    assert made.ws.splits.of_patients() != parts
    made.ws.splits.deal(0.2, 0.2, seed=7, again=True)
    assert made.ws.splits.of_patients() == parts
    made.close()


def _withdraw() -> Command:
    from desktop.commands.proposal import WithdrawProposals

    return WithdrawProposals(run_id="run")


def table(bundle: Path, name: str) -> list[dict[str, str]]:
    with (bundle / "tables" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
