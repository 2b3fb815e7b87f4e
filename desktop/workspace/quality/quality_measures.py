"""Which coefficients answer for which kind of question, and what they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from desktop.domain.schema import Question, QuestionKind
from desktop.engines.agreement.agreement import Asking, Coefficient, agreement
from desktop.engines.agreement.agreement_result import Agreement
from desktop.engines.agreement.alpha import Level
from desktop.engines.agreement.measurement_agreement import Correlation, intraclass_correlation
from desktop.engines.agreement.ratings import Floats, Ratings
from desktop.engines.agreement.weights import Scheme, custom_weights, weights_of
from desktop.workspace.quality.quality_tables import MEASURED, SaidTable


class Measure(str, Enum):
    """What a person may choose; each becomes the coefficient that fits the kind of question."""

    USUAL = "Usual for each kind"
    ALPHA = "Krippendorff's alpha"
    GWET = "Gwet's AC"
    KAPPA = "Kappa"
    COHEN = "Cohen's kappa"
    SCOTT = "Scott's pi"
    FLEISS = "Fleiss' kappa"
    CONGER = "Conger's kappa"
    BRENNAN_PREDIGER = "Brennan-Prediger"
    ICC = "Intraclass correlation"


ABOUT = {
    Measure.USUAL: "Alpha for named and ordered answers, ICC for numbers.",
    Measure.ALPHA: "Any number of readers, gaps allowed; compares with what all answers together "
    "would give by chance. Pulled down where one answer is very common.",
    Measure.GWET: "Chance is what random guessing on hard items would give; stays put where one "
    "answer is very common. AC1 for named answers, AC2 with weights for ordered ones.",
    Measure.KAPPA: "Cohen's kappa for two readers, Fleiss' for more; weighted for ordered answers.",
    Measure.COHEN: "Two readers, each with shares of answers of their own. Of more readers it is "
    "told reader by reader.",
    Measure.SCOTT: "Two readers, as if both gave each answer equally often. Of more readers it is "
    "told reader by reader.",
    Measure.FLEISS: "Any number of readers, as if all gave each answer equally often.",
    Measure.CONGER: "Cohen's kappa for any number of readers: each keeps the shares of their own.",
    Measure.BRENNAN_PREDIGER: "Chance is an equal share for each category of the schema.",
    Measure.ICC: "Share of the variance that lies between items, for numbers and ratings, from "
    "the items that all readers answered.",
}
WEIGHTED = frozenset(
    {
        Measure.GWET,
        Measure.KAPPA,
        Measure.COHEN,
        Measure.SCOTT,
        Measure.FLEISS,
        Measure.CONGER,
        Measure.BRENNAN_PREDIGER,
    }
)
ORDERED = (QuestionKind.RATING, QuestionKind.CHOICE)  # the order of the schema is that of a scale
_OF_TWO = {Measure.COHEN: Coefficient.COHEN, Measure.SCOTT: Coefficient.SCOTT}
_OF_ALL = {
    Measure.GWET: Coefficient.GWET,
    Measure.FLEISS: Coefficient.FLEISS,
    Measure.CONGER: Coefficient.CONGER,
    Measure.BRENNAN_PREDIGER: Coefficient.BRENNAN_PREDIGER,
}
_UNMEASURED = {
    QuestionKind.TEXT: "Free text is not compared.",
    QuestionKind.RANKING: "Rankings are compared on the Ranking page.",
}


@dataclass(frozen=True)
class OwnWeights:
    """How much two different answers to one question still agree, given by hand.

    ``answers``: the question's answers in words; ``table``: (q, q) rows, 1 on the diagonal.
    """

    answers: tuple[str, ...]
    table: tuple[tuple[float, ...], ...]

    def checked(self) -> OwnWeights:
        """Itself; ValueError where the numbers are no weights for these answers."""
        if len(self.table) != len(self.answers):
            raise ValueError("one row of weights for each answer is needed")
        custom_weights(self.table)
        return self


@dataclass(frozen=True)
class BoardOptions:
    """What is counted: which coefficient, on which scale, and whether open cases count too.

    ``weights``, ``level``: None takes what is usual for the kind of question (``weights``: the
    question's own, where it has some in ``own`` by its topic). They hold for ratings, and for
    choices in the schema's order; ``level`` for numbers too.
    """

    measure: Measure = Measure.USUAL
    only_closed: bool = True
    weights: Scheme | None = None
    level: Level | None = None
    form: Correlation = Correlation.RANDOM_SINGLE
    own: tuple[tuple[str, OwnWeights], ...] = ()

    def of(self, measure: Measure) -> BoardOptions:
        """The same with another coefficient."""
        return replace(self, measure=measure)

    def own_of(self, topic: str) -> OwnWeights | None:
        """Weights given by hand for a topic."""
        return dict(self.own).get(topic)


@dataclass(frozen=True)
class Asked:
    """A question's answers in the form that coefficients are asked of."""

    ratings: Ratings
    numbers: np.ndarray | None
    kind: QuestionKind
    own: OwnWeights | None = None


def asked_of(table: SaidTable, question: Question, own: OwnWeights | None = None) -> Asked:
    """Ratings, and the numbers behind them where there are any."""
    has_numbers = question.kind in (*MEASURED, QuestionKind.RATING)
    numbers = table.numbers(question.kind) if has_numbers else None
    return Asked(table.ratings(question), numbers, question.kind, own)


def usual(kind: QuestionKind) -> Measure:
    """The coefficient shown where nobody chose."""
    return Measure.ICC if kind in MEASURED else Measure.ALPHA


def why_unmeasured(kind: QuestionKind) -> str:
    """Why a kind of question has no coefficient; "" where it has."""
    return _UNMEASURED.get(kind, "")


def measured(
    asked: Asked,
    options: BoardOptions,
    *,
    clusters: np.ndarray | None = None,
    replicates: int = 0,
    columns: tuple[int, int] | None = None,
) -> Agreement:
    """One coefficient of all readers, or of two ``columns``; undefined with a reason otherwise.

    ``replicates`` bootstrap resamples beside the analytic interval; ``clusters``: (n,) patients.
    """
    measure = options.measure
    if reason := why_unmeasured(asked.kind):
        return _undefined(measure.value, reason)
    measure = usual(asked.kind) if measure is Measure.USUAL else measure
    ratings = asked.ratings if columns is None else asked.ratings.of_readers(columns)
    if measure is Measure.ICC:
        if asked.numbers is None:
            return _undefined(options.form.value, "Only for numbers and ratings.")
        numbers = asked.numbers if columns is None else asked.numbers[:, list(columns)]
        return _correlation(numbers, options.form, replicates)
    if measure in WEIGHTED and asked.kind in MEASURED:
        return _undefined(measure.value, "Not for numbers: they have no categories.")
    used = np.flatnonzero((ratings.codes >= 0).any(axis=0))
    asking = replace(_asking(asked, options.of(measure), max(2, used.size)), replicates=replicates)
    if used.size < 2:
        return _undefined(asking.name, "Fewer than two readers answered.")
    if measure in _OF_TWO and used.size > 2:
        reason = "For two readers: told reader by reader; Conger's and Fleiss' kappa take all."
        return _undefined(asking.name, reason)
    ratings = ratings if used.size == len(ratings.readers) else ratings.of_readers(used.tolist())
    try:
        return agreement(ratings, asking, clusters=clusters)
    except ValueError as error:  # a scale that these answers don't have
        words = str(error)
        return _undefined(asking.name, f"{words[:1].upper()}{words[1:]}.")


def weights_used(asked: Asked, options: BoardOptions) -> Floats | None:
    """(q, q) weights of the answers as they count now; None where the coefficient has none."""
    if options.measure not in WEIGHTED or asked.kind in MEASURED or asked.ratings.q < 2:
        return None
    weights = _weights(asked, options)
    try:
        if isinstance(weights, Scheme):
            return weights_of(weights, asked.ratings.positions)
        return custom_weights(weights)
    except ValueError:
        return None


def _asking(asked: Asked, options: BoardOptions, readers: int) -> Asking:
    measure = options.measure
    if measure is Measure.ALPHA:
        return Asking(Coefficient.ALPHA, level=_level(asked.kind, options.level))
    weights = _weights(asked, options)
    if measure is Measure.KAPPA:
        kappa = Coefficient.COHEN if readers == 2 else Coefficient.FLEISS
        return Asking(kappa, weights=weights)
    return Asking((_OF_ALL | _OF_TWO)[measure], weights=weights)


def _level(kind: QuestionKind, chosen: Level | None) -> Level:
    if chosen is not None and kind in (*ORDERED, *MEASURED):
        return chosen
    if kind is QuestionKind.RATING:
        return Level.ORDINAL
    return Level.INTERVAL if kind in MEASURED else Level.NOMINAL


def _weights(asked: Asked, options: BoardOptions) -> Scheme | Floats:
    """The scheme that was chosen, else the question's own weights, else what is usual."""
    if options.weights is not None and asked.kind in ORDERED:
        return options.weights
    if options.weights is None and asked.own is not None:
        found = _own_table(asked.own, asked.ratings.categories)
        if found is not None:
            return found
    return Scheme.QUADRATIC if asked.kind is QuestionKind.RATING else Scheme.IDENTITY


def _own_table(own: OwnWeights, categories: Sequence[str]) -> Floats | None:
    """The weights in the order of these categories; None where one of them has none."""
    place = {answer: i for i, answer in enumerate(own.answers)}
    if any(name not in place for name in categories):
        return None
    order = [place[name] for name in categories]
    table = np.asarray(own.table, dtype=np.float64)
    return np.asarray(table[np.ix_(order, order)], dtype=np.float64)


def _correlation(numbers: np.ndarray, form: Correlation, replicates: int) -> Agreement:
    """An ICC of the readers who answered, over the items that all of them answered."""
    used = np.isfinite(numbers).any(axis=0)
    if used.sum() < 2:
        return _undefined(form.value, "Fewer than two readers answered.")
    found = intraclass_correlation(numbers[:, used], form, replicates=replicates)
    if found.value is None and found.items < 2 and used.sum() > 2:
        reason = "No two items were answered by all readers; ask alpha, which allows gaps."
        return replace(found, undefined=reason)
    return found


def _undefined(name: str, reason: str) -> Agreement:
    return Agreement(name=name, undefined=reason, note=f"Undefined. {reason}")
