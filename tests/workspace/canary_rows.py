"""A row of every kind of record that belongs to others, with a canary in each of its texts.

Kinds that are added later are planted by themselves, so that a package which takes one of them
along is found without anybody thinking of it.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from enum import Enum
from typing import Any, Union

import msgspec

from desktop.domain.account import ProjectSetting
from desktop.domain.help_study import HelpPlan
from desktop.domain.proposal import Proposal
from desktop.domain.ranking import Candidate, RankingPrompt, RankingTask
from desktop.domain.record import Record
from desktop.domain.schema import Schema
from desktop.domain.study import Calibration, Case, FrameRef, Instance, Series, Study
from desktop.domain.task import Reader
from desktop.store.tables import RECORD_TABLES

# what a reader needs, and so gets: of these only what is theirs to see, planted and looked at apart
GOES_ALONG: frozenset[type[Record]] = frozenset(
    {Study, Series, Instance, Case, Schema, Reader, ProjectSetting, HelpPlan, Calibration,
     Proposal, RankingTask, RankingPrompt, Candidate}
)  # fmt: skip
PEOPLE = ("reader_id", "reviewer_id", "author_id", "judged_by")


def rows_of_others(mark: str, number: float, given: Mapping[str, Any]) -> list[Record]:
    """One record of each kind; ``given`` names fields with a value of their own."""
    return [_filled(kind, mark, number, given) for kind in RECORD_TABLES if kind not in GOES_ALONG]


def _filled(kind: type[Any], mark: str, number: float, given: Mapping[str, Any]) -> Any:
    hints = typing.get_type_hints(kind)
    values = {}
    for name in kind.__struct_fields__:
        if name in given:
            values[name] = given[name]
        elif name == "id":
            values[name] = f"{mark}-{kind.__name__}"
        else:
            values[name] = _value(hints[name], f"{mark} {kind.__name__} {name}", number, given)
    return kind(**values)


def _value(hint: Any, mark: str, number: float, given: Mapping[str, Any]) -> Any:
    origin, inside = typing.get_origin(hint), typing.get_args(hint)
    if origin in (Union, types.UnionType):
        some = next(i for i in inside if i is not type(None))
        return _value(some, mark, number, given)
    if origin is tuple:
        kinds = inside[:1] if inside[-1] is Ellipsis else inside
        return tuple(_value(k, mark, number, given) for k in kinds)
    if origin in (dict, Mapping):
        return {_value(inside[0], mark, number, given): _value(inside[1], mark, number, given)}
    if hint is FrameRef:
        return given["frame"]
    if isinstance(hint, type):
        if issubclass(hint, Enum):
            return next(iter(hint))
        if issubclass(hint, msgspec.Struct):
            return _filled(hint, mark, number, given)
        plain: dict[type, Any] = {
            str: mark,
            bool: True,
            int: 7,
            float: number,
            bytes: mark.encode(),
        }
        return plain[hint]
    return mark
