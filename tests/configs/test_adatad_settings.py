"""AdaTAD's configs have its facts, and differ by LoFi's cycle alone."""
from __future__ import annotations

import pytest
from shipped import CONFIGS, cycle_of, load, transforms_of

from mmlofi.planning.training_plan import read_source

ADATAD = [name for name in CONFIGS if name.startswith('configs/adatad_')]
CHANNELS = dict(s=384, b=768, l=1024, g=1408)
SMALL_S = 'configs/adatad_videomae_s_thumos.py'


def test_there_is_one_of_each_size_and_data_set_and_its_cycled_twin():
    names = {f'configs/adatad_videomae_{size}_{data}.py'
             for size in CHANNELS for data in ('thumos', 'anet')}
    assert set(ADATAD) == names
    assert {name.replace('adatad', 'lofi_adatad') for name in names} <= set(CONFIGS)


@pytest.mark.parametrize('name', ADATAD)
def test_rates_epochs_and_batches_are_adatad_s(name):
    cfg, thumos = load(name), 'thumos' in name
    head = cfg.optim_wrapper.optimizer.lr
    adapters = head * cfg.optim_wrapper.paramwise_cfg.custom_keys.adapter.lr_mult
    assert (head, adapters) == pytest.approx(
        (1e-4, 2e-4 if name == SMALL_S else 1e-4) if thumos else (1e-3, 1e-4))
    assert cfg.optim_wrapper.optimizer.weight_decay == 0.05
    assert cfg.optim_wrapper.clip_grad.max_norm == 1
    warm_up, cosine = cfg.param_scheduler
    assert (warm_up.end, cosine.end, cfg.train_cfg.max_epochs) == \
        ((5, 100, 60) if thumos else (5, 15, 15))
    assert (cfg.auto_scale_lr.base_batch_size, cfg.train_dataloader.batch_size) == \
        ((2, 1) if thumos else (16, 4))
    assert [hook.momentum for hook in cfg.custom_hooks if hook.type == 'ModelEMAHook'] == [0.001]


@pytest.mark.parametrize('name', ADATAD)
def test_768_frames_give_the_head_the_positions_that_it_is_made_for(name):
    cfg, thumos = load(name), 'thumos' in name
    for loader in ('train_dataloader', 'test_dataloader'):
        clips = transforms_of(cfg, loader)['SampleSnippets']
        assert (clips.num_snippets * clips.clip_len, clips.placement) == (768, 'contiguous')
        assert clips.get('frame_interval') == (4 if thumos else None)
    steps = 768 // 2 * cfg.model.encoder.resample      # of tubelets of 2 frames
    assert steps == cfg.model.head.max_seq_len == (768 if thumos else 192)
    assert cfg.model.head.backbone.window == -1
    assert cfg.model.encoder.adapters == dict(type='temporal', scope='video', drop_path=True)


@pytest.mark.parametrize('name', ADATAD)
def test_channels_and_patches_fit(name):
    cfg, size = load(name), name.split('_')[2]
    assert cfg.model.backbone.embed_dims == cfg.model.head.in_channels == CHANNELS[size]
    if 'anet' in name:
        assert cfg.model.class_scores.in_channels == CHANNELS[size]
    cycled = load(name.replace('adatad', 'lofi_adatad'))
    source = read_source(cycled.train_dataloader.dataset.pipeline)
    sides = [source.side_at(fidelity) for fidelity in cycle_of(cycled)]
    assert sides == ([84, 154, 112] if size == 'g' else [80, 160, 112])
    assert transforms_of(cfg, 'test_dataloader')['CenterCrop'].crop_size == sides[1]


def test_detections_are_picked_as_published():
    thumos, anet = (load(SMALL_S.replace('thumos', data)).model for data in ('thumos', 'anet'))
    assert (thumos.nms.sigma, thumos.nms.top_k, thumos.head.num_classes) == (0.7, 2000, 20)
    assert (anet.nms.sigma, anet.nms.top_k, anet.head.num_classes) == (0.7, 100, 1)
    assert (anet.nms.voting_thresh, anet.nms.voting_weight) == (0.9, 'score')
    assert (anet.get('fusion', 'product'), anet.get('top_classes', 2)) == ('product', 2)
    loss = anet.head.loss
    assert (loss.init_norm, loss.label_smoothing, loss.reg_weight) == (200, 0.1, 2)


@pytest.mark.parametrize('name', ADATAD)
def test_the_cycled_twin_differs_by_the_cycle_and_lets_the_head_take_any_length(name):
    full, cycled = load(name), load(name.replace('adatad', 'lofi_adatad'))
    assert [fidelity.name for fidelity in cycle_of(cycled)] == ['S', 'T', 'ST']
    assert cycled.custom_hooks[1:] == full.custom_hooks
    for key in ('train_dataloader', 'test_dataloader', 'optim_wrapper', 'param_scheduler',
                'train_cfg'):
        assert cycled[key] == full[key]
    head = cycled.model.head
    assert (head.max_seq_len, head.backbone.get('positions', False)) == (None, False)
    for part in ('backbone', 'encoder', 'nms'):
        assert cycled.model[part] == full.model[part]
