"""Whatever a network writes, and however: the recording is the network's own pass, and SaliNet its gradient."""

from __future__ import annotations

from collections import Counter

import torch
from torch.autograd.graph import saved_tensors_hooks

import deconvscope as ds

from .random_programs import SIZE, RandomProgram

PROGRAMS = 500
REFUSED = (
    "does not depend on the image",
    "is set on a tensor that is a view or has views",
    "uses a view after a write to its base",
    "returns its input, and one of the two is written in place",
)
"""Why a program that autograd takes may be refused."""


def _compared(seed: int) -> str:
    """Return what became of a program: compared, refused, or without a gradient of its own."""
    torch.manual_seed(seed)
    program = RandomProgram(seed, 2 + seed % 7).double().eval()
    image = torch.randn(1, 3, SIZE, SIZE, dtype=torch.float64)
    leaf = image.clone().requires_grad_()
    y_hat = torch.randn(1, 2, SIZE - 2, SIZE - 2, dtype=torch.float64)
    gradient: torch.Tensor | None
    try:
        with saved_tensors_hooks(lambda t: t.clone(), lambda t: t):  # no later write reaches them
            output = program(leaf)
        (gradient,) = torch.autograd.grad(output, leaf, y_hat, allow_unused=True)
    except RuntimeError:  # autograd refuses the program
        gradient, output = None, None
    try:
        rec = ds.ReversedNetwork(program).record(image)
    except (ds.RecordingError, ds.InputError) as error:
        assert output is None or any(reason in str(error) for reason in REFUSED), error
        return "refused"
    if output is None:
        return "recorded, without a gradient of autograd's"
    with torch.no_grad():
        alone = program(image.clone())
    assert torch.equal(alone, output)
    assert torch.allclose(rec[rec.output_layer], alone[0], rtol=1e-9, atol=1e-12)
    r = rec.reverse(ds.Signal(rec.output_layer, y_hat[0]), ds.SALINET)
    expected = torch.zeros_like(image) if gradient is None else gradient
    assert torch.allclose(r[ds.SALINET], expected[0], rtol=1e-9, atol=1e-11)
    return "compared"


def test_random_programs_are_recorded_as_they_run_and_reversed_as_autograd_does() -> None:
    outcomes: Counter[str] = Counter()
    for seed in range(PROGRAMS):
        try:
            outcomes[_compared(seed)] += 1
        except Exception as error:
            raise AssertionError(f"program {seed}") from error
    print(f"\n{dict(outcomes)}")
    assert outcomes["compared"] > 0.9 * PROGRAMS
