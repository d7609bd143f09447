"""A Runner whose training takes no time, and what checkpoints are made hostile by."""
from __future__ import annotations

from pathlib import Path

import torch
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn


class TinyModel(BaseModel):
    """One weight, fitted to the data."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(1, 1)
        nn.init.ones_(self.layer.weight)
        nn.init.zeros_(self.layer.bias)

    def forward(self, inputs, mode='tensor', **kwargs):
        outputs = self.layer(torch.stack(inputs))
        return {'loss': outputs.pow(2).mean()} if mode == 'loss' else outputs


def tiny_runner(work_dir: Path, **kwargs) -> Runner:
    """A Runner of three epochs that logs, schedules and saves."""
    data = [dict(inputs=torch.full((1,), float(i))) for i in range(4)]
    return Runner(
        model=TinyModel(),
        work_dir=str(work_dir),
        train_dataloader=dict(
            batch_size=2, dataset=data, sampler=dict(type='DefaultSampler', shuffle=False)
        ),
        train_cfg=dict(by_epoch=True, max_epochs=3),
        optim_wrapper=dict(optimizer=dict(type='Adam', lr=0.1)),
        param_scheduler=dict(type='ExponentialLR', gamma=0.9),
        default_hooks=dict(logger=dict(type='LoggerHook', interval=1)),
        default_scope='mmaction',
        randomness=dict(seed=0),
        **kwargs,
    )


class HostileCode:
    """Pickles to a call of `function`."""

    def __init__(self, function, *args) -> None:
        self.call = (function, args)

    def __reduce__(self):
        return self.call
