"""A layer of classes shows names and probabilities; a click reconstructs for that class."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

import deconvscope as ds

from .notebook import Notebook
from .oracle import Oracle
from .shown_explorer import ShownExplorer

pytestmark = pytest.mark.browser

LAYER = "classifier.1"


@pytest.fixture
def classes(notebook: Notebook) -> Iterator[ShownExplorer]:
    yield notebook.show(f"ex = ds.Explorer('mobilenet_v2', layer='{LAYER}')\nex")


@pytest.fixture(scope="session")
def mobilenet() -> tuple[ds.Model, ds.Recording]:
    model = ds.load_model("mobilenet_v2")
    return model, ds.ReversedNetwork(model.network).record(
        model.preprocess(ds.sample_image("chelsea"))
    )


def test_the_likeliest_classes_come_first_with_their_probabilities(
    classes: ShownExplorer, mobilenet: tuple[ds.Model, ds.Recording]
) -> None:
    model, recording = mobilenet
    likeliest = torch.softmax(recording[LAYER], 0).topk(5)
    rows = classes.root.locator(".dcs-classes button[data-class]")
    assert model.categories is not None
    for row, (probability, channel) in enumerate(
        zip(likeliest.values.tolist(), likeliest.indices.tolist(), strict=True)
    ):
        assert rows.nth(row).get_attribute("data-class") == str(channel)
        text = rows.nth(row).inner_text()
        assert model.categories[channel] in text
        assert f"{100 * probability:.0f}" in text or f"{100 * probability:.1f}" in text, text
    assert model.categories[likeliest.indices[0]] in classes.status


def test_a_click_on_a_class_reverses_its_score(
    classes: ShownExplorer, mobilenet: tuple[ds.Model, ds.Recording]
) -> None:
    _, recording = mobilenet
    second = int(recording[LAYER].topk(2).indices[1])
    before = classes.shown
    classes.root.locator(".dcs-classes button[data-class]").nth(1).click()
    classes.answered(before)
    assert classes.neuron == f"{LAYER}/{second}"
    Oracle(recording).assert_drawn(ds.Neuron(LAYER, second), "TTT", *classes.pixels("TTT"))


def test_a_class_is_found_by_its_name(
    classes: ShownExplorer, mobilenet: tuple[ds.Model, ds.Recording]
) -> None:
    model, _ = mobilenet
    assert model.categories is not None
    name = "espresso"
    before = classes.shown
    classes.root.locator(".dcs-find").fill(name)
    rows = classes.root.locator(".dcs-classes button[data-class]")
    classes.wait(lambda: 0 < rows.count() < 10, "few rows")
    classes.page.keyboard.press("Enter")
    classes.answered(before)
    channel = int(classes.neuron.split("/")[1])
    assert name in model.categories[channel]
