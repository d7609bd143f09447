"""How many cores a process may take for itself."""
from __future__ import annotations

import os

from torch.utils.data import get_worker_info

from mmlofi.allowed_cores import allowed_cores

MOST = 16   # from there on, what is not decoding takes most of the time


def own_cores() -> int:
    """Of those that this process may keep busy, its share: other processes of a torchrun on this
    machine have theirs, and so have the workers of a data loader; no more than 16."""
    worker = get_worker_info()
    sharing = _ranks_here() * (worker.num_workers if worker else 1)
    return min(max(1, allowed_cores() // sharing), MOST)


def _ranks_here() -> int:
    """One where torchrun has not said."""
    said = os.environ.get('LOCAL_WORLD_SIZE', '').strip()
    return max(1, int(said)) if said.isdecimal() else 1
