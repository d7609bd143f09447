"""EndToEndLocalizer from frames and from features."""
from __future__ import annotations

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.optim import OptimWrapper
from mmengine.runner import load_checkpoint, save_checkpoint
from mmengine.structures import InstanceData
from small_localizers import PREPROCESSOR, TSM, frame_batch, from_features, from_frames, samples
from torch import nn

from mmlofi.models import EndToEndLocalizer


def test_a_step_on_frames_trains_encoder_head_and_classifier():
    model = from_frames(class_scores=dict(type='VideoClassifier', in_channels=512, num_classes=3))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    wrapper = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1))
    losses = model.train_step(frame_batch(), wrapper)
    assert {'loss', 'loss_video_class'} < set(losses)
    assert all(torch.isfinite(value) for value in losses.values())
    changed = {name.split('.')[0] for name, value in model.state_dict().items()
               if not torch.equal(value, before[name])}
    assert {'backbone', 'head', 'class_scores'} <= changed


def test_frames_are_normalised_on_the_model():
    model = from_frames()
    batch = frame_batch(1)
    seen = []
    model.backbone.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    inputs = model.data_preprocessor(batch)['inputs']
    assert (inputs.dtype, inputs.shape) == (torch.uint8, (1, 4, 3, 2, 32, 32))
    model.extract_feat(inputs)
    expected = (batch['inputs'][0].float() - torch.tensor([120.0, 110, 100]).view(3, 1, 1, 1)) \
        / torch.tensor([60.0, 50, 40]).view(3, 1, 1, 1)
    images = expected.transpose(1, 2).flatten(0, 1)                            # (L·T, 3, H, W)
    torch.testing.assert_close(seen, [images])


@pytest.mark.parametrize(('setting', 'message'), [
    (dict(format_shape='NCHW'), "format_shape='NCHW'; expected .*'NCTHW', also for TSM"),
    (dict(blending=dict(type='MixupBlending', num_classes=3)), 'has a blending, .*blending=None')])
def test_a_preprocessor_of_clips_with_labels_is_refused(setting, message):
    with pytest.raises(ValueError, match=message):
        EndToEndLocalizer(backbone=TSM, head=dict(type='GTADHead', in_channels=512),
                          data_preprocessor=dict(PREPROCESSOR, **setting))


def test_trying_frames_changes_nothing_and_names_what_does_not_fit():
    model, frames = from_frames(), frame_batch(1)['inputs'][0]
    before = {name: value.clone() for name, value in model.state_dict().items()}
    random = torch.get_rng_state()
    for training in (True, False):
        model.train(training)
        model.try_frames(frames)
        assert model.training == model.backbone.training == training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random)
    with pytest.raises(ValueError, match='ResNetTSM got snippets of 3 frames; expected 2'):
        model.try_frames(torch.zeros(4, 3, 3, 32, 32, dtype=torch.uint8))
    from_features().try_frames(torch.zeros(8, 6))


def test_the_three_modes_work_from_features():
    model = from_features().eval()
    features = torch.randn(2, 8, 6)
    losses = model(features, samples(), mode='loss')
    assert losses
    assert all(name.startswith('loss_') and torch.isfinite(value)
               for name, value in losses.items())
    iou_map, start, end = model(features, mode='tensor')
    assert iou_map.shape == (2, 2, 6, 6)
    assert start.shape == end.shape == (2, 6)
    predicted = model(features, samples(), mode='predict')
    assert [sample.video_name for sample in predicted] == ['v0', 'v1']
    for sample in predicted:
        found = sample.pred_instances
        assert 0 < len(found.scores) <= 100
        assert found.segments_sec.shape == (len(found.scores), 2)
        assert (found.segments_sec[:, 1] > found.segments_sec[:, 0]).all()
        assert found.segments_sec.min() >= 0
        assert found.segments_sec.max() <= 10


