"""Mixed precision on a machine without GPU."""
from __future__ import annotations

import pytest
import torch
from mmaction.registry import OPTIM_WRAPPERS
from mmengine.optim import OptimWrapper
from torch import nn

from mmlofi.compat import amp


@pytest.fixture
def registered(monkeypatch):
    """What the mend registers on a machine without GPU, by name; nothing yet."""
    monkeypatch.setattr(amp, 'get_device', lambda: 'cpu')
    monkeypatch.setattr(OPTIM_WRAPPERS, '_module_dict', {})
    return OPTIM_WRAPPERS.module_dict


@pytest.mark.skipif(amp.get_device() != 'cpu', reason='an accelerator: upstream serves it')
def test_one_config_of_mixed_precision_trains_on_a_cpu():
    layer = nn.Linear(1, 1)
    wrapper = OPTIM_WRAPPERS.build(dict(
        type='AmpOptimWrapper', loss_scale='dynamic',
        optimizer=torch.optim.SGD(layer.parameters(), lr=0.1)))
    before = layer.bias.clone()
    with wrapper.optim_context(layer):
        outputs = layer(torch.ones(1, 1))
        assert outputs.dtype == torch.bfloat16
    wrapper.update_params(outputs.float().square().sum() + layer.bias.sum())
    assert not torch.equal(layer.bias, before)


@pytest.mark.parametrize(('dtype', 'said'), [('float16', 1), (torch.float16, 1), ('bfloat16', 0),
                                              (None, 0)])
def test_another_precision_than_the_one_asked_for_is_said(dtype, said, monkeypatch):
    messages = []
    monkeypatch.setattr(amp, 'print_log', lambda message, **_: messages.append(message))
    amp.CPUAmpOptimWrapper(dtype=dtype,
                           optimizer=torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=0.1))
    assert messages == ['AmpOptimWrapper got dtype=float16, and there is no GPU: training in '
                        'bfloat16'] * said


class Asserting(OptimWrapper):
    """As MMEngine's where there is no GPU."""

    def __init__(self, loss_scale='dynamic', **kwargs):
        raise AssertionError('only available training on gpu')


class Mended(OptimWrapper):
    """As MMEngine's where there is a GPU, or in a version without the fault."""

    def __init__(self, loss_scale='dynamic', **kwargs):
        super().__init__(**kwargs)


def test_a_wrapper_that_wants_a_gpu_is_replaced_once(registered, monkeypatch):
    monkeypatch.setattr(amp, 'AmpOptimWrapper', Asserting)
    amp.mend_amp_without_accelerator()
    amp.mend_amp_without_accelerator()
    assert registered == {'AmpOptimWrapper': amp.CPUAmpOptimWrapper}


def test_a_wrapper_that_works_on_a_cpu_is_left_alone(registered, monkeypatch):
    monkeypatch.setattr(amp, 'AmpOptimWrapper', Mended)
    amp.mend_amp_without_accelerator()
    assert registered == {}


def test_on_a_gpu_nothing_is_replaced(registered, monkeypatch):
    monkeypatch.setattr(amp, 'AmpOptimWrapper', Asserting)
    monkeypatch.setattr(amp, 'get_device', lambda: 'cuda')
    amp.mend_amp_without_accelerator()
    assert registered == {}
