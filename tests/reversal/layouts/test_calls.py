"""What single calls do to places and channels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from deconvscope.reversal.layouts import Layout

from .follow_network import Followed


class Network(nn.Module):
    def __init__(self, call: Callable[..., Any]) -> None:
        super().__init__()
        self.call = call
        self.cls_token = nn.Parameter(torch.zeros(1, 1, 3))
        self.register_tokens = nn.Parameter(torch.zeros(1, 2, 3))

    def forward(self, x: Tensor) -> Any:
        return self.call(self, x)


def layout(
    call: Callable[..., Any], height: int = 4, width: int = 6
) -> tuple[Tensor, Tensor, Layout | None]:
    """Return the image, what a network makes of it, and that tensor's layout."""
    torch.manual_seed(0)
    image = torch.randn(1, 3, height, width)
    followed = Followed(Network(call), image)
    return image[0], followed.outputs[""], followed.layouts[""]


def tokens(x: Tensor) -> Tensor:
    return x.flatten(2).transpose(1, 2)


REORDERED: dict[str, Callable[[Any, Tensor], Tensor]] = {
    "channels last": lambda net, x: x.permute(0, 2, 3, 1),
    "movedim": lambda net, x: x.movedim(1, -1),
    "tokens": lambda net, x: tokens(x),
    "tokens first": lambda net, x: x.flatten(2).permute(2, 0, 1),
    "matrix transposed": lambda net, x: x[0].flatten(1).T,
    "windows": lambda net, x: x.view(1, 3, 2, 2, 3, 2).permute(0, 2, 4, 3, 5, 1).reshape(6, 4, 3),
    "rolled windows": lambda net, x: (
        x.permute(0, 2, 3, 1)
        .roll((-1, -1), (1, 2))
        .view(1, 2, 2, 3, 2, 3)
        .transpose(2, 3)
        .flatten(0, 2)
    ),
    "phases side by side": lambda net, x: torch.cat(
        [x[..., i::2, j::2] for i in (0, 1) for j in (0, 1)], 1
    ),
    "pixel unshuffle": lambda net, x: F.pixel_unshuffle(x, 2),
    "rolled by slices": lambda net, x: torch.cat([x[..., 2:], x[..., :2]], -1),
    "split and put together": lambda net, x: torch.cat(x.split(2, 3)[::-1], 3),
    "rows unbound and stacked": lambda net, x: torch.stack(x.unbind(2), 1),
    "flipped": lambda net, x: x.flip(-1, -2),
    "turned": lambda net, x: x.rot90(1, (2, 3)),
    "shuffled tokens": lambda net, x: tokens(x)[:, torch.randperm(24)],
    "gathered tokens": lambda net, x: tokens(x).gather(
        1, torch.randperm(24)[None, :, None].expand(-1, -1, 3)
    ),
    "padded and cropped": lambda net, x: F.pad(x, (1, 2, 3, 4))[..., 3:-4, 1:-2],
    "heads": lambda net, x: tokens(torch.cat([x, x], 1)).reshape(1, 24, 2, 3).transpose(1, 2)[:, 0],
    "einsum": lambda net, x: torch.einsum("bchw->hwbc", x),
    "matrix pairs": lambda net, x: torch.view_as_real(
        torch.view_as_complex(torch.stack([x, x], -1))
    )[..., 0].contiguous(),
}


@pytest.mark.parametrize("name", REORDERED)
def test_reordered_values_keep_their_places_and_channels(name: str) -> None:
    image, output, found = layout(REORDERED[name])
    assert found is not None
    assert (found.channels, found.height, found.width) == image.shape
    assert torch.equal(found.maps(output), image)
    values = output[0] if output.shape[0] == 1 else output
    assert values[found.index(2, 3, 1)] == image[2, 3, 1]
    place = found.place_of(found.index(1, 2, 5))
    assert place == (1, 2, 5, None)


