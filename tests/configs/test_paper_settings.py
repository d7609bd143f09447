"""The shipped configs have the paper's settings, and agree with what they say of themselves."""
from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.dataset import Compose, DefaultSampler
from mmengine.hub import get_config
from mmengine.registry import init_default_scope
from shipped import CONFIGS, LOADERS, LOFI, ROOT, cycle_of, load, transforms_of
from torch.nn import SyncBatchNorm
from torch.nn.modules.batchnorm import _BatchNorm

from mmlofi.datasets import FidelityBatchSampler, class_names, load_annotations

PAPER_SIZE = {224: dict(S=(100, 112), T=(25, 224), ST=(50, 158)),
              112: dict(T=(25, 112), ST=(50, 80))}     # TSP's encoder


@pytest.mark.parametrize('name', LOFI)
def test_fidelities_at_paper_size(name):
    cfg = load(name)
    steps = transforms_of(cfg, 'train_dataloader')
    at_size = PAPER_SIZE[steps['RandomCrop'].size]
    assert {fidelity.name: (fidelity.reduce_snippets(steps['SampleSnippets'].num_snippets),
                            fidelity.reduce_side(steps['RandomCrop'].size))
            for fidelity in cycle_of(cfg)}.items() <= at_size.items()
    for fidelity in cycle_of(cfg):
        assert fidelity.pixel_share == pytest.approx(1 / 4)


def test_a_real_video_at_paper_size(reference_data):
    init_default_scope('mmaction')
    cfg = load('configs/lofi_tsm_anet.py')
    video = dict(filename=str(reference_data / 'data/videos/test.mp4'), video_name='test',
                 modality='RGB', start_index=0, segments_sec=[[0, 1]], gt_labels=[0])
    training = Compose(cfg.train_dataloader.dataset.pipeline)
    for fidelity in cycle_of(cfg):
        L, side = PAPER_SIZE[224][fidelity.name]
        frames = training(dict(video, fidelity=fidelity))['inputs']
        assert frames.shape == (L, 3, 8, side, side)
    frames = Compose(cfg.test_dataloader.dataset.pipeline)(dict(video))['inputs']
    assert frames.shape == (100, 3, 8, 224, 224)


def test_the_method_cycles_s_then_t_then_st_every_epoch_or_every_16_batches():
    long, short = load('configs/lofi_tsm_anet.py'), load('configs/lofi_short_tsm_anet.py')
    for cfg, by, interval in ((long, 'epoch', 1), (short, 'iter', 16)):
        assert [fidelity.name for fidelity in cycle_of(cfg)] == list(PAPER_SIZE[224])
        assert (cfg.custom_hooks[0].by, cfg.custom_hooks[0].interval) == (by, interval)


CLIPS_OF_TSP = ['configs/lofi_tsp_r2plus1d_anet.py']     # features are of clips side by side


@pytest.mark.parametrize('name', sorted(set(LOFI) - set(CLIPS_OF_TSP)))
def test_full_fidelity_is_seen_in_testing_alone(name):
    cfg = load(name)
    steps = transforms_of(cfg, 'test_dataloader')
    assert (steps['SampleSnippets'].num_snippets, steps['CenterCrop'].crop_size) == (100, 224)
    snippet = [(transforms_of(cfg, loader)['SampleSnippets'].clip_len,
                transforms_of(cfg, loader)['SampleSnippets'].frame_interval)
               for loader in ('train_dataloader', 'test_dataloader')]
    assert snippet[0] == snippet[1]
    assert all(fidelity.pixel_share < 1 for fidelity in cycle_of(cfg))


@pytest.mark.parametrize('name', LOFI)
def test_16_videos_make_an_update_at_every_fidelity(name):
    cfg = load(name)
    gpus = int(re.search(rf'dist_train\.sh {name} (\d+)', (ROOT / name).read_text())[1])
    batch_size = cfg.train_dataloader.batch_size
    assert gpus * batch_size == cfg.auto_scale_lr.base_batch_size
    assert gpus * batch_size * cfg.optim_wrapper.get('accumulative_counts', 1) == 16

    videos = DefaultSampler(range(50), shuffle=True)
    sampler = FidelityBatchSampler(
        videos, batch_size, schedule=dict(cycle=cfg.custom_hooks[0].cycle))
    for epoch in range(3):
        sampler.set_epoch(epoch)
        assert {len(batch) for batch in sampler} == {batch_size}


