"""Low-rank adaptation of other libraries' models: some call their layers, some read weights."""
from __future__ import annotations

import pytest
import torch
from small_library_models import CONFIGS, TRANSFORMERS

from mmlofi.models import SnippetEncoder
from mmlofi.models.encoders.backbones import build_backbone

pytest.importorskip('peft')
CASES = {
    'transformers.VideoMAEModel': ['query', 'value'], 'transformers.TimesformerModel': ['qkv'],
    'transformers.VivitModel': ['q_proj', 'v_proj'], 'transformers.VJEPA2Model': ['query', 'fc1'],
    'timm.vit_tiny_patch16_224': ['qkv', 'attn.proj']}
FRAMES = torch.randn(1, 2, 3, 4, 64, 64, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize('name', CASES)
def test_a_fresh_one_is_the_identity_and_every_target_learns_from_the_first_step(name):
    library, _, kind = name.partition('.')
    pytest.importorskip(library)
    cfg = TRANSFORMERS[kind] if kind in CONFIGS else dict(
        type=name, img_size=64, embed_dim=24, depth=2, num_heads=2)
    torch.manual_seed(0)
    bare, backbone = build_backbone(cfg).eval(), build_backbone(cfg)
    encoder = SnippetEncoder(adapters=dict(type='lora', targets=CASES[name], rank=2))
    encoder.prepare(backbone)
    missing, extra = backbone.load_state_dict(bare.state_dict(), strict=False)
    assert extra == []
    assert all('.lora_' in key for key in missing)
    features = encoder(backbone, FRAMES)
    assert torch.equal(features, SnippetEncoder()(bare, FRAMES))
    (features * torch.randn(features.shape)).sum().backward()
    learning = {key for key, value in backbone.named_parameters()
                if value.grad is not None and value.grad.any()}
    assert learning == {key for key, _ in backbone.named_parameters() if '.lora_B.' in key}
    assert {key.split('.lora_B')[0].split('.')[-1] for key in learning} == {
        target.split('.')[-1] for target in CASES[name]}
