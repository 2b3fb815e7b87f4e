"""Cards of models: what can't be on one, and a first guess from what a file says of itself."""

from __future__ import annotations

import math

from msgspec.structs import replace

from desktop.domain.errors import ModelProblem
from desktop.domain.model_card import Layout, ModelCard, ModelClass, ModelInput, Task
from desktop.inference.session import ModelFacts

_PROMPTS = {"point_coords", "batched_point_coords", "point_labels", "batched_point_labels"}
_COLOURS = (1, 3)


def check_card(card: ModelCard) -> None:
    """ModelProblem where a card says what can't be."""
    shown, contract = card.name.strip(), card.input
    faults = []
    if not shown or not card.licence.strip():
        faults.append("a name and a licence are needed")
    if not 0 <= card.threshold <= 1 or not 0 < card.overlap_limit <= 1:
        faults.append("threshold and overlap lie between 0 and 1")
    if contract.channels not in (1, 3) or contract.slices < 1 or not 0 <= contract.overlap < 1:
        faults.append("channels are 1 or 3, slices at least 1, the overlap below 1")
    if contract.window is not None and contract.window.width <= 0:
        faults.append("the window needs a width")
    if min(contract.rows, contract.columns, card.min_area_px) < 0 or card.limit_s <= 0:
        faults.append("sizes and limits can't be negative")
    if any(len(given) not in (0, 1, contract.channels) for given in (contract.mean, contract.std)):
        faults.append("mean and deviation are one number, or one for each colour")
    if any(value <= 0 for value in contract.std):
        faults.append("a deviation is above 0")
    if len({c.index for c in card.classes}) != len(card.classes):
        faults.append("every output number has one meaning")
    if card.task is Task.CLASSIFICATION and card.classes and not card.question_id:
        faults.append("a classifier answers a question; say which")
    if faults:
        raise ModelProblem("The model's card has a mistake.", f"{'; '.join(faults)}.".capitalize())


def takes_prompts(facts: ModelFacts) -> bool:
    """Whether clicks or boxes go in: a prompted model's decoder."""
    return bool(facts.names() & _PROMPTS)


def guessed_card(name: str, facts: ModelFacts) -> ModelCard:
    """A card to begin with, from the names and sizes of a file's tensors.

    Raises ModelProblem for one half of a prompted model, which needs the other.
    """
    if takes_prompts(facts):
        raise ModelProblem(
            "This is the decoder of a prompted model.",
            "It takes clicks, and needs the encoder that goes with it.",
            "Choose the encoder and the decoder together.",
        )
    image = facts.inputs[0].shape if facts.inputs else ()
    out = facts.outputs[0].shape if facts.outputs else ()
    task, form = Task.SEGMENTATION, ""
    if len(facts.outputs) >= 4:
        task = Task.INSTANCES
    elif len(out) == 3 and len(image) == 4:
        task, form = Task.DETECTION, "boxes" if out[-1] == 6 else "yolo"
    elif len(out) in (1, 2) or facts.output_names() >= {"probabilities"}:
        task = Task.CLASSIFICATION
    card = ModelCard(sha256="", name=name, licence="not stated", task=task, output=form)
    classes = (ModelClass(index=0, name="finding", class_id=1),)
    needs = task is not Task.CLASSIFICATION
    return replace(card, input=_guessed_input(image), classes=classes if needs else ())


def _guessed_input(shape: tuple[int, ...]) -> ModelInput:
    """The contract that a shape suggests; 0 in it is any size."""
    match shape:
        case (_, features):
            side = math.isqrt(features)
            square = side if side * side == features else 0
            return ModelInput(layout=Layout.NF, rows=square, columns=square)
        case (_, channels, slices, rows, columns):
            colours = 3 if channels == 3 else 1
            return ModelInput(
                layout=Layout.NCDHW, channels=colours, slices=max(1, slices), rows=rows,
                columns=columns,
            )  # fmt: skip
        case (_, rows, columns, channels) if channels in _COLOURS and rows not in _COLOURS:
            return ModelInput(layout=Layout.NHWC, channels=channels, rows=rows, columns=columns)
        case (_, channels, rows, columns):
            around = channels if channels > 1 and channels != 3 else 1
            colours = 3 if channels == 3 else 1
            return ModelInput(channels=colours, slices=around, rows=rows, columns=columns)
        case _:
            return ModelInput()
