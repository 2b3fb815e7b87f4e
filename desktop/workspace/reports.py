"""What long work answers: import, verification, project facts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Refused:
    """A file that was not taken in, and why, in words."""

    path: Path
    reason: str


@dataclass(frozen=True)
class ImportReport:
    """What an import did."""

    added: int
    cases: tuple[str, ...]
    refused: tuple[Refused, ...]
    duplicates: tuple[Refused, ...]
    found_again: int = 0  # of the duplicates: images whose file had gone from its old place

    @property
    def sentence(self) -> str:
        images = "1 image" if self.added == 1 else f"{self.added} images"
        cases = "1 case" if len(self.cases) == 1 else f"{len(self.cases)} cases"
        parts = [f"{images} in {cases} added"]
        there = len(self.duplicates) - self.found_again
        if self.found_again:
            parts.append(f"{self.found_again} found again at a new place")
        if there:
            parts.append(f"{there} {'was' if there == 1 else 'were'} there already")
        if self.refused:
            parts.append(f"{len(self.refused)} refused")
        return ", ".join(parts) + "."


@dataclass(frozen=True)
class VerifyReport:
    """Whether the project is what its log says. ``first_bad_seq`` is 0 where no event is bad."""

    ok: bool
    event_count: int
    first_bad_seq: int
    sentences: tuple[str, ...]
