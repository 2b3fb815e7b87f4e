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

    @property
    def sentence(self) -> str:
        images = "1 image" if self.added == 1 else f"{self.added} images"
        cases = "1 case" if len(self.cases) == 1 else f"{len(self.cases)} cases"
        parts = [f"{images} in {cases} added"]
        if self.duplicates:
            parts.append(f"{len(self.duplicates)} were there already")
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
