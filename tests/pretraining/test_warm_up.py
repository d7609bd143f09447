"""Learning rates of three groups, step by step, as the authors have them."""
from __future__ import annotations

import numpy as np
import torch
from mmengine.registry import PARAM_SCHEDULERS
from torch import nn


def test_rates_of_each_step_are_the_authors(tsp_settings, tsp_arrays):
    about = tsp_settings['schedule']
    groups = [dict(params=[nn.Parameter(torch.zeros(1))], lr=rate) for rate in about['base_lr']]
    optimizer = torch.optim.SGD(groups, lr=1)
    per_epoch = about['iters_per_epoch']
    by_step, by_epoch = (PARAM_SCHEDULERS.build(one, default_args=dict(
        optimizer=optimizer, epoch_length=per_epoch)) for one in (
        dict(type='WarmUpLR', start_factor=about['warmup_factor'], end=about['warmup_epochs'],
             convert_to_iter_based=True),
        dict(type='MultiStepLR', milestones=about['milestones'], gamma=about['gamma'])))
    rates = []
    for step in range(about['epochs'] * per_epoch):
        rates.append([group['lr'] for group in optimizer.param_groups])
        optimizer.step()
        by_step.step()
        if (step + 1) % per_epoch == 0:
            by_epoch.step()
    assert np.allclose(rates, tsp_arrays['schedule'], atol=1e-12, rtol=0)
