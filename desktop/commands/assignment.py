"""The acting reader's piece of work on a case, shared by the commands that touch it."""

from __future__ import annotations

from msgspec.structs import replace

from desktop.domain.contracts import Transaction
from desktop.domain.task import Assignment


def assignment_of(txn: Transaction, case_id: str) -> Assignment:
    """The acting reader's assignment of a case, made on first use."""
    found = txn.maybe(Assignment, Assignment.id_for(case_id, txn.reader_id))
    if found is not None:
        return found
    return Assignment(
        id=Assignment.id_for(case_id, txn.reader_id), case_id=case_id, reader_id=txn.reader_id
    )


def put_assignment(txn: Transaction, new: Assignment) -> None:
    """Write the assignment, unless it says no more than having none."""
    untouched = Assignment(id=new.id, case_id=new.case_id, reader_id=new.reader_id)
    if new != untouched or txn.maybe(Assignment, new.id) is not None:
        txn.put(new)


def take_back_no_finding(txn: Transaction, case_id: str) -> None:
    """A region on a case contradicts an earlier "no finding", which goes in the same step."""
    found = txn.maybe(Assignment, Assignment.id_for(case_id, txn.reader_id))
    if found is not None and found.no_finding:
        txn.put(replace(found, no_finding=False))
