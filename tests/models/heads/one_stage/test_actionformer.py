import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.structures import InstanceData

from mmlofi.models.heads.one_stage import ActionFormerHead

SMALL = dict(embed_dim=16, arch=(1, 1, 3), window=5, num_heads=2)


def small(*, classes=3, seed=0, backbone=None, **settings):
    torch.manual_seed(seed)
    head = MODELS.build(dict(type='ActionFormerHead', in_channels=6, num_classes=classes,
                             backbone=SMALL | (backbone or {}), **settings))
    with torch.no_grad():   # as if trained: blocks count, scores differ
        for name, value in head.named_parameters():
            if name.endswith('.scale') and value.ndim:
                value.fill_(0.5)
        head.cls_head.cls_head.conv.bias.fill_(-1)
        head.reg_head.offset_head.conv.bias.fill_(1)
    return head.eval()


def samples(*videos, num_valid=None):
    made = []
    for number, (segments, labels) in enumerate(videos):
        count = num_valid[number] if num_valid else None
        sample = ActionDataSample(metainfo=dict(num_valid=count, video_name=f'v{number}'))
        sample.gt_instances = InstanceData(segments=torch.tensor(segments).reshape(-1, 2),
                                           labels=torch.tensor(labels, dtype=torch.long))
        made.append(sample)
    return made


def same(one, other):
    assert len(one.scores) == len(other.scores) > 0
    torch.testing.assert_close(one.scores, other.scores, rtol=0, atol=1e-6)
    torch.testing.assert_close(one.segments, other.segments, rtol=0, atol=1e-5)


@pytest.mark.parametrize('max_seq_len', [None, 32])
@pytest.mark.parametrize('positions', [False, True])
def test_a_video_is_found_alike_alone_and_in_any_batch(max_seq_len, positions):
    head = small(max_seq_len=max_seq_len, backbone=dict(positions=positions))
    lengths = [9, 32, 70]
    videos = [torch.randn(1, 6, length) for length in lengths]
    batch = torch.cat([torch.nn.functional.pad(x, (0, 70 - x.size(2)), value=7.)
                       for x in videos])
    together = head.predict(batch, samples(*[([], [])] * 3, num_valid=lengths))
    for video, found in zip(videos, together):
        alone = head.predict(video)[0]
        alone.segments = alone.segments * video.size(2) / 70   # shares of the padded length
        same(found, alone)


@pytest.mark.parametrize('length', [1, 2, 3, 25, 33, 100])
def test_any_length_gives_losses_and_segments(length):
    head = small()
    features = torch.randn(2, 6, length)
    losses = head.train().loss(features, samples(([0.2, 0.7], [1]), ([], [])))
    assert set(losses) == {'loss_cls', 'loss_reg'}
    sum(losses.values()).backward()
    assert all(one.grad.isfinite().all() for one in head.parameters())
    found = head.eval().predict(features)
    assert [set(one.keys()) for one in found] == [{'segments', 'scores', 'labels'}] * 2


def test_windows_that_the_authors_refuse_work():
    for window, divisor in ((3, 16), ((5, 11, 5, 5), 160), (-1, 8), ((3, 3, 1, 1), 8)):
        head = small(backbone=dict(window=window))
        assert head.lengths.divisor == divisor
        assert len(head.predict(torch.randn(1, 6, 341))[0].scores) > 0


def test_a_maximum_that_does_not_fit_is_refused_with_those_that_do():
    with pytest.raises(ValueError, match='max_seq_len=100; expected a multiple of 32.*96 or 128'):
        small(max_seq_len=100)


@pytest.mark.parametrize(('backbone', 'reason'), [
    (dict(window=4), 'odd'), (dict(window=(5, 5)), 'each of the 4 levels'),
    (dict(num_heads=3), 'the heads divide'), (dict(arch=(2, 2)), r'such as \(2, 2, 5\)'),
    (dict(arch=(0, 2, 3)), r'such as \(2, 2, 5\)'), (dict(embed_dim=(8, 8)), 'as many widths'),
    (dict(dropout=2), 'dropout=2')])
