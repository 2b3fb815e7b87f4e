"""Suspect labels that were sent to adjudication: they bring cases into its queue."""

from __future__ import annotations

from dataclasses import replace

from desktop.domain.doubt import Judgement, LabelDoubt
from desktop.store import queries
from desktop.store.database import Connection
from desktop.workspace.claims.matters import Matter


def with_doubted(connection: Connection, case_ids: list[str]) -> list[str]:
    """The cases, and behind them those of which a suspect label was sent here."""
    sent = queries.many(connection, LabelDoubt, judgement=Judgement.SENT.value)
    return list(dict.fromkeys([*case_ids, *sorted({d.case_id for d in sent})]))


def doubted_claims(connection: Connection, case_id: str) -> set[str]:
    """Ids of claims on a case that were sent here as suspect."""
    found = queries.many(connection, LabelDoubt, case_id=case_id)
    return {d.claim_id for d in found if d.judgement is Judgement.SENT}


def reopened(matter: Matter, doubted: set[str]) -> Matter:
    """A matter waits for a ruling also where all agree, if one of its claims is suspect."""
    return replace(matter, agreed=False) if doubted & set(matter.source_ids) else matter
