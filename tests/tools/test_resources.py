"""The schemas and label colours that come with the application."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from desktop.domain.record import from_json, to_plain
from desktop.domain.schema import (
    AnswerValue,
    Question,
    QuestionKind,
    Schema,
    Scope,
    shown_questions,
)
from desktop.domain.schema_check import check_schema
from desktop.workspace.schemas.codes import find_codes, read_pack

RESOURCES = Path(__file__).resolve().parents[2] / "resources"
SCHEMAS = sorted((RESOURCES / "schemas").glob("*.json"))
PACKS = sorted((RESOURCES / "codes").glob("*.json"))
CHOSEN = (
    QuestionKind.CHOICE,
    QuestionKind.MULTIPLE,
    QuestionKind.TREE,
    QuestionKind.RANKING,
)
TOOLS = {"box", "polygon", "freehand", "ellipse", "point", "ruler", "brush", "eraser"}

# Linear RGB as seen with one kind of cone missing (deutan: severity 0.8 to 1.0 alike).
# Source: Machado, Oliveira, Fernandes 2009, doi:10.1109/TVCG.2009.113, severity 1.0.
EYES = {
    "usual": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
# What lies under a label: haematoxylin, eosin, DAB brown, and the fundus.
STAINS = ["#E8C8DC", "#B87BB0", "#6B4C9A", "#8A5A3A", "#C8642A"]


def palette() -> list[str]:
    text = (RESOURCES / "palette.json").read_text(encoding="utf-8")
    return [entry["color"] for entry in json.loads(text)["colors"]]


def oklab(colour: str, eye: str = "usual") -> np.ndarray:
    """Perceptual coordinates of "#RRGGBB". Source: Ottosson 2020, Oklab."""
    srgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255.0
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.asarray(EYES[eye]) @ linear, 0, 1)
    lms = np.cbrt(
        np.array(
            [
                [0.4122214708, 0.5363325363, 0.0514459929],
                [0.2119034982, 0.6806995451, 0.1073969566],
                [0.0883024619, 0.2817188376, 0.6299787005],
            ]
        )
        @ seen
    )
    return (
        np.array(
            [
                [0.2104542553, 0.7936177850, -0.0040720468],
                [1.9779984951, -2.4285922050, 0.4505937099],
                [0.0259040371, 0.7827717662, -0.8086757660],
            ]
        )
        @ lms
    )


def test_oklab_gives_the_published_white_and_red() -> None:
    assert np.allclose(oklab("#FFFFFF"), [1, 0, 0], atol=1e-4)
    assert np.allclose(oklab("#FF0000"), [0.62796, 0.22486, 0.12585], atol=1e-4)


@pytest.mark.parametrize("eye", EYES)
def test_any_two_label_colours_stay_apart(eye: str) -> None:
    assert len(palette()) == 12
    nearest = min(
        float(np.linalg.norm(oklab(a, eye) - oklab(b, eye))) for a, b in combinations(palette(), 2)
    )
    assert nearest > 0.09  # four times what is just noticeable, about 0.02


def test_label_colours_stay_apart_from_what_lies_under_them() -> None:
    greys = [f"#{g:02X}{g:02X}{g:02X}" for g in range(0, 256, 5)]
    for colour in palette():
        for under in greys + STAINS:
            assert np.linalg.norm(oklab(colour) - oklab(under)) > 0.065, (colour, under)


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda p: p.stem)
def test_a_schema_is_sound(path: Path) -> None:
    schema = from_json(path.read_bytes(), Schema)
    check_schema(schema)
    assert path.stem == schema.name
    assert schema.classes or schema.questions
    assert schema.guidelines
    assert {c.color for c in schema.classes} <= set(palette())
    assert len({c.color for c in schema.classes}) == len(schema.classes)
    assert {t for c in schema.classes for t in c.tools} <= TOOLS
    assert all((c.code is None) == (c.category is None) for c in schema.classes)


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda p: p.stem)
def test_questions_can_be_answered_and_conditions_can_come_true(path: Path) -> None:
    schema = from_json(path.read_bytes(), Schema)
    for question in schema.questions:
        chosen = question.kind in CHOSEN
        assert chosen == bool(question.choices), question.id
        assert set(question.class_ids) <= {c.id for c in schema.classes}
        assert not question.class_ids or question.scope is Scope.REGION
    everything = {q.id for q in schema.questions}
    for scope in Scope:
        mine = [q for q in schema.questions if q.scope is scope]
        assert everything - hidden_for_ever(mine) == everything, scope


def hidden_for_ever(questions: list[Question]) -> set[str]:
    """Ids of questions that no answers bring to light, tried with every single answer in turn."""
    seen: set[str] = set()
    tries: list[dict[str, AnswerValue]] = [{}]
    for _ in range(4):  # as deep as conditions go
        further = []
        for answers in tries:
            for question in shown_questions(questions, answers):
                if question.id not in seen:
                    seen.add(question.id)
                    further += [answers | {question.id: a} for a in possible(question)]
        tries = further
    return {q.id for q in questions} - seen


def possible(question: Question) -> list[AnswerValue]:
    """One answer after the other that the question takes."""
    if question.kind is QuestionKind.YES_NO:
        return [True, False]
    if question.kind in (QuestionKind.NUMBER, QuestionKind.RATING):
        low, high = question.minimum, question.maximum
        return [1.0 if low is None else low, 5.0 if high is None else high]
    if question.kind is QuestionKind.MULTIPLE:
        return [(c,) for c in question.paths()]
    if question.kind is QuestionKind.RANKING:
        return [tuple(question.paths())]
    return [*question.paths()] or ["words"]


def test_there_is_a_ready_schema_for_the_usual_work() -> None:
    names = {p.stem for p in SCHEMAS}
    wanted = {"lung-nodule-screening", "chest-radiograph-findings", "brain-mr-lesion"}
    wanted |= {"echo-view-quality", "breast-density", "tissue-region"}
    wanted |= {"generic-detection", "generic-segmentation", "generic-classification"}
    assert wanted <= names


@pytest.mark.parametrize("path", PACKS, ids=lambda p: p.stem)
def test_a_code_pack_names_its_licence_and_its_source(path: Path) -> None:
    pack = read_pack(path)
    assert pack.name == path.stem and len(pack.license) > 40 and pack.source
    terms = [(e.scheme, e.value) for e in pack.codes]
    assert len(set(terms)) == len(terms) >= 10
    assert {e.category for e in pack.codes if e.category} <= {c.value for c in pack.categories}
    for entry in pack.codes:
        assert entry.code in [
            found.code for found in find_codes(f"{entry.scheme} {entry.value}", 40)
        ]


def test_every_code_is_one_that_dicom_names() -> None:
    from pydicom.sr.codedict import codes
    from pydicom.sr.coding import Code

    words = [getattr(codes.SCT, name) for name in dir(codes.SCT)]
    known = {(w.value, w.meaning.casefold()) for w in words if isinstance(w, Code)}
    found = list(_codes([to_plain(from_json(p.read_bytes(), Schema)) for p in SCHEMAS]))
    assert found
    for code in found:
        assert code["scheme"] == "SCT"
        assert (code["value"], code["meaning"].casefold()) in known, code


def _codes(part: object) -> list[dict[str, str]]:
    if isinstance(part, dict):
        if "scheme" in part:
            return [part]
        return [code for value in part.values() for code in _codes(value)]
    if isinstance(part, (list, tuple)):
        return [code for value in part for code in _codes(value)]
    return []
