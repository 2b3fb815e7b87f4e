"""Rules on the command line: written as JSON, run, looked at, and what becomes of their votes.

A file of rules is a list of ``{"name": …, "about": {"schema_name": …, "level": "study", "frame" or
"region", "question_id": … or "class_id": …}, "kind": …, "parameters": {…}, "votes_for": "yes",
"otherwise": "", "enabled": true}``; ``rules --json`` prints the project's rules in this form.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from desktop.commands.rule import DeleteRule, SaveRule, SwitchRule
from desktop.domain.errors import UserError
from desktop.domain.record import Value, to_json
from desktop.domain.rule import Rule, RuleTarget
from desktop.domain.schema import AnswerValue
from desktop.domain.study import Case
from desktop.engines.rules.rule_kinds import completed, rule_kind
from desktop.workspace.rules.rule_board import SURE, RuleBoard
from desktop.workspace.workspace import Workspace
from tools.progress import terminal_progress

Handler = Callable[[argparse.Namespace], int]
Add = Callable[[str, Handler, str], argparse.ArgumentParser]
Open = Callable[..., Workspace]
FindCase = Callable[[Workspace, str], Case]
Do = Callable[[argparse.Namespace, Workspace], int]


class WrittenRule(Value):
    """One rule as it stands in a file."""

    name: str
    about: RuleTarget
    kind: str
    parameters: dict[str, AnswerValue] = {}
    votes_for: str = ""
    otherwise: str = ""
    enabled: bool = True


def add_rule_commands(add: Add, opened: Open, case_of: FindCase) -> None:
    """Declare the subcommands; ``opened`` opens and signs in, ``case_of`` finds a case by words."""

    def with_project(do: Do, read_only: bool = False) -> Handler:
        def run(chosen: argparse.Namespace) -> int:
            with opened(chosen, read_only=read_only) as workspace:
                return do(chosen, workspace)

        return run

    listing = add("rules", with_project(list_rules, True), "List rules by what they vote on.")
    what = listing.add_mutually_exclusive_group()
    what.add_argument("--kinds", action="store_true", help="what a rule can look at, and how")
    what.add_argument("--targets", action="store_true", help="what rules can vote on here")
    what.add_argument("--json", action="store_true", help="as a file that rules-save reads")
    saving = add("rules-save", with_project(save_rules), "Write rules of a JSON file (- reads it).")
    saving.add_argument("file", type=Path)
    switching = add("rule-switch", with_project(switch), "Switch a rule on or off.")
    switching.add_argument("name")
    switching.add_argument("state", choices=("on", "off"))
    add("rule-delete", with_project(delete), "Delete a rule.").add_argument("name")
    reports = add("reports", with_project(reports_in), "Attach report files (text, DICOM SR).")
    reports.add_argument("paths", type=Path, nargs="+")
    _add_run(add("rules-run", with_project(run_rules), "Run rules and tell what they came to."))

    def explain(chosen: argparse.Namespace) -> int:
        with opened(chosen) as workspace:
            return why(chosen, workspace, case_of(workspace, chosen.case))

    because = add("rule-why", explain, "What each rule adds to the result of a case.")
    because.add_argument("case")
    because.add_argument("--target", default="", help="as numbered by rules --targets")


def _add_run(running: argparse.ArgumentParser) -> None:
    running.add_argument("--target", default="", help="as numbered by rules --targets")
    running.add_argument("--sure", type=float, default=SURE, help="certainty of a suggestion")
    running.add_argument("--without", metavar="RULE", help="tell what would be without it")
    running.add_argument("--table", type=Path, help="write items, votes and chances as CSV")
    running.add_argument("--keep", action="store_true", help="keep the votes for the bundle")
    running.add_argument("--suggest", action="store_true", help="put sure results to the readers")
    running.add_argument(
        "--send-to", action="append", default=[], metavar="READER",
        help="give them the doubtful cases as a batch",
    )  # fmt: skip
    running.add_argument("--most", type=int, default=50, help="doubtful cases that are sent")


# --- one function per command


def list_rules(chosen: argparse.Namespace, workspace: Workspace) -> int:
    if chosen.kinds:
        for kind in workspace.rules.kinds():
            levels = ", ".join(sorted(level.value for level in kind.levels))
            print(f"{kind.name}: {kind.title} ({levels}). {kind.summary}")
            for field in kind.fields:
                listed = "|".join(key for key, _words in field.choices)
                print(f"    {field.name}: {field.title} ({listed or field.asks.value})")
        return 0
    if chosen.json:
        written = [_written(rule) for rule in workspace.rules.rules()]
        print(msgspec.json.format(to_json(written), indent=1))
        return 0
    for number, (target, words) in enumerate(workspace.rules.targets(), start=1):
        here = workspace.rules.rules(target)
        if here or chosen.targets:
            print(f"{number:3} {words}")
        for rule in here:
            state = "" if rule.enabled else ", off"
            print(f"      {rule.name} (version {rule.version}{state}): {_says(rule)}")
    return 0


def save_rules(chosen: argparse.Namespace, workspace: Workspace) -> int:
    """Write all rules of a file or none; a name that is known becomes the next version."""
    known = {rule.name.casefold(): rule for rule in workspace.rules.rules()}
    made = [_made(workspace, one, known.get(one.name.casefold())) for one in _read(chosen.file)]
    group = workspace.new_id()
    for rule in made:
        workspace.run(SaveRule(rule=rule), group=group)
        saved = workspace.rules.rule(rule.id)
        print(f"{saved.name}, version {saved.version}: {_says(saved)}")
    return 0


def switch(chosen: argparse.Namespace, workspace: Workspace) -> int:
    rule = _rule(workspace, chosen.name)
    workspace.run(SwitchRule(rule_id=rule.id, on=chosen.state == "on"))
    print(f"{rule.name}: {chosen.state}")
    return 0


def delete(chosen: argparse.Namespace, workspace: Workspace) -> int:
    rule = _rule(workspace, chosen.name)
    workspace.run(DeleteRule(rule_id=rule.id))
    print(f"{rule.name}: deleted. Runs that used it keep what it was.")
    return 0


def reports_in(chosen: argparse.Namespace, workspace: Workspace) -> int:
    taken = workspace.rules.take_reports(chosen.paths, terminal_progress())
    print(taken.sentence)
    return 0 if taken.texts else 1


def run_rules(chosen: argparse.Namespace, workspace: Workspace) -> int:
    """Run, print the matrix, then do what was asked for; 1 where a rule has errors."""
    desk = workspace.rules
    board = desk.run(_target(workspace, chosen.target), terminal_progress())
    _print_board(board, chosen.sure)
    if chosen.without:
        number = _place(board.rules, chosen.without)
        print(desk.what_if_off(board, number, chosen.sure).sentence)
    if chosen.table:
        chosen.table.write_bytes(board.table())
        print(f"Written: {chosen.table.name}.")
    if chosen.suggest:
        print(f"{desk.suggest(board, chosen.sure)} suggestions wait for the readers.")
    elif chosen.keep:
        desk.keep(board, chosen.sure)
        print("The votes are kept for the bundle.")
    if chosen.send_to:
        readers = [_reader(workspace, name) for name in chosen.send_to]
        doubtful = board.doubtful(chosen.sure)[: chosen.most]
        if not doubtful:
            raise UserError("No case is doubtful.", "", "Ask for more certainty: --sure.")
        batch = desk.send_to_readers(board, doubtful, readers)
        cases = len({board.items[n].case_id for n in doubtful})
        print(f"{batch.title}: {cases} cases to {len(readers)} readers.")
        if held := desk.held_back(board, doubtful):
            print(f"{held} of them count for validation or test.")
    return 1 if any(column.errors for column in board.columns) else 0


def why(chosen: argparse.Namespace, workspace: Workspace, case: Case) -> int:
    """The reasons of every item of a case; what they add is the log-odds."""
    board = workspace.rules.run(_target(workspace, chosen.target))
    for n, item in enumerate(board.items):
        if item.case_id != case.id:
            continue
        found = board.evidence(n)
        first, second = board.labels[found.first], board.labels[found.second]
        print(f"{item.key}: {first} against {second}, {found.log_odds:+.3f} log-odds")
        for reason in found.reasons:
            name = "how often it is so" if reason.rule < 0 else board.rules[reason.rule].name
            print(f"  {reason.log_odds:+.3f}  {name}")
    return 0


# --- what they share


def _print_board(board: RuleBoard, sure: float) -> None:
    print(f"{board.target.words(board.schema)} {len(board.items)} items.")
    head = ("coverage", "overlap", "conflict", "by model", "on known answers", "errors")
    print("\t".join(("rule", *head)))
    for rule, figures, column in zip(board.rules, board.figures, board.columns, strict=True):
        model = "-" if figures.accuracy is None else f"{figures.accuracy:.2f}"
        gold = "-"
        if figures.gold_interval is not None:
            low, high = figures.gold_interval.low, figures.gold_interval.high
            gold = f"{figures.gold_right}/{figures.gold_asked} ({low:.2f} to {high:.2f})"
        shares = (f"{v:.2f}" for v in (figures.coverage, figures.overlap, figures.conflict))
        print("\t".join((rule.name, *shares, model, gold, str(len(column.errors)))))
        for message in column.messages:
            print(f"  {message}")
    print(board.contest.sentence)
    print(
        f"{len(board.surest(sure))} sure from {sure:.0%}, {len(board.doubtful(sure))} doubtful, "
        f"{len(board.conflicts())} in conflict."
    )


def _made(workspace: Workspace, one: WrittenRule, before: Rule | None) -> Rule:
    """The rule that a file describes, checked; UserError where it can't be."""
    made = Rule(
        id=before.id if before else workspace.new_id(),
        name=one.name,
        target=one.about,
        rule_kind=one.kind,
        parameters=completed(rule_kind(one.kind), one.parameters),
        votes_for=one.votes_for,
        otherwise=one.otherwise,
        enabled=one.enabled,
        same_as=before.same_as if before else (),
        not_same_as=before.not_same_as if before else (),
    )
    made.check(workspace.rules.schema(made.target))
    return made


