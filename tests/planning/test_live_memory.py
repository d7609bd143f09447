"""Bytes of tensors that are alive: counted by hand."""
from __future__ import annotations

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from mmlofi.planning.live_memory import LiveMemory, fake_module


def test_tensors_count_from_their_making_to_their_end():
    before = torch.ones(10)
    with LiveMemory() as memory:
        first = torch.zeros(100)                   # 400 bytes
        second = before + 1                        # 40
        assert memory.now == memory.peak == 440
        del first
        assert (memory.now, memory.peak) == (40, 440)
        third = second.double()                    # 80
        assert (memory.now, memory.peak) == (120, 440)
    del second, third
    assert memory.now == 0


def test_views_and_changes_in_place_take_nothing():
    weight = torch.ones(4, 4)
    with LiveMemory() as memory:
        views = weight.flatten(), weight[1:], weight.t()
        weight.add_(1)
    assert memory.now == 0
    assert len(views) == 3


def test_what_autograd_keeps_counts_until_the_backward_pass():
    layer = nn.Linear(8, 4, bias=False)
    with LiveMemory() as memory:
        loss = layer(torch.ones(16, 8)).square().sum()   # keeps 512 of inputs, 256 to be squared
        assert memory.now == 512 + 256 + 4
        loss.backward()
        assert memory.now == 4 + layer.weight.grad.nbytes


def test_a_fake_module_takes_no_memory_and_counts_as_the_real_one():
    mode = FakeTensorMode()
    module = fake_module(nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)), mode)
    assert all(value.device.type == 'cpu' for value in module.state_dict().values())
    with mode, LiveMemory() as memory:
        out = module(torch.empty(10000, 3, 34, 34))
    assert out.shape == (10000, 8, 32, 32)
    assert memory.now >= 2 * out.nbytes + 10000 * 3 * 34 * 34 * 4 > 5e8
