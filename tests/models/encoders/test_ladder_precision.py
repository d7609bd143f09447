"""A ladder in mixed precision: what it keeps of the blocks is what its first layers take."""
from __future__ import annotations

import copy

import pytest
import torch
from mmaction.registry import MODELS
from small_transformers import VIT

from mmlofi.models import SnippetEncoder
from mmlofi.models.encoders import ladder
from mmlofi.planning.live_memory import LiveMemory


@pytest.fixture
def step():
    """Features, gradients of the adapters and kept bytes of a step in bfloat16."""
    torch.manual_seed(0)
    encoder = SnippetEncoder(adapters=dict(type='ladder', blocks='all'), checkpointing=True)
    fresh = MODELS.build(dict(VIT, depth=4))
    encoder.prepare(fresh)
    for name, value in fresh.named_parameters():
        if 'up_proj' in name:
            torch.nn.init.normal_(value)        # not the zeros of a new one
    frames = torch.randint(256, (1, 3, 3, 4, 64, 64), dtype=torch.uint8)

    def run() -> tuple[torch.Tensor, list[torch.Tensor], int]:
        backbone = copy.deepcopy(fresh)
        with LiveMemory() as memory, torch.autocast('cpu', torch.bfloat16):
            features = encoder(backbone, frames, lambda clips: clips / 255)
        kept = memory.now
        features.square().sum().backward()
        return features.detach(), [value.grad for value in backbone.parameters()
                                   if value.grad is not None], kept
    return run


def test_16_bits_are_kept_and_change_nothing(step, monkeypatch):
    features, gradients, kept = step()
    monkeypatch.setattr(ladder, '_as_layers_take', lambda x: x)
    expected, others, more = step()
    torch.testing.assert_close(features, expected, rtol=0, atol=0)
    assert len(gradients) == len(others) > 0
    torch.testing.assert_close(gradients, others, rtol=0, atol=0)
    outputs = 4 * 3 * 2 * 16 * 24                # blocks x clips x tokens x channels
    assert more - kept == pytest.approx(2 * outputs, rel=0.01)
