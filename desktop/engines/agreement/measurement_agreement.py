"""Agreement of measurements: intraclass correlations, and limits of agreement.

Source: P. E. Shrout, J. L. Fleiss, Psychol. Bull. 86 (1979) 420-428; K. O. McGraw, S. P. Wong,
Psychol. Methods 1 (1996) 30-46; J. M. Bland, D. G. Altman, Lancet 327 (1986) 307-310 and
Stat. Methods Med. Res. 8 (1999) 135-160.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
import numpy.typing as npt

from desktop.engines.agreement.agreement_result import Agreement, Dropped, counted
from desktop.engines.agreement.ratings import Floats
from desktop.engines.intervals import LEVEL, Interval, percentile_interval, quantile, two_sided_p

_BATCH_CELLS = 4_000_000
_AGREED_LIMITS = 1.96
_ROUNDING = 1e-13
_DRAWS = 10_000


class Correlation(str, Enum):
    """Shrout and Fleiss's six: model (1 one-way, 2 readers random, 3 readers fixed), unit."""

    ONE_SINGLE = "ICC(1,1)"
    RANDOM_SINGLE = "ICC(2,1)"
    FIXED_SINGLE = "ICC(3,1)"
    ONE_MEAN = "ICC(1,k)"
    RANDOM_MEAN = "ICC(2,k)"
    FIXED_MEAN = "ICC(3,k)"


_RANDOM = (Correlation.RANDOM_SINGLE, Correlation.RANDOM_MEAN)
MEANING = {
    Correlation.ONE_SINGLE: "one reading, readers differ from item to item",
    Correlation.RANDOM_SINGLE: "one reading, absolute agreement, readers a sample of readers",
    Correlation.FIXED_SINGLE: "one reading, consistency, exactly these readers",
    Correlation.ONE_MEAN: "mean of all readings, readers differ from item to item",
    Correlation.RANDOM_MEAN: "mean of all readings, absolute agreement",
    Correlation.FIXED_MEAN: "mean of all readings, consistency",
}


@dataclass(frozen=True, eq=False)
class MeanSquares:
    """Two-way analysis of variance of (n, k) measurements; each field is (b,) for b samples.

    ``items``, ``readers``, ``error``: mean squares between items, between readers, and left over.
    ``within``: within items, readers not told apart.
    """

    items: Floats
    readers: Floats
    error: Floats
    within: Floats

    @classmethod
    def of(cls, values: Floats) -> MeanSquares:
        """``values``: (b, n, k)."""
        _, n, k = values.shape
        centred = values - values.mean(axis=(1, 2), keepdims=True)
        of_item, of_reader = centred.mean(axis=2), centred.mean(axis=1)
        total = (centred**2).sum(axis=(1, 2))
        between = k * (of_item**2).sum(axis=1)
        readers = n * (of_reader**2).sum(axis=1)
        # What rounding leaves of nothing is nothing: it would pass for a very sure measurement.
        between, readers, left, within = (
            np.where(part > _ROUNDING * total, part, 0.0)
            for part in (between, readers, total - between - readers, total - between)
        )
        return cls(
            between / (n - 1),
            readers / (k - 1),
            left / ((n - 1) * (k - 1)),
            within / (n * (k - 1)),
        )


