"""Blinding by absence: canaries of others in no byte of a package, gold not to be told apart."""

from __future__ import annotations

import base64
import json
import re
import sqlite3
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from desktop.commands.annotation import AddAnnotation
from desktop.commands.batch import TagCases
from desktop.commands.project import AnswerQuestion, MarkCase
from desktop.commands.proposal import OfferProposals
from desktop.domain.annotation import Origin, Target
from desktop.domain.batch import CaseRule, GoldMix, Package
from desktop.domain.geometry import Box
from desktop.domain.gold import GoldCase
from desktop.domain.proposal import Proposal
from desktop.domain.ranking import Outcome, RankingTask
from desktop.domain.record import stable_id
from desktop.domain.schema import Scope
from desktop.domain.task import AssignmentState
from desktop.store import package
from desktop.store.database import transaction
from desktop.store.tables import RECORD_TABLES
from desktop.workspace.ranking.ranking import Remark
from desktop.workspace.ranking.ranking_drafts import DraftCandidate, DraftPrompt
from desktop.workspace.workspace import Workspace
from tests.workspace.canary_rows import GOES_ALONG, PEOPLE, rows_of_others
from tests.workspace.made import SCHEMA, disk_mask
from tests.workspace.simulated_readers import LOG_ONLY
from tests.workspace.team_room import TeamRoom, opened_room

MARK = "ZQXCANARY"  # in everything of others that is a text
NUMBER = 7134.515625  # in everything that is a number
NEEDLES = (MARK.encode(), MARK.lower().encode(), str(NUMBER).encode(), NUMBER.hex().encode())
GOLD = GoldMix(rate=0.3, first=0, first_rate=0.0, repeat_rate=0.1, repeat_gap=3)
CHILD = """
import sys
from pathlib import Path
from desktop.workspace.workspace import Workspace
ws = Workspace.open(Path(sys.argv[1]), reader_name="Grace")
for line in ws.ranking.tasks():
    assert ws.ranking.next(line.task.id) is not None
for line in ws.cases(limit=1000):
    ws.series(line.case.id), ws.answers(line.case.id), ws.annotations(line.case.id)
    ws.proposals(line.case.id), ws.schema(line.case.id), ws.history(line.case.id)
    ws.signature(line.case.id), ws.neighbour(line.case.id, 1)
assert ws.verify().ok
print("ready", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def room(tmp_path: Path) -> Iterator[TeamRoom]:
    with opened_room(tmp_path, 24) as opened:
        yield opened


def plant(room: TeamRoom) -> Path:
    """Other readers, their work, gold and all else full of canaries; Grace's package."""
    made = room.made
    made.cases = room.case_ids
    alan = room.add_reader(f"{MARK} Alan", f"{MARK} password 1")
    grace = room.add_reader("Grace")
    gold = room.case_ids[18:]
    for case_id in gold:
        work(room, case_id)
        room.ws.gold.make(case_id, concept=f"{MARK} concept", difficulty=f"{MARK} difficulty")
    for tag in (f"{MARK} tag", f"site:{MARK}"):
        room.ws.run(TagCases(case_ids=tuple(room.case_ids), tag=tag))
    room.ws.batches.create(
        f"{MARK} batch", CaseRule(count=18), [grace.id, alan.id], overlap=1.0, gold=GOLD,
        suggestions=True,
    )  # fmt: skip
    drafts = tuple(
        Proposal(
            id=room.ws.new_id(), case_id=case_id, run_id=f"{MARK} run", schema_id=SCHEMA.id,
            target=Target(scope=Scope.STUDY), question_id="count", value=3.0, score=0.5,
            origin=Origin.CONSENSUS,
        )
        for case_id in room.case_ids
    )  # fmt: skip
    room.ws.run(OfferProposals(proposals=drafts))
    task = room.ws.ranking.create("Reports", [reports()], asked_of(grace.id, alan.id))
    made.reopen(reader_name=f"{MARK} Alan")
    made.ws.sign_in(f"{MARK} Alan", f"{MARK} password 1")
    judge(room.ws, task.id, f"{MARK} rationale")
    for case_id in room.case_ids[:18]:
        work(room, case_id)
    made.reopen()
    plant_every_kind(room, alan.id)
    target = room.folder / "for grace" / "grace.rroom"
    target.parent.mkdir()
    room.ws.team.package(grace.id, target)
    sent = of_grace(room)
    assert len(sent.gold) > 2 and sent.tasks == (task.id,)
    return target


