"""The read-only picture of a project at one moment, which exporters write."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desktop.domain.adjudication import Adjudication
from desktop.domain.annotation import Annotation, Answer, MaskSlice
from desktop.domain.case_note import CaseNote
from desktop.domain.contracts import Progress
from desktop.domain.ranking import TaskRecords
from desktop.domain.record import Value
from desktop.domain.rule import RuleRun
from desktop.domain.schema import Schema
from desktop.domain.split import SYNTHETIC_TAG
from desktop.domain.study import Calibration, Case, FrameRef, Instance, Series, Study
from desktop.domain.task import Assignment, Reader

if TYPE_CHECKING:
    from desktop.exchange.preference import Reward
    from desktop.imaging.frame import Frame


class SignedHead(Value):
    """The end of one chain, signed: it proves that no later event was cut off or rewritten.

    The signature covers ``head_message`` (project, chain, seq and digest, one a line).
    """

    chain: str
    seq: int
    digest: str
    public_key: str
    signature: str
    time_utc: str = ""
    purpose: str = ""


def _no_rewards(_records: TaskRecords, _prompt_id: str) -> Sequence[Reward]:
    return ()


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What exporters may see. No names and no local texts: readers and patients are pseudonyms.

    ``cases`` are those to be exported. ``runs`` gives the run lengths of a mask by digest,
    ``event_lines`` the log as (canonical body, digest), chain by chain with ascending seq.
    ``rankings`` are the preference tasks whose cases are all here; ``fit_rewards`` ranks the
    candidates of one of their prompts.
    ``parts``: train, validation or test by case id, where it was dealt. ``kept_out``: (case id,
    sentence) about labels that the origin lock left out. ``pixel_text``: on how many images of a
    case text was found, None where nobody looked or its images changed since.
    ``quality``: agreement of readers over the whole project, None where there is none to tell.
    Callables may be called from any thread; their answers belong to the same moment.
    """

    project_id: str
    bundle_id: str
    title: str
    app_version: str
    created_utc: str
    cases: tuple[Case, ...]
    schemas: tuple[Schema, ...]
    readers: tuple[Reader, ...]
    heads: tuple[SignedHead, ...]
    public_key_hex: str
    sign: Callable[[bytes], str]
    study: Callable[[str], Study]
    series_of: Callable[[str], Sequence[Series]]
    instances_of: Callable[[str], Sequence[Instance]]
    annotations_of: Callable[[str], Sequence[Annotation]]
    slices_of: Callable[[str], Sequence[MaskSlice]]
    runs: Callable[[str], bytes]
    answers_of: Callable[[str], Sequence[Answer]]
    assignments_of: Callable[[str], Sequence[Assignment]]
    rulings_of: Callable[[str], Sequence[Adjudication]] = lambda _case_id: ()
    notes_of: Callable[[str], Sequence[CaseNote]] = lambda _case_id: ()
    rule_runs: Callable[[], Sequence[RuleRun]] = lambda: ()
    calibration: Callable[[str], Calibration | None]
    source_path: Callable[[str], Path]
    event_lines: Callable[[], Iterator[tuple[str, str]]]
    frame: Callable[[FrameRef], Frame]
    rankings: tuple[TaskRecords, ...] = ()
    fit_rewards: Callable[[TaskRecords, str], Sequence[Reward]] = _no_rewards
    parts: Mapping[str, str] = field(default_factory=dict)
    kept_out: tuple[tuple[str, str], ...] = ()
    pixel_text: Callable[[Case], int | None] = lambda _case: None
    quality: Callable[[Progress], Mapping[str, Any] | None] = lambda _progress: None

    def is_synthetic(self, case: Case) -> bool:
        """Whether any image of the case was made up: every format says so."""
        return SYNTHETIC_TAG in case.tags


def manifest_message(manifest_sha256: str) -> bytes:
    """What the signature of a bundle signs."""
    return f"readingroom manifest v1\n{manifest_sha256}\n".encode()
