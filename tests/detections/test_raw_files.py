"""Proposals before soft-NMS: written and read."""
import json
from dataclasses import replace

import numpy as np
import pytest

from mmlofi.detections.proposals import RawProposals
from mmlofi.detections.raw_files import INFO, load_raw, load_raw_video, save_raw


def proposals(name='v', count=30, class_scores=(0.1, 0.7, 0.4), seed=0):
    rng = np.random.default_rng(seed)
    return RawProposals(name, 60.0, (0.5, 0.75), np.sort(rng.random((count, 2), np.float32), 1),
                        rng.random(count, np.float32),
                        None if class_scores is None else np.array(class_scores, np.float32))


def finish(folder, **info):
    (folder / INFO).write_text(json.dumps(dict(classes=['a', 'b', 'c'], nms={}, top_classes=1)
                                          | info))


@pytest.mark.parametrize('class_scores', [None, (0.1, 0.2, 0.3)])
def test_what_was_written_is_read_to_the_last_bit(tmp_path, class_scores):
    for name, count in (('w', 5), ('v', 0)):
        save_raw(tmp_path, proposals(name, count, class_scores), 100)
    finish(tmp_path)
    videos, info = load_raw(tmp_path)
    assert info['classes'] == ['a', 'b', 'c']
    assert [video.video_name for video in videos] == ['v', 'w']
    for video, count in zip(videos, (0, 5)):
        expected = proposals(video.video_name, count, class_scores)
        assert (video.duration_sec, video.window_norm) == (60.0, (0.5, 0.75))
        assert np.array_equal(video.segments, expected.segments)
        assert np.array_equal(video.scores, expected.scores)
        assert class_scores is None if video.class_scores is None else np.array_equal(
            video.class_scores, expected.class_scores)
    assert sorted(path.name for path in tmp_path.iterdir()) == [INFO, 'v.npz', 'w.npz']


@pytest.mark.parametrize('of_each', [dict(labels=np.array([2, 0, 1, 1])),
                                     dict(class_scores=np.ones((4, 3), np.float32))])
def test_what_belongs_to_each_proposal_is_kept_with_it(tmp_path, of_each):
    video = replace(proposals(count=4, class_scores=None), **of_each)
    save_raw(tmp_path, video, 3)
    finish(tmp_path)
    ((kept,), _), best = load_raw(tmp_path), np.sort(video.scores.argsort()[1:])
    assert np.array_equal(kept.scores, video.scores[best])
    for name, values in of_each.items():
        assert np.array_equal(getattr(kept, name), values[best])
        assert getattr(kept, name).dtype == values.dtype


def test_only_the_best_are_kept_in_their_order(tmp_path):
    video = proposals(count=30)
    save_raw(tmp_path, video, 10)
    finish(tmp_path)
    (kept,), _ = load_raw(tmp_path)
    mine = video.scores >= np.sort(video.scores)[-10]
    assert np.array_equal(kept.scores, video.scores[mine])
    assert np.array_equal(kept.segments, video.segments[mine])


def test_a_test_that_did_not_end_is_refused(tmp_path):
    save_raw(tmp_path, proposals(), 10)
    with pytest.raises(FileNotFoundError, match=r'no raw\.json.*--dump-raw'):
        load_raw(tmp_path)


def test_a_folder_without_videos_is_refused(tmp_path):
    finish(tmp_path)
    with pytest.raises(ValueError, match='holds no proposals'):
        load_raw(tmp_path)


def test_a_file_of_something_else_is_named(tmp_path):
    finish(tmp_path)
    np.savez(tmp_path / 'v.npz', features=np.zeros(3))
    with pytest.raises(ValueError, match=r'v\.npz cannot be read'):
        load_raw(tmp_path)
    (tmp_path / 'v.npz').write_bytes(b'cut off')
    with pytest.raises(ValueError, match=r'v\.npz cannot be read'):
        load_raw(tmp_path)


def test_videos_whose_names_have_a_folder_are_written_and_found_again(tmp_path):
    for name in ('day/v', 'v'):
        save_raw(tmp_path, proposals(name, 5), 10)
    save_raw(tmp_path, replace(proposals('day/w', 5), first_snippet=3), 10)
    finish(tmp_path)
    assert [(one.video_name, one.first_snippet) for one in load_raw(tmp_path)[0]] == [
        ('day/v', None), ('day/w', 3), ('v', None)]
    assert load_raw_video(tmp_path, 'day/w')[0].first_snippet == 3


@pytest.mark.parametrize('name', ['../v', '/tmp/v', 'a/../../v', '', 'v\0', 'a//v', '.'])
def test_a_name_that_leads_out_of_the_folder_writes_and_reads_nothing(tmp_path, name):
    inside = tmp_path / 'inside'
    inside.mkdir()
    for act in (lambda: save_raw(inside, proposals(name), 10),
                lambda: load_raw_video(inside, name)):
        with pytest.raises(ValueError, match='a video is named .*, of which no file in a folder'):
            act()
    assert [*tmp_path.rglob('*')] == [inside]


