"""What was found in the windows of a video becomes one."""
from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.structures import InstanceData

from mmlofi.detections.postprocess import suppress
from mmlofi.detections.proposals import RawProposals
from mmlofi.detections.raw_files import INFO, load_raw, save_raw
from mmlofi.detections.soft_nms import soft_nms
from mmlofi.detections.windows import WindowResult, detect, detect_in_videos, join_windows
from mmlofi.evaluation import TALMetric

NMS = dict(sigma=0.5, top_k=3)


def window(first, segments, scores, classes=None, name='v'):
    """Of 10 of the 20 snippets of a video of 100 s."""
    return RawProposals(name, 100.0, (first / 20, (first + 10) / 20),
                        np.array(segments, np.float32).reshape(-1, 2),
                        np.array(scores, np.float32), classes, first)


def random_windows(name='v', count=30):
    windows = []
    for first in (0, 5, 10):
        rng = np.random.default_rng(first)
        windows.append(window(first, np.sort(rng.random((count, 2)), 1), rng.random(count),
                              rng.random(4, np.float32), name))
    return windows


def results(windows):
    return [WindowResult(one, NMS, 2) for one in suppress(windows, NMS)]


def same(found, expected):
    assert found.keys() == expected.keys()
    return all(np.array_equal(one, other) for name in found
               for one, other in zip(found[name], expected[name]))


def test_segments_become_shares_of_the_video_and_class_scores_their_mean():
    joined = join_windows([window(0, [[0.5, 1]], [0.9], np.array([0.2, 0.4])),
                           window(5, [[0, 0.5], [0.2, 0.4]], [0.8, 0.1], np.array([0.4, 0.0]))])
    np.testing.assert_allclose(joined.segments, [[0.25, 0.5], [0.25, 0.5], [0.35, 0.45]], rtol=1e-6)
    assert joined.scores.tolist() == pytest.approx([0.9, 0.8, 0.1])
    np.testing.assert_allclose(joined.class_scores, [0.3, 0.2])
    assert (joined.window_norm, joined.first_snippet, joined.duration_sec) == ((0, 1), None, 100)


def test_what_lies_after_the_video_is_clipped_or_dropped():
    padded = replace(window(0, [[0.4, 0.9], [0.7, 0.9], [0, 0.2]], [0.9, 0.8, 0.7]),
                     window_norm=(0.0, 1.6))
    joined = join_windows([padded])
    np.testing.assert_allclose(joined.segments, [[0.64, 1], [0, 0.32]], rtol=1e-6)
    assert joined.scores.tolist() == pytest.approx([0.9, 0.7])


def test_soft_nms_runs_in_each_window_and_again_over_the_video():
    windows = random_windows()
    segments, scores = [], []
    for one in windows:
        picked, decayed = soft_nms(one.segments, one.scores, **NMS)
        segments.append(one.window_norm[0] + picked / 2)
        scores.append(decayed)
    picked, decayed = soft_nms(np.concatenate(segments), np.concatenate(scores), **NMS)
    weights = np.stack([one.class_scores for one in windows]).mean(0)
    labels = np.argsort(-weights)[:2]
    (found,) = detect_in_videos(results(windows)).values()
    np.testing.assert_allclose(found[0], 100 * np.tile(picked, (2, 1)), rtol=1e-6)
    np.testing.assert_allclose(found[1], np.outer(weights[labels], decayed).ravel(), rtol=1e-6)
    assert found[2].tolist() == 3 * [labels[0]] + 3 * [labels[1]]


def test_an_action_seen_in_two_windows_is_found_once():
    twice = [window(0, [[0.6, 0.8]], [0.9]), window(5, [[0.1, 0.3]], [0.8])]     # 30 to 40 s
    (found,) = detect_in_videos(results(twice)).values()
    assert found[1].tolist() == pytest.approx([0.9, 0.8 * 0.135335], abs=1e-4)   # exp(-1 / 0.5)


def test_neither_order_nor_repeats_nor_other_videos_matter():
    expected = detect_in_videos(results(random_windows('a') + random_windows('b')))
    assert list(expected) == ['a', 'b']
    shuffled = results(random_windows('b')[::-1] + random_windows('a') + random_windows('b')[:2])
    assert same(detect_in_videos(shuffled), expected)
    assert same(detect_in_videos(results(random_windows('a'))), {'a': expected['a']})


def test_proposals_that_were_written_give_the_same(tmp_path):
    windows = random_windows('a') + random_windows('b')
    whole = replace(window(0, [[0.1, 0.3]], [0.8], np.ones(4, np.float32), 'c'), first_snippet=None)
    for one in [*windows, whole]:
        save_raw(tmp_path, one, 100)
    (tmp_path / INFO).write_text(json.dumps(dict(classes=[*'abcd'], nms={}, top_classes=1)))
    loaded, _ = load_raw(tmp_path)
    assert len(loaded) == 7
    found = detect(loaded, nms=NMS, top_classes=2)
    assert sorted(found) == ['a', 'b', 'c']
    expected = detect_in_videos(results(windows)) | detect([whole], nms=NMS, top_classes=2)
    assert same(found, expected)


