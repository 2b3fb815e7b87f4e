"""Candidates for preference tasks: readers' and models' regions, images, reports, text files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from desktop.domain.annotation import Annotation, MaskSlice
from desktop.domain.errors import FileProblem, UserError
from desktop.domain.geometry import Geometry, Mask
from desktop.domain.proposal import Proposal, ProposedFrame
from desktop.domain.ranking import CandidateRegion
from desktop.domain.runs import encode_runs, mask_bounds, runs_digest, shape_mask
from desktop.domain.study import FrameRef
from desktop.store import queries

if TYPE_CHECKING:
    from desktop.workspace.workspace import Workspace

MOST_BYTES = 256 << 20
_TEXTS = ("candidates", "completions", "responses", "generations")
_MODELS = ("models", "generation_models", "model_names", "sources")


@dataclass(frozen=True)
class DraftCandidate:
    """A candidate in the making; ``runs`` are the run lengths of its masks."""

    text: str = ""
    source: str = ""
    images: tuple[FrameRef, ...] = ()
    regions: tuple[CandidateRegion, ...] = ()
    runs: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class DraftPrompt:
    """A question in the making."""

    text: str
    candidates: tuple[DraftCandidate, ...]
    case_id: str = ""
    images: tuple[FrameRef, ...] = ()


@dataclass
class Drafts:
    """What was found, and sentences about what was left out."""

    prompts: list[DraftPrompt] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def from_regions(room: Workspace, case_ids: Sequence[str], class_id: int | None = None) -> Drafts:
    """One question per case: the regions of each reader, and of each run of suggestions.

    With ``class_id`` only regions of that class. A case that fewer than two drew on is left out.
    """
    names = {r.id: name or r.pseudonym for r, name in room.readers()}
    drafts = Drafts()
    for case_id in case_ids:
        case = room.case(case_id)
        found: dict[str, list[DraftCandidate]] = {}
        slices: dict[str, list[MaskSlice]] = {}
        for part in room.claims.mask_slices(case_id):
            slices.setdefault(part.annotation_id, []).append(part)
        for region in room.claims.annotations(case_id):
            if class_id in (None, region.label.class_id) and region.geometry is not None:
                one = _of_annotation(room, region, slices.get(region.id, []))
                found.setdefault(names.get(region.reader_id, region.reader_id[:6]), []).append(one)
        for proposal in queries.many(room._read, Proposal, case_id=case_id):
            fits = proposal.label and class_id in (None, proposal.label.class_id)
            if fits and (proposal.geometry is not None or proposal.frames):
                source = proposal.provenance.tool or f"run {proposal.run_id[:6]}"
                found.setdefault(source, []).append(_of_proposal(room, proposal))
        if len(found) < 2:
            drafts.notes.append(f"{case.title}: fewer than two drew on it.")
            continue
        together = tuple(_joined(source, parts) for source, parts in sorted(found.items()))
        drafts.prompts.append(
            DraftPrompt(_regions_words(room, case_id, class_id), together, case_id)
        )
    return drafts


def from_images(room: Workspace, case_ids: Sequence[str], text: str) -> Drafts:
    """One question whose candidates are the cases' images (of the first series of each)."""
    candidates = []
    drafts = Drafts()
    for case_id in case_ids:
        series = room.series(case_id)
        refs = tuple(room.frame_refs(series[0].id)) if series else ()
        if refs:
            candidates.append(DraftCandidate(images=refs, source=room.case(case_id).title))
        else:
            drafts.notes.append(f"{room.case(case_id).title}: it has no image.")
    drafts.prompts.append(DraftPrompt(text, tuple(candidates)))
    return drafts


def from_answers(room: Workspace, question_id: str, case_ids: Sequence[str]) -> Drafts:
    """One question per case: the texts that readers wrote for one question of the schema."""
    names = {r.id: name or r.pseudonym for r, name in room.readers()}
    drafts = Drafts()
    for case_id in case_ids:
        schema = room.schema(case_id)
        asked = [q for q in schema.questions if q.id == question_id] if schema else []
        texts = [
            DraftCandidate(text=a.value.strip(), source=names.get(a.reader_id, ""))
            for a in room.claims.answers(case_id)
            if a.question_id == question_id and isinstance(a.value, str) and a.value.strip()
        ]
        texts = _without_doubles(texts, drafts.notes, room.case(case_id).title)
        if not asked or len(texts) < 2:
            drafts.notes.append(f"{room.case(case_id).title}: fewer than two different texts.")
            continue
        series = room.series(case_id)
        images = tuple(room.frame_refs(series[0].id)) if series else ()
        drafts.prompts.append(DraftPrompt(asked[0].text, tuple(texts), case_id, images))
    return drafts


