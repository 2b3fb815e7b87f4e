"""Bundles that come back: through the whole way out and in, with keys, previews and bad bundles."""

from __future__ import annotations

import datetime
import itertools
import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from desktop.commands.annotation import RelabelAnnotations
from desktop.domain.errors import AccessProblem, ConflictProblem, FileProblem, UserError
from desktop.exchange.exporter import BundleOptions
from desktop.workspace.access.keys import WorkstationKey
from tests.workspace.made import MadeProject, disk_mask, ticking_clock

CASE = "case-0"
LOG_ONLY = BundleOptions(formats=("audit",))


def station(made: MadeProject, number: int) -> MadeProject:
    """Another machine with its own key and a copy of the project."""
    folder = made.folder / f"station-{number}"
    folder.mkdir()
    key = WorkstationKey(Ed25519PrivateKey.from_private_bytes(bytes([number] * 32)))
    path = made.ws.team.hand_out(folder / "copy.rroom")
    clock = ticking_clock(datetime.datetime(2026 + number, 1, 1, tzinfo=datetime.UTC))
    return MadeProject.around(path, key, clock)


@pytest.fixture
def returned(made: MadeProject) -> list[Path]:
    """Bundles of three machines that drew, painted and changed the same region."""
    made.draw()
    region = made.ws.annotations(CASE)[0].id
    bundles = []
    for number in (1, 2, 3):
        there = station(made, number)
        there.draw()
        there.paint(disk_mask(5 * number, 9, 3))
        relabel = RelabelAnnotations(case_id=CASE, annotation_ids=(region,), class_id=number)
        there.ws.run(relabel)
        bundles.append(there.folder / f"bundle-{number}")
        there.ws.export_bundle(bundles[-1], LOG_ONLY)
        there.ws.close()
    return bundles


def trust_all(made: MadeProject, bundles: list[Path]) -> None:
    for bundle in bundles:
        with pytest.raises(AccessProblem, match="does not know") as problem:
            made.ws.team.preview([bundle])
        shown = problem.value.detail.split()[-1].rstrip(".")
        made.ws.team.trust(bundle, shown, bundle.name)


def test_a_stranger_is_refused_until_the_fingerprint_was_compared(
    made: MadeProject, returned: list[Path]
) -> None:
    with pytest.raises(UserError, match="not the fingerprint"):
        made.ws.team.trust(returned[0], "0000-0000-0000-0000", "x")
    trust_all(made, returned)
    assert sorted(made.ws.team.trusted().values()) == ["bundle-1", "bundle-2", "bundle-3"]


def test_a_preview_changes_nothing_and_tells_what_a_merge_does(
    made: MadeProject, returned: list[Path]
) -> None:
    trust_all(made, returned)
    before = made.ws.state_digest(), made.ws.event_count()
    preview = made.ws.team.preview(returned)
    assert (made.ws.state_digest(), made.ws.event_count()) == before
    done = made.ws.team.merge(returned)
    assert (done.new, done.conflicts) == (preview.new, preview.conflicts)
    assert done.new > 0 and done.conflicts == 1 and not done.missing
    assert made.ws.verify().ok, made.ws.verify().sentences
    again = made.ws.team.merge(returned)
    assert again.new == 0
    areas = sorted(s.area_px for s in made.ws.mask_slices(CASE))
    assert len(areas) == 3 and all(areas)


def test_six_orders_twice_each_give_the_same_content(
    made: MadeProject, returned: list[Path]
) -> None:
    trust_all(made, returned)
    made.ws.close()
    digests = set()
    for order in itertools.permutations(returned):
        copy = made.folder / "order.rroom"
        shutil.copy(made.path, copy)
        here = MadeProject.around(copy, made.key, made.clock)
        for bundle in (*order, *order):
            here.ws.team.merge([bundle])
        digests.add(here.ws.state_digest())
        here.close()
        copy.unlink()
    made.reopen_closed()
    assert len(digests) == 1


def test_a_conflict_is_settled_once_for_all(made: MadeProject, returned: list[Path]) -> None:
    trust_all(made, returned)
    made.ws.team.merge(returned)
    (conflict,) = made.ws.team.conflicts()
    assert conflict.kind == "annotation" and conflict.case_id == CASE
    classes = sorted(v.record.label.class_id for v in conflict.versions)  # type: ignore[union-attr]
    assert classes == [2, 3]  # the machine that set class 1 changed nothing
    made.ws.team.settle(conflict, conflict.versions[0])
    assert made.ws.team.conflicts() == []
    assert made.ws.team.merge(returned).new == 0
    assert made.ws.team.conflicts() == []


def test_only_the_lead_merges(made: MadeProject, returned: list[Path]) -> None:
    made.reopen(reader_name="Grace")
    with pytest.raises(AccessProblem, match="lead"):
        made.ws.team.merge(returned)


@pytest.mark.parametrize("percent", range(1, 100, 7))
def test_a_cut_bundle_leaves_the_project_as_it_is(
    made: MadeProject, returned: list[Path], percent: int
) -> None:
    trust_all(made, returned)
    before = made.ws.state_digest(), made.ws.event_count()
    events = returned[0] / "audit" / "events.jsonl"
    whole = events.read_bytes()
    events.write_bytes(whole[: len(whole) * percent // 100])
    with pytest.raises(FileProblem, match="damaged"):
        made.ws.team.merge(returned)
    assert (made.ws.state_digest(), made.ws.event_count()) == before


def test_a_bundle_of_another_project_is_refused(made: MadeProject, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    clock = ticking_clock(datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC))
    other = MadeProject(tmp_path / "other", clock=clock)
    bundle = tmp_path / "foreign"
    other.ws.export_bundle(bundle, LOG_ONLY)
    other.close()
    with pytest.raises(ConflictProblem, match="another project"):
        made.ws.team.merge([bundle])
