"""Reading with and without help: arms, locked blind answers, and what the help did."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from desktop.commands.help_study import LockBlindAnswer, SetHelpPlan
from desktop.domain.contracts import Progress
from desktop.domain.errors import AccessProblem, UserError
from desktop.domain.event import Event
from desktop.domain.help_study import PLAN_ID, BlindLock, HelpPlan, HelpStanding
from desktop.store import queries
from desktop.workspace.claims.claims import SEES_ALL
from desktop.workspace.models.help_report import HelpReport, help_report

if TYPE_CHECKING:
    from desktop.workspace.jobs import Job
    from desktop.workspace.workspace import Workspace


class HelpDesk:
    """Reached as ``workspace.help``; main thread only."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    @property
    def plan(self) -> HelpPlan | None:
        """The shares of the arms; None where no study is going on."""
        return queries.maybe(self._workspace._read, HelpPlan, PLAN_ID)

    def set_plan(self, none: int, blind: int, first: int, *, new_study: bool = False) -> None:
        """Set the shares in percent. A new study draws the arms of all cases anew."""
        plan = self.plan
        seed = self._workspace.new_id()[:16] if plan is None or new_study else plan.seed
        self._workspace.run(SetHelpPlan(seed=seed, shares=(none, blind, first)))

    def standing(self, case_id: str) -> HelpStanding:
        """Whether this reader is shown suggestions of a case, and if not, why."""
        return self._workspace.help_standing(case_id)

    def lock(self, case_id: str) -> Event | None:
        """Lock this reader's blind answer to a case; what it suggests is shown from then on."""
        return self._workspace.run(LockBlindAnswer(case_id=case_id))

    def blind_answer(self, case_id: str) -> BlindLock | None:
        """What this reader said before suggestions were shown, once it is locked."""
        plan = self.plan
        if plan is None:
            return None
        lock_id = BlindLock.id_for(plan.seed, case_id, self._workspace.reader.id)
        return queries.maybe(self._workspace._read, BlindLock, lock_id)

    def why_no_help(self, case_id: str) -> str:
        """Why no model may help this reader with a case just now; "" where it may."""
        return self.standing(case_id).why_hidden

    def report(self, progress: Progress | None = None) -> HelpReport:
        """What all help did; blocking."""
        self._check_sees()
        return help_report(self._workspace._read, progress or Progress())

    def start_report(
        self, on_done: Callable[[HelpReport], None], on_error: Callable[[UserError], None]
    ) -> Job:
        """The same as a job, on a connection of its own."""
        self._check_sees()

        def work(progress: Progress) -> HelpReport:
            with self._workspace._database.another_reader() as connection:
                return help_report(connection, progress)

        return self._workspace.jobs.start("Measuring the help", work, on_done, on_error)

    def _check_sees(self) -> None:
        self._workspace.accounts.check_signed_in()
        if self._workspace.reader.role not in SEES_ALL:
            raise AccessProblem(
                "What help did to readers is not shown to readers.",
                "",
                "Ask the lead of this project.",
            )
