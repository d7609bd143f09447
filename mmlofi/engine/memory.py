"""Peak memory of a part of a run."""
from __future__ import annotations

import re
from pathlib import Path

import torch

STATUS, RESET = Path('/proc/self/status'), Path('/proc/self/clear_refs')


def reset_peak_memory() -> None:
    """Starts a new peak: of torch's allocations on a GPU, else of the process, where Linux can."""
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
        return
    try:
        RESET.write_text('5')   # proc(5): resets VmHWM
    except OSError:
        return


def peak_memory_mib() -> float:
    """The peak since the last reset in MiB, or of the whole process where it cannot be reset."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**20
    found = re.search(r'VmHWM:\s*(\d+) kB', STATUS.read_text()) if STATUS.exists() else None
    return int(found.group(1)) / 2**10 if found else float('nan')
