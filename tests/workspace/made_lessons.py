"""A project of small generated pictures of three kinds, and a reader who knows them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from desktop.commands.project import AddSchema, AnswerQuestion, UseSchema
from desktop.domain.schema import Choice, Question, QuestionKind, Schema
from desktop.workspace.access.keys import WorkstationKey
from desktop.workspace.learning.learning_topic import Topic
from desktop.workspace.settings import Settings
from desktop.workspace.workspace import Workspace

KINDS = ("dots", "stripes", "rings")
SCHEMA = Schema(
    id="lessons@1",
    name="lessons",
    version=1,
    title="Lessons",
    questions=(
        Question(
            id="kind",
            text="What is it",
            kind=QuestionKind.CHOICE,
            choices=tuple(Choice(id=k, text=k.capitalize()) for k in KINDS),
        ),
        Question(id="clear", text="Is it clear", kind=QuestionKind.YES_NO),
    ),
)


def picture(kind: int, seed: int, side: int = 40) -> np.ndarray:
    """(side, side) uint8: dots, stripes or rings in noise that makes some of them hard."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side].astype(float)
    turn, wave = random.uniform(0, np.pi), random.uniform(5, 9)
    u, v = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    shapes = (
        np.sin(u * 2 * np.pi / wave) * np.sin(v * 2 * np.pi / wave),
        np.sin(u * 2 * np.pi / wave),
        np.sin(np.hypot(x - side / 2, y - side / 2) * 2 * np.pi / wave),
    )
    noisy = 0.5 + random.uniform(0.08, 0.35) * shapes[kind] + random.normal(0, 0.15, (side, side))
    return np.clip(noisy * 255, 0, 255).astype(np.uint8)


class Lessons:
    """The project, which kind each case is, and short ways to work on it."""

    def __init__(self, folder: Path, count: int = 64) -> None:
        self.folder = folder
        images = folder / "images"
        images.mkdir(parents=True)
        kinds = np.random.default_rng(1).choice(3, count, p=(0.5, 0.3, 0.2))
        truth: dict[str, str] = {}
        for number, kind in enumerate(kinds):
            name = f"{number:03}.png"
            Image.fromarray(picture(int(kind), number)).save(images / name)
            truth[name] = KINDS[kind]
        (folder / "truth.json").write_text(json.dumps(truth))
        (folder / "home").mkdir()
        self.open(create=True)
        self.ws.run(AddSchema(schema=SCHEMA))
        self.ws.import_images([images])
        ids = tuple(line.case.id for line in self.ws.cases(limit=1000))
        self.ws.run(UseSchema(case_ids=ids, schema_id=SCHEMA.id))

    @classmethod
    def copied(cls, template: Path, folder: Path) -> Lessons:
        """A copy of a project that was made before; the pictures stay where they are."""
        made = cls.__new__(cls)
        made.folder = folder
        folder.mkdir(exist_ok=True)
        for name in ("lessons.rroom", "truth.json", "settings.json"):
            if (template / name).is_file():
                shutil.copy(template / name, folder / name)
        shutil.copytree(template / "home", folder / "home", dirs_exist_ok=True)
        made.open()
        return made

    def open(self, create: bool = False, reader_name: str = "Ada") -> Workspace:
        """Open the project."""
        key = WorkstationKey.load(self.folder / "home")
        settings = Settings(self.folder / "settings.json")
        path = self.folder / "lessons.rroom"
        if create:
            self.ws = Workspace.create(
                path, title="Lessons", reader_name=reader_name, key=key, settings=settings
            )
        else:
            self.ws = Workspace.open(path, reader_name=reader_name, key=key, settings=settings)
        return self.ws

    def reopen(self, reader_name: str = "Ada") -> Workspace:
        """Close and open again, perhaps as somebody else."""
        self.ws.close()
        return self.open(reader_name=reader_name)

    @property
    def topic(self) -> Topic:
        return next(t for t in self.ws.learning.topics() if t.question.id == "kind")

    @property
    def truth(self) -> dict[str, str]:
        """The kind of each case, by case id."""
        names: dict[str, str] = json.loads((self.folder / "truth.json").read_text())
        found = {}
        for line in self.ws.cases(limit=1000):
            (series,) = self.ws.series(line.case.id)
            found[line.case.id] = names[self.ws.caption(series.id, "file_name")]
        return found

    def answer(self, case_id: str, value: str) -> None:
        """Answer as the open reader."""
        self.ws.run(AnswerQuestion(case_id=case_id, question_id="kind", value=value))

    def answer_queue(self) -> None:
        """Answer everything that is open in the queue, rightly."""
        truth = self.truth
        for line in self.ws.learning.queue(self.topic):
            if line.state == "open":
                self.answer(line.case.id, truth[line.case.id])
