"""Teacher and student: thresholds, a blind check, a fair verdict, and marks that stay for ever."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from desktop.commands.origin_lock import OriginLocked
from desktop.commands.project import AnswerQuestion
from desktop.commands.proposal import AcceptProposals, OfferProposals, RejectProposals
from desktop.commands.teaching import JudgeStudent, LabelByTeacher
from desktop.domain.annotation import Answer, Origin
from desktop.domain.contracts import Progress
from desktop.domain.errors import AccessProblem, ConflictProblem, UserError
from desktop.domain.learning import RoundPlan
from desktop.domain.proposal import Proposal
from desktop.domain.split import PSEUDO_KEY, Part
from desktop.domain.study import Study
from desktop.domain.teaching import StudentTrial, Teaching
from desktop.engines.learning.stopping import control_members
from desktop.engines.learning.teacher import FEWEST_TO_JUDGE
from desktop.store import queries
from desktop.workspace.learning.learning_pool import control_key, make_round, teach
from desktop.workspace.learning.teaching_pool import Role, people_labels, school_of
from tests.workspace.made_lessons import KINDS, Lessons

LABELLED, REAL = 24, 26


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """90 pictures, each a patient: 24 answered in training, 26 in validation, 5 in test."""
    folder = tmp_path_factory.mktemp("teaching")
    made = Lessons(folder, 90)
    truth = made.truth
    cases = [line.case.id for line in made.ws.cases(limit=1000)]
    for case_id in cases[: LABELLED + REAL + 5]:
        made.answer(case_id, truth[case_id])
    for number, case_id in enumerate(cases[LABELLED : LABELLED + REAL + 5]):
        made.ws.splits.move(patient(made, case_id), Part.VALIDATION if number < REAL else Part.TEST)
    made.ws.teaching.ask(made.topic)  # looks at every image once
    made.ws.close()
    return folder


@pytest.fixture
def lessons(template: Path, tmp_path: Path) -> Iterator[Lessons]:
    made = Lessons.copied(template, tmp_path)
    yield made
    made.ws.close()


def patient(made: Lessons, case_id: str) -> str:
    return queries.one(made.ws._read, Study, made.ws.case(case_id).study_id).patient_key


def labelled_by_teacher(made: Lessons, audit: float = 0.2) -> Teaching:
    asked = made.ws.teaching.ask(made.topic)
    return made.ws.teaching.label(made.topic, asked, dict.fromkeys(KINDS, 0.5), audit)


def pseudo(made: Lessons, teaching: Teaching) -> list[Proposal]:
    return queries.many(made.ws._read, Proposal, run_id=teaching.run_id)


def check(made: Lessons, teaching: Teaching) -> None:
    truth = made.truth
    for case_id in teaching.audit:
        made.answer(case_id, truth[case_id])


def test_each_answer_has_its_threshold_and_real_labels_say_what_it_is_worth(
    lessons: Lessons,
) -> None:
    ws, topic = lessons.ws, lessons.topic
    asked = ws.teaching.ask(topic)
    assert asked.labelled == LABELLED and len(asked.case_ids) == 90 - LABELLED - REAL - 5
    assert asked.classes == KINDS and asked.known_chances.shape == (LABELLED, 3)
    all_of_it, strict = asked.kept(dict.fromkeys(KINDS, 0.0)), asked.surest(0.1)
    assert sum(all_of_it.values()) == len(asked.case_ids)
    kept = asked.kept(strict)
    assert all(kept[c] >= 1 or all_of_it[c] == 0 for c in KINDS)
    assert sum(kept.values()) < 0.25 * len(asked.case_ids)
    only = {"dots": 0.5, "stripes": 1.0, "rings": 1.0}
    assert asked.kept(only)["dots"] > 0 and asked.kept(only)["rings"] == 0
    right = asked.right(dict.fromkeys(KINDS, 0.0))
    assert sum(p.checked for p in right.values()) == LABELLED
    truth = lessons.truth
    made = ws.teaching.label(topic, asked, only, 0.2)
    found = pseudo(lessons, made)
    assert {p.value for p in found} == {"dots"} and made.offered == {"dots": len(found)}
    assert sum(truth[p.case_id] == "dots" for p in found) > 0.6 * len(found), "it learned"
    with pytest.raises(UserError, match="threshold"):
        asked.kept({"dots": 0.9})


def test_the_teacher_asks_neither_validation_nor_test_and_both_get_nothing(
    lessons: Lessons,
) -> None:
    ws, topic = lessons.ws, lessons.topic
    made = labelled_by_teacher(lessons)
    parts = {p.case_id: ws.splits.part_of(p.case_id) for p in pseudo(lessons, made)}
    assert parts and set(parts.values()) == {None}, "only patients in training, or of no part"
    school = school_of(ws, topic)
    assert len(school.of(Role.REAL)) == REAL
    held = [c.case_id for c in school.of(Role.REAL)]
    assert not set(held) & (set(parts) | set(made.audit))
    for case_id in list(parts)[:3]:
        for part in (Part.VALIDATION, Part.TEST):
            with pytest.raises(OriginLocked):
                ws.splits.move(patient(lessons, case_id), part)
    stolen = replace(pseudo(lessons, made)[0], id="stolen", case_id=held[0])
    with pytest.raises(OriginLocked):
        ws.run(OfferProposals(proposals=(stolen,)))
    report = ws.splits.deal(0.4, 0.4, again=True)
    assert not {p for p, part in ws.splits.of_patients().items() if part is not Part.TRAIN} & {
        patient(lessons, c) for c in parts
    }
    assert report.counts[Part.TEST] > 0


def test_what_was_accepted_keeps_its_mark_whoever_says_it_once_more(lessons: Lessons) -> None:
    ws = lessons.ws
    made = labelled_by_teacher(lessons)
    first, second, third = pseudo(lessons, made)[:3]
    for proposal in (first, second):
        ws.run(AcceptProposals(case_id=proposal.case_id, proposal_ids=(proposal.id,)))

    def answer_of(proposal: Proposal) -> Answer:
        (found,) = queries.many(ws._read, Answer, case_id=proposal.case_id)
        return found

    ws.run(AnswerQuestion(case_id=first.case_id, question_id="kind", value=None))
    ws.run(AnswerQuestion(case_id=first.case_id, question_id="kind", value=first.value))
    assert answer_of(first).origin is Origin.MODEL, "saying it again does not wash it clean"
    with pytest.raises(OriginLocked):
        ws.splits.move(patient(lessons, first.case_id), Part.TEST)
    other = next(k for k in KINDS if k != second.value)
    ws.run(AnswerQuestion(case_id=second.case_id, question_id="kind", value=other))
    assert answer_of(second).origin is Origin.DRAWN, "another answer is one's own"
    given = people_labels(ws, lessons.topic)
    assert first.case_id not in given and given[second.case_id] == other
    ws.run(RejectProposals(case_id=third.case_id, proposal_ids=(third.id,)))
    left = {p.case_id for p in ws.teaching.pseudo_labels(made)}
    assert third.case_id not in left and first.case_id in left


def test_the_check_is_blind_and_its_share_is_the_weight(lessons: Lessons) -> None:
    ws, topic = lessons.ws, lessons.topic
    made = labelled_by_teacher(lessons)
    assert len(made.audit) >= 5
    assert not any(ws.proposals(c) for c in made.audit), "what is checked is not suggested"
    with pytest.raises(UserError, match="can't be tried"):
        ws.teaching.try_student(topic, made)
    check(lessons, made)
    held = [c.case_id for c in school_of(ws, topic).of(Role.REAL)]
    for case_id in held[FEWEST_TO_JUDGE - 1 :]:
        ws.splits.move(patient(lessons, case_id), Part.TEST)
    assert "19 real cases in validation" in ws.teaching.why_not_yet(topic, made)
    with pytest.raises(UserError, match="can't be tried"):
        ws.teaching.try_student(topic, made)
    assert pseudo(lessons, made), "too little to judge by is no verdict"
    for case_id in held[FEWEST_TO_JUDGE - 1 :]:
        ws.splits.move(patient(lessons, case_id), Part.VALIDATION)
    audit = ws.teaching.audit(topic, made)
    truth = lessons.truth
    assert audit.checked == len(made.audit)
    assert audit.right == sum(truth[c] == said for c, said in made.audit.items())
    trial = ws.teaching.try_student(topic, made)
    assert trial.weight == audit.right / audit.checked and trial.audited == audit.checked
    assert trial.labelled == LABELLED + len(made.audit) and trial.checked == REAL
    assert trial.taught == len(pseudo(lessons, made)) or not trial.kept
    (kept,) = ws.teaching.runs(topic)
    assert kept.trial is not None and kept.trial.tried_utc
    assert replace(kept.trial, tried_utc="") == trial
    assert ws.verify().ok


def trial_of(kept: bool) -> StudentTrial:
    return StudentTrial(
        learner="x", weight=0.9, audited=5, labelled=3, taught=3, checked=30, patients=30,
        student_right=25, alone_right=24, low=0.0, high=0.1, kept=kept, sentence="",
    )  # fmt: skip


def test_a_student_that_is_not_kept_takes_its_undecided_labels_along(lessons: Lessons) -> None:
    ws = lessons.ws
    made = labelled_by_teacher(lessons)
    decided = pseudo(lessons, made)[0]
    ws.run(AcceptProposals(case_id=decided.case_id, proposal_ids=(decided.id,)))
    ws.run(JudgeStudent(teaching_id=made.id, trial=trial_of(kept=False)))
    assert [p.id for p in pseudo(lessons, made)] == [decided.id]
    ws.undo("")
    assert len(pseudo(lessons, made)) > 1 and ws.teaching.runs(lessons.topic)[0].trial is None
    ws.run(JudgeStudent(teaching_id=made.id, trial=trial_of(kept=True)))
    assert len(pseudo(lessons, made)) > 1


def test_a_models_suggestions_can_be_the_teacher_and_asking_twice_replaces(
    lessons: Lessons, tmp_path: Path
) -> None:
    from desktop.commands.model_run import OfferModelResult
    from desktop.domain.model_run import ModelCase, ModelRun

    ws, topic, truth = lessons.ws, lessons.topic, lessons.truth
    run = ModelRun(
        id="run-x", model="Big net", sha256="0" * 64, licence="MIT", task="classification",
        threshold=0.5, card_sha256="0" * 64, app_version="1",
    )  # fmt: skip
    first = labelled_by_teacher(lessons)
    for number, case in enumerate(school_of(ws, topic).of(Role.OPEN)):
        right = truth[case.case_id]
        soft = {k: 0.9 if k == right else 0.05 for k in KINDS}
        said = replace(
            pseudo(lessons, first)[0], id=f"said-{number}", case_id=case.case_id, run_id=run.id,
            value=right, soft=soft, score=0.9,
        )  # fmt: skip
        done = ModelCase(
            id=ModelCase.id_for(run.id, case.case_id), run_id=run.id, case_id=case.case_id,
            content_sha256="x", offered=1, seconds=0.0,
        )  # fmt: skip
        ws.run(OfferModelResult(run=run, done=done, proposals=(said,), runs=()))
    assert [t.words for t in ws.teaching.teachers(topic)][1:] == ["Big net"]
    asked = ws.teaching.ask(topic, run.id)
    assert sum(asked.kept(dict.fromkeys(KINDS, 0.89)).values()) == len(asked.case_ids)
    made = ws.teaching.label(topic, asked, dict.fromkeys(KINDS, 0.89), 0.2)
    assert made.number == 2 and made.source == run.id
    assert not pseudo(lessons, first), "what the first teacher said is withdrawn"
    marks = {p.provenance.detail[PSEUDO_KEY] for p in pseudo(lessons, made)}
    assert marks == {"Big net"}
    assert all(truth[p.case_id] == p.value for p in pseudo(lessons, made))
    check(lessons, made)
    trial = ws.teaching.try_student(topic, made)
    assert trial.weight == 1.0
    count = ws.teaching.write_table(topic, made, tmp_path / "pseudo.csv")
    with (tmp_path / "pseudo.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == count
    assert all((r["pseudo_label"], r["part"]) == ("true", "train") for r in rows)


def test_only_the_lead_teaches_and_a_label_has_to_say_what_it_is(lessons: Lessons) -> None:
    ws = lessons.ws
    made = labelled_by_teacher(lessons)
    bare = replace(pseudo(lessons, made)[0], id="bare")
    bare = replace(bare, provenance=replace(bare.provenance, detail={}))
    for proposals, match in (((bare,), "say that it is one"),):
        with pytest.raises(ConflictProblem, match=match):
            ws.run(
                LabelByTeacher(teaching=replace(made, id="other", number=9), proposals=proposals)
            )
    audited = replace(pseudo(lessons, made)[0], id="peek", case_id=next(iter(made.audit)))
    with pytest.raises(ConflictProblem, match="no suggestion"):
        ws.run(LabelByTeacher(teaching=replace(made, id="other", number=9), proposals=(audited,)))
    lessons.reopen("Bea")
    with pytest.raises(AccessProblem):
        lessons.ws.teaching.ask(lessons.topic)


def test_an_answer_taken_over_from_a_machine_may_teach_but_never_checks_the_learner(
    lessons: Lessons,
) -> None:
    ws, topic = lessons.ws, lessons.topic
    plan = RoundPlan(size=12, random=1.0, uncertain=0.0, learners=("logistic",))
    ws.learning.run_round(topic, plan)
    lessons.answer_queue()
    ws.learning.run_round(topic, plan)  # asks about cases that the teacher labels meanwhile
    made = labelled_by_teacher(lessons)
    taken = {p.case_id for p in pseudo(lessons, made)}
    for proposal in pseudo(lessons, made):
        ws.run(AcceptProposals(case_id=proposal.case_id, proposal_ids=(proposal.id,)))
    cases = ws.learning._freeze(topic, plan).cases
    assert {c.case_id for c in cases if c.by_machine} == taken
    keys = np.array([control_key("kind", c.case_id) for c in cases])
    members = control_members(keys, np.array([c.asked_by_chance for c in cases]))
    checks = [c for c, inside in zip(cases, members, strict=True) if inside and c.label >= 0]
    people = [c for c in checks if c.case_id not in taken]
    round_ = ws.learning.run_round(topic, plan)
    assert round_.standing.checked == len(people) < len(checks)
    assert round_.labelled == len([c for c in cases if c.label >= 0]), "they do teach"


def test_a_kept_student_teaches_later_rounds_and_the_curve_is_measured_without_it(
    lessons: Lessons,
) -> None:
    ws, topic = lessons.ws, lessons.topic
    made = labelled_by_teacher(lessons)

    def taught(plan: RoundPlan) -> tuple[np.ndarray, str]:
        found = teach(ws.learning._freeze(topic, plan), Progress())
        assert found.probabilities is not None and found.model is not None
        held = found.model.held_out
        assert len(held) == LABELLED, "only people's labels are held out"
        return found.probabilities, " ".join(found.notes)

    quick = RoundPlan(learners=("logistic",))
    alone, words = taught(quick)
    assert "student" not in words, "an untried student teaches nobody"
    ws.run(JudgeStudent(teaching_id=made.id, trial=trial_of(kept=True)))
    count = len(pseudo(lessons, made))
    along, words = taught(quick)
    assert f"{count} labels of a kept student teach along, each weighing 0.90" in words
    assert not np.allclose(along, alone)
    without, words = taught(replace(quick, student=False))
    assert "student" not in words and np.array_equal(without, alone), "the lead may leave it out"
    plan = replace(quick, size=12, random=1.0, uncertain=0.0)
    ws.learning.run_round(topic, plan)
    lessons.answer_queue()
    rounds = [
        make_round(ws.learning._freeze(topic, replace(plan, student=s)), Progress())[0]
        for s in (True, False)
    ]
    assert rounds[0].standing == rounds[1].standing and rounds[0].standing.checked >= 8
    assert any("kept student" in n for n in rounds[0].notes)
    rejected = next(p for p in pseudo(lessons, made) if not ws.proposals(p.case_id)[0][1])
    ws.run(RejectProposals(case_id=rejected.case_id, proposal_ids=(rejected.id,)))
    said = ws.learning._freeze(topic, plan).student
    assert rejected.case_id not in said and set(said.values()) <= {(k, 0.9) for k in range(3)}
