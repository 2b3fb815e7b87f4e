"""One answer per item from many raters' votes, always with the plain majority beside it.

A method is one object with a name and ``estimate``; built-ins and plugins register alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from desktop.domain.contracts import Progress
from desktop.domain.errors import PluginProblem, UserError
from desktop.engines.agreement.agreement_result import counted
from desktop.engines.consensus.majority import Majority, count_votes, pick
from desktop.engines.estimate import ConsensusMethod, Estimate, Options
from desktop.engines.votes import NO_LABEL, Floats, Ints, Votes

ENOUGH_RATERS = 3
ENOUGH_SHARED_ITEMS = 30
ENOUGH_VOTES = 10  # of one rater, before something is said about them

_registered: dict[str, ConsensusMethod] = {}


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Consensus:
    """The answer of one method.

    ``label`` : (n,) int64, -1 where tied or without evidence: such an item is never exported as a
    label. ``probability`` : (n, K) rows sum to 1. ``certainty`` : (n,) probability of the most
    likely label, 0 without evidence. ``tied``, ``evidence`` : (n,) bool.
    ``expected_cost`` : (n,) of the decision under ``Options.costs`` (1 per error by default).
    ``rater_skill`` : (w,) chance that a vote is right, NaN without votes; ``rater_votes`` : (w,).
    ``confusion``, ``confusion_counts`` : (w, K, K) [rater, truth, vote], None where the method has
    none. ``notes`` : sentences for people. ``majority`` : what plain counting says.
    """

    method: str
    title: str
    label: Ints
    probability: Floats
    certainty: Floats
    tied: npt.NDArray[np.bool_]
    evidence: npt.NDArray[np.bool_]
    expected_cost: Floats
    rater_skill: Floats
    rater_votes: Ints
    confusion: Floats | None
    confusion_counts: Floats | None
    priors: Floats | None
    trace: tuple[float, ...]
    details: Mapping[str, Floats]
    notes: tuple[str, ...]
    majority: Majority

    @property
    def differs(self) -> npt.NDArray[np.bool_]:
        """(n,) where the answer is not the plain majority's."""
        return np.asarray(self.label != self.majority.label)

    @property
    def sensitivity(self) -> Floats | None:
        """(w,) for two labels, the second being the finding: P(vote 1 | truth 1)."""
        return self._diagonal(1)

    @property
    def specificity(self) -> Floats | None:
        """(w,) for two labels: P(vote 0 | truth 0)."""
        return self._diagonal(0)

    def _diagonal(self, label: int) -> Floats | None:
        if self.confusion is None or self.confusion.shape[1] != 2:
            return None
        return np.where(self.rater_votes > 0, self.confusion[:, label, label], np.nan)


def register(method: ConsensusMethod) -> ConsensusMethod:
    """Add a method; built-ins and plugins come in the same way."""
    known = _registered.get(method.name)
    if known is not None and type(known) is not type(method):
        raise PluginProblem("Two consensus methods have the same name.", method.name)
    _registered[method.name] = method
    return method


def unregister(name: str) -> None:
    """Take a method out again, e.g. of a plugin that was switched off."""
    _registered.pop(name, None)


def methods() -> tuple[ConsensusMethod, ...]:
    """All methods, in the order they were registered."""
    from desktop.engines.consensus.dawid_skene import DawidSkene
    from desktop.engines.consensus.glad import Glad
    from desktop.engines.consensus.mace import Mace
    from desktop.engines.consensus.majority import MajorityVote, WeightedMajority
    from desktop.engines.consensus.one_coin import OneCoin

    for built_in in (MajorityVote, WeightedMajority, DawidSkene, OneCoin, Mace, Glad):
        _registered.setdefault(built_in.name, built_in())
    return tuple(_registered.values())


def recommended(votes: Votes) -> tuple[str, str]:
    """The method to begin with, and why: Dawid-Skene from 3 raters and 30 shared items on."""
    raters = int((votes.per_worker() > 0).sum())
    shared = int((votes.raters_per_item() >= 2).sum())
    if raters >= ENOUGH_RATERS and shared >= ENOUGH_SHARED_ITEMS:
        return "dawid-skene", f"{raters} readers share {counted(shared, 'item')}."
    return "majority", (
        f"{counted(raters, 'reader')} share {counted(shared, 'item')}; learning how readers err "
        f"needs {ENOUGH_RATERS} readers and {ENOUGH_SHARED_ITEMS} shared items."
    )


