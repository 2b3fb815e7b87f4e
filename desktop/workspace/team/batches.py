"""Who reads what: batches made by rule, their overlap, and how far the readers are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop.commands.batch import ChangeBatch, CreateBatch, RemoveBatch, TagCases
from desktop.domain.batch import (
    NO_GOLD,
    Batch,
    CaseRule,
    GoldMix,
    Mode,
    Package,
    RuleKind,
    keyed_order,
    loads,
    overlap_count,
    share_out,
)
from desktop.domain.errors import AccessProblem
from desktop.domain.event import Event
from desktop.domain.gold import GoldCase
from desktop.domain.task import SEES_ALL, AssignmentState
from desktop.store import queries, worklist
from desktop.workspace.team.turns import batches_in_order, cases_of

if TYPE_CHECKING:
    from desktop.store.database import Connection
    from desktop.workspace.workspace import Workspace

_AT_ONCE = 500  # cases in one event


@dataclass(frozen=True)
class Preview:
    """What a batch would hand out: its cases, how many are read by several, and each load."""

    case_ids: tuple[str, ...]
    shared: int
    load: dict[str, int]

    @property
    def reads(self) -> int:
        """Readings all in all."""
        return sum(self.load.values())


@dataclass(frozen=True)
class ReaderProgress:
    """How far one reader is with their cases of one batch."""

    reader_id: str
    name: str
    cases: int
    done: int
    skipped: int
    handed_out: int

    @property
    def closed(self) -> int:
        return self.done + self.skipped


@dataclass(frozen=True)
class BatchLine:
    """One batch as its page shows it."""

    batch: Batch
    cases: int
    shared: int
    readers: tuple[ReaderProgress, ...]

    @property
    def reads(self) -> int:
        return sum(r.cases for r in self.readers)

    @property
    def closed(self) -> int:
        return sum(r.closed for r in self.readers)


class Batches:
    """Reached as ``workspace.batches``; main thread only. Making and changing is the lead's."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._shared: dict[tuple[str, float, int], dict[str, list[str]]] = {}

    def tags(self) -> dict[str, int]:
        """Tags in use, with the number of their cases."""
        return worklist.tags(self._seen())

    def tag(self, case_ids: Sequence[str], tag: str, on: bool = True) -> int:
        """Put a tag on cases or take it off, as one step of undo; how many cases were named."""
        group = self._workspace.new_id()
        for start in range(0, len(case_ids), _AT_ONCE):
            part = tuple(case_ids[start : start + _AT_ONCE])
            self._workspace.run(TagCases(case_ids=part, tag=tag, on=on), group=group)
        return len(case_ids)

    def preview(
        self,
        rule: CaseRule,
        reader_ids: Sequence[str],
        overlap: float = 0.0,
        depth: int = 2,
        *,
        seed: str = "preview",
        mode: Mode = Mode.TEST,
    ) -> Preview:
        """What ``create`` would make of this; the same seed gives the same cases."""
        chosen = self._chosen(rule, seed, mode)
        batch = self._draft(rule, reader_ids, overlap, depth, seed)
        return Preview(tuple(chosen), overlap_count(batch, len(chosen)), loads(batch, len(chosen)))

    def create(
        self,
        title: str,
        rule: CaseRule,
        reader_ids: Sequence[str],
        overlap: float = 0.0,
        depth: int = 2,
        *,
        seed: str = "",
        mode: Mode = Mode.TEST,
        gold: GoldMix = NO_GOLD,
        suggestions: bool = False,
    ) -> Batch:
        """Make a batch; UserError where no case fits or nobody reads. Undo takes it back."""
        seed = seed or self._workspace.new_id()
        draft = self._draft(rule, reader_ids, overlap, depth, seed)
        batch = Batch(
            id=self._workspace.new_id(),
            title=title.strip() or f"Batch {len(self._all()) + 1}",
            rule=rule,
            reader_ids=draft.reader_ids,
            seed=seed,
            overlap=overlap,
            depth=depth,
            mode=mode,
            gold=NO_GOLD if mode is Mode.TRAINING else gold,
            suggestions=suggestions,
        )
        chosen = tuple(self._chosen(rule, seed, mode))
        self._workspace.run(CreateBatch(batch=batch, case_ids=chosen))
        return queries.one(self._seen(), Batch, batch.id)

    def change(
        self,
        batch_id: str,
        *,
        overlap: float | None = None,
        depth: int | None = None,
        gold: GoldMix | None = None,
    ) -> Event | None:
        """Another overlap or another share of gold, at any time."""
        old = queries.one(self._seen(), Batch, batch_id)
        return self._workspace.run(
            ChangeBatch(
                batch_id=batch_id,
                overlap=old.overlap if overlap is None else overlap,
                depth=old.depth if depth is None else depth,
                gold=old.gold if gold is None else gold,
            )
        )

    def remove(self, batch_id: str) -> Event | None:
        """Take a batch back; what was read stays."""
        return self._workspace.run(RemoveBatch(batch_id=batch_id))

    def lines(self) -> list[BatchLine]:
        """All batches with the progress of their readers, newest first."""
        read = self._seen()
        names = queries.identities(read)
        out = _handed_out(read)
        begun: dict[str, worklist.Begun] = {}
        lines = []
        for batch in reversed(self._all()):
            cases = cases_of(read, batch.id)
            progress = []
            for reader_id, mine in self._lists(batch, cases).items():
                if reader_id not in begun:
                    begun[reader_id] = worklist.begun(read, reader_id)
                states = begun[reader_id].closed
                listed = set(mine) | (begun[reader_id].cases & set(cases))
                closed = [states[c] for c in listed if c in states]
                progress.append(
                    ReaderProgress(
                        reader_id=reader_id,
                        name=names.get(reader_id, "") or f"R-{reader_id[:6].upper()}",
                        cases=len(listed),
                        done=closed.count(AssignmentState.DONE),
                        skipped=closed.count(AssignmentState.SKIPPED),
                        handed_out=len(listed & out.get(reader_id, set())),
                    )
                )
            shared = overlap_count(batch, len(cases))
            lines.append(BatchLine(batch, len(cases), shared, tuple(progress)))
        return lines

    # ------------------------------------------------------------------------------------------

    def _all(self) -> list[Batch]:
        return batches_in_order(self._seen())

    def _lists(self, batch: Batch, cases: tuple[str, ...]) -> dict[str, list[str]]:
        """Shared out, once for each overlap that is looked at."""
        key = (batch.id, batch.overlap, batch.depth)
        if key not in self._shared:
            self._shared = {k: v for k, v in self._shared.items() if k[0] != batch.id}
            self._shared[key] = share_out(batch, cases)
        return self._shared[key]

    def _draft(
        self, rule: CaseRule, reader_ids: Sequence[str], overlap: float, depth: int, seed: str
    ) -> Batch:
        return Batch(
            id="",
            title="",
            rule=rule,
            reader_ids=tuple(dict.fromkeys(reader_ids)),
            seed=seed,
            overlap=overlap,
            depth=depth,
        )

    def _chosen(self, rule: CaseRule, seed: str, mode: Mode) -> list[str]:
        """The cases that a rule takes, in the project's order (by score: highest first)."""
        read = self._seen()
        match rule.kind:
            case RuleKind.TAG:
                found = worklist.tagged(read, rule.tag)
            case RuleKind.SCORE:
                found = worklist.scored(read, rule.low, rule.high)
            case _:
                found = worklist.all_cases(read)
        if mode is Mode.TRAINING:
            gold = {g.case_id for g in queries.many(read, GoldCase)}
            found = [c for c in found if c in gold]
        elif rule.only_new:
            taken = {c for b in self._all() for c in cases_of(read, b.id)}
            found = [c for c in found if c not in taken]
        if rule.kind is RuleKind.RANDOM:
            drawn = set(keyed_order(found, seed, "draw")[: rule.count])
            return [c for c in found if c in drawn]
        return found[: rule.count] if rule.count else found

    def _seen(self) -> Connection:
        workspace = self._workspace
        workspace.accounts.check_signed_in()
        if workspace.reader.role not in SEES_ALL:
            raise AccessProblem(
                "Who reads what is not shown to readers.", "", "Ask the lead of this project."
            )
        return workspace._read


def _handed_out(connection: Connection) -> dict[str, set[str]]:
    """Cases by reader that went out in packages."""
    found: dict[str, set[str]] = {}
    for package in queries.many(connection, Package):
        found.setdefault(package.reader_id, set()).update(package.items)
    return found
