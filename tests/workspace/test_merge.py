"""Offline merge: whatever was done where, in whatever order it arrives, all end up the same."""

from __future__ import annotations

import contextlib
import datetime
import tempfile
from pathlib import Path

import hypothesis.strategies as st
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from desktop.commands.annotation import DeleteAnnotations, RelabelAnnotations
from desktop.commands.conflict import SettleConflict
from desktop.commands.project import AnswerQuestion
from desktop.domain.annotation import Annotation
from desktop.domain.contracts import Progress
from desktop.domain.errors import ConflictProblem, UserError
from desktop.domain.event import Event
from desktop.domain.geometry import Box
from desktop.domain.record import from_plain, to_json
from desktop.exchange.exporter import BundleOptions
from desktop.store import log, merge, queries, versions
from desktop.store.database import transaction
from desktop.store.merge import Line
from desktop.workspace.access.keys import WorkstationKey
from desktop.workspace.team import handing_out, merging
from desktop.workspace.workspace import Workspace
from tests.workspace.made import MadeProject, disk_mask, ticking_clock

CASE = "case-0"


class Station:
    """One workstation: its own key, a clock that is years off, its copy of the project."""

    def __init__(self, folder: Path, original: MadeProject, number: int) -> None:
        self.folder = folder / f"station-{number}"
        self.folder.mkdir()
        self.key = WorkstationKey(Ed25519PrivateKey.from_private_bytes(bytes([number + 1] * 32)))
        years = datetime.timedelta(days=365 * (number * 7 - 10))
        self.clock = ticking_clock(datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC) + years)
        path = handing_out.hand_out(original.ws, self.folder / "copy.rroom")
        self.made = MadeProject.around(path, self.key, self.clock)

    @property
    def ws(self) -> Workspace:
        return self.made.ws

    def trust(self, others: list[Station]) -> None:
        for other in others:
            if other is not self:
                queries.trust_key(self.ws._database.writer, other.key.public_hex, "x", "")

    def lines(self) -> list[Line]:
        return [Line(body, digest) for body, digest in log.event_lines(self.ws._read)]

    def masks(self) -> list[bytes]:
        return [queries.runs(self.ws._read, s.runs) for s in self.ws.mask_slices(CASE)]

    def take(self, lines: list[Line]) -> merge.Taken:
        connection = self.ws._database.writer
        with transaction(connection):
            return merge.take_events(connection, lines, Progress())


def make_stations(folder: Path, count: int) -> list[Station]:
    original = MadeProject(folder, cases=1)
    original.draw()
    stations = [Station(folder, original, n) for n in range(count)]
    for station in stations:
        station.trust(stations)
        queries.trust_key(station.ws._database.writer, original.key.public_hex, "lead", "")
    original.close()
    return stations


class MergeMachine(RuleBasedStateMachine):
    """Three to five machines that edit and exchange in random order, in parts and twice."""

    @initialize(count=st.integers(3, 5))
    def start(self, count: int) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.stations = make_stations(Path(self.folder.name), count)
        self.written: set[str] = set()
        for station in self.stations:
            station.ws.on_committed(self._remember)

    def _remember(self, event: Event) -> None:
        self.written.add(event.uuid)

    def teardown(self) -> None:
        if hasattr(self, "stations"):
            self.everybody_gets_everything()
            for station in self.stations:
                station.made.close()
            self.folder.cleanup()

    def everybody_gets_everything(self) -> None:
        for _round in range(2):
            for one in self.stations:
                for other in self.stations:
                    one.take(other.lines())
        digests = {s.ws.state_digest() for s in self.stations}
        assert len(digests) == 1
        heads = {repr(versions.conflicts(s.ws._read)) for s in self.stations}
        assert len(heads) == 1
        for station in self.stations:
            assert self.written <= set(station.ws.event_ids())
            assert not merge.missing_ranges(station.ws._read)

    def station(self, data: st.DataObject) -> Station:
        return self.stations[data.draw(st.integers(0, len(self.stations) - 1))]

    @rule(data=st.data(), x=st.integers(1, 20), class_id=st.sampled_from((1, 2, 3)))
    def draw(self, data: st.DataObject, x: int, class_id: int) -> None:
        self.station(data).made.draw(Box(x0=x, y0=1, x1=x + 4, y1=5), class_id)

    @rule(data=st.data(), x=st.integers(4, 20))
    def paint(self, data: st.DataObject, x: int) -> None:
        self.station(data).made.paint(disk_mask(x, 9, 3))

    @rule(data=st.data(), class_id=st.sampled_from((1, 2, 3)))
    def relabel(self, data: st.DataObject, class_id: int) -> None:
        ws = self.station(data).ws
        regions = [a.id for a in ws.annotations(CASE)]
        if regions:
            some = data.draw(st.lists(st.sampled_from(regions), min_size=1, unique=True))
            ws.run(RelabelAnnotations(case_id=CASE, annotation_ids=tuple(some), class_id=class_id))

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        ws = self.station(data).ws
        regions = [a.id for a in ws.annotations(CASE)]
        if regions:
            chosen = data.draw(st.sampled_from(regions))
            ws.run(DeleteAnnotations(case_id=CASE, annotation_ids=(chosen,)))

    @rule(data=st.data(), value=st.sampled_from(("good", "poor", None)))
    def answer(self, data: st.DataObject, value: str | None) -> None:
        self.station(data).ws.run(AnswerQuestion(case_id=CASE, question_id="quality", value=value))

    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        with contextlib.suppress(ConflictProblem):  # another version stands: refused in words
            self.station(data).ws.undo(CASE)

    @rule(data=st.data(), share=st.floats(0.2, 1.0), shuffled=st.booleans())
    def exchange(self, data: st.DataObject, share: float, shuffled: bool) -> None:
        """A part of one log, perhaps out of order, perhaps twice, reaches another machine."""
        lines = self.station(data).lines()
        part = lines[: max(1, int(len(lines) * share))] if share < 0.9 else lines
        if shuffled:
            part = data.draw(st.permutations(part))
        self.station(data).take([*part, *part[:3]])

    @precondition(lambda self: getattr(self, "bundle_count", 0) < 2)
    @rule(data=st.data(), twice=st.booleans())
    def exchange_bundles(self, data: st.DataObject, twice: bool) -> None:
        """The same through real bundles: exported, read back, checked, merged."""
        self.bundle_count = getattr(self, "bundle_count", 0) + 1
        bundle = Path(self.folder.name) / f"bundle-{self.bundle_count}"
        self.station(data).ws.export_bundle(bundle, BundleOptions(formats=("audit",)))
        here = self.station(data)
        for _ in range(1 + twice):
            here.ws.team.merge([bundle])

    @precondition(lambda self: hasattr(self, "stations"))
    @invariant()
    def rows_equal_replay(self) -> None:
        for station in self.stations[:2]:
            faults = log.table_faults(station.ws._read)
            assert not faults, faults


