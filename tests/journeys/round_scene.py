"""A team's round on real files: CT slices with planted lesions, people who err at known rates.

What a person says of an image follows from their name and the image alone, so that a test knows all
answers in advance, whatever order the cases come in and whatever they are called in a package.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from desktop.commands.annotation import AddAnnotation, AnswerRegion
from desktop.commands.project import AnswerQuestion, MarkCase, SetNoFinding
from desktop.domain.annotation import Annotation, Label, Target
from desktop.domain.geometry import Box
from desktop.domain.record import stable_id
from desktop.domain.schema import Scope
from desktop.domain.task import AssignmentState
from desktop.exchange.exporter import BundleOptions
from desktop.imaging.slice_writer import DemoPatient, Volume, write_slices
from desktop.workspace.access.keys import WorkstationKey, fingerprint_of
from desktop.workspace.clock import Clock
from desktop.workspace.settings import Settings
from desktop.workspace.workspace import Workspace

SIDE = 64
LOG_ONLY = BundleOptions(formats=("audit",))
EMPHYSEMA_SHARE, NODULE_SHARE = 0.5, 0.6
NODULE, DENSITY = 1, "density"


@dataclass(frozen=True)
class Truth:
    """What was planted in one image. ``nodule``: its centre (x, y) in pixels, None for none."""

    emphysema: bool
    nodule: tuple[int, int] | None


@dataclass(frozen=True)
class Said:
    """What somebody says of one image."""

    quality: str
    emphysema: bool
    box: Box | None


def chance(*words: object) -> float:
    """A number from 0 to 1 that belongs to these words for ever."""
    digest = hashlib.sha256(" ".join(map(str, words)).encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def write_round(folder: Path, cases: int) -> dict[str, Truth]:
    """One patient with one CT slice per case; the truth by the SHA-256 of its file."""
    found = {}
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    for number in range(cases):
        truth = Truth(chance("emphysema", number) < EMPHYSEMA_SHARE, _nodule(number))
        rng = np.random.default_rng(number)
        pixels = np.full((SIDE, SIDE), -820.0) + rng.normal(0, 12, (SIDE, SIDE))
        if truth.emphysema:
            for _hole in range(25):
                hx, hy = rng.uniform(4, SIDE - 4, 2)
                pixels[(x - hx) ** 2 + (y - hy) ** 2 < 6] = -990
        if truth.nodule is not None:
            pixels[(x - truth.nodule[0]) ** 2 + (y - truth.nodule[1]) ** 2 < 25] = 40
        voxels = np.clip(np.rint(pixels), -1024, 3071).astype(np.int16)[None]
        volume = Volume(voxels, np.diag([2.0, 2.0, 5.0]), np.zeros(3))
        target = folder / f"patient-{number:03}"
        write_slices(volume, "CT", DemoPatient(number, f"Round {number:03}"), target)
        (file,) = target.iterdir()
        found[hashlib.sha256(file.read_bytes()).hexdigest()] = truth
    return found


def _nodule(number: int) -> tuple[int, int] | None:
    if chance("nodule", number) >= NODULE_SHARE:
        return None
    x, y = (12 + int(40 * chance(axis, number)) for axis in "xy")
    return x, y


@dataclass
class Person:
    """Somebody who errs: an emphysema taken for none or the other way, a nodule missed."""

    name: str
    error: float
    truth: Mapping[str, Truth]
    key: WorkstationKey = field(init=False)

    def __post_init__(self) -> None:
        raw = bytes.fromhex(stable_id("key", self.name) + stable_id("more", self.name))
        self.key = WorkstationKey(Ed25519PrivateKey.from_private_bytes(raw))

    @property
    def fingerprint(self) -> str:
        return fingerprint_of(self.key.public_hex)

    def says(self, sha256: str) -> Said:
        """What this person says of an image, whenever they are asked."""
        truth = self.truth[sha256]
        slips = {w: chance(self.name, w, sha256) < self.error for w in ("e", "n", "q")}
        box = None
        if truth.nodule is not None and not slips["n"]:
            dx, dy = (round(2 * chance(self.name, w, sha256) - 1) for w in ("dx", "dy"))
            x, y = truth.nodule[0] + dx, truth.nodule[1] + dy
            box = Box(x0=x - 6, y0=y - 6, x1=x + 6, y1=y + 6)
        return Said("limited" if slips["q"] else "good", truth.emphysema != slips["e"], box)

    def open(self, package: Path, clock: Clock | None = None) -> Workspace:
        """The package on this person's own machine."""
        return Workspace.open(
            package,
            reader_name=self.name,
            key=self.key,
            clock=clock,
            settings=Settings(package.with_suffix(".settings.json")),
        )

    def read(self, room: Workspace, case_id: str) -> None:
        """Say all of one case and close it."""
        said = self.says(sha256_of(room, case_id))
        for question_id, value in (("image-quality", said.quality), ("emphysema", said.emphysema)):
            room.run(AnswerQuestion(case_id=case_id, question_id=question_id, value=value))
        if said.box is None:
            room.run(SetNoFinding(case_id=case_id, no_finding=True))
        else:
            _draw(room, case_id, said.box)
        room.run(MarkCase(case_id=case_id, state=AssignmentState.DONE))

    def read_package(self, package: Path, bundle: Path) -> int:
        """Read all of a package and hand in the bundle; how many cases it had."""
        room = self.open(package)
        done = 0
        while (case_id := room.first_open_case()) and is_open(room, case_id):
            self.read(room, case_id)
            done += 1
        room.export_bundle(bundle, LOG_ONLY)
        room.close()
        return done


