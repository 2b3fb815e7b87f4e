"""The split as one looks at it: every patient with part and reason, and labels counted by part."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from desktop.domain.answer_labels import label_name, vote_labels
from desktop.domain.errors import UserError
from desktop.domain.schema import Question, QuestionKind, Schema
from desktop.domain.split import Part, is_synthetic
from desktop.domain.study import Case
from desktop.store.split_facts import CaseLabel

Counts = dict[Part | None, int]
_KINDS = (QuestionKind.CHOICE, QuestionKind.YES_NO)
_HEADS = ("part", "patient", "case_id", "site", "dealt", "synthetic", "kept_in_training_because")


@dataclass(frozen=True)
class PatientLine:
    """One patient. ``part`` None: not dealt yet. ``kept``: why it stays in training, "" where it
    may be held back. ``group``: the site it was dealt with as one."""

    patient_key: str
    part: Part | None
    cases: tuple[Case, ...]
    site: str = ""
    seed: int | None = None
    group: str = ""
    kept: str = ""

    @property
    def how(self) -> str:
        """How it got its part, in words; "" where it has none."""
        if self.seed is None:
            return ""
        if not self.seed:
            return "by hand"
        return f"seed {self.seed} · site" if self.group else f"seed {self.seed}"


@dataclass(frozen=True)
class LabelCount:
    """Cases that people said this of, by part. ``title``: the class, or answer and question."""

    title: str
    counts: Counts


@dataclass(frozen=True)
class SplitBoard:
    """Patients in the order of their first case, and label counts in the schemas' order."""

    lines: tuple[PatientLine, ...]
    labels: tuple[LabelCount, ...]

    def patients(self) -> Counts:
        """How many patients each part has; None: not dealt yet."""
        return dict(Counter(line.part for line in self.lines))

    def cases(self) -> Counts:
        """How many cases each part has."""
        found: Counter[Part | None] = Counter()
        for line in self.lines:
            found[line.part] += len(line.cases)
        return dict(found)

    def sites_parted(self) -> tuple[str, ...]:
        """Sites that have patients in training as well as in validation or test."""
        parts: dict[str, set[bool]] = {}
        for line in self.lines:
            if line.part is not None and line.site:
                parts.setdefault(line.site, set()).add(line.part is Part.TRAIN)
        return tuple(sorted(site for site, found in parts.items() if len(found) > 1))

    def csv(self) -> bytes:
        """One line per case, sorted by part, patient and case; pseudonyms only."""
        out = io.StringIO()
        table = csv.writer(out, lineterminator="\n")
        table.writerow(_HEADS)
        rows = []
        for line in self.lines:
            part = line.part.value if line.part else ""
            for case in line.cases:
                made_up = str(is_synthetic(case)).lower()
                why = f"{line.patient_key} {line.kept}" if line.kept else ""
                rows.append((part, line.patient_key, case.id, line.site, line.how, made_up, why))
        table.writerows(sorted(rows))
        return out.getvalue().encode()


def counted(
    lines: Sequence[PatientLine], schemas: Iterable[Schema], labels: Iterable[CaseLabel]
) -> tuple[LabelCount, ...]:
    """Cases by class, and by answer to questions with answers to choose from."""
    part_of = {case.id: line.part for line in lines for case in line.cases}
    found = [
        LabelCount(title, dict(Counter(part_of[c] for c in cases if c in part_of)))
        for title, cases in cases_by_label(schemas, labels)
    ]
    return tuple(label for label in found if label.counts)


def cases_by_label(
    schemas: Iterable[Schema], labels: Iterable[CaseLabel]
) -> list[tuple[str, set[str]]]:
    """Title and cases of each class, and of each answer to questions with answers to choose."""
    questions, titles = _asked(schemas)
    found: dict[tuple[str, str], set[str]] = {}
    for label in labels:
        key = (label.topic, _name(questions.get(label.topic), label.said) if label.said else "")
        if key in titles:
            found.setdefault(key, set()).add(label.case_id)
    return [(title, found[key]) for key, title in titles.items() if key in found]


def _asked(schemas: Iterable[Schema]) -> tuple[dict[str, Question], dict[tuple[str, str], str]]:
    """Questions by topic, and titles by topic and answer, "" for a class, in the schemas' order.

    By the newest version of each schema; what only older ones have comes after.
    """
    questions: dict[str, Question] = {}
    titles: dict[tuple[str, str], str] = {}
    for schema in sorted(schemas, key=lambda s: (s.name, -s.version)):
        for known in schema.classes:
            titles.setdefault((f"{schema.name}/{known.id}", ""), known.name)
        for question in schema.case_questions():
            if question.kind not in _KINDS:
                continue
            topic = f"{schema.name}/{question.id}"
            questions.setdefault(topic, question)
            texts = question.choice_texts()
            for answer in vote_labels(question):
                words = texts.get(answer, answer.capitalize())
                titles.setdefault((topic, answer), f"{words} · {question.text}")
    return questions, titles


def _name(question: Question | None, said: str) -> str:
    """The answer's label; one that fits no question here counts as none."""
    try:
        return label_name(question, json.loads(said)) if question is not None else "?"
    except UserError:
        return "?"
