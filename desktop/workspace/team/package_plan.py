"""What a reader's next package holds: their open cases in order, gold and repeats among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from desktop.domain.batch import Batch, Mode, Package, share_out
from desktop.domain.gold import GoldCase
from desktop.domain.study import Case
from desktop.engines.gold.gold import GoldItem, GoldPlan, SlotKind, schedule
from desktop.store import queries, worklist
from desktop.store.database import Connection
from desktop.workspace.team.turns import batches_in_order, cases_of


@dataclass(frozen=True)
class Item:
    """One line of a package: the project's case, its id in the package, its place in the list."""

    case: Case
    shown_as: str
    kind: SlotKind
    place: int
    batch: Batch

    @property
    def hides(self) -> bool:
        return self.kind is not SlotKind.CASE


def plan(
    connection: Connection, secret: bytes, reader_id: str, again: bool = False
) -> tuple[list[Item], tuple[str, ...]]:
    """What a reader's next package holds, in their order, with notes.

    Their assigned cases that are not closed and, unless ``again``, not out in an earlier package.
    """
    earlier = queries.many(connection, Package, reader_id=reader_id)
    out = set[str]() if again else {c for p in earlier for c in p.items}
    closed = worklist.begun(connection, reader_id).closed
    pool = _pool(connection)
    seen = {c for p in earlier for c in (*p.items, *p.gold.values())}
    batches = [b for b in batches_in_order(connection) if reader_id in b.reader_ids]
    lists = {b.id: share_out(b, cases_of(connection, b.id))[reader_id] for b in batches}
    seen |= {c for mine in lists.values() for c in mine}
    already = sum(len(p.items) for p in earlier)
    items: list[Item] = []
    notes: tuple[str, ...] = ()
    for batch in batches:
        mine = [c for c in lists[batch.id] if c not in closed and c not in out]
        out.update(mine)
        mix = batch.gold
        stream = schedule(
            mine,
            [] if batch.mode is Mode.TRAINING else pool,
            reader_id=reader_id,
            secret=secret,
            plan=GoldPlan(
                rate=mix.rate,
                first=mix.first,
                first_rate=mix.first_rate,
                repeat_rate=mix.repeat_rate,
                repeat_gap=mix.repeat_gap,
            ),
            already=already + len(items),
            seen=seen,
        )
        notes += tuple(n for n in stream.notes if mix.rate or mix.first_rate)
        for slot in stream.slots:
            case = queries.one(connection, Case, slot.case_id)
            items.append(Item(case, slot.shown_as, slot.kind, len(items), batch))
            seen.add(slot.case_id)
    return items, notes


def cases_in_hand(connection: Connection, reader_id: str, items: Sequence[Item]) -> set[str]:
    """The project's cases that a reader still has to read, in this package or an earlier one."""
    closed = worklist.begun(connection, reader_id).closed
    found = {i.case.id for i in items}
    for sent in queries.many(connection, Package, reader_id=reader_id):
        for shown in sent.items:
            if shown not in closed:
                found.add(sent.gold.get(shown) or sent.repeats.get(shown) or shown)
    return found


def _pool(connection: Connection) -> list[GoldItem]:
    shown: dict[str, int] = {}
    for sent in queries.many(connection, Package):
        for case_id in sent.gold.values():
            shown[case_id] = shown.get(case_id, 0) + 1
    return [
        GoldItem(
            case_id=g.case_id,
            concept=g.concept,
            difficulty=g.difficulty,
            shown=shown.get(g.case_id, 0),
        )
        for g in queries.many(connection, GoldCase)
    ]
