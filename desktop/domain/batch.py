"""What is handed to whom: batches of cases, how they are shared out, and packages that went out.

Sharing out is a pure function of the batch, so that every machine gives the same lists and a
change of the overlap moves nothing that was handed out before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from enum import Enum
from typing import ClassVar

from desktop.domain.record import Record, Value


class RuleKind(str, Enum):
    ALL = "all"
    RANDOM = "random"
    TAG = "tag"
    SCORE = "score"


class CaseRule(Value):
    """Which cases a batch takes.

    ``count`` limits them (0: no limit); ``low`` and ``high`` bound the highest score that a case's
    suggestions reached, both inclusive; ``only_new`` leaves out what is in another batch.
    """

    kind: RuleKind = RuleKind.ALL
    count: int = 0
    tag: str = ""
    low: float = 0.0
    high: float = 1.0
    only_new: bool = True

    @property
    def sentence(self) -> str:
        """The rule in words."""
        limit = f"up to {self.count:,} cases" if self.count else "all cases"
        words = {
            RuleKind.ALL: limit,
            RuleKind.RANDOM: f"{self.count:,} cases drawn at random",
            RuleKind.TAG: f"{limit} with the tag {self.tag}",
            RuleKind.SCORE: f"{limit} with a model score of {self.low:g} to {self.high:g}",
        }[self.kind]
        return words + (", not in a batch yet" if self.only_new else "")


class Mode(str, Enum):
    """A test says nothing; training tells the reader the known answer after each case."""

    TEST = "test"
    TRAINING = "training"


class GoldMix(Value):
    """How gold is hidden in a reader's stream; shares of 0 to 0.5, see ``engines.gold``."""

    rate: float = 0.05
    first: int = 10
    first_rate: float = 0.30
    repeat_rate: float = 0.025
    repeat_gap: int = 30


NO_GOLD = GoldMix(rate=0.0, first=0, first_rate=0.0, repeat_rate=0.0)


class Batch(Record):
    """Cases for some readers. A share ``overlap`` of them is read by ``depth`` readers each.

    ``seed`` draws who reads what and each reader's order. Its cases are in BatchCases.
    """

    kind: ClassVar[str] = "batch"

    title: str
    rule: CaseRule
    reader_ids: tuple[str, ...]
    seed: str
    overlap: float = 0.0
    depth: int = 2
    mode: Mode = Mode.TEST
    gold: GoldMix = NO_GOLD
    suggestions: bool = False
    created_utc: str = ""

    @property
    def readers_per_case(self) -> int:
        """How many readers a case of the overlap has."""
        return max(1, min(self.depth, len(self.reader_ids)))


class BatchCases(Record):
    """The cases of the batch with the same id; they never change."""

    kind: ClassVar[str] = "batch_cases"

    case_ids: tuple[str, ...]


class Package(Record):
    """One file that went out to a reader.

    ``items`` are case ids in the reader's order as their file names them; ``gold`` and ``repeats``
    say which of them stand for which case of the project. ``tasks``: ids of preference tasks.
    """

    kind: ClassVar[str] = "package"

    reader_id: str
    items: tuple[str, ...]
    gold: dict[str, str] = {}
    repeats: dict[str, str] = {}
    training: bool = False
    tasks: tuple[str, ...] = ()
    issued_utc: str = ""


def share_out(batch: Batch, case_ids: Sequence[str]) -> dict[str, list[str]]:
    """Who reads which cases, in each reader's own order.

    A keyed shuffle of the cases gives each reader every n-th; the first cases of the same shuffle
    are the overlap and go to the next readers in the ring as well. So the readers' loads differ by
    ``depth`` at most, and a larger overlap only adds cases. The order within a list is keyed by
    reader, so that neither batch nor overlap shows in it.
    """
    readers = batch.reader_ids
    shuffled = keyed_order(case_ids, batch.seed, "cases")
    shared = overlap_count(batch, len(shuffled))
    lists: dict[str, list[str]] = {reader: [] for reader in readers}
    for place, case_id in enumerate(shuffled):
        many = batch.readers_per_case if place < shared else 1
        for step in range(many):
            lists[readers[(place + step) % len(readers)]].append(case_id)
    return {reader: keyed_order(mine, batch.seed, reader) for reader, mine in lists.items()}


def loads(batch: Batch, n_cases: int) -> dict[str, int]:
    """How many cases each reader gets from ``share_out``, without sharing them out."""
    readers, shared = batch.reader_ids, overlap_count(batch, n_cases)
    found = dict.fromkeys(readers, 0)
    for place, reader in enumerate(readers):
        found[reader] += _every(n_cases, place, len(readers))
        for step in range(1, batch.readers_per_case):
            found[reader] += _every(shared, (place - step) % len(readers), len(readers))
    return found


def _every(count: int, first: int, step: int) -> int:
    """How many of 0 to ``count`` - 1 leave the rest ``first`` when divided by ``step``."""
    return max(0, (count - first + step - 1) // step)


def overlap_count(batch: Batch, n_cases: int) -> int:
    """How many cases more than one reader reads."""
    if batch.readers_per_case < 2:
        return 0
    return round(min(1.0, max(0.0, batch.overlap)) * n_cases)


def keyed_order(ids: Sequence[str], *key: str) -> list[str]:
    """A shuffle that depends on nothing but ids and key: each id's hash decides its place."""
    start = hashlib.sha256("\x1f".join(key).encode())

    def place(item: str) -> bytes:
        digest = start.copy()
        digest.update(b"\x1f" + item.encode())
        return digest.digest()

    return sorted(ids, key=place)
