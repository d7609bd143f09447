"""Attention without a map of all pairs of tokens: the same numbers as MMAction2's."""
from __future__ import annotations

import copy

import pytest
import torch
from mmaction.registry import MODELS
from small_transformers import TIMESFORMER, VIT
from torch import nn

from mmlofi.models import SnippetEncoder
from mmlofi.models.encoders.fused_attention import FusedAttention, fuse_attention
from mmlofi.planning.live_memory import LiveMemory


@pytest.fixture
def pair():
    """A VisionTransformer of two blocks as MMAction2 has it, and fused; `settings` change it."""
    def build(**settings: object) -> tuple[nn.Module, nn.Module]:
        torch.manual_seed(0)
        plain = MODELS.build(dict(VIT, depth=2, **settings)).double()
        for name, value in plain.named_parameters():
            if name.endswith('_bias'):
                nn.init.normal_(value)
        fused = copy.deepcopy(plain)
        SnippetEncoder(fused_attention=True).prepare(fused)
        return plain, fused
    return build


@pytest.mark.parametrize('settings', [{}, dict(qkv_bias=False), dict(qk_scale=0.3)])
@pytest.mark.parametrize('side', [64, 32])
def test_outputs_and_gradients_are_those_of_the_map(pair, settings, side):
    plain, fused = pair(**settings)
    frames = torch.randn(3, 3, 4, side, side, dtype=torch.float64)
    outputs = [net(frames) for net in (plain, fused)]
    torch.testing.assert_close(outputs[1], outputs[0], rtol=1e-10, atol=1e-12)
    for output in outputs:
        output.square().sum().backward()
    expected = {name: value.grad for name, value in plain.named_parameters()}
    for name, value in fused.named_parameters():
        if expected[name] is not None:
            torch.testing.assert_close(value.grad, expected[name], rtol=1e-8, atol=1e-10)


def test_names_and_weights_stay(pair):
    plain, fused = pair()
    assert list(fused.state_dict()) == list(plain.state_dict())
    assert [type(block.attn) for block in fused.blocks] == [FusedAttention] * 2
    assert [type(block.attn) for block in copy.deepcopy(fused).blocks] == [FusedAttention] * 2


def test_no_map_of_pairs_is_kept(pair):
    frames = torch.randn(4, 3, 4, 64, 64, dtype=torch.float64)
    kept = []
    for net in pair():
        with LiveMemory() as memory:
            output = net(frames)
            kept.append(memory.now)
            del output
    pairs = 2 * 4 * 2 * 32**2 * 8           # blocks x snippets x heads x tokens² x bytes
    assert kept[0] - kept[1] > 0.9 * pairs


def test_dropout_of_the_attention_stays(pair):
    _, fused = pair(attn_drop_rate=0.5)
    frames = torch.randn(1, 3, 4, 64, 64, dtype=torch.float64)
    with torch.no_grad():
        assert not torch.equal(fused(frames), fused(frames))
        fused.eval()
        torch.testing.assert_close(fused(frames), fused(frames))


def test_a_layer_in_place_of_the_projection_is_called(pair):
    """As one of low-rank adaptation, whose weight alone is not all it does."""
    class Doubled(nn.Linear):
        def forward(self, x):
            return 2 * super().forward(x)
    plain, fused = pair()
    for net in (plain, fused):
        for block in net.blocks:
            if net is fused:
                other = Doubled(24, 72, bias=False).double()
                other.load_state_dict(block.attn.qkv.state_dict())
                block.attn.qkv = other
            else:
                block.attn.qkv.weight.data *= 2
    frames = torch.randn(1, 3, 4, 64, 64, dtype=torch.float64)
    torch.testing.assert_close(fused(frames), plain(frames))


def test_a_backbone_without_that_attention_is_refused():
    with pytest.raises(ValueError, match=r"none of VisionTransformer's attention in TimeSformer; "
                                         r'expected a VisionTransformer .*: leave the option out'):
        fuse_attention(MODELS.build(TIMESFORMER))
