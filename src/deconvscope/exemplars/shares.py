"""Which part of the work a process takes when several share it: every n-th unit, known from its environment.

No process talks to another. torchrun and SLURM tell each its rank by environment variables, and files
that are there whole or not at all do the rest.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Share:
    """Units rank, rank + of, rank + 2·of and so on.

    Raises:
        ValueError: a rank that is not below the number of processes.

    Example:
        >>> Share(1, 3).units(8)
        [1, 4, 7]
    """

    rank: int = 0
    of: int = 1
    local_rank: int = 0
    """Rank among the processes of this machine, which chooses the GPU."""

    def __post_init__(self) -> None:
        if not 0 <= self.rank < self.of:
            raise ValueError(
                f"rank {self.rank} of {self.of} processes: it must be 0 … {self.of - 1}; "
                "give rank and world size together"
            )

    def units(self, count: int) -> list[int]:
        """Return the numbers of this process's units out of so many."""
        return list(range(self.rank, count, self.of))

    def device(self, asked: str | torch.device) -> torch.device:
        """Return the device asked for; "auto" is this process's own GPU, or the CPU where there is none.

        Raises:
            ValueError: no such device here.
        """
        if asked != "auto":
            return _present(asked)
        if not torch.cuda.is_available():
            return torch.device("cpu")
        return torch.device("cuda", self.local_rank % torch.cuda.device_count())


def _present(asked: str | torch.device) -> torch.device:
    try:
        device = torch.device(asked)
    except RuntimeError as error:
        raise ValueError(
            f"device={asked!r} is none that torch knows: auto, cpu, cuda, cuda:1 …"
        ) from error
    found = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device.type == "cuda" and (device.index or 0) >= found:
        raise ValueError(f"device={str(asked)!r}: torch finds {found} CUDA devices here; try 'cpu'")
    return device


def share_of(environment: Mapping[str, str] = os.environ) -> Share:
    """Return this process's share as torchrun, srun or a SLURM array tell it; alone, all of it.

    torchrun's RANK and WORLD_SIZE come first. A SLURM array of srun steps multiplies both. Without
    srun the number of tasks that a batch script asked for says nothing, because it runs only once.

    Raises:
        ValueError: the variables contradict each other.

    Example:
        >>> share_of({"SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_MIN": "1", "SLURM_ARRAY_TASK_COUNT": "8"})
        Share(rank=6, of=8, local_rank=0)
    """
    number = {name: int(text) for name, text in environment.items() if _is_ours(name, text)}
    if "RANK" in number and "WORLD_SIZE" in number:
        return Share(number["RANK"], number["WORLD_SIZE"], number.get("LOCAL_RANK", 0))
    rank, of, local = 0, 1, 0
    if "SLURM_STEP_NUM_TASKS" in number and "SLURM_PROCID" in number:
        rank, of = number["SLURM_PROCID"], number["SLURM_STEP_NUM_TASKS"]
        local = number.get("SLURM_LOCALID", 0)
    if "SLURM_ARRAY_TASK_ID" in number:
        step = number.get("SLURM_ARRAY_TASK_STEP", 1)
        place = (number["SLURM_ARRAY_TASK_ID"] - number.get("SLURM_ARRAY_TASK_MIN", 0)) // step
        rank, of = place * of + rank, number.get("SLURM_ARRAY_TASK_COUNT", 1) * of
    return Share(rank, of, local)


def _is_ours(name: str, text: str) -> bool:
    return (name in ("RANK", "WORLD_SIZE", "LOCAL_RANK") or name.startswith("SLURM_")) and (
        text.isascii() and text.isdigit()
    )
