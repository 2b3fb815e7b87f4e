"""Every kind of rule, built-in or of a plugin, keeps the same contract; then each by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pytest

from desktop.domain.errors import UserError
from desktop.domain.schema import AnswerValue, Scope
from desktop.engines.agreement.region_size import region_size
from desktop.engines.learning.image_sketch import LENGTH, distances, sketch
from desktop.engines.rules.rule_kinds import (
    Asks,
    Need,
    RuleKind,
    completed,
    rule_kind,
    rule_kinds,
)
from desktop.engines.rules.rule_subject import Example, Picture, RegionFacts, Said, Score
from desktop.engines.rules.rules_in_code import labeling_function
from desktop.engines.rules.rules_on_images import symmetry
from desktop.engines.rules.rules_on_tags import tag_number
from desktop.workspace.plugins import load_plugins
from desktop.workspace.settings import Settings
from tests.conftest import take_plugin_formats_out


class MadeItem:
    """A subject with what a test gives it, that counts what it is asked for."""

    def __init__(self, level: Scope = Scope.STUDY, **given: object) -> None:
        self.level = level
        self._given = given
        self.asked: set[str] = set()

    def _get(self, name: str, otherwise: object) -> object:
        self.asked.add(name)
        return self._given.get(name, otherwise)

    def tags(self) -> Mapping[str, tuple[str, ...]] | None:
        return self._get("tags", None)  # type: ignore[return-value]

    def report(self) -> str | None:
        return self._get("report", None)  # type: ignore[return-value]

    def pictures(self, which: str = "middle") -> Iterator[Picture]:
        yield from self._get("pixels", ())  # type: ignore[misc]

    def regions(self) -> Sequence[RegionFacts]:
        return self._get("regions", ())  # type: ignore[return-value]

    def scores(self) -> Sequence[Score]:
        return self._get("scores", ())  # type: ignore[return-value]

    def answers(self) -> Sequence[Said]:
        return self._get("answers", ())  # type: ignore[return-value]

    def examples(self) -> Sequence[Example] | None:
        return self._get("examples", None)  # type: ignore[return-value]


def full_item() -> MadeItem:
    return MadeItem(
        tags={"Modality": ("CT",)},
        report="A small nodule.",
        pixels=(Picture(np.ones((4, 4), np.float32)),),
        regions=(RegionFacts(class_id=1, score=0.9, area_mm2=20.0, diameter_mm=5.0),),
        scores=(Score(0.9, class_id=1),),
        answers=(Said("a", "yes"),),
        examples=(Example(0.1, "yes"),),
    )


load_plugins(Settings())  # those that ship with the app
take_plugin_formats_out()
KINDS = rule_kinds()


def ask(name: str, item: MadeItem, **parameters: AnswerValue) -> object:
    kind = rule_kind(name)
    return kind.judge(completed(kind, parameters), item)


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.name)
def test_every_kind_explains_itself_and_keeps_to_what_it_needs(kind: RuleKind) -> None:
    assert kind.title[0].isupper() and kind.summary.endswith(".")
    assert kind.levels and kind.needs and kind.version >= 1
    defaults = completed(kind, {})
    assert kind.sentence(defaults)
    for field in kind.fields:
        assert field.title and (field.asks is not Asks.CHOICE or field.choices)
        if field.only_if is not None:
            other, values = field.only_if
            choices = next(f for f in kind.fields if f.name == other).choices
            assert set(values) <= {key for key, _ in choices}
    for item in (MadeItem(), full_item()):
        judged = kind.judge(defaults, item)
        assert judged is None or isinstance(judged, (bool, str))
        assert not kind.names_label or not isinstance(judged, bool)
        assert {Need(name) for name in item.asked} <= kind.needs
        assert kind.judge(defaults, item) == judged
    assert kind.judge(defaults, MadeItem()) is None or Need.REGIONS in kind.needs


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.name)
def test_parameters_that_do_not_fit_are_refused(kind: RuleKind) -> None:
    with pytest.raises(UserError):
        completed(kind, {"no such thing": 1.0})
    for field in kind.fields:
        wrong: AnswerValue = 3.0 if field.asks is not Asks.NUMBER else "three"
        asked = {field.only_if[0]: field.only_if[1][0]} if field.only_if else {}
        with pytest.raises(UserError, match="does not fit"):
            completed(kind, {**asked, field.name: wrong})
        if field.asks is Asks.NUMBER and field.maximum < 1e9:
            with pytest.raises(UserError):
                completed(kind, {**asked, field.name: field.maximum + 1})


@pytest.mark.parametrize(
    ("test", "value", "found"),
    [
        ("is", "CT", True), ("is", "ct, MR", True), ("is", "MR", False),
        ("contains", "C", True), ("present", "", True),
    ],
)  # fmt: skip
def test_tags_are_compared(test: str, value: str, found: bool) -> None:
    item = MadeItem(tags={"Modality": ("CT",)})
    assert ask("dicom-tag", item, tag="Modality", test=test, value=value) is found


def test_ages_and_numbers_of_tags_are_compared_as_numbers() -> None:
    item = MadeItem(tags={"PatientAge": ("063Y",), "SliceThickness": ("2.50",)})
    assert ask("dicom-tag", item, tag="PatientAge", test="at-least", value="60") is True
    assert ask("dicom-tag", item, tag="PatientAge", test="at-most", value="60") is False
    assert ask("dicom-tag", item, tag="SliceThickness", test="is", value="2.5") is True
    assert tag_number("018M") == 1.5 and tag_number("CT") is None
    with pytest.raises(ValueError, match="not a number"):
        ask("dicom-tag", item, tag="PatientAge", test="at-least", value="old")


def test_without_the_tag_nothing_can_be_said_but_that_it_is_missing() -> None:
    assert ask("dicom-tag", MadeItem(tags={}), tag="KVP", value="120") is None
    assert ask("dicom-tag", MadeItem(tags={}), tag="KVP", test="present") is False
    assert ask("dicom-tag", MadeItem(tags=None), tag="KVP", test="present") is None


@pytest.mark.parametrize(
    ("report", "stated"),
    [
        ("A nodule in the left lung.", True),
        ("No nodule.", False),
        ("No evidence of a pulmonary nodule.", False),
        ("There is no pleural effusion. Nodule in segment 6.", True),
        ("No effusion, but a nodule is seen.", True),
        ("Without any sign of infiltrate, mass or nodule.", False),
        ("A nodule was ruled out.", False),
        ("Nodule is unlikely.", False),
        ("Several nodules.", True),
        ("Nodular change.", False),
        ("Kein Nodule.", False),
        ("Not the first time a long sentence names at its very end a nodule.", True),
        ("", None),
        ("  \n", None),
    ],
)
def test_words_of_a_report_and_their_denial(report: str, stated: bool | None) -> None:
    item = MadeItem(report=report)
    assert ask("report-words", item, words=("nodule", "nodules")) is stated


def test_denied_mentioned_patterns_and_endings() -> None:
    denied = MadeItem(report="No nodule. No mass.")
    both = MadeItem(report="No nodule on the right. A nodule on the left.")
    assert ask("report-words", denied, words=("nodule",), mode="denied") is True
    assert ask("report-words", both, words=("nodule",), mode="denied") is False
    assert ask("report-words", denied, words=("nodule",), mode="mentioned") is True
    assert ask("report-words", both, words=("nod*",)) is True
    assert ask("report-words", both, words=(r"nodule\s+on the (left|right)",), pattern=True) is True
    assert ask("report-words", denied, words=("nodule",), window=0.0) is True
    with pytest.raises(UserError, match="can't be read"):
        ask("report-words", both, words=("(",), pattern=True)


def test_pixel_values_are_measured() -> None:
    values = np.zeros((10, 10), np.float32)
    values[:, 5:] = 100.0
    item = MadeItem(pixels=(Picture(values, "HU", (2.0, 0.5)),))

    def holds(measure: str, limit: float, **more: AnswerValue) -> object:
        return ask("image-statistic", item, measure=measure, limit=limit, **more)

    assert holds("mean", 50.0) is True and holds("mean", 50.1) is False
    assert holds("mean", 50.0, compare="at-most") is True
    assert holds("share-above", 50.0, above=10.0) is True
    assert holds("area-above", 50.0, above=10.0) is True
    assert holds("area-above", 50.1, above=10.0) is False  # 50 pixels of 1 mm²
    assert holds("percentile", 100.0, percent=60.0) is True
    assert holds("spread", 50.0) is True
    assert symmetry(values) == pytest.approx(-1.0)
    assert symmetry(np.ones((3, 3), np.float32)) is None
    mask = np.zeros((10, 10), np.bool_)
    mask[0, :5] = True
    part = MadeItem(Scope.REGION, pixels=(Picture(values, mask_yx=mask),))
    assert ask("image-statistic", part, measure="mean", limit=0.1) is False


def test_of_several_images_one_number_is_made() -> None:
    item = MadeItem(pixels=[Picture(np.full((2, 2), v, np.float32)) for v in (1, 2, 6)])
    for combine, found in (("largest", 6.0), ("smallest", 1.0), ("mean", 3.0)):
        assert ask("image-statistic", item, limit=found, combine=combine) is True
        assert ask("image-statistic", item, limit=found + 0.1, combine=combine) is False


def test_regions_are_measured_in_the_patient_or_not_at_all() -> None:
    drawn = RegionFacts(class_id=1, reader_id="a", area_mm2=30.0, diameter_mm=7.0)
    drafted = RegionFacts(class_id=2, score=0.7, diameter_px=9.0)
    item = MadeItem(regions=(drawn, drafted))
    assert ask("region-measure", item, whose="drawn", measure="diameter", limit=6.0) is True
    assert ask("region-measure", item, whose="suggested", measure="diameter", limit=6.0) is None
    assert ask("region-measure", item, whose="any", measure="count", limit=2.0) is True
    assert ask("region-measure", item, whose="any", measure="count", limit=2.0, class_id="2") is (
        False
    )
    assert ask("region-measure", MadeItem(), measure="count", limit=1.0) is False


def test_a_score_between_the_bands_is_silence() -> None:
    for value, judged in ((0.85, True), (0.5, ""), (0.1, False)):
        item = MadeItem(scores=(Score(value, class_id=3, tool="Nodule net"),))
        assert ask("score-band", item, class_id="3", tool="nodule") == judged
        assert ask("score-band", item, class_id="4") is None
    with pytest.raises(UserError, match="below"):
        ask("score-band", MadeItem(), low=0.9, high=0.5)


def test_what_readers_say() -> None:
    item = MadeItem(answers=(Said("a", "yes"), Said("b", "no"), Said("c", "yes")))
    assert ask("reader-says", item) == "yes"
    assert ask("reader-says", item, reader="b") == "no"
    assert ask("reader-says", item, reader="z") is None
    assert ask("reader-says", MadeItem(answers=(Said("a", "yes"), Said("b", "no")))) == ""


def test_likeness_is_silent_far_away_and_where_neighbours_differ() -> None:
    near = [Example(0.2, "yes"), Example(0.4, "yes"), Example(0.5, "no"), Example(9.0, "no")]
    assert ask("likeness", MadeItem(examples=near), neighbours=2) == "yes"
    assert ask("likeness", MadeItem(examples=near), neighbours=3, agreement=70.0) == ""
    assert ask("likeness", MadeItem(examples=near), neighbours=3, agreement=60.0) == "yes"
    assert ask("likeness", MadeItem(examples=near), neighbours=4, reach=0.1) == ""
    assert ask("likeness", MadeItem(examples=None)) is None


def test_sketches_bring_like_to_like() -> None:
    random = np.random.default_rng(0)
    y, x = np.mgrid[:60, :90]
    ramps = [(x + random.normal(0, 4, x.shape)).astype(np.float32) * k for k in (1, 30)]
    disks = [
        ((((x - 45) ** 2 + (y - 30) ** 2) < r**2) * 80 + random.normal(0, 4, x.shape)).astype(
            np.float32
        )
        for r in (18, 21)
    ]
    table = np.stack([sketch(image) for image in (*ramps, *disks)])
    assert table.shape == (4, LENGTH) and np.isfinite(table).all()
    apart = distances(table, table)
    assert apart[0, 1] < apart[0, 2] and apart[2, 3] < apart[2, 0]
    assert np.allclose(np.diag(apart), 0.0, atol=1e-2)
    assert sketch(np.zeros((3, 2), np.float32)).shape == (LENGTH,)


def test_the_size_of_a_region() -> None:
    mask = np.zeros((30, 40), np.bool_)
    mask[10:14, 5:8] = True
    found = region_size(mask)
    assert (found.area, found.diameter) == (12.0, 5.0)
    assert region_size(mask, (0.5, 2.0)).area == 12.0
    assert region_size(mask, (0.5, 2.0)).diameter == pytest.approx(np.hypot(2.0, 6.0))
    assert region_size(np.zeros((3, 3), np.bool_)).diameter == 0.0
    disk = np.hypot(*(np.mgrid[:900, :900] - 449.5)) < 400
    assert region_size(disk).diameter == pytest.approx(800, abs=2)


def test_a_function_becomes_a_kind_and_what_it_gives_is_checked() -> None:
    @labeling_function(title="Wide")
    def wide(item: MadeItem) -> object:
        """Wider than high."""
        return next(item.pictures()).values_yx.shape[1] > 3

    assert (wide.name, wide.summary) == ("code:wide", "Wider than high.")
    assert wide.judge({}, full_item()) is True

    @labeling_function(title="Odd")
    def odd(item: MadeItem) -> object:
        return 1

    with pytest.raises(TypeError, match="gave a int"):
        odd.judge({}, full_item())
