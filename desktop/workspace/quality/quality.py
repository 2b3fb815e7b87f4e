"""How well readers agree, reached as ``workspace.quality``; for lead, adjudicator, reviewer and
auditor. Everything here is plain data; the window and the report only show it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from desktop.commands.quality import JudgeLabel, ShowReaderNames
from desktop.domain.contracts import Progress
from desktop.domain.doubt import Judgement, LabelDoubt
from desktop.domain.errors import AccessProblem, UserError
from desktop.domain.event import Event
from desktop.domain.task import Role
from desktop.engines.agreement.ratings import Floats, Whole
from desktop.store import queries, tallies
from desktop.store.database import Connection
from desktop.workspace.claims.claims import SEES_ALL
from desktop.workspace.quality import quality_board, quality_detail, suspects
from desktop.workspace.quality.known_cases import cases_behind, found_of
from desktop.workspace.quality.learned_chances import (
    LEARNED,
    Lesson,
    learned_chances,
    lesson,
    lessons,
)
from desktop.workspace.quality.own_weights import keep_own_weights, own_weights
from desktop.workspace.quality.probabilities import read_probabilities
from desktop.workspace.quality.quality_board import Board
from desktop.workspace.quality.quality_detail import CaseSaid, Stretch, TopicDetail
from desktop.workspace.quality.quality_measures import BoardOptions, OwnWeights
from desktop.workspace.quality.quality_report import Report, make_report
from desktop.workspace.quality.region_agreement import TOLERANCE_MM, RegionReport, compare_regions
from desktop.workspace.quality.suspects import Source, Suspect, SuspectList

if TYPE_CHECKING:
    from desktop.workspace.jobs import Job
    from desktop.workspace.workspace import Workspace

OnError = Callable[[UserError], None]


class Quality:
    """Board, details, names. The ``start_`` methods do the same as jobs, off the main thread."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def board(self, options: BoardOptions | None = None, progress: Progress | None = None) -> Board:
        """All questions and classes with their agreement; blocking."""
        self._check()
        options = options or BoardOptions(own=self.own_weights())
        return self._count(self._workspace._read, options, progress or Progress())

    def start_board(
        self, options: BoardOptions, on_done: Callable[[Board], None], on_error: OnError
    ) -> Job:
        """The same in the background."""
        self._check()

        def work(progress: Progress) -> Board:
            with self._workspace._database.another_reader() as connection:
                return self._count(connection, options, progress)

        return self._workspace.jobs.start("Counting agreement", work, on_done, on_error)

    def detail(self, board: Board, key: str) -> TopicDetail:
        """One row of the board in detail; blocking. UserError where there is no such row."""
        self._check()
        return self._detail(self._workspace._read, board, key)

    def start_detail(
        self, board: Board, key: str, on_done: Callable[[TopicDetail], None], on_error: OnError
    ) -> Job:
        """The same in the background."""
        self._check()

        def work(_progress: Progress) -> TopicDetail:
            with self._workspace._database.another_reader() as connection:
                return self._detail(connection, board, key)

        return self._workspace.jobs.start("Comparing readers", work, on_done, on_error)

    def own_weights(self) -> tuple[tuple[str, OwnWeights], ...]:
        """Weights that this user gave to answers of this project by hand, by topic."""
        return own_weights(self._workspace.settings, self._workspace.project_id)

    def keep_own_weights(self, topic: str, own: OwnWeights | None) -> None:
        """Keep weights for a question, None to forget them; UserError where they can't be."""
        keep_own_weights(self._workspace.settings, self._workspace.project_id, topic, own)

    def drift(self, detail: TopicDetail) -> list[tuple[Stretch, Whole]]:
        """Agreement over time with the items of each stretch; blocking."""
        self._check()
        return quality_detail.stretches(self._workspace._read, detail)

    def start_drift(
        self,
        detail: TopicDetail,
        on_done: Callable[[list[tuple[Stretch, Whole]]], None],
        on_error: OnError,
    ) -> Job:
        """The same in the background."""
        self._check()

        def work(_progress: Progress) -> list[tuple[Stretch, Whole]]:
            with self._workspace._database.another_reader() as connection:
                return quality_detail.stretches(connection, detail)

        return self._workspace.jobs.start("Looking at agreement over time", work, on_done, on_error)

    def times(self) -> dict[str, float]:
        """Median active seconds of one reader on one case, by schema name; blocking."""
        self._check()
        return _medians(self._workspace._read)

    def start_times(self, on_done: Callable[[dict[str, float]], None], on_error: OnError) -> Job:
        """The same in the background."""
        self._check()

        def work(_progress: Progress) -> dict[str, float]:
            with self._workspace._database.another_reader() as connection:
                return _medians(connection)

        return self._workspace.jobs.start("Adding up working time", work, on_done, on_error)

    def regions(
        self,
        tolerance_mm: float = TOLERANCE_MM,
        progress: Progress | None = None,
        options: BoardOptions | None = None,
    ) -> RegionReport:
        """Regions of every two closed readings, compared; blocking.

        ``options``: the coefficient for attributes of regions.
        """
        self._check()
        options = options or BoardOptions(own=self.own_weights())
        return self._regions(self._workspace._read, tolerance_mm, options, progress or Progress())

    def start_regions(
        self,
        tolerance_mm: float,
        on_done: Callable[[RegionReport], None],
        on_error: OnError,
        options: BoardOptions | None = None,
    ) -> Job:
        """The same in the background."""
        self._check()
        wanted = options or BoardOptions(own=self.own_weights())

        def work(progress: Progress) -> RegionReport:
            with self._workspace._database.another_reader() as connection:
                return self._regions(connection, tolerance_mm, wanted, progress)

        return self._workspace.jobs.start("Comparing regions", work, on_done, on_error)

    def report(
        self,
        board: Board,
        regions: RegionReport | None = None,
        *,
        with_names: bool = False,
        progress: Progress | None = None,
    ) -> Report:
        """Everything in words, tables and plots; blocking. Names only for the lead, and logged."""
        names = self._report_names(with_names)
        return self._report(self._workspace._read, board, regions, names, progress or Progress())

    def start_report(
        self,
        board: Board,
        regions: RegionReport | None,
        with_names: bool,
        on_done: Callable[[Report], None],
        on_error: OnError,
    ) -> Job:
        """The same in the background."""
        names = self._report_names(with_names)

        def work(progress: Progress) -> Report:
            with self._workspace._database.another_reader() as connection:
                return self._report(connection, board, regions, names, progress)

        return self._workspace.jobs.start("Writing the quality report", work, on_done, on_error)

    def _report_names(self, with_names: bool) -> dict[str, str] | None:
        self._check()
        if not with_names:
            return None
        if self._workspace.reader.role is not Role.LEAD:
            raise AccessProblem("Only the lead puts readers' names into a report.")
        return self.reader_names()

    def _report(
        self,
        connection: Connection,
        board: Board,
        regions: RegionReport | None,
        names: dict[str, str] | None,
        progress: Progress,
    ) -> Report:
        return make_report(
            board,
            lambda key: self._detail(connection, board, key),
            regions,
            project=self._workspace.title,
            made_utc=self._workspace._clock.now_utc()[:19].replace("T", " "),
            names=names,
            progress=progress,
            drift=lambda detail: quality_detail.drift_of(connection, detail),
        )

    def _regions(
        self,
        connection: Connection,
        tolerance_mm: float,
        options: BoardOptions,
        progress: Progress,
    ) -> RegionReport:
        room = self._workspace
        titles = quality_board.class_titles(connection)
        readers = quality_board.everybody(connection, room.project_id)
        project = (room.project_id, room._secret)
        return compare_regions(
            connection, project, readers, titles, progress, tolerance_mm, options
        )

    # labels that look wrong ------------------------------------------------------------------

    def sources(self) -> list[Source]:
        """What can be held against the answers: suggestions of runs, and what is learned here."""
        self._check()
        learned = [
            Source(LEARNED + topic.key, f"Learned here · {topic.question.text}", 0)
            for topic in lessons(self._workspace)
        ]
        return [*suspects.sources_of(self._workspace._read), *learned]

    def suspects(
        self,
        run_ids: Sequence[str] = (),
        file: Path | None = None,
        progress: Progress | None = None,
    ) -> SuspectList:
        """Suspect answers by suggestions of runs (all without names), by what is learned here (a
        source's id), or by a file; blocking."""
        self._check()
        read, progress = self._workspace._read, progress or Progress()
        return self._suspects(read, run_ids, file, progress, self._lessons(run_ids))

    def odd_masks(self, progress: Progress | None = None) -> SuspectList:
        """Masks unlike the others of their class; blocking."""
        self._check()
        room = self._workspace
        return suspects.find_odd_masks(room._read, room._secret, progress or Progress())

    def start_suspects(
        self,
        run_ids: Sequence[str],
        file: Path | None,
        masks: bool,
        on_done: Callable[[SuspectList], None],
        on_error: OnError,
    ) -> Job:
        """Either of the two in the background."""
        self._check()
        room, taught = self._workspace, self._lessons(run_ids)

        def work(progress: Progress) -> SuspectList:
            with room._database.another_reader() as connection:
                if masks:
                    return suspects.find_odd_masks(connection, room._secret, progress)
                return self._suspects(connection, run_ids, file, progress, taught)

        return room.jobs.start("Looking for suspect labels", work, on_done, on_error)

    def judge(self, suspect: Suspect, judgement: Judgement) -> Event | None:
        """Keep that a suspect label is right, or send it to adjudication."""
        doubt = LabelDoubt(
            id=LabelDoubt.id_for(suspect.claim_id),
            case_id=suspect.case_id,
            claim_id=suspect.claim_id,
            claim_sha256=suspect.claim_sha256,
            question_id=suspect.question_id,
            given=suspect.given,
            suggested=suspect.suggested,
            score=suspect.score,
            source=suspect.source,
            judgement=judgement,
        )
        return self._workspace.run(JudgeLabel(doubt=doubt))

    def _lessons(self, run_ids: Sequence[str]) -> list[Lesson]:
        """What has to be learned first; main thread."""
        wanted = [run for run in run_ids if run.startswith(LEARNED)]
        return [lesson(self._workspace, run) for run in wanted]

    def _suspects(
        self,
        connection: Connection,
        run_ids: Sequence[str],
        file: Path | None,
        progress: Progress,
        taught: Sequence[Lesson],
    ) -> SuspectList:
        if taught:
            chances: suspects.Chances = {
                key: row for one in taught for key, row in learned_chances(one, progress).items()
            }
            source = taught[0].source
        elif file is not None:
            chances = suspects.chances_of_file(connection, read_probabilities(file))
            source = f"probabilities in {file.name}"
        else:
            runs = run_ids or [s.run_id for s in suspects.sources_of(connection)]
            chances = suspects.chances_of_runs(connection, runs)
            source = "suggestions of " + ("one run" if len(runs) == 1 else f"{len(runs)} runs")
        return suspects.find_suspects(connection, chances, source, progress)

    def behind(
        self, board: Board, detail: TopicDetail, what: str, reader_id: str = ""
    ) -> list[CaseSaid]:
        """Cases behind a share of known answers (RIGHT) or wrong advice (TAKEN); blocking."""
        self._check()
        found = found_of(board, detail.topic.key, what, reader_id)
        return cases_behind(self._workspace._read, detail, found)

    def active_seconds(self, detail: TopicDetail) -> Floats:
        """(items, readers) active seconds on the case of each item; NaN where none were counted."""
        self._check()
        known = tallies.active_seconds(self._workspace._read)
        table = [
            [known.get((case_id, reader), np.nan) for reader in detail.readers]
            for case_id, _place in detail.items
        ]
        seconds = np.asarray(table, dtype=np.float64).reshape(-1, len(detail.readers))
        return np.where(detail.table.codes >= 0, seconds, np.nan)

    def reader_names(self) -> dict[str, str]:
        """Names by reader id. Asking is noted in the log."""
        self._check()
        if not self._workspace.read_only:
            self._workspace.run(ShowReaderNames())
        names = queries.identities(self._workspace._read)
        pseudonyms = {r.id: r.pseudonym for r, _name in self._workspace.readers()}
        return {i: names.get(i) or pseudonym for i, pseudonym in pseudonyms.items()}

    def _count(self, connection: Connection, options: BoardOptions, progress: Progress) -> Board:
        return quality_board.count_board(connection, self._workspace.project_id, options, progress)

    def _detail(self, connection: Connection, board: Board, key: str) -> TopicDetail:
        row = board.row(key)
        if row is None:
            raise UserError("Nobody has answered this yet.", key)
        return quality_detail.load_detail(connection, row.topic, board.options, board.readers)

    def _check(self) -> None:
        self._workspace.accounts.check_signed_in()
        if self._workspace.reader.role not in SEES_ALL:
            raise AccessProblem(
                "What other readers said is not shown to readers.",
                "",
                "Ask the lead of this project.",
            )


def _medians(connection: Connection) -> dict[str, float]:
    tallies.prepare(connection)
    by_schema: dict[str, list[float]] = {}
    for schema_id, seconds in tallies.active_by_schema(connection):
        by_schema.setdefault(schema_id.rpartition("@")[0], []).append(seconds)
    return {name: float(np.median(seconds)) for name, seconds in by_schema.items()}
