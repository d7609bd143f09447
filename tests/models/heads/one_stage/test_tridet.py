"""TriDet as a head: any length and batch, labels, and what is refused."""
from __future__ import annotations

import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.structures import InstanceData

from mmlofi.models import TriDetHead

CHANNELS, CLASSES = 6, 3


def small_head(**options) -> TriDetHead:
    torch.manual_seed(0)
    return TriDetHead(**dict(
        in_channels=CHANNELS, num_classes=CLASSES, max_seq_len=32,
        backbone=dict(embed_dim=16, mlp_channels=8, arch=(1, 1, 2), window=3, window_factor=2,
                      init_conv_vars=0.3),
        towers=dict(num_bins=4), candidates=dict(pre_nms_thresh=0.0)) | options)


def loud(head: TriDetHead) -> TriDetHead:
    """Whose scales are not so small that the blocks' branches are lost in rounding."""
    for name, weight in head.named_parameters():
        if 'drop_path' in name:
            torch.nn.init.constant_(weight, 0.5)
    return head.eval()


def sample(count: int | None = None, segments=((0.1, 0.4),), labels=(1,)) -> ActionDataSample:
    one = ActionDataSample(metainfo=dict(num_valid=count, video_name='a'))
    one.gt_instances = InstanceData(segments=torch.tensor(segments).view(-1, 2),
                                    labels=torch.tensor(labels, dtype=torch.long))
    return one


@pytest.mark.parametrize('length', [1, 7, 32, 33, 50])
@pytest.mark.parametrize('num_bins', [0, 4])
@pytest.mark.parametrize('max_seq_len', [32, 20, None])
def test_any_length_trains_and_predicts(length, num_bins, max_seq_len):
    head = small_head(towers=dict(num_bins=num_bins), max_seq_len=max_seq_len)
    samples = [sample(), sample(segments=(), labels=())]
    features = torch.randn(2, CHANNELS, length)
    losses = head.loss(features, samples)
    sum(losses.values()).backward()
    assert all(torch.isfinite(weight.grad).all() for weight in head.parameters())
    for found in head.eval().predict(features, samples):
        assert found.segments.shape == (len(found.scores), 2) == (len(found.labels), 2)
        assert found.segments.isfinite().all()


@pytest.mark.parametrize('downsample', ['max', 'avg'])
def test_a_video_s_result_does_not_depend_on_its_batch(downsample):
    head = loud(small_head(backbone=dict(embed_dim=16, mlp_channels=8, arch=(1, 1, 2), window=3,
                                         downsample=downsample, init_conv_vars=0.3)))
    counts = [40, 9, 32, 1]
    features = torch.randn(4, CHANNELS, 40)
    together = head.predict(features, [sample(count) for count in counts])
    for video, count in enumerate(counts):
        alone, = head.predict(features[video:video + 1, :, :count])
        torch.testing.assert_close(together[video].scores, alone.scores)
        torch.testing.assert_close(together[video].segments * 40, alone.segments * count,
                                   atol=1e-4, rtol=0)
        assert together[video].labels.tolist() == alone.labels.tolist()


def test_all_videos_up_to_the_published_length_are_padded_to_it():
    head = loud(small_head())
    features = torch.randn(1, CHANNELS, 11)
    padded = torch.nn.functional.pad(features, (0, 21))
    mask = (torch.arange(32) < 11)[None]
    torch.testing.assert_close(head(features).logits, head(padded, mask).logits)
    assert head(features).points.counts == (32, 16, 8)
    assert head(torch.randn(1, CHANNELS, 33)).points.counts == (36, 18, 9)


def test_the_boundary_heads_teach_the_backbone_nothing():
    head = small_head()
    outputs = head(torch.randn(1, CHANNELS, 16))
    (outputs.start.sum() + outputs.end.sum()).backward()
    assert head.start_head.cls_head.conv.weight.grad.any()
    assert all(weight.grad is None for weight in head.backbone.parameters())


def test_the_loss_of_the_classes_trains_offsets_and_boundary_heads():
    head = small_head()
    head.loss(torch.randn(1, CHANNELS, 32), [sample()])['loss_cls'].backward()
    for part in (head.reg_head.offset_head, head.start_head, head.end_head):
        assert any(weight.grad.any() for weight in part.parameters())


