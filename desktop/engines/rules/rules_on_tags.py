"""Rules on what the DICOM header says: "Modality is CT", "PatientAge is at least 65"."""

from __future__ import annotations

import re

from desktop.engines.rules.rule_kinds import (
    EVERY_LEVEL,
    Asks,
    Field,
    Judgement,
    Need,
    Parameters,
    choice_words,
    text,
)
from desktop.engines.rules.rule_subject import Subject
from desktop.imaging.rule_tags import RULE_TAGS

_YEARS = {"Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}


class DicomTag:
    """Compares one attribute. A file without it can't be judged, unless it is asked whether the
    attribute is there."""

    name = "dicom-tag"
    title = "DICOM tag"
    summary = "Looks at one attribute of the image's header, such as modality or age."
    version = 1
    needs = frozenset({Need.TAGS})
    levels = EVERY_LEVEL
    names_label = False
    fields = (
        Field("tag", "Attribute", Asks.CHOICE, "Modality", tuple((t, t) for t in RULE_TAGS)),
        Field(
            "test",
            "Test",
            Asks.CHOICE,
            "is",
            (
                ("is", "is"),
                ("contains", "contains"),
                ("at-least", "is at least"),
                ("at-most", "is at most"),
                ("present", "is there"),
            ),
        ),
        Field(
            "value",
            "Value",
            Asks.TEXT,
            "",
            help="Several values are separated by commas; one of them has to fit.",
            only_if=("test", ("is", "contains", "at-least", "at-most")),
        ),
    )

    def judge(self, parameters: Parameters, subject: Subject) -> Judgement:
        tags = subject.tags()
        if tags is None:
            return None
        found = [v for v in tags.get(text(parameters, "tag"), ()) if v]
        test = text(parameters, "test")
        if test == "present":
            return bool(found)
        if not found:
            return None
        wanted = [w.strip() for w in text(parameters, "value").split(",") if w.strip()]
        return any(_holds(test, value, w) for value in found for w in wanted)

    def sentence(self, parameters: Parameters) -> str:
        test = choice_words(self.fields, "test", parameters["test"])
        value = "" if parameters["test"] == "present" else f" {text(parameters, 'value')}"
        return f"{text(parameters, 'tag')} {test}{value}"


def _holds(test: str, value: str, wanted: str) -> bool:
    if test == "is":
        a, b = tag_number(value), tag_number(wanted)
        same = a == b if a is not None and b is not None else False
        return same or value.casefold() == wanted.casefold()
    if test == "contains":
        return wanted.casefold() in value.casefold()
    found, limit = tag_number(value), tag_number(wanted)
    if limit is None:
        raise ValueError(f"“{wanted}” is not a number to compare with")
    if found is None:
        return False
    return found >= limit if test == "at-least" else found <= limit


def tag_number(value: str) -> float | None:
    """A number as a header writes it, ages ("063Y", "018M") in years; None for other text."""
    age = re.fullmatch(r"(\d{1,3})([YMWD])", value.strip())
    if age:
        return int(age[1]) * _YEARS[age[2]]
    try:
        return float(value.split("\\")[0])
    except ValueError:
        return None