def intraclass_correlation(
    values: npt.ArrayLike,
    kind: Correlation = Correlation.RANDOM_SINGLE,
    *,
    confidence: float = LEVEL,
    replicates: int = 1000,
    seed: int = 0,
) -> Agreement:
    """An intraclass correlation with its interval and a bootstrap over items.

    ``analytic`` is Shrout and Fleiss's interval by the F distribution; it is the one shown
    (``interval``) except where readers are a sample, ICC(2,1) and ICC(2,k): see
    ``_pivotal_interval``.

    Parameters
    ----------
    values : (n, k) float
        Measurements of n items by k readers, in any one unit. Items with a missing value (NaN, or
        infinite) are left out whole, and named.

    The test (``p_value``) is the one-sided F test of Shrout and Fleiss, of the mean square between
    items over what is left; R's irr tests agreement with McGraw and Wong's degrees of freedom
    instead, which gives a slightly other p for ICC(2,1) and ICC(2,k).
    """
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2:
        raise ValueError("measurements must be (items, readers)")
    whole = np.isfinite(table).all(axis=1)
    rows = table[whole]
    n, k = rows.shape
    left = tuple(np.flatnonzero(~whole).tolist())
    dropped = (Dropped("a measurement is missing", left),) if left else ()
    base = {"name": kind.value, "items": n, "readers": k, "answers": n * k, "units": n}
    gone = "".join(f" {counted(d.count, 'item')} left out: {d.reason}." for d in dropped)
    if k < 2 or n < 2:
        reason = "At least two items, each measured by two readers, are needed."
        return _nothing(base, dropped, reason, gone)
    squares = MeanSquares.of(rows[None])
    value = float(_value(kind, squares, n, k)[0])
    if np.ptp(rows) == 0:
        return _nothing(base, dropped, "All measurements are the same.", gone)
    if not np.isfinite(value):
        reason = "The items don't differ, so there is nothing to tell apart."
        return _nothing(base, dropped, reason, gone)
    textbook = _f_interval(kind, squares, n, k, confidence)
    interval = textbook
    if kind in _RANDOM:
        interval = _pivotal_interval(kind, squares, n, k, confidence, seed)
    interval = interval and replace(
        interval, low=min(interval.low, value), high=max(interval.high, value)
    )
    bootstrap = (
        percentile_interval(_replicates(kind, rows, replicates, seed), confidence, "items")
        if replicates
        else None
    )
    told = Agreement(
        name=kind.value,
        value=value,
        interval=interval,
        analytic=textbook,
        bootstrap=bootstrap,
        p_value=_f_test(kind, squares, n, k),
        method="two-way analysis of variance"
        + (f", {interval.method}" if interval is not None else ""),
        items=n,
        readers=k,
        answers=n * k,
        units=n,
        dropped=dropped,
    )
    note = f"{told.name}: {told.text}, {MEANING[kind]}. {counted(n, 'item')}, {k} readers.{gone}"
    return Agreement(**{**told.__dict__, "note": note})


@dataclass(frozen=True)
class Limits:
    """Bland-Altman limits of agreement of two readers, in the unit of the measurements.

    ``bias``: mean of first - second. ``low``, ``high``: bias ± 1.96 ``deviation``. ``*_interval``:
    confidence intervals. ``slope``: change of the difference per unit of the mean; with
    ``slope_p`` small, the limits don't hold over the whole range. All None where fewer than three
    pairs exist; ``undefined`` says so.
    """

    n: int
    dropped: Dropped
    bias: float | None = None
    deviation: float | None = None
    low: float | None = None
    high: float | None = None
    bias_interval: Interval | None = None
    low_interval: Interval | None = None
    high_interval: Interval | None = None
    slope: float | None = None
    slope_p: float | None = None
    undefined: str = ""


def limits_of_agreement(
    first: npt.ArrayLike, second: npt.ArrayLike, confidence: float = LEVEL
) -> Limits:
    """Bias and 95 % limits of agreement; ``first``, ``second``: (n,) float, NaN where missing."""
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape:
        raise ValueError("two lists of the same length are needed")
    both = np.isfinite(a) & np.isfinite(b)
    missing = tuple(np.flatnonzero(~both).tolist())
    dropped = Dropped("not measured by both readers", missing)
    difference, middle = (a - b)[both], ((a + b) / 2)[both]
    n = int(difference.size)
    if n < 3:
        return Limits(n, dropped, undefined="Fewer than three items were measured by both readers.")
    bias, deviation = float(difference.mean()), float(difference.std(ddof=1))
    t = quantile(confidence, n - 1)
    half = t * deviation / math.sqrt(n)
    # Variance of a limit, Bland and Altman 1999, section 2.2.
    outer = t * deviation * math.sqrt(1 / n + _AGREED_LIMITS**2 / (2 * (n - 1)))
    low, high = bias - _AGREED_LIMITS * deviation, bias + _AGREED_LIMITS * deviation

    def around(value: float, by: float) -> Interval:
        return Interval(value - by, value + by, confidence, "Bland and Altman 1999")

    slope, slope_p = _slope(middle, difference)
    return Limits(
        n,
        dropped,
        bias,
        deviation,
        low,
        high,
        around(bias, half),
        around(low, outer),
        around(high, outer),
        slope,
        slope_p,
    )


