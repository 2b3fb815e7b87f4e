"""Labels that should be looked at again: by a model's probabilities, or by a mask's own shape.

Answers by confident learning over the app's own suggestions or imported probabilities; masks by
how unlike the others of their class they are. The queue is made when asked for; what somebody said
of a suspect is kept as a LabelDoubt and takes it out of the queue until the label changes.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from desktop.domain.annotation import Annotation, Answer
from desktop.domain.contracts import Progress
from desktop.domain.doubt import LabelDoubt
from desktop.domain.errors import UserError
from desktop.domain.geometry import Mask
from desktop.domain.proposal import Proposal
from desktop.domain.record import to_json
from desktop.domain.schema import QuestionKind, Schema
from desktop.engines.gold.label_errors import find_label_errors
from desktop.engines.gold.mask_errors import shape_features, shape_outliers
from desktop.store import case_facts, queries, tallies
from desktop.store.database import Connection
from desktop.store.tables import topic_of
from desktop.workspace.claims.case_claims import Pixels, claims_of
from desktop.workspace.quality.probabilities import Said
from desktop.workspace.quality.quality_board import Topic, topics_of
from desktop.workspace.quality.quality_tables import words_of
from desktop.workspace.quality.region_pairs import Grid, region_volume

FEWEST = 10  # labels of a question below which nothing can be learned
CHOSEN = (QuestionKind.CHOICE, QuestionKind.YES_NO, QuestionKind.RATING, QuestionKind.TREE)
OUTLIERS = "shape compared with the other masks of the class"


@dataclass(frozen=True)
class Suspect:
    """One label that looks wrong. ``score`` lies in 0..1, low is suspect."""

    case_id: str
    title: str
    topic: str
    asked: str
    reader_id: str
    claim_id: str
    claim_sha256: str
    question_id: str
    given: str
    suggested: str
    score: float
    reason: str
    source: str
    judgement: str = ""


@dataclass(frozen=True)
class SuspectList:
    """The queue, most suspect first, and what could not be looked at and why."""

    suspects: tuple[Suspect, ...]
    looked_at: int
    notes: tuple[str, ...] = ()

    @property
    def open(self) -> tuple[Suspect, ...]:
        """Those nobody has judged as they stand."""
        return tuple(s for s in self.suspects if not s.judgement)


@dataclass(frozen=True)
class Source:
    """Where probabilities come from: a run of this project, by what it was and how much it said."""

    run_id: str
    title: str
    count: int


Chances = Mapping[tuple[str, str], Mapping[str, float]]  # (topic, case id) to answer JSON


def sources_of(connection: Connection) -> list[Source]:
    """Runs that made suggestions for answers."""
    return [
        Source(run_id, f"{made_by or 'Run'} · {count:,} suggestions", count)
        for run_id, made_by, count in tallies.answer_runs(connection)
    ]


def chances_of_runs(connection: Connection, run_ids: Sequence[str]) -> Chances:
    """Probabilities from suggestions; without any, the score is shared out over the answers."""
    topics = topics_of(queries.many(connection, Schema))
    found: dict[tuple[str, str], dict[str, float]] = {}
    for run_id in run_ids:
        for proposal in queries.many(connection, Proposal, run_id=run_id):
            if not proposal.question_id:
                continue
            topic = topics.get(topic_of(proposal.schema_id, proposal.question_id))
            if topic is not None and topic.kind in CHOSEN:
                found[topic.key, proposal.case_id] = _of_proposal(topic, proposal)
    return found


def chances_of_file(connection: Connection, said: Iterable[Said]) -> Chances:
    """Imported probabilities; UserError names the line that speaks of something unknown."""
    topics = topics_of(queries.many(connection, Schema)).values()
    cases: dict[str, str] = {}
    for fact in case_facts.case_facts(connection):
        cases.setdefault(fact.title, fact.case_id)
    cases |= {case_id: case_id for case_id in list(cases.values())}
    found: dict[tuple[str, str], dict[str, float]] = {}
    for one in said:
        case_id = cases.get(one.case)
        if case_id is None:
            raise _unknown(one, f"there is no case “{one.case}”")
        fits = [t for t in topics if one.question in (t.question.id, t.title, t.key)]
        if not fits:
            raise _unknown(one, f"there is no question or class “{one.question}”")
        answers = _answers(fits[0])
        try:
            found[fits[0].key, case_id] = {answers[a]: p for a, p in one.chances.items()}
        except KeyError as error:
            raise _unknown(one, f"“{error.args[0]}” is no answer to {fits[0].title}") from error
    return found


def find_suspects(
    connection: Connection, chances: Chances, source: str, progress: Progress
) -> SuspectList:
    """Answers that confident learning flags, over all questions that probabilities speak of."""
    topics = topics_of(queries.many(connection, Schema))
    judged = _judged(connection)
    facts = {f.case_id: f.title for f in case_facts.case_facts(connection)}
    found: list[Suspect] = []
    notes: list[str] = []
    looked = 0
    keys = sorted({topic for topic, _case in chances})
    for number, key in enumerate(keys):
        topic = topics[key]
        progress.report(number / max(1, len(keys)), topic.title)
        rows = [
            row
            for row in _said(connection, topic)
            if row.said != "null" and (key, row.case_id) in chances and not row.place
        ]
        looked += len(rows)
        names = list(_answers(topic, [row.said for row in rows]).values())
        order = list(dict.fromkeys(names))
        given = {row.said for row in rows}
        if len(rows) < FEWEST or len(given) < 2:
            notes.append(f"{topic.title}: {len(rows)} labels with probabilities are too few.")
            continue
        found += _flagged(connection, topic, rows, order, chances, source, facts)
    found = [_with_judgement(s, judged) for s in found]
    return SuspectList(tuple(sorted(found, key=lambda s: s.score)), looked, tuple(notes))


def find_odd_masks(connection: Connection, secret: bytes, progress: Progress) -> SuspectList:
    """Masks of closed readings that are unlike the others of their class."""
    titles = {k: t.title for k, t in topics_of(queries.many(connection, Schema)).items()}
    judged = _judged(connection)
    features: dict[str, list[tuple[np.ndarray, Suspect]]] = defaultdict(list)
    ids = queries.closed_by_several(connection, 1)
    skipped = 0
    for case_id in progress.over(ids, len(ids), "Looking at masks"):
        claims = claims_of(connection, secret, case_id)
        pixels = Pixels(connection)
        grids: dict[str, Grid] = {}
        for region in claims.annotations:
            if not isinstance(region.geometry, Mask) or not claims.slices.get(region.id):
                continue
            series = region.target.series_id
            if series not in grids:
                grids[series] = Grid.of(connection, series)
            made = region_volume(pixels.mark(claims, region), grids[series])
            if made is None:
                skipped += 1
                continue
            key = topic_of(region.schema_id, region.label.class_id)
            blank = _mask_suspect(region, claims.case.title, key, titles.get(key, ""))
            features[key].append((shape_features(*made), blank))
    found: list[Suspect] = []
    for members in features.values():
        told = shape_outliers(np.array([f for f, _s in members]))
        for n in np.flatnonzero(told.outlying):
            score = float(1 / (1 + told.scores[n]))
            found.append(_shaped(members[n][1], score, told.reasons[n], float(told.scores[n])))
    notes = (f"{skipped} masks without a size in mm were left out.",) if skipped else ()
    looked = sum(len(members) for members in features.values())
    found = [_with_judgement(s, judged) for s in found]
    return SuspectList(tuple(sorted(found, key=lambda s: s.score)), looked, notes)


# answers -------------------------------------------------------------------------------------


def _said(connection: Connection, topic: Topic) -> list[tallies.Said]:
    if topic.is_class:
        return tallies.marks_of(connection, topic.key)
    return tallies.answers_to(connection, topic.key, True)


def _flagged(
    connection: Connection,
    topic: Topic,
    rows: Sequence[tallies.Said],
    order: Sequence[str],
    chances: Chances,
    source: str,
    facts: Mapping[str, str],
) -> list[Suspect]:
    place = {answer: i for i, answer in enumerate(order)}
    labels = np.array([place[row.said] for row in rows])
    table = np.zeros((len(rows), len(order)))
    for n, row in enumerate(rows):
        for answer, chance in chances[topic.key, row.case_id].items():
            table[n, place[answer]] = chance
    told = find_label_errors(labels, table)
    found = []
    for n in told.ranked.tolist():
        row, best = rows[n], order[int(told.suggested[n])]
        claim = _claim(connection, topic, row)
        own, other = float(table[n, labels[n]]), float(table[n, told.suggested[n]])
        found.append(
            Suspect(
                case_id=row.case_id,
                title=facts.get(row.case_id, row.case_id[:8]),
                topic=topic.key,
                asked=topic.title,
                reader_id=row.reader_id,
                claim_id=claim[0],
                claim_sha256=claim[1],
                question_id=topic.question.id,
                given=words_of(topic.question, row.said),
                suggested=words_of(topic.question, best),
                score=float(told.scores[n]),
                reason=f"The model gives this answer {own:.0%} and “"
                f"{words_of(topic.question, best)}” {other:.0%}, more than it usually gives to "
                "cases labelled so.",
                source=source,
            )
        )
    return found


def _claim(connection: Connection, topic: Topic, row: tallies.Said) -> tuple[str, str]:
    """Id and content hash of what is doubted; without a mark, of the reader's word."""
    if topic.is_class:
        for region in queries.many(
            connection, Annotation, case_id=row.case_id, reader_id=row.reader_id
        ):
            if topic_of(region.schema_id, region.label.class_id) == topic.key:
                return region.id, _sha256(to_json(region))
        return f"{row.case_id}/{row.reader_id}/{topic.key}", _sha256(row.said)
    for answer in queries.many(connection, Answer, case_id=row.case_id, reader_id=row.reader_id):
        if topic_of(answer.schema_id, answer.question_id) == topic.key:
            return answer.id, _sha256(to_json(answer))
    return "", ""


