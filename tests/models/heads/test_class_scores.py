"""Class scores: the classifier beside the head, and a file."""
from __future__ import annotations

import json

import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.structures import InstanceData

from mmlofi.models import ClassScoreFile, VideoClassifier


def sample(*labels, name='v'):
    data = ActionDataSample(metainfo=dict(video_name=name))
    data.gt_instances = InstanceData(segments=torch.zeros(len(labels), 2),
                                     labels=torch.tensor(labels, dtype=torch.int64))
    return data


@pytest.fixture
def score_file(tmp_path):
    def write(content, classes=('jump', 'run')):
        path = tmp_path / 'scores.json'
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return ClassScoreFile(path=str(path), classes=list(classes))
    return write


def test_the_classifier_learns_several_labels_of_a_video():
    torch.manual_seed(0)
    classifier = VideoClassifier(in_channels=6, num_classes=3)
    optimizer = torch.optim.Adam(classifier.parameters(), lr=0.05)
    videos = [sample(0), sample(1, 2), sample(), sample(2, 2, 0)]
    features = torch.randn(4, 6, 5)
    for _ in range(200):
        loss = classifier.loss(features, videos)['loss_video_class']
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    expected = torch.tensor([[1, 0, 0], [0, 1, 1], [0, 0, 0], [1, 0, 1]])
    assert torch.equal((classifier.predict(features, videos) > 0.5).long(), expected)


def test_the_classifiers_loss_does_not_reach_the_features():
    features = torch.randn(2, 6, 5, requires_grad=True)
    loss = VideoClassifier(in_channels=6, num_classes=3).loss(features, [sample(0), sample(1)])
    loss['loss_video_class'].backward()
    assert features.grad is None


def test_what_follows_a_video_in_its_window_does_not_count():
    torch.manual_seed(0)
    classifier = VideoClassifier(in_channels=6, num_classes=3)
    features, padded = torch.randn(2, 6, 5), [sample(1), sample(2)]
    longer = torch.cat([features, torch.full((2, 6, 3), 9.0)], dim=2)
    for one in padded:
        one.set_metainfo(dict(num_valid=5))
    plain = [sample(1), sample(2)]
    for mode in (True, False):    # by the batch's own statistics, and by the running ones
        classifier.train(mode)
        expected = classifier.predict(features, plain)
        torch.testing.assert_close(classifier.predict(longer, padded), expected)
        assert not torch.allclose(classifier.predict(longer, plain), expected)


def test_its_loss_is_finite_without_actions_and_takes_its_weight():
    torch.manual_seed(0)
    light, heavy = (VideoClassifier(in_channels=6, num_classes=3, loss_weight=weight)
                    for weight in (1.0, 4.0))
    heavy.load_state_dict(light.state_dict())
    features = torch.randn(2, 6, 5)
    losses = [model.loss(features, [sample(), sample()])['loss_video_class']
              for model in (light, heavy)]
    assert torch.isfinite(losses[0])
    torch.testing.assert_close(losses[1], 4 * losses[0])


@pytest.mark.parametrize('label', [3, -1, -3])
def test_a_label_that_is_none_of_its_classes_is_named(label):
    classifier = VideoClassifier(in_channels=6, num_classes=3)
    with pytest.raises(ValueError, match=f'got label {label} .*one of 3 classes: set class_scores.n'
                                         'um_cl'):
        classifier.loss(torch.randn(2, 6, 5), [sample(0), sample(label)])


@pytest.mark.parametrize('wrong', [dict(num_classes=0), dict(num_classes=2.5),
                                   dict(in_channels='6'), dict(loss_weight=float('nan')),
                                   dict(loss_weight=-1)])
def test_numbers_that_make_no_sense_are_refused_when_it_is_built(wrong):
    with pytest.raises(ValueError, match=f'VideoClassifier got {next(iter(wrong))}=.*; expected a'):
        VideoClassifier(**dict(in_channels=6, num_classes=3) | wrong)


