"""Whole networks: which outputs are mapped, and that noise at a place moves the maps most at that place."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import timm
import torch
import torchvision
from torch import Tensor, nn

from deconvscope.reversal.layouts import layout_of

from .follow_network import Followed

models = torchvision.models


def small_vit() -> nn.Module:
    return models.VisionTransformer(
        image_size=64, patch_size=8, num_layers=2, num_heads=2, hidden_dim=32, mlp_dim=64
    )


def small_swin(version: int) -> nn.Module:
    from torchvision.models import swin_transformer as swin

    parts = (
        (swin.SwinTransformerBlockV2, swin.PatchMergingV2)
        if version == 2
        else (swin.SwinTransformerBlock, swin.PatchMerging)
    )
    return models.SwinTransformer(
        patch_size=[4, 4], embed_dim=24, depths=[2, 2], num_heads=[2, 4], window_size=[4, 4],
        stochastic_depth_prob=0.0, block=parts[0], downsample_layer=parts[1],
    )  # fmt: skip


def small_convnext() -> nn.Module:
    from torchvision.models.convnext import CNBlockConfig

    return models.ConvNeXt([CNBlockConfig(16, 32, 1), CNBlockConfig(32, None, 1)])


def small_maxvit() -> nn.Module:
    return models.MaxVit(
        input_size=(64, 64), stem_channels=16, partition_size=4, block_channels=[16, 32], block_layers=[1, 1],
        head_dim=16, stochastic_depth_prob=0.0,
    )  # fmt: skip


def of_timm(name: str, **settings: Any) -> Callable[[], nn.Module]:
    return lambda: timm.create_model(name, pretrained=False, **settings)


VIT: dict[str, Any] = {"img_size": 64, "patch_size": 8, "embed_dim": 32, "depth": 2, "num_heads": 2}
NETWORKS: dict[str, tuple[Callable[[], nn.Module], tuple[str, ...], tuple[int, int], tuple[str, ...]]] = {
    # network, layers where noise must move its own place most, their grid, prefix tokens
    "vit": (
        small_vit, ("encoder.layers.encoder_layer_0", "encoder.layers.encoder_layer_0.mlp.0"), (8, 8), ("cls",),
    ),
    "swin": (lambda: small_swin(1), ("features.0", "features.1.0", "features.1.1"), (16, 16), ()),
    "swin v2": (lambda: small_swin(2), ("features.0", "features.1.0", "features.1.1"), (16, 16), ()),
    "swin, merged": (lambda: small_swin(1), ("features.2", "features.3.0"), (8, 8), ()),
    "convnext": (small_convnext, ("features.0", "features.1.0"), (16, 16), ()),
    "maxvit": (small_maxvit, ("blocks.0.layers.0.layers.window_attention.attn_layer.0",), (16, 16), ()),
    "timm vit": (of_timm("vit_tiny_patch16_224", **VIT), ("blocks.0", "blocks.1.mlp.fc1"), (8, 8), ("cls",)),
    "registers": (
        of_timm("vit_small_patch14_reg4_dinov2", **VIT), ("blocks.0", "blocks.1.mlp.fc1"), (8, 8),
        ("cls", "reg0", "reg1", "reg2", "reg3"),
    ),
    "distilled": (of_timm("deit_tiny_distilled_patch16_224", **VIT), ("blocks.0",), (8, 8), ("cls", "dist")),
    "beit": (of_timm("beit_base_patch16_224", **VIT), ("blocks.0",), (8, 8), ("cls",)),
    "eva02": (of_timm("eva02_tiny_patch14_224", **VIT), ("blocks.0",), (8, 8), ("cls",)),
    "mixer": (
        lambda: timm.models.MlpMixer(img_size=64, patch_size=8, embed_dim=32, num_blocks=2),
        ("blocks.0",), (8, 8), (),
    ),
    "xcit": (of_timm("xcit_nano_12_p16_224", depth=2, img_size=64), ("patch_embed", "blocks.0"), (4, 4), ()),
}  # fmt: skip


@cache
def network(name: str) -> nn.Module:
    torch.manual_seed(0)
    return NETWORKS[name][0]().eval()


@cache
def grey(name: str) -> Followed:
    return Followed(network(name), torch.zeros(1, 3, 64, 64))


@pytest.mark.parametrize("name", NETWORKS)
def test_noise_at_a_place_moves_the_maps_most_at_that_place(name: str) -> None:
    _, layers, (height, width), prefix = NETWORKS[name]
    still = grey(name)
    for y, x in ((1, 2), (height - 2, 0)):
        image = torch.zeros(1, 3, 64, 64)
        rows = slice(y * 64 // height, (y + 1) * 64 // height)
        columns = slice(x * 64 // width, (x + 1) * 64 // width)
        generator = torch.Generator().manual_seed(1)
        image[:, :, rows, columns] = torch.randn(
            image[:, :, rows, columns].shape, generator=generator
        )
        moved = Followed(network(name), image)
        for layer in layers:
            layout = still.layouts[layer]
            assert layout is not None
            assert (layout.height, layout.width, layout.prefix_names) == (height, width, prefix)
            change = layout.maps(moved.outputs[layer]) - layout.maps(still.outputs[layer])
            strongest = divmod(int(change.abs().sum(0).argmax()), width)
            if name in STRIDED_STEMS:
                assert max(abs(strongest[0] - y), abs(strongest[1] - x)) <= 1, layer
            else:
                assert strongest == (y, x), layer


STRIDED_STEMS = ("maxvit", "xcit")
"""Networks whose first convolutions see a place and half of its neighbours."""

UNMAPPED_MODULES = {"mixer": ("mlp_tokens",), "xcit": ("attn_drop",)}
"""Hidden layers over tokens, and weights of attention."""


@pytest.mark.parametrize("name", NETWORKS)
def test_every_output_of_a_module_is_mapped_but_vectors_and_mixtures_of_tokens(name: str) -> None:
    followed = grey(name)
    mixtures = UNMAPPED_MODULES.get(name, ())
    for layer, found in followed.layouts.items():
        vector = followed.outputs[layer].squeeze().ndim < 2
        left_out = any(part in layer for part in mixtures)
        assert found is not None or vector or left_out, (layer, followed.axes[layer])


def test_maps_of_convolutional_networks_are_their_tensors() -> None:
    torch.manual_seed(0)
    for make in (models.shufflenet_v2_x0_5, models.mobilenet_v3_small, models.squeezenet1_1):
        followed = Followed(make(), torch.randn(1, 3, 64, 64))
        for name, tensor, axes in followed.calls:
            if tensor.ndim == 4 and tensor.shape[0] == 1:
                layout = layout_of(axes)
                assert layout is not None and layout.is_plain, name


def test_prefix_tokens_hold_what_the_class_token_became() -> None:
    followed = grey("timm vit")
    layout = followed.layouts["blocks.1"]
    assert layout is not None
    output: Tensor = followed.outputs["blocks.1"]
    assert torch.equal(layout.prefix(output)[0], output[0, 0])


MOVES = {
    "permute", "transpose", "reshape", "view", "flatten", "unflatten", "roll", "__getitem__", "contiguous", "squeeze",
    "unsqueeze", "movedim", "flip", "pad", "select", "T", "mT", "swapaxes",
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_calls_that_move_values_leave_the_maps_as_they_are(name: str) -> None:
    torch.manual_seed(1)
    followed = Followed(network(name), torch.randn(1, 3, 64, 64))
    compared = 0
    for (call, tensor, axes), source in zip(followed.calls, followed.sources, strict=True):
        after, before = layout_of(axes), None if source is None else layout_of(source[1])
        if call not in MOVES or source is None or after is None or before is None:
            continue
        if (after.height, after.width, after.channels) != (
            before.height,
            before.width,
            before.channels,
        ):
            continue  # a crop, or some of the channels
        there = after.maps(torch.ones_like(tensor)) * before.maps(torch.ones_like(source[0])) > 0
        assert torch.equal(after.maps(tensor)[there], before.maps(source[0])[there]), call
        compared += 1
    assert compared > 1
