"""Reading with and without help: who sees suggestions when, and what was said before.

Every case and reader fall into one of three arms by a rule that needs no table: a hash of the
study's seed, the case and the reader. So any machine comes to the same arm, and nobody picks it.
"""

from __future__ import annotations

import hashlib
from enum import Enum
from typing import ClassVar, NamedTuple

from desktop.domain.annotation import Annotation, Answer, MaskSlice
from desktop.domain.record import Record, stable_id

PLAN_ID = "help-plan"


class Arm(str, Enum):
    """No suggestion ever; an answer first, locked, then suggestions; suggestions from the start."""

    NONE = "no help"
    BLIND = "blind answer first"
    FIRST = "help first"


class HelpPlan(Record):
    """The shares of the three arms in percent, in the order of ``Arm``; one plan per project."""

    kind: ClassVar[str] = "help_plan"

    seed: str
    shares: tuple[int, int, int]
    begun_utc: str = ""

    def arm(self, case_id: str, reader_id: str) -> Arm:
        """The arm of one case for one reader; the same on every machine."""
        text = "\x1f".join((self.seed, case_id, reader_id)).encode()
        place = int.from_bytes(hashlib.sha256(text).digest()[:8], "big") / 2**64 * 100
        if place < self.shares[0]:
            return Arm.NONE
        return Arm.BLIND if place < self.shares[0] + self.shares[1] else Arm.FIRST


class BlindLock(Record):
    """What a reader said of a case before any suggestion was shown, copied whole.

    It is written once and by nobody changed; ``content_sha256`` is the hash over the claims.
    """

    kind: ClassVar[str] = "blind_lock"

    case_id: str
    reader_id: str
    seed: str
    answers: tuple[Answer, ...]
    regions: tuple[Annotation, ...]
    slices: tuple[MaskSlice, ...]
    no_finding: bool
    content_sha256: str
    locked_utc: str

    @staticmethod
    def id_for(seed: str, case_id: str, reader_id: str) -> str:
        return stable_id("blind-lock", seed, case_id, reader_id)


class HelpStanding(NamedTuple):
    """Where one reader stands with one case; ``is_study`` False: no study is going on."""

    arm: Arm
    is_locked: bool
    why_hidden: str
    is_study: bool


def arm_of(plan: HelpPlan | None, case_id: str, reader_id: str) -> Arm:
    """Without a plan everybody is helped from the start."""
    return Arm.FIRST if plan is None else plan.arm(case_id, reader_id)


def why_hidden(arm: Arm, is_locked: bool) -> str:
    """Why suggestions of a case are not shown to a reader; "" where they are."""
    if arm is Arm.NONE:
        return "This case is read without help."
    if arm is Arm.BLIND and not is_locked:
        return "This case is answered before suggestions are shown."
    return ""
