"""Roles: every command as every role, and no wrong grant."""

from __future__ import annotations

import importlib
import itertools
import pkgutil

import pytest
from msgspec.structs import replace

import desktop.commands
from desktop.commands.access import ChangeRole
from desktop.commands.project import SetNoFinding
from desktop.domain.contracts import Command
from desktop.domain.errors import AccessProblem, UserError
from desktop.domain.task import Reader, Role
from desktop.workspace.access import authority
from tests.workspace.made import MadeProject

NOTES = {"RecordExport", "ShowReaderNames"}  # change no row: also an auditor leaves them
# said a second time, so that a slip of the pen in the table is seen: who may never do these
LEADS_ALONE = {
    "AddReader", "ChangeRole", "ChangeProjectSetting", "RegisterImages", "AddSchema",
    "ChooseSchema", "UseSchema", "RecordMerge", "OfferModelResult", "SetHelpPlan", "SaveRule",
    "SwitchRule", "DeleteRule", "TieRules", "KeepRuleRun", "CreateBatch", "ChangeBatch",
    "RemoveBatch", "RecordPackage", "TagCases", "LabelMadeImage", "CreateRankingTask",
    "ChangeRankingTask", "AssignSplits", "StartRound", "JudgeStudent", "LabelByTeacher",
}  # fmt: skip
RULINGS = {"RuleOnQuestion", "RuleOnRegion", "ExplainRuling", "SettleConflict", "OfferProposals",
           "WithdrawProposals", "MakeGold", "RemoveGold"}  # fmt: skip
REVIEWING = {"PinComment", "ResolvePin", "ReturnCase", "PassCase"}
READING = {
    "AddAnnotation", "ReshapeAnnotation", "ReshapeAnnotations", "RelabelAnnotations",
    "DeleteAnnotations", "AnswerRegion", "LockAnnotation", "PaintMask", "AcceptPrediction",
    "ScribbleElse", "AnswerPatch", "AnswerQuestion", "SetNoFinding", "MarkCase", "CommentCase",
    "RateConfidence", "SignCase", "Calibrate", "AcceptProposals", "RejectProposals", "SkipQuery",
    "LockBlindAnswer", "AnswerPin",
}  # fmt: skip
NOBODY = {"RecordPassword", "RecordSignIn"}  # written where it happens
NEVER = {
    Role.READER: LEADS_ALONE | RULINGS | REVIEWING | NOBODY | {"ShowReaderNames", "JudgeLabel"},
    Role.REVIEWER: LEADS_ALONE | RULINGS | READING | NOBODY,
    Role.ADJUDICATOR: LEADS_ALONE | REVIEWING | NOBODY,
}


def all_commands() -> list[type[Command]]:
    for module in pkgutil.iter_modules(desktop.commands.__path__):
        importlib.import_module(f"desktop.commands.{module.name}")
    found: list[type[Command]] = []
    waiting = list(Command.__subclasses__())
    while waiting:
        command = waiting.pop()
        waiting.extend(command.__subclasses__())
        if command.__module__.startswith("desktop.commands."):
            found.append(command)
    return found


class Fixed(Command, frozen=True):
    """Stands in for a command of any name."""

    @property
    def title(self) -> str:
        return "Something"


def test_every_command_has_a_row_and_every_row_a_command() -> None:
    names = [c.__name__ for c in all_commands()]
    assert len(names) == len(set(names)), "the table goes by name"
    assert set(names) == set(authority.MATRIX)


def test_every_command_is_told_twice() -> None:
    """Also the newest: who may not give it is said in the table and here."""
    work = READING | {"CompareCandidates", "RankCandidates", "RateCandidate", "FlagCase",
                      "RecordTime", "JudgeLabel"}  # fmt: skip
    told = LEADS_ALONE | RULINGS | REVIEWING | NOBODY | NOTES | work
    assert told == set(authority.MATRIX)
    for role, refused in NEVER.items():
        assert {n for n, allowed in authority.MATRIX.items() if role not in allowed} == refused


