"""From what a model found to suggestions with score and provenance. Nothing here is a label."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from desktop.domain.annotation import Label, Origin, Provenance, Target
from desktop.domain.errors import ModelProblem, UserError
from desktop.domain.geometry import Mask
from desktop.domain.model_card import ModelCard, Task
from desktop.domain.model_run import ModelRun
from desktop.domain.proposal import Proposal, ProposedFrame
from desktop.domain.record import stable_id, to_json
from desktop.domain.runs import runs_digest
from desktop.domain.schema import Schema, Scope
from desktop.domain.study import Case, FrameRef, Instance, Window
from desktop.inference.adapters import adapter_named
from desktop.inference.case_run import Finding, Findings
from desktop.store import queries
from desktop.store.database import Connection
from desktop.version import __version__


@dataclass(frozen=True)
class SeriesSeen:
    """One series of a case as a model saw it; ``pixels`` are the frames' hashes by place."""

    series_id: str
    refs: tuple[FrameRef, ...]
    instances: dict[str, Instance]
    pixels: dict[int, str]

    def size(self, place: int) -> tuple[int, int]:
        """(rows, columns) of a frame."""
        instance = self.instances[self.refs[place].instance_id]
        return instance.rows, instance.columns


def run_of(card: ModelCard) -> ModelRun:
    """The run that a card stands for: the same card gives the same run, so that it is resumed."""
    counted = to_json(card_that_counts(card)) + _reader_of(card)
    digest = hashlib.sha256(counted.encode()).hexdigest()
    return ModelRun(
        id=stable_id("model-run", digest, __version__),
        model=card.name,
        sha256=card.sha256,
        licence=card.licence,
        task=card.task.value,
        threshold=card.threshold,
        card_sha256=digest,
        app_version=__version__,
    )


def _reader_of(card: ModelCard) -> str:
    """The adapter of a plugin with its version; "" where the numbers are read by the house."""
    found = adapter_named(card.output, card.task)
    return f"{found.name} {found.version}" if found is not None and found.version else ""


def card_that_counts(card: ModelCard) -> ModelCard:
    """The card without what changes nothing of a result."""
    return replace(card, expected_s=0.0, source="", limit_s=0.0)


def provenance_of(card: ModelCard, window: Window | None) -> Provenance:
    """With what a suggestion was made; it travels with the label that a reader makes of it."""
    detail = {
        "sha256": card.sha256,
        "licence": card.licence,
        "task": card.task.value,
        "threshold": f"{card.threshold:g}",
        "window": "" if window is None else f"{window.center:g}/{window.width:g}",
    }
    if reader := _reader_of(card):
        detail["adapter"] = reader
    if card.decoder_sha256:
        detail["decoder_sha256"] = card.decoder_sha256
        detail["family"] = card.family
    return Provenance(tool=card.name, app_version=__version__, detail=detail)


def proposals_of(
    card: ModelCard,
    run_id: str,
    case_id: str,
    schema: Schema,
    content: str,
    seen: SeriesSeen,
    findings: Findings,
) -> tuple[list[Proposal], list[bytes]]:
    """Suggestions with the run lengths of their masks."""
    made, runs = [], []
    provenance = provenance_of(card, findings.window)
    for number, found in enumerate(findings.found):
        proposal = _proposal(card, case_id, schema, seen, found)
        if proposal is None:
            continue
        name = stable_id("model-proposal", run_id, case_id, seen.series_id, content, str(number))
        made.append(replace(proposal, id=name, run_id=run_id, provenance=provenance))
        runs += [part.runs for part in found.slices]
    return made, runs


def _proposal(
    card: ModelCard, case_id: str, schema: Schema, seen: SeriesSeen, found: Finding
) -> Proposal | None:
    meant = card.means(found.index)
    if meant is None:
        return None
    if card.task is Task.CLASSIFICATION:
        question = schema.question(card.question_id)
        series = seen.series_id if question.scope is Scope.SERIES else ""
        words = {c.index: str(c.answer) for c in card.classes}
        return Proposal(
            id="", case_id=case_id, run_id="", schema_id=schema.id,
            target=Target(scope=question.scope, series_id=series),
            question_id=card.question_id, value=meant.answer, score=found.score,
            soft={words[k]: round(v, 4) for k, v in found.soft.items() if k in words},
            origin=Origin.MODEL,
        )  # fmt: skip
    frame = None if found.frame is None else seen.refs[found.frame]
    return Proposal(
        id="", case_id=case_id, run_id="", schema_id=schema.id,
        target=Target(scope=Scope.REGION, series_id=seen.series_id, frame=frame),
        label=Label(class_id=meant.class_id),
        geometry=Mask() if found.slices else found.geometry,
        frames=_frames(seen, found), score=found.score, origin=Origin.MODEL,
        pixels_sha256="" if found.frame is None else seen.pixels.get(found.frame, ""),
    )  # fmt: skip


def _frames(seen: SeriesSeen, found: Finding) -> tuple[ProposedFrame, ...]:
    parts = []
    for part in found.slices:
        rows, columns = seen.size(part.index)
        parts.append(
            ProposedFrame(
                frame=seen.refs[part.index],
                rows=rows,
                columns=columns,
                runs=runs_digest(part.runs),
                bounds=part.bounds,
                area_px=part.area_px,
                pixels_sha256=seen.pixels.get(part.index, ""),
            )
        )
    return tuple(parts)


def why_not_for(card: ModelCard, schema: Schema | None) -> str:
    """Why a case is not for this model; "" where it is."""
    if schema is None:
        return "It has no schema yet."
    if card.schema_name and schema.name != card.schema_name:
        return f"It is read with {schema.title}, the model is for {card.schema_name}."
    try:
        if card.task is Task.CLASSIFICATION:
            for meant in card.classes:
                schema.check_answer(card.question_id, meant.answer)
        else:
            for meant in card.classes:
                schema.offered_class(meant.class_id)
    except UserError as error:
        return f"The model's card does not fit its schema: {error.title}"
    return "" if card.classes else "The model's card names no class."


def check_offers(card: ModelCard) -> None:
    """ModelProblem where a card makes no suggestions over a list."""
    if card.task is Task.PROMPT:
        raise ModelProblem(
            f"{card.name} needs a click or a box.", "", "Use it with the prompt tool (A)."
        )


def series_seen(connection: Connection, case: Case) -> list[SeriesSeen]:
    """The series of a case that have images."""
    found = []
    for series_id in case.series_ids:
        instances = queries.many(connection, Instance, order="position", series_id=series_id)
        refs = tuple(ref for i in instances for ref in i.frames)
        if refs:
            found.append(SeriesSeen(series_id, refs, {i.id: i for i in instances}, {}))
    return found


def content_of(series: Sequence[SeriesSeen]) -> str:
    """The hash over the images of a case: a case whose images are the same needs no second run."""
    digest = hashlib.sha256(b"readingroom model input v1\n")
    for seen in series:
        for ref in seen.refs:
            instance = seen.instances[ref.instance_id]
            digest.update(f"{instance.file_sha256} {ref.frame_index}\n".encode())
    return digest.hexdigest()
