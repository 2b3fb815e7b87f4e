"""What came of a run of rules: label model beside majority, the winner, what is to be known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFrame

from desktop.gui.widgets.furniture import down, label, reset_role

if TYPE_CHECKING:
    from desktop.workspace.rules.rule_board import RuleBoard

_TOKENS = {"model": "ok", "majority": "warn"}


class RuleVerdict(QFrame):
    """Hidden while nothing has run."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "card")
        column = down(self, (12, 8, 12, 8), 3)
        self.winner = label("", "heading", wrap=True)
        self.known = label("", "small", wrap=True)
        self.notes = label("", "warn", wrap=True)
        for line in (self.winner, self.known, self.notes):
            column.addWidget(line)
        self.hide()

    def show_board(self, board: RuleBoard | None) -> None:
        """Say who is right more often, on how many known answers, and what went wrong."""
        self.setVisible(board is not None)
        if board is None:
            return
        self.winner.setText(board.contest.sentence)
        reset_role(self.winner, "role", _TOKENS.get(board.contest.winner, "heading"))
        silent = int(board.model.no_evidence.sum())
        words = [board.known.sentence] if board.known.labels else []
        words.append(f"No rule speaks about {silent:,} items." if silent else "")
        self.known.setText(" ".join(w for w in words if w))
        self.known.setVisible(bool(self.known.text()))
        notes = [note for note in board.model.notes if "no vote and no label" not in note]
        notes += [
            f"{rule.name} failed on {len(column.errors):,} items."
            for rule, column in zip(board.rules, board.columns, strict=True)
            if column.errors
        ]
        self.notes.setText("  ".join(notes))
        self.notes.setVisible(bool(notes))