def test_sizes_that_no_network_has_are_refused(backbone, reason):
    with pytest.raises(ValueError, match=reason):
        small(backbone=backbone)


@pytest.mark.parametrize(('settings', 'reason'), [
    (dict(targets=dict(ranges=[(0, 4), (4, 8)])), 'expected 4 pairs'),
    (dict(targets=dict(center_radius=0)), 'center_radius=0'),
    (dict(loss=dict(init_norm=0)), 'init_norm=0'),
    (dict(towers=dict(kernel_size=2)), 'kernel_size=2; expected an odd number'),
    (dict(towers=dict(num_layers=0)), 'num_layers=0'),
    (dict(candidates=dict(pre_nms_topk=0)), 'pre_nms_topk=0')])
def test_options_that_cannot_be_are_refused(settings, reason):
    with pytest.raises(ValueError, match=reason):
        small(**settings)


def test_features_of_other_channels_are_refused():
    with pytest.raises(ValueError, match=r'\(1, 5, 9\), expected \(videos, 6, snippets\)'):
        small()(torch.randn(1, 5, 9))


def test_a_label_beyond_the_classes_is_refused_with_its_video():
    with pytest.raises(ValueError, match="'v1' has labels from 3 to 3.*num_classes=3"):
        small().loss(torch.randn(2, 6, 16), samples(([0.2, 0.7], [2]), ([0.2, 0.7], [3])))


def test_with_one_class_there_are_no_labels_and_all_actions_count():
    head = small(classes=1)
    assert not head.gives_labels
    assert small().gives_labels
    losses = head.loss(torch.randn(1, 6, 16), samples(([0.2, 0.7], [57])))
    assert losses['loss_reg'] > 0
    assert 'labels' not in head.predict(torch.randn(1, 6, 16))[0]


def test_several_sources_come_concatenated():
    torch.manual_seed(0)
    head = ActionFormerHead(in_channels=(4, 2), num_classes=2,
                            backbone=SMALL | dict(embed_dim=(10, 6))).eval()
    features = torch.randn(1, 6, 16)
    before = head(features).logits
    features[:, 4:] = 0
    assert not torch.equal(head(features).logits, before)
    assert head.backbone.proj[1].conv.weight.shape == (6, 2, 1)


def test_what_lies_behind_a_videos_end_does_not_matter():
    head = small(max_seq_len=32)
    features, end = torch.randn(1, 6, 30), samples(([], []), num_valid=[20])
    before = head.predict(features, end)[0]
    features[..., 20:] = torch.nan
    same(before, head.predict(features, end)[0])


def test_an_action_is_learnt():
    head = small(max_seq_len=32, loss=dict(init_norm=10)).train()
    features = 0.1 * torch.randn(2, 6, 32)
    features[0, 0, 8:20] += 1
    features[1, 1, 4:12] += 1
    batch = samples(([8 / 32, 20 / 32], [0]), ([4 / 32, 12 / 32], [2]))
    optimizer = torch.optim.AdamW(head.parameters(), lr=5e-3)
    for _ in range(60):
        optimizer.zero_grad()
        sum(head.loss(features, batch).values()).backward()
        optimizer.step()
    for found, sample in zip(head.eval().predict(features), batch):
        best = found.scores.argmax()
        truth = sample.gt_instances
        assert found.labels[best] == truth.labels[0]
        assert (found.segments[best] - truth.segments[0]).abs().max() < 0.06


@pytest.mark.parametrize('relative_bias', [False, True])
def test_half_precision_gives_single_precision_outputs(relative_bias):
    head = small(backbone=dict(relative_bias=relative_bias))
    with torch.autocast('cpu', torch.bfloat16):
        outputs = head(torch.randn(1, 6, 40))
        losses = head.loss(torch.randn(1, 6, 40), samples(([0.2, 0.7], [1])))
    assert outputs.logits.dtype == outputs.offsets.dtype == torch.float32
    assert all(value.dtype == torch.float32 and value.isfinite() for value in losses.values())
