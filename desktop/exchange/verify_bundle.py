"""Checks a Reading Room bundle (folder or zip) without Reading Room.

    python verify_bundle.py [BUNDLE] [--key HEX]

Needs Python 3.9 and "cryptography". Prints every fault with its name and ends with 0 where there
is none, else with 1. Give --key to say whose signature you expect.
"""

from __future__ import annotations

import argparse
import array
import csv
import gzip
import hashlib
import io
import json
import re
import struct
import sys
import zipfile
import zlib
from collections import Counter
from pathlib import Path
from typing import Any, Callable, Iterator, Sequence  # noqa: UP035 - Python 3.9

FORMAT, VERSION = "readingroom-bundle", 1
MANIFEST, SIGNATURE, HEADS = "manifest.json", "manifest.sig.json", "audit/heads.json"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
GENESIS = "0" * 64
BEFORE_DIGEST, BEFORE_BODY, WITHHELD = '{"digest":"', '","body":', '","withheld":true'
LARGEST = 1 << 30  # bytes of one file that is taken into memory
UNREADABLE = (LookupError, ValueError, TypeError, AttributeError, ArithmeticError, RuntimeError,
              OSError, EOFError, struct.error, zlib.error, zipfile.BadZipFile)  # fmt: skip


class Bundle:
    """The files of a bundle by name, from a folder or a zip file."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.zip = zipfile.ZipFile(self.path) if self.path.is_file() else None

    def names(self) -> list[str]:
        if self.zip:
            return [i.filename for i in self.zip.infolist() if not i.is_dir()]
        found = [p for p in self.path.rglob("*") if not p.is_dir()]
        links = [p for p in self.path.rglob("*") if p.is_symlink()]  # never in a bundle
        return [p.relative_to(self.path).as_posix() for p in found + links]

    def blocks(self, name: str, at_most: int) -> Iterator[bytes]:
        """The file in blocks, at most this many bytes and one more: then it is a changed file."""
        left = at_most + 1
        with self.zip.open(name) if self.zip else (self.path / name).open("rb") as file:
            while block := file.read(min(left, 1 << 20)):
                left -= len(block)
                yield block

    def read(self, name: str, at_most: int = LARGEST) -> bytes:
        return b"".join(self.blocks(name, min(at_most, LARGEST)))

    def digest(self, name: str, size: int) -> str:
        """SHA-256 of the file; "" where it can't be read, e.g. for a broken zip entry."""
        found = hashlib.sha256()
        try:
            for block in self.blocks(name, size):
                found.update(block)
        except UNREADABLE:
            return ""
        return found.hexdigest()


