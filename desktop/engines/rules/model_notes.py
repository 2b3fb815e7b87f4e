"""What a label model has to say in words: what was learned, and what should be looked at."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from desktop.engines.estimate import tally
from desktop.engines.rules.dependency_weights import Dependencies
from desktop.engines.rules.rule_hearing import used_labels
from desktop.engines.votes import Floats, Votes

ENOUGH_RULES = 3
ENOUGH_VOTES = 20  # of one rule, before something is said about it


def model_notes(
    votes: Votes,
    found: Dependencies,
    prior: Floats,
    accuracy: Floats,
    confusion: Floats,
    no_evidence: npt.NDArray[np.bool_],
    speaking: int,
) -> tuple[str, ...]:
    """What a person should know of a label model; see LabelModel for the arguments."""
    notes = []
    if speaking == 0:
        notes.append("No rule speaks about any item yet.")
    elif speaking < ENOUGH_RULES:
        words = "One rule speaks" if speaking == 1 else "Two rules speak"
        notes.append(
            f"{words}: how often a rule is right is learned from three rules on. Until then each "
            "counts as right 8 times in 10, corrected by known answers."
        )
    elif found.note:
        notes.append(found.note)
    for group in found.groups():
        names = ", ".join(votes.workers[i] for i in group)
        notes.append(f"{names} say the same and share one vote.")
    notes += [
        f"{votes.workers[i]} is right less often than chance: likely inverted. Nothing was changed."
        for i in np.flatnonzero(below_chance(votes, prior, accuracy, confusion)).tolist()
    ]
    never = np.bincount(votes.label, minlength=votes.n_labels) == 0
    if votes.n_votes:
        notes += [f"No rule votes for {votes.labels[k]}." for k in np.flatnonzero(never).tolist()]
        count = int(no_evidence.sum())
        if count:
            items = "1 item has" if count == 1 else f"{count:,} items have"
            notes.append(f"{items} no vote and no label.")
    return tuple(notes)


def below_chance(
    votes: Votes, prior: Floats, accuracy: Floats, confusion: Floats
) -> npt.NDArray[np.bool_]:
    """(m,) rules with enough votes that do worse than guessing, each class counted alike.

    A rule that votes for some classes only is measured by these classes' shares instead.
    """
    used = used_labels(votes)
    skill = np.einsum("wkk->w", confusion) / votes.n_labels
    whole = used.all(axis=1)
    said = tally(votes.worker * votes.n_labels + votes.label, used.size).reshape(used.shape)
    guessed = said @ prior / np.maximum(1.0, said.sum(axis=1))
    enough = votes.per_worker() >= ENOUGH_VOTES
    with np.errstate(invalid="ignore"):
        worse = np.where(whole, skill < 0.9 / votes.n_labels, accuracy < 0.9 * guessed)
    return np.asarray(enough & worse)
