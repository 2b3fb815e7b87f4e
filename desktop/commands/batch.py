"""Commands about who reads what: batches, packages that went out, tags of cases."""

from __future__ import annotations

from typing import ClassVar

from msgspec.structs import replace

from desktop.domain.batch import Batch, BatchCases, GoldMix, Package
from desktop.domain.contracts import Command, Transaction
from desktop.domain.errors import UserError
from desktop.domain.site import SITE, with_tag
from desktop.domain.split import SYNTHETIC_TAG
from desktop.domain.study import Case
from desktop.domain.task import Reader


class CreateBatch(Command, frozen=True):
    """Give cases to readers."""

    case_of: ClassVar[str] = ""

    batch: Batch
    case_ids: tuple[str, ...]

    @property
    def title(self) -> str:
        return f"Make batch {self.batch.title} of {len(self.case_ids)} cases"

    def apply(self, txn: Transaction) -> None:
        if not self.case_ids:
            raise UserError("No case fits this rule.", "", "Choose another rule.")
        if len(set(self.case_ids)) != len(self.case_ids):
            raise UserError("A case is twice in the batch.")
        if not self.batch.reader_ids:
            raise UserError("A batch needs a reader.", "", "Choose who reads it.")
        for reader_id in self.batch.reader_ids:
            txn.get(Reader, reader_id)
        _check_shares(self.batch)
        txn.put(replace(self.batch, created_utc=txn.now_utc()))
        txn.put(BatchCases(id=self.batch.id, case_ids=self.case_ids))


class ChangeBatch(Command, frozen=True):
    """Another overlap or gold rate, at any time; what is begun stays with its reader."""

    case_of: ClassVar[str] = ""

    batch_id: str
    overlap: float
    depth: int
    gold: GoldMix

    @property
    def title(self) -> str:
        return f"Change batch: {self.overlap:.0%} of its cases are read by {self.depth} readers"

    def apply(self, txn: Transaction) -> None:
        old = txn.get(Batch, self.batch_id)
        new = replace(old, overlap=self.overlap, depth=self.depth, gold=self.gold)
        _check_shares(new)
        txn.put(new)


class RemoveBatch(Command, frozen=True):
    """Take a batch back; what was read stays."""

    case_of: ClassVar[str] = ""

    batch_id: str

    @property
    def title(self) -> str:
        return "Take a batch back"

    def apply(self, txn: Transaction) -> None:
        txn.delete(BatchCases, self.batch_id)
        txn.delete(Batch, self.batch_id)


class RecordPackage(Command, frozen=True):
    """Note that a reader's file went out, and what it holds."""

    case_of: ClassVar[str] = ""
    is_undoable: ClassVar[bool] = False

    package: Package

    @property
    def title(self) -> str:
        who = f"R-{self.package.reader_id[:6].upper()}"
        tasks = f" and {len(self.package.tasks)} preference tasks" if self.package.tasks else ""
        return f"Hand out package of {len(self.package.items)} cases{tasks} to {who}"

    def apply(self, txn: Transaction) -> None:
        txn.get(Reader, self.package.reader_id)
        txn.put(replace(self.package, issued_utc=txn.now_utc()))


class TagCases(Command, frozen=True):
    """Put a tag on cases, or take it off. A site (``site:NAME``) takes the place of another."""

    case_of: ClassVar[str] = ""

    case_ids: tuple[str, ...]
    tag: str
    on: bool = True

    @property
    def title(self) -> str:
        many = "1 case" if len(self.case_ids) == 1 else f"{len(self.case_ids):,} cases"
        return f"{'Tag' if self.on else 'Untag'} {many} as {self.tag}"

    def apply(self, txn: Transaction) -> None:
        tag = " ".join(self.tag.split())
        if not tag or tag == SITE:
            raise UserError("A tag needs a word.")
        if tag == SYNTHETIC_TAG:
            raise UserError(
                "“synthetic” is not given or taken by hand.",
                "It stays for ever on cases whose images were made up.",
            )
        for case_id in self.case_ids:
            case = txn.get(Case, case_id)
            others = tuple(t for t in case.tags if t != tag)
            tags = with_tag(case.tags, tag) if self.on else others
            if tags != case.tags:
                txn.put(replace(case, tags=tags))


def _check_shares(batch: Batch) -> None:
    if not 0 <= batch.overlap <= 1:
        raise UserError("An overlap lies between 0 and 100 %.")
    if batch.depth < 1:
        raise UserError("A case needs at least one reader.")
    mix = batch.gold
    rates = (mix.rate, mix.first_rate, mix.repeat_rate)
    if not all(0 <= rate <= 0.5 for rate in rates) or mix.first < 0 or mix.repeat_gap < 1:
        raise UserError("Gold can be hidden at rates between 0 and 50 %.")
