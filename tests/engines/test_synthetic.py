"""Made-up images: exact labels, the same bytes every time, lesions where they belong."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.domain.errors import PluginProblem, UserError
from desktop.engines.synthesis import synthetic
from desktop.engines.synthesis.synthetic import blob, make


@pytest.mark.parametrize("item", synthetic.generators(), ids=lambda g: g.name)
def test_every_generator_is_seeded_and_its_labels_fit_its_classes(item) -> None:  # type: ignore[no-untyped-def]
    first, again, other = (make(item.name, seed, side=128) for seed in (3, 3, 4))
    assert first.values_yx.tobytes() == again.values_yx.tobytes()
    assert first.labels_yx.tobytes() == again.labels_yx.tobytes()
    assert first.facts == again.facts and first.facts["seed"] == "3"
    assert first.values_yx.tobytes() != other.values_yx.tobytes()
    assert first.values_yx.shape == first.labels_yx.shape == (128, 128)
    assert int(first.labels_yx.max()) <= len(item.classes)
    assert first.values_yx.dtype == np.uint16 and len(np.unique(first.values_yx)) > 50


@settings(max_examples=40)
@given(
    x=st.floats(60, 140),
    y=st.floats(60, 140),
    radius=st.floats(10, 50),
)
def test_the_label_of_a_circle_has_the_circles_area(x: float, y: float, radius: float) -> None:
    cover = blob(200, (x, y), (radius, radius))
    area = np.pi * radius**2
    assert cover.sum() == pytest.approx(area, rel=0.005)
    quarter = 0.25 * 2 * np.pi * radius  # a centre on a grid point has all its rim pixels alike
    assert (cover >= 0.5).sum() == pytest.approx(area, abs=quarter)


@pytest.mark.parametrize("radius", [10.0, 10.5, 17.0, 40.0])
def test_over_many_centres_the_label_has_the_circles_area_within_one_percent(radius: float) -> None:
    centres = np.random.default_rng(0).uniform(60, 140, (40, 2))
    found = [(blob(200, (x, y), (radius, radius)) >= 0.5).sum() for x, y in centres]
    assert np.mean(found) == pytest.approx(np.pi * radius**2, rel=0.01)


@pytest.mark.parametrize("name", ["ct-phantom", "mr-phantom", "us-phantom"])
def test_every_lesion_lies_inside_its_organ_and_has_its_number(name: str) -> None:
    for seed in range(8):
        clean = make(name, seed, values={"number": 0})
        made = make(name, seed, values={"number": 4, "size": 3})
        lesion = made.labels_yx == 2
        assert lesion.any()
        assert (clean.labels_yx[lesion] == 1).all()
        assert ((made.instances_yx > 0) == lesion).all()


def test_a_slider_does_what_it_says() -> None:
    dull = make("ct-phantom", 1, values={"noise": 0.0, "contrast": 0.02})
    clear = make("ct-phantom", 1, values={"noise": 0.0, "contrast": 0.4})

    def step(made: synthetic.Made) -> float:
        means = [made.values_yx[made.labels_yx == k].mean() for k in (1, 2)]
        return float(means[0] - means[1])

    assert step(clear) > 5 * step(dull) > 0
    noisy = make("ct-phantom", 1, values={"noise": 0.2})
    air = np.s_[:12, :12]
    assert noisy.values_yx[air].std() > 5 * max(1.0, clear.values_yx[air].std())
    with pytest.raises(UserError, match="range"):
        make("ct-phantom", 1, values={"contrast": 9.0})
    with pytest.raises(UserError, match="known"):
        make("nothing", 1)


def test_two_generators_can_not_share_a_name() -> None:
    class Other(synthetic.CtPhantom):
        pass

    synthetic.generators()
    with pytest.raises(PluginProblem):
        synthetic.register(Other())
