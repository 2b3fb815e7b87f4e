"""What a consensus is made of and what comes out: subjects, methods, lines, reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from desktop.domain.annotation import Origin, Provenance, Target
from desktop.domain.proposal import Proposal
from desktop.domain.schema import Schema, Scope
from desktop.domain.study import FrameRef
from desktop.version import __version__
from desktop.workspace.claims.case_claims import CaseClaims


class SubjectKind(str, Enum):
    """A question that is voted on, a number, whether a class is there, its pixels, its findings."""

    QUESTION = "question"
    MEASURE = "measure"
    PRESENCE = "presence"
    MASK = "mask"
    FINDINGS = "findings"


@dataclass(frozen=True)
class Subject:
    """``choice`` is set for one answer of a question that may have several."""

    kind: SubjectKind
    schema_name: str
    title: str
    question_id: str = ""
    choice: str = ""
    class_id: int = 0

    @property
    def id(self) -> str:
        parts = (self.kind.value, self.schema_name, self.question_id, self.choice)
        return "/".join((*parts, str(self.class_id)))


@dataclass(frozen=True)
class Method:
    """A way to a consensus, in words."""

    name: str
    title: str
    summary: str


@dataclass(frozen=True)
class Line:
    """One item. ``disagreement`` is the share of votes against the majority (for pixels: of
    contested ones). ``differs``: the method says something else than the plain majority.
    ``proposal`` None: tied, or nothing to say."""

    case_id: str
    case_title: str
    majority: str
    answer: str
    certainty: float
    disagreement: float
    differs: bool
    proposal: Proposal | None = None
    runs: tuple[bytes, ...] = ()
    frame: FrameRef | None = None


@dataclass(frozen=True)
class ConsensusReport:
    """``why``: the reason for the method where none was chosen. ``readers``: how many counted."""

    subject: Subject
    method: str
    title: str
    lines: tuple[Line, ...]
    readers: int
    run_id: str
    notes: tuple[str, ...] = ()
    why: str = ""
    settings: dict[str, float] = field(default_factory=dict)

    @property
    def differing(self) -> int:
        return sum(line.differs for line in self.lines)

    @property
    def offered(self) -> int:
        """How many lines can be offered as suggestions."""
        return sum(line.proposal is not None for line in self.lines)


@dataclass(frozen=True)
class Read:
    """What was gathered. ``names`` hide who a reader is: "Reader 1" for an id."""

    cases: tuple[CaseClaims, ...]
    names: dict[str, str]
    run_id: str


def provenance(
    method: str, settings: dict[str, float], readers: int, more: dict[str, str] | None = None
) -> Provenance:
    """With what a suggestion was made: method, settings, number of readers."""
    detail = {"method": method, "readers": str(readers), **(more or {})}
    detail |= {name: f"{value:g}" for name, value in sorted(settings.items())}
    return Provenance(tool="consensus", app_version=__version__, detail=detail)


def draft(
    claims: CaseClaims, schema: Schema, proposal_id: str, run_id: str, made_with: Provenance
) -> Proposal:
    """A proposal with nothing in it yet."""
    return Proposal(
        id=proposal_id,
        case_id=claims.case.id,
        run_id=run_id,
        schema_id=schema.id,
        target=Target(scope=Scope.STUDY),
        origin=Origin.CONSENSUS,
        provenance=made_with,
    )
