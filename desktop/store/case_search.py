"""What the search of the work list finds: titles, the reader's own flags, and tags."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Select, func, or_, select

from desktop.domain.case_note import CaseNote
from desktop.domain.study import Case
from desktop.store.tables import RECORD_TABLES


class CaseSearch(NamedTuple):
    """``words`` as typed; flags are searched of ``reader_id``, tags only where asked for."""

    words: str = ""
    reader_id: str = ""
    tags: bool = False


NO_SEARCH = CaseSearch()


def searched(query: Select[Any], search: CaseSearch) -> Select[Any]:
    """Narrow a query over cases; the same query where nothing is searched for."""
    if not search.words:
        return query
    cases, notes = RECORD_TABLES[Case], RECORD_TABLES[CaseNote]
    flagged = select(notes.c.case_id).where(
        notes.c.reader_id == search.reader_id,
        notes.c.flag != "",
        notes.c.flag.icontains(search.words, autoescape=True),
    )
    ways = [cases.c.title.contains(search.words, autoescape=True), cases.c.id.in_(flagged)]
    if search.tags:
        tag = func.json_each(cases.c.data, "$.tags").table_valued("value", name="tag")
        found = tag.c.value.icontains(search.words, autoescape=True)
        ways.append(select(tag.c.value).where(found).exists())
    return query.where(or_(*ways))
