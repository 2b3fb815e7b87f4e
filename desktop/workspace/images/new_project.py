"""A new project out of a folder: looked at first, made once somebody has seen what is there.

survey = look([folder], Progress())
with make(path, title="Pilot", reader_name="Ada", schema=schema, survey=survey) as workspace: ...
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from desktop.domain.contracts import Progress
from desktop.domain.schema import Schema
from desktop.domain.study import Series
from desktop.imaging import child
from desktop.imaging.child import ChildPool
from desktop.imaging.identifiers import BURNED_IN, IDENTIFYING, PRIVATE
from desktop.imaging.scan import ScanResult, scan
from desktop.workspace.images import importing
from desktop.workspace.images.sites import sites_by_folder, with_sites
from desktop.workspace.workspace import Workspace

if TYPE_CHECKING:
    from desktop.workspace.reports import ImportReport

_MANY = " and others"
# which of the texts that stay on this machine belong to which attribute
_TEXTS = {
    "PatientName": "patient_name",
    "PatientID": "patient_id",
    "StudyDate": "date",
    "StudyDescription": "description",
    "AccessionNumber": "accession",
}


@dataclass(frozen=True)
class SeriesFound:
    """One series as a line: what it is, how much of it, and what is wrong with its geometry."""

    id: str
    case: str
    modality: str
    words: str  # description or file name; stays on this machine
    images: int
    size: str
    geometry: str  # how its images lie, as far as the files say
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class IdentifierFound:
    """An identifying attribute with the number of files that fill it, and one value of it."""

    keyword: str
    words: str
    files: int
    example: str = ""  # shown only when asked for


@dataclass(frozen=True)
class Survey:
    """What lies in some folders. ``secret`` made the patients' keys, so the project keeps it."""

    paths: tuple[Path, ...]
    secret: bytes
    result: ScanResult

    @property
    def series(self) -> list[SeriesFound]:
        """All series, by case."""
        result = self.result
        known = {s.id: s for s in result.series}
        frames: Counter[str] = Counter()
        sizes: dict[str, set[str]] = {}
        for instance in result.instances:
            frames[instance.series_id] += instance.frame_count
            size = f"{instance.columns} × {instance.rows}"
            sizes.setdefault(instance.series_id, set()).add(size)
        lines = []
        for case in result.cases:
            for series_id in case.series_ids:
                found = sorted(sizes.get(series_id, ()))
                texts = result.texts.get(series_id, {})
                lines.append(
                    SeriesFound(
                        id=series_id,
                        case=case.title,
                        modality=known[series_id].modality,
                        words=texts.get("description") or texts.get("file_name", ""),
                        images=frames[series_id],
                        size=found[0] + (_MANY if len(found) > 1 else "") if found else "",
                        geometry=_geometry(known[series_id]),
                        warnings=known[series_id].warnings,
                    )
                )
        return lines

    @property
    def identifiers(self) -> list[IdentifierFound]:
        """Identifying attributes that are filled, the most frequent first."""
        names = IDENTIFYING | {PRIVATE: PRIVATE, BURNED_IN: BURNED_IN}
        found = [
            IdentifierFound(keyword, names.get(keyword, keyword), count, self._example(keyword))
            for keyword, count in self.result.identifiers.items()
        ]
        order = list(names)
        return sorted(found, key=lambda i: (-i.files, order.index(i.keyword)))

    @property
    def sentence(self) -> str:
        """What was found, counted."""
        images = sum(s.images for s in self.series)
        parts = [
            _counted(images, "image", "images"),
            _counted(len(self.result.series), "series", "series"),
            _counted(len(self.result.cases), "case", "cases"),
        ]
        return f"{parts[0]} in {parts[1]} of {parts[2]}"

    @property
    def sites(self) -> Counter[str]:
        """Cases by site, where each folder is taken as a site."""
        return Counter(sites_by_folder(self.result, self.paths).values())

    def with_sites(self) -> Survey:
        """The same with each folder as the site of its cases."""
        return replace(self, result=with_sites(self.result, self.paths))

    def without(self, series_ids: set[str]) -> Survey:
        """The same with some series left out; what is empty then goes, too."""
        old = self.result
        kept = [s for s in old.series if s.id not in series_ids]
        ids = {s.id for s in kept}
        instances = [i for i in old.instances if i.series_id in ids]
        cases = [
            msgspec.structs.replace(c, series_ids=tuple(s for s in c.series_ids if s in ids))
            for c in old.cases
        ]
        cases = [c for c in cases if c.series_ids]
        first = min((c.order for c in old.cases), default=0)
        cases = [msgspec.structs.replace(c, order=first + n) for n, c in enumerate(cases)]
        studies = {c.study_id for c in cases}
        images = {i.id for i in instances}
        result = replace(
            old,
            series=kept,
            instances=instances,
            cases=cases,
            studies=[s for s in old.studies if s.id in studies],
            sources={i: p for i, p in old.sources.items() if i in images},
            texts={k: t for k, t in old.texts.items() if k in ids | studies},
        )
        return replace(self, result=result)

    def _example(self, keyword: str) -> str:
        key = _TEXTS.get(keyword, "")
        found = (t[key] for t in self.result.texts.values() if t.get(key))
        return next(found, "") if key else ""


def look(paths: Sequence[Path], progress: Progress, pool: ChildPool | None = None) -> Survey:
    """Look at files and folders; nothing is written anywhere. Any thread."""
    secret = secrets.token_bytes(32)
    children = pool or ChildPool(workers=child.PER_PROJECT)
    try:
        result = scan([Path(p) for p in paths], children, key=secret, progress=progress)
    finally:
        if pool is None:
            children.close()
    return Survey(paths=tuple(Path(p) for p in paths), secret=secret, result=result)


def make(
    path: Path,
    *,
    title: str,
    reader_name: str,
    schema: Schema,
    survey: Survey | None = None,
    passphrase: str = "",
    **more: Any,
) -> Workspace:
    """Make the project with its schema and, where something was looked at, its cases.

    ``more`` is what ``Workspace.create`` takes besides. StoreProblem where the place is unfit.
    """
    workspace = Workspace.create(
        path,
        title=title,
        reader_name=reader_name,
        passphrase=passphrase,
        secret=survey.secret if survey else None,
        **more,
    )
    try:
        if survey is not None:
            fill(workspace, survey)
        cases = tuple(c.id for c in survey.result.cases) if survey else ()
        workspace.shelf.use(schema, cases)
    except BaseException:
        workspace.close()
        raise
    return workspace


def fill(workspace: Workspace, survey: Survey) -> ImportReport:
    """Register what a survey found; main thread."""
    return importing.register(workspace, survey.result)


def _geometry(series: Series) -> str:
    if not series.regular:
        return "–"
    step = series.slice_step_mm
    return "Regular" if step is None else f"Regular, {step:.3g} mm apart"


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