def plant_every_kind(room: TeamRoom, reader_id: str) -> None:
    """A row of every other kind of record on a case that Grace reads too, past the log."""
    case_id = room.case_ids[0]
    (series,) = room.ws.series(case_id)
    given: dict[str, Any] = dict.fromkeys(PEOPLE, reader_id)
    given |= {"case_id": case_id, "frame": room.ws.frame_refs(series.id)[0]}
    rows = rows_of_others(MARK, NUMBER, given)
    writer = room.ws._database.writer
    with transaction(writer):
        package.write_rows(writer, rows)


def of_grace(room: TeamRoom) -> Package:
    grace = room.ws.accounts.known("Grace")
    assert grace is not None
    (sent,) = [p for p in room.ws.team.packages() if p.reader_id == grace.id]
    return sent


def reports() -> DraftPrompt:
    texts = ("No change.", "Stable.", "Larger.")
    drafts = (DraftCandidate(text=t, source=f"{MARK} model {t}") for t in texts)
    return DraftPrompt("Which is clearer?", tuple(drafts))


def asked_of(*reader_ids: str) -> RankingTask:
    return RankingTask(id="", title="", reader_ids=reader_ids)


def judge(ws: Workspace, task_id: str, why: str) -> int:
    count = 0
    while (asked := ws.ranking.next(task_id)) is not None:
        ws.ranking.compare(asked, Outcome.LEFT, Remark(rationale=why))
        count += 1
    return count


def work(room: TeamRoom, case_id: str) -> None:
    """Answers, a region and a mask that hold canaries."""
    made, n = room.made, room.case_ids.index(case_id)
    ws = room.ws
    region = made.region(Box(x0=1, y0=1, x1=NUMBER, y1=9), case=n)
    region = replace(region, comment=f"{MARK} comment")
    ws.run(AddAnnotation(annotation=region, what=f"{MARK} draw"))
    ws.run(AnswerQuestion(case_id=case_id, question_id="count", value=4))
    ws.run(AnswerQuestion(case_id=case_id, question_id="quality", value=room.right(case_id)))
    state = AssignmentState.DONE if n % 2 or n >= 18 else AssignmentState.SKIPPED
    ws.run(MarkCase(case_id=case_id, state=state, why=f"{MARK} why"), reason=f"{MARK} reason")


def found_in(raw: bytes) -> list[bytes]:
    return [needle for needle in NEEDLES if needle in raw]


