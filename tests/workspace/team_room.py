"""A made-up project with readers, batches and gold, and the way of bundles back into it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec.structs import replace

from desktop.commands.batch import CreateBatch
from desktop.commands.project import AnswerQuestion, MarkCase, RegisterImages, UseSchema
from desktop.domain.batch import Batch, CaseRule, GoldMix
from desktop.domain.record import stable_id
from desktop.domain.study import Case, Instance, Series, Study
from desktop.domain.task import AssignmentState, Reader, Role
from desktop.store import package
from desktop.store.database import transaction
from desktop.workspace.workspace import Workspace
from tests.workspace.made import COLUMNS, ROWS, SCHEMA, MadeProject
from tests.workspace.simulated_readers import SimulatedReader


class TeamRoom:
    """``made`` with cases that have ids like real ones; ``truth`` is known for each series."""

    def __init__(self, made: MadeProject, cases: int) -> None:
        self.made = made
        self.folder = made.folder
        self.truth: dict[str, str] = {}
        self.case_ids: list[str] = []
        self._add_cases(cases)

    @property
    def ws(self) -> Workspace:
        """The project as it is open now."""
        return self.made.ws

    def _add_cases(self, count: int) -> None:
        studies, series, instances, cases = self._made_cases(count)
        self.ws.run(
            RegisterImages(studies=studies, series=series, instances=instances, cases=cases)
        )
        if count:
            self.ws.run(UseSchema(case_ids=tuple(self.case_ids), schema_id=SCHEMA.id))

    def rows_of_cases(self, count: int) -> None:
        """Many cases at once, written without the log."""
        studies, series, instances, cases = self._made_cases(count)
        cases = tuple(replace(case, schema_id=SCHEMA.id) for case in cases)
        with transaction(self.ws._database.writer):
            package.write_rows(self.ws._database.writer, [*studies, *series, *instances, *cases])

    def _made_cases(
        self, count: int
    ) -> tuple[tuple[Study, ...], tuple[Series, ...], tuple[Instance, ...], tuple[Case, ...]]:
        """Studies of one image each, with ids like real ones."""
        studies, series, instances, cases = [], [], [], []
        for n in range(count):
            study_id, series_id = stable_id("study", str(n)), stable_id("series", str(n))
            key = f"P-{stable_id('key', str(n))[:6].upper()}"
            uid = f"2.25.{int(stable_id('uid', str(n)), 16):039d}"
            self.truth[series_id] = "good" if int(stable_id("truth", str(n))[0], 16) < 9 else "poor"
            studies.append(Study(id=study_id, study_instance_uid=uid, patient_key=key))
            series.append(
                Series(id=series_id, study_id=study_id, series_instance_uid=f"{uid}.1",
                       modality="CT")
            )  # fmt: skip
            instances.append(
                Instance(id=stable_id("image", str(n)), series_id=series_id,
                         file_sha256=stable_id("a", str(n)) * 2, media="dicom", rows=ROWS,
                         columns=COLUMNS)
            )  # fmt: skip
            cases.append(
                Case(id=stable_id("case", str(n)), study_id=study_id, title=f"CT · {key}",
                     order=n + 10, series_ids=(series_id,))
            )  # fmt: skip
        self.case_ids = [c.id for c in cases]
        return tuple(studies), tuple(series), tuple(instances), tuple(cases)

    def right(self, case_id: str) -> str:
        return self.truth[self.ws.case(case_id).series_ids[0]]

    def add_reader(self, name: str, password: str = "") -> Reader:
        return self.ws.accounts.add_reader(self.ws.reader, name, Role.READER, password)

    def simulated(self, name: str, error_rate: float) -> SimulatedReader:
        return SimulatedReader(name, error_rate, self.truth)

    def make_gold(self, case_ids: list[str], concept: str = "Quality") -> None:
        """The lead reads cases rightly and makes them gold."""
        for case_id in case_ids:
            self.ws.run(
                AnswerQuestion(case_id=case_id, question_id="quality", value=self.right(case_id))
            )
            self.ws.run(MarkCase(case_id=case_id, state=AssignmentState.DONE))
            self.ws.gold.make(case_id, concept=concept)

    def give(self, reader: Reader, case_ids: Sequence[str], gold: GoldMix) -> None:
        """A batch of exactly these cases for one reader."""
        batch = Batch(
            id=self.ws.new_id(), title="Given", rule=CaseRule(), reader_ids=(reader.id,),
            seed="seed", gold=gold,
        )  # fmt: skip
        self.ws.run(CreateBatch(batch=batch, case_ids=tuple(case_ids)))

    def package(self, reader: Reader, **more: object) -> Path:
        target = self.folder / f"{reader.id[:6]}-{self.ws.new_id()[:4]}.rroom"
        self.ws.team.package(reader.id, target, **more)  # type: ignore[arg-type]
        return target

    def read_and_merge(self, reader: SimulatedReader, package: Path) -> int:
        """One reader reads a package; the bundle is merged."""
        bundle = package.with_suffix(".bundle")
        done = reader.read_package(package, bundle)
        self.take(reader, bundle)
        return done

    def take(self, reader: SimulatedReader, bundle: Path) -> None:
        if reader.fingerprint not in self.ws.team.trusted():
            self.ws.team.trust(bundle, reader.fingerprint, reader.name)
        self.ws.team.merge([bundle])


@contextlib.contextmanager
def opened_room(folder: Path, cases: int) -> Iterator[TeamRoom]:
    """A new project of this many cases, closed at the end."""
    room = TeamRoom(MadeProject(folder, cases=0), cases)
    try:
        yield room
    finally:
        room.made.close()
