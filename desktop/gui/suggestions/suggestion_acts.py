"""What keys and buttons do to suggestions: choose, accept, reject, edit, lock, reveal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop.commands.help_study import LockBlindAnswer
from desktop.commands.proposal import AcceptProposals, RejectProposals
from desktop.domain.geometry import Mask
from desktop.domain.help_study import Arm
from desktop.domain.proposal import Proposal
from desktop.domain.record import stable_id
from desktop.gui.goto import go_to_frame
from desktop.gui.shell import Shell
from desktop.gui.suggestions.suggestion_book import best_frame, chosen, waiting

if TYPE_CHECKING:
    from desktop.gui.reading.reading_page import ReadingPage


class SuggestionActs:
    """Handlers of the registry; the panel's buttons call the same methods."""

    def __init__(self, shell: Shell) -> None:
        self._shell, self._reading = shell, shell.reading
        self.page: ReadingPage | None = None
        self._warned_case = ""

    # choosing ------------------------------------------------------------------------------

    def step_suggestion(self, step: int) -> None:
        """The next or previous one that waits; the image goes where it is."""
        found = waiting(self._reading)
        if not found:
            self._say_none()
            return
        ids = [p.id for p in found]
        now = self._reading.view.suggestion
        at = ids.index(now) + step if now in ids else min(0, step)
        self.choose(found[at % len(found)])

    def choose(self, proposal: Proposal | None) -> None:
        """Choose a suggestion and show the image it lies on."""
        if proposal is None:
            self._reading.replace(suggestion="")
            return
        frame = best_frame(proposal)
        if frame is not None:
            go_to_frame(self._reading, proposal.case_id, frame)
        self._reading.replace(suggestion=proposal.id, selection=())

    # deciding ------------------------------------------------------------------------------

    def accept_suggestion(self) -> None:
        self._decide(AcceptProposals)

    def reject_suggestion(self) -> None:
        self._decide(RejectProposals)

    def edit_suggestion(self) -> None:
        """Accept the chosen one and take it in hand: what is changed is a person's edit."""
        proposal = chosen(self._reading)
        room = self._reading.workspace
        if proposal is None or room is None or proposal.label is None:
            self.accept_suggestion()
            return
        if self._run_one(AcceptProposals, proposal) and self.page is not None:
            made_id = stable_id("accepted", proposal.id, room.reader.id)
            tool = "brush" if isinstance(proposal.geometry, Mask) else "select"
            self._reading.replace(
                suggestion="", selection=(made_id,), tool=tool, class_id=proposal.label.class_id
            )
            self.page.focus_image()

    def accept_all(self) -> None:
        """Accept all that wait from the slider's score up, in one step."""
        found = waiting(self._reading)
        if not found:
            self._say_none()
            return
        ids = tuple(p.id for p in found)
        command = AcceptProposals(case_id=found[0].case_id, proposal_ids=ids)
        if self._reading.run(command) is not None:
            self._reading.replace(suggestion="")
            many = "1 suggestion" if len(ids) == 1 else f"{len(ids)} suggestions"
            self._shell.say(f"{many} accepted", act="Undo", on_act=self._undo)

    # reading with and without help ---------------------------------------------------------

    def lock_answer(self) -> None:
        """Lock the blind answer of this case; suggestions are shown from then on."""
        room, case_id = self._reading.workspace, self._reading.view.case_id
        if room is None or not case_id:
            return
        if self.page is not None:
            self.page.panel.form.keep_typing()
        standing = room.help_standing(case_id)
        if standing.arm is not Arm.BLIND or not standing.is_study:
            self._shell.say("This case needs no blind answer", "Just read it.")
        elif standing.is_locked:
            self._shell.say("Your blind answer is locked", "Press R to see the suggestions.")
        elif self._reading.run(LockBlindAnswer(case_id=case_id)) is not None:
            self._shell.say(
                "Blind answer locked", "It stays as it is. Press R to see the suggestions.", "ok"
            )

    def stop_unlocked(self, case_id: str) -> bool:
        """Whether Done waits, once, because the blind answer of this case is not locked."""
        room = self._reading.workspace
        standing = room.help_standing(case_id) if room is not None else None
        if standing is None or not standing.is_study or standing.arm is not Arm.BLIND:
            return False
        if standing.is_locked or self._warned_case == case_id:
            return False
        self._warned_case = case_id
        self._shell.say(
            "Your blind answer is not locked",
            "Lock it to see the suggestions, or press Done again to close the case without.",
            "warn", "Lock it", self.lock_answer,
        )  # fmt: skip
        return True

    def reveal(self) -> None:
        """Show the suggestions of this case, or say why there are none."""
        room, case_id = self._reading.workspace, self._reading.view.case_id
        if room is None or not case_id or self.page is None:
            return
        if why := room.why_no_suggestions(case_id):
            standing = room.help_standing(case_id)
            lock = why == standing.why_hidden and standing.arm is Arm.BLIND
            self._shell.say(why, "Lock your answer with Ctrl+L first." if lock else "")
            return
        self.page.panel.show()
        self.page.panel.show_tab("Help")
        found = waiting(self._reading)
        if found:
            self.choose(found[0])
            self.page.focus_image()
        else:
            self._say_none()

    # ---------------------------------------------------------------------------------------

    def _decide(self, way: type[AcceptProposals] | type[RejectProposals]) -> None:
        proposal = chosen(self._reading)
        if proposal is None:
            return
        ids = [p.id for p in waiting(self._reading)]
        at = ids.index(proposal.id)
        if self._run_one(way, proposal):
            left = waiting(self._reading)
            self.choose(left[min(at, len(left) - 1)] if left else None)

    def _run_one(
        self, way: type[AcceptProposals] | type[RejectProposals], proposal: Proposal
    ) -> bool:
        command = way(case_id=proposal.case_id, proposal_ids=(proposal.id,))
        return self._reading.run(command) is not None

    def _undo(self) -> None:
        room = self._reading.workspace
        if room is not None and self._reading.view.case_id:
            room.undo(self._reading.view.case_id)

    def _say_none(self) -> None:
        room, case_id = self._reading.workspace, self._reading.view.case_id
        why = room.why_no_suggestions(case_id) if room and case_id else ""
        self._shell.say(why or "No suggestion waits on this case")
