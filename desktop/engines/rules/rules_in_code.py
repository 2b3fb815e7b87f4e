"""Rules written in Python: one function in a plugin file becomes a kind of rule.

@labeling_function(title="Bright upper half")
def bright_upper_half(item):
    picture = next(iter(item.pictures()), None)
    if picture is None:
        return None
    return bool(picture.values_yx[: len(picture.values_yx) // 2].mean() > 40)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from desktop.domain.schema import Scope
from desktop.engines.rules.rule_kinds import EVERY_LEVEL, Field, Judgement, Need, Parameters
from desktop.engines.rules.rule_subject import Subject

Function = Callable[[Subject], Judgement]


@dataclass(frozen=True)
class CodeRule:
    """A function as a kind of rule; its judgements are checked, because anything may come."""

    name: str
    title: str
    summary: str
    function: Function
    names_label: bool = False
    version: int = 1
    levels: frozenset[Scope] = EVERY_LEVEL
    needs: frozenset[Need] = frozenset(Need)
    fields: tuple[Field, ...] = ()

    def judge(self, parameters: Parameters, subject: Subject) -> Judgement:
        found = self.function(subject)
        if found is None or isinstance(found, (bool, str)):
            return found
        raise TypeError(f"it gave a {type(found).__name__} instead of True, False, a label or None")

    def sentence(self, parameters: Parameters) -> str:
        return self.summary or self.title


def labeling_function(
    *,
    title: str,
    summary: str = "",
    names_label: bool = False,
    version: int = 1,
    levels: frozenset[Scope] = EVERY_LEVEL,
) -> Callable[[Function], CodeRule]:
    """Make a kind of rule of a function that judges one item.

    It returns True where the rule holds, False where not, None where it could not look; or, with
    ``names_label``, a label of the question ("yes" and "no" for yes-no questions and classes) or
    "" to stay silent. Give ``version`` a new number when the function changes what it finds.
    """

    def make(function: Function) -> CodeRule:
        lines = (function.__doc__ or "").strip().splitlines()
        return CodeRule(
            name=f"code:{function.__name__}",
            title=title,
            summary=summary or (lines[0] if lines else ""),
            function=function,
            names_label=names_label,
            version=version,
            levels=levels,
        )

    return make
