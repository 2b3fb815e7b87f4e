"""What is known about a model file: its task, what goes in, what its outputs mean in a schema."""

from __future__ import annotations

from enum import Enum

from desktop.domain.record import Value
from desktop.domain.schema import AnswerValue
from desktop.domain.study import Window


class Task(str, Enum):
    """What a model does for a reader."""

    PROMPT = "prompted outline"
    DETECTION = "detection"
    SEGMENTATION = "segmentation"
    INSTANCES = "instance segmentation"
    CLASSIFICATION = "classification"
    KEYPOINTS = "keypoints"


class Layout(str, Enum):
    """The axes of the input tensor: batch N, channels C, slices D, rows H, columns W, features F.

    With ``NCHW`` and more than one slice, neighbouring slices stand as channels (2.5D).
    """

    NCHW = "NCHW"
    NHWC = "NHWC"
    NCDHW = "NCDHW"
    NF = "NF"


class Fit(str, Enum):
    """How an image comes to the size that the model wants."""

    STRETCH = "stretch"
    LETTERBOX = "letterbox"
    TILE = "tile"


class Values(str, Enum):
    """What the numbers that go in are: windowed to 0..1, windowed to 0..255, or modality units."""

    UNIT = "window 0 to 1"
    GREY = "window 0 to 255"
    MODALITY = "modality units"


class Activation(str, Enum):
    """What makes probabilities of the numbers that come out."""

    NONE = "none"
    SIGMOID = "sigmoid"
    SOFTMAX = "softmax"


class Pool(str, Enum):
    """How the answers about single images become one about the case."""

    MEAN = "mean"
    MAX = "max"
    MIDDLE = "middle image"


class ModelInput(Value):
    """The input contract. ``rows`` and ``columns`` 0: the image's own size.

    ``window`` None: the window that the image is first shown in. ``overlap`` is the share of a
    tile that it has in common with its neighbour. ``mean`` and ``std`` hold one number per channel
    and are applied last.
    """

    layout: Layout = Layout.NCHW
    rows: int = 0
    columns: int = 0
    slices: int = 1
    channels: int = 1
    fit: Fit = Fit.STRETCH
    overlap: float = 0.25
    values: Values = Values.UNIT
    window: Window | None = None
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    @property
    def words(self) -> str:
        """The contract in one line for a person."""
        size = f"{self.columns}×{self.rows} px" if self.rows else "any size"
        if self.slices > 1:
            size += f", {self.slices} slices"
        colour = "colour" if self.channels == 3 else "grey"
        shown = ""
        if self.values is not Values.MODALITY:
            own = self.window
            shown = f" ({own.center:g} / {own.width:g})" if own else " (as shown first)"
        fit = f", {self.fit.value}" if self.rows else ""
        return f"{size}, {colour}{fit}, {self.values.value}{shown}"


class ModelClass(Value):
    """What output number ``index`` means: a class of regions, or an answer. ``name`` is the
    model's own word for it."""

    index: int
    name: str
    class_id: int = 0
    answer: AnswerValue = None


class ModelCard(Value):
    """One model as its user described it; the file is trusted by ``sha256`` alone.

    ``decoder_sha256`` is the second file of a prompted model. ``output`` names the form of a
    detector's numbers: "yolo" (boxes by centre, then a score per class), "yolo-objectness" (the
    same with an objectness before the scores) or "boxes" (x0, y0, x1, y1, score, class).
    ``limit_s`` is what one call may take, ``expected_s`` what a case took when it was tried.
    """

    sha256: str
    name: str
    licence: str
    task: Task
    family: str = ""
    decoder_sha256: str = ""
    source: str = ""
    schema_name: str = ""
    question_id: str = ""
    classes: tuple[ModelClass, ...] = ()
    input: ModelInput = ModelInput()
    output: str = ""
    activation: Activation = Activation.NONE
    pool: Pool = Pool.MEAN
    threshold: float = 0.5
    overlap_limit: float = 0.5
    min_area_px: int = 9
    most: int = 200
    limit_s: float = 10.0
    expected_s: float = 0.0

    def means(self, index: int) -> ModelClass | None:
        """What an output number stands for, None for background and what is not wanted."""
        return next((c for c in self.classes if c.index == index), None)
