"""Whose statistics the batch norms of an encoder take, by one setting."""
from __future__ import annotations

import pytest
import torch
from mmengine.utils.dl_utils.parrots_wrapper import _BatchNorm
from torch import nn

from mmlofi.models import EndToEndLocalizer, SnippetEncoder
from mmlofi.models.encoders.norm import pooling_statistics

TSM = dict(type='ResNetTSM', depth=18, pretrained=None, pretrained2d=False, num_segments=2,
           shift_div=8)
CSN = dict(type='ResNet3dCSN', depth=50, pretrained=None, bottleneck_mode='ir', norm_eval=True,
           bn_frozen=True)
PARTIAL = dict(type='ResNet', depth=18, pretrained=None, partial_bn=True)


def build(backbone: dict, norm: str | None) -> EndToEndLocalizer:
    return EndToEndLocalizer(
        backbone=backbone, head=dict(type='GTADHead', in_channels=8), encoder=dict(norm=norm),
        data_preprocessor=dict(type='ActionDataPreprocessor', format_shape='NCTHW')).train()


@pytest.mark.parametrize(('norm', 'trains'), [
    (None, {True}), ('frozen', {False}), ('running', {True}), ('reestimated', {True})])
def test_one_setting_says_whose_statistics_batch_norm_takes(norm, trains):
    model = build(TSM, norm)
    norms = [module for module in model.backbone.modules()
             if isinstance(module, nn.BatchNorm2d)]
    assert {module.training for module in norms} == trains
    assert not any(module.training for module in model.eval().backbone.modules())


@pytest.mark.parametrize(('backbone', 'own'), [(CSN, 0), (PARTIAL, 1)])
@pytest.mark.parametrize('norm', [None, 'frozen', 'running', 'reestimated'])
def test_the_setting_goes_over_what_a_preset_freezes(backbone, own, norm):
    model = build(backbone, norm)
    norms = [module for module in model.backbone.modules()
             if isinstance(module, _BatchNorm)]
    follows, expected = {None: (own, own), 'frozen': (0, own)}.get(norm, (len(norms), len(norms)))
    assert sum(module.training for module in norms) == follows
    assert sum(module.weight.requires_grad for module in norms) == expected


def test_batch_norms_of_frozen_stages_stay_frozen():
    model = build(dict(TSM, frozen_stages=1, norm_eval=True), 'running')
    assert not any(module.training for module in model.backbone.layer1.modules()
                   if isinstance(module, nn.BatchNorm2d))
    assert all(module.training for module in model.backbone.layer2.modules()
               if isinstance(module, nn.BatchNorm2d))


@pytest.mark.parametrize(('norm', 'backbone', 'said'), [
    ('frozen', nn.Conv3d(3, 4, 1), ["Conv3d has no batch norm: norm='frozen' of its encoder "
                                    'changes nothing']),
    (None, nn.Conv3d(3, 4, 1), []),
    ('running', nn.Sequential(nn.Conv3d(3, 4, 1), nn.BatchNorm3d(4)), [])])
def test_a_setting_of_batch_norm_that_changes_nothing_is_said(norm, backbone, said, monkeypatch):
    messages = []
    monkeypatch.setattr('mmlofi.models.encoders.encoder.print_log',
                        lambda message, **_: messages.append(message))
    SnippetEncoder(norm=norm).prepare(backbone)
    assert messages == said


@pytest.mark.parametrize('norm', [nn.BatchNorm1d(2), nn.BatchNorm2d(2), nn.BatchNorm3d(2)])
def test_pooled_statistics_have_the_variance_between_videos(norm):
    """Videos of means 3 and -3, each of variance 1: together 10, of which a mean of theirs has 1.
    """
    shape = dict(BatchNorm1d=[6000], BatchNorm2d=[60, 100], BatchNorm3d=[6, 10, 100])[
        type(norm).__name__]
    torch.manual_seed(0)
    videos = [torch.randn(4, 2, *shape) + mean for mean in (3.0, -3.0)]
    norm.eval()
    before = norm.running_var.clone()
    with pooling_statistics([norm]) as (pooled,):
        for video in videos:
            for chunk in video.split(3):      # of unequal length
                norm(chunk)
    assert torch.equal(norm.running_var, before)
    assert not norm.training
    assert norm.num_batches_tracked == 0
    pooled.write(norm)
    everything = torch.cat(videos).transpose(0, 1).flatten(1)
    variance, mean = torch.var_mean(everything, 1)
    torch.testing.assert_close(norm.running_mean, mean)
    torch.testing.assert_close(norm.running_var, variance)
    torch.testing.assert_close(norm.running_var, torch.full((2,), 10.0), rtol=0.02, atol=0)
