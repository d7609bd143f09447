"""Stored features know the adapters of their encoder."""
from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from torch import nn

from mmlofi.datasets.features.feature_header import check_header

CONFIG = """_base_ = '{base}'
model = dict(
    backbone=dict(_delete_=True, type='VisionTransformer', img_size=64, patch_size=32,
                  embed_dims=16, depth=2, num_heads=2, num_frames=4),
    encoder=dict(_delete_=True, adapters={adapters}), head=dict(in_channels=16))
"""


@pytest.fixture
def stage_2(toy_configs, tmp_path):
    """Writes a config with such adapters."""
    def write(adapters):
        path = tmp_path / f'{len(list(tmp_path.iterdir()))}.py'
        path.write_text(CONFIG.format(base=toy_configs / 'lofi_toy.py', adapters=adapters))
        return path
    return write


@pytest.fixture
def checkpoint(tmp_path):
    torch.manual_seed(0)
    model = MODELS.build(dict(
        type='EndToEndLocalizer', backbone=dict(
            type='VisionTransformer', img_size=64, patch_size=32, embed_dims=16, depth=2,
            num_heads=2, num_frames=4), encoder=dict(adapters=dict(type='temporal')),
        head=dict(type='GTADHead', in_channels=16)))
    for name, value in model.named_parameters():
        if 'up_proj' in name:
            nn.init.normal_(value)
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'epoch_1.pth')
    return tmp_path / 'epoch_1.pth'


def test_the_same_weights_with_another_scope_are_another_encoder(stage_2, checkpoint, call_tool,
                                                                 tmp_path):
    def extract(adapters, out, *arguments):
        call_tool('extract_features.py', stage_2(adapters), checkpoint, '--out', tmp_path / out,
                  '--subset', 'validation', *arguments, '--cfg-options',
                  'test_dataloader.num_workers=0')
        header = json.loads((tmp_path / out / 'features.json').read_text())
        with np.load(tmp_path / out / 'val_0002.npz') as content:
            return content['features'], header
    inside, header = extract(dict(type='temporal'), 'inside')
    assert header['encoder']['adapters'] == dict(type='temporal')
    across, other = extract(dict(type='temporal', scope='video'), 'across', '--chunk-snippets', 5)
    again, _ = extract(dict(type='temporal', scope='video'), 'again', '--chunk-snippets', 32)
    np.testing.assert_allclose(across, again, rtol=1e-4, atol=1e-5)
    assert not np.allclose(across, inside, atol=1e-3)
    with pytest.raises(ValueError, match=r'was extracted with backbone_sha256=.*; expected'):
        check_header(other, dict(backbone_sha256=header['backbone_sha256']), 'val_0002.npz')
    extract(dict(type='temporal', scope='snippet', ratio=0.25), 'same')
    with pytest.raises(SystemExit, match=r"made with other settings .*'backbone_sha256'"):
        extract(dict(type='temporal', scope='video'), 'inside')
