"""A bundle that comes back: checked, then read as events, masks and signed heads."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desktop.domain.errors import FileProblem
from desktop.exchange.verify_bundle import HEADS, Bundle, check

EVENTS, MASKS = "audit/events.jsonl", "audit/masks.jsonl"
_BODY_AT = len('{"digest":"') + 64 + len('","body":')
_LARGEST_MASK = 1 << 28  # bytes of run lengths of one frame


@dataclass(frozen=True)
class Returned:
    """What a bundle of this project brings; all of it has passed the bundle's own check."""

    path: Path
    bundle_id: str
    project_id: str
    public_key: str
    event_count: int
    withheld: int
    heads: tuple[dict[str, Any], ...]

    def lines(self) -> Iterator[tuple[str, str]]:
        """(canonical body, digest) of each event, chain by chain."""
        for raw in _lines(self.path, EVENTS):
            entry = json.loads(raw)
            if "body" in entry:
                yield raw[_BODY_AT:-1], entry["digest"]

    def masks(self) -> Iterator[bytes]:
        """Run lengths of the masks that the events name."""
        for raw in _lines(self.path, MASKS):
            unpack = zlib.decompressobj()
            runs = unpack.decompress(base64.b64decode(json.loads(raw)["runs"]), _LARGEST_MASK)
            if unpack.unconsumed_tail:
                raise FileProblem("A mask in the bundle is too large.", self.path.name)
            yield runs


def read_return(path: Path) -> Returned:
    """Check a bundle and open it for merging; FileProblem names the first fault."""
    path = Path(path)
    if not path.exists():
        raise FileProblem("This bundle is not there any more.", path.name)
    found = check(path)
    if found.faults:
        _name, place, sentence = found.faults[0]
        raise FileProblem("This bundle is damaged or was changed.", f"{sentence} ({place})")
    manifest = found.manifest
    facts = next((p["facts"] for p in manifest["parts"] if p["path"] == EVENTS), None)
    if facts is None:
        raise FileProblem("This bundle carries no log, so it can't be merged.", path.name)
    return Returned(
        path=path,
        bundle_id=manifest["bundle_id"],
        project_id=manifest["project"]["id"],
        public_key=found.public_key,
        event_count=facts["events"],
        withheld=facts["withheld"],
        heads=tuple(json.loads("\n".join(_lines(path, HEADS)))),
    )


def _lines(path: Path, name: str) -> Iterator[str]:
    bundle = Bundle(path)
    try:
        if name in bundle.names():
            yield from bundle.read(name).decode().split("\n")[:-1]
    finally:
        if bundle.zip:
            bundle.zip.close()
