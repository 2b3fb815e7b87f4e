"""An open project as one reader may see it: everything that is read, nothing that is written."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import numpy as np

from desktop.domain.account import Signature, content_sha256
from desktop.domain.annotation import Annotation, Answer, MaskSlice
from desktop.domain.case_note import CaseNote
from desktop.domain.contracts import ASIDE
from desktop.domain.errors import FileProblem
from desktop.domain.event import Event
from desktop.domain.help_study import (
    PLAN_ID,
    Arm,
    BlindLock,
    HelpPlan,
    HelpStanding,
    arm_of,
    why_hidden,
)
from desktop.domain.proposal import Decision, Proposal, ProposedFrame
from desktop.domain.runs import MaskYX, decode_runs
from desktop.domain.schema import Schema
from desktop.domain.scribble import Scribble
from desktop.domain.study import Calibration, Case, FrameRef, Instance, Series
from desktop.domain.task import SEES_ALL, Assignment, Reader, Role
from desktop.domain.time_span import TimeState
from desktop.store import log, queries, working_time, worklist
from desktop.store.case_search import CaseSearch
from desktop.store.database import Connection
from desktop.store.queries import CaseLine as CaseLine
from desktop.workspace.history import HistoryLine, place_of, sentence_of
from desktop.workspace.models import suggestions_seen
from desktop.workspace.places import images_folder
from desktop.workspace.team.turns import Turns

_MASK_CACHE_BYTES = 256 << 20
# acts that would tell a reader what is hidden from them
_LEADS_OWN = {"MakeGold", "RemoveGold", "CreateBatch", "ChangeBatch", "RemoveBatch", "TagCases"}


class ProjectView:
    """Reads of an open project. Main thread only, except ``instance`` and ``source_path``."""

    path: Path
    reader: Reader
    _read: Connection
    _lookup: Connection
    _lookup_lock: Lock

    def __init__(self) -> None:
        self._frames_of: dict[str, list[FrameRef]] = {}
        self._instances: dict[str, Instance] = {}
        self._schemas: dict[str, Schema] = {}
        self._masks: OrderedDict[str, MaskYX] = OrderedDict()
        self._masks_bytes = 0

    # cases -----------------------------------------------------------------------------------

    def case_count(self, search: str = "") -> int:
        if self._turns.holds:
            return worklist.count(self._read, self._search(search))
        return queries.count_cases(self._read, self._search(search))

    def cases(self, offset: int = 0, limit: int = 100, search: str = "") -> list[CaseLine]:
        """A page of the work list, in this reader's own order where cases are assigned."""
        if self._turns.holds:
            places = worklist.page(self._read, offset, limit, self._search(search))
            return queries.lines_of(self._read, self.reader.id, places)
        found = self._search(search)
        return queries.case_lines(self._read, self.reader.id, offset, limit, found)

    def case(self, case_id: str) -> Case:
        return queries.one(self._read, Case, case_id)

    def first_open_case(self) -> str:
        """The first case still open for this reader, "" where there is none."""
        find = worklist.first_open if self._turns.holds else queries.first_open_case
        return find(self._read, self.reader.id) or ""

    def neighbour(self, case_id: str, step: int) -> str | None:
        """The next (1) or previous (-1) case of the work list."""
        if self._turns.holds:
            place = worklist.place_of(self._read, case_id)
            if place is not None:
                return worklist.case_at(self._read, place + step)
            if not self._turns.may_see_all:
                return None
        return queries.neighbour_case(self._read, self.case(case_id), step)

    def case_position(self, case_id: str) -> int:
        """0-based place in the work list."""
        if self._turns.holds:
            place = worklist.place_of(self._read, case_id)
            if place is not None:
                return place
        return queries.case_position(self._read, self.case(case_id))

    @functools.cached_property
    def _turns(self) -> Turns:
        return Turns(self)

    @property
    def shows_assigned(self) -> bool:
        """Whether the work list holds this reader's assigned cases only."""
        return self._turns.holds

    def show_all_cases(self, on: bool) -> bool:
        """Let the work list hold all cases, for who reads and leads; whether there is a choice."""
        return self._turns.show_all(on)

    # images ----------------------------------------------------------------------------------

    def series(self, case_id: str) -> list[Series]:
        found = [queries.one(self._read, Series, s) for s in self.case(case_id).series_ids]
        return sorted(found, key=lambda s: (s.number, s.id))

    def one_series(self, series_id: str) -> Series:
        return queries.one(self._read, Series, series_id)

    def instances(self, series_id: str) -> list[Instance]:
        found = queries.many(self._read, Instance, order="position", series_id=series_id)
        self._instances.update((i.id, i) for i in found)
        return found

    def frame_refs(self, series_id: str) -> list[FrameRef]:
        """All frames of a series in reading order."""
        if series_id not in self._frames_of:
            frames = [ref for i in self.instances(series_id) for ref in i.frames]
            self._frames_of[series_id] = frames
        return self._frames_of[series_id]

    def instance(self, instance_id: str) -> Instance:
        """One image's facts; any thread."""
        found = self._instances.get(instance_id)
        if found is None:
            with self._lookup_lock:
                found = queries.one(self._lookup, Instance, instance_id)
            self._instances[instance_id] = found
        return found

    def source_path(self, instance_id: str) -> Path:
        """Where the image's file lies; FileProblem in words where it is gone. Any thread."""
        with self._lookup_lock:
            path = queries.source(self._lookup, instance_id)
        if path is not None and not path.is_file():
            path = images_folder(self.path) / path.name
        if path is None or not path.is_file():
            raise FileProblem(
                "The image file is not where it was.",
                "Your labels on it are safe.",
                "Plug the disk in, or say where the images are now: File, Find moved images.",
            )
        return path

    def caption(self, entity_id: str, key: str) -> str:
        """A local text such as a series description; "" if none."""
        return queries.local_text(self._read, entity_id, key)

    def calibration(self, series_id: str) -> Calibration | None:
        return queries.maybe(self._read, Calibration, series_id)

    # schema ----------------------------------------------------------------------------------

    def schema(self, case_id: str) -> Schema | None:
        """The schema that a case is read with."""
        schema_id = self.case(case_id).schema_id
        return self.schema_by_id(schema_id) if schema_id else None

    def schema_by_id(self, schema_id: str) -> Schema:
        if schema_id not in self._schemas:
            self._schemas[schema_id] = queries.one(self._read, Schema, schema_id)
        return self._schemas[schema_id]

    def schemas(self) -> list[Schema]:
        return queries.many(self._read, Schema, order="name")

    # claims ----------------------------------------------------------------------------------

    def annotations(self, case_id: str) -> list[Annotation]:
        """This reader's regions of a case, oldest first."""
        found = queries.many(self._read, Annotation, case_id=case_id, reader_id=self.reader.id)
        return sorted(found, key=lambda a: (a.created_utc, a.id))

    def annotation(self, annotation_id: str) -> Annotation | None:
        found = queries.maybe(self._read, Annotation, annotation_id)
        return found if found is not None and found.reader_id == self.reader.id else None

    def mask_slices(self, case_id: str, frame: FrameRef | None = None) -> list[MaskSlice]:
        """Painted slices of this reader's masks, of one frame or of the whole case."""
        limits = {"case_id": case_id} | ({"frame": frame.key} if frame else {})
        own = {a.id for a in self.annotations(case_id)}
        found = queries.many(self._read, MaskSlice, **limits)
        return [s for s in found if s.annotation_id in own]

    def mask(self, mask_slice: MaskSlice | ProposedFrame | Scribble) -> MaskYX:
        """Pixels of a painted or proposed slice: (rows, columns) bool, read-only."""
        found = self._masks.get(mask_slice.runs)
        if found is None or found.shape != (mask_slice.rows, mask_slice.columns):
            raw = queries.runs(self._read, mask_slice.runs)
            found = decode_runs(raw, mask_slice.rows, mask_slice.columns)
            found.flags.writeable = False
            self._keep_mask(mask_slice.runs, found)
        else:
            self._masks.move_to_end(mask_slice.runs)
        return found

    def answers(self, case_id: str) -> list[Answer]:
        return queries.many(self._read, Answer, case_id=case_id, reader_id=self.reader.id)

    def proposals(self, case_id: str) -> list[tuple[Proposal, Decision | None]]:
        """Suggestions for a case, surest first, each with what this reader decided, if anything.

        Empty where ``why_no_suggestions`` says so.
        """
        decided = queries.many(self._read, Decision, case_id=case_id, reader_id=self.reader.id)
        by_proposal = {d.proposal_id: d for d in decided}
        found = sorted(suggestions_seen.seen(self, case_id), key=lambda p: (-p.score, p.id))
        return [(p, by_proposal.get(p.id)) for p in found]

    def why_no_suggestions(self, case_id: str) -> str:
        """Why this reader is shown no suggestion of a case (yet): arm, list or batch; "" if so."""
        return suggestions_seen.why_hidden(self, case_id)

    def help_standing(self, case_id: str) -> HelpStanding:
        """Whether this reader is shown suggestions of a case, and if not, why."""
        plan = queries.maybe(self._read, HelpPlan, PLAN_ID)
        arm = arm_of(plan, case_id, self.reader.id)
        locked = False
        if plan is not None and arm is Arm.BLIND:
            lock_id = BlindLock.id_for(plan.seed, case_id, self.reader.id)
            locked = queries.maybe(self._read, BlindLock, lock_id) is not None
        return HelpStanding(arm, locked, why_hidden(arm, locked), plan is not None)

    def assignment(self, case_id: str) -> Assignment:
        """This reader's state of a case."""
        assignment_id = Assignment.id_for(case_id, self.reader.id)
        found = queries.maybe(self._read, Assignment, assignment_id)
        return found or Assignment(id=assignment_id, case_id=case_id, reader_id=self.reader.id)

    def case_note(self, case_id: str) -> CaseNote:
        """This reader's comment, confidence and flag; an empty note where nothing was said."""
        note_id = CaseNote.id_for(case_id, self.reader.id)
        found = queries.maybe(self._read, CaseNote, note_id)
        return found or CaseNote(id=note_id, case_id=case_id, reader_id=self.reader.id)

    def flags(self) -> dict[str, str]:
        """The words this reader put on cases, by case."""
        found = queries.many(self._read, CaseNote, reader_id=self.reader.id)
        return {n.case_id: n.flag for n in found if n.flag}

    def signature(self, case_id: str) -> Signature | None:
        """This reader's signature under a case, if it is signed."""
        return queries.maybe(self._read, Signature, Signature.id_for(case_id, self.reader.id))

    def signature_holds(self, case_id: str) -> bool:
        """Whether the case still is what this reader signed."""
        signed = self.signature(case_id)
        return signed is not None and signed.content_sha256 == content_sha256(
            self.annotations(case_id),
            self.mask_slices(case_id),
            self.answers(case_id),
            self.assignment(case_id).no_finding,
            self.case_note(case_id),
        )

    def working_seconds(self, case_ids: Sequence[str]) -> dict[str, dict[TimeState, float]]:
        """This reader's seconds by case and state; cases without any are left out."""
        return working_time.seconds_of_cases(self._read, self.reader.id, case_ids)

    def time_by_reader(self) -> list[tuple[str, str, TimeState, float]]:
        """(reader id, case id, state, seconds) of all readers for lead and auditor, else own."""
        found = working_time.seconds_by_reader(self._read)
        sees_all = self.reader.role in (Role.LEAD, Role.AUDITOR)
        return [row for row in found if sees_all or row[0] == self.reader.id]

    def time_by_tool(self, case_id: str = "") -> list[tuple[str, str, str, TimeState, float]]:
        """(reader id, case id, tool, state, seconds), of all cases or one; all readers for lead
        and auditor, else own."""
        sees_all = self.reader.role in (Role.LEAD, Role.AUDITOR)
        own = "" if sees_all else self.reader.id
        return working_time.seconds_by_tool(self._read, own, case_id)

    def readers(self) -> list[tuple[Reader, str]]:
        """All readers with their names ("" where erased)."""
        names = queries.identities(self._read)
        return [(r, names.get(r.id, "")) for r in queries.many(self._read, Reader)]

    # log -------------------------------------------------------------------------------------

    def undo_title(self, case_id: str) -> str | None:
        """What undo would take back, as the menu names it."""
        step = log.undo_step(self._read, case_id, self.reader.id)
        return step.title if step else None

    def redo_title(self, case_id: str) -> str | None:
        step = log.redo_step(self._read, case_id, self.reader.id)
        return step.title if step else None

    def history(
        self, case_id: str | None = None, before: int | None = None, limit: int = 100
    ) -> list[HistoryLine]:
        """The log as sentences, newest first; None for the whole project."""
        found = log.history(self._read, case_id, before, limit)
        mine = [(p, e) for p, e in found if self._is_told(e)]
        names = queries.identities(self._read)
        undone = log.groups_taken_back(self._read, {e.group for _p, e in mine})
        lines = []
        for position, event in mine:
            frame, annotation_id = place_of(event)
            lines.append(
                HistoryLine(
                    position=position,
                    time_utc=event.time_utc,
                    offset_min=event.utc_offset_min,
                    reader_name=names.get(event.reader_id) or "R-" + event.reader_id[:6].upper(),
                    sentence=sentence_of(event, self._class_name, self._question_text),
                    case_id=event.case_id,
                    frame=frame,
                    annotation_id=annotation_id,
                    undone=event.group in undone,
                )
            )
        return lines

    def event_count(self) -> int:
        return log.count_events(self._read)

    def event_ids(self) -> list[str]:
        """The ids of all events, in the order they came into this file."""
        return log.event_ids(self._read)

    def state_digest(self) -> str:
        """One hash over all rows: equal for equal content."""
        return log.state_digest(self._read)

    # ------------------------------------------------------------------------------------------

    def _search(self, words: str) -> CaseSearch:
        """Titles and one's own flags; tags may tell a reader what is hidden from them."""
        return CaseSearch(words, self.reader.id, self.reader.role in SEES_ALL)

    def _is_told(self, event: Event) -> bool:
        """A reader's own events and the project's; who tried to sign in, to lead and auditor."""
        if event.case_id == ASIDE:
            watches = self.reader.role in (Role.LEAD, Role.AUDITOR)
            return event.command != "RecordTime" and watches
        if event.command in _LEADS_OWN and self.reader.role not in SEES_ALL:
            return False
        return event.reader_id == self.reader.id or not event.case_id

    def _class_name(self, schema_id: str, class_id: int) -> str:
        return self.schema_by_id(schema_id).label_class(class_id).name

    def _question_text(self, schema_id: str, question_id: str) -> str:
        return self.schema_by_id(schema_id).question(question_id).text

    def _keep_mask(self, digest: str, mask: np.ndarray) -> None:
        self._masks[digest] = mask
        self._masks_bytes += mask.nbytes
        while self._masks_bytes > _MASK_CACHE_BYTES and len(self._masks) > 1:
            _digest, dropped = self._masks.popitem(last=False)
            self._masks_bytes -= dropped.nbytes

    def _forget_images(self) -> None:
        self._frames_of.clear()
        self._instances.clear()
