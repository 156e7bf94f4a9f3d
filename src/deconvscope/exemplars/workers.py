"""Workers: the processes that share a build. Each computes every n-th shard, and knows which from its environment.

Workers do not communicate. torchrun and SLURM set each one's rank in environment variables, and files that
are written atomically do the rest.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Worker:
    """One of `count` processes that share a build; it computes the shards rank, rank + count, rank + 2·count ….

    Raises:
        ValueError: the rank is not below the number of workers.

    Example:
        >>> Worker(1, 3).shards(8)
        [1, 4, 7]
    """

    rank: int = 0
    count: int = 1
    local_rank: int = 0
    """Rank among the workers of this machine, which chooses the GPU."""

    def __post_init__(self) -> None:
        if not 0 <= self.rank < self.count:
            raise ValueError(
                f"worker {self.rank} of {self.count}: it must be 0 … {self.count - 1}; "
                "give the worker's number and the number of workers together"
            )

    def shards(self, total: int) -> list[int]:
        """Return the numbers of this worker's shards out of `total`."""
        return list(range(self.rank, total, self.count))

    def device(self, asked: str | torch.device) -> torch.device:
        """Return the device asked for; "auto" is this worker's own GPU, or the CPU where there is none.

        Raises:
            ValueError: no such device here.
        """
        found = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if asked == "auto":
            return torch.device("cuda", self.local_rank % found) if found else torch.device("cpu")
        try:
            device = torch.device(asked)
        except RuntimeError as error:
            raise ValueError(
                f"device={asked!r} is unknown to torch; use auto, cpu, cuda, cuda:1 …"
            ) from error
        if device.type == "cuda" and (device.index or 0) >= found:
            raise ValueError(
                f"device={str(asked)!r}: torch finds {found} CUDA devices here; try 'cpu'"
            )
        return device


def this_worker(environment: Mapping[str, str] = os.environ) -> Worker:
    """Return which worker this process is, from the variables of torchrun, srun or a SLURM array.

    torchrun's RANK and WORLD_SIZE take precedence. In a SLURM array of srun steps both are multiplied. Without
    srun the number of tasks is ignored, because a batch script runs only once.

    Raises:
        ValueError: the variables contradict each other.

    Example:
        >>> this_worker({"SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_MIN": "1", "SLURM_ARRAY_TASK_COUNT": "8"})
        Worker(rank=6, count=8, local_rank=0)
    """
    number = {
        name: int(text)
        for name, text in environment.items()
        if (name in ("RANK", "WORLD_SIZE", "LOCAL_RANK") or name.startswith("SLURM_"))
        and text.isascii()
        and text.isdigit()
    }
    if "RANK" in number and "WORLD_SIZE" in number:
        return Worker(number["RANK"], number["WORLD_SIZE"], number.get("LOCAL_RANK", 0))
    rank, count, local = 0, 1, 0
    if "SLURM_STEP_NUM_TASKS" in number and "SLURM_PROCID" in number:
        rank, count = number["SLURM_PROCID"], number["SLURM_STEP_NUM_TASKS"]
        local = number.get("SLURM_LOCALID", 0)
    if "SLURM_ARRAY_TASK_ID" in number:
        step = number.get("SLURM_ARRAY_TASK_STEP", 1)
        place = (number["SLURM_ARRAY_TASK_ID"] - number.get("SLURM_ARRAY_TASK_MIN", 0)) // step
        rank, count = place * count + rank, number.get("SLURM_ARRAY_TASK_COUNT", 1) * count
    return Worker(rank, count, local)
