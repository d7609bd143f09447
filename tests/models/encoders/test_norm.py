"""Whose statistics the batch norms of an encoder take, by one setting."""
from __future__ import annotations

import copy

import pytest
import torch
from mmengine.utils.dl_utils.parrots_wrapper import _BatchNorm
from torch import nn

from mmlofi.models import EndToEndLocalizer, SnippetEncoder
from mmlofi.models.encoders.norm import pooling_statistics
from mmlofi.models.encoders.recompute import recompute

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
    (None, {True}), ('frozen', {False}), ('mean_only', {True}), ('running', {True}),
    ('reestimated', {True})])
def test_one_setting_says_whose_statistics_batch_norm_takes(norm, trains):
    model = build(TSM, norm)
    norms = [module for module in model.backbone.modules()
             if isinstance(module, nn.BatchNorm2d)]
    assert {module.training for module in norms} == trains
    assert not any(module.training for module in model.eval().backbone.modules())


@pytest.mark.parametrize(('backbone', 'own'), [(CSN, 0), (PARTIAL, 1)])
@pytest.mark.parametrize('norm', [None, 'frozen', 'mean_only', 'running', 'reestimated'])
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


def mean_only(norm: nn.Module) -> nn.Module:
    """A backbone of a batch norm that has seen other batches."""
    norm.running_mean.fill_(5.0)
    norm.running_var.copy_(torch.tensor([1.0, 4.0, 9.0]))
    backbone = nn.Sequential(norm).train()
    SnippetEncoder(norm='mean_only').prepare(backbone)
    return backbone


@pytest.mark.parametrize(('norm', 'shape'), [
    (nn.BatchNorm2d(3), (5, 3, 4, 4)), (nn.BatchNorm3d(3), (2, 3, 2, 4, 4)),
    (nn.BatchNorm3d(3, momentum=None), (2, 3, 2, 4, 4))])
def test_the_mean_alone_may_be_the_batchs(norm, shape):
    backbone, values = mean_only(norm), (torch.randn(shape) + 7).requires_grad_()
    result = backbone(values)
    axes = [0, *range(2, len(shape))]
    scale = (norm.running_var + norm.eps).sqrt().reshape(-1, *[1] * (len(shape) - 2))
    torch.testing.assert_close(result, (values - values.mean(axes, keepdim=True)) / scale)
    (gradient,) = torch.autograd.grad(result.square().sum(), values)
    assert gradient.mean(axes).abs().max() < 1e-4          # through the mean as well
    share = 0.1 if norm.momentum else 1.0
    torch.testing.assert_close(norm.running_mean, torch.lerp(torch.full((3,), 5.0),
                                                             values.detach().mean(axes), share))
    assert norm.running_var.tolist() == [1, 4, 9]
    assert norm.num_batches_tracked == 1
    tested = copy.deepcopy(backbone).eval()
    torch.testing.assert_close(
        tested(values), (values - norm.running_mean.reshape(-1, *[1] * (len(shape) - 2))) / scale)


def test_a_mean_of_its_own_moves_once_where_activations_are_computed_again():
    backbone, values = mean_only(nn.BatchNorm3d(3)), torch.randn(2, 3, 2, 4, 4, requires_grad=True)
    plain = copy.deepcopy(backbone)
    recompute(backbone, backbone, values).square().sum().backward()
    plain(values.detach()).square().sum()
    assert torch.equal(backbone[0].running_mean, plain[0].running_mean)
    assert backbone[0].num_batches_tracked == 1


def test_a_call_that_fails_leaves_the_norm_in_training():
    backbone = mean_only(nn.BatchNorm3d(3))
    with pytest.raises(ValueError, match='5D'):
        backbone(torch.zeros(2, 3, 4, 4))
    assert backbone[0].training


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
