"""Rules on what was drawn or suggested: how many regions, how large."""

from __future__ import annotations

from desktop.engines.rules.rule_kinds import (
    COMPARE,
    EVERY_LEVEL,
    Asks,
    Field,
    Judgement,
    Need,
    Parameters,
    choice_words,
    compares,
    number,
    text,
)
from desktop.engines.rules.rule_subject import RegionFacts, Subject

_UNITS = {"count": "", "area": " mm²", "diameter": " mm", "volume": " mm³"}


class RegionMeasure:
    """Number or size of regions of a class. Without calibration a size can't be judged."""

    name = "region-measure"
    title = "Size of regions"
    summary = "Compares number, area, diameter or volume of drawn or suggested regions."
    version = 1
    needs = frozenset({Need.REGIONS})
    levels = EVERY_LEVEL
    names_label = False
    fields = (
        Field("whose", "Regions", Asks.CHOICE, "suggested",
              (("suggested", "suggested"), ("drawn", "drawn by readers"), ("any", "of both"))),
        Field("class_id", "Class", Asks.CLASS, ""),
        Field("measure", "Measure", Asks.CHOICE, "diameter",
              (("count", "number"), ("area", "largest area"), ("diameter", "largest diameter"),
               ("volume", "largest volume"))),
        COMPARE,
        Field("limit", "Limit", Asks.NUMBER, 1.0, minimum=0,
              help="In mm, mm² or mm³ of the patient plane."),
    )  # fmt: skip

    def judge(self, parameters: Parameters, subject: Subject) -> Judgement:
        regions = [r for r in subject.regions() if _fits(parameters, r)]
        measure, limit = text(parameters, "measure"), number(parameters, "limit")
        if measure == "count":
            return compares(parameters, len(regions), limit)
        if not regions:
            return None
        sizes = [
            {"area": r.area_mm2, "diameter": r.diameter_mm, "volume": r.volume_mm3}[measure]
            for r in regions
        ]
        known = [size for size in sizes if size is not None]
        return compares(parameters, max(known), limit) if known else None

    def sentence(self, parameters: Parameters) -> str:
        measure = text(parameters, "measure")
        what = choice_words(self.fields, "measure", measure)
        whose = choice_words(self.fields, "whose", parameters["whose"])
        side = choice_words(self.fields, "compare", parameters["compare"])
        return (
            f"the {what} of regions {whose} is {side} "
            f"{number(parameters, 'limit'):g}{_UNITS[measure]}"
        )


def _fits(parameters: Parameters, region: RegionFacts) -> bool:
    whose, wanted = text(parameters, "whose"), text(parameters, "class_id")
    drawn = bool(region.reader_id)
    if (whose == "drawn" and not drawn) or (whose == "suggested" and drawn):
        return False
    return not wanted or str(region.class_id) == wanted
