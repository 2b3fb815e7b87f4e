"""Code packs: the coded terms that schemas are built from, with their licences."""

from __future__ import annotations

import functools
from pathlib import Path

import msgspec

from desktop.domain.errors import FileProblem
from desktop.domain.schema import Code
from desktop.workspace.places import resources_dir


class CodeEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One term; ``category`` is the value of the pack's category that it belongs to, or ""."""

    value: str
    scheme: str
    meaning: str
    category: str = ""

    @property
    def code(self) -> Code:
        return Code(value=self.value, scheme=self.scheme, meaning=self.meaning)

    @property
    def words(self) -> str:
        """How it is offered: "Nodule · SCT 27925004"."""
        return f"{self.meaning} · {self.scheme} {self.value}"


class CodePack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Terms of one field with where they come from and under which terms they are used."""

    name: str
    title: str
    license: str
    source: str
    categories: tuple[Code, ...]
    codes: tuple[CodeEntry, ...]

    def category_of(self, entry: CodeEntry) -> Code | None:
        return next((c for c in self.categories if c.value == entry.category), None)


def read_pack(path: Path) -> CodePack:
    """A pack from its JSON file; FileProblem where it has a mistake."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=CodePack)
    except (OSError, ValueError) as error:
        raise FileProblem("This code pack can't be read.", f"{path.name}: {error}") from error


@functools.cache
def code_packs() -> tuple[CodePack, ...]:
    """All packs that ship with the app."""
    return tuple(read_pack(p) for p in sorted(resources_dir().joinpath("codes").glob("*.json")))


@functools.cache
def all_codes() -> tuple[CodeEntry, ...]:
    """Every term once, by its words."""
    found = {(e.scheme, e.value): e for pack in reversed(code_packs()) for e in pack.codes}
    return tuple(sorted(found.values(), key=lambda e: (e.meaning.casefold(), e.scheme, e.value)))


def find_codes(words: str, limit: int = 20) -> list[CodeEntry]:
    """Terms that hold all the words typed; those that begin with them come first."""
    wanted = words.casefold().split()
    hits = [e for e in all_codes() if all(w in e.words.casefold() for w in wanted)]
    start = words.casefold().strip()
    return sorted(hits, key=lambda e: not e.meaning.casefold().startswith(start))[:limit]


def category_of(code: Code) -> Code | None:
    """What kind of thing a term is (anatomy, abnormal structure), for segmentations."""
    for pack in code_packs():
        for entry in pack.codes:
            if entry.code == code and entry.category:
                return pack.category_of(entry)
    return None


def license_of(code: Code) -> str:
    """Under which terms the code is used; "" where no pack has it."""
    return next((p.license for p in code_packs() if any(e.code == code for e in p.codes)), "")
