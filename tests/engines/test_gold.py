"""Hidden gold: rates, at most once per reader, and nothing to tell it by."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.domain.errors import UserError
from desktop.domain.record import stable_id
from desktop.engines.gold.gold import GoldItem, GoldPlan, Schedule, SlotKind, schedule, shown_id

SECRET = b"0123456789abcdef"


def ids(prefix: str, count: int) -> list[str]:
    return [stable_id(prefix, str(i)) for i in range(count)]


def gold_items(count: int) -> list[GoldItem]:
    return [GoldItem(case_id=i) for i in ids("gold", count)]


def stream(n: int, gold: int = 500, reader: str = "r1", **more: Any) -> Schedule:
    return schedule(ids("case", n), gold_items(gold), reader_id=reader, secret=SECRET, **more)


@settings(max_examples=40)
@given(
    n=st.integers(0, 120),
    gold=st.integers(0, 30),
    reader=st.text(min_size=1, max_size=8),
    already=st.sampled_from([0, 5, 200]),
)
def test_every_case_comes_once_in_order_and_gold_at_most_once(
    n: int, gold: int, reader: str, already: int
) -> None:
    found = stream(n, gold, reader, already=already)
    kept = [s.case_id for s in found.slots if s.kind is SlotKind.CASE]
    assert kept == ids("case", n)
    shown = [s.case_id for s in found.slots if s.kind is SlotKind.GOLD]
    assert len(set(shown)) == len(shown) <= gold
    names = [s.shown_as for s in found.slots]
    assert len(set(names)) == len(names)
    again = [s.case_id for s in found.slots if s.kind is SlotKind.REPEAT]
    assert len(set(again)) == len(again) and set(again) <= set(kept)


def test_rates_are_the_stated_ones() -> None:
    first = rest = first_gold = rest_gold = repeats = 0
    for reader in range(300):
        slots = stream(100, 100, f"r{reader}").slots
        kinds = np.array([s.kind is SlotKind.GOLD for s in slots])
        repeats += sum(s.kind is SlotKind.REPEAT for s in slots[30:])
        first, first_gold = first + 10, first_gold + int(kinds[:10].sum())
        rest, rest_gold = rest + kinds[10:].size, rest_gold + int(kinds[10:].sum())
    assert first_gold / first == pytest.approx(0.30, abs=0.03)
    assert rest_gold / rest == pytest.approx(0.05, abs=0.005)
    assert repeats / rest == pytest.approx(0.025 * 80 / 105, abs=0.005)


def test_a_later_package_has_no_second_beginning() -> None:
    gold = [len(stream(10, 50, f"r{i}", already=40).of_kind(SlotKind.GOLD)) for i in range(400)]
    assert np.mean(gold) == pytest.approx(10 * 0.05 / 0.95, abs=0.15)


def auc(positive: np.ndarray, negative: np.ndarray) -> float:
    """Chance that a positive lies above a negative; ties count half."""
    below = np.searchsorted(np.sort(negative), positive, "left")
    upto = np.searchsorted(np.sort(negative), positive, "right")
    return float((below + upto).mean() / 2 / negative.size)


@pytest.mark.parametrize("supply", [400, 40], ids=["enough gold", "too little gold"])
def test_position_ids_and_neighbours_do_not_tell_gold(supply: int) -> None:
    """2,000 items; averaged over readers so that chance in one stream is not taken for a rule."""
    areas: dict[str, list[float]] = {}
    for reader in range(40):
        slots = stream(1900, supply, f"reader {reader}").slots
        mine = np.array([s.kind is SlotKind.GOLD for s in slots])
        features = {
            "position": np.arange(len(slots)),
            "since the last": since_the_last(mine),
            "position modulo 20": np.arange(len(slots)) % 20,
            "id as a number": np.array([int(s.shown_as[:12], 16) for s in slots]),
            "digits in the id": np.array([sum(c.isdigit() for c in s.shown_as) for s in slots]),
        }
        for name, values in features.items():
            areas.setdefault(name, []).append(auc(values[mine], values[~mine]))
    for name, values in areas.items():
        assert np.mean(values) == pytest.approx(0.5, abs=0.02), name
    for values in (areas["position"], areas["id as a number"]):
        assert np.mean(np.abs(np.array(values) - 0.5) < 0.05 + 2 / np.sqrt(supply)) > 0.8


def since_the_last(mine: np.ndarray) -> np.ndarray:
    """How many positions ago the last gold was, before each position."""
    out, count = np.zeros(mine.size), 0
    for i, gold in enumerate(mine):
        out[i] = count
        count = 0 if gold else count + 1
    return out


def test_all_ids_look_alike() -> None:
    assert all(re.fullmatch("[0-9a-f]{32}", s.shown_as) for s in stream(400).slots)
    hidden = [s for s in stream(400).slots if s.kind is not SlotKind.CASE]
    assert hidden and all(s.shown_as != s.case_id for s in hidden)


def test_the_same_secret_gives_the_same_stream_and_another_does_not() -> None:
    assert stream(200) == stream(200)
    assert stream(200, reader="r2").of_kind(SlotKind.GOLD) != stream(200).of_kind(SlotKind.GOLD)
    other = schedule(ids("case", 200), gold_items(500), reader_id="r1", secret=b"another secret!!")
    assert other.of_kind(SlotKind.GOLD) != stream(200).of_kind(SlotKind.GOLD)
    kinds = [SlotKind.GOLD, SlotKind.REPEAT]
    names = {shown_id(s, r, k, "c") for s in (SECRET, b"x" * 16) for r in "ab" for k in kinds}
    assert len(names) == 8


def test_gold_that_the_reader_knows_is_not_used() -> None:
    items = gold_items(60)
    known, own = {g.case_id for g in items[:20]}, [g.case_id for g in items[20:40]]
    found = schedule([*ids("case", 300), *own], items, reader_id="r1", secret=SECRET, seen=known)
    shown = {s.case_id for s in found.slots if s.kind is SlotKind.GOLD}
    assert shown and shown <= {g.case_id for g in items[40:]}


def test_gold_shown_least_comes_first() -> None:
    items = [GoldItem(case_id=c, shown=5 * (i % 2)) for i, c in enumerate(ids("gold", 40))]
    found = schedule(ids("case", 60), items, reader_id="r1", secret=SECRET)
    shown = {s.case_id for s in found.slots if s.kind is SlotKind.GOLD}
    fresh = {g.case_id for g in items if g.shown == 0}
    assert shown and (shown <= fresh or fresh <= shown)


def test_too_little_gold_is_said_and_does_not_run_out_towards_the_end() -> None:
    found = stream(400, 4)
    assert len(found.of_kind(SlotKind.GOLD)) == 4
    assert "There are 4 gold items" in found.notes[0]
    places = np.concatenate(
        [stream(200, 4, f"r{i}", already=10).of_kind(SlotKind.GOLD) for i in range(200)]
    )
    assert np.mean(places) == pytest.approx(102, abs=10)
    assert stream(50, 0).of_kind(SlotKind.GOLD) == ()


def test_repeats_come_long_after_the_first_time() -> None:
    plan = GoldPlan(repeat_rate=0.2, repeat_gap=15)
    found = stream(300, plan=plan)
    where = {s.case_id: i for i, s in enumerate(found.slots) if s.kind is SlotKind.CASE}
    gaps = [i - where[found.slots[i].case_id] for i in found.of_kind(SlotKind.REPEAT)]
    assert len(gaps) > 30 and min(gaps) >= 15


def test_no_gold_no_repeats_is_the_plain_list() -> None:
    plan = GoldPlan(rate=0, first_rate=0, repeat_rate=0)
    assert [s.case_id for s in stream(30, plan=plan).slots] == ids("case", 30)
    assert stream(0).slots == ()


def test_what_can_not_hide_is_refused() -> None:
    with pytest.raises(UserError, match="too short"):
        schedule([], [], reader_id="r", secret=b"short")
    with pytest.raises(UserError, match="twice"):
        schedule(["a", "a"], [], reader_id="r", secret=SECRET)
    for wrong in list[dict[str, Any]](
        [{"rate": -0.1}, {"first_rate": 0.9}, {"first": -1}, {"repeat_gap": 0}]
    ):
        with pytest.raises(UserError, match="plan for gold"):
            GoldPlan(**wrong)
