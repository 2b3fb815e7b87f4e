"""Any edit of the log by SQL is reported, with the first bad sequence number."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable

import pytest
import sqlcipher3.dbapi2 as driver

from desktop.domain.errors import StoreProblem
from desktop.domain.event import GENESIS, chain_digest
from desktop.domain.record import to_json
from tests.workspace.made import MadeProject, disk_mask

COLUMNS = ("seq", "uuid", "group_id", "action", "undoes", "reader_id", "case_id", "title", "body")


@pytest.fixture
def project(made: MadeProject) -> MadeProject:
    for n in range(6):
        made.draw(class_id=1 + n % 3)
    made.paint(disk_mask(9, 9, 4))
    made.ws.undo("case-0")
    made.ws.redo("case-0")
    return made


def tamper(made: MadeProject, edit: Callable[[sqlite3.Connection], object]) -> None:
    """Close the project, drop the triggers, edit, open again."""
    made.ws.close()
    connection = driver.connect(str(made.path), isolation_level=None)
    connection.execute("DROP TRIGGER events_no_update")
    connection.execute("DROP TRIGGER events_no_delete")
    edit(connection)
    connection.close()
    made.reopen_closed()


def test_a_clean_project_verifies(project: MadeProject) -> None:
    report = project.ws.verify()
    assert report.ok and report.first_bad_seq == 0
    assert report.event_count == project.ws.event_count() > 10


def test_the_triggers_refuse_update_and_delete(project: MadeProject) -> None:
    project.ws.close()
    connection = driver.connect(str(project.path))
    for statement in ("UPDATE events SET title='x' WHERE seq=3", "DELETE FROM events"):
        with pytest.raises(driver.DatabaseError, match="append-only"):
            connection.execute(statement)
    connection.close()
    project.reopen_closed()


@pytest.mark.parametrize("column", (*COLUMNS, "digest", "chain"))
def test_a_changed_column_is_found(project: MadeProject, column: str) -> None:
    rng = random.Random(column)
    seq = rng.randint(2, project.ws.event_count() - 1)
    value = 4711 if column == "seq" else "0" * 64 if column == "digest" else "tampered"
    tamper(
        project,
        lambda c: c.execute(f"UPDATE events SET {column}=? WHERE seq=?", (value, seq)),
    )
    report = project.ws.verify()
    assert not report.ok
    if column == "chain":
        # the event has left its chain: the gap is named, and the stranger does not begin at 1
        assert report.first_bad_seq in (1, seq)
    else:
        assert report.first_bad_seq == seq, report.sentences


@pytest.mark.parametrize("seed", range(12))
def test_a_changed_field_inside_an_event_is_found(project: MadeProject, seed: int) -> None:
    rng = random.Random(seed)
    seq = rng.randint(1, project.ws.event_count())

    def edit(connection: sqlite3.Connection) -> None:
        (body,) = connection.execute("SELECT body FROM events WHERE seq=?", (seq,)).fetchone()
        event = json.loads(body)
        field = rng.choice(sorted(event))
        event[field] = _other(event[field])
        connection.execute("UPDATE events SET body=? WHERE seq=?", (to_json(event), seq))

    tamper(project, edit)
    assert project.ws.verify().first_bad_seq == seq


def test_a_deleted_event_is_found(project: MadeProject) -> None:
    tamper(project, lambda c: c.execute("DELETE FROM events WHERE seq=5"))
    assert project.ws.verify().first_bad_seq == 5


def test_an_inserted_event_is_found(project: MadeProject) -> None:
    count = project.ws.event_count()

    def edit(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE events SET seq = -seq WHERE seq >= 4")
        connection.execute("UPDATE events SET seq = 1 - seq WHERE seq < 0")
        connection.execute(
            "INSERT INTO events SELECT ?, chain, 4, 'new', group_id, action, undoes, reader_id,"
            " case_id, title, body, digest FROM events WHERE seq = 3",
            (count + 1,),
        )

    tamper(project, edit)
    assert project.ws.verify().first_bad_seq == 4


def test_swapped_events_are_found(project: MadeProject) -> None:
    def edit(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE events SET seq=-1 WHERE seq=6")
        connection.execute("UPDATE events SET seq=6 WHERE seq=7")
        connection.execute("UPDATE events SET seq=7 WHERE seq=-1")

    tamper(project, edit)
    assert project.ws.verify().first_bad_seq == 6


def test_swapped_places_in_the_file_are_found(project: MadeProject) -> None:
    def edit(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE events SET position=-1 WHERE seq=6")
        connection.execute("UPDATE events SET position=6 WHERE seq=7")
        connection.execute("UPDATE events SET position=7 WHERE seq=6")

    tamper(project, edit)
    assert project.ws.verify().first_bad_seq in (6, 7)


def test_cutting_the_newest_events_is_found_against_a_signed_head(project: MadeProject) -> None:
    project.ws.sign_head("test")
    count = project.ws.event_count()
    tamper(project, lambda c: c.execute("DELETE FROM events WHERE seq > ?", (count - 3,)))
    report = project.ws.verify()
    assert any("signed" in sentence for sentence in report.sentences)


def test_a_rebuilt_chain_is_found_against_a_signed_head(project: MadeProject) -> None:
    """Whoever recomputes every digest after an edit still has no signature for the new head."""
    project.ws.sign_head("test")

    def edit(connection: sqlite3.Connection) -> None:
        previous = GENESIS
        rows = connection.execute("SELECT position, body FROM events ORDER BY seq").fetchall()
        for position, body in rows:
            event = json.loads(body)
            event["previous"] = previous
            if event["seq"] == 4:
                event["title"] = "Rewritten"
            text = to_json(event)
            previous = chain_digest(previous, text)
            connection.execute(
                "UPDATE events SET body=?, digest=?, title=? WHERE position=?",
                (text, previous, event["title"], position),
            )

    tamper(project, edit)
    report = project.ws.verify()
    assert report.first_bad_seq == 0 and not report.ok
    assert any("signed" in sentence for sentence in report.sentences)


@pytest.mark.parametrize(
    "statement",
    (
        "UPDATE annotation_rows SET data = replace(data, '\"class_id\":1', '\"class_id\":2')",
        "UPDATE annotation_rows SET case_id = 'case-1'",
        "DELETE FROM mask_slice_rows",
        'INSERT INTO reader_rows VALUES (\'x\', \'{"id":"x","role":"lead"}\')',
        "UPDATE blobs SET data = x'00'",
        "DELETE FROM blobs",
    ),
)
def test_rows_edited_behind_the_log_are_found(project: MadeProject, statement: str) -> None:
    tamper(project, lambda c: c.execute(statement))
    report = project.ws.verify()
    assert not report.ok and report.first_bad_seq == 0


def test_a_row_that_is_no_record_is_a_sentence(project: MadeProject) -> None:
    with pytest.raises(StoreProblem, match="can't be read"):
        tamper(project, lambda c: c.execute("UPDATE reader_rows SET data='{}'"))


def _other(value: object) -> object:
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case str():
            return value + "x"
        case list():
            return (
                value[:-1] if value else [{"kind": "x", "id": "y", "before": None, "after": None}]
            )
        case _:
            return "x"
