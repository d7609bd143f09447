"""The leaves of one-stage heads have every setting of the authors' published configurations."""
from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.registry import init_default_scope
from shipped import load, transforms_of

ACTIONFORMER = dict(
    thumos_i3d='actionformer_i3d_thumos', anet_tsp='actionformer_tsp_anet',
    anet_i3d='actionformer_i3d_anet', epic_slowfast_verb='actionformer_slowfast_epic_verb',
    epic_slowfast_noun='actionformer_slowfast_epic_noun',
    **{f'ego4d_{features}': f'actionformer_{features}_ego4d' for features in (
        'slowfast', 'omnivore', 'egovlp', 'slowfast_egovlp', 'omnivore_egovlp',
        'slowfast_omnivore_egovlp')})
TRIDET = dict(
    thumos_i3d='tridet_i3d_thumos', anet_tsp='tridet_tsp_anet',
    epic_slowfast_verb='tridet_slowfast_epic_verb', epic_slowfast_noun='tridet_slowfast_epic_noun',
    hacs_slowfast='tridet_slowfast_hacs', hacs_i3d='tridet_i3d_hacs')
BOTH = [('actionformer', *pair) for pair in ACTIONFORMER.items()] + [
    ('tridet', *pair) for pair in TRIDET.items()]


@pytest.fixture(params=BOTH, ids=[leaf for *_, leaf in BOTH])
def both(request, reference_data):
    """What the authors published, and our config."""
    method, name, leaf = request.param
    path = reference_data / f'reference/one_stage/{method}/official_configs.json.gz'
    return json.loads(gzip.decompress(path.read_bytes()))[name], load(f'configs/{leaf}.py')


def is_tridet(cfg):
    return cfg.model.head.type == 'TriDetHead'


def test_the_model_has_their_parameters(both):
    official, cfg = both
    init_default_scope('mmaction')
    with torch.device('meta'):
        head = MODELS.build(cfg.model.head)
    shapes = {name: list(value.shape) for name, value in head.state_dict().items()}
    assert shapes == {name: list(shape) for name, shape in official['state_dict'].items()}


def test_features_are_loaded_and_cut_as_theirs(both):
    official, cfg = both
    theirs = official['config']['dataset']
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        found = transforms_of(cfg, loader)['LoadSnippetFeatures']
        more = [step.feat_dim for step in cfg[loader].dataset.pipeline
                if step.type == 'AppendFeatures']
        assert found.feat_dim + sum(more) == np.sum(theirs['input_dim'])
        assert found.feature_stride == theirs['feat_stride']
        assert found.get('feature_len', found.feature_stride) == theirs['num_frames']
        assert found.get('fps') == theirs['default_fps']
        assert found.num_snippets == (theirs['max_seq_len'] if theirs['force_upsampling'] else None)
    training = transforms_of(cfg, 'train_dataloader')
    cut = training['RandomTruncation']
    assert cut.max_seq_len == training['PadFeatures'].max_seq_len == theirs['max_seq_len']
    assert cut.get('trunc_thresh', 0.5) == theirs['trunc_thresh']
    assert list(cut.get('crop_ratio', (0.9, 1.0))) == theirs['crop_ratio']
    beyond = 0.5 if theirs['force_upsampling'] else theirs['num_frames'] / theirs['feat_stride'] / 2
    assert cut.get('offset', 0) == (0 if is_tridet(cfg) else beyond)
    assert ('CleanSegments' in training) == (theirs.get('file_prefix') == 'v_')
    assert not training['PackTALInputs'].clip


@pytest.mark.parametrize('both', BOTH[len(ACTIONFORMER):], ids=TRIDET.values(), indirect=True)
def test_what_tridet_alone_has_is_theirs(both):
    official, cfg = both
    model, train = official['config']['model'], official['config']['train_cfg']
    init_default_scope('mmaction')
    with torch.device('meta'):
        head = MODELS.build(cfg.model.head)
    assert cfg.model.head.backbone.get('init_conv_vars', 0) == model['init_conv_vars']
    assert head.backbone.positions == model['use_abs_pe']
    assert head.input_noise == model['input_noise']
    assert head.num_bins == model['num_bins']
    assert head.criterion.iou_weight_power == model['iou_weight_power']
    assert {block.drop_path_out.probability for block in head.backbone.branch} == {
        train['droppath']}


def test_it_is_trained_as_theirs(both):
    official, cfg = both
    opt, train, model = (official['config'][part] for part in ('opt', 'train_cfg', 'model'))
    warm_up, cosine = cfg.param_scheduler
    assert cfg.train_dataloader.batch_size == official['config']['loader']['batch_size']
    assert cfg.auto_scale_lr.base_batch_size == official['config']['loader']['batch_size']
    assert cfg.optim_wrapper.optimizer.lr == opt['learning_rate']
    assert cfg.optim_wrapper.optimizer.weight_decay == opt['weight_decay']
    assert warm_up.end == cosine.begin == opt['warmup_epochs']
    assert cosine.end == cfg.train_cfg.max_epochs == opt['warmup_epochs'] + opt['epochs']
    assert cosine.eta_min == opt.get('eta_min', 1e-8)
    assert cfg.optim_wrapper.clip_grad.max_norm == train['clip_grad_l2norm']
    with torch.device('meta'):
        head = MODELS.build(cfg.model.head)
    assert head.criterion.init_norm == train['init_loss_norm']
    assert head.criterion.label_smoothing == train['label_smoothing']
    assert head.criterion.reg_weight == train['loss_weight']
    assert [list(one) for one in head.ranges] == model['regression_range']
    assert head.assign.center_radius == train['center_sample_radius']
    assert head.lengths.max_seq_len == model['max_seq_len']


def test_it_is_tested_as_theirs(both):
    official, cfg = both
    theirs, head, nms = official['config']['test_cfg'], cfg.model.head, cfg.model.nms
    found = head.get('candidates', {})
    assert found.get('pre_nms_thresh', 0.001) == theirs['pre_nms_thresh']
    assert found.get('pre_nms_topk', 2000) == theirs['pre_nms_topk']
    assert found.get('duration_thresh', 0.05) == theirs['duration_thresh']
    assert (nms.sigma, nms.top_k, nms.min_score) == (
        theirs['nms_sigma'], theirs['max_seg_num'], theirs['min_score'])
    assert nms.get('by_class', False) == theirs['multiclass_nms']
    # Voting runs in class-agnostic soft-NMS only.
    assert nms.get('voting_thresh') == (None if theirs['multiclass_nms']
                                        else theirs['voting_thresh'])
    if not theirs['multiclass_nms']:
        assert nms.get('voting_weight', 'score') == ('score' if is_tridet(cfg) else 'score_iou')
        assert cfg.model.fusion == 'sqrt'
        assert cfg.model.get('top_classes', 2) == 2