def _answers(topic: Topic, seen: Iterable[str] = ()) -> dict[str, str]:
    """Answers by id and by words, as JSON text."""
    question = topic.question
    if topic.kind is QuestionKind.YES_NO:
        found = {"no": "false", "yes": "true", "false": "false", "true": "true"}
    elif topic.kind is QuestionKind.RATING:
        low, high = question.rating_range()
        found = {str(step): json.dumps(float(step)) for step in range(low, high + 1)}
    else:
        texts = question.choice_texts()
        found = {i: json.dumps(i, ensure_ascii=False) for i in texts}
        for i, words in texts.items():
            found.setdefault(words, json.dumps(i, ensure_ascii=False))
    for said in seen:
        if said not in found.values():
            found[said] = said
    return found


def _of_proposal(topic: Topic, proposal: Proposal) -> dict[str, float]:
    answers = _answers(topic)
    order = list(dict.fromkeys(answers.values()))
    soft = {answers[a]: p for a, p in proposal.soft.items() if a in answers}
    if not soft:
        value = to_json(proposal.value)
        rest = (1 - proposal.score) / max(1, len(order) - 1)
        soft = {a: proposal.score if a == value else rest for a in order}
    total = sum(soft.values()) or 1.0
    return {a: p / total for a, p in soft.items()}