def test_without_the_trident_head_the_loss_of_the_classes_trains_no_offset():
    head = small_head(towers=dict(num_bins=0))
    head.loss(torch.randn(1, CHANNELS, 32), [sample()])['loss_cls'].backward()
    assert all(weight.grad is None for weight in head.reg_head.parameters())


def test_noise_is_added_in_training_alone_and_to_padding_too():
    head = small_head(backbone=dict(embed_dim=16, arch=(1, 1, 2), input_noise=0.5))
    features, mask = torch.zeros(64, CHANNELS, 8), torch.ones(64, 8, dtype=torch.bool)
    noisy, _ = head.pad(features, mask)
    assert noisy.shape == (64, CHANNELS, 32)
    for part in (noisy[..., :8], noisy[..., 8:]):
        assert part.std().item() == pytest.approx(0.5, rel=0.1)
    assert not head.eval().pad(features, mask)[0].any()


def test_a_wrong_segment_lessens_the_class_loss_of_its_point():
    """As little as the power of its IoU; offsets that fit leave it whole."""
    losses = [small_head(loss=dict(iou_weight_power=power)).eval().loss(
        torch.ones(1, CHANNELS, 32), [sample()])['loss_cls'] for power in (0, 0.2, 1)]
    assert losses[0] > losses[1] > losses[2] > 0


def test_half_precision_trains_and_gives_losses_in_single_precision():
    head = small_head()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        losses = head.loss(torch.randn(2, CHANNELS, 20), [sample(), sample(15)])
    assert {value.dtype for value in losses.values()} == {torch.float32}
    sum(losses.values()).backward()
    assert all(torch.isfinite(weight.grad).all() for weight in head.parameters())


def test_one_class_is_agnostic_and_gives_no_labels():
    head = small_head(num_classes=1)
    found, = head.eval().predict(torch.randn(1, CHANNELS, 16), [sample()])
    assert not head.gives_labels
    assert 'labels' not in found
    assert len(found.scores)
    assert small_head().gives_labels


def test_it_learns_where_and_what():
    """Of two classes, each told by a channel, the best segment lies where that is on."""
    head = small_head(num_classes=2, candidates=None)
    features = torch.zeros(1, CHANNELS, 32)
    features[0, 0, 4:12] = features[0, 1, 18:30] = 3.0
    target = sample(segments=((4 / 32, 12 / 32), (18 / 32, 30 / 32)), labels=(0, 1))
    optimizer = torch.optim.AdamW(head.parameters(), lr=5e-3)
    for _ in range(60):
        optimizer.zero_grad()
        sum(head.loss(features, [target]).values()).backward()
        optimizer.step()
    found, = head.eval().predict(features, [target])
    for label, segment in enumerate(target.gt_instances.segments):
        scores = found.scores.where(found.labels == label, 0)
        assert scores.max() > 0.5
        assert (found.segments[scores.argmax()] - segment).abs().max() < 1 / 32


def test_it_is_built_by_name():
    assert isinstance(MODELS.build(dict(type='TriDetHead', in_channels=2, num_classes=1)),
                      TriDetHead)


@pytest.mark.parametrize(('options', 'said'), [
    (dict(num_classes=0), 'num_classes=0'),
    (dict(towers=dict(num_bins=-1)), 'num_bins=-1'),
    (dict(backbone=dict(input_noise=-0.1)), 'input_noise=-0.1'),
    (dict(loss=dict(iou_weight_power=-1)), 'iou_weight_power=-1')])
def test_wrong_options_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        small_head(**options)


def test_features_of_another_size_are_refused():
    with pytest.raises(ValueError, match=r'TriDetHead got features of shape \(1, 5, 8\)'):
        small_head()(torch.randn(1, 5, 8))


def test_options_are_not_taken_out_of_the_caller_s_dict():
    backbone = dict(embed_dim=16, input_noise=0.1)
    TriDetHead(in_channels=2, num_classes=1, backbone=backbone)
    assert backbone == dict(embed_dim=16, input_noise=0.1)
