"""Which patients are for training and which are held back, and what may never be held back."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import ClassVar

from desktop.domain.annotation import Origin, Provenance
from desktop.domain.record import Record, stable_id
from desktop.domain.study import Case

SYNTHETIC_TAG = "synthetic"
PSEUDO_KEY = "pseudo_label"  # in a provenance's detail: a label that a model taught a model
DERIVED_KEY = "derived_from"  # there, too: what a ruling or a consensus took over from a machine
MACHINE_MADE = frozenset({Origin.MODEL, Origin.RULE, Origin.SYNTHETIC})


class Part(str, Enum):
    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


class Together(str, Enum):
    """What a deal never parts: one patient's images, or all patients of one site."""

    PATIENT = "patient"
    SITE = "site"


class Split(Record):
    """The part that one patient belongs to, with all studies.

    ``seed`` dealt it, 0: by hand. ``group``: the site whose patients were dealt as one, "" for a
    patient dealt alone.
    """

    kind: ClassVar[str] = "split"

    patient_key: str
    part: Part
    seed: int = 0
    group: str = ""

    @staticmethod
    def id_for(patient_key: str) -> str:
        return stable_id("split", patient_key)


def is_synthetic(case: Case) -> bool:
    """Whether any of its images was made up."""
    return SYNTHETIC_TAG in case.tags


def synthetic_ids(cases: Iterable[Case]) -> frozenset[str]:
    """The ids of those whose images are made up."""
    return frozenset(c.id for c in cases if is_synthetic(c))


def is_machine_made(origin: Origin, provenance: Provenance | None = None) -> bool:
    """Whether a label can't serve as truth in validation or test.

    An edit by a person does not wash a pseudo-label clean: it carries the mark for ever. Neither
    does a ruling or a consensus that takes over what a machine made.
    """
    detail = provenance.detail if provenance is not None else {}
    return origin in MACHINE_MADE or PSEUDO_KEY in detail or DERIVED_KEY in detail