def all_bytes(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below a folder as it is, and what is packed in it."""
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        raw = path.read_bytes()
        yield path.name, raw
        if path.name == "masks.jsonl":
            for line in raw.splitlines():
                yield path.name, zlib.decompress(base64.b64decode(json.loads(line)["runs"]))
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as file:
                for name in file.namelist():
                    yield name, file.read(name)


def test_no_canary_is_in_a_package_its_exports_or_its_logs(room: TeamRoom) -> None:
    target = plant(room)
    held = room.made.path.read_bytes() + wal(room)
    for kind in set(RECORD_TABLES) - GOES_ALONG:
        assert f"{MARK}-{kind.__name__}".encode() in held, "the control finds every kind"
    reader = room.simulated("Grace", 0.1)
    with reader.open(target) as ws:
        assert ws.case_count() > 18
        made = room.made
        made.ws, kept = ws, made.ws
        made.cases = [ws.first_open_case()]
        mask = disk_mask(9, 9, 4)
        made.frames = list(ws.frame_refs(ws.series(made.cases[0])[0].id))
        made.paint(mask)
        made.ws = kept
        reader.read(ws)
        (line,) = ws.ranking.tasks()
        assert (line.done, line.wanted) == (0, 4), "what Alan said is not counted, nor there"
        assert judge(ws, line.task.id, "Clearer.") == 4
        ws.export_bundle(target.parent / "bundle", LOG_ONLY)
        ws.export_bundle(target.parent / "whole.zip")
        connection = ws._database.reader
        for (data,) in connection.exec_driver_sql("SELECT data FROM blobs"):
            assert not found_in(zlib.decompress(data))
        lead = room.ws.reader.id.encode()
        alan = next(r.id for r, n in room.ws.readers() if MARK in n).encode()
    looked = 0
    for name, raw in all_bytes(target.parent):
        assert not found_in(raw), name
        assert lead not in raw and alan not in raw, f"another reader's id is in {name}"
        looked += 1
    assert looked > 12
    gold = of_grace(room).gold
    raw = target.read_bytes()
    assert all(shown.encode() in raw and real.encode() not in raw for shown, real in gold.items())


def wal(room: TeamRoom) -> bytes:
    path = room.made.path.with_name(room.made.path.name + "-wal")
    return path.read_bytes() if path.exists() else b""


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_no_canary_is_in_the_memory_of_a_process_that_reads_the_package(room: TeamRoom) -> None:
    target = plant(room)
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(target)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    try:
        assert child.stdout is not None and child.stdout.readline() == "ready\n"
        try:
            memory = memory_of(child.pid)
        except PermissionError:
            pytest.skip("this system does not show a child's memory to its parent")
    finally:
        child.communicate("\n", timeout=30)
    with_own_title = "CT · P-".encode()
    assert sum(with_own_title in part for part in memory), "the control finds what is there"
    for part in memory:
        assert not found_in(part)


def memory_of(pid: int) -> list[bytes]:
    """The readable memory of a process, region by region; libraries' own code left out."""
    found = []
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            fields = line.split()
            if not re.match("rw", fields[1]) or fields[-1] in ("[vvar]", "[vsyscall]"):
                continue
            start, end = (int(x, 16) for x in fields[0].split("-"))
            memory.seek(start)
            try:
                found.append(memory.read(end - start))
            except OSError:
                continue
    return found


# can gold be told from other cases? -------------------------------------------------------------


def test_nothing_in_a_package_tells_gold_from_other_cases(tmp_path: Path) -> None:
    """A classifier on place, ids, texts, sizes and timing does no better than a coin."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import cross_val_predict

    with opened_room(tmp_path, 0) as room:
        features, is_gold = observed(room, 2400)
    assert len(features) > 1900 and 0.25 < is_gold.mean() < 0.35

    def auc(table: np.ndarray) -> float:
        forest = RandomForestClassifier(80, min_samples_leaf=10, random_state=0, n_jobs=1)
        guessed = cross_val_predict(forest, table, is_gold, cv=5, method="predict_proba")
        return float(roc_auc_score(is_gold, guessed[:, 1]))

    measured = auc(features)
    assert 0.45 <= measured <= 0.55, measured
    # the control: the same classifier sees a mark that every other gold case carries
    marked = np.column_stack([features, is_gold & (np.arange(len(is_gold)) % 2 == 0)])
    assert auc(marked) > 0.6


def observed(room: TeamRoom, count: int) -> tuple[np.ndarray, np.ndarray]:
    """What a reader with a database browser sees of each item of a package, and what it is."""
    room.rows_of_cases(count)
    gold = [c for c in room.case_ids if int(stable_id("g", c)[:4], 16) % 10 < 4]
    records = [
        GoldCase(id=GoldCase.id_for(c), case_id=c, author_id="x", answers={"quality": "good"})
        for c in gold
    ]
    with transaction(room.ws._database.writer):
        package.write_rows(room.ws._database.writer, records)
    grace = room.add_reader("Grace")
    mix = GoldMix(rate=0.3, first=0, first_rate=0.0, repeat_rate=0.0)
    others = [c for c in room.case_ids if c not in set(gold)]
    room.ws.run(TagCases(case_ids=tuple(others[:1]), tag="x"))  # events beside the bulk of rows
    tagged = room.folder / "p.rroom"
    room.give(grace, others, mix)
    room.ws.team.package(grace.id, tagged)
    (record,) = room.ws.team.packages()
    features = []
    with room.simulated("Grace", 0.0).open(tagged) as ws:
        seconds = {}
        for line in ws.cases(limit=count):
            begin = time.perf_counter()
            ws.series(line.case.id), ws.schema(line.case.id), ws.annotations(line.case.id)
            seconds[line.case.id] = time.perf_counter() - begin
    file = sqlite3.connect(tagged)
    aliases = dict(
        file.execute("SELECT record_id, event_uuid FROM record_heads WHERE kind = 'case'")
    )
    query = (
        "SELECT c.rowid, c.id, c.position, c.title, c.data, s.rowid, s.id, s.data, i.rowid, i.id, "
        "i.data, t.rowid, t.data FROM case_rows c JOIN series_rows s ON s.study_id = c.study_id "
        "JOIN instance_rows i ON i.series_id = s.id JOIN study_rows t ON t.id = c.study_id "
        "ORDER BY c.position"
    )
    rows = file.execute(query).fetchall()
    file.close()
    for row in rows:
        texts = [str(v) for v in row if isinstance(v, str)] + [aliases[row[1]]]
        numbers = [float(v) for v in row if isinstance(v, int)]
        digits = [int(re.sub("[^0-9a-f]", "", t.lower())[:8] or "0", 16) for t in texts]
        features.append([*numbers, *digits, *(len(t) for t in texts), seconds[row[1]]])
    return np.array(features), np.array([row[1] in record.gold for row in rows])
