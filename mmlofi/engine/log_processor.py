"""Logs of a training at several fidelities: each by itself."""
from __future__ import annotations

import datetime
import re
from collections import Counter

from mmaction.registry import LOG_PROCESSORS
from mmengine.runner import LogProcessor, Runner

from mmlofi.engine.cycle_hook import LoFiCycleHook

KEPT = 1_000   # values of each scalar in memory and in checkpoints; MMEngine keeps a million


@LOG_PROCESSORS.register_module()
class FidelityLogProcessor(LogProcessor):
    """MMEngine's LogProcessor, which shows steps of different fidelities apart.

    With `LoFiCycleHook`, a line of the log has losses, time, data time and peak memory (MiB) of
    each fidelity that had steps since the last line, as `S/loss`, `S/time`, …: means over the last
    `window_size` steps at that fidelity. Beside them `loss` is the mean over the last
    `window_size` steps of any fidelity, for what looks for that name: it moves with the fidelity.
    TensorBoard gets the same. Without the hook nothing of this is changed.

    Checkpoints hold the values that a line of the log is made of, and of each scalar `KEPT` at
    least, in place of those of all steps; all of them where `custom_cfg` asks for a window of an
    epoch or of all.
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
        if mode == 'train':
            self._forget(runner, mode, needed=0)
        if steps:
            self._shown = Counter(steps)
            if 'eta' in runner.message_hub.runtime_info:   # MMEngine shows it beside a mean time
                eta = datetime.timedelta(seconds=int(runner.message_hub.get_info('eta')))
                text += f'  eta: {eta}'
        return tag, text

    def get_log_after_epoch(self, runner: Runner, batch_idx: int, mode: str,
                            with_non_scalar: bool = False) -> tuple[dict, str]:
        """Tags and the line of a validation or test, whose seconds are means over its batches."""
        line = super().get_log_after_epoch(runner, batch_idx, mode, with_non_scalar)
        self._forget(runner, mode, needed=batch_idx)
        return line

    def _forget(self, runner: Runner, mode: str, needed: int) -> None:
        """Lets scalars drop, as new values come, what no line will show again."""
        windows = {f'{mode}/{one["data_src"]}': one.get('window_size', 0)
                   for one in self.custom_cfg}
        for key, history in runner.message_hub.log_scalars.items():
            window = windows.get(key, 0)
            if key.startswith(f'{mode}/') and isinstance(window, int):
                history.max_length = max(KEPT, self.window_size, window, needed)

    def _collect_scalars(self, custom_cfg: list[dict], runner: Runner, mode: str,
                         reserve_prefix: bool = False) -> dict:
        """MMEngine's, of means over fidelities only the loss, and no fidelity without a step."""
        tag = super()._collect_scalars(custom_cfg, runner, mode, reserve_prefix)
        if mode != 'train' or not _steps(runner):
            return tag
        kept = {}
        for key, value in tag.items():
            plain = key.removeprefix('train/') if reserve_prefix else key
            owner, _, name = plain.rpartition('/')
            of_fidelity = re.search(self.mean_pattern, plain) is not None or name == 'memory'
            if owner in self._fresh or plain == 'loss' or not of_fidelity:
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
