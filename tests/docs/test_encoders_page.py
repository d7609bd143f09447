"""The configs on the page about encoders, with models of other libraries: each trains a step."""
from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData

from mmlofi import FidelityCycle
from mmlofi.models.encoders.frame_limits import frame_limits

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / 'docs' / 'encoders.md').read_text()
CONFIGS = dict(re.findall(r'```python\n# configs/my_(\w+)_lofi\.py.*?\n((?!#).+?|#.+?)```', PAGE,
                          re.DOTALL))
# What makes each small, and its weights random: none come from the net.
SMALL = {
    'torchvision': (dict(weights=None), 512, 64),
    'transformers': (dict(weights=None, config=dict(
        image_size=64, num_frames=16, hidden_size=24, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=48)), 24, 64),
    'timm': (dict(pretrained=False, img_size=56, embed_dim=24, depth=1, num_heads=2), 24, 56),
    'tsp': (dict(init_cfg=None, depth=18), 512, 64)}


def load(name, folder):
    path = folder / f'my_{name}_lofi.py'
    path.write_text(CONFIGS[name].replace("'./", f"'{ROOT}/configs/"))
    init_default_scope('mmaction')
    return Config.fromfile(path)


def samples():
    one = ActionDataSample()
    one.gt_instances = InstanceData(segments=torch.tensor([[0.2, 0.7]]), labels=torch.tensor([0]))
    one.set_metainfo(dict(video_name='v', gt_labels=[0]))
    return [one]


def test_the_page_has_a_config_of_each_library():
    assert set(CONFIGS) == set(SMALL)


@pytest.mark.parametrize('name', SMALL)
def test_a_config_of_the_page_names_weights_and_fits_its_frames(name, tmp_path):
    cfg = load(name, tmp_path)
    backbone = cfg.model.backbone
    assert backbone.get('weights') or backbone.get('pretrained') or backbone.get('init_cfg')
    assert cfg.get('load_from') is None
    assert not cfg.model.data_preprocessor or 'mean' in cfg.model.data_preprocessor


@pytest.mark.parametrize('name', SMALL)
def test_a_config_of_the_page_trains_a_step_at_each_fidelity(name, tmp_path):
    cfg, (changes, channels, side) = load(name, tmp_path), SMALL[name]
    if name != 'tsp':
        pytest.importorskip(name)
    cfg.model.backbone.update(changes)
    cfg.model.head.in_channels = cfg.model.class_scores.in_channels = channels
    model = MODELS.build(cfg.model).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    steps = cfg.train_dataloader.dataset.pipeline
    clip_len, divisor = steps[1].clip_len, steps[4].get('divisor', 2)
    assert frame_limits(model.backbone).side.step in (1, divisor)
    for fidelity in FidelityCycle.from_config(cfg.custom_hooks[0].cycle).fidelities:
        small = fidelity.reduce_side(side, divisor)
        frames = torch.randint(256, (1, fidelity.reduce_snippets(8), 3, clip_len, small, small),
                               dtype=torch.uint8)
        first = next(model.backbone.parameters())
        optimizer.zero_grad()
        sum(model.loss(frames, samples()).values()).backward()
        assert all(one.grad is not None for one in model.backbone.parameters() if one.requires_grad)
        before = first.detach().clone()
        optimizer.step()
        assert not torch.equal(first, before), fidelity.name
