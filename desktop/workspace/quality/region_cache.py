"""What was counted about regions, kept by content in a file of this machine; lost without harm."""

from __future__ import annotations

from pathlib import Path

import msgspec

from desktop.workspace.places import data_dir
from desktop.workspace.quality.region_pairs import PairNumbers

Groups = list[list[str]]


class _Kept(msgspec.Struct):
    version: int
    pairs: dict[str, PairNumbers]
    groups: dict[str, Groups]


class RegionCache:
    """Numbers of pairs, and which regions belong together, by a digest of what they rest on."""

    def __init__(self, project_id: str, version: int) -> None:
        self._path = data_dir() / "cache" / f"regions-{project_id}.json"
        self._kept = _read(self._path, version)
        self._changed = False

    def get(self, digest: str) -> PairNumbers | None:
        """Numbers that were counted from this content before."""
        return self._kept.pairs.get(digest)

    def keep(self, digest: str, numbers: PairNumbers) -> None:
        """Remember numbers."""
        self._changed = True
        self._kept.pairs[digest] = numbers

    def groups(self, digest: str) -> Groups | None:
        """Ids of regions that mean the same finding, as they were found before."""
        return self._kept.groups.get(digest)

    def keep_groups(self, digest: str, groups: Groups) -> None:
        """Remember which regions belong together."""
        self._changed = True
        self._kept.groups[digest] = groups

    def save(self) -> None:
        """Write what is known; a full disk only means counting again."""
        if not self._changed:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            part = self._path.with_suffix(".part")
            part.write_bytes(msgspec.json.encode(self._kept))
            part.replace(self._path)
        except OSError:
            return


def _read(path: Path, version: int) -> _Kept:
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=_Kept)
    except (OSError, msgspec.DecodeError):
        kept = None
    return kept if kept and kept.version == version else _Kept(version, {}, {})
