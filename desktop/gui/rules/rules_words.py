"""Words about rules that several widgets say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop.domain.errors import UserError

if TYPE_CHECKING:
    from desktop.domain.rule import Rule
    from desktop.domain.schema import Schema


def percent(share: float) -> str:
    """A share as people read it: one digit below ten percent, else whole."""
    scaled = 100.0 * share
    if 0 < scaled < 9.95:
        return f"{scaled:.1f} %"
    return f"{scaled:.0f} %"


def rule_sentence(rule: Rule) -> str:
    """What a rule looks for."""
    from desktop.engines.rules.rule_kinds import completed, rule_kind

    try:
        kind = rule_kind(rule.rule_kind)
        return kind.sentence(completed(kind, rule.parameters))
    except UserError as error:
        return error.title


def votes_words(rule: Rule, schema: Schema) -> str:
    """What a rule votes for, and what otherwise."""
    target = rule.target
    try:
        first = target.label_words(schema, rule.votes_for) if rule.votes_for else "as it says"
        if rule.otherwise:
            return f"{first}, else {target.label_words(schema, rule.otherwise)}"
    except (UserError, KeyError):  # an answer of an older version of the schema
        return rule.votes_for
    return first
