"""Simulated readers: they answer with a known error rate, in the project or in their packages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from desktop.commands.project import AnswerQuestion, MarkCase
from desktop.domain.record import stable_id
from desktop.domain.task import AssignmentState
from desktop.exchange.exporter import BundleOptions
from desktop.workspace.access.keys import WorkstationKey, fingerprint_of
from desktop.workspace.clock import Clock
from desktop.workspace.settings import Settings
from desktop.workspace.workspace import Workspace

LOG_ONLY = BundleOptions(formats=("audit",))


@dataclass
class SimulatedReader:
    """Answers one question of each case; right but for ``error_rate`` of them.

    What is right is looked up by the images of a case, as a person would look: a case under another
    id gets the same answer.
    """

    name: str
    error_rate: float
    truth: Mapping[str, str]  # right answer by series id
    choices: Sequence[str] = ("good", "poor")
    question_id: str = "quality"
    seed: int = 0
    key: WorkstationKey = field(init=False)

    def __post_init__(self) -> None:
        self.random = Random(f"{self.name}/{self.seed}")
        raw = bytes.fromhex(stable_id("key", self.name) + stable_id("more", self.name))
        self.key = WorkstationKey(Ed25519PrivateKey.from_private_bytes(raw))

    @property
    def fingerprint(self) -> str:
        return fingerprint_of(self.key.public_hex)

    def open(self, package: Path, passphrase: str = "", clock: Clock | None = None) -> Workspace:
        """The package on this reader's own machine."""
        return Workspace.open(
            package,
            reader_name=self.name,
            passphrase=passphrase,
            key=self.key,
            clock=clock,
            settings=Settings(package.with_suffix(".settings.json")),
        )

    def answer_for(self, workspace: Workspace, case_id: str) -> str:
        right = self.truth[workspace.case(case_id).series_ids[0]]
        wrong = [c for c in self.choices if c != right]
        return self.random.choice(wrong) if self.random.random() < self.error_rate else right

    def read(self, workspace: Workspace, limit: int = 1 << 30) -> int:
        """Go through the work list as ``Done`` does: answer, close, next."""
        done = 0
        while done < limit:
            case_id = workspace.first_open_case()
            if not case_id or workspace.assignment(case_id).state is not AssignmentState.OPEN:
                return done
            value = self.answer_for(workspace, case_id)
            workspace.run(
                AnswerQuestion(case_id=case_id, question_id=self.question_id, value=value)
            )
            workspace.run(MarkCase(case_id=case_id, state=AssignmentState.DONE))
            done += 1
        return done

    def read_package(self, package: Path, bundle: Path, passphrase: str = "") -> int:
        """Read all of a package and hand in the bundle; how many cases it had."""
        workspace = self.open(package, passphrase)
        try:
            done = self.read(workspace)
            workspace.export_bundle(bundle, LOG_ONLY)
        finally:
            workspace.close()
        return done