def from_jsonl(path: Path) -> Drafts:
    """Questions with texts from a JSON Lines file; FileProblem with the line that is wrong.

    A line is ``{"prompt", "candidates": [text or {"text", "source"}]}``; as well understood are
    ``prompt/chosen/rejected`` and ``prompt/completion`` (texts or lists of messages),
    ``instruction`` with ``generations`` or ``responses`` and their ``models``, and Argilla records
    whose ``fields`` hold a prompt and several responses. Lines of the same prompt are joined.
    """
    if path.stat().st_size > MOST_BYTES:
        raise FileProblem("This file is too large.", f"More than {MOST_BYTES >> 20} MB.")
    drafts = Drafts()
    by_prompt: dict[str, list[DraftCandidate]] = {}
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FileProblem("This file can't be read.", "It is no text in UTF-8.") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            prompt, candidates = _read_line(json.loads(line))
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
            raise FileProblem(
                "This file can't be used.",
                f"Line {number}: {_reason(error)}",
                'A line looks like {"prompt": "…", "candidates": ["…", "…"]}.',
            ) from error
        by_prompt.setdefault(prompt, []).extend(candidates)
    for prompt, found in by_prompt.items():
        texts = _without_doubles(found, drafts.notes, _short(prompt))
        if len(texts) < 2:
            drafts.notes.append(f"{_short(prompt)}: only one candidate; it can only be rated.")
        drafts.prompts.append(DraftPrompt(prompt, tuple(texts)))
    if not drafts.prompts:
        raise FileProblem("There is no question in this file.", path.name)
    return drafts


# --- lines of files


def _read_line(row: Any) -> tuple[str, list[DraftCandidate]]:
    if not isinstance(row, dict):
        raise ValueError("it is no JSON object.")
    if isinstance(row.get("fields"), dict):  # an Argilla record
        return _argilla(row["fields"], row.get("metadata") or {})
    prompt = _text(row.get("prompt", row.get("instruction", row.get("question", ""))))
    for key in _TEXTS:
        if isinstance(row.get(key), list):
            models: list[Any] = next((row[m] for m in _MODELS if isinstance(row.get(m), list)), [])
            return prompt, [
                _candidate(item, models[n] if n < len(models) else "")
                for n, item in enumerate(row[key])
            ]
    if "chosen" in row and "rejected" in row:
        if not prompt and isinstance(row["chosen"], list):  # the prompt is inside the messages
            prompt = _text(row["chosen"][:-1])
            row = {k: row[k][-1:] for k in ("chosen", "rejected")}
        return prompt, [
            DraftCandidate(text=_answer(row[k]), source=f"{k} in the file")
            for k in ("chosen", "rejected")
        ]
    if "completion" in row:
        source = str(row.get("model", row.get("source", "")))
        return prompt, [DraftCandidate(text=_answer(row["completion"]), source=source)]
    raise ValueError("it has no candidates.")


def _argilla(fields: dict[str, Any], facts: dict[str, Any]) -> tuple[str, list[DraftCandidate]]:
    names = [k for k in fields if k in ("prompt", "instruction", "question", "input")]
    if not names:
        raise ValueError("its fields have no prompt.")
    texts = [k for k in fields if k not in names and isinstance(fields[k], (str, list))]
    if not texts:
        raise ValueError("its fields have no candidates.")
    return _text(fields[names[0]]), [
        DraftCandidate(text=_answer(fields[k]), source=str(facts.get(f"{k}_model", k)))
        for k in texts
    ]


def _candidate(item: Any, model: Any) -> DraftCandidate:
    if isinstance(item, dict) and "role" not in item:
        text = item.get("text", item.get("completion", item.get("content", "")))
        model = item.get("source", item.get("model", model))
        return DraftCandidate(text=_answer(text), source=str(model or ""))
    return DraftCandidate(text=_answer(item), source=str(model or ""))