def test_its_probabilities_do_not_depend_on_the_rest_of_the_batch_in_testing():
    classifier = VideoClassifier(in_channels=6, num_classes=3).eval()
    features = torch.randn(4, 6, 5)
    together = classifier.predict(features, [sample()] * 4)
    torch.testing.assert_close(together[1:2], classifier.predict(features[1:2], [sample()]))


def test_a_files_scores_come_in_the_order_of_the_classes(score_file):
    scores = score_file({'class': ['run', 'swim', 'jump'],
                         'results': {'a': [0.1, 0.2, 0.3], 'b': [[0.4, 0.5, 0.6]]}})
    rows = scores.predict(torch.zeros(2, 1, 1), [sample(name='b'), sample(name='a')])
    torch.testing.assert_close(rows, torch.tensor([[0.6, 0.4], [0.3, 0.1]]))
    assert scores.loss(None, None) == {}


def test_activitynet_names_match_without_their_v(score_file):
    scores = score_file({'class': ['jump', 'run'], 'results': {'QO': [0.1, 0.9]}})
    torch.testing.assert_close(scores.predict(torch.zeros(1, 1, 1), [sample(name='v_QO')]),
                               torch.tensor([[0.1, 0.9]]))


@pytest.mark.parametrize(('stored', 'asked'), [
    ('QO', 'QO'), ('v_QO', 'QO'), ('QO', 'v_QO'), ('v_QO', 'v_QO'),
    # a name that begins with v_ itself
    ('v_UmAH95xls', 'v_UmAH95xls'), ('v_v_UmAH95xls', 'v_UmAH95xls'),
    ('v_UmAH95xls', 'v_v_UmAH95xls'), ('v_v_UmAH95xls', 'v_v_UmAH95xls')])
def test_either_side_may_have_activitynets_v_or_not(score_file, stored, asked):
    scores = score_file({'class': ['jump', 'run'], 'results': {stored: [0.1, 0.9]}})
    torch.testing.assert_close(scores.predict(torch.zeros(1, 1, 1), [sample(name=asked)]),
                               torch.tensor([[0.1, 0.9]]))


def test_the_exact_name_comes_before_that_with_or_without_v(score_file):
    names = ('a', 'v_a', 'v_v_a')
    scores = score_file({'class': ['jump', 'run'],
                         'results': {name: [place, 0] for place, name in enumerate(names)}})
    rows = scores.predict(torch.zeros(3, 1, 1), [sample(name=name) for name in names])
    assert rows[:, 0].tolist() == [0, 1, 2]


def test_videos_without_scores_are_named(score_file):
    scores = score_file({'class': ['jump', 'run'], 'results': {'a': [0.1, 0.9]}})
    with pytest.raises(ValueError, match=r"json' has no scores for 2 of 3 videos, the first: "
                                         r"\['b', 'c'\], but for 1 others such as \['a'\]; expec"):
        scores.predict(torch.zeros(3, 1, 1), [sample(name=name) for name in 'abc'])


def test_a_missing_file_is_refused_with_the_other_way(tmp_path):
    with pytest.raises(FileNotFoundError, match="no class scores at .*type='VideoClassifier'"):
        ClassScoreFile(path=str(tmp_path / 'none.json'), classes=['a'])


@pytest.mark.parametrize(('content', 'message'), [
    ({'results': {}}, 'has no "class" and "results"'),
    ([1, 2], 'has no "class" and "results"'),
    ('{"class": [', 'is not valid json'),
    ({'class': ['run'], 'results': {}}, r"no score for the classes \['jump'\] \(1 of 2\)"),
    ({'class': ['run', 'jump'], 'results': {'a': [1, 2], 'b': [0.3]}},
     r"1 scores for the video 'b'; expected 2"),
    ({'class': ['run', 'jump'], 'results': {'a': ['x', 'y']}}, "the video 'a'")])
def test_a_file_of_something_else_is_refused_at_construction(score_file, content, message):
    with pytest.raises(ValueError, match=rf'scores\.json.*{message}'):
        score_file(content)
