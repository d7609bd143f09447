"""Writes down what a training cost."""
from __future__ import annotations

import os.path as osp
import time

import torch
from mmaction.registry import HOOKS
from mmengine.device import get_device
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmlofi.engine.memory import peak_memory_mib
from mmlofi.files import write_json


@HOOKS.register_module()
class CostHook(Hook):
    """Leaves `cost.json` in the work dir after training: seconds, peak memory in MiB, device.

    Peak memory is what torch allocated on a GPU, else the process's resident memory without its
    data-loader workers. A resumed run adds to what the last checkpoint knew.
    """

    priority = 'NORMAL'   # before logs, which start a new peak on a GPU, and before checkpoints

    def before_train(self, runner: Runner) -> None:
        """Starts the clock."""
        self._start = time.perf_counter()
        self._before_resume = runner.message_hub.get_info('cost_seconds', 0.0)
        self._peak_mib = runner.message_hub.get_info('cost_peak_mib', 0.0)

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None
                          ) -> None:
        """Takes the peak of what came between, such as a validation, before a new one starts."""
        self._peak_mib = max(self._peak_mib, peak_memory_mib())

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None,
                         outputs: dict | None = None) -> None:
        """Lets the next checkpoint carry what was spent so far."""
        self._peak_mib = max(self._peak_mib, peak_memory_mib())
        runner.message_hub.update_info('cost_seconds', self._seconds())
        runner.message_hub.update_info('cost_peak_mib', self._peak_mib)

    @master_only
    def after_train(self, runner: Runner) -> None:
        """Writes the file."""
        device = torch.cuda.get_device_name() if torch.cuda.is_available() else get_device()
        write_json(osp.join(runner.work_dir, 'cost.json'), dict(
            seconds=round(self._seconds(), 1),
            peak_memory_mib=round(max(self._peak_mib, peak_memory_mib())), device=device))

    def _seconds(self) -> float:
        return self._before_resume + time.perf_counter() - self._start
