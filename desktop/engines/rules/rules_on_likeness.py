"""Rules on likeness: an item is taken for what the known items are that look most like it."""

from __future__ import annotations

from desktop.engines.rules.rule_kinds import (
    EVERY_LEVEL,
    SILENT,
    Asks,
    Field,
    Judgement,
    Need,
    Parameters,
    number,
)
from desktop.engines.rules.rule_subject import Subject


class Likeness:
    """The nearest known items vote, by simple features of the image; silent where none is near or
    where they don't agree."""

    name = "likeness"
    title = "Looks like known ones"
    summary = "Takes an item for what the known items are that look most like it."
    version = 1
    needs = frozenset({Need.EXAMPLES})
    levels = EVERY_LEVEL
    names_label = True
    fields = (
        Field("neighbours", "Nearest ones asked", Asks.NUMBER, 5, minimum=1, maximum=50),
        Field(
            "reach", "Silent beyond", Asks.NUMBER, 1.5, minimum=0.01, maximum=100,
            help="Distance in standard deviations, averaged over the features.",
        ),
        Field(
            "agreement", "Agreement needed", Asks.NUMBER, 80.0, unit="%", minimum=50, maximum=100
        ),
    )  # fmt: skip

    def judge(self, parameters: Parameters, subject: Subject) -> Judgement:
        found = subject.examples()
        if found is None:
            return None
        reach = number(parameters, "reach")
        near = [e for e in found[: int(number(parameters, "neighbours"))] if e.distance <= reach]
        if not near:
            return SILENT
        counts: dict[str, int] = {}
        for example in near:
            counts[example.label] = counts.get(example.label, 0) + 1
        label = max(sorted(counts), key=lambda name: counts[name])
        agreed = 100.0 * counts[label] / len(near)
        return label if agreed >= number(parameters, "agreement") else SILENT

    def sentence(self, parameters: Parameters) -> str:
        return (
            f"{number(parameters, 'neighbours'):g} known ones within "
            f"{number(parameters, 'reach'):g} SD look like it"
        )
