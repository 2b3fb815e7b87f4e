"""Rules on what others say: how sure a model is, and what a reader answered."""

from __future__ import annotations

from collections import Counter

from desktop.domain.errors import UserError
from desktop.engines.rules.rule_kinds import (
    EVERY_LEVEL,
    SILENT,
    Asks,
    Field,
    Judgement,
    Need,
    Parameters,
    number,
    text,
)
from desktop.engines.rules.rule_subject import Subject


class ScoreBand:
    """A model's score: high holds, low does not, between it stays silent."""

    name = "score-band"
    title = "Score of a model"
    summary = "A high score votes for one answer, a low one for the other, between is silence."
    version = 1
    needs = frozenset({Need.SCORES})
    levels = EVERY_LEVEL
    names_label = False
    fields = (
        Field("class_id", "Suggested class", Asks.CLASS, "",
              help="The best score of its suggestions on the item; any class: of the answer."),
        Field("tool", "Only of the model", Asks.TEXT, "", help="Part of its name; empty: any."),
        Field("high", "High from", Asks.NUMBER, 0.8, minimum=0, maximum=1),
        Field("low", "Low up to", Asks.NUMBER, 0.2, minimum=0, maximum=1),
    )  # fmt: skip

    def judge(self, parameters: Parameters, subject: Subject) -> Judgement:
        high, low = number(parameters, "high"), number(parameters, "low")
        if low >= high:
            raise UserError("“Low up to” has to lie below “high from”.")
        wanted, tool = text(parameters, "class_id"), text(parameters, "tool").casefold()
        found = [
            s.value
            for s in subject.scores()
            if (not wanted or str(s.class_id) == wanted) and tool in s.tool.casefold()
        ]
        if not found:
            return None
        best = max(found)
        if best >= high:
            return True
        return False if best <= low else SILENT

    def sentence(self, parameters: Parameters) -> str:
        return (
            f"a model's score is at least {number(parameters, 'high'):g} "
            f"(low up to {number(parameters, 'low'):g})"
        )


class ReaderSays:
    """What one reader answered, or the most of them."""

    name = "reader-says"
    title = "Answer of a reader"
    summary = "Votes for what a reader said, or for what most readers said."
    version = 1
    needs = frozenset({Need.ANSWERS})
    levels = EVERY_LEVEL
    names_label = True
    fields = (Field("reader", "Reader", Asks.READER, ""),)

    def judge(self, parameters: Parameters, subject: Subject) -> Judgement:
        wanted = text(parameters, "reader")
        said = [s.label for s in subject.answers() if not wanted or s.reader_id == wanted]
        if not said:
            return None
        ranked = Counter(said).most_common(2)
        tied = len(ranked) > 1 and ranked[0][1] == ranked[1][1]
        return SILENT if tied else ranked[0][0]

    def sentence(self, parameters: Parameters) -> str:
        return "a reader answered it" if parameters["reader"] else "most readers answered it"
