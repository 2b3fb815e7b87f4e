"""Kill the program while somebody draws, again and again, and look what is left.

    python -m tools.kill_campaign --kills 200

A process with the real window draws; it is killed (SIGKILL) at a random moment. After each kill:
every commit that the window had heard of is in the log exactly once, the file's own check and the
chain are whole, a replay of the log gives the tables, undo goes back through the restart, and a
stroke that had been in hand for over a second is offered back.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from desktop.commands.project import AddSchema, ChooseSchema
from desktop.domain.schema import LabelClass, Schema
from desktop.workspace.workspace import Workspace

ROOT = Path(__file__).resolve().parent.parent
VICTIM = ROOT / "tests" / "journeys" / "kill_victim.py"
JOURNAL_GRACE_S = 1.3  # the journal is written at least once a second

SCHEMA = Schema(
    id="kill@1",
    name="kill",
    version=1,
    title="Kill test",
    classes=(LabelClass(id=1, name="Thing", color="#E69F00", key="1"),),
)


@dataclass
class Campaign:
    """What was seen over all kills; ``faults`` must stay empty."""

    kills: int = 0
    acknowledged: int = 0
    strokes_offered: int = 0
    undone: int = 0
    faults: list[str] = field(default_factory=list)


def run(kills: int, folder: Path, seed: int = 0) -> Campaign:
    """Do the campaign in ``folder``."""
    os.environ["READINGROOM_HOME"] = str(folder / "home")
    project = folder / "kill.rroom"
    case_id = _make(project, folder)
    campaign = Campaign()
    rng = random.Random(seed)
    for number in range(kills):
        acks = folder / f"acks-{number}.txt"
        killed_at = _draw_and_kill(project, acks, seed * 100_000 + number, rng)
        _inspect(project, acks, case_id, killed_at, campaign)
        campaign.kills += 1
    return campaign


def _make(project: Path, folder: Path) -> str:
    rng = np.random.default_rng(0)
    photograph = folder / "photograph.png"
    Image.fromarray(rng.integers(0, 255, (512, 640), dtype=np.uint8)).save(photograph)
    with Workspace.create(project, title="Kill test", reader_name="Ada") as ws:
        ws.run(AddSchema(schema=SCHEMA))
        report = ws.import_images([photograph])
        ws.run(ChooseSchema(case_id=report.cases[0], schema_id=SCHEMA.id))
        return report.cases[0]


def _draw_and_kill(project: Path, acks: Path, seed: int, rng: random.Random) -> float:
    """Start the window, let it draw for a random while, kill it; returns when."""
    command = [sys.executable, str(VICTIM), str(project), str(acks), str(seed)]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 60
    while not (acks.exists() and acks.read_text().startswith("ready")):
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            raise RuntimeError("The window that was to be killed did not start.")
        time.sleep(0.02)
    time.sleep(rng.uniform(0.0, 2.6))
    process.kill()
    killed_at = time.time()
    process.wait()
    return killed_at


def _inspect(project: Path, acks: Path, case_id: str, killed_at: float, campaign: Campaign) -> None:
    lines = [line.split(" ", 1) for line in acks.read_text().splitlines()]
    seen = [text for word, text in lines if word == "event"]
    campaign.acknowledged += len(seen)
    fault = campaign.faults.append
    label = f"kill {campaign.kills + 1}"
    with Workspace.open(project, reader_name="Ada") as ws:
        report = ws.verify()
        if not report.ok:
            fault(f"{label}: {report.sentences}")
        kept = Counter(ws.event_ids())
        lost = [uuid for uuid in seen if not kept[uuid]]
        doubled = [uuid for uuid, count in kept.items() if count > 1]
        if lost:
            fault(f"{label}: {len(lost)} commits that the window had heard of are lost")
        if doubled:
            fault(f"{label}: {len(doubled)} events are doubled")
        in_hand = lines[-1][0] == "stroke" and killed_at - float(lines[-1][1]) > JOURNAL_GRACE_S
        offered = ws.journaled_gesture()
        if in_hand and offered is None:
            fault(f"{label}: a stroke of over a second is not offered back")
        campaign.strokes_offered += in_hand and offered is not None
        ws.clear_journal()
        _undo_and_redo(ws, case_id, campaign, label)


def _undo_and_redo(ws: Workspace, case_id: str, campaign: Campaign, label: str) -> None:
    """Take back what the killed session drew, and bring it again."""
    before = ws.state_digest()
    done = 0
    while done < 5 and ws.undo(case_id) is not None:
        done += 1
    for _ in range(done):
        ws.redo(case_id)
    campaign.undone += done
    if ws.state_digest() != before:
        campaign.faults.append(f"{label}: undo and redo over the restart changed something")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 10_000)
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="readingroom-kill-") as folder:
        begin = time.monotonic()
        campaign = run(options.kills, Path(folder), options.seed)
    print(
        f"{campaign.kills} kills in {time.monotonic() - begin:.0f} s (seed {options.seed}): "
        f"{campaign.acknowledged} commits acknowledged, {campaign.strokes_offered} strokes of over "
        f"a second offered back, {campaign.undone} steps undone across restarts, "
        f"{len(campaign.faults)} faults"
    )
    for sentence in campaign.faults:
        print("  " + sentence)
    return 1 if campaign.faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
