"""How many cores a process may take for itself."""
from __future__ import annotations

import os

from torch.utils.data import get_worker_info

MOST = 16   # from there on, what is not decoding takes most of the time


def own_cores() -> int:
    """Of those that this process may run on, its share: other processes of a torchrun on this
    machine have theirs, and so have the workers of a data loader; no more than 16."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()
    worker = get_worker_info()
    sharing = int(os.environ.get('LOCAL_WORLD_SIZE', 1)) * (worker.num_workers if worker else 1)
    return min(max(1, (cores or 1) // sharing), MOST)