@pytest.mark.parametrize('name', LOFI)
def test_every_batch_norm_of_the_encoder_follows_one_setting(name):
    init_default_scope('mmaction')
    cfg = load(name)
    with torch.device('meta'):
        model = MODELS.build(cfg.model)
    model.train()
    norms = [module for module in model.backbone.modules() if isinstance(module, _BatchNorm)]
    assert (cfg.norm, {norm.training for norm in norms}) == ('frozen', {False})
    assert SyncBatchNorm not in map(type, norms)


MMACTION_PRESETS = {
    'configs/lofi_tsm_anet.py': 'configs/acp_tsm_kinetics.py',
    'configs/lofi_tsm_hacs.py': 'configs/acp_tsm_kinetics.py',
    'configs/acp_plus_tsm_anet.py': 'configs/acp_tsm_kinetics.py',
    'configs/tsp_tsm_anet.py': 'configs/acp_tsm_kinetics.py',
    'configs/tac_tsm_anet.py': 'configs/acp_tsm_kinetics.py',
    'configs/lofi_tsp_tsm_anet.py': 'configs/tsp_tsm_anet.py',
    'configs/lofi_tsp_tsm_thumos.py': 'configs/tsp_tsm_thumos.py',
    'configs/lofi_tsp_r2plus1d_anet.py': 'configs/tsp_r2plus1d_anet.py',
    'configs/lofi_tsm_r34_anet.py': 'configs/acp_tsm_r34_kinetics.py',
    'configs/lofi_r2plus1d_anet.py': 'configs/acp_r2plus1d_kinetics.py',
    'configs/lofi_tsm_r50_anet.py': 'recognition/tsm/'
        'tsm_imagenet-pretrained-r50_8xb16-dense-1x1x8-50e_kinetics400-rgb.py',
    'configs/lofi_slowfast_anet.py': 'recognition/slowfast/'
        'slowfast_r50_8xb8-4x16x1-256e_kinetics400-rgb.py',
}


@pytest.mark.parametrize(('name', 'stage_1'), MMACTION_PRESETS.items())
def test_the_stage_1_checkpoint_named_by_load_from_fits_the_whole_encoder(name, stage_1):
    """By names and shapes: the recognizer that it is of is built, nothing is downloaded."""
    init_default_scope('mmaction')
    ours = load(name)
    theirs = load(stage_1) if stage_1.startswith('configs/') else get_config(f'mmaction::{stage_1}')
    assert Path(stage_1).stem in ours.load_from
    with torch.device('meta'):
        shapes = [{key: tuple(value.shape) for key, value in MODELS.build(cfg).state_dict().items()}
                  for cfg in (ours.model.backbone, theirs.model.backbone)]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize('name', [name for name in CONFIGS if '_gtad_' in name])
def test_a_baseline_differs_from_stage_3_by_the_features_alone(name):
    stage_1, stage_3 = re.fullmatch(r'configs/(icp|acp|acp_plus|tsp)_(gtad_\w+)\.py',
                                    name).groups()
    lofi, acp = load(f'configs/{stage_3}.py'), load(name)
    for loader in LOADERS:
        folder = acp[loader].dataset.data_prefix.feature
        assert folder == f'features/{stage_1}_{stage_3.removeprefix("gtad_")}'
        assert folder in (ROOT / name).read_text().split('_base_')[0]     # the command's
        acp[loader].dataset.data_prefix = lofi[loader].dataset.data_prefix
    settings = ('model', *LOADERS, 'optim_wrapper', 'param_scheduler', 'train_cfg', 'val_evaluator')
    for setting in settings:
        assert acp[setting] == lofi[setting]


GTAD = [name for name in CONFIGS if name.startswith('configs/gtad_')
        and name != 'configs/gtad_tsp_anet.py']      # on published features


@pytest.mark.parametrize('name', GTAD)
def test_features_are_those_of_the_named_encoder_unless_the_environment_says_else(name,
                                                                                  monkeypatch):
    monkeypatch.delenv('LOFI_FEATURES', raising=False)
    cfg = load(name)
    folder = name.replace('configs/gtad_', 'features/lofi_').removesuffix('.py')
    assert {cfg[loader].dataset.data_prefix.feature for loader in LOADERS} == {folder}
    lofi = load(name.replace('gtad_', 'lofi_'))
    assert lofi.model.head.in_channels == cfg.model.head.in_channels
    assert cfg.model.class_scores.in_channels == cfg.model.head.in_channels

    monkeypatch.setenv('LOFI_FEATURES', 'features/elsewhere')
    cfg = load(name)
    assert {cfg[loader].dataset.data_prefix.feature for loader in LOADERS} == {'features/elsewhere'}


