"""Errors that a person can act on; everything else is a bug."""

from __future__ import annotations


class UserError(Exception):
    """A plain sentence for the person at the screen.

    ``title`` says what did not work, ``detail`` why, ``hint`` what to do next. None of them
    carries patient text.
    """

    def __init__(self, title: str, detail: str = "", hint: str = "") -> None:
        super().__init__(title, detail, hint)
        self.title = title
        self.detail = detail
        self.hint = hint

    def __str__(self) -> str:
        return " ".join(part for part in (self.title, self.detail, self.hint) if part)


class FileProblem(UserError):
    """A file can't be read, is refused, or is gone."""


class ConflictProblem(UserError):
    """Somebody or something changed the same thing meanwhile."""


class AccessProblem(UserError):
    """This reader may not do that."""


class StoreProblem(UserError):
    """The project can't be opened or written (disk full, read-only, locked, damaged)."""


class PluginProblem(UserError):
    """A plugin raised or does not fit this version."""


class ModelProblem(UserError):
    """A model file is refused, does not fit its card, or stopped at work."""


class Cancelled(Exception):
    """The person cancelled a job; not an error."""