def _nothing(
    base: dict[str, object], dropped: tuple[Dropped, ...], reason: str, gone: str
) -> Agreement:
    return Agreement(
        **base,  # type: ignore[arg-type]
        dropped=dropped,
        undefined=reason,
        note=f"Undefined. {reason}{gone}",
    )


def _value(kind: Correlation, ms: MeanSquares, n: int, k: int) -> Floats:
    """(b,) the coefficient; NaN where nothing varies."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if kind is Correlation.ONE_SINGLE:
            value = (ms.items - ms.within) / (ms.items + (k - 1) * ms.within)
        elif kind is Correlation.ONE_MEAN:
            value = (ms.items - ms.within) / ms.items
        elif kind is Correlation.FIXED_SINGLE:
            value = (ms.items - ms.error) / (ms.items + (k - 1) * ms.error)
        elif kind is Correlation.FIXED_MEAN:
            value = (ms.items - ms.error) / ms.items
        elif kind is Correlation.RANDOM_SINGLE:
            habit = k * (ms.readers - ms.error) / n
            value = (ms.items - ms.error) / _positive(ms.items + (k - 1) * ms.error + habit)
        else:
            value = (ms.items - ms.error) / _positive(ms.items + (ms.readers - ms.error) / n)
    return np.asarray(value, dtype=np.float64)


def _positive(spread: Floats) -> Floats:
    """The estimated spread to divide by; NaN where the readers' part makes it none or negative."""
    return np.where(spread > 0, spread, np.nan)


def _f_interval(
    kind: Correlation, ms: MeanSquares, n: int, k: int, level: float
) -> Interval | None:
    """Shrout and Fleiss's intervals; the mean's by stepping up the single reading's."""
    one_way = kind in (Correlation.ONE_SINGLE, Correlation.ONE_MEAN)
    fixed = kind in (Correlation.FIXED_SINGLE, Correlation.FIXED_MEAN)
    rest = float((ms.within if one_way else ms.error)[0])
    if rest <= 0:
        return None
    if one_way or fixed:
        degrees = n * (k - 1) if one_way else (n - 1) * (k - 1)
        ratio = float(ms.items[0]) / rest
        low_f = ratio / _f_quantile(level, n - 1, degrees)
        high_f = ratio * _f_quantile(level, degrees, n - 1)
        low, high = ((f - 1) / (f + k - 1) for f in (low_f, high_f))
    else:
        found = _random_interval(ms, n, k, level)
        if found is None:
            return None
        low, high = found
    # No two readings can be correlated less than this; what the approximation finds below it would
    # turn over when stepped up.
    low = max(low, -1 / (k - 1))
    if kind in (Correlation.ONE_MEAN, Correlation.RANDOM_MEAN, Correlation.FIXED_MEAN):
        if 1 + (k - 1) * low <= _ROUNDING:
            return None  # the mean's could lie anywhere below
        low, high = (k * r / (1 + (k - 1) * r) for r in (low, high))
    return Interval(low, high, level, "F distribution") if low < high else None