def test_frames_and_their_features_give_the_same_predictions():
    model = from_frames().eval()
    batch = frame_batch()
    with torch.no_grad():
        features = model.extract_feat(model.data_preprocessor(batch)['inputs'])
        assert features.shape == (2, 512, 4)
        second = EndToEndLocalizer(head=dict(type='GTADHead', in_channels=512)).eval()
        second.head.load_state_dict(model.head.state_dict())
        for one, other in zip(model.test_step(batch),
                              second.test_step(dict(inputs=list(features),
                                                    data_samples=samples()))):
            torch.testing.assert_close(one.pred_instances.scores, other.pred_instances.scores)
            torch.testing.assert_close(one.pred_instances.segments_sec,
                                       other.pred_instances.segments_sec)


def test_the_classifiers_loss_leaves_the_encoder_alone_and_the_heads_does_not():
    model = from_frames(class_scores=dict(type='VideoClassifier', in_channels=512, num_classes=3))
    batch = model.data_preprocessor(frame_batch())
    losses = model.loss(**batch)
    classes = losses.pop('loss_video_class')
    classes.backward(retain_graph=True)
    assert all(parameter.grad is None for parameter in model.backbone.parameters())
    sum(losses.values()).backward()
    assert all(parameter.grad is not None for parameter in model.backbone.parameters())


RECOGNIZER = dict(
    type='Recognizer2D', backbone=TSM, data_preprocessor=PREPROCESSOR,
    cls_head=dict(type='TSMHead', num_classes=3, in_channels=512, num_segments=2))


def test_a_recognizers_checkpoint_loads_into_the_backbone_whole(tmp_path):
    torch.manual_seed(1)
    recognizer = MODELS.build(RECOGNIZER)
    save_checkpoint(dict(state_dict=recognizer.state_dict()), str(tmp_path / 'acp.pth'))
    model = from_frames()
    load_checkpoint(model, str(tmp_path / 'acp.pth'))
    expected = recognizer.backbone.state_dict()
    assert model.backbone.state_dict().keys() == expected.keys()
    for name, value in model.backbone.state_dict().items():
        assert torch.equal(value, expected[name]), name


def test_a_localizers_checkpoint_loads_into_a_recognizer_whole(tmp_path):
    model = from_frames()
    save_checkpoint(dict(state_dict=model.state_dict()), str(tmp_path / 'lofi.pth'))
    torch.manual_seed(1)
    recognizer = MODELS.build(RECOGNIZER)
    load_checkpoint(recognizer, str(tmp_path / 'lofi.pth'))
    for name, value in model.backbone.state_dict().items():
        assert torch.equal(recognizer.backbone.state_dict()[name], value), name


@pytest.mark.parametrize('prefix', ['', 'module.', 'head.', 'module.head.'])
@pytest.mark.parametrize('backbone', [None, TSM])
def test_a_checkpoint_of_gtads_authors_loads_into_the_head_and_nowhere_else(
        prefix, backbone, authors_names, tmp_path):
    source, model = from_features(), from_features(backbone=backbone)
    nn.init.ones_(source.head.network.map[0].weight)
    state = {prefix + name: value for name, value in authors_names(source.head).items()}
    save_checkpoint(dict(state_dict=state), str(tmp_path / 'authors.pth'))
    load_checkpoint(model, str(tmp_path / 'authors.pth'), strict=backbone is None)
    for name, value in source.head.state_dict().items():
        assert torch.equal(model.head.state_dict()[name], value), name


def test_everything_outside_backbone_and_head_adds_nothing_to_a_checkpoint():
    assert {name.split('.')[0] for name in from_frames().state_dict()} == {'backbone', 'head'}


def test_frames_without_a_backbone_are_refused():
    with pytest.raises(ValueError, match=r'without a backbone got an input of shape \(1, 4, 3, 2, '
                                         r'8, 8\); expected features \(N, C, L\)'):
        from_features().extract_feat(torch.zeros(1, 4, 3, 2, 8, 8))


