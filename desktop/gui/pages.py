"""The pages of the window that the rail and Ctrl+digits reach, declared once.

To add a page: one line here, and a module with a ``Page``. It is made when it is shown for the
first time, so that none of them costs start-up time. It emits ``chosen`` (a case id to be read) and
``left`` (back to reading), may have ``take_focus()``, and reads what it shows in ``showEvent``.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from desktop.domain.task import Role

if TYPE_CHECKING:
    from desktop.gui.page import Page
    from desktop.gui.shell import Shell

EVERYBODY = frozenset(Role)
LEADS = frozenset({Role.LEAD})
SEEING = EVERYBODY - {Role.READER}  # who may see what all readers said


@dataclass(frozen=True)
class PageSpec:
    """One page. ``widget`` is "module:Class" inside ``desktop.gui``; "" for one the window makes.

    ``key`` "" keeps it off the rail; it is reached through the Go menu and from other pages.
    """

    name: str
    title: str
    line: str
    key: str
    icon: str
    roles: frozenset[Role] = EVERYBODY
    widget: str = ""

    def make(self, shell: Shell) -> Page:
        """The page itself."""
        module, _, name = self.widget.partition(":")
        page: Page = getattr(import_module(f"desktop.gui.{module}"), name)(shell)
        return page

    def why_not(self, role: Role) -> str:
        """Why this role does not see the page; "" where it does."""
        if role in self.roles:
            return ""
        who = " or ".join(r.value for r in Role if r in self.roles)
        return f"This page is for: {who}."


PAGES: tuple[PageSpec, ...] = (
    PageSpec("read", "Read", "The image, the form and the labels.", "Ctrl+1", "read"),
    PageSpec("worklist", "Work list", "All cases with their state.", "Ctrl+2", "worklist"),
    PageSpec(
        "assign",
        "Assign",
        "Who reads what, packages for readers, gold.",
        "",
        "person",
        LEADS,
        "team.assign_page:AssignPage",
    ),
    PageSpec(
        "schema",
        "Schema",
        "Classes and questions, with the form beside.",
        "",
        "form",
        LEADS,
        "schema.schema_page:SchemaPage",
    ),
    PageSpec(
        "quality",
        "Quality",
        "How well readers agree, and the cases behind every number.",
        "Ctrl+3",
        "quality",
        SEEING,
        "quality.quality_page:QualityPage",
    ),
    PageSpec(
        "rules",
        "Rules",
        "Rules that vote on cases, and what comes of their votes.",
        "Ctrl+4",
        "rules",
        LEADS,
        "rules.rules_page:RulesPage",
    ),
    PageSpec(
        "learning",
        "Learning",
        "The next best cases, and how good the model is by now.",
        "Ctrl+5",
        "learning",
        widget="learning.learning_page:LearningPage",
    ),
    PageSpec(
        "ranking",
        "Ranking",
        "Which is better: side by side, blind, by keys.",
        "Ctrl+6",
        "ranking",
        EVERYBODY,
        "ranking.ranking_page:RankingPage",
    ),
    PageSpec(
        "adjudicate",
        "Adjudicate",
        "Where readers disagree, and what holds.",
        "Ctrl+7",
        "adjudicate",
        frozenset({Role.LEAD, Role.ADJUDICATOR}),
        "adjudication.adjudicate_page:AdjudicatePage",
    ),
    PageSpec(
        "review",
        "Review",
        "One reader's case at a time, with comments.",
        "Ctrl+Shift+7",
        "eye",
        frozenset({Role.LEAD, Role.REVIEWER}),
        "adjudication.review_page:ReviewPage",
    ),
    PageSpec(
        "models",
        "Models",
        "Models on this machine, and running them.",
        "",
        "prompt",
        LEADS,
        "suggestions.models_page:ModelsPage",
    ),
    PageSpec(
        "help-board",
        "Help",
        "What suggestions did: time saved, and where they mislead.",
        "",
        "learning",
        frozenset({Role.LEAD, Role.REVIEWER, Role.ADJUDICATOR, Role.AUDITOR}),
        "suggestions.help_board:HelpBoard",
    ),
    PageSpec(
        "synthetic",
        "Synthetic images",
        "Made-up images with exact labels, marked for ever.",
        "",
        "stack",
        LEADS,
        "learning.synthetic_page:SyntheticPage",
    ),
    PageSpec(
        "teaching",
        "Teacher and student",
        "A model labels open cases, people check some, a student proves itself.",
        "",
        "learning",
        LEADS,
        "learning.teaching_page:TeachingPage",
    ),
    PageSpec(
        "splits",
        "Splits",
        "Who trains and who is held back, by patient, and why.",
        "",
        "split",
        LEADS,
        "learning.splits_page:SplitsPage",
    ),
    PageSpec("exchange", "Exchange", "Bundles out, bundles in, checks.", "Ctrl+8", "exchange"),
)

BY_NAME: dict[str, PageSpec] = {page.name: page for page in PAGES}
RAIL: tuple[PageSpec, ...] = tuple(page for page in PAGES if page.key)