def _pivotal_interval(
    kind: Correlation, ms: MeanSquares, n: int, k: int, level: float, seed: int
) -> Interval | None:
    """Readers a sample: percentiles of the correlation over what the mean squares leave open.

    Each expected mean square is its observed one times degrees of freedom over a chi-square with
    these (a generalized pivot), drawn at random with a fixed seed. Shrout and Fleiss's interval
    takes the readers' spread as nearly known and holds the truth 70 to 93 times of 100 where few
    readers differ much; this one holds it 94 to 97 times, and is wide with two or three readers,
    who tell little about others. None where nothing is left open.

    Source: S. Weerahandi, Exact Statistical Methods for Data Analysis, 1995, chapter 6;
    A. C. Ionan et al., BMC Med. Res. Methodol. 14 (2014) 121 (for this correlation).
    """
    rng = np.random.default_rng(seed)

    def open_left(square: Floats, degrees: int) -> Floats:
        return np.asarray(float(square[0]) * degrees / rng.chisquare(degrees, _DRAWS))

    items, readers = open_left(ms.items, n - 1), open_left(ms.readers, k - 1)
    error = open_left(ms.error, (n - 1) * (k - 1))
    spread = (items - error) / k
    rest = np.maximum(0.0, (readers - error) / n) + error
    if kind is Correlation.RANDOM_MEAN:
        rest = rest / k
    whole = spread + rest
    if not (whole > 0).all():
        return None
    low, high = np.quantile(spread / whole, [(1 - level) / 2, (1 + level) / 2])
    if not high - low > _ROUNDING:
        return None
    return Interval(float(low), float(high), level, "generalized pivot of the mean squares")


def _random_interval(ms: MeanSquares, n: int, k: int, level: float) -> tuple[float, float] | None:
    """ICC(2,1): degrees of freedom by Satterthwaite, as Shrout and Fleiss, p. 424.

    None where the readers' means don't differ at all, so that there are no degrees of freedom.
    """
    items, readers, error = float(ms.items[0]), float(ms.readers[0]), float(ms.error[0])
    rho = float(_value(Correlation.RANDOM_SINGLE, ms, n, k)[0])
    ratio = readers / error
    a, b = k * rho * ratio, n * (1 + (k - 1) * rho) - k * rho
    spread = (n - 1) * a**2 + b**2
    degrees = (k - 1) * (n - 1) * (a + b) ** 2 / spread if spread > 0 else 0.0
    if not degrees > 0:
        return None
    f_low = _f_quantile(level, n - 1, degrees)
    f_high = _f_quantile(level, degrees, n - 1)
    mixed = k * readers + (k * n - k - n) * error
    low = n * (items - f_low * error) / (f_low * mixed + n * items)
    high = n * (f_high * items - error) / (mixed + n * f_high * items)
    return low, high


def _f_quantile(level: float, numerator: float, denominator: float) -> float:
    from scipy.special import fdtri

    return float(fdtri(numerator, denominator, (1 + level) / 2))


def _f_test(kind: Correlation, ms: MeanSquares, n: int, k: int) -> float | None:
    """One-sided test of no correlation: mean square between items over what is left."""
    from scipy.special import fdtrc

    one_way = kind in (Correlation.ONE_SINGLE, Correlation.ONE_MEAN)
    rest = float((ms.within if one_way else ms.error)[0])
    if rest <= 0:
        return None
    degrees = n * (k - 1) if one_way else (n - 1) * (k - 1)
    return float(fdtrc(n - 1, degrees, float(ms.items[0]) / rest))


def _replicates(kind: Correlation, rows: Floats, count: int, seed: int) -> Floats:
    """(count,) coefficients of resampled items."""
    rng = np.random.default_rng(seed)
    n, k = rows.shape
    batch = max(1, min(count, _BATCH_CELLS // (n * k)))
    made = []
    for start in range(0, count, batch):
        drawn = rng.integers(0, n, (min(batch, count - start), n))
        made.append(_value(kind, MeanSquares.of(rows[drawn]), n, k))
    return np.concatenate(made)


def _slope(middle: Floats, difference: Floats) -> tuple[float | None, float | None]:
    """Least-squares slope of the differences on the means, and its two-sided p."""
    n = middle.size
    centred = middle - middle.mean()
    spread = float((centred**2).sum())
    if spread <= 0:
        return None, None
    slope = float((centred * difference).sum()) / spread
    left = difference - difference.mean() - slope * centred
    error = math.sqrt(float((left**2).sum()) / (n - 2) / spread)
    return slope, (two_sided_p(slope / error, n - 2) if error > 0 else None)
