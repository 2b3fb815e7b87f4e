"""The label model: from the votes of many rules to one probable answer per item.

Rules are raters who stay silent often, copy each other, and of whom nothing is known beforehand;
the maths is that of Dawid and Skene with a belief that a rule is better than chance, and with one
vote for a group of rules that say the same. Silence is no evidence, but for rules that can only
say one thing (see ``rule_hearing``). The plain majority stands beside every result.

Source: A. Ratner et al., Data Programming, NeurIPS 2016 (rules as noisy voters); A. P. Dawid,
A. M. Skene, Applied Statistics 28 (1979) 20-28 (the latent class model).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from desktop.domain.contracts import Progress
from desktop.domain.errors import UserError
from desktop.engines.consensus.dawid_skene import fit
from desktop.engines.consensus.majority import Majority, count_votes, pick
from desktop.engines.consensus.vote_patterns import PatternTable, VoteTable, table_of
from desktop.engines.estimate import Options, fixed_priors, log, posterior, tally
from desktop.engines.rules.dependency_weights import Dependencies, Pair, find_dependencies
from desktop.engines.rules.model_notes import ENOUGH_RULES, model_notes
from desktop.engines.rules.rule_hearing import Blind, RuleHearing, pseudo_votes
from desktop.engines.votes import NO_LABEL, Floats, Ints, Votes

FIRST_PRECISION = 0.7
MAX_ITERATIONS = 200
TOLERANCE = 1e-7
_COUNTED = 50_000_000


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelModelOptions:
    """``prior`` : (K,) class shares, None learns them. ``blind`` : where rules could not look.
    ``together``, ``apart`` : pairs of rules that a person joined or split. ``weigh`` : whether
    copies share one vote."""

    prior: Sequence[float] | Floats | None = None
    blind: Blind | None = None
    together: Sequence[Pair] = ()
    apart: Sequence[Pair] = ()
    weigh: bool = True
    max_iterations: int = MAX_ITERATIONS
    tolerance: float = TOLERANCE


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LabelModel:
    """What was learned.

    ``probability`` : (n, K) float32, rows sum to 1; the class shares where no rule spoke.
    ``label`` : (n,) int64, -1 where two classes are equally likely or there is no evidence.
    ``certainty`` : (n,) float64 probability of the most likely class, 0 without evidence.
    ``n_votes`` : (n,) int64. ``no_evidence`` : (n,) bool, items no rule speaks about and of which
    nothing is known: never exported as a label.
    ``confusion``, ``counts`` : (m, K, K) [rule, truth, vote]; ``prior`` : (K,).
    ``accuracy`` : (m,) how often a rule is right where it speaks, NaN where it never does.
    ``log_factor`` : (m, K, K) [rule, truth, vote], what one vote adds to the log score of a class.
    ``log_silence`` : (m, K) what silence adds; 0 for rules that vote for every class.
    ``blind`` : where rules could not look.
    ``trace`` : what the iterations raise; never falls; empty where nothing was learned.
    ``dependencies`` : groups of rules that say the same. ``notes`` : sentences for people.
    ``majority`` : plain counting, beside it.
    """

    probability: npt.NDArray[np.float32]
    label: Ints
    certainty: Floats
    n_votes: Ints
    no_evidence: npt.NDArray[np.bool_]
    confusion: Floats
    counts: Floats
    prior: Floats
    accuracy: Floats
    log_factor: Floats
    log_silence: Floats
    blind: Blind
    trace: tuple[float, ...]
    dependencies: Dependencies
    majority: Majority
    notes: tuple[str, ...] = field(default=())

    def doubtful(self, threshold: float) -> npt.NDArray[np.bool_]:
        """(n,) items for people to look at: no evidence, or less sure than the threshold."""
        return np.asarray(self.no_evidence | (self.certainty < threshold))


def fit_label_model(
    votes: Votes,
    options: LabelModelOptions | None = None,
    progress: Progress | None = None,
    found: Dependencies | None = None,
) -> LabelModel:
    """Learn from the votes of rules (the workers) what each is worth, and what each item is.

    ``found`` : groups of rules found before in the same votes, to save looking again.

    Known answers (``votes.gold``) are held fixed while learning and are the items' labels.
    With fewer than three rules that speak nothing can be learned from their agreement: each
    counts as a belief of 8 to 2 that it is right, corrected by the known answers.

    Raises
    ------
    UserError
        One class only, class shares that don't fit, or a rule that votes twice on an item.
    Cancelled
        When stopped.
    """
    options, progress = options or LabelModelOptions(), progress or Progress()
    if votes.n_labels < 2:
        raise UserError("There is nothing to decide.", "A question needs at least two answers.")
    _check_single_votes(votes)
    table = table_of(votes)
    given = fixed_priors(Options(priors=options.prior), votes.n_labels)
    if found is None:
        found = find_dependencies(
            votes, together=options.together, apart=options.apart, table=table
        )
    trust = found.weight if options.weigh else np.ones(votes.n_workers)
    speaking = int((votes.per_worker() > 0).sum())
    if speaking >= ENOUGH_RULES:
        learned = _learn(votes, table, trust, given, options, progress)
    else:
        learned = _believe(votes, trust, given)
    probability = learned.probability
    no_evidence = votes.per_item() == 0
    if votes.gold is not None:
        no_evidence &= votes.gold < 0
    probability[no_evidence] = learned.prior  # the silence of all is no label
    label, _ = pick(probability)
    label[no_evidence] = NO_LABEL
    certainty = np.where(no_evidence, 0.0, probability.max(axis=1, initial=0.0))
    confusion = learned.counts + pseudo_votes(votes.n_labels)
    confusion /= confusion.sum(axis=2, keepdims=True)
    accuracy = _accuracy(votes, table, probability)
    return LabelModel(
        probability=probability.astype(np.float32),
        label=label,
        certainty=certainty,
        n_votes=votes.per_item(),
        no_evidence=no_evidence,
        accuracy=accuracy,
        confusion=confusion,
        counts=learned.counts,
        prior=learned.prior,
        log_factor=learned.factor,
        log_silence=learned.quiet,
        blind=options.blind or Blind.nowhere(),
        trace=learned.trace,
        dependencies=found,
        majority=count_votes(votes),
        notes=model_notes(votes, found, learned.prior, accuracy, confusion, no_evidence, speaking),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Learned:
    """What either way of learning gives; see LabelModel."""

    probability: Floats
    counts: Floats
    prior: Floats
    factor: Floats
    quiet: Floats
    trace: tuple[float, ...]


def _learn(
    votes: Votes,
    table: VoteTable | PatternTable,
    trust: Floats,
    given: Floats | None,
    options: LabelModelOptions,
    progress: Progress,
) -> _Learned:
    """By expectation-maximisation, from three rules on."""
    hearing = RuleHearing(votes, trust, options.blind or Blind.nowhere())
    found = fit(
        votes,
        _start(votes, table, trust, given),
        priors=given,
        pseudo_votes=pseudo_votes(votes.n_labels),
        hearing=hearing,
        table=table,
        max_iterations=options.max_iterations,
        tolerance=options.tolerance,
        progress=progress,
    )
    return _Learned(
        found.probability, found.counts, found.priors[0], hearing.factor, hearing.quiet, found.trace
    )


def _believe(votes: Votes, trust: Floats, given: Floats | None) -> _Learned:
    """Weighted votes: what is believed of every rule, corrected by the known answers only."""
    n, m, k = votes.n_items, votes.n_workers, votes.n_labels
    counts = np.zeros((m, k, k))
    if votes.gold is not None:
        truth = votes.gold[votes.item]
        known = truth >= 0
        np.add.at(counts, (votes.worker[known], truth[known], votes.label[known]), 1.0)
    table = counts + pseudo_votes(k)
    factor = log(table / table.sum(axis=1, keepdims=True)) * trust[:, None, None]
    prior = np.full(k, 1.0 / k) if given is None else given[0]
    score = np.repeat(log(prior)[None, :], n, axis=0)
    for truth_label in range(k):
        added = factor[votes.worker, truth_label, votes.label]
        score[:, truth_label] += tally(votes.item, n, added)
    probability, _ = posterior(score, votes.gold)
    return _Learned(probability, counts, prior, factor, np.zeros((m, k)), ())


def _accuracy(votes: Votes, table: VoteTable | PatternTable, probability: Floats) -> Floats:
    """(m,) how probable the class a rule votes for is on average: its accuracy where it speaks,
    as far as the model knows; NaN where it never speaks."""
    asked = votes.per_worker()
    total = np.einsum("wkk->w", table.counts(probability))
    return np.where(asked > 0, total / np.where(asked > 0, asked, 1.0), np.nan)


def without_rule(votes: Votes, rule: int) -> Votes:
    """The votes as if a rule were switched off; it keeps its place and stays silent."""
    kept = votes.worker != rule
    return Votes(
        votes.item[kept],
        votes.worker[kept],
        votes.label[kept],
        votes.items,
        votes.workers,
        votes.labels,
        votes.gold,
    )


def _start(
    votes: Votes, table: VoteTable | PatternTable, trust: Floats, prior: Floats | None
) -> Floats:
    """(n, K) first guess: the prior times votes that are right 7 times in 10, known answers."""
    k = votes.n_labels
    gain = np.log(FIRST_PRECISION) - np.log((1 - FIRST_PRECISION) / (k - 1))
    score = table.scores(trust[:, None, None] * gain * np.eye(k), np.zeros(k))
    if prior is not None:
        score += log(prior[0])
    start, _ = posterior(score, votes.gold)
    spoken = votes.per_item() > 0
    if votes.gold is not None:
        spoken |= votes.gold >= 0
    if spoken.any():
        start[~spoken] = start[spoken].mean(axis=0)
    return start


def _check_single_votes(votes: Votes) -> None:
    size = votes.n_items * votes.n_workers
    pairs = votes.item * max(1, votes.n_workers) + votes.worker
    if size <= _COUNTED:  # counting is much faster than sorting, while there is room to count
        twice = _falls(pairs) and bool((np.bincount(pairs) > 1).any())
    else:
        pairs = np.sort(pairs)
        twice = bool((pairs[1:] == pairs[:-1]).any())
    if twice:
        raise UserError("These votes can't be used.", "A rule votes twice on one item.")


def _falls(pairs: Ints) -> bool:
    """Whether a list is not in strictly rising order, in which nothing can stand twice."""
    return not bool((pairs[1:] > pairs[:-1]).all())