SELECTED: dict[str, tuple[Callable[[Any, Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "crop": (lambda net, x: x[:, :, 1:3, 2:], lambda x: x[:, 1:3, 2:]),
    "every second": (lambda net, x: x[:, :, 1::2, ::2], lambda x: x[:, 1::2, ::2]),
    "a channel": (lambda net, x: x[:, 1:2], lambda x: x[1:2]),
    "some channels": (lambda net, x: x[:, [0, 2]], lambda x: x[[0, 2]]),
    "a half": (lambda net, x: tokens(x).chunk(2, 1)[1], lambda x: x[:, 2:]),
    "first windows": (
        lambda net, x: x.view(1, 3, 2, 2, 3, 2).permute(0, 2, 4, 3, 5, 1).reshape(6, 4, 3)[:3],
        lambda x: x[:, :2],
    ),
    "a narrow strip": (lambda net, x: x.narrow(3, 1, 2), lambda x: x[:, :, 1:3]),
}


@pytest.mark.parametrize("name", SELECTED)
def test_selected_rows_and_columns_are_a_grid_of_their_own(name: str) -> None:
    call, expected = SELECTED[name]
    image, output, found = layout(call)
    assert found is not None
    assert torch.equal(found.maps(output), expected(image))


def test_pruned_tokens_keep_their_places() -> None:
    kept = torch.tensor([3, 17, 5])
    image, output, found = layout(lambda net, x: tokens(x)[:, kept])
    assert found is not None and (found.height, found.width) == (4, 6)
    expected = torch.zeros_like(image).flatten(1)
    expected[:, kept] = image.flatten(1)[:, kept]
    assert torch.equal(found.maps(output), expected.view_as(image))
    assert found.index(1, 2, 5) == (1, 1)
    with pytest.raises(IndexError, match=r"no value at place \(0, 0\)"):
        found.index(0, 0, 0)


def test_prefix_tokens_are_named_after_their_parameters() -> None:
    def call(net: Any, x: Tensor) -> Tensor:
        return torch.cat([net.cls_token.expand(1, -1, -1), net.register_tokens, tokens(x)], 1)

    image, output, found = layout(call)
    assert found is not None
    assert found.prefix_names == ("cls", "reg0", "reg1")
    assert torch.equal(found.maps(output), image)
    assert torch.equal(found.prefix(output), output[0, :3])
    assert found.token_index(2, "reg1") == (2, 2) == found.token_index(2, 2)
    assert found.place_of((1, 2)) == (2, None, None, "reg0")
    with pytest.raises(IndexError, match="'cls', 'reg0', 'reg1'"):
        found.token_index(0, "dist")


def test_prefix_tokens_are_dropped_and_put_behind() -> None:
    def call(net: Any, x: Tensor) -> Tensor:
        x = torch.cat([net.cls_token, tokens(x)], 1)
        return torch.cat([x[:, 1:], x[:, :1]], 1)

    image, output, found = layout(call)
    assert found is not None and found.prefix_names == ("cls",)
    assert torch.equal(found.maps(output), image)
    _, _, patches = layout(lambda net, x: torch.cat([net.cls_token, tokens(x)], 1)[:, 1:])
    assert patches is not None and patches.prefix_names == ()
    _, _, alone = layout(lambda net, x: torch.cat([net.cls_token, tokens(x)], 1)[:, :1])
    assert alone is not None and (alone.height, alone.width, alone.prefix_names) == (0, 0, ("cls",))


def test_tokens_without_their_prefix_are_the_maps_again() -> None:
    def call(net: Any, x: Tensor) -> Tensor:
        x = torch.cat([net.cls_token, tokens(x)], 1)
        x = x[:, 1:].transpose(1, 2).view(1, 3, 4, 6)
        return x + F.conv2d(x, torch.ones(3, 1, 3, 3), padding=1, groups=3)

    _, _, found = layout(call)
    assert found is not None and found.is_plain


def test_a_border_adopts_the_places_that_are_added_to_it() -> None:
    def call(net: Any, x: Tensor) -> Tensor:
        both = torch.cat([net.cls_token, tokens(x)], 1)
        return F.pad(both[:, 1:], (0, 0, 1, 0)) + both

    _, _, found = layout(call)
    assert found is not None and found.prefix_names == ("cls",)


def test_heads_keep_their_channels_together() -> None:
    def call(net: Any, x: Tensor) -> Tensor:
        qkv = F.linear(tokens(x), torch.randn(24, 3))
        q, _, _ = qkv.reshape(1, 24, 3, 2, 4).permute(2, 0, 3, 1, 4)
        return q

    _, output, found = layout(call)
    assert found is not None
    assert (found.channels, found.heads, found.shape) == (8, 2, (2, 24, 4))
    assert output[0][found.index(6, 1, 3)] == output[0, 1, 9, 2]


def test_padding_of_windows_belongs_to_no_place() -> None:
    def call(net: Any, x: Tensor) -> Tensor:
        x = F.pad(x.permute(0, 2, 3, 1), (0, 0, 0, 2, 0, 0))
        return x.view(1, 2, 2, 2, 4, 3).transpose(2, 3).reshape(4, 8, 3)

    image, output, found = layout(call)
    assert found is not None
    assert torch.equal(found.maps(output), image)
    assert found.place_of((1, 2, 0)) is None


MADE: dict[str, tuple[Callable[[Any, Tensor], Any], tuple[int, int, int]]] = {
    "convolution": (lambda net, x: F.conv2d(x, torch.ones(5, 3, 3, 3), stride=2, padding=1), (5, 2, 3)),
    "padded convolution": (lambda net, x: F.conv2d(F.pad(x, (1, 1, 1, 1)), torch.ones(5, 3, 3, 3)), (5, 4, 6)),
    "pooling": (lambda net, x: F.max_pool2d(x, 2), (3, 2, 3)),
    "interpolation": (lambda net, x: F.interpolate(x, scale_factor=2), (3, 8, 12)),
    "pixel shuffle": (lambda net, x: F.pixel_shuffle(x.repeat_interleave(4, 1)[:, :12], 2), (3, 8, 12)),
    "linear": (lambda net, x: F.linear(tokens(x), torch.ones(7, 3)), (7, 4, 6)),
    "hidden layer": (lambda net, x: F.linear(x.permute(0, 2, 3, 1), torch.ones(7, 3)).relu(), (7, 4, 6)),
    "kernel of size 1": (lambda net, x: F.conv1d(x.flatten(2), torch.ones(7, 3, 1)), (7, 4, 6)),
    "matrix on the left": (lambda net, x: torch.ones(7, 3) @ x.flatten(2), (7, 4, 6)),
    "matrix on the right": (lambda net, x: tokens(x) @ torch.ones(3, 7), (7, 4, 6)),
    "einsum": (lambda net, x: torch.einsum("bchw,cd->bdhw", x, torch.ones(3, 7)), (7, 4, 6)),
    "patches": (
        lambda net, x: F.linear(
            x.view(1, 3, 2, 2, 3, 2).permute(0, 2, 4, 3, 5, 1).reshape(1, 6, 12), torch.ones(7, 12)
        ),
        (7, 2, 3),
    ),
    "unfolded patches": (lambda net, x: F.unfold(x, 2, stride=2), (12, 2, 3)),
    "folded patches": (lambda net, x: F.fold(F.unfold(x, 2, stride=2), (4, 6), 2, stride=2), (3, 4, 6)),
    "grey expanded": (lambda net, x: F.conv2d(x[:, :1].expand(-1, 3, -1, -1), torch.ones(7, 3, 3, 3)), (7, 2, 4)),
    "grey repeated": (lambda net, x: F.conv2d(x[:, :1].repeat(1, 3, 1, 1), torch.ones(7, 3, 3, 3)), (7, 2, 4)),
    "channels repeated": (lambda net, x: x.repeat(1, 2, 1, 1), (6, 4, 6)),
    "nearest neighbours": (
        lambda net, x: F.conv2d(
            x.repeat_interleave(2, 2).repeat_interleave(2, 3), torch.ones(2, 3, 1, 3)
        ),
        (2, 8, 10),
    ),
    "mean of channels": (lambda net, x: x.mean(1, keepdim=True), (1, 4, 6)),
    "mean of rows": (lambda net, x: x.mean(2, keepdim=True), (3, 1, 6)),
    "gate": (lambda net, x: x * x.mean((2, 3), keepdim=True).sigmoid(), (3, 4, 6)),
    "coordinate gates": (lambda net, x: x * x.mean(2, keepdim=True) * x.mean(3, keepdim=True), (3, 4, 6)),
    "coordinates put beside": (lambda net, x: torch.cat([x, torch.ones(1, 2, 4, 6)], 1), (5, 4, 6)),
    "mixed tokens added": (
        lambda net, x: tokens(x) + F.linear(x.flatten(2), torch.ones(24, 24)).transpose(1, 2),
        (3, 4, 6),
    ),
    "shortcut by slices": (
        lambda net, x: F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 1, 1))
        + F.conv2d(x, torch.ones(5, 3, 3, 3), stride=2, padding=1),
        (5, 2, 3),
    ),
    "grouped convolution": (lambda net, x: F.conv2d(x, torch.ones(6, 1, 3, 3), groups=3, padding=1), (6, 4, 6)),
}  # fmt: skip


@pytest.mark.parametrize("name", MADE)
def test_calls_that_make_channels_or_a_grid(name: str) -> None:
    call, expected = MADE[name]
    _, output, found = layout(call)
    assert found is not None
    assert (found.channels, found.height, found.width) == expected
    assert found.maps(output).shape == expected


ATTENDED: dict[str, Callable[[Tensor], Tensor]] = {
    "fused": lambda x: F.scaled_dot_product_attention(x, x, x),
    "by hand": lambda x: (x @ x.transpose(-2, -1)).softmax(-1) @ x,
    "einsum": lambda x: torch.einsum(
        "bqk,bkd->bqd", torch.einsum("bqd,bkd->bqk", x, x).softmax(-1), x
    ),
    "bmm": lambda x: torch.bmm(torch.bmm(x, x.mT).softmax(-1), x),
    "linear attention": lambda x: x.softmax(-1) @ (x.transpose(1, 2) @ x),
    "of channels": lambda x: ((x.mT @ x).softmax(-1) @ x.mT).mT,
    "multi head": lambda x: F.multi_head_attention_forward(
        x.transpose(0, 1), x.transpose(0, 1), x.transpose(0, 1), 3, 1, torch.ones(9, 3), torch.ones(9), None, None,
        False, 0.0, torch.ones(3, 3), torch.ones(3),
    )[0].transpose(0, 1),
}  # fmt: skip


@pytest.mark.parametrize("name", ATTENDED)
def test_attention_keeps_the_places_of_queries(name: str) -> None:
    def call(net: Any, x: Tensor) -> Tensor:
        x = torch.cat([net.cls_token, tokens(x)], 1)
        return ATTENDED[name](x)

    _, output, found = layout(call)
    assert found is not None
    assert (found.channels, found.height, found.width) == (3, 4, 6)
    assert found.prefix_names == ("cls",)
    assert torch.equal(found.maps(output)[:, 2, 3], output[0, 1 + 15])


UNMAPPED: dict[str, Callable[[Any, Tensor], Any]] = {
    "scores": lambda net, x: tokens(x) @ x.flatten(2),
    "scores and a further column": lambda net, x: torch.cat(
        [tokens(x) @ x.flatten(2), torch.zeros(1, 24, 1)], -1
    ),
    "contradiction": lambda net, x: x[..., 1:] - x[..., :-1],
    "a sum with its transpose": lambda net, x: x[..., :1, :3] + x[..., :1, :3].transpose(1, 3),
    "a sum with its mirror image": lambda net, x: x + x.flip(-1),
    "mixtures of tokens": lambda net, x: F.linear(x.flatten(2), torch.ones(5, 24)),
    "as many mixtures as tokens": lambda net, x: F.linear(x.flatten(2), torch.ones(24, 24)),
    "sorted": lambda net, x: x.flatten(2).sort(-1).values,
    "strongest": lambda net, x: x.flatten(2).topk(5).values,
    "vector": lambda net, x: x.mean((2, 3)),
    "head": lambda net, x: F.linear(x.flatten(1), torch.ones(5, 72)),
    "made from a vector": lambda net, x: F.linear(x.flatten(1), torch.ones(72, 72)).view(
        1, 3, 4, 6
    ),
    "convolved without places": lambda net, x: F.conv2d(
        F.linear(x.flatten(1), torch.ones(72, 72)).view(1, 3, 4, 6),
        torch.ones(2, 3, 3, 3),
        padding=1,
    ),
    "copies": lambda net, x: x.mean((2, 3), keepdim=True).expand(1, 3, 4, 6),
    "tiles": lambda net, x: x.repeat(1, 1, 2, 2),
    "frequencies": lambda net, x: torch.fft.rfft2(x),
    "warped": lambda net, x: F.grid_sample(x, torch.zeros(1, 4, 6, 2), align_corners=False),
    "different grids behind one another": lambda net, x: torch.cat(
        [x.flatten(2), F.max_pool2d(x, 2).flatten(2)], 2
    ),
    "different places side by side": lambda net, x: torch.cat([x, x.flip(-1)], 1),
    "chosen apart for each channel": lambda net, x: x.flatten(2).gather(
        2, torch.stack([torch.randperm(24) for _ in range(3)])[None]
    ),
    "a mask over values": lambda net, x: x[x > 0],
    "the trace": lambda net, x: torch.einsum("bii->bi", x[0, :, :, :4]),
}


@pytest.mark.parametrize("name", UNMAPPED)
def test_what_cannot_be_followed_has_no_layout(name: str) -> None:
    _, _, found = layout(UNMAPPED[name])
    assert found is None


def test_maps_of_the_network_are_the_tensor_itself() -> None:
    image, output, found = layout(lambda net, x: F.relu(x))
    assert found is not None and found.is_plain
    assert found.maps(output).data_ptr() == output.data_ptr()
    with pytest.raises(IndexError, match="channel must be from 0 to 2, got 3"):
        found.index(3, 0, 0)
    with pytest.raises(IndexError, match="y must be from 0 to 3, got 4"):
        found.index(0, 4, 0)


def test_prefix_tokens_go_along_to_another_grid() -> None:
    def call(net: Any, x: Tensor) -> Tensor:
        both = torch.cat([net.cls_token, tokens(x)], 1)
        return torch.cat([both[:, :1], tokens(F.max_pool2d(x, 2))], 1)

    image, output, found = layout(call)
    assert found is not None
    assert (found.height, found.width, found.prefix_names) == (2, 3, ("cls",))
    assert torch.equal(found.maps(output), F.max_pool2d(image, 2))
    assert torch.equal(found.prefix(output), output[0, :1])
