"""What an adjudicator does to the matter in hand: rulings, causes, undo; nothing is shown here."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from desktop.domain.adjudication import Cause
from desktop.domain.errors import StoreProblem, UserError
from desktop.domain.schema import AnswerValue
from desktop.gui.shell import Shell

if TYPE_CHECKING:
    from desktop.gui.adjudication.adjudicate_queue import QueueRow
    from desktop.gui.adjudication.adjudicate_room import DisagreementRoom
    from desktop.workspace.workspace import Workspace


class RulingActs:
    """Acts of the room; each says why where it can't be done."""

    def __init__(self, shell: Shell, room: DisagreementRoom) -> None:
        self._shell, self._reading, self._room = shell, shell.reading, room

    def do(self, what: str) -> None:
        """accept, reject, edit, merge, agreed, gold or next."""
        row, project, room = self._room.row, self._reading.workspace, self._room
        if project is None or row is None:
            return
        desk, matter = project.adjudication, row.matter
        if what == "next":
            room.next_open(1)
        elif what == "accept" and room.needs_letter():
            self._run(lambda: desk.accept(matter, room.letter, **_kept(row)))
        elif what == "reject":
            self._run(lambda: desk.reject(matter, **_kept(row)))
        elif what == "edit" and matter.is_question:
            room.panel.focus_other()
        elif what == "edit" and room.needs_letter():
            if self._run(lambda: desk.edit(matter, room.letter, **_kept(row))):
                room.begin_editing()
        elif what == "merge":
            letters = sorted(room.letters)
            self._run(lambda: desk.merge(matter, letters, **_kept(row)))
        elif what == "agreed":
            self._take_agreed(project, row.case.case_id)
        elif what == "gold":
            self._make_gold(project, row.case.case_id)

    def answer(self, value: AnswerValue) -> None:
        """Say what the answer is; None says that there is none."""
        project, row = self._reading.workspace, self._room.row
        if project is None or row is None:
            return
        desk = project.adjudication
        if value is None:
            self._run(lambda: desk.reject(row.matter, **_kept(row)))
        else:
            self._run(lambda: desk.answer(row.matter, value, **_kept(row)))

    def answer_region(self, question_id: str, value: AnswerValue) -> None:
        """Say what an attribute of the region that was ruled is."""
        project, row = self._reading.workspace, self._room.row
        if project is not None and row is not None:
            desk = project.adjudication
            self._run(lambda: desk.answer_region(row.matter, question_id, value))

    def relabel(self, class_id: int) -> None:
        """Give the region that was ruled another class."""
        project, row = self._reading.workspace, self._room.row
        if project is not None and row is not None:
            self._run(lambda: project.adjudication.relabel(row.matter, class_id))
            self._room.take_focus()

    def explain(self, cause: Cause | None, note: str) -> None:
        """Name why readers disagree."""
        project, row = self._reading.workspace, self._room.row
        if project is None or row is None:
            return
        if row.matter.ruling is None:
            self._shell.say("Rule on it first", "Then say why readers disagreed.", "info")
            return
        try:
            project.adjudication.explain(row.matter, cause, note)
        except UserError as error:
            self._shell.say_error(error)
            self._room.panel.focus_note()
            return
        self._room.take_focus()

    def undo(self, way: str = "undo") -> None:
        """Take back, or do again, what was done last on the case."""
        project, case_id = self._reading.workspace, self._room.case_id
        if project is None or not case_id:
            return
        self._room.viewers.truth.cancel_gesture()
        if not self._run(lambda: getattr(project, way)(case_id)):
            self._shell.say(f"Nothing to {way} on this case")

    def _take_agreed(self, project: Workspace, case_id: str) -> None:
        taken = 0

        def take() -> bool:
            nonlocal taken
            taken = project.adjudication.take_agreed(case_id)
            return True

        if self._run(take):
            many = "1 thing" if taken == 1 else f"{taken} things"
            self._shell.say(
                f"{many} taken over", "What no reader disputes.", "ok", "Undo", self.undo
            )

    def _make_gold(self, project: Workspace, case_id: str) -> None:
        gold: Any = getattr(project, "gold", None)
        if gold is not None and self._run(lambda: gold.make(case_id) or True):
            self._shell.say("This case is gold now", "Readers can be tested on it.", "ok")

    def _run(self, act: Callable[[], object]) -> bool:
        """Do something that may not be possible; whether it was done."""
        try:
            return act() is not None
        except StoreProblem as error:
            self._reading.failed.emit(error)
        except UserError as error:
            self._shell.say_error(error)
        return False


def _kept(row: QueueRow) -> dict[str, Any]:
    """Cause and note of an earlier ruling stay when it is changed."""
    ruling = row.matter.ruling
    return {"cause": ruling.cause, "note": ruling.note} if ruling else {}
