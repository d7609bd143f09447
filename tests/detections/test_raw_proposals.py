"""Proposals before soft-NMS: written, read, and post-processed as the model does."""
import json

import numpy as np
import pytest
import torch

from mmlofi.detections.postprocess import INFO, RawProposals, load_raw, postprocess, save_raw
from mmlofi.detections.soft_nms import soft_nms


def proposals(name='v', count=30, class_scores=(0.1, 0.7, 0.4), seed=0):
    generator = torch.Generator().manual_seed(seed)
    return RawProposals(name, 60.0, (0.5, 0.75),
                        torch.rand(count, 2, generator=generator).sort(1).values,
                        torch.rand(count, generator=generator),
                        None if class_scores is None else torch.tensor(class_scores))


def finish(folder):
    (folder / INFO).write_text(json.dumps(dict(classes=['a'], nms={}, top_classes=1)))


def test_each_pick_is_given_once_for_each_of_the_best_classes_in_seconds_of_the_video():
    video = proposals()
    (found,) = postprocess([video], nms=dict(sigma=0.5, top_k=4), top_classes=2)
    segments_sec, scores, labels = found
    picked, decayed = soft_nms(video.segments, video.scores, sigma=0.5, top_k=4)
    torch.testing.assert_close(segments_sec, (30 + 15 * picked).repeat(2, 1))
    torch.testing.assert_close(scores, torch.cat([0.7 * decayed, 0.4 * decayed]))
    assert labels.tolist() == [1] * 4 + [2] * 4


def test_without_class_scores_all_labels_are_0():
    (found,) = postprocess([proposals(class_scores=None)], nms=dict(sigma=0.5, top_k=4),
                           top_classes=2)
    assert found[2].tolist() == [0] * 4


@pytest.mark.parametrize('class_scores', [None, (0.1, 0.2)])
def test_what_was_written_is_read_to_the_last_bit(tmp_path, class_scores):
    for name, count in (('w', 5), ('v', 0)):
        save_raw(tmp_path, proposals(name, count, class_scores), 100)
    finish(tmp_path)
    videos, info = load_raw(tmp_path)
    assert info['classes'] == ['a']
    assert [video.video_name for video in videos] == ['v', 'w']
    for video, count in zip(videos, (0, 5)):
        expected = proposals(video.video_name, count, class_scores)
        assert (video.duration_sec, video.window_norm) == (60.0, (0.5, 0.75))
        assert torch.equal(video.segments, expected.segments)
        assert torch.equal(video.scores, expected.scores)
        assert class_scores is None if video.class_scores is None else torch.equal(
            video.class_scores, expected.class_scores)
    assert sorted(path.name for path in tmp_path.iterdir()) == [INFO, 'v.npz', 'w.npz']


def test_only_the_best_are_kept_in_their_order(tmp_path):
    video = proposals(count=30)
    save_raw(tmp_path, video, 10)
    finish(tmp_path)
    (kept,), _ = load_raw(tmp_path)
    mine = video.scores >= video.scores.sort(descending=True).values[9]
    assert torch.equal(kept.scores, video.scores[mine])
    assert torch.equal(kept.segments, video.segments[mine])


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