class Check:
    """All faults of one bundle as (name, place, sentence)."""

    def __init__(self, key: str = "") -> None:
        self.key, self.public_key = key.lower(), ""
        self.faults: list[tuple[str, str, str]] = []
        self.manifest: dict[str, Any] = {}
        self.schemas: dict[str, dict[int, str]] = {}
        self.found: dict[str, int] = {}

    def fault(self, name: str, place: str, sentence: str) -> None:
        self.faults.append((name, place, sentence))

    def run(self, bundle: Bundle) -> None:
        self.bundle, names = bundle, bundle.names()
        if missing := {MANIFEST, SIGNATURE} - set(names):
            return self.fault("missing-file", min(missing), "The file is missing.")
        self.signature(raw := bundle.read(MANIFEST))
        self.manifest = told = json.loads(raw)
        if (told.get("format"), told.get("format_version")) != (FORMAT, VERSION):
            return self.fault("bad-manifest", MANIFEST, f"This is not a {FORMAT} {VERSION}.")
        if told["signer"]["public_key"] != self.public_key:
            self.fault("bad-signature", MANIFEST, "It is signed with another key than it says.")
        for schema in told["schemas"]:
            self.schemas[schema["id"]] = {c["id"]: c["name"] for c in schema["classes"]}
        self.files(names)
        wrong = {place for _name, place, _sentence in self.faults}
        for part in (p for p in told["parts"] if p["format"] in READERS and p["path"] not in wrong):
            try:
                READERS[part["format"]](self, part, bundle.read(part["path"], part["size"]))
            except UNREADABLE as error:  # a part that can't be read is a fault, not a crash
                self.fault("unreadable", part["path"], f"{type(error).__name__}: {error}")
        for name, count in self.found.items():
            if count != told["counts"][name]:
                self.fault("counts", MANIFEST, f"The number of {name} is not the stated one.")

    def signature(self, raw: bytes) -> None:
        signed = json.loads(self.bundle.read(SIGNATURE, 1 << 16))
        message = f"readingroom manifest v1\n{hashlib.sha256(raw).hexdigest()}\n".encode()
        self.public_key = str(signed.get("public_key", ""))
        if not holds(self.public_key, str(signed.get("signature", "")), message):
            self.fault("bad-signature", MANIFEST, "The signature does not fit the manifest.")
        if self.key and self.public_key != self.key:
            self.fault("other-signer", MANIFEST, "The bundle is signed with another key.")

    def files(self, names: Sequence[str]) -> None:
        known, there = {MANIFEST, SIGNATURE}, Counter(names)
        for part in self.manifest["parts"]:
            name = part["path"]
            if not NAME.fullmatch(name) or name in known:
                self.fault("bad-manifest", name, "This file name is not allowed.")
                continue
            known.add(name)
            if name not in there:
                self.fault("missing-file", name, "The file is missing.")
            elif self.bundle.digest(name, part["size"]) != part["sha256"]:
                self.fault("changed-file", name, "The file is not the one that was signed.")
        for name, count in sorted(there.items()):
            if name not in known or count > 1:
                self.fault("extra-file", name, "The manifest does not know this file.")

    def class_known(self, place: str, schema: str, class_id: int) -> None:
        if class_id not in self.schemas.get(schema, {}):
            self.fault("class-id", place, f"Class id {class_id} is not in schema {schema}.")

    def coco(self, part: dict[str, Any], raw: bytes) -> None:
        data, place, facts = json.loads(raw), part["path"], part["facts"]
        if {c["id"]: c["name"] for c in data["categories"]} != self.schemas[facts["schema"]]:
            self.fault("class-id", place, "Categories and schema differ.")
        images = {i["id"]: i for i in data["images"]}
        readers = {r["pseudonym"] for r in self.manifest["readers"]}
        ids = {a["id"] for a in data["annotations"]}
        counts = [len(data["images"]), len(data["annotations"])]
        if not [len(images), len(ids)] == counts == [facts["images"], facts["annotations"]]:
            self.fault("counts", place, "Ids are used twice, or are not the stated number.")
        for entry in data["annotations"]:
            image, what = images.get(entry["image_id"]), f"{place} annotation {entry['id']}"
            self.class_known(what, facts["schema"], entry["category_id"])
            rle = entry.get("rle") or entry.get("segmentation")
            if image is None or entry["reader"] not in readers:
                self.fault("counts", what, "Its image or its reader is unknown.")
            if not isinstance(rle, dict) or image is None:
                continue
            runs, pixels = runs_of(rle["counts"]), image["height"] * image["width"]
            if rle["size"] != [image["height"], image["width"]] or sum(runs) != pixels:
                self.fault("coco-area", what, "The mask does not fit its image.")
            elif sum(runs[1::2]) != entry["area"]:
                self.fault("coco-area", what, "The mask's area is not the stated one.")

    def nifti(self, part: dict[str, Any], raw: bytes) -> None:
        facts, place = part["facts"], part["path"]
        raw = gzip.GzipFile(fileobj=io.BytesIO(raw)).read(LARGEST)
        shape, kind = struct.unpack_from("<8h", raw, 40), struct.unpack_from("<h", raw, 70)[0]
        start = int(struct.unpack_from("<f", raw, 108)[0])
        affine = [struct.unpack_from("<4f", raw, 280 + 16 * row) for row in range(3)]
        stated = [struct.unpack("<4f", struct.pack("<4f", *row)) for row in facts["affine_ras"][:3]]
        if affine != stated or struct.unpack_from("<h", raw, 254)[0] != 1:
            self.fault("nifti-affine", place, "The affine is not the one in the manifest.")
        if [3, *facts["shape"]] != list(shape[:4]):
            self.fault("nifti-shape", place, "The shape is not the one in the manifest.")
        voxels = array.array({2: "B", 512: "H", 8: "i"}[kind])
        voxels.frombytes(raw[start:])
        if sys.byteorder == "big":
            voxels.byteswap()
        values = voxels.tobytes() if kind == 2 else voxels  # bytes count faster
        numbers = {int(class_id): count for class_id, count in facts["voxels"].items()}
        counted = {class_id: values.count(class_id) for class_id in numbers}
        if counted != numbers or len(values) - values.count(0) != sum(numbers.values()):
            self.fault("nifti-voxels", place, "The voxels of a class are not the stated number.")
        for class_id in numbers:
            self.class_known(place, facts["schema"], class_id)

    def events(self, part: dict[str, Any], raw: bytes) -> None:
        """Every digest covers the one before, the exact text of its event and nothing else."""
        ends: dict[str, int] = {}
        digests: dict[tuple[str, int], str] = {}
        cut = len(BEFORE_DIGEST) + 64
        for number, line in enumerate(raw.decode().split("\n")[:-1], start=1):
            digest, rest = line[len(BEFORE_DIGEST) : cut], line[cut:]
            withheld, body = rest.startswith(WITHHELD), rest[len(BEFORE_BODY) : -1]
            event = json.loads(line) if withheld else json.loads(body)
            chain, seq = event["chain"], event["seq"]
            last = ends.get(chain, 0)
            previous = digests.get((chain, last), GENESIS)
            text = b"\x00" + bytes.fromhex(previous) + body.encode()
            fits = event.get("previous") == previous and hashlib.sha256(text).hexdigest() == digest
            if seq != last + 1 or not (withheld or fits):
                what = f"After event {last} of {chain} one is missing or was changed."
                self.fault("broken-chain", f"{part['path']} line {number}", what)
            ends[chain], digests[chain, seq] = seq, digest
        self.found["events"] = len(digests)
        self.heads(ends, digests)

    def heads(self, ends: dict[str, int], digests: dict[tuple[str, int], str]) -> None:
        """The signed ends of chains: without them the newest events could be cut off unseen."""
        covered: dict[str, int] = {}
        for head in json.loads(self.bundle.read(HEADS)):
            chain, seq, digest = head["chain"], head["seq"], head["digest"]
            project = self.manifest["project"]["id"]
            text = f"readingroom head v1\n{project}\n{chain}\n{seq}\n{digest}\n"
            named = own_chain(head["public_key"]) == chain.split(".")[0]
            if not named or not holds(head["public_key"], head["signature"], text.encode()):
                self.fault("bad-head", f"{HEADS} {chain} {seq}", "Its signature does not fit.")
            elif digests.get((chain, seq)) != digest and seq:
                self.fault("broken-chain", f"{HEADS} {chain} {seq}", "The log is another one.")
            else:
                covered[chain] = max(seq, covered.get(chain, 0))
        own = own_chain(self.public_key)
        for chain in ends:
            if chain.split(".")[0] == own and ends[chain] > covered.get(chain, 0):
                self.fault("bad-head", f"{HEADS} {chain}", "The end of the log is not signed.")

    def table(self, part: dict[str, Any], raw: bytes) -> None:
        rows = list(csv.DictReader(io.StringIO(raw.decode(), newline="")))
        if len(rows) != part["facts"]["rows"]:
            self.fault("counts", part["path"], "The number of rows is not the stated one.")
        for row in (r for r in rows if "class_id" in r):
            self.class_known(part["path"], row["schema"], int(row["class_id"]))
        if part["path"] in ("tables/annotations.csv", "tables/images.csv"):
            self.found[part["path"][7:-4]] = len(rows)


