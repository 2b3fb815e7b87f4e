"""The data card: what is in a bundle, for people."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from desktop.exchange.coco import RULE
from desktop.exchange.exporter import Note, Part
from desktop.exchange.facts import BundleFacts
from desktop.exchange.snapshot import Snapshot

LOADING = """\
import csv, gzip, json, numpy as np
manifest = json.load(open("manifest.json", encoding="utf-8"))
rows = csv.DictReader(open("tables/images.csv", encoding="utf-8"))
images = {row["frame_key"]: row for row in rows}      # file_sha256 leads to the image file
for part in manifest["parts"]:
    if part["format"] == "nifti":                     # class ids at (column, row, slice)
        raw, facts = gzip.open(part["path"]).read(), part["facts"]
        kind = {2: "<u1", 512: "<u2", 8: "<i4"}[raw[70] + 256 * raw[71]]
        labels = np.frombuffer(raw, kind, offset=352).reshape(facts["shape"], order="F")
        files = [images[key]["file_sha256"] for key in facts["frames"]]  # slice by slice
"""


def card_markdown(
    snapshot: Snapshot,
    facts: BundleFacts,
    *,
    parts: Sequence[Part],
    notes: Sequence[Note],
    compared: Mapping[str, int],
    privacy: Mapping[str, str],
) -> str:
    """The card as Markdown."""
    lines = [
        *_head_section(snapshot, facts),
        *_label_section(snapshot, facts),
        *_image_section(facts),
        *_file_section(parts, compared),
        *_limit_section(notes, {**privacy, "text": facts.pixel_text_sentence}),
        "## Load it",
        "",
        *("    " + line for line in LOADING.splitlines()),
    ]
    return "\n".join(lines) + "\n"


def card_html(markdown: str, snapshot: Snapshot) -> str:
    """The card as one page without scripts; all text is escaped."""
    body: list[str] = []
    state = ""
    for line in markdown.splitlines():
        kind = _kind_of(line)
        if state != kind and state:
            body.append(_CLOSE[state])
        if state != kind and kind:
            body.append(_OPEN[kind])
        state = kind
        body += _html_line(line, kind)
    if state:
        body.append(_CLOSE[state])
    title = html.escape(snapshot.title)
    return _PAGE.format(title=title, body="\n".join(body))


def _head_section(snapshot: Snapshot, facts: BundleFacts) -> Iterator[str]:
    yield f"# {_plain(snapshot.title)}"
    yield ""
    yield (
        f"Labels of {facts.cases} cases from {len(facts.patients)} patients, made with Reading "
        f"Room {snapshot.app_version}, exported {snapshot.created_utc}. "
        f"Bundle {snapshot.bundle_id}, project {snapshot.project_id}."
    )
    yield ""
    if facts.synthetic:
        yield (
            f"{facts.synthetic} of the cases are SYNTHETIC: made-up images, for training only. "
            "They are listed in manifest.json under `synthetic` and marked in every format."
        )
        yield ""
    if snapshot.parts:
        parts = Counter(snapshot.parts[c.id] for c in snapshot.cases if c.id in snapshot.parts)
        said = ", ".join(f"{n} {name}" for name, n in sorted(parts.items()))
        yield f"Split by patient: {said}. The part of each case is in manifest.json under `split`."
        yield ""
    yield "## Check it first"
    yield ""
    yield "    python verify_bundle.py"
    yield ""
    yield (
        "It ends with 0 and prints the key of the signer, or names every fault. Compare the key "
        "with the one you were given by other means: --key HEX does it for you."
    )
    yield ""


def _label_section(snapshot: Snapshot, facts: BundleFacts) -> Iterator[str]:
    yield "## Labels"
    yield ""
    yield "| schema | class id | class | annotations | cases | prevalence |"
    yield "|---|---|---|---|---|---|"
    for schema_id, classes in facts.classes(snapshot).items():
        for class_id, row in classes.items():
            yield (
                f"| {schema_id} | {class_id} | {_plain(row['name'])} | {row['annotations']} "
                f"| {row['cases']} | {row['prevalence']:.1%} |"
            )
    yield ""
    yield (
        f"Explicit negatives (a reader said there is nothing to find): {facts.no_finding}. "
        "Prevalence is the share of the cases read with the schema that have such an annotation; "
        "cases that nobody read count as cases."
    )
    yield ""
    yield "| reader | annotations | cases done |"
    yield "|---|---|---|"
    for reader in sorted({*facts.by_reader, *facts.done_by_reader}):
        yield f"| {reader} | {facts.by_reader[reader]} | {facts.done_by_reader[reader]} |"
    yield ""
    yield "| origin | annotations |"
    yield "|---|---|"
    for origin, count in sorted(facts.origins.items()):
        yield f"| {origin} | {count} |"
    yield ""


def _image_section(facts: BundleFacts) -> Iterator[str]:
    yield "## Images"
    yield ""
    yield (
        f"{facts.images} frames in {len(facts.series)} series; {facts.annotated_images} carry an "
        "annotation. The bundle holds no images: join by `file_sha256` or `sop_instance_uid` in "
        "tables/images.csv, and split by `patient`. Photographs are labelled upright: apply their "
        "EXIF orientation when loading. Stored pixel values are not part of a label; "
        "`pixels_sha256` names the decoded frame that was drawn on."
    )
    yield ""
    yield "| calibration | series |"
    yield "|---|---|"
    for source, count in sorted(facts.calibrations.items()):
        yield f"| {source} | {count} |"
    yield ""
    warned = [s for s in facts.series if s["warnings"]]
    if warned:
        yield "Series with warnings:"
        yield ""
        for series in warned:
            yield f"- {series['series_id']}: {' '.join(series['warnings'])}"
        yield ""


def _file_section(parts: Sequence[Part], compared: Mapping[str, int]) -> Iterator[str]:
    yield "## Files"
    yield ""
    yield "| format | files | voxels read back and compared |"
    yield "|---|---|---|"
    formats = [p.format for p in parts]
    for name in sorted(set(formats)):
        voxels = f"{compared[name]:,}" if compared.get(name) else ""
        yield f"| {name} | {formats.count(name)} | {voxels} |"
    yield ""
    yield RULE.replace("`", "")
    yield ""


def _limit_section(notes: Sequence[Note], privacy: Mapping[str, str]) -> Iterator[str]:
    yield "## Privacy"
    yield ""
    for subject, text in privacy.items():
        if subject != "method":
            yield f"- {text}"
    yield ""
    yield "## Known limits"
    yield ""
    yield "- A signature says who made the bundle, not that the labels are right."
    yield "- Answers to questions that were hidden when the bundle was made are not in the tables."
    yield "- NIfTI and label pictures hold classes, not single annotations; COCO and SEG hold both."
    yield (
        "- A DICOM segmentation gives a slice thickness also where the source image gives none: "
        "the distance between slices, or 1 mm for a single one."
    )
    yield "- COCO entries are never crowds (iscrowd is 0): one entry is one region on one frame."
    places: dict[tuple[str, str], list[str]] = {}
    for note in notes:
        places.setdefault((note.format, note.sentence), []).append(note.about)
    for (name, sentence), found in sorted(places.items()):
        where = found[0] if len(found) == 1 else f"{len(found)} times, listed in manifest.json"
        yield f"- {name}: {_plain(sentence)} ({where})"
    yield ""


def _plain(text: str) -> str:
    """Text that can't break a Markdown table or become HTML."""
    return " ".join(text.replace("|", "/").replace("<", "(").replace(">", ")").split())