def test_hacs_differs_from_activitynet_by_data_and_g_tad_s_recipe():
    for stage in ('lofi', 's_lofi', 't_lofi', 'st_lofi', 'lofi_short', 'gtad'):
        anet, hacs = load(f'configs/{stage}_tsm_anet.py'), load(f'configs/{stage}_tsm_hacs.py')
        assert hacs.model == anet.model
        assert hacs.get('custom_hooks') == anet.get('custom_hooks')
        for loader in LOADERS:
            if hacs.get(loader) is not None:
                dataset = hacs[loader].dataset
                assert dataset.pipeline == anet[loader].dataset.pipeline
                assert 'hacs' in (dataset.get('data_root') or dataset.ann_file)
                assert 'classes' not in dataset.metainfo     # as the file numbers them
        assert 'hacs' in hacs.test_evaluator.ann_file
        if stage != 'gtad':
            assert hacs.optim_wrapper == anet.optim_wrapper
    assert (hacs.train_dataloader.batch_size, hacs.optim_wrapper.optimizer.lr) == (32, 5e-4)


def test_acp_plus_goes_on_with_stage_1_s_recipe_at_a_tenth_of_the_rate():
    acp, plus = load('configs/acp_tsm_kinetics.py'), load('configs/acp_plus_tsm_anet.py')
    assert plus.optim_wrapper.optimizer.lr == pytest.approx(acp.optim_wrapper.optimizer.lr / 10)
    assert plus.param_scheduler == acp.param_scheduler
    for loader in LOADERS:
        steps = plus[loader].dataset.pipeline
        assert [step.type for step in steps[:2]] == ['OpenVideo', 'TrimToSegment']
        of_acp = acp[loader].dataset.pipeline[1:]     # the preset's own, but for the scope's mark
        assert [{key: step[key] for key in step if key != '_scope_'} for step in steps[2:]] == of_acp


def test_on_the_toy_benchmark_acp_plus_costs_what_lofi_costs():
    lofi, plus = load('configs/toy/lofi_toy.py'), load('configs/toy/acp_plus_toy.py')
    snippets, clip = (transforms_of(cfg, 'train_dataloader')[name] for cfg, name in (
        (lofi, 'SampleSnippets'), (plus, 'SampleFrames')))
    videos, segments = 80, 202     # of tools/make_procedural.py
    lofi_updates = lofi.max_epochs * (videos // lofi.train_dataloader.batch_size)
    assert lofi_updates == plus.max_epochs * (segments // plus.train_dataloader.batch_size) == 720
    assert lofi.train_dataloader.batch_size * snippets.num_snippets * snippets.clip_len / 4 == \
        plus.train_dataloader.batch_size * clip.clip_len * clip.get('num_clips')


@pytest.mark.parametrize(('name', 'sampler', 'items'), [
    ('tsp', 'ClipInSegment', 5 * 462), ('arrow', 'PlaybackRate', 2 * 200),
    ('speed', 'PlaybackRate', 2 * 200),
    ('bsp', 'StitchBoundary', 4 * 200)])     # of tools/make_procedural.py
def test_on_the_toy_benchmark_the_rivals_cost_what_acp_plus_costs(name, sampler, items):
    plus, rival = load('configs/toy/acp_plus_toy.py'), load(f'configs/toy/{name}_toy.py')
    clip = transforms_of(plus, 'train_dataloader')['SampleFrames']
    assert transforms_of(rival, 'train_dataloader')[sampler].clip_len == clip.clip_len
    assert rival.train_dataloader.batch_size == plus.train_dataloader.batch_size
    updates = rival.max_epochs * (items // rival.train_dataloader.batch_size)
    assert updates == pytest.approx(720, abs=5)
    assert rival.optim_wrapper == plus.optim_wrapper


def test_the_classes_are_those_of_the_real_annotations(reference_data):
    records = load_annotations(reference_data / 'data/activitynet/activity_net.v1-3.json')
    assert load('configs/gtad_tsm_anet.py').anet_classes == class_names(records)


def test_the_header_of_stage_3_shows_how_to_use_class_scores_of_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stage_3 = load('configs/gtad_tsm_anet.py')
    scores = tmp_path / 'data/activitynet/cuhk_val_simp_share.json'
    scores.parent.mkdir(parents=True)
    scores.write_text(json.dumps({'class': stage_3.anet_classes, 'results': {}}))
    lines = re.findall(r'^#   (_base_.+|model.+|    classes=.+)$',
                       (ROOT / 'configs/gtad_tsm_anet.py').read_text(), re.MULTILINE)
    config = tmp_path / 'my_stage_3.py'
    config.write_text('\n'.join(lines).replace("'./", f"'{ROOT}/configs/"))

    model = Config.fromfile(config).model

    assert MODELS.build(model.class_scores).path == str(scores.relative_to(tmp_path))
    assert model.head == stage_3.model.head
