"""What a rule can look at: the kinds, how a form asks for their parameters, and what they get.

A kind is one object with a name and ``judge``. Built-ins and functions of plugins register alike.
A judgement is True where the rule holds, False where it does not, a label where the kind names
one itself, "" where it looked and has nothing to say, and None where it could not look (no report,
no image). An exception is an error of the rule, counted and told, never one of these.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, TypeAlias

from desktop.domain.errors import PluginProblem, UserError
from desktop.domain.schema import AnswerValue, Scope
from desktop.engines.rules.rule_subject import Subject

Judgement: TypeAlias = bool | str | None
Parameters: TypeAlias = Mapping[str, AnswerValue]

SILENT = ""
EVERY_LEVEL = frozenset({Scope.STUDY, Scope.FRAME, Scope.REGION})


class Need(str, Enum):
    """What a kind looks at; where that is unchanged, its judgements are kept."""

    TAGS = "tags"
    REPORT = "report"
    PIXELS = "pixels"
    REGIONS = "regions"
    SCORES = "scores"
    ANSWERS = "answers"
    EXAMPLES = "examples"


class Asks(str, Enum):
    """How a form asks for a parameter."""

    CHOICE = "choice"
    NUMBER = "number"
    TEXT = "text"
    WORDS = "words"  # one per line
    YES_NO = "yes or no"
    CLASS = "class"  # a class id of the schema as text; "" any
    READER = "reader"  # a reader id; "" the most of them


@dataclass(frozen=True)
class Field:
    """One parameter. ``only_if``: another field and the values of it with which this is asked."""

    name: str
    title: str
    asks: Asks
    default: AnswerValue
    choices: tuple[tuple[str, str], ...] = ()
    unit: str = ""
    minimum: float = -math.inf
    maximum: float = math.inf
    help: str = ""
    only_if: tuple[str, tuple[str, ...]] | None = None

    def is_asked(self, parameters: Parameters) -> bool:
        """Whether it matters with these parameters."""
        return self.only_if is None or parameters.get(self.only_if[0]) in self.only_if[1]


class RuleKind(Protocol):
    """One thing to look at. ``names_label``: judgements are labels, not yes or no.
    ``version`` changes with what it finds, so that kept judgements are thrown away."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def needs(self) -> frozenset[Need]: ...
    @property
    def levels(self) -> frozenset[Scope]: ...
    @property
    def fields(self) -> tuple[Field, ...]: ...
    @property
    def names_label(self) -> bool: ...

    def judge(self, parameters: Parameters, subject: Subject) -> Judgement:
        """What the rule makes of one item; may raise anything."""

    def sentence(self, parameters: Parameters) -> str:
        """What it looks for, in words: "the report says nodule"."""


_registered: dict[str, RuleKind] = {}


def register(kind: RuleKind) -> RuleKind:
    """Add a kind; built-ins and plugins come in the same way."""
    known = _registered.get(kind.name)
    if known is not None and type(known) is not type(kind):
        raise PluginProblem("Two kinds of rules have the same name.", kind.name)
    _registered[kind.name] = kind
    return kind


def unregister(name: str) -> None:
    """Take a kind out again, e.g. of a plugin that was switched off."""
    _registered.pop(name, None)


def rule_kinds() -> tuple[RuleKind, ...]:
    """All kinds, in the order they were registered."""
    from desktop.engines.rules.rules_on_images import ImageStatistic
    from desktop.engines.rules.rules_on_likeness import Likeness
    from desktop.engines.rules.rules_on_others import ReaderSays, ScoreBand
    from desktop.engines.rules.rules_on_regions import RegionMeasure
    from desktop.engines.rules.rules_on_reports import ReportWords
    from desktop.engines.rules.rules_on_tags import DicomTag

    built_in: tuple[RuleKind, ...] = (
        DicomTag(),
        ReportWords(),
        ImageStatistic(),
        RegionMeasure(),
        Likeness(),
        ScoreBand(),
        ReaderSays(),
    )
    for kind in built_in:
        _registered.setdefault(kind.name, kind)
    first = [kind.name for kind in built_in]
    rest = [name for name in _registered if name not in first]
    return tuple(_registered[name] for name in (*first, *rest))


def rule_kind(name: str) -> RuleKind:
    """The kind of this name; UserError where a plugin is missing."""
    found = {kind.name: kind for kind in rule_kinds()}.get(name)
    if found is None:
        raise UserError(
            "This kind of rule is not here.", name, "Allow the plugin that brings it in Settings."
        )
    return found


def completed(kind: RuleKind, parameters: Parameters) -> dict[str, AnswerValue]:
    """The parameters with defaults for what is missing; UserError where one does not fit."""
    unknown = set(parameters) - {field.name for field in kind.fields}
    if unknown:
        raise UserError("A rule has a parameter that its kind does not know.", min(unknown))
    made = {field.name: parameters.get(field.name, field.default) for field in kind.fields}
    for field in kind.fields:
        if field.is_asked(made):
            _check(field, made[field.name])
    return made


def _check(field: Field, value: AnswerValue) -> None:
    match field.asks:
        case Asks.CHOICE:
            fits = value in [key for key, _words in field.choices]
        case Asks.NUMBER:
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            fits = number and field.minimum <= float(value) <= field.maximum  # type: ignore[arg-type]
        case Asks.YES_NO:
            fits = isinstance(value, bool)
        case Asks.WORDS:
            fits = isinstance(value, tuple) and all(isinstance(word, str) for word in value)
        case _:
            fits = isinstance(value, str)
    if not fits:
        raise UserError("A parameter of the rule does not fit.", field.title)


def number(parameters: Parameters, name: str) -> float:
    """A number among checked parameters."""
    value = parameters[name]
    assert isinstance(value, (int, float))
    return float(value)


def text(parameters: Parameters, name: str) -> str:
    """A text among checked parameters."""
    return str(parameters[name])


def words(parameters: Parameters, name: str) -> tuple[str, ...]:
    """The words of a list among checked parameters, without empty ones."""
    value = parameters[name]
    listed: Iterable[str] = value if isinstance(value, tuple) else ()
    return tuple(word.strip() for word in listed if word.strip())


def choice_words(fields: Sequence[Field], name: str, value: AnswerValue) -> str:
    """What a choice says to people."""
    field = next(f for f in fields if f.name == name)
    return dict(field.choices).get(str(value), str(value))


COMPARE = Field(
    "compare",
    "Holds where it is",
    Asks.CHOICE,
    "at-least",
    (("at-least", "at least"), ("at-most", "at most")),
)


def compares(parameters: Parameters, value: float, limit: float) -> bool:
    """Whether a value is on the side of the limit that ``compare`` names."""
    return value >= limit if parameters["compare"] == "at-least" else value <= limit
