"""Checks a bundle that came from somewhere, with the verifier that every bundle carries."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from desktop.domain.errors import FileProblem
from desktop.domain.record import Value
from desktop.imaging.child import ChildPool

_TIMEOUT_S = 3600.0
_CHECK = "desktop.exchange.bundle_check:check_here"


class Fault(NamedTuple):
    """One thing that is wrong: its name, where, and a sentence."""

    name: str
    place: str
    sentence: str


class BundleCheck(Value):
    """What is known of a bundle; the facts are worth something only where ``ok``."""

    faults: tuple[Fault, ...]
    public_key: str
    bundle_id: str
    project_title: str
    created_utc: str
    cases: int
    parts: int

    @property
    def ok(self) -> bool:
        return not self.faults

    @property
    def sentence(self) -> str:
        if self.faults:
            count = "One fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
            return f"{count}. First: {self.faults[0].sentence} ({self.faults[0].place})"
        return f"Whole: {self.parts} files, signed by {self.public_key}."


def verify_bundle(path: Path, key: str = "", pool: ChildPool | None = None) -> BundleCheck:
    """Check a folder or zip file; ``key`` is the public key of the expected signer, if known.

    With a pool it runs in a child process, because a bundle is a foreign file: what stops the
    child is a FileProblem. FileProblem too where there is nothing to check.
    """
    path = Path(path)
    if not path.exists():
        raise FileProblem("There is no bundle with this name.", path.name)
    if pool is None:
        return check_here(str(path), key)
    found: BundleCheck = pool.run(_CHECK, str(path), key, timeout_s=_TIMEOUT_S)
    return found


def check_here(path: str, key: str) -> BundleCheck:
    """The check in this process."""
    from desktop.exchange import verify_bundle as verifier

    found = verifier.check(path, key)
    told = found.manifest if isinstance(found.manifest, dict) else {}
    project, counts = told.get("project"), told.get("counts")
    cases = counts.get("cases") if isinstance(counts, dict) else 0
    return BundleCheck(
        faults=tuple(Fault(*fault) for fault in found.faults),
        public_key=found.public_key,
        bundle_id=str(told.get("bundle_id", "")),
        project_title=str(project.get("title", "")) if isinstance(project, dict) else "",
        created_utc=str(told.get("created_utc", "")),
        cases=cases if isinstance(cases, int) else 0,
        parts=len(told.get("parts") or ()),
    )
