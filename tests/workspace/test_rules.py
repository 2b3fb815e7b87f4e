"""Rules in an open project: run once per change, honest about errors, suggestions only."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from desktop.commands.access import ChangeRole
from desktop.commands.proposal import AcceptProposals
from desktop.commands.rule import DeleteRule, SaveRule, SwitchRule, TieRules
from desktop.domain.annotation import Origin
from desktop.domain.errors import AccessProblem, UserError
from desktop.domain.rule import RuleTarget
from desktop.domain.schema import Scope
from desktop.domain.split import Part
from desktop.domain.task import Role
from desktop.engines.rules import rule_kinds
from desktop.engines.rules.rules_in_code import labeling_function
from desktop.exchange.exporter import BundleOptions
from desktop.exchange.verify_bundle import check
from desktop.workspace.workspace import Workspace
from tests.workspace.made_rules import (
    SPOT,
    add_reader,
    has_spot,
    number_of,
    open_spots,
    rule,
    say,
)


@pytest.fixture
def ws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    made = open_spots(tmp_path)
    yield made
    made.close()


@pytest.fixture
def four_rules(ws: Workspace) -> list[str]:
    """Two on pixels, two on words."""
    made = [
        rule(ws, "Bright corner of values", "image-statistic", measure="percentile", percent=99.0,
             limit=150.0, otherwise="no"),
        rule(ws, "Bright area", "image-statistic", measure="area-above", above=150.0, limit=60.0),
        rule(ws, "Report says spot", "report-words", words=("spot",)),
        rule(ws, "Report denies spot", "report-words", votes_for="no", words=("spot",),
             mode="denied"),
    ]  # fmt: skip
    return [r.id for r in made]


def truth(ws: Workspace, case_id: str) -> str:
    return "yes" if has_spot(number_of(ws, case_id)) else "no"


def test_rules_without_code_find_the_spots(ws: Workspace, four_rules: list[str]) -> None:
    board = ws.rules.run(SPOT)
    assert len(board.items) == 24
    assert [len(c.errors) for c in board.columns] == [0, 0, 0, 0]
    right = [board.labels[board.model.label[n]] == truth(ws, i.case_id)
             for n, i in enumerate(board.items)]  # fmt: skip
    assert all(right)
    # every fourth case has no report: the two rules on words could not look there
    assert board.figures[2].coverage < 0.4
    assert sum(1 for n in board.options.blind.rule if n == 2) == 6  # type: ignore[union-attr]
    assert ws.rules.board(SPOT) is board


def test_a_change_of_one_rule_judges_its_column_only(ws: Workspace, four_rules: list[str]) -> None:
    assert [c.fresh for c in ws.rules.run(SPOT).columns] == [24] * 4
    assert [c.fresh for c in ws.rules.run(SPOT).columns] == [0] * 4
    changed = ws.rules.rule(four_rules[1])
    ws.run(SaveRule(rule=replace(changed, parameters={**changed.parameters, "limit": 80.0})))
    assert ws.rules.rule(changed.id).version == 2
    assert [c.fresh for c in ws.rules.run(SPOT).columns] == [0, 24, 0, 0]
    # words of a rule (its name, what it votes for) are no reason to look again
    renamed = replace(ws.rules.rule(changed.id), name="Large bright area", otherwise="no")
    ws.run(SaveRule(rule=renamed))
    assert [c.fresh for c in ws.rules.run(SPOT).columns] == [0, 0, 0, 0]
    # a report that comes later concerns the rules on words, and its own case
    late = next(i.case_id for i in ws.rules.run(SPOT).items if not ws.rules.report(i.case_id))
    ws.rules.attach_report(late, "No spot.")
    assert [c.fresh for c in ws.rules.run(SPOT).columns] == [0, 0, 1, 1]


def test_judgements_are_kept_over_a_restart(ws: Workspace, four_rules: list[str]) -> None:
    first = ws.rules.run(SPOT)
    path = ws.path
    ws.close()
    with Workspace.open(path, reader_name="Ada") as again:
        board = again.rules.run(SPOT)
        assert [c.fresh for c in board.columns] == [0] * 4
        assert (board.model.label == first.model.label).all()
        assert again.verify().ok


def test_an_error_of_a_rule_is_an_error_and_no_silence(
    ws: Workspace, four_rules: list[str]
) -> None:
    @labeling_function(title="Breaks on some")
    def breaks_on_some(item: object) -> bool:
        values = next(item.pictures()).values_yx  # type: ignore[attr-defined]
        if values.max() > 180:
            raise ZeroDivisionError("nothing to divide by")
        return False

    rule_kinds.register(breaks_on_some)
    try:
        rule(ws, "Breaks", "code:breaks_on_some", otherwise="no")
        rule(ws, "Bad pattern", "report-words", words=("(",), pattern=True)
        rule(ws, "No such kind", "code:gone")
        board = ws.rules.run(SPOT)
        broken, pattern, gone = board.columns[4:]
        assert 0 < len(broken.errors) < 24
        assert broken.messages == ["ZeroDivisionError: nothing to divide by"]
        assert len(pattern.errors) == 18  # cases with a report
        assert "can't be read" in pattern.messages[0]
        assert len(gone.errors) == 24 and "is not here" in gone.messages[0]
        assert [board.items[n].key for n in board.items_of(4, "errors")] == broken.errors
        failed = {n for n, i in enumerate(board.items) if i.key in set(broken.errors)}
        spoke = set(board.votes.item[board.votes.worker == 4].tolist())
        assert not failed & spoke
        blind = board.options.blind
        assert blind is not None and failed <= set(blind.item[blind.rule == 4].tolist())
    finally:
        rule_kinds.unregister("code:breaks_on_some")


def test_a_pattern_that_searches_for_ever_is_ended(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop.workspace.rules.rules._SEARCH_S", 0.5)
    first = ws.cases(limit=1)[0].case.id
    for line in ws.cases(limit=100):
        ws.rules.attach_report(line.case.id, "")
    ws.rules.attach_report(first, "a" * 40 + "!")
    rule(ws, "For ever", "report-words", words=("(a+)+$",), pattern=True)
    (column,) = ws.rules.run(SPOT).columns
    assert len(column.errors) == 1
    assert "0.5 seconds" in column.messages[0]


def test_known_answers_come_from_readers_and_never_from_rules(
    ws: Workspace, four_rules: list[str]
) -> None:
    cases = [line.case.id for line in ws.cases(limit=100)]
    for case_id in cases[:6]:
        say(ws, case_id, truth(ws, case_id) == "yes")
    board = ws.rules.run(SPOT)
    assert len(board.known.labels) == 6
    assert board.contest.asked == 6 and board.contest.model_right == 6
    assert board.figures[0].gold_asked == 6
    assert ws.rules.suggest(board, 0.5) == 18
    proposal = ws.proposals(cases[10])[0][0]
    ws.run(AcceptProposals(case_id=cases[10], proposal_ids=(proposal.id,)))
    assert ws.answers(cases[10])[0].origin is Origin.RULE
    assert len(ws.rules.run(SPOT).known.labels) == 6


def test_suggestions_carry_soft_labels_and_replace_earlier_ones(
    ws: Workspace, four_rules: list[str]
) -> None:
    board = ws.rules.run(SPOT)
    count = ws.rules.suggest(board, 0.9)
    (run,) = ws.rules.runs(SPOT)
    assert run.suggested == count and run.threshold == 0.9
    case_id = board.items[board.surest(0.9)[0]].case_id
    ((proposal, decision),) = ws.proposals(case_id)
    assert decision is None
    assert proposal.origin is Origin.RULE and proposal.question_id == "spot"
    assert set(proposal.soft) == {"no", "yes"}
    assert sum(proposal.soft.values()) == pytest.approx(1.0, abs=1e-5)
    assert proposal.score >= 0.9
    assert "v1: " in proposal.provenance.detail["votes"]
    ws.rules.suggest(ws.rules.run(SPOT), 0.9)
    assert len(ws.proposals(case_id)) == 1
    rows = list(csv.DictReader(ws.rules.table(run).decode().splitlines()))
    assert len(rows) == 24
    assert {row["label"] for row in rows} == {"no", "yes"}
    assert float(rows[0]["p:no"]) + float(rows[0]["p:yes"]) == pytest.approx(1.0, abs=1e-5)
    assert ws.verify().ok


def test_votes_and_soft_labels_go_into_the_bundle(
    ws: Workspace, four_rules: list[str], tmp_path: Path
) -> None:
    board = ws.rules.run(SPOT)
    ws.rules.keep(board)
    ws.rules.suggest(ws.rules.run(SPOT), 0.9)
    cases = [item.case_id for item in board.items[:10]]
    options = BundleOptions(formats=("rules",), case_ids=tuple(cases))
    ws.export_bundle(tmp_path / "bundle", options)
    assert not check(tmp_path / "bundle").faults
    (votes,) = (tmp_path / "bundle" / "rules").glob("*/votes.csv")
    rows = list(csv.DictReader(votes.open()))
    assert [row["case"] for row in rows] == cases
    assert {"part", "p:yes", "vote:Report says spot"} <= set(rows[0])
    about = json.loads(votes.with_name("rules.json").read_text())
    assert [r["version"] for r in about["rules"]] == [1, 1, 1, 1]
    assert about["suggested"] > 0


def test_switching_off_is_tried_before_it_is_done(ws: Workspace, four_rules: list[str]) -> None:
    board = ws.rules.run(SPOT)
    tried = ws.rules.what_if_off(board, 0)
    assert tried.sentence.startswith("Without Bright corner of values ")
    ws.run(SwitchRule(rule_id=four_rules[0], on=False))
    really = ws.rules.run(SPOT)
    assert [r.id for r in really.rules] == four_rules[1:]
    changed = [n for n in range(24) if really.model.label[n] != board.model.label[n]]
    assert changed == tried.changed
    assert int(really.model.doubtful(0.8).sum()) == tried.doubtful_after
    ws.undo("")
    assert ws.rules.rule(four_rules[0]).enabled


def test_rules_are_tied_and_split_by_a_person(ws: Workspace, four_rules: list[str]) -> None:
    a, b = four_rules[:2]
    ws.run(TieRules(rule_id=a, other_id=b, same=True))
    assert ws.rules.run(SPOT).figures[0].group == ws.rules.run(SPOT).figures[1].group
    ws.run(TieRules(rule_id=b, other_id=a, same=False))
    assert ws.rules.rule(a).same_as == () and ws.rules.rule(a).not_same_as == (b,)
    ws.run(TieRules(rule_id=a, other_id=b, same=None))
    assert ws.rules.rule(b).not_same_as == ()


def test_what_a_rule_must_be(ws: Workspace, four_rules: list[str]) -> None:
    good = ws.rules.rule(four_rules[0])
    for wrong, words in (
        ({"name": "  "}, "needs a name"),
        ({"name": "report says spot"}, "of this name"),
        ({"votes_for": "maybe"}, "not among"),
        ({"votes_for": "no"}, "tells nothing"),
        ({"target": RuleTarget(schema_name="gone")}, "not in the project"),
        ({"target": replace(SPOT, question_id="gone")}, "not in the schema"),
        ({"target": replace(SPOT, level=Scope.SERIES)}, "cases, frames or regions"),
    ):
        with pytest.raises(UserError, match=words):
            ws.run(SaveRule(rule=replace(good, **wrong)))
    assert ws.run(SaveRule(rule=good)) is None
    ws.run(DeleteRule(rule_id=good.id))
    assert len(ws.rules.rules(SPOT)) == 3


def test_several_choices_can_be_counted_but_not_suggested(ws: Workspace) -> None:
    target = RuleTarget(schema_name="spots", question_id="signs", choice="edge")
    rule(ws, "Bright", "image-statistic", measure="percentile", limit=150.0, target=target)
    board = ws.rules.run(target)
    with pytest.raises(UserError, match="can't become suggestions"):
        ws.rules.suggest(board)
    assert ws.rules.keep(board).suggested == 0
    assert target in [t for t, _ in ws.rules.targets()]


def test_rules_are_the_leads(ws: Workspace, four_rules: list[str]) -> None:
    other = add_reader(ws, Role.LEAD)
    ws.run(ChangeRole(reader_id=ws.reader.id, role=Role.READER))
    assert other.id != ws.reader.id
    ws.reader = replace(ws.reader, role=Role.READER)
    with pytest.raises(AccessProblem):
        ws.rules.rules()
    with pytest.raises(AccessProblem):
        ws.rules.run(SPOT)
    with pytest.raises(AccessProblem):
        ws.run(SwitchRule(rule_id=four_rules[0], on=False))


def test_images_alike_lend_their_answers(ws: Workspace) -> None:
    cases = [line.case.id for line in ws.cases(limit=100)]
    for case_id in cases[:12]:
        say(ws, case_id, truth(ws, case_id) == "yes")
    rule(ws, "Looks like", "likeness", votes_for="", neighbours=1, reach=50.0)
    rule(ws, "Looks near", "likeness", votes_for="", neighbours=1, reach=0.01)
    board = ws.rules.run(SPOT)
    assert board.figures[0].coverage == 1.0
    assert board.figures[1].coverage == 0.0
    assert {board.labels[x] for x in board.votes.label} <= {"yes", "no"}


def test_doubtful_items_come_most_doubtful_first(ws: Workspace) -> None:
    rule(ws, "Yes", "image-statistic", measure="mean", limit=95.0)
    rule(ws, "No", "image-statistic", measure="mean", limit=93.0, votes_for="no")
    rule(ws, "Words", "report-words", words=("spot",))
    board = ws.rules.run(SPOT)
    order = board.doubtful(0.9)
    certainty = [board.model.certainty[n] for n in order if not board.model.no_evidence[n]]
    assert certainty == sorted(certainty)
    silent = [bool(board.model.no_evidence[n]) for n in order]
    assert silent == sorted(silent)
    for n in board.conflicts():
        assert board.model.majority.share[n].max() < 1.0


def test_doubtful_cases_of_the_test_part_are_counted_before_they_are_sent(ws: Workspace) -> None:
    rule(ws, "Words", "report-words", words=("spot",))
    board = ws.rules.run(SPOT)
    items = board.doubtful(0.99)
    assert items and ws.rules.held_back(board, items) == 0  # nobody was dealt yet
    ws.splits.deal(validation=0.2, test=0.5, seed=2)
    parts = [ws.splits.part_of(board.items[n].case_id) for n in items]
    held = sum(part is not Part.TRAIN for part in parts)
    assert ws.rules.held_back(board, items) == held > 0
    ws.rules.send_to_readers(board, items, [add_reader(ws).id])
    assert [ws.splits.part_of(board.items[n].case_id) for n in items] == parts
