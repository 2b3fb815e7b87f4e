"""Argilla's records and settings as JSON, without Argilla.

A record has the prompt and its candidates as fields, and one response per reader and question: a
ranking (rank 1 is best, ties share a rank) or a rating. Who read is told by an id in UUID form.

Source: Argilla 2, ``Record.to_dict`` and the JSON of ``Settings``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from desktop.domain.ranking import (
    RATING_SCALE,
    Candidate,
    Outcome,
    Ranking,
    RankingKind,
    TaskRecords,
)
from desktop.domain.record import stable_id
from desktop.exchange.preference_pictures import Pictures

Row = dict[str, Any]


def argilla_records(
    records: TaskRecords, words: Callable[[Candidate], str], pictures: Pictures
) -> list[Row]:
    """One record per pair, list or rated candidate, with all readers' responses.

    A candidate that has pictures brings the first of them as a field of its own.
    """
    prompts = {p.id: p.text for p in records.prompts}
    candidates = {c.id: c for c in records.candidates}
    found: dict[tuple[str, ...], Row] = {}

    def record(prompt_id: str, ids: tuple[str, ...]) -> Row:
        if ids not in found:
            fields = {"prompt": prompts[prompt_id]}
            fields |= {f"response{n}": words(candidates[c]) for n, c in enumerate(ids, start=1)}
            first = {n: pictures.of_candidate(candidates[c])[:1] for n, c in enumerate(ids, 1)}
            fields |= {f"image{n}": paths[0] for n, paths in first.items() if paths}
            found[ids] = {
                "id": stable_id("argilla", *ids),
                "fields": fields,
                "metadata": {f"response{n}_id": c for n, c in enumerate(ids, start=1)},
                "suggestions": {},
                "responses": {},
                "vectors": {},
            }
        return found[ids]

    def respond(row: Row, question: str, value: Any, reader_id: str) -> None:
        row["responses"].setdefault(question, []).append(
            {"value": value, "user_id": str(UUID(stable_id("argilla-user", reader_id)))}
        )

    for said in records.comparisons:
        if said.repeat or said.outcome in (Outcome.BOTH_BAD, Outcome.CANNOT):
            continue
        ids: tuple[str, ...] = tuple(sorted((said.left, said.right)))
        best = {Outcome.LEFT: said.left, Outcome.RIGHT: said.right}.get(said.outcome)
        ranks = [1 if best in (None, c) else 2 for c in ids]
        respond(record(said.prompt_id, ids), "preference", _ranked(ranks), said.reader_id)
    for ranking in records.rankings:
        if not ranking.cannot:
            ids = tuple(sorted(ranking.shown))
            row = record(ranking.prompt_id, ids)
            respond(row, "preference", _ranked([_rank(ranking, c) for c in ids]), ranking.reader_id)
    for rating in records.ratings:
        if not rating.cannot:
            row = record(rating.prompt_id, (rating.candidate_id,))
            for name, score in sorted(rating.scores.items()):
                respond(row, _question(records, name), score, rating.reader_id)
    return list(found.values())


def argilla_settings(records: TaskRecords, pictures: Pictures) -> Row:
    """Guidelines, fields and questions that these records fit."""
    task = records.task
    most = 1 if task.judged is RankingKind.RATING else 2
    most = max([most, *(len(r.shown) for r in records.rankings)])
    names = ["prompt", *(f"response{n}" for n in range(1, most + 1))]
    if task.judged is RankingKind.RATING:
        scale = [{"value": v} for v in RATING_SCALE]
        questions = [
            {
                "name": _question(records, c),
                "title": c or "Grade",
                "required": True,
                "settings": {"type": "rating", "options": scale},
            }
            for c in (task.criteria or ("",))
        ]
    else:
        options = [{"value": n, "text": n} for n in names[1:]]
        questions = [
            {
                "name": "preference",
                "title": task.title,
                "required": True,
                "settings": {"type": "ranking", "options": options},
            }
        ]
    return {
        "guidelines": "\n".join([task.instructions, *(f"- {c}" for c in task.criteria)]).strip(),
        "allow_extra_metadata": True,
        "fields": [
            {
                "name": n,
                "title": n.capitalize(),
                "required": n in names[:3],
                "settings": {"type": "text", "use_markdown": False},
            }
            for n in names
        ]
        + [
            {
                "name": f"image{n}",
                "title": f"Image {n}",
                "required": False,
                "settings": {"type": "image"},
            }
            for n in range(1, most + 1)
            if any(pictures.of_candidate(c) for c in records.candidates)
        ],
        "questions": questions,
        "metadata": [],
        "vectors": [],
    }


def _ranked(ranks: list[int]) -> list[Row]:
    return [{"value": f"response{n}", "rank": rank} for n, rank in enumerate(ranks, start=1)]


def _rank(ranking: Ranking, candidate_id: str) -> int:
    """1 for the best; all of a tier share a rank, and the next tier comes after all of them."""
    before = 0
    for tier in ranking.tiers:
        if candidate_id in tier:
            return before + 1
        before += len(tier)
    return before + 1


def _question(records: TaskRecords, criterion: str) -> str:
    """A name as Argilla wants it: small letters, digits, hyphens."""
    if not criterion:
        return "grade"
    return f"criterion-{records.task.criteria.index(criterion) + 1}"
