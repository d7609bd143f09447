"""Logs of a training at several fidelities: each by itself."""
from __future__ import annotations

import datetime
import re
from collections import Counter

from mmaction.registry import LOG_PROCESSORS
from mmengine.runner import LogProcessor, Runner

from mmlofi.engine.cycle_hook import LoFiCycleHook


@LOG_PROCESSORS.register_module()
class FidelityLogProcessor(LogProcessor):
    """MMEngine's LogProcessor, which does not average over steps of different fidelities.

    With `LoFiCycleHook`, a line of the log has losses, time, data time and peak memory (MiB) of
    each fidelity that had steps since the last line, as `S/loss`, `S/time`, …: means over the last
    `window_size` steps at that fidelity. TensorBoard gets the same. Without the hook nothing is
    changed.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._shown = Counter()   # steps of each fidelity at the last line
        self._fresh: list[str] = []   # fidelities of the line that is made; none outside training

    def get_log_after_iter(self, runner: Runner, batch_idx: int, mode: str) -> tuple[dict, str]:
        """Tags for TensorBoard and the line of text."""
        steps = _steps(runner) if mode == 'train' else Counter()
        self._fresh = [name for name in steps if steps[name] != self._shown[name]]
        tag, text = super().get_log_after_iter(runner, batch_idx, mode)
        if steps:
            self._shown = Counter(steps)
            if 'eta' in runner.message_hub.runtime_info:   # MMEngine shows it beside a mean time
                eta = datetime.timedelta(seconds=int(runner.message_hub.get_info('eta')))
                text += f'  eta: {eta}'
        return tag, text

    def _collect_scalars(self, custom_cfg: list[dict], runner: Runner, mode: str,
                         reserve_prefix: bool = False) -> dict:
        """MMEngine's, without means over fidelities and without fidelities that had no step."""
        tag = super()._collect_scalars(custom_cfg, runner, mode, reserve_prefix)
        if mode != 'train' or not _steps(runner):
            return tag
        kept = {}
        for key, value in tag.items():
            plain = key.removeprefix('train/') if reserve_prefix else key
            owner, _, name = plain.rpartition('/')
            of_fidelity = re.search(self.mean_pattern, plain) is not None or name == 'memory'
            if owner in self._fresh or not of_fidelity:
                kept[key] = value
        return kept

    def _get_max_memory(self, runner: Runner) -> int:
        """Of the fidelities in this line, for MMEngine's text on a GPU; else MMEngine's own."""
        if not self._fresh:
            return super()._get_max_memory(runner)
        scalars = runner.message_hub.log_scalars
        return int(max(scalars[f'train/{name}/memory'].current() for name in self._fresh))


def _steps(runner: Runner) -> Counter:
    """Steps that this process did at each fidelity; empty without `LoFiCycleHook`."""
    hooks = [hook for hook in runner.hooks if isinstance(hook, LoFiCycleHook)]
    return hooks[0].steps if hooks else Counter()
