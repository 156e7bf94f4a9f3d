"""A channel and a place mean the same neuron in maps, tokens, channels-last maps and windows."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable

import pytest
import torch
import torchvision
from torch import Tensor, nn

import deconvscope as ds

MODELS = torchvision.models


def small_vit() -> nn.Module:
    return MODELS.VisionTransformer(48, 8, 2, 2, 16, 32, num_classes=7)


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "vit": small_vit,
    "swin": lambda: MODELS.SwinTransformer([4, 4], 16, [2, 2], [2, 4], [4, 4], num_classes=5),
    "convnext": lambda: MODELS.convnext_tiny(weights=None, num_classes=5),
}


def shaken(make: Callable[[], nn.Module]) -> nn.Module:
    torch.manual_seed(0)
    network = make().double().eval()
    with torch.no_grad():
        for p in network.parameters():
            p.add_(0.2 * torch.randn_like(p))
    return network


def recorded(make: Callable[[], nn.Module]) -> tuple[nn.Module, Tensor, ds.Recording]:
    network, image = shaken(make), torch.rand(3, 48, 48, dtype=torch.double)
    return network, image, ds.ReversedNetwork(network).record(image)


@pytest.mark.parametrize("name", NETWORKS)
def test_salinet_is_the_gradient_of_the_element_at_that_place(name: str) -> None:
    network, image, rec = recorded(NETWORKS[name])
    generator = torch.Generator().manual_seed(1)
    modules = dict(network.named_modules())
    mapped = [n for n, layer in rec.layers.items() if n in modules and layer.layout is not None]
    assert len(mapped) > 20
    caught: dict[str, Tensor] = {}
    for n in mapped:
        modules[n].register_forward_hook(
            lambda _m, _i, y, n=n: caught.update({n: y[0] if isinstance(y, tuple) else y})
        )
    leaf = image[None].clone().requires_grad_()
    network(leaf)
    for n in mapped[:: len(mapped) // 12]:
        maps = rec.maps(n)
        channels, height, width = maps.shape
        c, y, x = (
            int(torch.randint(size, (), generator=generator)) for size in (channels, height, width)
        )
        # the only element of the network's own tensor with that value
        element = (caught[n] - maps[c, y, x]).abs().argmin()
        assert torch.equal(caught[n].flatten()[element], maps[c, y, x])
        (gradient,) = torch.autograd.grad(caught[n].flatten()[element], leaf, retain_graph=True)
        ours = rec.reverse(ds.Neuron(n, c, y, x), "SaliNet").dense()[0]
        scale = float(gradient.abs().max())
        assert float((ours - gradient[0]).abs().max()) <= 1e-9 * scale, n


def test_a_class_token_has_a_name() -> None:
    network, image, rec = recorded(small_vit)
    layer = "encoder.layers.encoder_layer_1"
    layout = rec.layers[layer].layout
    assert layout is not None and layout.prefix_names == ("cls",)
    assert torch.equal(rec.prefix(layer), rec[layer][:1])
    assert torch.equal(rec.maps(layer), rec[layer][1:].T.reshape(16, 6, 6))
    token = ds.Neuron(layer, 3, token="cls")
    one_hot = torch.zeros_like(rec[layer])
    one_hot[0, 3] = 1
    pictures = rec.reverse([token, ds.Neuron(layer, 3, token=0), ds.Signal(layer, one_hot)], "TTT")
    assert torch.equal(pictures[0].values, pictures[1].values)
    assert torch.equal(pictures[0].values, pictures[2].values)
    assert rec.resolve(ds.Strongest(layer, token="cls")) == ds.Neuron(
        layer, int(rec[layer][0].argmax()), token="cls"
    )
    with pytest.raises(ValueError, match="cls"):
        rec.reverse(ds.Neuron(layer, 3, token="reg0"), "TTT")
    with pytest.raises(ValueError, match="either a token"):
        rec.reverse(ds.Neuron(layer, 3, 0, 0, token="cls"), "TTT")
    with pytest.raises(ValueError, match="channel and token"):
        rec.reverse(ds.Neuron(layer, 3), "TTT")


@pytest.mark.parametrize("name", NETWORKS)
def test_every_selection_works_in_every_layout(name: str) -> None:
    _, _, rec = recorded(NETWORKS[name])
    layer = [n for n, one in rec.layers.items() if one.layout and not one.layout.is_plain][7]
    maps, layout = rec.maps(layer), rec.layers[layer].layout
    assert layout is not None
    strongest = rec.resolve(ds.Strongest(layer))
    assert isinstance(strongest, ds.Neuron)
    assert maps[strongest.index] == maps.max()
    at_place = rec.resolve(ds.Strongest(layer, y=1, x=2))
    assert isinstance(at_place, ds.Neuron)
    assert maps[at_place.index] == maps[:, 1, 2].max()
    ones = torch.zeros_like(rec[layer])
    for y in range(layout.height):
        for x in range(layout.width):
            ones[layout.index(2, y, x)] = 1
    mixed = torch.zeros_like(rec[layer])
    for c, value in enumerate(ds.Mixture(layer, 1, 2).seed(rec).values[rec_mixture(layout)]):
        mixed[layout.index(c, 1, 2)] = value
    pairs = [(ds.Channel(layer, 2), ones), (ds.Mixture(layer, 1, 2), mixed)]
    for selection, y_hat in pairs:
        ours = rec.reverse(selection, "saliency").dense()
        torch.testing.assert_close(ours, rec.reverse(ds.Signal(layer, y_hat), "saliency").dense())
    neuron = rec.resolve(ds.RandomNeuron(layer, 3))
    assert isinstance(neuron, ds.Neuron)
    assert rec.neuron_at(layer, layout.index(*neuron.index)) == neuron


def rec_mixture(layout: object) -> tuple[Tensor, ...]:
    """Return the index of every channel at (1, 2) in a tensor of the layout."""
    channels = range(layout.channels)  # type: ignore[attr-defined]
    indices = torch.tensor([layout.index(c, 1, 2) for c in channels])  # type: ignore[attr-defined]
    return tuple(indices.T)


def test_layers_print_where_their_values_stand() -> None:
    _, _, rec = recorded(small_vit)
    printed = str(rec.layers)
    assert "16 × 6 × 6 + cls" in printed and "vector" in printed


def test_what_cannot_be_followed_has_no_maps() -> None:
    class Sorted(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.flatten(2).sort(-1).values.reshape(x.shape)

    rec = ds.ReversedNetwork(nn.Sequential(nn.Conv2d(3, 4, 3), Sorted())).record(
        torch.rand(3, 8, 8)
    )
    layer = rec.output_layer
    assert rec.layers[layer].layout is None
    assert "not mapped" in str(rec.layers)
    with pytest.raises(ValueError, match="could not be followed"):
        rec.maps(layer)
    assert rec.maps("0").shape == (4, 6, 6)


def test_a_padded_map_is_a_map() -> None:
    rec = ds.ReversedNetwork(nn.Sequential(nn.ZeroPad2d(2), nn.Conv2d(3, 4, 3))).record(
        torch.rand(3, 8, 8)
    )
    assert rec.maps("0").shape == (3, 12, 12)
    assert rec.receptive_field("0").offset == (-2, -2)  # type: ignore[union-attr]


def test_a_call_that_returns_a_dictionary_is_followed() -> None:
    @ds.reversed_rule(lambda y_hat, call: call.vjp(y_hat))
    def halves(x: Tensor) -> dict[str, Tensor]:
        return {"first": x[:, :2], "second": x[:, 2:]}

    class Split(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            parts = halves(x)
            return parts["first"] * 2 + parts["second"]

    network = nn.Sequential(nn.Conv2d(3, 4, 3), Split())
    rec = ds.ReversedNetwork(network).record(torch.rand(3, 8, 8))
    assert rec.reverse(ds.Signal(rec.output_layer, rec[rec.output_layer]), "TTT").values.any()


def test_a_layer_does_not_keep_its_recording() -> None:
    rec = ds.ReversedNetwork(nn.Conv2d(3, 4, 3)).record(torch.rand(3, 8, 8))
    layer, activation = rec.layers[rec.output_layer], weakref.ref(rec.graph[1])
    del rec
    gc.collect()
    assert activation() is None
    assert layer.layout is not None and layer.layout.channels == 4
