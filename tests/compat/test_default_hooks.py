"""Default hooks that a config leaves out by None."""
from __future__ import annotations

from types import SimpleNamespace

import pytest
from mmengine.runner import FlexibleRunner, Runner


@pytest.mark.parametrize('kind', [Runner, FlexibleRunner])
def test_none_leaves_out_a_hook_of_mmengine_and_one_of_ours(kind):
    registered = []
    kind.register_default_hooks(
        SimpleNamespace(register_hook=registered.append, _hooks=registered),
        dict(cost=None, timer=None, checkpoint_fit=dict(type='CheckpointFitHook')))
    assert dict(type='CheckpointFitHook') in registered
    assert [hook['type'] for hook in registered if hook['type'] in ('IterTimerHook',
                                                                    'CostHook')] == []
    assert 'LoggerHook' in [hook['type'] for hook in registered]
