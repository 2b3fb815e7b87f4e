"""Is the project what its log says? File, chains, signed heads, tables, masks."""

from __future__ import annotations

from desktop.domain.contracts import Progress
from desktop.domain.event import head_message
from desktop.store import log, queries
from desktop.store.database import Connection, file_faults
from desktop.workspace.access.keys import signature_holds, station_of
from desktop.workspace.reports import VerifyReport


def verify(connection: Connection, project_id: str, progress: Progress) -> VerifyReport:
    """Run every check; sentences name what is wrong, the first bad event by its number."""
    damage = tuple(f"The database file is damaged: {fault}." for fault in file_faults(connection))
    if damage:
        return VerifyReport(ok=False, event_count=0, first_bad_seq=0, sentences=damage)
    total = max(1, log.count_events(connection))

    def on_event(number: int) -> None:
        if number % 500 == 0:
            progress.report(0.6 * number / total, "Checking the log")

    foreign = frozenset(station_of(key) for key in queries.known_keys(connection))
    faults = log.verify_chains(connection, on_event, foreign)
    sentences = [fault.sentence for fault in faults]
    progress.report(0.65, "Checking signatures")
    sentences += _head_faults(connection, project_id)
    progress.report(0.7, "Comparing the tables with the log")
    if not faults:
        sentences += [fault.sentence for fault in log.table_faults(connection)]
    progress.report(0.9, "Checking masks")
    sentences += [
        f"The mask {d[:12]} is damaged or missing." for d in queries.blob_faults(connection)
    ]
    progress.report(1.0, "Checked")
    return VerifyReport(
        ok=not sentences,
        event_count=log.count_events(connection),
        first_bad_seq=min((f.seq for f in faults), default=0),
        sentences=tuple(sentences),
    )


def _head_faults(connection: Connection, project_id: str) -> list[str]:
    """Signed heads that don't hold, or whose event is no longer in the log."""
    faults = []
    for head in queries.signed_heads(connection):
        message = head_message(project_id, head["chain"], head["seq"], head["digest"])
        if not signature_holds(head["public_key"], head["signature"], message):
            faults.append(f"The signature of event {head['seq']} does not hold.")
        elif log.digest_at(connection, head["chain"], head["seq"]) != head["digest"]:
            faults.append(f"Event {head['seq']}, which was signed, is gone or was changed.")
    return faults