def fit_predict(
    votes: Votes, options: Options | None = None, progress: Progress | None = None
) -> Consensus:
    """The consensus by the method that the options name.

    Raises UserError for an unknown method or options that don't fit, PluginProblem where a
    method's result doesn't fit the votes, Cancelled when stopped.
    """
    options, progress = options or Options(), progress or Progress()
    method = {m.name: m for m in methods()}.get(options.method)
    if method is None:
        raise UserError("This consensus method is not known.", options.method)
    found = method.estimate(votes, options, progress)
    _check(method.name, found, votes)
    counted = count_votes(votes)
    evidence = counted.n_votes > 0
    if votes.gold is not None:
        evidence |= votes.gold >= 0
    costs = decision_costs(options, votes.n_labels)
    if options.costs is None:  # the most likely label
        label, tied = pick(found.probability)
        certainty = found.probability.max(axis=1) if votes.n_items else np.zeros(0)
        cost = 1 - certainty
    else:
        each = found.probability @ costs.T
        label, tied = pick(-each)
        certainty, cost = found.probability.max(axis=1), each.min(axis=1)
    label[~evidence] = NO_LABEL
    tied &= evidence
    progress.report(1.0)
    return Consensus(
        method=method.name,
        title=method.title,
        label=label,
        probability=found.probability,
        certainty=np.where(evidence, certainty, 0.0),
        tied=tied,
        evidence=evidence,
        expected_cost=cost,
        rater_skill=found.rater_skill,
        rater_votes=votes.per_worker(),
        confusion=found.confusion,
        confusion_counts=found.confusion_counts,
        priors=found.priors,
        trace=found.trace,
        details=found.details,
        notes=(*found.notes, *_notes(votes, found, tied, evidence)),
        majority=counted,
    )


def decision_costs(options: Options, n_labels: int) -> Floats:
    """(K, K) [decision, truth] costs; without given ones each error costs 1."""
    if options.costs is None:
        return 1.0 - np.eye(n_labels)
    costs = np.asarray(options.costs, dtype=np.float64)
    if costs.shape != (n_labels, n_labels) or not np.all(np.isfinite(costs)):
        raise UserError("These costs can't be used.", "Each answer needs a cost for each truth.")
    return costs


def rater_costs(confusion: Floats, priors: Floats, costs: Floats) -> Floats:
    """(w,) expected cost of trusting one vote of each rater, corrected for what it usually means.

    ``confusion`` : (w, K, K) [rater, truth, vote]; ``priors`` : (K,); ``costs`` : (K, K)
    [decision, truth]. A rater who is always wrong in the same way costs nothing; one who says the
    same to everything costs as much as nobody.

    Source: Ipeirotis, Provost and Wang 2010, HCOMP, section 3.
    """
    joint = confusion * priors[None, :, None]
    said = joint.sum(axis=1)
    truth_given_vote = joint / np.where(said > 0, said, 1.0)[:, None, :]
    # For each vote: the expected cost of deciding by chance from what it tells about the truth.
    each = np.einsum("wkl,kj,wjl->wl", truth_given_vote, costs, truth_given_vote)
    return np.asarray((said * each).sum(axis=1))


def _check(name: str, found: Estimate, votes: Votes) -> None:
    size = (votes.n_items, votes.n_labels)
    if found.probability.shape != size or found.rater_skill.shape != (votes.n_workers,):
        raise PluginProblem("A consensus method gave a result of the wrong size.", name)
    if not np.all(np.isfinite(found.probability)):
        raise PluginProblem("A consensus method gave a result that is not a number.", name)


def _notes(
    votes: Votes,
    found: Estimate,
    tied: npt.NDArray[np.bool_],
    evidence: npt.NDArray[np.bool_],
) -> tuple[str, ...]:
    notes = []
    if tied.any():
        notes.append(f"{_items(int(tied.sum()))} tied and left without a label.")
    if not evidence.all():
        notes.append(f"{_items(int((~evidence).sum()))} without votes and left without a label.")
    inverted = _below_chance(found, votes)
    notes += [
        f"Rater {votes.workers[i]} is right less often than chance: likely inverted. "
        "Nothing was changed."
        for i in np.flatnonzero(inverted).tolist()
    ]
    return tuple(notes)


def _below_chance(found: Estimate, votes: Votes) -> npt.NDArray[np.bool_]:
    """(w,) raters with enough votes who do worse than guessing, each label counted alike."""
    if found.confusion is not None:
        skill = np.einsum("wkk->w", found.confusion) / votes.n_labels
    else:
        skill = found.rater_skill
    enough = votes.per_worker() >= ENOUGH_VOTES
    with np.errstate(invalid="ignore"):
        return np.asarray(enough & (skill < 0.9 / votes.n_labels) & (votes.n_labels > 1))


def _items(count: int) -> str:
    return "1 item is" if count == 1 else f"{count:,} items are"
