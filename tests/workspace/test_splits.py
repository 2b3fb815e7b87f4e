"""The split as one looks at it: who is where and why, sites as one, labels counted by part."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from desktop.commands.annotation import AddAnnotation
from desktop.commands.batch import TagCases
from desktop.commands.origin_lock import LABEL_KINDS, is_locked_label
from desktop.commands.project import AnswerQuestion
from desktop.commands.proposal import OfferProposals
from desktop.domain.annotation import Origin, Provenance
from desktop.domain.errors import AccessProblem
from desktop.domain.rule import PICKED
from desktop.domain.site import site_tag
from desktop.domain.split import PSEUDO_KEY, Part, Together
from desktop.domain.study import Case
from desktop.domain.task import Role
from desktop.store import queries, split_facts
from desktop.workspace.learning import splits
from tests.workspace.made import MadeProject
from tests.workspace.test_origin_lock import draft, synthetic_case


def at_sites(made: MadeProject, sizes: dict[str, int]) -> dict[str, str]:
    """Give the first cases a site each; the site by patient key."""
    left, found = list(made.cases), {}
    for site, size in sizes.items():
        cases, left = left[:size], left[size:]
        made.ws.run(TagCases(case_ids=tuple(cases), tag=site_tag(site)))
        found |= {f"P-00000{c.removeprefix('case-')}": site for c in cases}
    return found


@pytest.fixture
def many(tmp_path: Path) -> MadeProject:
    made = MadeProject(tmp_path, cases=40)
    yield made  # type: ignore[misc]
    made.close()


def test_the_board_says_where_everybody_is_how_and_why(many: MadeProject) -> None:
    ws = many.ws
    ws.run(AddAnnotation(annotation=replace(many.region(), origin=Origin.MODEL)))
    ws.run(synthetic_case(many))
    assert {line.part for line in ws.splits.board().lines} == {None}
    report = ws.splits.deal(0.2, 0.2, seed=7)
    assert "P-SYN has synthetic images" in report.sentence
    before = ws.splits.of_patients()["P-000003"]
    ws.splits.move("P-000003", Part.VALIDATION)
    board = ws.splits.board()
    lines = {line.patient_key: line for line in board.lines}
    assert len(lines) == 41 and sum(board.patients().values()) == 41
    assert board.cases() == board.patients()
    assert board.patients()[Part.TEST] == 8 - (before is Part.TEST)
    assert "machine-made" in lines["P-000000"].kept and "synthetic" in lines["P-SYN"].kept
    assert {lines[p].part for p in ("P-000000", "P-SYN")} == {Part.TRAIN}
    assert (lines["P-000003"].how, lines["P-000004"].how) == ("by hand", "seed 7")
    table = list(csv.DictReader(io.StringIO(board.csv().decode())))
    assert len(table) == 41 and [r["part"] for r in table] == sorted(r["part"] for r in table)
    (made_up,) = [r for r in table if r["synthetic"] == "true"]
    assert (
        made_up["case_id"] == "case-syn"
        and "stays in training" in (made_up["kept_in_training_because"])
    )


def test_labels_are_counted_once_per_case_and_part_and_only_what_people_said(
    many: MadeProject,
) -> None:
    ws = many.ws
    for case in (0, 1, 2):
        many.draw(case=case)
        many.draw(case=case)
    many.draw(case=5, class_id=2)
    ws.run(AddAnnotation(annotation=replace(many.region(case=6), origin=Origin.MODEL)))
    for case, said in ((0, "good"), (1, "good"), (2, "poor")):
        ws.run(AnswerQuestion(case_id=many.cases[case], question_id="quality", value=said))
    ws.splits.move("P-000000", Part.TEST)
    ws.splits.move("P-000001", Part.TRAIN)
    counts = {label.title: label.counts for label in ws.splits.board().labels}
    assert counts == {
        "Nodule": {Part.TEST: 1, Part.TRAIN: 1, None: 1},
        "Lung": {None: 1},
        "Good · Image quality": {Part.TEST: 1, Part.TRAIN: 1},
        "Poor · Image quality": {None: 1},
    }


def test_what_rules_picked_never_gets_into_the_test_part_unseen(many: MadeProject) -> None:
    ws = many.ws
    first, later = many.cases[:10], many.cases[10:20]
    ws.run(TagCases(case_ids=tuple(first), tag=PICKED))
    report = ws.splits.deal(validation=0.3, test=0.4, seed=3)
    assert {ws.splits.part_of(c) for c in first} == {Part.TRAIN}
    assert len(report.kept_in_training) == 10 and "rules picked" in report.sentence
    assert {ws.splits.part_of(c) for c in later} > {Part.TRAIN}  # the others are dealt by chance
    before = {c: ws.splits.part_of(c) for c in later}
    # who was dealt before is there by chance and stays; the board calls nobody locked who is not
    ws.run(TagCases(case_ids=tuple(later), tag=PICKED))
    ws.splits.deal(validation=0.3, test=0.4, seed=3)
    assert {c: ws.splits.part_of(c) for c in later} == before
    for line in ws.splits.board().lines:
        assert not line.kept or line.part is Part.TRAIN


def test_a_site_is_dealt_as_one_and_new_patients_follow_it(many: MadeProject) -> None:
    ws = many.ws
    sites = at_sites(many, {"North": 6, "South": 7, "East": 5, "West": 12})
    first = ws.splits.deal(0.2, 0.2, seed=3, together=Together.SITE)
    parts = ws.splits.of_patients()
    for site in set(sites.values()):
        assert len({parts[p] for p, s in sites.items() if s == site}) == 1
    assert first.counts[Part.TEST] > 3 and first.counts[Part.VALIDATION] > 3
    board = ws.splits.board()
    assert board.sites_parted() == ()
    assert {line.how for line in board.lines if line.site} == {"seed 3 · site"}
    held = next(s for s in sites.values() if parts[_one(sites, s)] is not Part.TRAIN)
    ws.run(replace(synthetic_case(many, "P-NEW"), cases=(_newcomer(many, held),)))
    assert ws.splits.deal(0.2, 0.2, seed=9, together=Together.SITE).counts == {
        part: int(part is parts[_one(sites, held)]) for part in Part
    }
    ws.splits.deal(0.2, 0.2, seed=3, again=True)
    assert ws.splits.board().sites_parted(), "by patient, sites are parted and it is said"


def test_one_locked_patient_keeps_the_whole_site_and_sites_that_share_a_patient_are_one(
    many: MadeProject,
) -> None:
    ws = many.ws
    sites = at_sites(many, {"North": 12, "South": 8})
    ws.run(AddAnnotation(annotation=replace(many.region(), origin=Origin.RULE)))
    shared = queries.one(ws._read, Case, "case-12")
    other = replace(shared, id="case-also", tags=(site_tag("North"),), order=99, series_ids=())
    ws.run(replace(synthetic_case(many, "P-X"), studies=(), cases=(other,)))
    for seed in range(1, 6):
        report = ws.splits.deal(0.3, 0.3, seed=seed, again=True, together=Together.SITE)
        parts = ws.splits.of_patients()
        assert {parts[p] for p in sites} == {Part.TRAIN}
        assert len(report.kept_in_training) == 1 and "P-000000" in report.sentence
        assert report.counts[Part.TEST] == 6  # of the twenty without a site
    alone = {line.patient_key: line for line in ws.splits.board().lines}
    assert alone["P-0000012"].site == "North + South"


def test_too_large_a_group_is_said_instead_of_a_silent_empty_part(tmp_path: Path) -> None:
    made = MadeProject(tmp_path, cases=12)
    at_sites(made, {"North": 6, "South": 6})
    report = made.ws.splits.deal(0.0, 0.1, seed=1, together=Together.SITE)
    assert report.counts[Part.TEST] == 0
    assert "No group is small enough for 10% of the patients in test" in report.sentence
    made.close()


def test_balanced_gives_each_part_its_share_of_a_rare_label(many: MadeProject) -> None:
    ws = many.ws
    for case in range(0, 40, 8):  # five of forty
        many.draw(case=case, class_id=2)
    for case in range(40):
        said = "poor" if case % 4 == 1 else "good"
        ws.run(AnswerQuestion(case_id=many.cases[case], question_id="quality", value=said))
    by_chance = set()
    for seed in range(1, 9):
        ws.splits.deal(0.2, 0.2, seed=seed, again=True)
        counts = {label.title: label.counts for label in ws.splits.board().labels}
        by_chance.add(counts["Lung"].get(Part.TEST, 0))
        report = ws.splits.deal(0.2, 0.2, seed=seed, again=True, balanced=True)
        counts = {label.title: label.counts for label in ws.splits.board().labels}
        assert counts["Lung"] == {Part.TRAIN: 3, Part.VALIDATION: 1, Part.TEST: 1}
        assert counts["Poor · Image quality"] == {Part.TRAIN: 6, Part.VALIDATION: 2, Part.TEST: 2}
        assert report.counts == {Part.TRAIN: 24, Part.VALIDATION: 8, Part.TEST: 8}
    assert len(by_chance) > 1, "chance alone does not"
    at_sites(many, {"North": 10, "South": 6})
    ws.splits.deal(0.2, 0.2, seed=1, again=True, balanced=True, together=Together.SITE)
    assert ws.splits.board().sites_parted() == ()
    ws.splits.deal(0.0, 0.2, seed=1, again=True, balanced=True)
    assert Part.VALIDATION not in ws.splits.board().patients()


def test_only_the_lead_sees_the_board(made: MadeProject) -> None:
    made.ws.reader = replace(made.ws.reader, role=Role.READER)
    with pytest.raises(AccessProblem, match="Only the lead"):
        made.ws.splits.board()


def test_what_machines_made_is_found_as_the_lock_finds_it(made: MadeProject) -> None:
    ws, comment = made.ws, "no pseudo_label at all"
    ws.run(AddAnnotation(annotation=replace(made.region(), comment=comment)))
    assert split_facts.machine_made_cases(ws._read) == frozenset() == _slowly(ws)
    marked = Provenance(tool="t", detail={PSEUDO_KEY: "7"})
    edited = replace(made.region(case=1), origin=Origin.MODEL_EDITED, provenance=marked)
    ws.run(AddAnnotation(annotation=edited))
    assert split_facts.machine_made_cases(ws._read) == {made.cases[1]} == _slowly(ws)
    ws.run(OfferProposals(proposals=(draft(made),)))
    assert split_facts.machine_made_cases(ws._read) == set(made.cases) == _slowly(ws)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 9), min_size=0, max_size=12),
    st.floats(0, 0.45),
    st.floats(0, 0.45),
)
def test_a_part_never_misses_its_share_by_more_than_half_a_group(
    sizes: list[int], validation: float, test: float
) -> None:
    groups = [
        splits._Group(f"g{n}", "", tuple(f"{n}-{k}" for k in range(size)))
        for n, size in enumerate(sizes)
    ]
    found, _notes = splits._filled(groups, validation, test)
    assert sorted(g.name for g, _part in found) == sorted(g.name for g in groups)
    for part, share in ((Part.TEST, test), (Part.VALIDATION, validation)):
        wanted = round(share * sum(sizes))
        inside = [len(g.patients) for g, p in found if p is part]
        assert sum(inside) <= wanted + max(inside, default=0) / 2


def _slowly(ws) -> set[str]:  # type: ignore[no-untyped-def]
    """As the lock looks: every label one by one."""
    found = set()
    for kind in LABEL_KINDS.values():
        found |= {r.case_id for r in queries.many(ws._read, kind) if is_locked_label(r)}
    return found


def _one(sites: dict[str, str], site: str) -> str:
    return next(p for p, s in sites.items() if s == site)


def _newcomer(made: MadeProject, site: str) -> Case:
    (case,) = synthetic_case(made, "P-NEW").cases
    return replace(case, id="case-new", tags=(site_tag(site),))