def _kind_of(line: str) -> str:
    if line.startswith("|"):
        return "table"
    if line.startswith("    "):
        return "code"
    if line.startswith("- "):
        return "list"
    return ""


def _html_line(line: str, kind: str) -> list[str]:
    if kind == "table":
        if set(line) <= set("|-"):
            return []
        cells = "".join(f"<td>{html.escape(c.strip())}</td>" for c in line.strip("|").split("|"))
        return [f"<tr>{cells}</tr>"]
    if kind == "code":
        return [html.escape(line[4:])]
    if kind == "list":
        return [f"<li>{html.escape(line[2:])}</li>"]
    level = len(line) - len(line.lstrip("#"))
    if level:
        return [f"<h{level}>{html.escape(line[level:].strip())}</h{level}>"]
    return [f"<p>{html.escape(line)}</p>"] if line else []


_OPEN = {"table": "<table>", "code": "<pre>", "list": "<ul>"}
_CLOSE = {"table": "</table>", "code": "</pre>", "list": "</ul>"}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; }}
table {{ border-collapse: collapse; margin: 1em 0; }}
td {{ border: 1px solid #bbb; padding: 2px 10px; }}
tr:first-child {{ font-weight: 600; }}
pre {{ background: #f4f4f4; padding: 1em; overflow: auto; }}
</style></head><body>
{body}
</body></html>
"""
