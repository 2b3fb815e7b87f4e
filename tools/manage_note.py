"""The reader's own note on a case in ``tools.manage``: comment, confidence, flag."""

from __future__ import annotations

import argparse

from desktop.commands.case_note import CommentCase, FlagCase, RateConfidence
from desktop.domain.contracts import Command
from desktop.domain.errors import UserError
from tools.manage_team import Add, Open


def add_note_commands(add: Add, opened: Open) -> None:
    """Add what a reader says about a case beside its questions."""

    def noted(chosen: argparse.Namespace) -> int:
        with opened(chosen) as workspace:
            line = workspace.cases(chosen.case - 1, 1)
            if chosen.case < 1 or not line:
                raise UserError("There is no such case.", f"Number {chosen.case}.")
            case_id = line[0].case.id
            commands: list[Command] = []
            if chosen.comment is not None:
                commands.append(CommentCase(case_id=case_id, comment=chosen.comment))
            if chosen.confidence is not None:
                sure = chosen.confidence or None
                commands.append(RateConfidence(case_id=case_id, confidence=sure))
            if chosen.flag is not None:
                commands.append(FlagCase(case_id=case_id, word=chosen.flag))
            for command in commands:
                workspace.run(command)
            note = workspace.case_note(case_id)
            print(f"Comment: {note.comment or '–'}")
            print(f"Confidence: {note.confidence or '–'}")
            print(f"Flag: {note.flag or '–'}")
        return 0

    noting = add("note", noted, "Tell or change your comment, confidence and flag of a case.")
    noting.add_argument("case", type=int, help="its number in the list")
    noting.add_argument("--comment", help='"" takes it back')
    noting.add_argument("--confidence", type=int, help="1 to 5; 0 takes it back")
    noting.add_argument("--flag", help='a word; "" takes it off')
