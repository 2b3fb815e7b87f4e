"""Coefficients against statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.inter_rater import cohens_kappa, fleiss_kappa

from desktop.engines.agreement.agreement import Asking, Coefficient, agreement
from desktop.engines.agreement.ratings import Ratings
from desktop.engines.agreement.weights import Scheme
from tests.engines.published import SAS


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    ("scheme", "theirs"),
    [(Scheme.IDENTITY, None), (Scheme.LINEAR, "linear"), (Scheme.QUADRATIC, "quadratic")],
)
def test_kappa_equals_statsmodels(seed: int, scheme: Scheme, theirs: str | None) -> None:
    rng = np.random.default_rng(seed)
    table = rng.integers(1, 40, (4, 4)) + 30 * np.eye(4, dtype=int)
    own = agreement(
        Ratings.of_table(table),
        Asking(Coefficient.COHEN, weights=scheme, replicates=0, student=False),
    )
    peer = cohens_kappa(table, wt=theirs)
    assert own.value == pytest.approx(peer.kappa, abs=1e-12)
    assert own.error == pytest.approx(peer.std_kappa, abs=1e-9)
    assert own.analytic is not None
    assert (own.analytic.low, own.analytic.high) == pytest.approx(
        (peer.kappa_low, min(1.0, peer.kappa_upp)), abs=1e-6
    )
    assert own.p_value == pytest.approx(peer.pvalue_two_sided, abs=1e-9)


def test_z_of_the_sas_table() -> None:
    """Published z 3.2626 (ASE0 .1484), weighted linearly 3.2971."""
    assert cohens_kappa(SAS.confusion(0, 1)).z_value == pytest.approx(3.2626, abs=1e-4)
    for scheme, z in ((Scheme.IDENTITY, 3.2626), (Scheme.LINEAR, 3.2971)):
        own = agreement(SAS, Asking(Coefficient.COHEN, weights=scheme, replicates=0))
        from scipy.stats import norm

        assert own.p_value == pytest.approx(2 * norm.sf(z), rel=1e-3)


@pytest.mark.parametrize("seed", range(4))
def test_fleiss_equals_statsmodels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(7, rng.dirichlet(np.ones(5)), 60)
    own = agreement(Ratings.of_counts(counts), Asking(Coefficient.FLEISS, replicates=0))
    assert own.value == pytest.approx(fleiss_kappa(counts, "fleiss"), abs=1e-12)
