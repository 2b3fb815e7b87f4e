"""How long it takes to merge a foreign log, and whether that grows straight with its length.

    python -m tools.bench.merge [--events 1000000] [--json FILE]

The floor, in the same run: decoding each event and checking its digest, without a database.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from desktop.domain.annotation import Annotation, Label, Target
from desktop.domain.contracts import Progress
from desktop.domain.event import GENESIS, Change, Event, chain_digest, event_body
from desktop.domain.geometry import Box
from desktop.domain.record import stable_id, to_plain
from desktop.domain.schema import Scope
from desktop.store import merge
from desktop.store.database import transaction
from desktop.store.merge import Line
from desktop.store.transaction import decode_event
from desktop.workspace.workspace import Workspace
from tools.bench.figures import hand_over


def foreign_lines(count: int) -> Iterator[Line]:
    """A chain of a machine that drew one box after the other, every fourth one changed once."""
    previous = GENESIS
    last: tuple[dict[str, Any], str] | None = None
    for seq in range(1, count + 1):
        uuid = stable_id("bench", str(seq))
        if seq % 4 == 0 and last is not None:
            before, base = last
            after = {**before, "label": {"class_id": 2, "attributes": {}}}
            change = Change(
                kind="annotation", id=before["id"], bases=(base,), before=before, after=after
            )
        else:
            after = to_plain(_box(seq))
            change = Change(kind="annotation", id=after["id"], bases=(), before=None, after=after)
            last = (after, uuid)
        event = Event(
            chain="W-0123456789abcdef.00000000",
            seq=seq,
            uuid=uuid,
            group=uuid,
            reader_id="reader",
            case_id=f"case-{seq // 10}",
            time_utc="2026-01-01T00:00:00.000000Z",
            utc_offset_min=0,
            command="AddAnnotation",
            title="Draw box",
            schema_id="bench@1",
            changes=(change,),
            previous=previous,
        )
        body = event_body(event)
        previous = chain_digest(previous, body)
        yield Line(body, previous)


def _box(seq: int) -> Annotation:
    return Annotation(
        id=stable_id("annotation", str(seq)),
        case_id=f"case-{seq // 10}",
        reader_id="reader",
        schema_id="bench@1",
        target=Target(scope=Scope.REGION),
        label=Label(class_id=1),
        geometry=Box(x0=1.0, y0=1.0, x1=9.0, y1=9.0),
    )


def measure(count: int) -> dict[str, float]:
    """Seconds to merge ``count`` events into an empty project, and the floor."""
    lines = list(foreign_lines(count))
    begin = time.perf_counter()
    for line in lines:
        event = decode_event(line.body)
        assert chain_digest(event.previous, line.body) == line.digest
    floor_s = time.perf_counter() - begin
    with tempfile.TemporaryDirectory() as folder:
        os.environ["READINGROOM_HOME"] = folder
        ws = Workspace.create(Path(folder) / "merge.rroom", title="Bench", reader_name="Bench")
        connection = ws._database.writer
        begin, work = time.perf_counter(), time.process_time()
        with transaction(connection):
            taken = merge.take_events(connection, lines, Progress(), count)
        merge_s, merge_cpu_s = time.perf_counter() - begin, time.process_time() - work
        assert taken.new == count
        begin = time.perf_counter()
        with transaction(connection):
            again = merge.take_events(connection, lines, Progress(), count)
        again_s = time.perf_counter() - begin
        assert again.known == count
        ws._database.close()
    return {
        "events": count,
        "merge_s": round(merge_s, 2),
        "merge_processor_s": round(merge_cpu_s, 2),
        "again_s": round(again_s, 2),
        "floor_s": round(floor_s, 2),
        "microseconds_per_event": round(merge_s / count * 1e6, 1),
        "ratio_to_floor": round(merge_s / floor_s, 1),
    }


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(argv)
    result = [measure(count) for count in (options.events // 4, options.events)]
    return hand_over(result, options.json)


if __name__ == "__main__":
    raise SystemExit(main())
