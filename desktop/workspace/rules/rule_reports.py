"""Report files and the cases they belong to: by study, by name, or by lying beside the images."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from desktop.domain.contracts import Progress
from desktop.domain.study import Case, Instance, Study
from desktop.imaging.report_text import ReportText
from desktop.store import queries

if TYPE_CHECKING:
    from desktop.store.database import Connection
    from desktop.workspace.workspace import Workspace

_READ = "desktop.imaging.report_text:read_reports"
_BATCH = 50
_SUFFIXES = {".txt", ".text", ".dcm", ".sr", ""}


@dataclass
class ReportsTaken:
    """``texts`` by case id. ``left`` : files that were not taken, each with the reason."""

    texts: dict[str, str] = field(default_factory=dict)
    left: list[tuple[Path, str]] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        taken = len(self.texts)
        words = "1 report is attached." if taken == 1 else f"{taken:,} reports are attached."
        left = len(self.left)
        if not left:
            return words
        files = "1 file was left" if left == 1 else f"{left:,} files were left"
        return f"{words} {files}: {self.left[0][1]}"


def take_reports(workspace: Workspace, paths: Sequence[Path], progress: Progress) -> ReportsTaken:
    """Read report files (or all in folders) in the child process and find their cases; any
    thread. Writes nothing."""
    files = sorted({f for path in paths for f in _files(Path(path))})
    taken = ReportsTaken()
    with workspace._database.another_reader() as connection:
        cases = _Cases(connection)
    for start in range(0, len(files), _BATCH):
        batch = files[start : start + _BATCH]
        progress.report(start / max(1, len(files)), f"{start:,} of {len(files):,}")
        names = [str(f) for f in batch]
        found: list[ReportText] = workspace.pool.run(_READ, names, timeout_s=60.0)
        for file, report in zip(batch, found, strict=True):
            _take(taken, file, report, cases)
    progress.report(1.0)
    return taken


def _take(taken: ReportsTaken, file: Path, report: ReportText, cases: _Cases) -> None:
    if report.problem:
        if file.suffix.lower() in (".txt", ".text"):
            taken.left.append((file, report.problem))
        return
    case_id = cases.of(file, report)
    if not case_id:
        taken.left.append((file, "No case fits its name or its folder."))
    elif not report.text.strip():
        taken.left.append((file, "It is empty."))
    elif case_id in taken.texts:
        taken.texts[case_id] += f"\n\n{report.text}"
    else:
        taken.texts[case_id] = report.text


class _Cases:
    """Where cases can be recognised by."""

    def __init__(self, connection: Connection) -> None:
        sources = queries.sources(connection)
        series_of = {i.id: i.series_id for i in queries.many(connection, Instance)}
        cases = queries.many(connection, Case)
        case_of_series = {s: c.id for c in cases for s in c.series_ids}
        studies = {s.id: s for s in queries.many(connection, Study)}
        self._by_uid = {
            studies[c.study_id].study_instance_uid: c.id for c in cases if c.study_id in studies
        }
        self._by_name: dict[str, set[str]] = defaultdict(set)
        self._by_folder: dict[Path, set[str]] = defaultdict(set)
        for instance_id, path in sources.items():
            case_id = case_of_series.get(series_of.get(instance_id, ""))
            if case_id:
                self._by_name[path.stem.casefold()].add(case_id)
                self._by_folder[path.parent].add(case_id)
        for case in cases:
            self._by_name[case.id.casefold()].add(case.id)
            key = studies[case.study_id].patient_key if case.study_id in studies else ""
            if key:
                self._by_name[key.casefold()].add(case.id)

    def of(self, file: Path, report: ReportText) -> str:
        """The one case a report belongs to; "" where it isn't clear."""
        if report.study_instance_uid:
            return self._by_uid.get(report.study_instance_uid, "")
        stem = file.stem.casefold()
        for suffix in ("", ".report", "-report", "_report"):
            name = stem.removesuffix(suffix) if suffix else stem
            if len(self._by_name.get(name, ())) == 1:
                return next(iter(self._by_name[name]))
        for folder in (file.parent, file.parent / file.stem):
            if len(self._by_folder.get(folder, ())) == 1:
                return next(iter(self._by_folder[folder]))
        return ""


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return [f for f in path.rglob("*") if f.is_file() and f.suffix.lower() in _SUFFIXES]
    return [path]
