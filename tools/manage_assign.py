"""Batches, work packages and gold on the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from desktop.domain.batch import NO_GOLD, CaseRule, GoldMix, Mode, RuleKind
from desktop.domain.errors import UserError
from desktop.domain.study import Case
from desktop.engines.gold.gold_scores import Share
from desktop.workspace.workspace import Workspace
from tools.manage_readers import secret
from tools.manage_team import Add, Handler, Open


def add_assign_commands(add: Add, opened: Open) -> None:
    """Add what a lead does to give out work and to see how well it is done."""

    def with_project(handler: Callable[[argparse.Namespace, Workspace], int]) -> Handler:
        def run(chosen: argparse.Namespace) -> int:
            with opened(chosen) as workspace:
                return handler(chosen, workspace)

        return run

    _add_batch(add("batch", with_project(make), "Give cases to readers."))
    listing = "List batches with the readers' progress."
    add("batches", with_project(show), listing)
    words = "Change how many cases of a batch are read by several."
    sharing = add("overlap", with_project(overlap), words)
    sharing.add_argument("batch", type=int, help="its number in the list of batches")
    sharing.add_argument("share", type=float, help="0 to 1")
    sharing.add_argument("--depth", type=int, default=None)
    packing = add(
        "package", with_project(package), "Write one file per reader with their open cases only."
    )
    packing.add_argument("folder", type=Path)
    packing.add_argument("readers", nargs="+", help="their names")
    packing.add_argument("--again", action="store_true", help="also what went out and is open")
    packing.add_argument("--with-images", action="store_true", help="copy the images beside")
    packing.add_argument("--new-passphrase-file", type=Path, help="encrypts the packages")
    tagging = add("tag", with_project(tag), "Tag cases (site:NAME names a site), or list tags.")
    tagging.add_argument("tag", nargs="?", default="")
    tagging.add_argument("cases", type=int, nargs="*", help="numbers in the work list; else all")
    tagging.add_argument("--off", action="store_true", help="take the tag off")
    tagging.add_argument("--search", default="", help="cases that this search finds")
    gold = add("gold", with_project(make_gold), "Make what was said of a case its known answer.")
    gold.add_argument("case", type=int, help="its number in the work list")
    gold.add_argument("--of", default="", metavar="NAME", help="whose work; else one's own")
    gold.add_argument("--concept", default="")
    gold.add_argument("--difficulty", default="")
    gold.add_argument("--remove", action="store_true")
    add(
        "gold-scores",
        with_project(scores),
        "Tell how readers did on gold; 1 where one raised the alarm.",
    )


# --- one function per command


def make(chosen: argparse.Namespace, workspace: Workspace) -> int:
    rule = CaseRule(
        kind=RuleKind(chosen.rule),
        count=chosen.count,
        tag=chosen.tag,
        low=chosen.low,
        high=chosen.high,
    )
    batch = workspace.batches.create(
        chosen.title,
        rule,
        [_reader(workspace, name) for name in chosen.readers],
        overlap=chosen.overlap,
        depth=chosen.depth,
        seed=chosen.seed,
        mode=Mode.TRAINING if chosen.training else Mode.TEST,
        gold=GoldMix(rate=chosen.gold, first_rate=chosen.gold_first) if chosen.gold
        else NO_GOLD,
        suggestions=chosen.suggestions,
    )  # fmt: skip
    print(f"Made {batch.title}: {rule.sentence}.")
    return 0


def show(_chosen: argparse.Namespace, workspace: Workspace) -> int:
    for number, line in enumerate(reversed(workspace.batches.lines()), start=1):
        print(
            f"{number}: {line.batch.title}, {line.cases} cases, {line.shared} of them read "
            f"by {line.batch.readers_per_case}"
        )
        for r in line.readers:
            print(f"   {r.name}: {r.closed} of {r.cases} closed, {r.handed_out} handed out")
    return 0


def tag(chosen: argparse.Namespace, workspace: Workspace) -> int:
    """Tag cases by number or search, or tell which tags there are."""
    if not chosen.tag:
        for word, count in workspace.batches.tags().items():
            print(f"{word:32} {count:7,} cases")
        return 0
    if chosen.cases:
        ids = [_case(workspace, number).id for number in chosen.cases]
    else:
        lines = workspace.cases(0, workspace.case_count(chosen.search), chosen.search)
        ids = [line.case.id for line in lines]
    count = workspace.batches.tag(ids, chosen.tag, not chosen.off)
    print(f"{count} cases {'without' if chosen.off else 'with'} {chosen.tag}.")
    return 0


def overlap(chosen: argparse.Namespace, workspace: Workspace) -> int:
    lines = list(reversed(workspace.batches.lines()))
    if not 0 < chosen.batch <= len(lines):
        raise UserError("There is no such batch.", str(chosen.batch))
    batch = lines[chosen.batch - 1].batch
    workspace.batches.change(batch.id, overlap=chosen.share, depth=chosen.depth)
    print(f"{chosen.share:.0%} of {batch.title} are read by several from now on.")
    return 0


def package(chosen: argparse.Namespace, workspace: Workspace) -> int:
    phrase = secret(chosen.new_passphrase_file, "READINGROOM_PACKAGE_PASSPHRASE")
    ids = [_reader(workspace, name) for name in chosen.readers]
    targets = workspace.team.package_targets(ids, chosen.folder)
    for reader_id, target in targets.items():
        report = workspace.team.package(
            reader_id, target, phrase, again=chosen.again, with_images=chosen.with_images
        )
        print(report.sentence)
    return 0


def make_gold(chosen: argparse.Namespace, workspace: Workspace) -> int:
    case = _case(workspace, chosen.case)
    case_id = case.id
    if chosen.remove:
        workspace.gold.remove(case_id)
        print(f"{case.title} is no gold any more.")
        return 0
    who = _reader(workspace, chosen.of) if chosen.of else ""
    workspace.gold.make(case_id, who, chosen.concept, chosen.difficulty)
    print(f"{case.title} is gold.")
    return 0


def scores(_chosen: argparse.Namespace, workspace: Workspace) -> int:
    found = workspace.gold.scores()
    for one in found:
        print(f"{one.name}: {one.score.watch.note}")
        for concept, share in one.score.by_concept.items():
            print(f"   {concept}: {_words(share)}")
        if one.repeats.asked:
            print(f"   Same answer twice: {_words(one.repeats)}")
    return 1 if any(one.score.watch.alert_after for one in found) else 0


def _add_batch(batch: argparse.ArgumentParser) -> None:
    batch.add_argument("title")
    batch.add_argument("readers", nargs="+", help="their names")
    batch.add_argument("--rule", choices=[k.value for k in RuleKind], default="all")
    batch.add_argument("--count", type=int, default=0, help="cases at most; of random: drawn")
    batch.add_argument("--tag", default="")
    batch.add_argument("--low", type=float, default=0.0, help="lowest model score")
    batch.add_argument("--high", type=float, default=1.0, help="highest model score")
    batch.add_argument("--overlap", type=float, default=0.0, help="share read by several, 0 to 1")
    batch.add_argument("--depth", type=int, default=2, help="readers of a case of the overlap")
    batch.add_argument("--seed", default="", help="for the same draw again")
    batch.add_argument("--training", action="store_true", help="gold only, told after each case")
    batch.add_argument("--gold", type=float, default=0.0, help="share of hidden gold, 0 to 0.5")
    batch.add_argument("--gold-first", type=float, default=0.3, help="of a reader's first ten")
    batch.add_argument(
        "--suggestions", action="store_true", help="readers see what models and rules drafted"
    )


def _case(workspace: Workspace, number: int) -> Case:
    """A case by its 1-based number in the work list."""
    lines = workspace.cases(offset=number - 1, limit=1) if number > 0 else []
    if not lines:
        raise UserError("There is no such case.", str(number))
    return lines[0].case


def _reader(workspace: Workspace, name: str) -> str:
    found = workspace.accounts.known(name)
    if found is None:
        raise UserError("No reader has this name here.", name)
    return found.id


def _words(share: Share) -> str:
    if share.interval is None:
        return "nothing asked"
    low, high = share.interval.low, share.interval.high
    return f"{share.right} of {share.asked} ({low:.0%} to {high:.0%})"
