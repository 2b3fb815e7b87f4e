"""Bundles that are cut, changed, signed by others or unknown: a sentence, and nothing taken."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from desktop.domain.errors import UserError
from desktop.exchange.snapshot import manifest_message
from desktop.workspace.access.keys import WorkstationKey
from tests.workspace.simulated_readers import LOG_ONLY, SimulatedReader
from tests.workspace.team_room import TeamRoom, opened_room

MANIFEST = "manifest.json"


@pytest.fixture
def room(tmp_path: Path) -> Iterator[TeamRoom]:
    with opened_room(tmp_path, 3) as opened:
        yield opened


@pytest.fixture
def reader(room: TeamRoom) -> SimulatedReader:
    grace = room.add_reader("Grace")
    from desktop.domain.batch import CaseRule

    room.ws.batches.create("All", CaseRule(), [grace.id])
    made = room.simulated("Grace", 0.0)
    with made.open(room.package(grace)) as ws:
        made.read(ws)
        ws.export_bundle(room.folder / "back", LOG_ONLY)
        ws.export_bundle(room.folder / "back.zip", LOG_ONLY)
    return made


def refused(room: TeamRoom, bundle: Path) -> UserError:
    """The refusal; the project is what it was."""
    before = room.ws.state_digest(), room.ws.event_count()
    with pytest.raises(UserError) as problem:
        room.ws.team.merge([bundle])
    assert (room.ws.state_digest(), room.ws.event_count()) == before
    title = problem.value.title
    assert title.endswith(".") and title.count(". ") == 0, title
    return problem.value


def test_cut_at_every_percent_of_its_length(room: TeamRoom, reader: SimulatedReader) -> None:
    whole = room.folder / "back.zip"
    room.ws.team.trust(whole, reader.fingerprint, "Grace")
    raw, cut = whole.read_bytes(), room.folder / "cut.zip"
    before = room.ws.state_digest(), room.ws.event_count()
    for percent in range(100):
        cut.write_bytes(raw[: len(raw) * percent // 100])
        with pytest.raises(UserError) as problem:
            room.ws.team.merge([cut])
        assert "damaged" in problem.value.title, percent
    assert (room.ws.state_digest(), room.ws.event_count()) == before
    assert room.ws.team.merge([whole]).new > 0


@pytest.mark.parametrize("name", ["audit/events.jsonl", "audit/heads.json", MANIFEST])
def test_a_changed_byte(room: TeamRoom, reader: SimulatedReader, name: str) -> None:
    bundle = room.folder / "back"
    room.ws.team.trust(bundle, reader.fingerprint, "Grace")
    path = bundle / name
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    assert "damaged" in refused(room, bundle).title


def test_a_foreign_signature(room: TeamRoom, reader: SimulatedReader) -> None:
    """Signed anew by a stranger: under Grace's name it is broken, under their own unknown."""
    bundle = room.folder / "back"
    room.ws.team.trust(bundle, reader.fingerprint, "Grace")
    stranger = WorkstationKey(Ed25519PrivateKey.from_private_bytes(b"\x09" * 32))
    sign_anew(bundle, stranger, reader.key.public_hex)
    assert "damaged" in refused(room, bundle).title
    manifest = (bundle / MANIFEST).read_text().replace(reader.key.public_hex, stranger.public_hex)
    (bundle / MANIFEST).write_text(manifest)
    sign_anew(bundle, stranger, stranger.public_hex)
    assert "does not know" in refused(room, bundle).title


def sign_anew(bundle: Path, key: WorkstationKey, public_hex: str) -> None:
    """Sign the manifest as it is with this key, and say that it was ``public_hex``."""
    path = next(p for p in bundle.iterdir() if "sig" in p.name)
    told = json.loads(path.read_bytes())
    digest = hashlib.sha256((bundle / MANIFEST).read_bytes()).hexdigest()
    for name, value in told.items():
        if value == told.get("manifest_sha256"):
            told[name] = digest
    told["public_key"], told["signature"] = public_hex, key.sign(manifest_message(digest))
    path.write_text(json.dumps(told, indent=1, sort_keys=True) + "\n")


def test_an_unknown_key(room: TeamRoom, reader: SimulatedReader) -> None:
    problem = refused(room, room.folder / "back")
    assert "does not know" in problem.title and reader.fingerprint in problem.detail


def test_one_bad_bundle_among_good_ones_stops_all(room: TeamRoom, reader: SimulatedReader) -> None:
    good, bad = room.folder / "back", room.folder / "bad"
    room.ws.team.trust(good, reader.fingerprint, "Grace")
    shutil.copytree(good, bad)
    with (bad / "audit" / "events.jsonl").open("ab") as file:
        file.write(b"{}\n")
    before = room.ws.state_digest(), room.ws.event_count()
    with pytest.raises(UserError, match="damaged"):
        room.ws.team.merge([good, bad])
    assert (room.ws.state_digest(), room.ws.event_count()) == before


def test_something_else_in_the_place_of_a_bundle(room: TeamRoom) -> None:
    text = room.folder / "notes.txt"
    text.write_text("not a bundle")
    other = room.folder / "other.zip"
    with zipfile.ZipFile(other, "w") as file:
        file.writestr("a.txt", "not a bundle either")
    for path in (text, other, room.folder / "not there", room.made.path):
        refused(room, path)
