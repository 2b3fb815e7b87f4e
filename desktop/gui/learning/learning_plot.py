"""The learning curve: the model on the random checks, and what chance alone would have taught."""

from __future__ import annotations

from collections.abc import Sequence

from desktop.domain.learning import LearningRound, Standing
from desktop.exchange.plots import Axis, Datum, Guide, Line, Plot


def curve(rounds: Sequence[LearningRound]) -> Plot:
    """Accuracy by number of answers with its 95 % band, against the control alone."""
    asked = [
        _datum(f"queue-{r.number}", r.labelled, r.standing, f"Round {r.number}")
        for r in rounds
        if r.standing.checked
    ]
    chance = {
        r.chance_labels: _datum(
            f"chance-{r.number}", r.chance_labels, r.by_chance, "Random checks alone"
        )
        for r in rounds
        if r.by_chance.checked
    }
    layers: list[Line | Guide] = [
        Line(tuple(asked), "Queue"),
        Line(tuple(chance[n] for n in sorted(chance)), "Random checks alone", dashed=True),
    ]
    if rounds:
        target = rounds[-1].plan.target
        layers.append(Guide(f"Target {target:.0%}", y=target))
    return Plot(
        x=Axis("answers learned from", whole=True, low=0),
        y=Axis("right on random checks", percent=True, low=0.0, high=1.0),
        layers=tuple(layers),
        note="Bands are 95 % intervals. Both lines are measured on the random checks only.",
        empty="The curve begins when the first random checks are answered and learned from.",
    )


def _datum(key: str, labels: int, standing: Standing, what: str) -> Datum:
    value = standing.value or 0.0
    words = (
        f"{what}: {value:.0%} of {standing.checked} checks "
        f"({standing.low:.0%} to {standing.high:.0%}), {labels} answers"
    )
    return Datum(key, labels, value, standing.low, standing.high, words)
