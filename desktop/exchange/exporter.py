"""What an exporter is, what it leaves in a bundle, and the register of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from desktop.domain.contracts import Progress
from desktop.domain.errors import PluginProblem, UserError
from desktop.exchange.snapshot import Snapshot
from desktop.imaging.child import ChildPool


@dataclass(frozen=True, kw_only=True)
class BundleOptions:
    """What goes into a bundle.

    ``formats`` names exporters, () takes all. ``case_ids`` () takes all cases; ``only_done`` only
    those that a reader closed. ``boxes_as_masks``: boxes also fill pixels in SEG, NIfTI, NPY and
    PNG; otherwise they stay boxes in COCO and in the tables, because a box is not a contour.
    ``keep_patient``: DICOM segmentations and reports carry the patient's identity as the source
    images do, for the site's own archive; everything else stays pseudonymous.
    ``pictures``: preference tasks and image folders bring their images as PNG files; else a bundle
    holds no pixels of the source. ``replace``: an older bundle at the target is replaced once the
    new one is complete.
    """

    formats: tuple[str, ...] = ()
    case_ids: tuple[str, ...] = ()
    only_done: bool = False
    boxes_as_masks: bool = False
    keep_patient: bool = False
    pictures: bool = False
    replace: bool = False


@dataclass(frozen=True)
class Part:
    """One file of a bundle. ``path`` is relative, with "/"; ``facts`` go into the manifest."""

    path: str
    format: str
    title: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Note:
    """Something that a format can't hold, and why; it goes into manifest, card and report."""

    format: str
    about: str  # a pseudonymous id: series, case or annotation
    sentence: str


@dataclass(frozen=True)
class Written:
    """What one exporter wrote."""

    parts: tuple[Part, ...] = ()
    notes: tuple[Note, ...] = ()


class Mismatch(UserError):
    """What was read back is not what was drawn: the bundle is thrown away."""

    def __init__(self, path: str, what: str) -> None:
        super().__init__(
            "The bundle was not written: a file differs from the labels when read back.",
            f"{path}: {what}",
            "Export again. If it happens again, leave this format out and report it.",
        )


class Unmet:
    """Files of a written bundle that a comparison has not come to yet."""

    def __init__(self, written: Written, suffix: str = "") -> None:
        self._paths = {p.path for p in written.parts if p.path.endswith(suffix)}

    def __contains__(self, path: str) -> bool:
        return path in self._paths

    def meet(self, path: str) -> None:
        """Come to a file that has to be there, and to each only once."""
        if path not in self._paths:
            raise Mismatch(path, "missing")
        self._paths.discard(path)

    def end(self, otherwise: str = "not drawn by anyone") -> None:
        """Nothing may be left."""
        if self._paths:
            raise Mismatch(min(self._paths), otherwise)


class Exporter(Protocol):
    """One format. ``write`` fills ``folder``, the bundle's root, and says what it wrote."""

    name: str
    title: str
    suffix: str

    def write(
        self,
        snapshot: Snapshot,
        folder: Path,
        options: BundleOptions,
        pool: ChildPool,
        progress: Progress,
    ) -> Written:
        """Write the files and say what they are."""

    def compare(
        self,
        snapshot: Snapshot,
        folder: Path,
        options: BundleOptions,
        written: Written,
        pool: ChildPool,
        progress: Progress,
    ) -> int:
        """Read the files back; how many voxels were compared. Raises Mismatch."""


_registered: dict[str, Exporter] = {}


def register(exporter: Exporter) -> Exporter:
    """Add a format; built-ins and plugins come in the same way."""
    known = _registered.get(exporter.name)
    if known is not None and type(known) is not type(exporter):
        raise PluginProblem("Two exporters have the same name.", exporter.name)
    _registered[exporter.name] = exporter
    return exporter


def unregister(name: str) -> None:
    """Take a format out again, e.g. a plugin that was switched off."""
    _registered.pop(name, None)


def exporters() -> tuple[Exporter, ...]:
    """All formats, in the order they were registered."""
    import desktop.exchange.builtin  # noqa: F401 - registers what ships with the app

    return tuple(_registered.values())


def chosen_exporters(names: Sequence[str]) -> tuple[Exporter, ...]:
    """The exporters of these names, all for (); UserError for a name that is not there."""
    known = {e.name: e for e in exporters()}
    missing = [n for n in names if n not in known]
    if missing:
        raise UserError("This export format is not known.", ", ".join(missing))
    return tuple(e for e in known.values() if not names or e.name in names)
