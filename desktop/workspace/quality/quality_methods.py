"""The methods of the quality report, in words."""

from __future__ import annotations

from desktop.engines.agreement.measurement_agreement import MEANING
from desktop.workspace.quality.quality_measures import ABOUT, WEIGHTED, BoardOptions, Measure

METHODS = (
    ("Coefficients", "Where nothing else was chosen: Krippendorff's alpha (nominal for named "
     "answers, ordinal for ratings) takes any number of readers and gaps. Gwet's AC1 and AC2, "
     "Fleiss' and Cohen's kappa stand beside it, ratings with quadratic weights. Numbers and "
     "dates are compared by the intraclass correlation ICC(2,1): two-way, readers a sample of "
     "readers, absolute agreement of single readings, from the items that all readers answered; "
     "differences of two readers by Bland and Altman's bias and 95 % limits of agreement."),
    ("Intervals", "95 %. Of coefficients: analytic, linearised over items, on the cube root of "
     "disagreement (of kappa, pi and alpha with one item of full agreement added, spread over the "
     "categories used, without which rare findings look too certain); with patients as units where "
     "a patient has several items (on boards of more than 60,000 answers only in the details; each "
     "says which), beside them percentiles of 1,000 "
     "resampled items or patients in the details of questions with up to 5,000 items. Where no "
     "disagreement was seen: an exact bound. Of ICC(2,1) and ICC(2,k): a "
     "generalized pivot of the mean squares, of other ICC the F distribution. Of shares: Wilson's "
     "score interval. Of the mean Dice: percentiles of 1,000 resamples of patients."),
    ("Undefined", "A coefficient is undefined where nobody could disagree: no item with two "
     "answers, one category only, or all answers alike. It is never replaced by 0 or 1."),
    ("Prevalence", "Share of each answer among all answers. Alpha and kappa fall where one answer "
     "is very common, although readers agree as often; then read them beside Gwet's AC."),
    ("Known answers", "Share of answers that equal the ruling of an adjudicator or the gold "
     "answer of the case; of a class, whether the reader marked it where gold or a ruling on "
     "regions says that it is there, or is not."),
    ("Wrong advice taken", "Automation bias: of the suggestions that differ from the known answer, "
     "or of suggested regions without a true one of their class in their place, and that a reader "
     "decided about, the share that was accepted and kept. At most 1,000 suggested regions are "
     "looked at."),
)  # fmt: skip


def chosen_words(options: BoardOptions) -> str:
    """Coefficient and scale in words; "" where nobody chose."""
    measure, words = options.measure, ""
    if measure is not Measure.USUAL:
        words = f"{measure.value}. {ABOUT[measure]}"
    if measure in WEIGHTED and options.weights is not None:
        words += f" Ratings and choices with {options.weights.value} weights."
    if measure is Measure.ALPHA and options.level is not None:
        words += f" Ratings, choices and numbers on the {options.level.value} level."
    if measure is Measure.ICC:
        words += f" {options.form.value}: {MEANING[options.form]}."
    return words
