"""TSP's configs have the authors' settings, and what is beside them differs where it should."""
from __future__ import annotations

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from shipped import CONFIGS, LOADERS, load, transforms_of

TSP = [name for name in CONFIGS if name.startswith(('configs/tsp_', 'configs/tac_'))
       and '_gtad_' not in name]
# Of the first layers, the rest and the heads, of the authors' 2 GPUs.
RATES = {'configs/tsp_r2plus1d_anet.py': (0, 2e-4, 4e-3), 'configs/tsp_tsm_anet.py': (0, 2e-4, 4e-3),
         'configs/tac_r2plus1d_anet.py': (0, 2e-4, 4e-3), 'configs/tac_tsm_anet.py': (0, 2e-4, 4e-3),
         'configs/tsp_r2plus1d_thumos.py': (0, 2e-4, 8e-3),
         'configs/tsp_tsm_thumos.py': (0, 2e-4, 8e-3),
         'configs/tac_r2plus1d_thumos.py': (0, 2e-5, 8e-3),
         'configs/tac_tsm_thumos.py': (0, 2e-4, 8e-3)}


@pytest.mark.parametrize('name', TSP)
def test_first_layers_the_rest_and_heads_are_three_groups(name):
    init_default_scope('mmaction')
    cfg = load(name)
    with torch.device('meta'):
        model = MODELS.build(cfg.model)
    groups = build_optim_wrapper(model, cfg.optim_wrapper).optimizer.param_groups
    names = {id(parameter): key for key, parameter in model.named_parameters()}
    rates = {}
    for group in groups:
        for parameter in group['params']:
            part = names[id(parameter)]
            kind = 'heads' if part.startswith('cls_head.') else \
                'first' if part.startswith(('backbone.stem.', 'backbone.conv1.')) else 'rest'
            rates.setdefault(kind, set()).add(group['lr'])
    assert len(groups) == 3
    assert tuple(*zip(*(rates[kind] for kind in ('first', 'rest', 'heads')))) == pytest.approx(
        RATES[name])


@pytest.mark.parametrize('name', TSP)
def test_tac_sees_actions_alone_and_tsp_background_and_the_video_s_own_feature(name):
    cfg = load(name)
    tac = 'tac_' in name
    for loader in LOADERS:
        dataset = cfg[loader].dataset
        assert (dataset.background is None) == (dataset.gvf is None) == tac
        assert dataset.metainfo.classes == (cfg.thumos_classes if 'thumos' in name
                                            else cfg.anet_classes)
    assert cfg.model.cls_head.get('regions', True) == (not tac)
    assert cfg.model.cls_head.num_classes == len(dataset.metainfo.classes)
    if not tac:
        assert dataset.background.shortest_gap_sec == (16 / 15 if 'thumos' in name else 80 / 15)


def test_clips_of_tsm_are_the_snippets_of_the_paper():
    for data, interval in (('anet', 8), ('thumos', 2)):
        clip = transforms_of(load(f'configs/tsp_tsm_{data}.py'), 'train_dataloader')[
            'ClipInSegment']
        snippet = transforms_of(load(f'configs/lofi_tsm_{data}.py'), 'train_dataloader')[
            'SampleSnippets']
        assert clip.clip_len == snippet.clip_len
        assert 30 / clip.fps == snippet.frame_interval == interval


def test_lofi_after_tsp_differs_by_its_start_alone():
    for data in ('anet', 'thumos'):
        after, plain = load(f'configs/lofi_tsp_tsm_{data}.py'), load(f'configs/lofi_tsm_{data}.py')
        assert after.load_from == f'checkpoints/tsp_tsm_{data}.pth'
        after.load_from = plain.load_from
        assert after._cfg_dict == plain._cfg_dict


def test_lofi_s_snippets_and_features_of_tsp_s_own_encoder_are_tsp_s_clips():
    cfg = load('configs/lofi_tsp_r2plus1d_anet.py')
    training, testing = (transforms_of(cfg, loader) for loader in (
        'train_dataloader', 'test_dataloader'))
    snippet, clip = training['SampleSnippets'], testing['RegularClips']
    assert (snippet.clip_len, 30 / snippet.frame_interval) == (clip.clip_len, clip.fps) == (16, 15)
    stage_1 = transforms_of(load('configs/tsp_r2plus1d_anet.py'), 'val_dataloader')
    for step in ('ResizeWholeFrame', 'CropCentre'):
        assert testing[step] == stage_1[step]
    load_features = transforms_of(load('configs/gtad_tsp_r2plus1d_anet.py'), 'train_dataloader')[
        'LoadSnippetFeatures']
    assert (load_features.feature_stride, load_features.fps) == (clip.stride, clip.fps)
