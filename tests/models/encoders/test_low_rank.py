"""Low-rank adaptation by peft, of backbones that call their linear layers or read their weights."""
from __future__ import annotations

import copy

import pytest
import torch
from mmaction.registry import MODELS
from small_transformers import TIMESFORMER, VIT
from torch import nn

from mmlofi.models import EndToEndLocalizer, SnippetEncoder

pytest.importorskip('peft')

VIT2 = dict(VIT, depth=2, img_size=16, patch_size=8)
BACKBONES = {'VideoMAE': (VIT2, ['qkv', 'attn.proj', 'mlp.layers.1'], 6),
             'TimeSformer': (dict(TIMESFORMER, pretrained=None), ['temporal_fc', 'out_proj'], 3)}
FRAMES = torch.randn(2, 3, 3, 4, 64, 64, generator=torch.Generator().manual_seed(1))


def build(name, **settings):
    torch.manual_seed(0)
    cfg, targets, _ = BACKBONES[name]
    return EndToEndLocalizer(backbone=cfg, head=dict(type='GTADHead', in_channels=24), encoder=dict(
        adapters=dict(type='lora', rank=2, targets=targets), **settings))


def bare(name):
    torch.manual_seed(0)
    return MODELS.build(BACKBONES[name][0])


def matrices(model, which):
    return [value for name, value in model.backbone.named_parameters() if f'.lora_{which}.' in name]


@pytest.mark.parametrize('name', BACKBONES)
def test_a_fresh_one_is_the_identity_bit_for_bit_also_after_init_weights(name):
    model = build(name)
    other = bare(name)
    for _ in range(2):
        other.load_state_dict(model.backbone.state_dict(), strict=False)
        with torch.no_grad():
            assert torch.equal(model.extract_feat(FRAMES),
                               SnippetEncoder(input_format=model.encoder.input_format)(
                                   other, FRAMES, model._normalize))
        model.init_weights()
    assert not any(value.any() for value in matrices(model, 'B'))
    assert all(value.std() > 0.05 for value in matrices(model, 'A'))


@pytest.mark.parametrize('name', BACKBONES)
def test_every_target_learns_and_nothing_else_does(name):
    model = build(name)
    model.train()
    before = copy.deepcopy(model.backbone.state_dict())
    optimizer = torch.optim.SGD(model.backbone.parameters(), lr=1.0)
    for _ in range(3):       # first B alone, and TimeSformer starts with more zeros
        (model.extract_feat(FRAMES) * torch.randn(2, 24, 3)).sum().backward()
        optimizer.step()
        changed = {key for key, value in model.backbone.state_dict().items()
                   if not torch.equal(value, before[key])}
        assert changed
        assert all('.lora_' in key for key in changed)
    assert len(changed) == 2 * BACKBONES[name][2] == len(matrices(model, 'A') * 2)
    assert [key for key, value in model.backbone.named_parameters() if value.requires_grad] == [
        key for key, _ in model.backbone.named_parameters() if '.lora_' in key]
    assert not any(module.training for key, module in model.backbone.named_modules()
                   if key and '.lora_' not in key)


@pytest.mark.parametrize('name', BACKBONES)
def test_the_features_are_those_of_the_weights_with_the_product_added(name):
    model, other = build(name), bare(name)
    for value in matrices(model, 'B'):
        nn.init.normal_(value)
    state = model.backbone.state_dict()
    for key in [key for key in state if '.lora_A.' in key]:
        layer = key.partition('.lora_A.')[0]
        state[f'{layer}.weight'] = state[f'{layer}.weight'] + state[
            f'{layer}.lora_B.default.weight'] @ state[key]
    missing, _ = other.load_state_dict(state, strict=False)
    assert missing == []
    with torch.no_grad():
        torch.testing.assert_close(model.extract_feat(FRAMES), SnippetEncoder()(
            other, FRAMES, model._normalize), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('name', BACKBONES)
def test_checkpoints_go_between_it_and_a_recognizer_without_conversion(name):
    model, recognizer = build(name), bare(name)
    names = set(recognizer.state_dict())
    assert names == {key for key in model.backbone.state_dict() if '.lora_' not in key}
    for value in recognizer.parameters():
        nn.init.normal_(value, std=0.1)
    missing, extra = model.backbone.load_state_dict(recognizer.state_dict(), strict=False)
    assert extra == []
    assert all('.lora_' in key for key in missing)
    for key, value in recognizer.state_dict().items():
        assert torch.equal(model.backbone.state_dict()[key], value)
    twin = build(name)
    assert twin.load_state_dict(copy.deepcopy(model.state_dict())) == ([], [])
    assert torch.equal(twin.extract_feat(FRAMES), model.extract_feat(FRAMES))


def test_a_target_that_matches_nothing_is_named_with_the_linear_layers_that_there_are():
    backbone = bare('VideoMAE')
    encoder = SnippetEncoder(adapters=dict(type='lora', targets=['qkv', 'q_proj', 'kv']))
    with pytest.raises(ValueError, match=r"targets=\['q_proj', 'kv'\], which VisionTransformer does"
                                         r" not have; .* \['blocks.\*.attn.qkv', 'blocks.\*.attn"):
        encoder.prepare(backbone)
    with pytest.raises(ValueError, match='it has none, so leave adapters out'):
        encoder.prepare(MODELS.build(dict(type='ResNetTSM', depth=18, pretrained=None)))


@pytest.mark.parametrize(('settings', 'words'), [
    (dict(targets='qkv'), "targets='qkv'; expected a list"), (dict(targets=[]), 'expected a list'),
    (dict(targets=['qkv'], rank=0), 'rank=0; expected a whole number'),
    (dict(targets=['qkv'], alpha=-1), 'alpha=-1; expected a number'),
    (dict(), r'lora.* do not take \{\} .*targets')])
def test_settings_that_are_none_are_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        SnippetEncoder(adapters=dict(type='lora', **settings))


@pytest.mark.parametrize('settings', [dict(chunk_size=2), dict(checkpointing=True)])
def test_chunks_and_recomputed_blocks_give_the_same_gradients(settings):
    results = []
    for chosen in ({}, settings):
        model = build('VideoMAE', **chosen)
        for value in matrices(model, 'B'):
            nn.init.constant_(value, 0.1)
        (model.extract_feat(FRAMES) * torch.arange(24.0)[:, None]).sum().backward()
        results.append({key: value.grad for key, value in model.backbone.named_parameters()
                        if value.grad is not None})
    torch.testing.assert_close(*results, rtol=1e-4, atol=1e-5)


def test_a_copy_has_matrices_of_its_own():
    model = build('VideoMAE')
    twin = copy.deepcopy(model)
    for value in matrices(twin, 'B'):
        nn.init.normal_(value)
    assert not torch.equal(model.extract_feat(FRAMES), twin.extract_feat(FRAMES))
    assert not any(value.any() for value in matrices(model, 'B'))
