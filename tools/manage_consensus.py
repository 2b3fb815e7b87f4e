"""Commands of ``tools.manage`` for several readers: disagreements, rulings, consensus."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from desktop.domain.adjudication import Cause
from desktop.domain.errors import UserError
from desktop.domain.record import to_json
from desktop.domain.schema import AnswerValue
from desktop.workspace.claims.consensus_report import Subject
from desktop.workspace.claims.guideline_gaps import about
from desktop.workspace.claims.matters import Matter
from desktop.workspace.workspace import Workspace
from tools.manage_team import Add, Open


def add_consensus_commands(add: Add, opened: Open) -> None:
    """Add what adjudicators and the lead do with several readers' work."""
    _add_rulings(add, opened)
    _add_consensus(add, opened)


def _add_rulings(add: Add, opened: Open) -> None:

    def disagreements(chosen: argparse.Namespace) -> int:
        with opened(chosen) as workspace:
            for number, matter in enumerate(_disputes(workspace), start=1):
                state = "settled" if matter.is_settled else "open"
                print(f"{number}: {_words(workspace, matter)}, {state}")
                for claim in matter.claims:
                    said = "nothing" if claim.record is None else _said(claim.record)
                    print(f"  {claim.letter}: {said}")
        return 0

    def rule(chosen: argparse.Namespace) -> int:
        with opened(chosen) as workspace:
            desk = workspace.adjudication
            matter = _pick(_disputes(workspace), chosen.number)
            cause = Cause(chosen.cause) if chosen.cause else None
            if chosen.verdict == "accept":
                desk.accept(matter, chosen.letter.upper(), cause, chosen.note)
            elif chosen.verdict == "edit":
                desk.edit(matter, chosen.letter.upper(), cause, chosen.note)
            elif chosen.verdict == "answer":
                desk.answer(matter, _value(chosen.letter), cause, chosen.note)
            elif chosen.verdict == "merge":
                desk.merge(matter, tuple(chosen.letter.upper()), "", cause, chosen.note)
            else:
                desk.reject(matter, cause, chosen.note)
            print(f"Ruled: {_words(workspace, matter)}.")
        return 0

    def gaps(chosen: argparse.Namespace) -> int:
        with opened(chosen) as workspace:
            if chosen.target is not None:
                print(f"Written: {workspace.adjudication.export_gaps(chosen.target).name}.")
            for gap in workspace.adjudication.gaps():
                print(f"{gap.case_title}: {gap.about}: {gap.note}")
        return 0

    add("disagreements", disagreements, "List what readers of closed cases disagree about.")
    ruling = add("rule", rule, "Settle a disagreement.")
    ruling.add_argument("number", type=int, help="as listed by disagreements")
    ruling.add_argument("verdict", choices=("accept", "reject", "edit", "merge", "answer"))
    ruling.add_argument(
        "letter", nargs="?", default="", help="a reader, several to merge, or what the answer is"
    )
    ruling.add_argument("--cause", choices=[c.value for c in Cause], default="")
    ruling.add_argument("--note", default="")
    listing = add("gaps", gaps, "List gaps in the guidelines, or write them as CSV or text.")
    listing.add_argument("target", type=Path, nargs="?")


def _add_consensus(add: Add, opened: Open) -> None:
    def consensus(chosen: argparse.Namespace) -> int:
        with opened(chosen) as workspace:
            desk = workspace.consensus
            subjects = desk.subjects()
            if not chosen.subject:
                for number, subject in enumerate(subjects, start=1):
                    print(f"{number}: {subject.title}  [{subject.id}]")
                return 0
            report = desk.run(_subject(subjects, chosen.subject), chosen.method)
            print(f"{report.title}, {report.readers} readers, {report.differing} differ.")
            for line in report.lines:
                mark = "!" if line.differs else " "
                numbers = f"{line.certainty:.3f}  {line.disagreement:.3f}"
                print(f"{mark} {line.case_title}: {line.majority} / {line.answer}  {numbers}")
            if chosen.offer:
                print(f"Offered as suggestions: {desk.offer(report)}.")
        return 0

    counting = add("consensus", consensus, "One answer from all readers beside plain majority.")
    counting.add_argument("subject", nargs="?", default="", help="number or id; none lists them")
    counting.add_argument("--method", default="", help="none takes what suits")
    counting.add_argument("--offer", action="store_true", help="put it before those who decide")


def _disputes(workspace: Workspace) -> list[Matter]:
    return [m for case in workspace.adjudication.queue() for m in case.disputes]


def _value(words: str) -> AnswerValue:
    """An answer as JSON, or plain words."""
    try:
        found = json.loads(words)
    except ValueError:
        return words
    return tuple(found) if isinstance(found, list) else found


def _pick(matters: list[Matter], number: int) -> Matter:
    if not 1 <= number <= len(matters):
        raise UserError("There is no such disagreement.", str(number))
    return matters[number - 1]


def _words(workspace: Workspace, matter: Matter) -> str:
    schema = workspace.schema(matter.case_id)
    question_id = matter.question.id if matter.question else ""
    what = about(schema, question_id, matter.class_id) if schema else "A finding"
    return f"{workspace.case(matter.case_id).title}: {what}, {matter.disagreement:.2f} apart"


def _said(record: object) -> str:
    value = getattr(record, "value", None)
    if value is not None:
        return str(value)
    return to_json(getattr(record, "geometry", None))[:80]


def _subject(subjects: list[Subject], wanted: str) -> Subject:
    for number, subject in enumerate(subjects, start=1):
        if wanted in (subject.id, str(number)):
            return subject
    raise UserError("There is nothing of that name to make a consensus of.", wanted)
