"""The quality board on a project with a million answers: how long until it is all counted.

    python -m tools.bench.quality [--answers 1000000] [--json FILE]

The project is made once in a cache folder: rows are written at once instead of by a million
gestures, with the columns that the application gives them. The floor in the same run is one plain
read of all answers into Python.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select

from desktop.commands.project import AddReader, AddSchema
from desktop.domain.annotation import Answer
from desktop.domain.record import Record, stable_id, to_json
from desktop.domain.schema import Choice, Question, QuestionKind, Schema
from desktop.domain.study import Case, Series, Study
from desktop.domain.task import Assignment, AssignmentState, Reader, Role
from desktop.domain.time_span import TimeSpan, TimeState
from desktop.store.tables import INDEXED, RECORD_TABLES
from desktop.workspace.quality.quality_measures import BoardOptions
from desktop.workspace.workspace import Workspace
from tools.bench.figures import hand_over

READERS = 5
RIGHT = 0.85
SCHEMA = Schema(
    id="bench@1",
    name="bench",
    version=1,
    title="Bench",
    questions=(
        Question(
            id="finding",
            text="Main finding",
            kind=QuestionKind.CHOICE,
            choices=tuple(Choice(id=f"f{k}", text=f"Finding {k}") for k in range(4)),
        ),
        Question(id="sure", text="Effusion", kind=QuestionKind.YES_NO),
        Question(id="grade", text="Grade", kind=QuestionKind.RATING, minimum=1, maximum=5),
        Question(id="size", text="Size", kind=QuestionKind.NUMBER, unit="mm"),
    ),
)


def build(path: Path, cases: int) -> None:
    """Cases read by five readers who are right in most answers."""
    rng = random.Random(1)
    ws = Workspace.create(path, title="Bench", reader_name="Lead")
    ws.run(AddSchema(schema=SCHEMA))
    readers = [ws.new_id() for _ in range(READERS)]
    for reader in readers:
        ws.run(AddReader(reader=Reader(id=reader, role=Role.READER)))
    writer = ws._database.writer
    writer.exec_driver_sql("BEGIN IMMEDIATE")
    block: dict[type[Record], list[dict[str, Any]]] = {}
    for number, record in enumerate(_records(cases, readers, rng)):
        kind = type(record)
        values = {i.name: i.read(record) for i in INDEXED[kind]}
        block.setdefault(kind, []).append({"id": record.id, **values, "data": to_json(record)})
        if number % 50_000 == 49_999:
            _flush(writer, block)
    _flush(writer, block)
    writer.exec_driver_sql("COMMIT")
    ws._database.close()  # no backup of a benchmark


def _flush(writer: Any, block: dict[type[Record], list[dict[str, Any]]]) -> None:
    for kind, rows in block.items():
        writer.execute(insert(RECORD_TABLES[kind]), rows)
    block.clear()


def _records(cases: int, readers: list[str], rng: random.Random) -> Iterator[Record]:
    for n in range(cases):
        case_id = stable_id("case", str(n))
        study = f"study-{n:07}"
        yield Study(id=study, study_instance_uid="", patient_key=f"P-{n // 2:06}")
        yield Series(
            id=f"series-{n:07}",
            study_id=study,
            series_instance_uid="",
            modality=("CT", "MR")[n % 2],
        )
        yield Case(id=case_id, study_id=study, title=f"CT · P-{n // 2:06}", order=n,
                   series_ids=(f"series-{n:07}",), schema_id=SCHEMA.id)  # fmt: skip
        truth = (
            f"f{rng.randrange(4)}",
            rng.random() < 0.3,
            float(rng.randint(1, 5)),
            rng.gauss(20, 6),
        )
        for reader in readers:
            yield Assignment(
                id=Assignment.id_for(case_id, reader),
                case_id=case_id,
                reader_id=reader,
                state=AssignmentState.DONE,
            )
            yield TimeSpan(
                id=stable_id("span", case_id, reader), reader_id=reader, case_id=case_id, tool="",
                state=TimeState.ACTIVE, start_utc="", seconds=rng.lognormvariate(4, 0.5),
            )  # fmt: skip
            for question, value in zip(SCHEMA.questions, _said(truth, rng), strict=True):
                yield Answer(
                    id=stable_id("answer", case_id, reader, question.id),
                    case_id=case_id,
                    reader_id=reader,
                    schema_id=SCHEMA.id,
                    question_id=question.id,
                    value=value,
                )


def _said(truth: tuple[str, bool, float, float], rng: random.Random) -> tuple[Any, ...]:
    finding, sure, grade, size = truth
    if rng.random() > RIGHT:
        finding = f"f{rng.randrange(4)}"
    if rng.random() > RIGHT:
        sure = not sure
    if rng.random() > RIGHT:
        grade = min(5.0, max(1.0, grade + rng.choice((-1, 1))))
    return finding, sure, grade, round(size + rng.gauss(0, 2), 1)


def measure(path: Path) -> dict[str, Any]:
    """Open the board twice and each row once."""
    ws = Workspace.open(path, reader_name="Lead")
    rows = RECORD_TABLES[Answer]
    count = ws._read.execute(select(func.count()).select_from(rows)).scalar_one()
    begin = time.perf_counter()
    plain = ws._read.execute(select(rows.c.case_id, rows.c.reader_id, rows.c.said)).all()
    floor = time.perf_counter() - begin
    del plain
    times, worked = [], []
    for options in (BoardOptions(), BoardOptions(), BoardOptions(only_closed=False)):
        begin, work = time.perf_counter(), time.process_time()
        board = ws.quality.board(options)
        times.append(round(time.perf_counter() - begin, 2))
        worked.append(round(time.process_time() - work, 2))
    details = {}
    for row in board.rows:
        begin = time.perf_counter()
        detail = ws.quality.detail(board, row.topic.key)
        details[row.topic.title] = round(time.perf_counter() - begin, 2)
    begin = time.perf_counter()
    ws.quality.active_seconds(detail)
    seconds = time.perf_counter() - begin
    ws._database.close()  # no backup of a benchmark
    return {
        "answers": count,
        "board_first_s": times[0],
        "board_again_s": times[1],
        "board_all_answers_s": times[2],
        "board_again_cpu_s": worked[1],
        "read_all_answers_s": round(floor, 2),
        "ratio_to_reading_all": round(floor / times[1], 2),
        "detail_s": details,
        "active_time_s": round(seconds, 2),
        "agreement": {row.topic.title: row.agreement.text for row in board.rows},
    }


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=1_000_000)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "rr-bench")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(argv)
    options.cache.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("READINGROOM_HOME", str(options.cache / "home"))
    path = options.cache / f"quality-{options.answers}.rroom"
    if not path.exists():
        unfinished = path.with_suffix(".building.rroom")
        unfinished.unlink(missing_ok=True)
        build(unfinished, options.answers // READERS // len(SCHEMA.questions))
        unfinished.rename(path)
    return hand_over(measure(path), options.json)


if __name__ == "__main__":
    raise SystemExit(main())