def test_features_for_a_model_with_a_backbone_are_refused():
    with pytest.raises(ValueError, match='expected frames .*remove the backbone'):
        from_frames().extract_feat(torch.zeros(1, 512, 8))


def test_an_unknown_mode_is_refused():
    with pytest.raises(ValueError, match="mode='train'; expected 'loss', 'predict' or 'tensor'"):
        from_features()(torch.zeros(1, 8, 6), mode='train')


def test_a_video_without_actions_gives_finite_losses():
    videos = samples(1)
    videos[0].gt_instances = InstanceData(segments=torch.zeros(0, 2),
                                          labels=torch.zeros(0, dtype=torch.int64))
    model = from_features(class_scores=dict(type='VideoClassifier', in_channels=8, num_classes=3))
    assert all(torch.isfinite(value) for value in model.loss(torch.randn(1, 8, 6), videos).values())


@pytest.mark.parametrize('top_classes', [0, -1, 2.5, '2', True, None])
def test_a_number_of_classes_that_is_none_is_refused_when_the_model_is_built(top_classes):
    with pytest.raises(ValueError, match=f'EndToEndLocalizer got top_classes={top_classes!r}; '
                                         'expected a whole number, 1 or more'):
        from_features(top_classes=top_classes)


def test_features_that_are_not_finite_are_refused_with_their_video():
    features = torch.randn(2, 8, 6)
    features[1, 2:4, 0] = torch.nan
    with pytest.raises(ValueError, match="2 features of 48 of video 'v1' are not finite; expected "
                                         'numbers: the encoder has diverged'):
        from_features().predict(features, samples())


@pytest.mark.parametrize('part', ['start', 'map', 'nodes'])
def test_a_head_that_has_diverged_gives_no_detections(part):
    model = from_features().eval()
    nn.init.constant_(next(getattr(model.head.network, part).parameters()), torch.nan)
    with pytest.raises(ValueError, match="the model gives .* of video 'v0' that are not finite; "
                                         'expected numbers: it has diverged'), torch.no_grad():
        model.predict(torch.randn(2, 8, 6), samples())


def test_class_scores_that_are_not_finite_are_refused_with_their_video():
    model = from_features(
        class_scores=dict(type='VideoClassifier', in_channels=8, num_classes=3)).eval()
    nn.init.constant_(model.class_scores.linear.bias, torch.nan)
    with pytest.raises(ValueError, match="gives 3 of 3 class_scores of video 'v0'"):
        model.predict(torch.randn(2, 8, 6), samples())


@pytest.mark.parametrize('step', ['val_step', 'train_step'])
def test_videos_of_several_lengths_are_no_batch(step):
    model, videos = from_features(), samples()
    for video, count in zip(videos, (5, 6)):
        video.set_metainfo(dict(num_snippets=count))
    batch = dict(inputs=[torch.zeros(8, 5), torch.zeros(8, 6)], data_samples=videos)
    more = [OptimWrapper(torch.optim.SGD(model.parameters(), 0.1))] if step == 'train_step' else []
    with pytest.raises(ValueError, match="video 'v0' has 5 snippets in a batch of 6; expected "
                                         r'as many in all its videos: put PadFeatures\('):
        getattr(model, step)(batch, *more)


@pytest.mark.parametrize('mode', ['loss', 'predict'])
def test_a_dense_encoder_refuses_snippets_between_which_there_are_gaps(mode):
    model = from_frames(encoder=dict(dense=True))
    inputs = torch.stack(frame_batch(1)['inputs'])
    with pytest.raises(ValueError, match="'v0' with placement='even'.*set placement='contiguous'"):
        model(inputs, samples(1, placement='even'), mode=mode)
    model(inputs, samples(1, placement='contiguous'), mode=mode)
    from_frames()(inputs, samples(1, placement='even'), mode=mode)
