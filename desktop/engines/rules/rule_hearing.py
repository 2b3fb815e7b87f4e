"""How the votes of rules are listened to: copies share a vote, and some rules only ever say one
thing.

A rule that may vote for every class is heard when it speaks; its silence is no evidence. A rule
that votes for some of the classes only ("yes" where the word stands in the report, else silent)
says the same to everything it speaks about: what tells is how often it speaks, given the class.
Such a *partial* rule is heard as a detector, with one more outcome, silence. Where it could not
look (no report, no image) it is left out altogether.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from desktop.engines.consensus.dawid_skene import Heard
from desktop.engines.estimate import log, tally
from desktop.engines.votes import Floats, Ints, Votes

BELIEF = 8.0  # pseudo-votes for being right, per class
DOUBT = 2.0  # pseudo-votes for being wrong, spread over the other classes
_ROOM = 1.02  # pseudo-items of a class, at least this many times its pseudo-votes


@dataclass(frozen=True, slots=True, eq=False)
class Blind:
    """Where rules could not look: pairs of ``item`` and ``rule``, (b,) int64 each, no pair twice
    and none with a vote."""

    item: Ints
    rule: Ints

    @classmethod
    def nowhere(cls) -> Blind:
        """Every rule can look at every item."""
        return cls(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))


def pseudo_votes(n_labels: int) -> Floats:
    """(K, K) [truth, vote] votes that every rule is taken to have given before it speaks."""
    off = DOUBT / (n_labels - 1)
    return np.full((n_labels, n_labels), off) + np.eye(n_labels) * (BELIEF - off)


def used_labels(votes: Votes) -> npt.NDArray[np.bool_]:
    """(m, K) whether a rule votes for a class at all."""
    m, k = votes.n_workers, votes.n_labels
    return np.asarray(tally(votes.worker * k + votes.label, m * k).reshape(m, k) > 0)


class RuleHearing:
    """``trust`` : (m,) in 0..1, how much of a rule's vote counts. See ``dawid_skene.Hearing``.

    With trust w the part of a rule in the objective is raised to the power of w, which leaves the
    tables that maximise it as they are; so the objective still never falls.

    ``factor`` (m, K, K) and ``quiet`` (m, K) hold what the last step made of a vote and of the
    silence of a partial rule, as log scores.
    """

    def __init__(self, votes: Votes, trust: Floats, blind: Blind) -> None:
        from scipy.sparse import csr_array

        m, k = votes.n_workers, votes.n_labels
        used = used_labels(votes)
        self.partial: npt.NDArray[np.bool_] = np.asarray(used.any(axis=1) & ~used.all(axis=1))
        self.all_items = bool(self.partial.any())
        self.factor, self.quiet = np.zeros((m, k, k)), np.zeros((m, k))
        self._trust, self._used = trust, used
        self._pseudo = pseudo_votes(k)
        hidden = self.partial[blind.rule]
        self._blind = csr_array(
            (np.ones(int(hidden.sum())), (blind.item[hidden], blind.rule[hidden])),
            shape=(votes.n_items, m),
        )
        seen = votes.n_items - np.asarray(self._blind.sum(axis=0)).ravel()
        rate = votes.per_worker() / np.maximum(1, seen)
        # Pseudo-items per class, so that the pseudo-votes among them are as frequent as the votes.
        wanted = (BELIEF + DOUBT) / (k * np.maximum(rate, 1e-9))
        self._pseudo_items = np.maximum(wanted, _ROOM * (self._pseudo @ used.T.astype(float)).max())

    def listen(self, counts: Floats, confusion: Floats, truth: Floats, weight: Floats) -> Heard:
        trust = self._trust[:, None]
        factor = log(confusion)
        belief = self._trust * (self._pseudo * factor).sum(axis=(1, 2))
        quiet = np.zeros(counts.shape[:2])
        silence: Floats = np.zeros(counts.shape[1])
        who = self.partial
        if who.any():
            spoken, silent, density = self._detectors(counts[who], truth, weight)
            factor[who], quiet[who] = spoken, silent
            belief[who] = self._trust[who] * density
        self.factor, self.quiet = factor * trust[:, :, None], quiet * trust
        if who.any():
            # Silence of all partial rules, then taken back where they speak or could not look.
            silence = self.quiet.sum(axis=0) - self._blind @ self.quiet
        heard = self.factor - self.quiet[:, :, None]
        return Heard(heard, silence, float(belief.sum()))

    def _detectors(
        self, counts: Floats, truth: Floats, weight: Floats
    ) -> tuple[Floats, Floats, Floats]:
        """Of the partial rules (p): log P(vote | class) (p, K, K), log P(silent | class) (p, K),
        and the log density of what was believed (p,)."""
        used = self._used[self.partial]
        believed = self._pseudo * used[:, None, :]
        items = self._pseudo_items[self.partial][:, None]
        weighed = truth * weight[:, None]
        seen = weighed.sum(axis=0) - (self._blind.T @ weighed)[self.partial]
        spoken = (counts + believed) / (seen + items)[:, :, None]
        silent = 1.0 - spoken.sum(axis=2)
        log_spoken = log(np.where(used[:, None, :], spoken, 1.0))
        log_silent = log(silent)
        quiet_items = items - believed.sum(axis=2)
        density = (believed * log_spoken).sum(axis=(1, 2)) + (quiet_items * log_silent).sum(axis=1)
        return log_spoken, log_silent, density
