"""MMEngine's `activation_checkpointing`: no gradient is lost, and statistics move once."""
from __future__ import annotations

import warnings

import pytest
import torch
from mmengine.runner import activation_checkpointing, turn_on_activation_checkpointing
from torch import nn

from mmlofi.compat import checkpointing


@pytest.fixture
def net():
    """Of two blocks."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)), nn.ReLU())


def test_a_block_whose_input_has_no_gradient_learns(net):
    images = torch.randn(2, 3, 4, 4)
    expected = torch.autograd.grad(net(images).square().sum(), list(net.parameters()))
    turn_on_activation_checkpointing(net, ['0'])
    with warnings.catch_warnings():
        warnings.filterwarnings('error', message='.*use_reentrant')
        warnings.filterwarnings('error', message='.*requires_grad')
        net(images).square().sum().backward()
    torch.testing.assert_close([value.grad for value in net.parameters()], list(expected))


def test_running_statistics_move_once(net):
    images = torch.randn(2, 3, 4, 4)
    turn_on_activation_checkpointing(net, '0')
    features = net(images)
    before = {name: value.clone() for name, value in net.named_buffers()}
    features.sum().backward()
    assert before.pop('0.1.num_batches_tracked') == 1
    for name, value in before.items():
        assert torch.equal(net.get_buffer(name), value), name


def test_a_version_that_says_it_itself_is_left_alone(monkeypatch):
    def its_own(forward, use_reentrant=False):
        """As a later version may have it."""
    monkeypatch.setattr(activation_checkpointing, 'wrap_forward', its_own)
    checkpointing.mend_activation_checkpointing(print)
    assert activation_checkpointing.wrap_forward is its_own
