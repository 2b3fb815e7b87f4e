"""Prompted models: which family two files belong to, by the names of their tensors.

Source: segment-anything's ONNX export and samexporter 0.5 (SAM, MobileSAM, SAM 2), EfficientSAM's
export, MedSAM's LiteMedSAM branch; the contracts, not their code.
"""

from __future__ import annotations

from dataclasses import dataclass

from desktop.domain.errors import ModelProblem
from desktop.inference.session import ModelFacts

_SAM = {
    "image_embeddings",
    "point_coords",
    "point_labels",
    "mask_input",
    "has_mask_input",
    "orig_im_size",
}
_SAM2 = {
    "image_embed",
    "high_res_feats_0",
    "high_res_feats_1",
    "point_coords",
    "point_labels",
    "mask_input",
    "has_mask_input",
}
_EFFICIENT = {
    "image_embeddings",
    "batched_point_coords",
    "batched_point_labels",
    "orig_im_size",
}


@dataclass(frozen=True)
class PromptFamily:
    """How images and prompts are handed over.

    ``side`` is the longer side after resizing (0: none). ``encoder`` are the encoder's outputs
    that the decoder wants. ``takes_points`` False: boxes only.
    """

    name: str
    side: int
    rank: int
    image: str
    encoder: tuple[str, ...]
    takes_points: bool = True
    takes_mask: bool = True


def family_of(encoder: ModelFacts, decoder: ModelFacts) -> PromptFamily:
    """The family of an encoder and a decoder; ModelProblem with the names where none fits."""
    image = encoder.inputs[0] if len(encoder.inputs) == 1 else None
    given, wanted = encoder.output_names(), decoder.names()
    rank = len(image.shape) if image else 0
    if image is not None and rank in (3, 4):
        if wanted == _SAM2 and {"image_embed", "high_res_feats_0", "high_res_feats_1"} <= given:
            outputs = ("image_embed", "high_res_feats_0", "high_res_feats_1")
            return PromptFamily("SAM 2", image.shape[-1] or 1024, rank, image.name, outputs)
        if wanted == _EFFICIENT and "image_embeddings" in given:
            return PromptFamily(
                "EfficientSAM", 0, rank, image.name, ("image_embeddings",), takes_mask=False
            )
        if wanted == _SAM and "image_embeddings" in given:
            side = image.shape[-1] if rank == 4 and image.shape[-1] else 1024
            lite = side == 256
            name = "MedSAM-lite" if lite else "SAM"
            return PromptFamily(
                name, side, rank, image.name, ("image_embeddings",), takes_points=not lite
            )
    raise ModelProblem(
        "These two files are no prompted model that is known.",
        f"The encoder takes {_listed(encoder.names())} and gives {_listed(given)}; "
        f"the decoder takes {_listed(wanted)}.",
        "Known are SAM, MobileSAM, SAM 2, EfficientSAM and MedSAM-lite with their usual names.",
    )


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"