READERS: dict[str, Callable[[Check, dict[str, Any], bytes], None]] = {
    "coco": Check.coco, "nifti": Check.nifti, "table": Check.table, "events": Check.events
}  # fmt: skip


def runs_of(counts: str) -> list[int]:
    """Run lengths of a compressed COCO mask."""
    runs: list[int] = []
    value, shift = 0, 0
    for character in counts:
        code = ord(character) - 48
        value |= (code & 0x1F) << shift
        shift += 5
        if not code & 0x20:
            value -= (1 << shift) if code & 0x10 else 0
            runs.append(value + (runs[-2] if len(runs) > 2 else 0))
            value, shift = 0, 0
    if shift or min(runs, default=0) < 0:
        raise ValueError("broken run lengths")
    return runs


def own_chain(public_hex: str) -> str:
    """The workstation's name, made from its key; its chains begin with it."""
    return "W-" + hashlib.sha256(bytes.fromhex(public_hex)).hexdigest()[:16]


def holds(public_hex: str, signature_hex: str, message: bytes) -> bool:
    """Whether an Ed25519 signature fits."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_hex))
        key.verify(bytes.fromhex(signature_hex), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def check(path: str | Path, key: str = "") -> Check:
    """The checked bundle; ``faults`` is empty where all is well."""
    found, bundle = Check(key), None
    try:
        bundle = Bundle(path)
        found.run(bundle)
    except UNREADABLE as error:
        found.fault("unreadable", Path(path).name, f"{type(error).__name__}: {error}")
    finally:
        if bundle and bundle.zip:
            bundle.zip.close()
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Checks a Reading Room bundle.")
    parser.add_argument("path", metavar="BUNDLE", nargs="?", default=Path(__file__).parent)
    parser.add_argument("--key", default="", help="the public key you expect, hexadecimal")
    found = check(**vars(parser.parse_args(arguments)))
    whole = f"OK: {len(found.manifest.get('parts', ()))} files, signed by {found.public_key}."
    lines = ["FAULT " + " | ".join(fault) for fault in found.faults] or [whole]
    return 1 if sys.stdout.write("\n".join(lines) + "\n") and found.faults else 0


if __name__ == "__main__":
    sys.exit(main())
