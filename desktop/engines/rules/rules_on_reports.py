"""Rules on words of the report, with what denies them: "no nodule" is not a nodule.

Source: W. W. Chapman et al., J. Biomed. Inform. 34 (2001) 301-310 (NegEx: triggers before and
after a finding, within a window of words, up to the end of the clause).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from desktop.domain.errors import UserError
from desktop.domain.schema import AnswerValue
from desktop.engines.rules.rule_kinds import (
    EVERY_LEVEL,
    Asks,
    Field,
    Judgement,
    Need,
    Parameters,
    number,
    text,
    words,
)
from desktop.engines.rules.rule_subject import Subject

DENIED_BEFORE = (
    "no", "not", "without", "denies", "denied", "negative for", "free of", "absence of",
    "absent", "no evidence of", "rule out", "rules out", "ruled out", "never", "resolved",
    "kein", "keine", "keinen", "keiner", "ohne", "nicht", "ausschluss", "unauffällig",
)  # fmt: skip
DENIED_AFTER = (
    "is absent", "are absent", "was ruled out", "were ruled out", "is ruled out", "is excluded",
    "not seen", "not identified", "not present", "is unlikely", "ausgeschlossen",
    "nicht nachweisbar",
)  # fmt: skip
CLAUSE_ENDS = ("but", "however", "although", "except", "aber", "jedoch", "sondern")
_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*|[.;:!?\n]")
LONGEST = 200_000


class ReportWords:
    """Looks for words or a pattern that are stated, or denied, in the report. A report is about the
    whole case: it says the same of all its images and regions."""

    name = "report-words"
    title = "Words of the report"
    summary = "Looks for words in the case's report; knows “no nodule” from “nodule”."
    version = 1
    needs = frozenset({Need.REPORT})
    levels = EVERY_LEVEL
    names_label = False
    fields = (
        Field("words", "Words", Asks.WORDS, (), help="One per line; any of them counts."),
        Field(
            "pattern", "They are patterns (regular expressions)", Asks.YES_NO, False,
            help="Else they are whole words; a * stands for any ending.",
        ),
        Field(
            "mode", "Holds where they are", Asks.CHOICE, "stated",
            (("stated", "stated"), ("denied", "only denied"), ("mentioned", "mentioned at all")),
        ),
        Field(
            "window", "Denial reaches over", Asks.NUMBER, 8, unit="words", minimum=0, maximum=30,
            help="“no” denies what follows within so many words of its clause.",
            only_if=("mode", ("stated", "denied")),
        ),
    )  # fmt: skip

    def judge(self, parameters: Parameters, subject: Subject) -> Judgement:
        report = subject.report()
        return None if report is None else judge_report(dict(parameters), report)

    def sentence(self, parameters: Parameters) -> str:
        listed = ", ".join(words(parameters, "words")) or "…"
        how = {"stated": "says", "denied": "denies", "mentioned": "mentions"}
        return f"the report {how[text(parameters, 'mode')]} {listed}"


def judge_report(parameters: dict[str, AnswerValue], report: str) -> Judgement:
    """The same for a bare text; patterns are searched in a child process by this name, because a
    pattern can be made to search for ever."""
    if not report.strip():
        return None
    wanted, window = words(parameters, "words"), int(number(parameters, "window"))
    found = list(mentions(report, wanted, bool(parameters["pattern"]), window))
    match text(parameters, "mode"):
        case "mentioned":
            return bool(found)
        case "denied":
            return bool(found) and not any(stated for _at, stated in found)
        case _:
            return any(stated for _at, stated in found)


def mentions(
    report: str, wanted: tuple[str, ...], pattern: bool, window: int
) -> Iterator[tuple[int, bool]]:
    """Where one of the words stands: 0-based character, and whether it is stated (not denied).

    Raises UserError for a pattern that can't be read.
    """
    report = report[:LONGEST]
    tokens = [(m.start(), m.group().casefold()) for m in _WORD.finditer(report)]
    starts = [start for start, _ in tokens]
    for expression in (compiled(word, pattern) for word in wanted):
        for hit in expression.finditer(report):
            if hit.end() == hit.start():
                continue
            first, last = bisect_left(starts, hit.start()), bisect_left(starts, hit.end())
            yield hit.start(), not _is_denied(tokens, first, last, window)


def compiled(word: str, pattern: bool) -> re.Pattern[str]:
    """What to search for; UserError where a pattern can't be read."""
    try:
        if pattern:
            return re.compile(word, re.IGNORECASE)
        plain = r"\s+".join(re.escape(part).replace(r"\*", r"\w*") for part in word.split())
        return re.compile(rf"(?<!\w){plain}(?!\w)", re.IGNORECASE)
    except re.error as error:
        raise UserError("This pattern can't be read.", f"{word}: {error}") from error


def _is_denied(tokens: list[tuple[int, str]], first: int, last: int, window: int) -> bool:
    """Whether a denial reaches tokens ``first`` to ``last`` (exclusive end)."""
    before = _clause([word for _, word in tokens[max(0, first - window) : first]][::-1])[::-1]
    after = _clause([word for _, word in tokens[last : last + window]])
    return _has(before, DENIED_BEFORE) or _has(after, DENIED_AFTER)


def _clause(listed: list[str]) -> list[str]:
    """The words up to the end of the clause."""
    for place, word in enumerate(listed):
        if word in CLAUSE_ENDS or word in ".;:!?\n":
            return listed[:place]
    return listed


def _has(listed: list[str], triggers: tuple[str, ...]) -> bool:
    line = f" {' '.join(listed)} "
    return any(f" {trigger} " in line for trigger in triggers)
