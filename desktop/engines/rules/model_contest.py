"""Label model or plain majority: which is right more often on known answers, in words."""

from __future__ import annotations

from dataclasses import dataclass

from desktop.domain.contracts import Progress
from desktop.engines.intervals import Interval
from desktop.engines.proportions import wilson
from desktop.engines.rules.dependency_weights import Dependencies
from desktop.engines.rules.label_model import LabelModelOptions, fit_label_model
from desktop.engines.votes import NO_LABEL, Votes

CLEAR = 0.05


@dataclass(frozen=True, slots=True)
class Contest:
    """On ``asked`` known items with a vote, how many each got right.

    ``only_model``, ``only_majority`` : items that one of them alone got right; ``chance`` : how
    probable so uneven a split (or a more uneven one) is if both are equally good. ``winner`` :
    "model", "majority" or "" where it isn't clear. A tie is not right.
    """

    asked: int
    model_right: int
    majority_right: int
    only_model: int
    only_majority: int
    chance: float
    winner: str
    sentence: str

    @property
    def model_interval(self) -> Interval | None:
        return wilson(self.model_right, self.asked)

    @property
    def majority_interval(self) -> Interval | None:
        return wilson(self.majority_right, self.asked)


def compare_with_majority(
    votes: Votes,
    options: LabelModelOptions | None = None,
    progress: Progress | None = None,
    found: Dependencies | None = None,
) -> Contest:
    """Learn without the known answers, then ask about them; ``found`` as in fit_label_model.

    Source: Q. McNemar, Psychometrika 12 (1947) 153-157, in its exact binomial form.
    """
    gold = votes.gold
    if gold is None or not (gold != NO_LABEL).any():
        return _nothing_known(0)
    model = fit_label_model(votes.without_gold(), options, progress, found)
    known = (gold != NO_LABEL) & (model.n_votes > 0)
    asked = int(known.sum())
    if asked == 0:
        return _nothing_known(int((gold != NO_LABEL).sum()))
    by_model = model.label[known] == gold[known]
    by_majority = model.majority.label[known] == gold[known]
    only_model = int((by_model & ~by_majority).sum())
    only_majority = int((by_majority & ~by_model).sum())
    chance = _two_sided(only_model, only_majority)
    winner = ""
    if chance < CLEAR:
        winner = "model" if only_model > only_majority else "majority"
    right = int(by_model.sum()), int(by_majority.sum())
    return Contest(
        asked=asked,
        model_right=right[0],
        majority_right=right[1],
        only_model=only_model,
        only_majority=only_majority,
        chance=chance,
        winner=winner,
        sentence=_sentence(asked, right, only_model, only_majority, winner),
    )


def _two_sided(a: int, b: int) -> float:
    """Exact two-sided probability of a split a : b or more uneven with equal chances."""
    from scipy.special import bdtr

    return 1.0 if a == b else min(1.0, 2 * float(bdtr(min(a, b), a + b, 0.5)))


def _sentence(
    asked: int, right: tuple[int, int], only_model: int, only_majority: int, winner: str
) -> str:
    shares = (
        f"On {asked:,} known answers the label model is right {_share(right[0], asked)}, "
        f"the plain majority {_share(right[1], asked)}."
    )
    match winner:
        case "model":
            return f"The label model wins. {shares}"
        case "majority":
            return (
                f"The plain majority wins. {shares} "
                "Use it, or look at rules that say the same or the opposite."
            )
        case _:
            differing = only_model + only_majority
            if differing == 0:
                return f"Both are right on the same items. {shares}"
            return (
                f"No clear winner: they differ on {differing:,} known answers, which is too little "
                f"to tell. {shares}"
            )


def _share(right: int, asked: int) -> str:
    interval = wilson(right, asked)
    assert interval is not None
    share, low, high = (100 * x for x in (right / asked, interval.low, interval.high))
    return f"on {right:,} ({share:.0f} %, {low:.0f} to {high:.0f} %)"


def _nothing_known(known: int) -> Contest:
    if known:
        words = "No rule speaks about the items whose answer is known, so there is no winner yet."
    else:
        words = "No answer is known yet: which of the two is right more often can't be told."
    return Contest(0, 0, 0, 0, 0, 1.0, "", words)