def is_open(room: Workspace, case_id: str) -> bool:
    return room.assignment(case_id).state is AssignmentState.OPEN


def sha256_of(room: Workspace, case_id: str) -> str:
    """The file of a case's only image."""
    (series,) = room.series(case_id)
    (frame,) = room.frame_refs(series.id)
    return room.instance(frame.instance_id).file_sha256


def _draw(room: Workspace, case_id: str, box: Box) -> None:
    (series,) = room.series(case_id)
    schema = room.schema(case_id)
    assert schema is not None
    region = Annotation(
        id=room.new_id(),
        case_id=case_id,
        reader_id=room.reader.id,
        schema_id=schema.id,
        target=Target(scope=Scope.REGION, series_id=series.id, frame=room.frame_refs(series.id)[0]),
        label=Label(class_id=NODULE),
        geometry=box,
    )
    room.run(AddAnnotation(annotation=region, what="Draw box"))
    room.run(
        AnswerRegion(case_id=case_id, annotation_id=region.id, question_id=DENSITY, value="solid")
    )


def alpha_of(rows: list[list[bool]]) -> float:
    """Krippendorff's nominal alpha of items with two or more answers, by its definition."""
    kept = [row for row in rows if len(row) > 1]
    values = [v for row in kept for v in row]
    n = len(values)
    observed = sum(
        sum(a != b for i, a in enumerate(row) for j, b in enumerate(row) if i != j)
        / (len(row) - 1)
        for row in kept
    ) / n  # fmt: skip
    yes = sum(values)
    expected = 2 * yes * (n - yes) / (n * (n - 1))
    return 1 - observed / expected


def implied_alpha(errors: list[float], share: float) -> float:
    """Alpha of endlessly many cases read by all of these people."""
    says_yes = [share * (1 - e) + (1 - share) * e for e in errors]
    pairs = [(a, b) for i, a in enumerate(errors) for b in errors[i + 1 :]]
    observed = sum(a * (1 - b) + b * (1 - a) for a, b in pairs) / len(pairs)
    yes = sum(says_yes) / len(says_yes)
    return 1 - observed / (2 * yes * (1 - yes))