def _text(value: Any) -> str:
    """A prompt as text: a string, or messages one under the other with who speaks."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, dict):
        value = [value]
    if isinstance(value, list):
        if len(value) == 1:
            return _content(value[0])
        return "\n\n".join(f"{m['role']}: {_content(m)}" for m in value)
    raise ValueError("its prompt is no text.")


def _answer(value: Any) -> str:
    """A completion as text; of several messages the last one."""
    found = value if isinstance(value, str) else _content(value[-1] if value else {})
    if isinstance(value, dict):
        found = _content(value)
    if not found.strip():
        raise ValueError("a candidate is empty.")
    return found.strip()


def _content(message: Any) -> str:
    if isinstance(message, str):
        return message.strip()
    content = message["content"]
    if isinstance(content, list):  # parts; only text can be shown
        content = "\n".join(p["text"] for p in content if p.get("type", "text") == "text")
    if not isinstance(content, str):
        raise ValueError("a message has no text.")
    return content.strip()


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return "it is no JSON."
    if type(error) is ValueError:
        return str(error)
    return "it has another form than expected."


def _without_doubles(
    found: Sequence[DraftCandidate], notes: list[str], where: str
) -> list[DraftCandidate]:
    """Identical texts once: nobody can say which of them is better."""
    kept: dict[str, DraftCandidate] = {}
    for item in found:
        old = kept.get(item.text)
        if old is None:
            kept[item.text] = item
        elif item.source and item.source not in old.source.split(" + "):
            source = " + ".join(s for s in (old.source, item.source) if s)
            kept[item.text] = DraftCandidate(text=item.text, source=source)
    if len(kept) < len(found):
        notes.append(f"{where}: {len(found) - len(kept)} of {len(found)} texts are the same.")
    return list(kept.values())


def _short(text: str) -> str:
    line = text.strip().splitlines()[0] if text.strip() else "No prompt"
    return line if len(line) <= 40 else line[:39] + "…"


# --- regions


def _regions_words(room: Workspace, case_id: str, class_id: int | None) -> str:
    schema = room.schema(case_id)
    if class_id is None or schema is None:
        return "Which outline fits better?"
    return f"Which outline of the {schema.label_class(class_id).name.lower()} fits better?"


def _joined(source: str, parts: Sequence[DraftCandidate]) -> DraftCandidate:
    return DraftCandidate(
        source=source,
        regions=tuple(r for p in parts for r in p.regions),
        runs=tuple(r for p in parts for r in p.runs),
    )


def _of_annotation(
    room: Workspace, region: Annotation, parts: Sequence[MaskSlice]
) -> DraftCandidate:
    kept = CandidateRegion(class_id=region.label.class_id, schema_id=region.schema_id)
    if isinstance(region.geometry, Mask):
        frames = tuple(_frame(p) for p in sorted(parts, key=lambda p: p.frame.key))
        return DraftCandidate(regions=(replace(kept, frames=frames),), runs=_runs(room, frames))
    return _shaped(room, kept, region.geometry, region.target.frame)


def _of_proposal(room: Workspace, proposal: Proposal) -> DraftCandidate:
    assert proposal.label is not None
    kept = CandidateRegion(class_id=proposal.label.class_id, schema_id=proposal.schema_id)
    if proposal.frames:
        frames = proposal.frames
        return DraftCandidate(regions=(replace(kept, frames=frames),), runs=_runs(room, frames))
    return _shaped(room, kept, proposal.geometry, proposal.target.frame)


def _shaped(
    room: Workspace, kept: CandidateRegion, geometry: Geometry | None, frame: FrameRef | None
) -> DraftCandidate:
    """A shape with its pixels, so that whoever gets the masks needs no image to make them."""
    kept = replace(kept, geometry=geometry, frame=frame)
    if geometry is None or frame is None or isinstance(geometry, Mask):
        return DraftCandidate(regions=(kept,))
    image = room.instance(frame.instance_id)
    mask = shape_mask(geometry, image.rows, image.columns)
    if not mask.any():
        return DraftCandidate(regions=(kept,))
    runs = encode_runs(mask)
    part = ProposedFrame(
        frame=frame,
        rows=image.rows,
        columns=image.columns,
        runs=runs_digest(runs),
        bounds=mask_bounds(mask),
        area_px=int(mask.sum()),
    )
    return DraftCandidate(regions=(replace(kept, frames=(part,)),), runs=(runs,))


def _frame(part: MaskSlice) -> ProposedFrame:
    return ProposedFrame(
        frame=part.frame,
        rows=part.rows,
        columns=part.columns,
        runs=part.runs,
        bounds=part.bounds,
        area_px=part.area_px,
        pixels_sha256=part.pixels_sha256,
    )


def _runs(room: Workspace, frames: Sequence[ProposedFrame]) -> tuple[bytes, ...]:
    return tuple(queries.runs(room._read, f.runs) for f in frames)


def checked(drafts: Drafts) -> Drafts:
    """The drafts, if there is something to judge in them; UserError with the notes otherwise."""
    if not drafts.prompts:
        raise UserError("There is nothing to judge.", " ".join(drafts.notes[:3]))
    return drafts
