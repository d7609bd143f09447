"""Encoding a few snippets at a time: same features, same gradients, statistics moved once."""
from __future__ import annotations

import copy
from functools import partial

import pytest
import torch
from mmaction.registry import MODELS
from small_transformers import TIMESFORMER, VIT
from test_encoder import BACKBONES, SIDE, T
from torch import nn

from mmlofi.models import SnippetEncoder
from mmlofi.planning.live_memory import LiveMemory


def build(name, dtype=torch.float64):
    torch.manual_seed(0)
    return MODELS.build(BACKBONES[name][0]).to(dtype)


def frozen(backbone):
    for module in backbone.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()
    return backbone


def step(encoder, backbone, frames, weight):
    """Features, and the gradients of a loss that weighs each of them differently."""
    backbone.zero_grad()
    features = encoder(backbone, frames)
    (features * weight).sum().backward()
    return features.detach(), {name: parameter.grad.clone() for name, parameter
                               in backbone.named_parameters() if parameter.grad is not None}


@pytest.mark.parametrize('name', [name for name in BACKBONES if 'R50' not in name])
@pytest.mark.parametrize('size', [2, 4, 10])
def test_chunks_give_the_features_and_gradients_of_all_at_once(name, size):
    backbone = frozen(build(name))
    frames = torch.randn(2, 3, 3, T, SIDE, SIDE, dtype=torch.float64)
    weight = torch.randn(2, BACKBONES[name][1], 3, dtype=torch.float64)
    expected, whole = step(SnippetEncoder(), backbone, frames, weight)
    features, gradients = step(SnippetEncoder(chunk_size=size), backbone, frames, weight)
    torch.testing.assert_close(features, expected)
    assert gradients.keys() == whole.keys()
    for key in whole:
        torch.testing.assert_close(gradients[key], whole[key], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize('settings', [dict(checkpointing=True), dict(channels_last=True),
                                      dict(checkpointing=True, chunk_size=2, channels_last=True)])
@pytest.mark.parametrize('name', ['TSM-R50', 'SlowOnly-R18'])
def test_checkpointing_and_memory_format_change_no_gradient(name, settings):
    backbone, other = frozen(build(name)), frozen(build(name))
    encoder = SnippetEncoder(**settings)
    encoder.prepare(other)
    frames = torch.randn(1, 3, 3, T, SIDE, SIDE, dtype=torch.float64)
    weight = torch.randn(1, BACKBONES[name][1], 3, dtype=torch.float64)
    expected, whole = step(SnippetEncoder(), backbone, frames, weight)
    features, gradients = step(encoder, other, frames, weight)
    torch.testing.assert_close(features, expected)
    assert gradients.keys() == whole.keys()
    for key in whole:
        torch.testing.assert_close(gradients[key], whole[key], rtol=1e-9, atol=1e-12)


def test_a_backbones_own_with_cp_recomputes_as_checkpointing_does():
    """MMAction2's moves running statistics again in the second forward pass."""
    plain, own = (build('TSM-R50') for _ in range(2))
    blocks = [module for module in own.modules() if type(module).__name__ == 'Bottleneck']
    for block in blocks[:3]:
        block.with_cp = True
    encoder = SnippetEncoder()
    encoder.prepare(own)
    assert [block.forward.__name__ if hasattr(block.forward, '__name__') else 'recompute'
            for block in blocks[:4]] == ['recompute'] * 3 + ['forward']
    frames = torch.randn(1, 3, 3, T, SIDE, SIDE, dtype=torch.float64)
    for backbone in (plain, own):
        encoder(backbone, frames).square().sum().backward()
    for key, value in plain.state_dict().items():
        torch.testing.assert_close(own.state_dict()[key], value)


@pytest.mark.parametrize(('settings', 'count'), [
    (dict(VIT, depth=3, drop_path_rate=0.5, num_frames=T), 3),
    (dict(TIMESFORMER, num_transformer_layers=2, num_frames=T), 2),
    (BACKBONES['MViT'][0], 3)])
def test_blocks_of_a_transformer_recompute_without_with_cp(settings, count):
    torch.manual_seed(0)
    plain = MODELS.build(settings).double()
    checkpointed, side = copy.deepcopy(plain), settings.get('img_size', SIDE)
    SnippetEncoder(checkpointing=True).prepare(checkpointed)
    assert sum(isinstance(module.forward, partial) for module in checkpointed.modules()) == count
    frames = torch.randn(1, 2, 3, T, side, side, dtype=torch.float64)
    kept, gradients = [], []
    for backbone in (plain, checkpointed):
        torch.manual_seed(1)                 # of drop path
        with LiveMemory() as memory:
            features = SnippetEncoder()(backbone, frames)
            kept.append(memory.now)
        features.square().sum().backward()
        gradients.append({name: value.grad for name, value in backbone.named_parameters()})
    assert kept[1] < 0.7 * kept[0]
    torch.testing.assert_close(gradients[1], gradients[0])


def test_a_backbone_without_blocks_to_checkpoint_is_refused():
    with pytest.raises(ValueError, match="no block with `with_cp` in ResNetTSM, nor a transformer's"
                                         '; .*chunk_size'):
        SnippetEncoder(checkpointing=True).prepare(build('TSM-R18'))


@pytest.mark.parametrize('settings', [dict(chunk_size=1), dict(chunk_size=1, checkpointing=True)])
def test_running_statistics_move_once_for_each_chunk(settings):
    name = 'TSM-R50'
    one_by_one, chunked = build(name), build(name)
    encoder = SnippetEncoder(**settings)
    encoder.prepare(chunked)
    frames = torch.randn(1, 3, 3, T, SIDE, SIDE, dtype=torch.float64)
    for snippet in frames[0]:
        SnippetEncoder()(one_by_one, snippet[None, None])
    encoder(chunked, frames).square().sum().backward()
    expected = one_by_one.state_dict()
    for key, value in chunked.state_dict().items():
        torch.testing.assert_close(value, expected[key])
    assert {module.momentum for module in chunked.modules()
            if isinstance(module, nn.BatchNorm2d)} == {0.1}


class Drops(nn.Module):
    """A weight for each channel, of which dropout keeps some anew for each snippet."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))

    def forward(self, clips):
        return nn.functional.dropout(clips.mean((2, 3, 4)) * self.weight)


def test_the_second_forward_pass_draws_what_the_first_drew():
    torch.manual_seed(3)
    backbone = Drops()
    features = SnippetEncoder(input_format='3d', chunk_size=1)(
        backbone, torch.rand(1, 8, 3, T, 4, 4))
    features.sum().backward()
    assert 0 < (features == 0).sum() < features.numel()
    torch.testing.assert_close(backbone.weight.grad, features.detach().sum((0, 2)))


def test_frames_are_normalised_chunk_by_chunk():
    seen = []

    def normalize(clips):
        seen.append((clips.dtype, len(clips)))
        return clips.float() / 255
    frames = torch.randint(256, (1, 5, 3, T, 4, 4), dtype=torch.uint8)
    with torch.no_grad():
        features = SnippetEncoder(input_format='3d', chunk_size=2)(
            Drops().eval(), frames, normalize)
    assert seen == [(torch.uint8, 2), (torch.uint8, 2), (torch.uint8, 1)]
    assert features.shape == (1, 3, 5)


@pytest.mark.parametrize('chunk_size', [None, 1])
def test_a_share_of_the_snippets_learns_and_all_are_encoded(chunk_size):
    backbone = frozen(build('TSM-R18'))
    encoder = SnippetEncoder(grad_ratio=0.5, chunk_size=chunk_size)
    frames = torch.randn(2, 4, 3, T, SIDE, SIDE, dtype=torch.float64, requires_grad=True)
    features = encoder(backbone, frames)
    torch.testing.assert_close(features, SnippetEncoder()(backbone, frames))
    features.square().sum().backward()
    learning = frames.grad.abs().sum(dim=(2, 3, 4, 5)) > 0                   # (N, L)
    assert learning.sum(1).tolist() == [2, 2]


def test_other_snippets_learn_at_each_step_and_all_when_testing():
    backbone, encoder = frozen(build('TSM-R18')), SnippetEncoder(grad_ratio=0.25)

    def learning():
        frames = torch.randn(1, 4, 3, T, SIDE, SIDE, dtype=torch.float64, requires_grad=True)
        encoder(backbone, frames).square().sum().backward()
        return tuple((frames.grad.abs().sum(dim=(2, 3, 4, 5)) > 0)[0].tolist())
    torch.manual_seed(0)
    drawn = {learning() for _ in range(8)}
    assert len(drawn) > 1
    assert {sum(one) for one in drawn} == {1}
    encoder.eval()
    assert learning() == (True,) * 4


def test_the_gradient_of_a_share_is_that_of_its_snippets_alone():
    backbone, encoder = frozen(build('TSM-R18')), SnippetEncoder(grad_ratio=0.5)
    frames = torch.randn(1, 4, 3, T, SIDE, SIDE, dtype=torch.float64)
    weight = torch.randn(1, 512, 4, dtype=torch.float64)
    torch.manual_seed(5)
    _, gradients = step(encoder, backbone, frames, weight)
    torch.manual_seed(5)
    learning = torch.rand(1, 4).argsort(1)[0, :2]
    _, expected = step(SnippetEncoder(), backbone, frames[:, learning], weight[..., learning])
    for key in expected:
        torch.testing.assert_close(gradients[key], expected[key], rtol=1e-9, atol=1e-12)


def test_weights_learn_in_bfloat16_though_others_were_encoded_before():
    backbone = frozen(build('TSN-R18', torch.float32))
    encoder = SnippetEncoder(grad_ratio=0.5)
    with torch.autocast('cpu', torch.bfloat16):
        features = encoder(backbone, torch.randn(1, 4, 3, T, SIDE, SIDE))
    features.float().square().sum().backward()
    assert [name for name, parameter in backbone.named_parameters()
            if parameter.requires_grad and parameter.grad is None] == []


@pytest.mark.parametrize(('settings', 'message'), [
    (dict(chunk_size=0), 'chunk_size=0; expected a number of snippets, 1 or more'),
    (dict(chunk_size=2.5), 'chunk_size=2.5; expected'),
    (dict(chunk_size=True), 'chunk_size=True; expected'),
    (dict(grad_ratio='half'), "grad_ratio='half'; expected a share"),
    (dict(grad_ratio=0), 'grad_ratio=0; expected a share'),
    (dict(grad_ratio=1.5), 'grad_ratio=1.5; expected a share')])
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        SnippetEncoder(**settings)