def _written(rule: Rule) -> WrittenRule:
    return WrittenRule(
        name=rule.name,
        about=rule.target,
        kind=rule.rule_kind,
        parameters=rule.parameters,
        votes_for=rule.votes_for,
        otherwise=rule.otherwise,
        enabled=rule.enabled,
    )


def _read(file: Path) -> list[WrittenRule]:
    try:
        text = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        return msgspec.json.decode(text, type=list[WrittenRule])
    except (OSError, ValueError) as error:
        raise UserError("The file of rules can't be read.", str(error)[:200]) from error


def _says(rule: Rule) -> str:
    """A rule in words, also where the plugin of its kind is missing."""
    try:
        kind = rule_kind(rule.rule_kind)
        looks = kind.sentence(completed(kind, rule.parameters))
    except UserError as error:
        return error.title
    votes = f"votes {rule.votes_for}" if rule.votes_for else "votes for what was said"
    other = f", else {rule.otherwise}" if rule.otherwise else ""
    return f"where {looks}, {votes}{other}"


def _target(workspace: Workspace, wanted: str) -> RuleTarget:
    """By its number; without one the only target that has rules."""
    targets = [target for target, _words in workspace.rules.targets()]
    if wanted:
        if wanted.isdigit() and 1 <= int(wanted) <= len(targets):
            return targets[int(wanted) - 1]
        raise UserError("There is no such thing to vote on.", wanted, "See: rules --targets.")
    used = [target for target in targets if workspace.rules.rules(target)]
    if len(used) != 1:
        why = "Rules vote on several things." if used else "There are no rules yet."
        raise UserError(why, "", "Say which: --target, as numbered by rules --targets.")
    return used[0]


def _rule(workspace: Workspace, name: str) -> Rule:
    rules = workspace.rules.rules()
    return rules[_place(rules, name)]


def _place(rules: Sequence[Rule], name: str) -> int:
    """Where a rule of this name stands; names are unique in a project."""
    for number, rule in enumerate(rules):
        if rule.name.casefold() == name.casefold():
            return number
    raise UserError("There is no rule of this name.", name, "See: rules.")


def _reader(workspace: Workspace, name: str) -> str:
    found = workspace.accounts.known(name)
    if found is None:
        raise UserError("There is no reader of this name.", name)
    return found.id