# masks ---------------------------------------------------------------------------------------


def _mask_suspect(region: Annotation, title: str, topic: str, name: str) -> Suspect:
    return Suspect(
        case_id=region.case_id,
        title=title,
        topic=topic,
        asked=name,
        reader_id=region.reader_id,
        claim_id=region.id,
        claim_sha256=_sha256(to_json(region)),
        question_id="",
        given="mask",
        suggested="look at its outline",
        score=1.0,
        reason="",
        source=OUTLIERS,
    )


def _shaped(blank: Suspect, score: float, reason: str, deviations: float) -> Suspect:
    words = f"{reason}, {deviations:.1f} standard deviations from the other masks of {blank.asked}."
    plain = {**blank.__dict__, "score": score, "reason": words[:1].upper() + words[1:]}
    return Suspect(**plain)


# what was said before ------------------------------------------------------------------------


def _judged(connection: Connection) -> dict[str, LabelDoubt]:
    return {d.claim_id: d for d in queries.many(connection, LabelDoubt)}


def _with_judgement(suspect: Suspect, judged: Mapping[str, LabelDoubt]) -> Suspect:
    doubt = judged.get(suspect.claim_id)
    if doubt is None or doubt.claim_sha256 != suspect.claim_sha256:
        return suspect
    return Suspect(**{**suspect.__dict__, "judgement": doubt.judgement.value})


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _unknown(said: Said, what: str) -> UserError:
    return UserError(
        "The probabilities don't fit this project.", f"Line {said.line}: {what}.",
        "Cases are named by id or title, questions and answers by id or words.",
    )  # fmt: skip
