"""TriDet's shipped configs have the settings of its authors' configurations."""
from __future__ import annotations

import gzip
import json

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.registry import init_default_scope
from shipped import CONFIGS, load, transforms_of

NAMES = {
    'configs/tridet_i3d_thumos.py': 'thumos_i3d', 'configs/tridet_tsp_anet.py': 'anet_tsp',
    'configs/tridet_slowfast_epic_verb.py': 'epic_slowfast_verb',
    'configs/tridet_slowfast_epic_noun.py': 'epic_slowfast_noun',
    'configs/tridet_slowfast_hacs.py': 'hacs_slowfast', 'configs/tridet_i3d_hacs.py': 'hacs_i3d'}


@pytest.fixture(params=NAMES, ids=NAMES.values())
def both(request, reference_data):
    """Our config, and what theirs resolves to."""
    path = reference_data / 'reference/one_stage/tridet/official_configs.json.gz'
    return load(request.param), json.loads(gzip.decompress(path.read_bytes()))[NAMES[request.param]]


@pytest.fixture
def head(both):
    init_default_scope('mmaction')
    with torch.device('meta'):
        return MODELS.build(both[0].model.head)


def test_each_published_configuration_is_a_config():
    assert set(NAMES) == {name for name in CONFIGS if name.startswith('configs/tridet_')}


def test_the_network_is_theirs(both, head):
    _, published = both
    model, train = (published['config'][part] for part in ('model', 'train_cfg'))
    assert {key: list(weight.shape) for key, weight in head.state_dict().items()} \
        == published['state_dict']
    assert head.lengths.max_seq_len == model['max_seq_len']
    assert head.backbone.positions == model['use_abs_pe']
    assert head.input_noise == model['input_noise']
    assert head.num_bins == model['num_bins']
    assert {block.drop_path_out.probability for block in head.backbone.branch} \
        == {train['droppath']}


def test_the_blocks_start_as_theirs_do(both):
    cfg, published = both
    assert cfg.model.head.backbone.get('init_conv_vars', 0) \
        == published['config']['model']['init_conv_vars']


def test_targets_losses_and_candidates_are_theirs(both, head):
    model, train, test = (both[1]['config'][part] for part in ('model', 'train_cfg', 'test_cfg'))
    assert [list(pair) for pair in head.ranges] == model['regression_range']
    assert head.assign.center_radius == train['center_sample_radius']
    loss = head.criterion
    assert (loss.init_norm, loss.label_smoothing, loss.reg_weight, loss.iou_weight_power) == (
        train['init_loss_norm'], train['label_smoothing'], train['loss_weight'],
        model['iou_weight_power'])
    assert vars(head.select) == {key: test[key] for key in (
        'pre_nms_thresh', 'pre_nms_topk', 'duration_thresh')}


def test_nms_is_theirs(both):
    """They vote across classes alone, whatever their settings say."""
    cfg, published = both
    test, nms = published['config']['test_cfg'], cfg.model.nms
    assert nms == dict(by_class=test['multiclass_nms'], sigma=test['nms_sigma'],
                       top_k=test['max_seg_num'], min_score=test['min_score']) | (
        {} if test['multiclass_nms'] else dict(voting_thresh=test['voting_thresh']))
    assert cfg.model.get('fusion') == (None if test['multiclass_nms'] else 'sqrt')


def test_data_are_theirs(both):
    cfg, published = both
    data = published['config']['dataset']
    training, testing = (transforms_of(cfg, loader) for loader in (
        'train_dataloader', 'test_dataloader'))
    load_, cut = training['LoadSnippetFeatures'], training['RandomTruncation']
    assert testing['LoadSnippetFeatures'] == load_
    assert (load_.num_snippets, load_.feat_dim) == (None, data['input_dim'])
    assert (load_.feature_stride, load_.get('feature_len', load_.feature_stride), load_.fps) == (
        data['feat_stride'], data['num_frames'], data['default_fps'] or 30)
    assert (cut.max_seq_len, cut.trunc_thresh) == (data['max_seq_len'], data['trunc_thresh'])
    assert cut.get('crop_ratio', [0.9, 1.0]) == data['crop_ratio']
    assert training['PadFeatures'].max_seq_len == data['max_seq_len']
    assert ('CleanSegments' in training) == ('anet' in cfg.filename)
    assert training['PackTALInputs'].clip is False
    assert cfg.val_dataloader.batch_size == cfg.test_dataloader.batch_size == 1


def test_the_schedule_is_theirs(both):
    cfg, published = both
    opt, batch = published['config']['opt'], published['config']['loader']['batch_size']
    warm_up, cosine = cfg.param_scheduler
    end = opt['warmup_epochs'] + opt['epochs']
    assert cfg.train_cfg.max_epochs == cosine.end == end
    assert warm_up.end == cosine.begin == opt['warmup_epochs']
    assert cosine.eta_min == opt['eta_min']
    assert (cfg.optim_wrapper.optimizer.lr, cfg.optim_wrapper.optimizer.weight_decay) == (
        opt['learning_rate'], opt['weight_decay'])
    assert cfg.optim_wrapper.clip_grad.max_norm \
        == published['config']['train_cfg']['clip_grad_l2norm']
    assert cfg.train_dataloader.batch_size == cfg.auto_scale_lr.base_batch_size == batch
    assert cfg.train_dataloader.batch_sampler.get('drop_last', True)
