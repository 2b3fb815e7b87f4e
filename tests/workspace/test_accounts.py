"""Passwords, delays after wrong ones, signatures, and older projects that have none of it."""

from __future__ import annotations

import datetime
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlcipher3.dbapi2 as driver

from desktop.commands.access import ChangeProjectSetting, RecordSignIn, SignCase
from desktop.commands.annotation import DeleteAnnotations
from desktop.commands.project import AnswerQuestion, MarkCase, SetNoFinding
from desktop.domain.account import SettingKey
from desktop.domain.errors import AccessProblem, StoreProblem, UserError
from desktop.domain.event import head_message
from desktop.domain.task import AssignmentState, Role
from desktop.store import queries
from desktop.workspace.access import passwords
from desktop.workspace.access.keys import signature_holds
from desktop.workspace.clock import Clock
from tests.workspace.made import MadeProject

ADAS, GRACES = "analytical engine", "nanoseconds of wire"


class HandClock:
    """A clock that moves only when told."""

    def __init__(self) -> None:
        self.now = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)

    def clock(self) -> Clock:
        return Clock(now=lambda: self.now, offset_min=lambda: 0)

    def pass_s(self, seconds: float) -> None:
        self.now += datetime.timedelta(seconds=seconds)


@pytest.fixture
def dear_passwords(
    password_cost: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Passwords cost here what they cost in the program; to be asked for before a project."""
    monkeypatch.setattr(passwords, "COST", password_cost)
    kept = (passwords._hasher, passwords.nobodys_verifier)
    for cached in kept:
        cached.cache_clear()
    yield
    for cached in kept:
        cached.cache_clear()


@pytest.fixture
def hand(made: MadeProject) -> HandClock:
    """A project that asks for passwords, closed and opened by nobody in particular."""
    hand = HandClock()
    ws = made.ws
    ws.accounts.set_password(ws.reader, ws.reader.id, ADAS)
    ws.accounts.add_reader(ws.reader, "Grace", Role.READER, GRACES)
    ws.run(ChangeProjectSetting(key=SettingKey.PASSWORDS, value="required"))
    made.clock = hand.clock()
    made.reopen()
    return hand


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(AccessProblem) as caught:
        act()
    return str(caught.value)


def test_without_passwords_a_name_is_enough(made: MadeProject) -> None:
    assert made.ws.accounts.is_signed_in
    assert made.ws.sign_in("Ada").id == made.ws.reader.id


def test_nothing_is_done_before_the_password(made: MadeProject, hand: HandClock) -> None:
    before = made.ws.state_digest()
    for act in (
        lambda: made.ws.run(SetNoFinding(case_id="case-0", no_finding=True)),
        lambda: made.ws.undo("case-0"),
        lambda: made.ws.export_bundle(made.folder / "out"),
    ):
        assert "signed in" in refused(act)
    assert made.ws.state_digest() == before
    made.ws.sign_in("ada", ADAS)
    made.ws.run(SetNoFinding(case_id="case-0", no_finding=True))
    assert not (made.folder / "out").exists()


def test_a_strange_name_is_not_added_and_not_told_apart(
    dear_passwords: None, made: MadeProject, hand: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.reopen(reader_name="Mallory")
    assert len(made.ws.readers()) == 2
    compared: list[str] = []
    monkeypatch.setattr(passwords, "fits", lambda verifier, _p: compared.append(verifier) or False)
    strange = refused(lambda: made.ws.sign_in("Mallory", GRACES))
    known = refused(lambda: made.ws.sign_in("Grace", "wrong"))
    assert strange == known
    assert len(compared) == 2  # the same work for both
    assert {v.rsplit("$", 2)[0] for v in compared} == {"$argon2id$v=19$m=65536,t=3,p=4"}
    assert made.ws.accounts.wait_s("Mallory") == made.ws.accounts.wait_s("Grace") == 1


def test_waits_double_up_to_a_minute(made: MadeProject, hand: HandClock) -> None:
    accounts, waits = made.ws.accounts, []
    for _ in range(9):
        assert "wrong" in refused(lambda: made.ws.sign_in("Grace", "guess"))
        waits.append(accounts.wait_s("Grace"))
        hand.pass_s(waits[-1])
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    made.ws.sign_in("Grace", GRACES)
    assert accounts.wait_s("Grace") == 0


def test_a_try_that_comes_too_soon_is_not_looked_at(made: MadeProject, hand: HandClock) -> None:
    for _ in range(3):
        refused(lambda: made.ws.sign_in("Grace", "guess"))
        hand.pass_s(made.ws.accounts.wait_s("Grace"))
    refused(lambda: made.ws.sign_in("Grace", "guess"))
    count = made.ws.event_count()
    assert "Wait 8 s" in refused(lambda: made.ws.sign_in("Grace", GRACES))
    assert made.ws.event_count() == count
    made.ws.sign_in("Ada", ADAS)  # others don't wait with her


def test_waits_outlive_a_restart_and_a_clock_set_back(made: MadeProject, hand: HandClock) -> None:
    for _ in range(4):
        refused(lambda: made.ws.sign_in("Grace", "guess"))
        hand.pass_s(made.ws.accounts.wait_s("Grace"))
    refused(lambda: made.ws.sign_in("Grace", "guess"))
    made.reopen()
    assert made.ws.accounts.wait_s("Grace") == 16
    hand.pass_s(-3600)
    assert made.ws.accounts.wait_s("Grace") == 16


def test_a_read_only_project_waits_as_well(made: MadeProject, hand: HandClock) -> None:
    made.reopen(read_only=True)
    refused(lambda: made.ws.sign_in("Grace", "guess"))
    assert made.ws.accounts.wait_s("Grace") == 1
    hand.pass_s(1)
    assert made.ws.sign_in("Grace", GRACES).role is Role.READER


def test_refused_tries_are_in_the_log_without_what_was_typed(
    made: MadeProject, hand: HandClock
) -> None:
    refused(lambda: made.ws.sign_in("Grace", "hunter2hunter2"))
    refused(lambda: made.ws.sign_in("Mallory", "hunter2hunter2"))
    made.ws.sign_in("Ada", ADAS)
    told = [line.sentence for line in made.ws.history()][:3]
    assert told == [
        "Password accepted to sign in",
        "Password refused to sign in, attempt 1",
        "Password refused to sign in, attempt 1",
    ]
    made.ws.sign_in("Grace", GRACES) if made.ws.accounts.wait_s("Grace") == 0 else hand.pass_s(1)
    made.ws.sign_in("Grace", GRACES)
    assert all("Password" not in line.sentence for line in made.ws.history())
    made.close()
    raw = made.path.read_bytes()
    for secret in (b"hunter2", ADAS.encode(), GRACES.encode(), b"Mallory"):
        assert secret not in raw
    made.reopen_closed()


def test_nobody_may_write_such_a_note_on_request(made: MadeProject) -> None:
    refused(lambda: made.ws.run(RecordSignIn(accepted=True)))


def test_verifiers_are_argon2id_and_stay_outside_the_log(
    dear_passwords: None, made: MadeProject, hand: HandClock
) -> None:
    made.close()
    file = driver.connect(str(made.path))
    verifiers = [v for (v,) in file.execute("SELECT verifier FROM accounts WHERE verifier != ''")]
    bodies = [b for (b,) in file.execute("SELECT body FROM events")]
    file.close()
    assert len(verifiers) == len(set(verifiers)) == 2
    assert all(v.startswith("$argon2id$v=19$m=65536,t=3,p=4$") for v in verifiers)
    assert not any("argon2" in body for body in bodies)
    made.reopen_closed()


def test_who_may_set_which_password(made: MadeProject, hand: HandClock) -> None:
    ws = made.ws
    grace = ws.sign_in("Grace", GRACES)
    ada = next(line.reader for line in ws.accounts.lines() if line.name == "Ada")
    assert "lead" in refused(lambda: ws.accounts.set_password(grace, ada.id, "mine now, thanks"))
    refused(lambda: ws.accounts.set_password(grace, grace.id, "a better one", old="wrong"))
    hand.pass_s(1)
    ws.accounts.set_password(grace, grace.id, "a better one", old=GRACES)
    refused(lambda: ws.sign_in("Grace", GRACES))
    hand.pass_s(1)
    ws.sign_in("Grace", "a better one")
    ws.sign_in("Ada", ADAS)
    ws.accounts.set_password(ada, grace.id, "from the lead")
    ws.sign_in("Grace", "from the lead")
    ws.sign_in("Ada", ADAS)
    titles = [line.sentence for line in ws.history()]
    assert any(t.startswith("Reset password of R-") for t in titles)
    assert any(t.startswith("Change password of R-") for t in titles)


@pytest.mark.parametrize("weak", ["short", "aaaaaaaaaa", "ADA LOVELACE"])
def test_easy_passwords_are_refused(weak: str) -> None:
    with pytest.raises(UserError):
        passwords.check_new(weak, "Ada Lovelace")


def test_a_lead_does_not_lock_everybody_out(made: MadeProject) -> None:
    wanted = ChangeProjectSetting(key=SettingKey.PASSWORDS, value="required")
    assert "lock yourself out" in refused(lambda: made.ws.run(wanted))
    made.ws.accounts.set_password(made.ws.reader, made.ws.reader.id, ADAS)
    made.ws.run(wanted)
    refused(lambda: made.ws.accounts.remove_password(made.ws.reader, made.ws.reader.id, ADAS))
    made.ws.run(ChangeProjectSetting(key=SettingKey.PASSWORDS, value="optional"))
    made.ws.accounts.remove_password(made.ws.reader, made.ws.reader.id, ADAS)
    made.reopen()
    assert made.ws.accounts.is_signed_in
    with pytest.raises(UserError, match="not a choice"):
        made.ws.run(ChangeProjectSetting(key=SettingKey.PASSWORDS, value="sometimes"))


def test_a_signature_says_who_when_what_for_and_under_what(made: MadeProject) -> None:
    ws = made.ws
    ws.run(ChangeProjectSetting(key=SettingKey.SIGNATURES, value="name"))
    region = made.draw()
    with pytest.raises(UserError, match="signature"):
        ws.run(MarkCase(case_id="case-0", state=AssignmentState.DONE))
    event = ws.sign_case("case-0", "I read this case and stand by my labels")
    assert event is not None and ws.assignment("case-0").state is AssignmentState.DONE
    signed = ws.signature("case-0")
    assert signed is not None
    assert (signed.reader_id, signed.time_utc) == (ws.reader.id, event.time_utc)
    assert signed.meaning == "I read this case and stand by my labels"
    assert ws.signature_holds("case-0")
    ws.run(DeleteAnnotations(case_id="case-0", annotation_ids=(region,)))
    assert not ws.signature_holds("case-0")
    ws.undo("case-0")
    assert ws.signature_holds("case-0")
    ws.run(MarkCase(case_id="case-0", state=AssignmentState.OPEN))
    assert ws.signature("case-0") is None and not ws.signature_holds("case-0")
    assert ws.verify().ok


def test_undo_of_signing_opens_the_case_again(made: MadeProject) -> None:
    made.ws.sign_case("case-0", "Read by me")
    made.ws.undo("case-0")
    assert made.ws.signature("case-0") is None
    assert made.ws.assignment("case-0").state is AssignmentState.OPEN


def test_a_signature_needs_the_password_where_the_project_asks(
    made: MadeProject, hand: HandClock
) -> None:
    ws = made.ws
    ws.sign_in("Ada", ADAS)
    ws.run(ChangeProjectSetting(key=SettingKey.SIGNATURES, value="password"))
    forged = SignCase(case_id="case-0", meaning="Read by me", confirmed="password")
    assert "password" in refused(lambda: ws.run(forged))
    with pytest.raises(UserError, match="password"):
        ws.run(SignCase(case_id="case-0", meaning="Read by me"))
    refused(lambda: ws.sign_case("case-0", "Read by me"))
    hand.pass_s(1)
    ws.sign_case("case-0", "Read by me", ADAS)
    signed = ws.signature("case-0")
    assert signed is not None and signed.confirmed == "password"
    refused(lambda: ws.run(forged))  # one password, one signature


def test_the_head_is_signed_when_a_case_is_handed_in(made: MadeProject) -> None:
    event = made.ws.run(MarkCase(case_id="case-0", state=AssignmentState.DONE))
    assert event is not None
    head = queries.signed_heads(made.ws._read)[-1]
    assert (head["chain"], head["seq"], head["purpose"]) == (event.chain, event.seq, "submit")
    message = head_message(made.ws.project_id, head["chain"], head["seq"], head["digest"])
    assert signature_holds(head["public_key"], head["signature"], message)


LATER = ("scribble_rows", "teaching_rows")  # since version 0003
NEW_TABLES = (
    "accounts",
    "project_setting_rows",
    "signature_rows",
    "time_span_rows",
    "proposal_rows",
    "decision_rows",
    "split_rows",
    "learning_round_rows",
    "learning_query_rows",
    "learning_skip_rows",
    "case_note_rows",
    "label_doubt_rows",
    "adjudication_rows",
    "review_rows",
    "pin_rows",
    "comment_rows",
    "help_plan_rows",
    "blind_lock_rows",
    "model_run_rows",
    "model_case_rows",
    "rule_rows",
    "rule_run_rows",
    "batch_rows",
    "batch_cases_rows",
    "package_rows",
    "gold_case_rows",
    "ranking_task_rows",
    "ranking_prompt_rows",
    "candidate_rows",
    "comparison_rows",
    "ranking_rows",
    "rating_rows",
    *LATER,
)


NEW_COLUMNS = {
    "answer_rows": ("topic", "place", "origin", "said"),
    "annotation_rows": ("topic", "origin"),
}


def as_before(file: Any) -> None:
    """Take from an open file what later versions brought."""
    for table in NEW_TABLES:
        file.execute(f"DROP TABLE {table}")
    file.execute("DROP INDEX events_by_undoes")
    old_indexes = {"annotation": "case_id, reader_id", "assignment": "case_id"}
    for kind in ("answer", *old_indexes):
        table = f"{kind}_rows"
        for name in [i[1] for i in file.execute(f"PRAGMA index_list({table})")]:
            if "topic" in name or (name.endswith("_state") and "case_id" in name):
                file.execute(f"DROP INDEX {name}")
    for kind, columns in old_indexes.items():
        name = f"{kind}_rows_by_{columns.replace(', ', '_')}"
        file.execute(f"CREATE INDEX {name} ON {kind}_rows ({columns})")
    for table, names in NEW_COLUMNS.items():
        for name in names:
            file.execute(f"ALTER TABLE {table} DROP COLUMN {name}")


def test_an_older_project_is_brought_up_to_date_after_a_backup(made: MadeProject) -> None:
    region = made.draw()
    made.ws.run(AnswerQuestion(case_id="case-0", question_id="quality", value="good"))
    made.close()
    wanted = tables_of(made)
    file = driver.connect(str(made.path))
    as_before(file)
    file.execute("UPDATE project SET value = '0001' WHERE key = 'store_version'")
    file.commit()
    file.close()
    with pytest.raises(StoreProblem, match="another version"):
        made.reopen_closed(read_only=True)
    made.reopen_closed()
    assert made.ws.annotation(region) is not None
    made.ws.accounts.set_password(made.ws.reader, made.ws.reader.id, ADAS)
    made.ws.sign_case("case-0", "Read by me")
    assert made.ws.verify().ok
    made.close()
    assert tables_of(made) == wanted
    (backup,) = made.folder.glob("*.before-*")
    kept = sqlite3.connect(backup)
    assert (
        kept.execute("SELECT value FROM project WHERE key='store_version'").fetchone()[0] == "0001"
    )
    names = [n for (n,) in kept.execute("SELECT name FROM sqlite_master WHERE type='table'")]
    kept.close()
    assert not set(NEW_TABLES) & set(names)
    made.reopen_closed()


def test_a_project_of_the_last_version_gets_only_what_is_new(made: MadeProject) -> None:
    region = made.draw()
    made.close()
    wanted = tables_of(made)
    file = driver.connect(str(made.path))
    for table in LATER:
        file.execute(f"DROP TABLE {table}")
    file.execute("DROP INDEX events_by_undoes")
    file.execute("UPDATE project SET value = '0003' WHERE key = 'store_version'")
    file.commit()
    file.close()
    made.reopen_closed()
    assert made.ws.annotation(region) is not None
    assert made.ws.verify().ok
    made.close()
    assert tables_of(made) == wanted
    made.reopen_closed()


def tables_of(made: MadeProject) -> dict[str, list[tuple[object, ...]]]:
    """Tables with their columns and indexes, as far as they matter to a query."""
    file = driver.connect(str(made.path))
    names = [n for (n,) in file.execute("SELECT name FROM sqlite_master WHERE type='table'")]
    found = {}
    for name in sorted(names):
        columns = sorted((*c[1:4], c[5]) for c in file.execute(f"PRAGMA table_info({name})"))
        indexes = [i[1] for i in file.execute(f"PRAGMA index_list({name})")]
        found[name] = [*columns, tuple(sorted(indexes))]
    file.close()
    return found
