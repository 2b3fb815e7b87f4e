"""A model's run over cases: with what it ran, and which cases it has done."""

from __future__ import annotations

from typing import ClassVar

from desktop.domain.record import Record, Value, stable_id
from desktop.domain.study import FrameRef

TEXT_TASK = "text in pixels"


class TextBox(Value):
    """Where text stands on an image, in pixels, and how long it is. What it says is never kept:
    it may be a patient's name."""

    x0: float
    y0: float
    x1: float
    y1: float
    score: float
    characters: int


class TextFrame(Value):
    """An image with text in its pixels."""

    frame: FrameRef
    boxes: tuple[TextBox, ...]


class ModelRun(Record):
    """One model with one set of settings; the same settings give the same id on every machine."""

    kind: ClassVar[str] = "model_run"

    model: str
    sha256: str
    licence: str
    task: str
    threshold: float
    card_sha256: str
    app_version: str
    begun_utc: str = ""


class ModelCase(Record):
    """A case that a run has done, also where nothing was found.

    ``content_sha256`` is the hash over the images it saw: a case that changed is done again.
    ``text`` are the images on which a search for text found some, ``read`` the beginnings of the
    hashes of the pixels it read; ``open`` where it has not come to its end.
    """

    kind: ClassVar[str] = "model_case"

    run_id: str
    case_id: str
    content_sha256: str
    offered: int
    seconds: float
    text: tuple[TextFrame, ...] = ()
    read: tuple[str, ...] = ()
    open: bool = False

    @staticmethod
    def id_for(run_id: str, case_id: str) -> str:
        return stable_id("model-case", run_id, case_id)
