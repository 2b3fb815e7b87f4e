"""Hidden gold: cases with a known answer slipped into a reader's stream.

Where a gold item stands is drawn by a keyed rule: each position is gold with the stated rate,
whatever came before, so that position tells nothing beyond that rate. A reader gets each gold item
at most once, and never one whose case they read anyway.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import TypeVar

from desktop.domain.errors import UserError

T = TypeVar("T")


class SlotKind(str, Enum):
    CASE = "case"
    GOLD = "gold"
    REPEAT = "repeat"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldPlan:
    """``rate`` of gold, ``first_rate`` for the ``first`` items a reader ever gets; ``repeat_rate``
    of own cases shown again, at least ``repeat_gap`` items later."""

    rate: float = 0.05
    first: int = 10
    first_rate: float = 0.30
    repeat_rate: float = 0.025
    repeat_gap: int = 30

    def __post_init__(self) -> None:
        rates = (self.rate, self.first_rate, self.repeat_rate)
        if not all(0 <= rate <= 0.5 for rate in rates) or self.first < 0 or self.repeat_gap < 1:
            raise UserError("This plan for gold can't be used.", "Rates lie between 0 and 50 %.")

    def rate_at(self, position: int) -> float:
        """The chance of gold at a 0-based position of everything the reader ever gets."""
        return self.first_rate if position < self.first else self.rate


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldItem:
    """A case with a known answer. ``shown`` : how often it was shown to anybody."""

    case_id: str
    concept: str = ""
    difficulty: str = ""
    shown: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One position. ``case_id`` : where the pixels come from; ``shown_as`` : the id in the reader's
    file, which for gold and repeats is new and looks like any other."""

    kind: SlotKind
    case_id: str
    shown_as: str


@dataclass(frozen=True, slots=True)
class Schedule:
    slots: tuple[Slot, ...]
    notes: tuple[str, ...] = field(default=())

    def of_kind(self, kind: SlotKind) -> tuple[int, ...]:
        """0-based positions."""
        return tuple(i for i, slot in enumerate(self.slots) if slot.kind is kind)


def schedule(
    cases: Sequence[str],
    gold: Sequence[GoldItem],
    *,
    reader_id: str,
    secret: bytes,
    plan: GoldPlan | None = None,
    already: int = 0,
    seen: Collection[str] = (),
) -> Schedule:
    """The reader's stream: their cases in the given order, with gold and repeats between.

    Parameters
    ----------
    cases : ids in the order of reading (the caller shuffles them per reader).
    gold : items to draw from; those shown least come first.
    secret : of the project, at least 16 bytes. The same secret, reader and ``already`` give the
        same stream; without the secret it can't be foreseen.
    already : how many items the reader had before, so that a beginning happens once.
    seen : case ids that the reader has had in any form.

    Where there is less gold than drawn positions, positions are given up at random, so that the
    rate falls evenly instead of the gold running out towards the end; a note says so.
    """
    if len(secret) < 16:
        raise UserError("Gold can't be hidden.", "The project's secret is too short.")
    if len(set(cases)) != len(cases):
        raise UserError("Gold can't be hidden.", "A case is twice on the reader's list.")
    plan = plan or GoldPlan()
    random = Random(_digest(secret, "stream", reader_id, str(already)))
    kinds = _draw_kinds(len(cases), plan, already, random)
    taken = set(seen) | set(cases)
    pool = [item for item in gold if item.case_id not in taken]
    kinds, note = _thin(kinds, len(pool), random)
    chosen = _choose(pool, kinds.count(SlotKind.GOLD), random)
    return Schedule(_fill(kinds, cases, chosen, reader_id, secret, plan, random), note)


def shown_id(secret: bytes, reader_id: str, kind: SlotKind, case_id: str) -> str:
    """The 32-digit id under which a reader gets a gold item or a repeat; needs the secret to undo
    (by trying the project's cases)."""
    return _digest(secret, "shown", reader_id, kind.value, case_id)[:32]


def _draw_kinds(n_cases: int, plan: GoldPlan, already: int, random: Random) -> list[SlotKind]:
    """Kinds of all positions. One draw per position, also after the last case: the stream may end
    with gold as any position may be gold."""
    kinds: list[SlotKind] = []
    left = n_cases
    while n_cases:
        draw, rate = random.random(), plan.rate_at(already + len(kinds))
        if draw < rate:
            kinds.append(SlotKind.GOLD)
        elif left == 0:
            break
        elif draw < rate + plan.repeat_rate and len(kinds) >= plan.repeat_gap:
            kinds.append(SlotKind.REPEAT)
        else:
            kinds.append(SlotKind.CASE)
            left -= 1
    return kinds


def _thin(
    kinds: list[SlotKind], supply: int, random: Random
) -> tuple[list[SlotKind], tuple[str, ...]]:
    """Give up gold positions at random until the supply is enough."""
    places = [i for i, kind in enumerate(kinds) if kind is SlotKind.GOLD]
    if len(places) <= supply:
        return kinds, ()
    drop = set(_shuffled(places, random)[supply:])
    left = [kind for i, kind in enumerate(kinds) if i not in drop]
    return left, (f"There are {supply} gold items for {len(places)} places; the rate is lower.",)


def _choose(pool: Sequence[GoldItem], count: int, random: Random) -> list[GoldItem]:
    """The least shown items, in an order that tells nothing about them."""
    by_use = sorted(_shuffled(pool, random), key=lambda item: item.shown)
    return _shuffled(by_use[:count], random)


def _fill(
    kinds: Sequence[SlotKind],
    cases: Sequence[str],
    chosen: Sequence[GoldItem],
    reader_id: str,
    secret: bytes,
    plan: GoldPlan,
    random: Random,
) -> tuple[Slot, ...]:
    """Put ids to the kinds. A repeat without a case old enough is dropped."""
    slots: list[Slot] = []
    waiting, answers = iter(cases), iter(chosen)
    repeated: set[str] = set()
    for kind in kinds:
        if kind is SlotKind.CASE:
            case_id = next(waiting)
            slots.append(Slot(kind=kind, case_id=case_id, shown_as=case_id))
            continue
        if kind is SlotKind.GOLD:
            case_id = next(answers).case_id
        else:
            old = [
                slot.case_id
                for slot in slots[: max(0, len(slots) - plan.repeat_gap)]
                if slot.kind is SlotKind.CASE and slot.case_id not in repeated
            ]
            if not old:
                continue
            case_id = old[int(random.random() * len(old))]
            repeated.add(case_id)
        shown_as = shown_id(secret, reader_id, kind, case_id)
        slots.append(Slot(kind=kind, case_id=case_id, shown_as=shown_as))
    return tuple(slots)


def _shuffled(items: Sequence[T], random: Random) -> list[T]:
    """Sorted by random keys: depends on ``random()`` alone, which stays the same for ever."""
    keys = [random.random() for _ in items]
    return [items[i] for i in sorted(range(len(items)), key=keys.__getitem__)]


def _digest(secret: bytes, *parts: str) -> str:
    return hmac.new(secret, "\x1f".join(parts).encode(), "sha256").hexdigest()
