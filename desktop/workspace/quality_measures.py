"""Which coefficients answer for which kind of question, and what they say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from desktop.domain.schema import Question, QuestionKind
from desktop.engines.agreement import Asking, Coefficient, agreement
from desktop.engines.agreement_result import Agreement
from desktop.engines.alpha import Level
from desktop.engines.measurement_agreement import Correlation, intraclass_correlation
from desktop.engines.ratings import Ratings
from desktop.engines.weights import Scheme
from desktop.workspace.quality_tables import MEASURED, SaidTable


class Measure(str, Enum):
    """What a person may choose; each becomes the coefficient that fits the kind of question."""

    USUAL = "Usual for each kind"
    ALPHA = "Krippendorff's alpha"
    GWET = "Gwet's AC"
    KAPPA = "Kappa"
    BRENNAN_PREDIGER = "Brennan-Prediger"
    ICC = "Intraclass correlation"


ABOUT = {
    Measure.USUAL: "Alpha for named and ordered answers, ICC(2,1) for numbers.",
    Measure.ALPHA: "Any number of readers, gaps allowed; compares with what all answers together "
    "would give by chance. Pulled down where one answer is very common.",
    Measure.GWET: "Chance is what random guessing on hard items would give; stays put where one "
    "answer is very common. AC1 for named answers, AC2 with weights for ordered ones.",
    Measure.KAPPA: "Cohen's kappa for two readers, Fleiss' for more; weighted for ordered answers.",
    Measure.BRENNAN_PREDIGER: "Chance is an equal share for each category of the schema.",
    Measure.ICC: "Share of the variance that lies between items, for numbers only: two-way, "
    "readers a sample of readers, absolute agreement of single readings.",
}
_UNMEASURED = {
    QuestionKind.TEXT: "Free text is not compared.",
    QuestionKind.RANKING: "Rankings are compared on the Ranking page.",
}


@dataclass(frozen=True)
class Asked:
    """A question's answers in the form that coefficients are asked of."""

    ratings: Ratings
    numbers: np.ndarray | None
    kind: QuestionKind


def asked_of(table: SaidTable, question: Question) -> Asked:
    """Ratings, and the numbers behind them where there are any."""
    numbers = table.numbers(question.kind) if question.kind in MEASURED else None
    return Asked(table.ratings(question), numbers, question.kind)


def usual(kind: QuestionKind) -> Measure:
    """The coefficient shown where nobody chose."""
    return Measure.ICC if kind in MEASURED else Measure.ALPHA


def why_unmeasured(kind: QuestionKind) -> str:
    """Why a kind of question has no coefficient; "" where it has."""
    return _UNMEASURED.get(kind, "")


def measured(
    asked: Asked,
    measure: Measure,
    *,
    clusters: np.ndarray | None = None,
    replicates: int = 0,
    columns: tuple[int, int] | None = None,
) -> Agreement:
    """One coefficient of all readers, or of two ``columns``; undefined with a reason otherwise.

    ``replicates`` bootstrap resamples beside the analytic interval; ``clusters``: (n,) patients.
    """
    if reason := why_unmeasured(asked.kind):
        return _undefined(measure.value, reason)
    measure = usual(asked.kind) if measure is Measure.USUAL else measure
    ratings = asked.ratings if columns is None else asked.ratings.of_readers(columns)
    if measure is Measure.ICC:
        if asked.numbers is None:
            return _undefined(measure.value, "Only for numbers.")
        numbers = asked.numbers if columns is None else asked.numbers[:, list(columns)]
        return _correlation(numbers, replicates)
    if measure in (Measure.GWET, Measure.BRENNAN_PREDIGER) and asked.kind in MEASURED:
        return _undefined(measure.value, "Not for numbers: they have no categories.")
    used = np.flatnonzero((ratings.codes >= 0).any(axis=0))
    if used.size < 2:
        return _undefined(_asking(asked.kind, measure, 3).name, "Fewer than two readers answered.")
    ratings = ratings if used.size == len(ratings.readers) else ratings.of_readers(used.tolist())
    if measure is Measure.KAPPA and asked.kind in MEASURED:
        return _undefined(measure.value, "Not for numbers: they have no categories.")
    asking = replace(_asking(asked.kind, measure, used.size), replicates=replicates)
    return agreement(ratings, asking, clusters=clusters)


def _asking(kind: QuestionKind, measure: Measure, readers: int) -> Asking:
    ordered = kind is QuestionKind.RATING
    weights = Scheme.QUADRATIC if ordered else Scheme.IDENTITY
    if measure is Measure.GWET:
        return Asking(Coefficient.GWET, weights=weights)
    if measure is Measure.BRENNAN_PREDIGER:
        return Asking(Coefficient.BRENNAN_PREDIGER, weights=weights)
    if measure is Measure.KAPPA:
        kappa = Coefficient.COHEN if readers == 2 else Coefficient.FLEISS
        return Asking(kappa, weights=weights)
    level = Level.ORDINAL if ordered else Level.INTERVAL if kind in MEASURED else Level.NOMINAL
    return Asking(Coefficient.ALPHA, level=level)


def _correlation(numbers: np.ndarray, replicates: int) -> Agreement:
    """ICC(2,1) of the readers who answered, over the items that all of them answered."""
    used = np.isfinite(numbers).any(axis=0)
    if used.sum() < 2:
        return _undefined(Correlation.RANDOM_SINGLE.value, "Fewer than two readers answered.")
    found = intraclass_correlation(
        numbers[:, used], Correlation.RANDOM_SINGLE, replicates=replicates
    )
    if found.value is None and found.items < 2 and used.sum() > 2:
        reason = "No two items were answered by all readers; ask alpha, which allows gaps."
        return replace(found, undefined=reason)
    return found


def _undefined(name: str, reason: str) -> Agreement:
    return Agreement(name=name, undefined=reason, note=f"Undefined. {reason}")