def test_class_scores_of_a_file_are_the_video_s_in_each_of_its_windows(tmp_path):
    (tmp_path / 'scores.json').write_text(json.dumps({
        'class': ['run', 'swim', 'dive'], 'results': {'v': [0.1, 0.3, 0.6]}}))
    model = MODELS.build(dict(
        type='EndToEndLocalizer', nms=NMS, head=dict(type='GTADHead', in_channels=8),
        class_scores=dict(type='ClassScoreFile', path=str(tmp_path / 'scores.json'),
                          classes=['dive', 'run', 'swim'])))
    model.head.predict = lambda features, samples: [InstanceData(
        segments=torch.tensor([[0.0, 0.2]]), scores=torch.tensor([0.5]))] * len(samples)
    samples = [ActionDataSample(metainfo=dict(
        video_name='v', duration_sec=100.0, window_norm=(first / 20, (first + 10) / 20),
        first_snippet=first)) for first in (0, 5, 10)]
    model.localize(torch.zeros(3, 8, 10), samples)
    (found,) = detect_in_videos([sample.window_result for sample in samples]).values()
    assert found[2].tolist() == [0, 0, 0, 2, 2, 2]
    assert found[1].tolist() == pytest.approx(3 * [0.3] + 3 * [0.15])


@pytest.fixture
def metric(tmp_path):
    path = tmp_path / 'gt.json'
    path.write_text(json.dumps(dict(database={'v': dict(
        subset='test', annotations=[dict(segment=[30, 40], label='run')])})))
    metric = TALMetric(ann_file=str(path), subset='test', out_file=str(tmp_path / 'found.json'))
    metric.dataset_meta = dict(classes=('run',))
    return metric


def test_the_model_s_windows_are_joined_by_the_metric(metric, tmp_path):
    model = MODELS.build(dict(type='EndToEndLocalizer', nms=NMS,
                              head=dict(type='GTADHead', in_channels=8)))
    proposals = {0: ([[0.6, 0.8]], [0.9]), 10: ([[0.0, 0.1]], [0.3]), 5: ([[0.1, 0.3]], [0.8])}
    for first, (segments, scores) in proposals.items():
        model.head.predict = lambda features, samples, found=(segments, scores): [InstanceData(
            segments=torch.tensor(found[0]), scores=torch.tensor(found[1]))]
        sample = ActionDataSample(metainfo=dict(
            video_name='v', duration_sec=100.0, window_norm=(first / 20, (first + 10) / 20),
            first_snippet=first))
        (sample,) = model.localize(torch.zeros(1, 8, 10), [sample])
        assert len(sample.pred_instances.scores) == 1      # of the window by itself
        metric.process(None, [sample.to_dict()])
    assert metric.evaluate(3)['mAP'] == 1
    found = json.loads((tmp_path / 'found.json').read_text())['results']['v']
    assert [one['segment'] for one in found] == [
        pytest.approx(segment, abs=1e-3) for segment in ([30, 40], [50, 55], [30, 40])]


def test_labels_and_classes_of_each_proposal_come_along_from_their_windows():
    one = replace(window(0, [[0, 0.5], [0.5, 1]], [0.5, 0.25]), labels=np.array([3, 1]))
    other = replace(window(15, [[0, 0.25], [0.75, 1]], [0.75, 0.5]), labels=np.array([2, 0]))
    joined = join_windows([one, other])     # the last lies after the video's end
    assert joined.labels.tolist() == [3, 1, 2]
    assert joined.scores.tolist() == [0.5, 0.25, 0.75]
    rows = [replace(part, labels=None, class_scores=np.eye(2) + part.first_snippet)
            for part in (one, other)]
    assert join_windows(rows).class_scores.tolist() == [[1, 0], [0, 1], [16, 15]]


def test_soft_nms_over_a_video_spares_what_windows_labelled_as_another_class():
    parts = [replace(window(first, [segment], [0.5]), labels=np.array([label]))
             for first, segment, label in ((0, [0.5, 1.0], 0), (5, [0.0, 0.5], 0),
                                           (5, [0.0, 0.5], 1))]
    parts[2] = replace(parts[2], segments=np.concatenate([parts[1].segments, parts[2].segments]),
                       scores=np.array([0.5, 0.25]), labels=np.array([0, 1]))
    found = detect([parts[0], parts[2]], nms=NMS, top_classes=1)['v']
    assert found[2].tolist() == [0, 1, 0]
    assert found[1].tolist() == pytest.approx([0.5, 0.25, 0.5 * np.exp(-1 / 0.5)])
    assert found[0].tolist() == [[25, 50]] * 3