@pytest.mark.parametrize("role", Role)
def test_every_command_as_every_role(role: Role) -> None:
    reader = Reader(id="a" * 32, role=role)
    for name, allowed in authority.MATRIX.items():
        if role in allowed:
            authority.check_name(reader, name)
        else:
            with pytest.raises(AccessProblem):
                authority.check_name(reader, name)
        assert name not in NEVER.get(role, set()) or role not in allowed
        if role is Role.AUDITOR:
            assert role not in allowed or name in NOTES


def test_a_command_without_a_row_is_the_leads_alone() -> None:
    for role in Role:
        reader = Reader(id="a" * 32, role=role)
        if role is Role.LEAD:
            authority.check(reader, Fixed())
        else:
            with pytest.raises(AccessProblem):
                authority.check(reader, Fixed())


@pytest.mark.parametrize("role", [r for r in Role if r is not Role.LEAD])
def test_the_workspace_refuses_before_the_command_looks(made: MadeProject, role: Role) -> None:
    made.ws.accounts.add_reader(made.ws.reader, "Grace", role)
    made.reopen(reader_name="Grace")
    before = made.ws.state_digest(), made.ws.event_count()
    with pytest.raises(AccessProblem):
        made.ws.run(ChangeRole(reader_id=made.ws.reader.id, role=Role.LEAD))
    assert (made.ws.state_digest(), made.ws.event_count()) == before


def test_a_role_counts_from_the_moment_it_is_given(made: MadeProject) -> None:
    ws = made.ws
    grace = ws.accounts.add_reader(ws.reader, "Grace", Role.LEAD)
    ws.accounts.change_role(grace.id, Role.READER)
    ws.accounts.change_role(grace.id, Role.LEAD)
    ws.accounts.change_role(ws.reader.id, Role.AUDITOR)
    with pytest.raises(AccessProblem):
        ws.run(SetNoFinding(case_id="case-0", no_finding=True))
    assert ws.reader.role is Role.AUDITOR


def test_undo_asks_for_the_role_as_well(made: MadeProject) -> None:
    ws = made.ws
    ws.accounts.add_reader(ws.reader, "Grace", Role.LEAD)
    made.draw()
    ws.run(ChangeRole(reader_id=ws.reader.id, role=Role.REVIEWER))
    with pytest.raises(AccessProblem):
        ws.undo("case-0")
    with pytest.raises(AccessProblem):
        ws.undo("")  # taking back one's own demotion
    with pytest.raises(AccessProblem):
        ws.redo("case-0") if ws.redo_title("case-0") else ws.undo("case-0")


def test_redo_asks_for_the_role_of_what_it_does_again(made: MadeProject) -> None:
    ws = made.ws
    ws.accounts.add_reader(ws.reader, "Grace", Role.LEAD)
    made.draw()
    ws.undo("case-0")
    ws.run(ChangeRole(reader_id=ws.reader.id, role=Role.AUDITOR))
    with pytest.raises(AccessProblem):
        ws.redo("case-0")


def test_a_project_keeps_a_lead(made: MadeProject) -> None:
    with pytest.raises(UserError, match="lead"):
        made.ws.run(ChangeRole(reader_id=made.ws.reader.id, role=Role.READER))


def test_names_come_and_go_and_the_person_stays(made: MadeProject) -> None:
    accounts = made.ws.accounts
    grace = accounts.add_reader(made.ws.reader, "Grace", Role.READER)
    with pytest.raises(UserError, match="already"):
        accounts.add_reader(made.ws.reader, " grace ", Role.READER)
    again = accounts.known("GRACE")
    assert again is not None and again.id == grace.id
    assert replace(again, role=Role.READER) == grace
    roles = {line.name: line.reader.role for line in accounts.lines()}
    assert roles == {"Ada": Role.LEAD, "Grace": Role.READER}
    assert len(set(itertools.chain.from_iterable((r.id,) for r, _n in made.ws.readers()))) == 2
