"""Commands about rules: saved in versions, switched, joined and split, and their runs kept."""

from __future__ import annotations

from typing import ClassVar

from msgspec.structs import replace

from desktop.domain.contracts import Command, Transaction
from desktop.domain.errors import UserError
from desktop.domain.rule import Rule, RuleRun
from desktop.domain.schema import Schema


class SaveRule(Command, frozen=True):
    """Add a rule, or its next version."""

    case_of: ClassVar[str] = ""

    rule: Rule
    what: str = "Save rule"

    @property
    def title(self) -> str:
        return f"{self.what} {self.rule.name}"

    def apply(self, txn: Transaction) -> None:
        self.rule.check(_schema(txn, self.rule.target.schema_name))
        name = self.rule.name.strip()
        rules = txn.find(Rule)
        if any(r.name.casefold() == name.casefold() and r.id != self.rule.id for r in rules):
            raise UserError("There is a rule of this name already.", name, "Give it another name.")
        old = txn.maybe(Rule, self.rule.id)
        if old is None:
            order = 1 + max((r.order for r in rules), default=-1)
            new = replace(self.rule, name=name, version=1, order=order)
        else:
            new = replace(self.rule, name=name, version=old.version, order=old.order)
            if new == replace(old, changed_utc=new.changed_utc):
                return
            new = replace(new, version=old.version + 1)
        txn.put(replace(new, changed_utc=txn.now_utc()))


class SwitchRule(Command, frozen=True):
    """Switch a rule on or off; it keeps its version."""

    case_of: ClassVar[str] = ""

    rule_id: str
    on: bool

    @property
    def title(self) -> str:
        return "Switch a rule on" if self.on else "Switch a rule off"

    def apply(self, txn: Transaction) -> None:
        txn.put(replace(txn.get(Rule, self.rule_id), enabled=self.on))


class DeleteRule(Command, frozen=True):
    """Take a rule out of the project; runs that used it keep what it was."""

    case_of: ClassVar[str] = ""

    rule_id: str

    @property
    def title(self) -> str:
        return "Delete a rule"

    def apply(self, txn: Transaction) -> None:
        txn.delete(Rule, self.rule_id)


class TieRules(Command, frozen=True):
    """Say that two rules say the same (``same``) or do not, or (None) leave it to their votes."""

    case_of: ClassVar[str] = ""

    rule_id: str
    other_id: str
    same: bool | None

    @property
    def title(self) -> str:
        match self.same:
            case True:
                return "Join two rules that say the same"
            case False:
                return "Split two rules that say different things"
            case None:
                return "Let the votes tell whether two rules say the same"

    def apply(self, txn: Transaction) -> None:
        if self.rule_id == self.other_id:
            raise UserError("A rule always says the same as itself.")
        first, second = txn.get(Rule, self.rule_id), txn.get(Rule, self.other_id)
        for rule, other in ((first, second.id), (second, first.id)):
            same = set(rule.same_as) - {other}
            apart = set(rule.not_same_as) - {other}
            if self.same is True:
                same.add(other)
            elif self.same is False:
                apart.add(other)
            txn.put(replace(rule, same_as=tuple(sorted(same)), not_same_as=tuple(sorted(apart))))


class KeepRuleRun(Command, frozen=True):
    """Keep what a run of rules made of every item; ``table`` is its CSV."""

    case_of: ClassVar[str] = ""
    is_undoable: ClassVar[bool] = False

    run: RuleRun
    table: bytes

    @property
    def title(self) -> str:
        return f"Keep the votes of {len(self.run.rules)} rules on {self.run.items} items"

    def apply(self, txn: Transaction) -> None:
        txn.get(Schema, self.run.schema_id)
        digest = txn.put_runs(self.table)
        txn.put(replace(self.run, table=digest, created_utc=txn.now_utc()))


def _schema(txn: Transaction, name: str) -> Schema:
    """The newest version of a schema."""
    found = txn.find(Schema, name=name)
    if not found:
        raise UserError("The rule's schema is not in the project.", name)
    return max(found, key=lambda s: s.version)
