"""Undo proven by a state machine: the project always equals a simple model, a replay the tables."""

from __future__ import annotations

import copy
import tempfile
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from desktop.commands.annotation import (
    DeleteAnnotations,
    RelabelAnnotations,
    ReshapeAnnotation,
)
from desktop.commands.project import AnswerQuestion, MarkCase, SetNoFinding
from desktop.domain.geometry import Box, Polygon
from desktop.domain.runs import encode_runs, runs_digest
from desktop.domain.task import AssignmentState
from tests.workspace.made import MadeProject, disk_mask

CASE = "case-0"
READERS = ("Ada", "Grace")
spots = st.integers(min_value=4, max_value=18)


def digest_of(mask_yx: np.ndarray) -> str:
    return runs_digest(encode_runs(mask_yx))


OWN_STATES = (AssignmentState.OPEN, AssignmentState.DONE, AssignmentState.SKIPPED)


class Model:
    """What one reader should see of the case, with the stacks that undo and redo walk."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {
            "regions": {},
            "answers": {},
            "no_finding": False,
            "done": AssignmentState.OPEN,
        }
        self.past: list[dict[str, Any]] = []
        self.future: list[dict[str, Any]] = []

    def step(self, new: dict[str, Any]) -> None:
        if new != self.state:
            self.past.append(self.state)
            self.future.clear()
            self.state = new


class LogMachine(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.made = MadeProject(Path(self.folder.name), cases=1)
        self.models = {name: Model() for name in READERS}
        self.name = "Ada"

    def teardown(self) -> None:
        self.made.close()
        self.folder.cleanup()

    @property
    def model(self) -> Model:
        return self.models[self.name]

    def changed(self) -> dict[str, Any]:
        return copy.deepcopy(self.model.state)

    @rule(x=spots, y=spots, class_id=st.sampled_from((1, 2, 3)))
    def create(self, x: int, y: int, class_id: int) -> None:
        new = self.changed()
        region = self.made.draw(Box(x0=x, y0=y, x1=x + 2, y1=y + 2), class_id)
        new["regions"][region] = (class_id, ("box", x, y))
        new["no_finding"] = False
        self.model.step(new)

    @rule(x=spots, y=spots)
    def paint(self, x: int, y: int) -> None:
        new = self.changed()
        mask = disk_mask(x, y, 3)
        region = self.made.paint(mask)
        new["regions"][region] = (1, ("mask", digest_of(mask)))
        new["no_finding"] = False
        self.model.step(new)

    @precondition(lambda self: self.model.state["regions"])
    @rule(data=st.data(), x=spots)
    def edit(self, data: st.DataObject, x: int) -> None:
        region = data.draw(st.sampled_from(sorted(self.model.state["regions"])))
        class_id, shape = self.model.state["regions"][region]
        new = self.changed()
        if shape[0] == "mask":
            mask = disk_mask(x, 8, 2)
            self.made.paint(mask, region)
            new["regions"][region] = (class_id, ("mask", digest_of(mask)))
        else:
            ring = ((x, 1.0), (x + 3.0, 1.0), (x, 4.0))
            self.made.ws.run(
                ReshapeAnnotation(case_id=CASE, annotation_id=region, geometry=Polygon(points=ring))
            )
            new["regions"][region] = (class_id, ("polygon", x))
        self.model.step(new)

    @precondition(lambda self: self.model.state["regions"])
    @rule(data=st.data(), class_id=st.sampled_from((1, 2, 3)))
    def relabel(self, data: st.DataObject, class_id: int) -> None:
        regions = sorted(self.model.state["regions"])
        some = data.draw(st.lists(st.sampled_from(regions), min_size=1, unique=True))
        self.made.ws.run(
            RelabelAnnotations(case_id=CASE, annotation_ids=tuple(some), class_id=class_id)
        )
        new = self.changed()
        for region in some:
            new["regions"][region] = (class_id, new["regions"][region][1])
        self.model.step(new)

    @precondition(lambda self: self.model.state["regions"])
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        region = data.draw(st.sampled_from(sorted(self.model.state["regions"])))
        self.made.ws.run(DeleteAnnotations(case_id=CASE, annotation_ids=(region,)))
        new = self.changed()
        del new["regions"][region]
        self.model.step(new)

    @rule(value=st.sampled_from(("good", "poor", None)))
    def answer(self, value: str | None) -> None:
        self.made.ws.run(AnswerQuestion(case_id=CASE, question_id="quality", value=value))
        new = self.changed()
        new["answers"].pop("quality", None)
        if value is not None:
            new["answers"]["quality"] = value
        self.model.step(new)

    @precondition(lambda self: not self.model.state["regions"])
    @rule(value=st.booleans())
    def no_finding(self, value: bool) -> None:
        self.made.ws.run(SetNoFinding(case_id=CASE, no_finding=value))
        self.model.step(self.changed() | {"no_finding": value})

    @rule(state=st.sampled_from(OWN_STATES))
    def mark(self, state: AssignmentState) -> None:
        self.made.ws.run(MarkCase(case_id=CASE, state=state))
        self.model.step(self.changed() | {"done": state})

    @rule()
    def undo(self) -> None:
        if self.model.past:
            assert self.made.ws.undo(CASE) is not None
            self.model.future.append(self.model.state)
            self.model.state = self.model.past.pop()
        else:
            assert self.made.ws.undo(CASE) is None

    @rule()
    def redo(self) -> None:
        if self.model.future:
            assert self.made.ws.redo(CASE) is not None
            self.model.past.append(self.model.state)
            self.model.state = self.model.future.pop()
        else:
            assert self.made.ws.redo(CASE) is None

    @rule(name=st.sampled_from(READERS))
    def reopen(self, name: str) -> None:
        self.made.reopen(reader_name=name)
        self.name = name

    @invariant()
    def project_equals_model(self) -> None:
        if not hasattr(self, "made"):
            return
        ws = self.made.ws
        masks: dict[str, str] = {}
        for part in ws.mask_slices(CASE):
            masks[part.annotation_id] = part.runs
            assert int(np.count_nonzero(ws.mask(part))) == part.area_px
        regions = {}
        for a in ws.annotations(CASE):
            match a.geometry:
                case Box(x0=x, y0=y):
                    shape: tuple[Any, ...] = ("box", x, y)
                case Polygon(points=points):
                    shape = ("polygon", points[0][0])
                case _:
                    shape = ("mask", masks[a.id])
            regions[a.id] = (a.label.class_id, shape)
        state = self.model.state
        assert regions == state["regions"]
        assert {a.question_id: a.value for a in ws.answers(CASE)} == state["answers"]
        assert ws.assignment(CASE).no_finding == state["no_finding"]
        assert ws.assignment(CASE).state == state["done"]

    @invariant()
    def replay_equals_tables(self) -> None:
        if hasattr(self, "made"):
            report = self.made.ws.verify()
            assert report.ok, report.sentences


TestLog = LogMachine.TestCase
TestLog.settings = settings(
    max_examples=20,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking takes minutes
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
