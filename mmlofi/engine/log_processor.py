"""Logs of a training at several fidelities: each by itself."""
from __future__ import annotations

import datetime
import re

from mmaction.registry import LOG_PROCESSORS
from mmengine.runner import LogProcessor, Runner

from mmlofi.engine.cycle_hook import NAMES


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
        self._shown: dict[str, int] = {}   # steps of each fidelity at the last line
        self._fresh: list[str] = []

    def get_log_after_iter(self, runner: Runner, batch_idx: int, mode: str) -> tuple[dict, str]:
        """Tags for TensorBoard and the line of text."""
        names = runner.message_hub.runtime_info.get(NAMES)
        if mode != 'train' or not names:
            return super().get_log_after_iter(runner, batch_idx, mode)
        steps = {name: self._steps(runner, name) for name in names}
        self._fresh = [name for name in names if steps[name] != self._shown.get(name, 0)]
        self._shown = steps
        tag, text = super().get_log_after_iter(runner, batch_idx, mode)
        if 'eta' in runner.message_hub.runtime_info:   # MMEngine shows it beside a mean time only
            eta = datetime.timedelta(seconds=int(runner.message_hub.get_info('eta')))
            text += f'  eta: {eta}'
        return tag, text

    def _collect_scalars(self, custom_cfg: list[dict], runner: Runner, mode: str,
                         reserve_prefix: bool = False) -> dict:
        """MMEngine's, without means over fidelities and without fidelities that had no step."""
        tag = super()._collect_scalars(custom_cfg, runner, mode, reserve_prefix)
        names = runner.message_hub.runtime_info.get(NAMES)
        if mode != 'train' or not names:
            return tag
        kept = {}
        for key, value in tag.items():
            plain = key.removeprefix('train/') if reserve_prefix else key
            owner = plain.split('/')[0]
            mixed = owner not in names and re.search(self.mean_pattern, plain) is not None
            if not mixed and (owner not in names or owner in self._fresh):
                kept[key] = value
        return kept

    def _get_max_memory(self, runner: Runner) -> int:
        """The largest of the fidelities' last peaks, which MMEngine shows on a GPU."""
        names = runner.message_hub.runtime_info.get(NAMES)
        if not names:
            return super()._get_max_memory(runner)
        scalars = runner.message_hub.log_scalars
        return int(max((scalars[f'train/{name}/memory'].current() for name in names
                        if f'train/{name}/memory' in scalars), default=0))

    def _steps(self, runner: Runner, name: str) -> int:
        buffer = runner.message_hub.log_scalars.get(f'train/{name}/memory')
        return 0 if buffer is None else len(buffer.data[0])
