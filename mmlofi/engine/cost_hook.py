"""Writes down what a training cost."""
from __future__ import annotations

import json
import os.path as osp
import resource
import time

import torch
from mmaction.registry import HOOKS
from mmengine.device import get_device
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner


@HOOKS.register_module()
class CostHook(Hook):
    """Leaves `cost.json` in the work dir after training: seconds, peak memory in MiB, device.

    Peak memory is what torch allocated on a GPU, else the process's resident memory without its
    data-loader workers. A resumed run adds to the seconds that the last checkpoint knew.
    """

    priority = 'VERY_LOW'

    def before_train(self, runner: Runner) -> None:
        """Starts the clock."""
        self._start = time.perf_counter()
        self._before_resume = runner.message_hub.get_info('cost_seconds', 0.0)

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None,
                         outputs: dict | None = None) -> None:
        """Lets the next checkpoint carry the seconds so far."""
        runner.message_hub.update_info('cost_seconds', self._seconds())

    @master_only
    def after_train(self, runner: Runner) -> None:
        """Writes the file."""
        if torch.cuda.is_available():
            peak, device = torch.cuda.max_memory_allocated() / 2**20, torch.cuda.get_device_name()
        else:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
            device = get_device()
        with open(osp.join(runner.work_dir, 'cost.json'), 'w', encoding='utf-8') as file:
            json.dump(dict(seconds=round(self._seconds(), 1), peak_memory_mib=round(peak),
                           device=device), file)

    def _seconds(self) -> float:
        return self._before_resume + time.perf_counter() - self._start