TestMerge = MergeMachine.TestCase
TestMerge.settings = settings(
    max_examples=12,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking takes minutes
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def pair(tmp_path: Path) -> list[Station]:
    return make_stations(tmp_path, 2)


def test_two_edits_from_one_base_are_two_versions_until_settled(pair: list[Station]) -> None:
    here, there = pair
    region = here.ws.annotations(CASE)[0].id
    for station, class_id in ((here, 2), (there, 3)):
        station.ws.run(
            RelabelAnnotations(case_id=CASE, annotation_ids=(region,), class_id=class_id)
        )
    here.take(there.lines())
    ((kind, record_id, standing),) = merging.conflicts(here.ws)
    assert (kind, record_id, len(standing)) == ("annotation", region, 2)
    both = [
        from_plain(versions.version(here.ws._read, kind, record_id, e), Annotation)
        for e in standing
    ]
    assert {a.label.class_id for a in both} == {2, 3}
    chosen = next(a for a in both if a.label.class_id == 3)
    here.ws.run(
        SettleConflict(case_id=CASE, kind=kind, record_id=record_id, chosen=to_json(chosen))
    )
    assert merging.conflicts(here.ws) == []
    there.take(here.lines())
    assert merging.conflicts(there.ws) == []
    assert there.ws.annotations(CASE)[0].label.class_id == 3
    assert there.ws.state_digest() == here.ws.state_digest()
    assert here.ws.verify().ok, here.ws.verify().sentences


def test_the_same_edit_on_two_machines_is_no_conflict(pair: list[Station]) -> None:
    here, there = pair
    for station in pair:
        station.ws.run(AnswerQuestion(case_id=CASE, question_id="quality", value="good"))
    here.take(there.lines())
    assert merging.conflicts(here.ws) == []


def test_what_has_not_arrived_is_named(pair: list[Station]) -> None:
    here, there = pair
    for _ in range(6):
        there.made.draw()
    own = [line for line in there.lines() if there.ws._chain in line.body]
    here.take(own[:2] + own[4:])
    (gap,) = merge.missing_ranges(here.ws._read)
    assert (gap.chain, gap.first, gap.last) == (there.ws._chain, 3, 4)
    here.take(own)
    assert merge.missing_ranges(here.ws._read) == []


def test_a_changed_event_is_refused_and_nothing_is_taken(pair: list[Station]) -> None:
    here, there = pair
    there.made.draw()
    before = here.ws.state_digest(), here.ws.event_count()
    *good, last = there.lines()
    forged = Line(last.body.replace('"Draw box"', '"Draw bos"'), last.digest)
    with pytest.raises(UserError, match="was changed"):
        here.take([*good, forged])
    assert (here.ws.state_digest(), here.ws.event_count()) == before


def test_a_project_file_that_went_two_ways_is_refused(tmp_path: Path, pair: list[Station]) -> None:
    """Copying the file behind the program's back gives two machines one chain."""
    here, there = pair
    there.ws.close()
    twin_path = tmp_path / "twin.rroom"
    twin_path.write_bytes(there.made.path.read_bytes())
    twin = MadeProject.around(twin_path, there.key, there.clock)
    twin.draw()
    there.made.reopen_closed()
    there.made.draw()
    here.take(there.lines())
    with pytest.raises(ConflictProblem, match="Two copies"):
        here.take([Line(b, d) for b, d in log.event_lines(twin.ws._read)])
    twin.close()


def test_last_writer_wins_would_not_converge(pair: list[Station]) -> None:
    """The control: a merge that lets the newest clock win loses the edit of the slow clock."""
    here, there = pair
    region = here.ws.annotations(CASE)[0].id
    for station, class_id in ((here, 2), (there, 3)):
        station.ws.run(
            RelabelAnnotations(case_id=CASE, annotation_ids=(region,), class_id=class_id)
        )
    newest = max(
        (s.lines()[-1] for s in pair), key=lambda line: line.body.partition('"time_utc":"')[2][:20]
    )
    winner_only = [line for line in there.lines() if line != newest]
    here.take(winner_only)
    kept = {line.body for line in here.lines()} | {newest.body}
    everything = {line.body for s in pair for line in s.lines()}
    assert here.take(there.lines()).new + len(kept) >= len(everything)
    assert len(merging.conflicts(here.ws)) == 1