GOOD = dict(segments=np.array([[0, 0.5], [0.25, 1]]), scores=np.array([0.5, 0.25]),
            duration_sec=60.0, window_norm=np.array([0.0, 1.0]), class_scores=np.ones(3))


@pytest.mark.parametrize(('changed', 'fault'), [
    (dict(segments=np.array([[0, np.nan], [0.25, 1]])), 'values are not finite'),
    (dict(scores=np.array([np.inf, 0])), 'values are not finite'),
    (dict(class_scores=np.array([np.nan, 1, 1])), 'values are not finite'),
    (dict(start=np.array([np.nan])), 'values are not finite'),
    (dict(segments=np.array([[0.5, 0], [0.25, 1]])), 'end before they start'),
    (dict(scores=np.array([-1.0, 0])), 'below 0'),
    (dict(scores=np.array([0.5])), r'segments \(2, 2\) and'),
    (dict(segments=np.zeros((2, 3))), r'segments \(2, 3\) and'),
    (dict(scores=np.zeros((2, 1))), r'are not \(K, 2\) and \(K,\)'),
    (dict(class_scores=np.ones(2)), '2 class scores, where raw.json has 3 classes'),
    (dict(class_scores=np.ones((2, 4))), '4 class scores, where raw.json has 3 classes'),
    (dict(class_scores=np.ones((1, 3))), r'are not \(K, 2\) and \(K,\), \(C,\) or \(K, C\)'),
    (dict(labels=np.array([0, 3])), 'not all of which are classes of raw.json'),
    (dict(labels=np.array([0, -1])), 'not all of which are classes'),
    (dict(labels=np.array([0])), r'labels \(1,\) of 2 proposals'),
    (dict(labels=np.array([0.0, 1.0])), 'not numbers'),
    (dict(start=np.ones(2), end=np.ones(3)), '2 starts and 3 ends'),
    (dict(duration_sec=np.nan), 'a duration of nan s'), (dict(duration_sec=0.0), 'a duration of'),
    (dict(window_norm=np.array([1.0, 0])), 'of which 1.0 to 0.0'),
    (dict(window_norm=np.ones(3)), 'too many values'),
    (dict(first_snippet=-1), 'from snippet -1 on'), (dict(first_snippet=0.5), 'not numbers'),
    (dict(scores=np.array(['a', 'b'])), 'holds <U1, and not numbers'),
    (dict(scores=np.array([dict(), 1], dtype=object)), 'holds objects, which would run code')])
def test_files_that_say_what_cannot_be_are_named(tmp_path, changed, fault):
    finish(tmp_path)
    np.savez(tmp_path / 'v.npz', **GOOD)
    assert len(load_raw(tmp_path)[0]) == 1
    np.savez(tmp_path / 'v.npz', **GOOD | changed)
    with pytest.raises(ValueError, match=rf'v\.npz cannot be read .*{fault}.*write them again'):
        load_raw(tmp_path)


@pytest.mark.parametrize('missing', ['segments', 'scores', 'duration_sec', 'window_norm'])
def test_files_that_lack_something_are_named(tmp_path, missing):
    finish(tmp_path)
    np.savez(tmp_path / 'v.npz', **{name: GOOD[name] for name in GOOD if name != missing})
    with pytest.raises(ValueError, match=rf"v\.npz cannot be read \(KeyError: '{missing}'\)"):
        load_raw(tmp_path)


@pytest.mark.parametrize('info', [
    dict(classes='abc'), dict(classes=[1]), dict(nms=[]), dict(nms=dict(sigma='x')),
    dict(nms=dict(top_k=2.5)), dict(nms=dict(unknown=1)), dict(top_classes=-1),
    dict(top_classes='2'), dict(fusion='sum'), dict(nms=dict(by_class=2)),
    dict(proposals=[1]), dict(proposals=dict(peak_filter=1))])
def test_an_info_of_something_else_is_named(tmp_path, info):
    save_raw(tmp_path, proposals(), 10)
    finish(tmp_path, **info)
    with pytest.raises(ValueError, match=r'raw\.json cannot be read'):
        load_raw(tmp_path)


@pytest.mark.parametrize('text', ['', '[]', '{"classes": []}', '[' * 100_000])
def test_an_info_that_is_no_json_of_one_is_named(tmp_path, text):
    save_raw(tmp_path, proposals(), 10)
    (tmp_path / INFO).write_text(text)
    with pytest.raises(ValueError, match=r'raw\.json cannot be read'):
        load_raw(tmp_path)
