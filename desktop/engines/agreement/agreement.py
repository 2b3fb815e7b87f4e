"""Do readers agree beyond chance? One question, asked with the usual coefficients.

``agreement`` answers for one table of ratings; ``reader_pairs``, ``by_class`` and ``by_group``
ask the same of parts of it. A number is never given where there is none: a coefficient that is
undefined says so and why.

Source: see ``chance_agreement``, ``alpha`` and ``intervals``. Paradox of prevalence:
A. R. Feinstein, D. V. Cicchetti, J. Clin. Epidemiol. 43 (1990) 543-549. Agreement specific to a
category: D. V. Cicchetti, A. R. Feinstein, same volume, 551-558.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
import numpy.typing as npt

from desktop.engines.agreement.agreement_result import (
    Agreement,
    Dropped,
    IntervalAsking,
    counted,
    with_intervals,
)
from desktop.engines.agreement.alpha import Level, alpha_sums
from desktop.engines.agreement.alpha_ranks import RankSums
from desktop.engines.agreement.chance_agreement import (
    conger_sums,
    fleiss_sums,
    gwet_sums,
    null_error,
    uniform_sums,
)
from desktop.engines.agreement.item_sums import ItemSums, Resampled
from desktop.engines.agreement.ratings import Floats, Ratings, Whole
from desktop.engines.agreement.weights import Scheme, custom_weights, weights_of
from desktop.engines.intervals import LEVEL, two_sided_p

PARADOX = 0.2
_SAME = 1e-12


class Coefficient(str, Enum):
    """Chance-corrected coefficients; the value is the name shown."""

    COHEN = "Cohen's kappa"
    SCOTT = "Scott's pi"
    FLEISS = "Fleiss' kappa"
    CONGER = "Conger's kappa"
    ALPHA = "Krippendorff's alpha"
    GWET = "Gwet's AC"
    BRENNAN_PREDIGER = "Brennan-Prediger"


_SUMS: Mapping[Coefficient, Callable[[Ratings, Floats], ItemSums]] = {
    Coefficient.COHEN: conger_sums,
    Coefficient.SCOTT: fleiss_sums,
    Coefficient.FLEISS: fleiss_sums,
    Coefficient.CONGER: conger_sums,
    Coefficient.GWET: gwet_sums,
    Coefficient.BRENNAN_PREDIGER: uniform_sums,
}
_TWO_READERS = (Coefficient.COHEN, Coefficient.SCOTT)
_NEED_READERS = (Coefficient.COHEN, Coefficient.CONGER)
_PARADOXICAL = (
    Coefficient.COHEN,
    Coefficient.SCOTT,
    Coefficient.FLEISS,
    Coefficient.CONGER,
    Coefficient.ALPHA,
)


@dataclass(frozen=True)
class Asking:
    """How to ask: shared by all functions of this module.

    ``weights``: a scheme, or (q, q) numbers with ones on the diagonal; not for alpha, which has a
    ``level`` of measurement instead. ``replicates``: bootstrap resamples, 0 for none. ``student``:
    t quantiles for the analytic interval; None takes the custom of the coefficient (normal for
    Cohen, t elsewhere).
    """

    coefficient: Coefficient = Coefficient.ALPHA
    weights: Scheme | Floats = Scheme.IDENTITY
    level: Level = Level.NOMINAL
    confidence: float = LEVEL
    replicates: int = 1000
    seed: int = 0
    student: bool | None = None

    def table(self, ratings: Ratings) -> Floats:
        """(q, q) weights for these categories."""
        if isinstance(self.weights, Scheme):
            return weights_of(self.weights, ratings.positions)
        return custom_weights(self.weights)

    @property
    def name(self) -> str:
        """The coefficient with its weights or level."""
        plain = isinstance(self.weights, Scheme) and self.weights is Scheme.IDENTITY
        if self.coefficient is Coefficient.ALPHA:
            return f"{self.coefficient.value} ({self.level.value})"
        if self.coefficient is Coefficient.GWET:
            name = "Gwet's AC1" if plain else "Gwet's AC2"
        else:
            name = self.coefficient.value
        if plain:
            return name
        words = self.weights.value if isinstance(self.weights, Scheme) else "own"
        return f"{name} ({words} weights)"


def agreement(
    ratings: Ratings, asking: Asking | None = None, *, clusters: npt.ArrayLike | None = None
) -> Agreement:
    """One coefficient with its intervals.

    Parameters
    ----------
    ratings : Ratings
        Answers of r readers to n items.
    asking : Asking
        Coefficient, weights or level, confidence, resamples, seed.
    clusters : (n,) labels, optional
        What the items belong to, usually the patient. Then patients are resampled, and standard
        errors allow for items of one patient being alike.

    Raises
    ------
    ValueError
        Weights that don't fit the categories, or Cohen's kappa or Scott's pi asked of another
        number of readers than two (see ``reader_pairs``).
    """
    asking = asking or Asking()
    if asking.coefficient in _TWO_READERS and len(ratings.readers) != 2:
        raise ValueError(f"{asking.coefficient.value} is for two readers")
    kept, dropped, of_cluster = _usable(ratings, asking.coefficient, clusters)
    base = Agreement(
        name=asking.name,
        items=int((kept.per_item >= 2).sum()),
        readers=int((kept.codes >= 0).any(axis=0).sum()) if ratings.named else kept.codes.shape[1],
        answers=int(kept.per_item.sum()),
        dropped=dropped,
    )
    if ratings.q < 2:
        return _without(base, "The question has only one category, so nobody could disagree.")
    if asking.coefficient in _NEED_READERS and not ratings.named:
        return _without(base, "It is not known which reader gave which answer.")
    if base.items == 0:
        return _without(base, "No item has answers of two readers.")
    sums = _sums(kept, asking)
    observed, expected = sums.observed_expected()
    base = replace(base, observed=observed, expected=expected)
    if not np.isfinite(expected) or abs(1 - expected) <= _SAME:
        reason = "All answers fall into one category: chance alone would give full agreement."
        return _without(base, reason)
    if of_cluster is not None:
        sums = sums.clustered(of_cluster)
    told = _measured(base, asking, sums, kept, of_cluster)
    return replace(told, note=_note(told, asking, kept))


@dataclass(frozen=True)
class PairAgreement:
    """One cell of the reader-by-reader table: indices into ``ratings.readers``."""

    first: int
    second: int
    agreement: Agreement


def reader_pairs(
    ratings: Ratings, asking: Asking | None = None, *, clusters: npt.ArrayLike | None = None
) -> tuple[PairAgreement, ...]:
    """The coefficient for every two readers, from the items that both answered."""
    asking = asking or Asking(Coefficient.COHEN)
    r = len(ratings.readers)
    return tuple(
        PairAgreement(a, b, agreement(ratings.of_readers([a, b]), asking, clusters=clusters))
        for a in range(r)
        for b in range(a + 1, r)
    )


@dataclass(frozen=True)
class ClassAgreement:
    """One category against all others.

    ``share``: of all answers. ``specific``: probability that another reader says this category
    too, given that one reader said it; None where nobody did.
    """

    category: str
    share: float
    specific: float | None
    agreement: Agreement


def by_class(
    ratings: Ratings, asking: Asking | None = None, *, clusters: npt.ArrayLike | None = None
) -> tuple[ClassAgreement, ...]:
    """The coefficient for each category against the rest (weights and levels don't apply)."""
    asking = replace(asking or Asking(), weights=Scheme.IDENTITY, level=Level.NOMINAL)
    shares = ratings.shares()
    told = []
    for k, name in enumerate(ratings.categories):
        one = ratings.against_rest(k)
        yes = np.asarray((one.codes == 1).sum(axis=1))
        pairs = float((yes * (one.per_item - 1)).sum())
        specific = float((yes * (yes - 1)).sum()) / pairs if pairs else None
        result = agreement(one, asking, clusters=clusters)
        told.append(ClassAgreement(name, float(shares[k]), specific, result))
    return tuple(told)


def by_group(
    ratings: Ratings,
    groups: Sequence[str],
    asking: Asking | None = None,
    *,
    clusters: npt.ArrayLike | None = None,
) -> dict[str, Agreement]:
    """The coefficient for each group of items: site, month, batch. ``groups``: one per item."""
    of_item = np.asarray(groups)
    if of_item.shape != (ratings.n,):
        raise ValueError("one group for each item is needed")
    of_cluster = None if clusters is None else np.asarray(clusters)
    told = {}
    for group in np.unique(of_item):
        keep = of_item == group
        part = None if of_cluster is None else of_cluster[keep]
        told[str(group)] = agreement(ratings.items(keep), asking, clusters=part)
    return told


def _usable(
    ratings: Ratings, coefficient: Coefficient, clusters: npt.ArrayLike | None
) -> tuple[Ratings, tuple[Dropped, ...], Whole | None]:
    """Items that the coefficient uses, those that it doesn't, and the clusters of the first."""
    answers = ratings.per_item
    if coefficient in _TWO_READERS:
        keep, short = answers == 2, "not answered by both readers"
        single = (answers == 1) & ~keep
    elif coefficient is Coefficient.ALPHA:
        keep, short = answers >= 2, "only one answer"
        single = answers == 1
    else:
        keep, short, single = answers >= 1, "", np.zeros(ratings.n, dtype=bool)
    dropped = [
        Dropped(reason, tuple(np.flatnonzero(which).tolist()))
        for reason, which in (("no answer", answers == 0), (short, single))
        if which.any()
    ]
    of_cluster = None
    if clusters is not None:
        labels = np.asarray(clusters)
        if labels.shape != (ratings.n,):
            raise ValueError("one cluster for each item is needed")
        of_cluster = np.unique(labels[keep], return_inverse=True)[1].ravel().astype(np.int64)
    kept = ratings if bool(keep.all()) else ratings.items(keep)
    return kept, tuple(dropped), of_cluster


def _without(base: Agreement, reason: str) -> Agreement:
    """The result where there is no coefficient."""
    return replace(base, undefined=reason, note=f"Undefined. {reason}{_left_out(base)}")


def _sums(kept: Ratings, asking: Asking) -> ItemSums | RankSums:
    """What the coefficient is made of."""
    if asking.coefficient is Coefficient.ALPHA:
        return alpha_sums(kept, asking.level)
    return _SUMS[asking.coefficient](kept, asking.table(kept))


def _guarded(kept: Ratings, asking: Asking, of_cluster: Whole | None) -> Resampled:
    """The sums for the default interval: with one item (or one patient with as many items as the
    others have on average) on which all readers agree, spread over the categories used, where
    chance depends on their shares (see ``intervals``); and with the influence of an item as it
    is, without Gwet's allowance for items with one answer."""
    known = kept.patterns
    used = np.unique(known.rows[known.rows >= 0])
    if asking.coefficient not in _PARADOXICAL:
        used = used[:0]
    agreed = np.repeat(used[:, None], kept.codes.shape[1], axis=1)
    added = np.full(used.size, 1 / max(1, used.size))
    if of_cluster is None:
        sums = _sums(replace(kept, codes=np.concatenate([known.rows, agreed])), asking)
        weight = np.concatenate([known.times, added])
        times = np.bincount(sums.of_item, weights=weight, minlength=sums.times.size)
    else:
        sums = _sums(replace(kept, codes=np.concatenate([kept.codes, agreed])), asking)
        last = int(of_cluster.max()) + 1
        sums = sums.clustered(np.concatenate([of_cluster, last + np.arange(used.size)]))
        times = np.concatenate([np.ones(last), added * kept.n / last])
    if isinstance(sums, ItemSums):
        return replace(sums, times=times, paired=None)
    return replace(sums, times=times)


def _measured(
    base: Agreement,
    asking: Asking,
    sums: Resampled,
    kept: Ratings,
    of_cluster: Whole | None,
) -> Agreement:
    """Value, standard error, intervals and p.

    Of two readers' table the variance is the multinomial one, divided by n, as for Cohen's kappa;
    of more readers, or with gaps, Gwet's with n - 1.
    """
    patients = of_cluster is not None
    cohen = asking.coefficient is Coefficient.COHEN and not patients
    table = base.readers == 2 and bool((kept.per_item == 2).all()) and not patients
    told = with_intervals(
        base,
        sums,
        IntervalAsking(
            asking.confidence,
            asking.replicates,
            asking.seed,
            what="patients" if patients else "items",
            multinomial=table,
            student=asking.student if asking.student is not None else not cohen,
            source="Fleiss, Cohen and Everitt 1969" if cohen else "",
            guard="one agreed item added" if asking.coefficient in _PARADOXICAL else "",
        ),
        lambda: _guarded(kept, asking, of_cluster),
    )
    return replace(told, p_value=_p_value(told, asking, kept, cohen))


def _p_value(told: Agreement, asking: Asking, kept: Ratings, cohen: bool) -> float | None:
    """Test of no agreement beyond chance; Cohen's by the error under that assumption."""
    if asking.coefficient is Coefficient.ALPHA or told.value is None or told.error is None:
        return None  # alpha's distribution under chance is not the one of its interval
    if cohen:
        null = null_error(kept.confusion(0, 1).astype(np.float64), asking.table(kept))
        return two_sided_p(told.value / null, None) if null > 0 else None
    student = asking.student if asking.student is not None else True
    degrees = float(told.units - 1) if student else None
    return two_sided_p(told.value / told.error, degrees) if told.error > 0 else None


def _note(told: Agreement, asking: Asking, kept: Ratings) -> str:
    """What the number means, in words; no verdict such as "good"."""
    assert told.observed is not None and told.expected is not None
    plain = isinstance(asking.weights, Scheme) and asking.weights is Scheme.IDENTITY
    whole = plain and asking.level is Level.NOMINAL
    words = (
        f"{told.name}: {told.text}. Two answers to the same item agree in {told.observed:.0%} of "
        f"cases{'' if whole else ', near answers counted in part'}; "
        f"{told.expected:.0%} would be expected by chance. "
        f"{counted(told.items, 'item')} with two or more answers, "
        f"{counted(told.readers, 'reader')}."
    )
    if told.thin:
        words += " Too few items to mean much."
    return words + _left_out(told) + _paradox(told, asking, kept)


def _left_out(told: Agreement) -> str:
    parts = [f"{counted(d.count, 'item')} left out: {d.reason}." for d in told.dropped]
    return "".join(" " + part for part in parts)


def _paradox(told: Agreement, asking: Asking, kept: Ratings) -> str:
    """Warn where the shares of the categories, not the readers, make kappa small."""
    nominal = asking.coefficient is not Coefficient.ALPHA or asking.level is Level.NOMINAL
    if told.value is None or asking.coefficient not in _PARADOXICAL or not nominal:
        return ""
    observed, expected = gwet_sums(kept, asking.table(kept)).observed_expected()
    other = (observed - expected) / (1 - expected)
    if not abs(told.value - other) > PARADOX:
        return ""
    shares = kept.shares()
    most = int(shares.argmax())
    way = "down" if told.value < other else "up"
    return (
        f' Prevalence matters here: {shares[most]:.0%} of answers are "{kept.categories[most]}",'
        f" which pulls this coefficient {way}; Gwet's AC is {other:.2f}. Read both."
    )
