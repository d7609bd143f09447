"""What torch's allocator gives out in a step on a CPU, by its own record."""
from __future__ import annotations

import bisect
import json
import math
import tempfile
from collections.abc import Callable, Sequence
from itertools import zip_longest
from pathlib import Path

import torch
from torch import Tensor

CONVOLUTIONS = ('aten::convolution', 'aten::convolution_backward')


def allocated_on_cpu(step: Callable[[], object], alive: Sequence[Tensor]) -> int:
    """The most bytes given out at a time in a step, with those of what is alive before it."""
    with tempfile.TemporaryDirectory() as folder:
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU],
                                    profile_memory=True) as profile:
            step()
        path = Path(folder) / 'trace.json'
        profile.export_chrome_trace(str(path))
        events = json.loads(path.read_text())['traceEvents']
    return sum(tensor.nbytes for tensor in alive) + peak_without_workspaces(events)


def peak_without_workspaces(events: Sequence[dict]) -> int:
    """The most bytes that a trace has allocated, but for what convolutions take and give back.

    oneDNN's workspaces come from torch's allocator, and how large they are depends on the
    instruction set: with AVX2 four times the weights of a convolution of TSM-R18's last stage. So
    within a convolution only what is there at its end counts.
    """
    spans = sorted((event['ts'], event['ts'] + event['dur']) for event in events
                   if event.get('name') in CONVOLUTIONS)

    def convolution(event: dict) -> int | None:
        last = bisect.bisect(spans, (event['ts'], math.inf)) - 1
        return last if last >= 0 and event['ts'] <= spans[last][1] else None
    memory = sorted((event for event in events if event.get('name') == '[memory]'),
                    key=lambda event: event['ts'])
    return max(event['args']['Total Allocated']
               for event, after in zip_longest(memory, memory[1:])
               if convolution(event) is None or after is None
               or convolution(event) != convolution(after))
