"""Videos at each of several rates, side by side."""
from __future__ import annotations

import shutil

import pytest
import torch
from mmengine.dataset import DefaultSampler

from mmlofi.pretraining import PlaybackDataset, SeededSampler

PIPELINE = [dict(type='OpenVideo'),
            dict(type='PlaybackRate', rates=(1, -1, 2), clip_len=4, frame_interval=3),
            dict(type='DecodeSnippets'), dict(type='FormatShape', input_format='NCTHW'),
            dict(type='PackActionInputs')]


@pytest.fixture
def videos(tmp_path, numbered_video):
    for name in 'ab':
        shutil.copy(numbered_video, tmp_path / f'{name}.mp4')

    def make(pipeline=PIPELINE, lines='a.mp4 17\nb.mp4 3\n', name='list.txt', **settings):
        (tmp_path / 'list.txt').write_text(lines)
        return PlaybackDataset(ann_file=str(tmp_path / name), pipeline=pipeline,
                               data_prefix=dict(video=str(tmp_path)), **settings)
    return make


def test_all_rates_of_one_stretch_lie_beside_each_other(videos, read_numbers):
    dataset = videos()
    order = list(SeededSampler(dataset, group=3, seed=1))
    assert sorted(map(int, order)) == list(range(6))
    for first in (0, 3):
        group = [dataset[index] for index in order[first:first + 3]]
        assert [one['data_samples'].gt_label.item() for one in group] == [0, 1, 2]
        slow, backwards, fast = (read_numbers(one['inputs'][0].permute(1, 2, 3, 0).numpy())
                                 for one in group)
        assert slow == backwards[::-1]
        assert abs(sum(slow) - sum(fast)) <= 4     # of four frames each
        assert fast[1] - fast[0] == 2 * (slow[1] - slow[0]) == 6


def test_groups_are_in_another_order_and_of_other_stretches_in_each_epoch(videos):
    dataset, sampler = videos(), SeededSampler(range(300), group=3, seed=1)
    epochs = []
    for epoch in (0, 0, 1):
        sampler.set_epoch(epoch)
        epochs.append([(int(index), index.seed) for index in sampler])
    assert epochs[0] == epochs[1] != epochs[2]
    assert len(epochs[0]) == len(sampler) == 300
    assert [index % 3 for index, _ in epochs[2]] == 100 * [0, 1, 2]
    assert len(dataset) == 6


def test_without_groups_the_order_is_mmengine_s():
    plain, seeded = DefaultSampler(range(50), seed=4), SeededSampler(range(50), seed=4)
    assert list(plain) == list(map(int, seeded))
    assert len({index.seed for index in seeded}) == 50


def test_items_that_are_no_whole_groups_are_refused():
    with pytest.raises(ValueError, match='7 items for groups of 3; expected whole groups'):
        SeededSampler(range(7), group=3)


def test_groups_other_than_a_video_s_rates_are_refused(videos):
    assert len(SeededSampler(videos(), group=1)) == 6
    with pytest.raises(ValueError, match='group=2 for a PlaybackDataset with 3 items of each'):
        SeededSampler(videos(), group=2)


@pytest.mark.parametrize('testing', [False, True])
def test_all_rates_of_a_video_too_short_are_of_the_next_one(videos, write_numbered_video, tmp_path,
                                                            testing):
    """So that none is more frequent, and a short video of a list stops no validation."""
    write_numbered_video(tmp_path / 'a.mp4', 6)      # of 7 that rate 2 needs
    pipeline = [PIPELINE[0], dict(PIPELINE[1], test_mode=testing), *PIPELINE[2:]]
    dataset = videos(pipeline, test_mode=testing)
    order = list(SeededSampler(dataset, group=3, shuffle=False))
    moved = [dataset[index] for index in order[:3]]
    assert [one['data_samples'].gt_label.item() for one in moved] == [0, 1, 2]
    assert torch.equal(moved[0]['inputs'], moved[1]['inputs'].flip(2))
    shutil.copy(tmp_path / 'a.mp4', tmp_path / 'b.mp4')
    with pytest.raises(ValueError, match=r"2 videos in a row of '.*list\.txt', from number 0 on"):
        videos(pipeline, test_mode=testing)[0]


@pytest.mark.parametrize(('lines', 'message'), [
    ('', 'lists no video; expected one a line, its file'),
    ('a.mp4 0\na b.mp4 0\n', r"line 2 of '.*list\.txt' is 'a b\.mp4 0'; expected .* set the data "
                             "set's delimiter"),
    ('a.mp4 run\n', "line 1 of .* is 'a.mp4 run'; expected a video, its file"),
    ('a.mp4 0\n\n', "line 2 of .* is ''; expected a video")])
def test_a_list_that_says_no_videos_is_refused_with_its_line(videos, lines, message):
    with pytest.raises(ValueError, match=message):
        videos(lines=lines)


def test_a_list_or_videos_that_are_missing_are_named_before_a_training(videos):
    with pytest.raises(FileNotFoundError, match=r"2 of the 3 videos of .* missing, the first: "
                                                r"\['.*/c\.mp4', '.*/d\.mp4'\]; expected a file"):
        videos(lines='a.mp4\nc.mp4\nd.mp4\n')
    with pytest.raises(FileNotFoundError, match=r"no list of videos at '.*none\.txt'; expected a"):
        videos(name='none.txt')


def test_files_are_not_looked_for_where_another_transform_opens_them(videos):
    """MMAction2's adds an ending, and may read from elsewhere."""
    pipeline = [dict(type='DecordInit'), *PIPELINE[1:]]
    assert len(videos(pipeline, lines='a\nb\n')) == 6


def test_numbers_of_several_classes_do_not_matter(videos):
    assert len(videos(lines='a.mp4 0 2\nb.mp4 1\n', multi_class=True, num_classes=3)) == 6


def test_classes_are_the_rates_whatever_the_videos_show(videos):
    assert videos(metainfo=dict(classes=('run', 'jump', 'swim', 'rest'))).metainfo['classes'] == (
        'rate 1', 'rate -1', 'rate 2')


def test_a_pipeline_without_rates_is_refused(videos):
    with pytest.raises(ValueError, match='a pipeline without PlaybackRate'):
        videos(PIPELINE[:1])


def test_a_clip_without_motion_is_the_same_at_each_rate(tmp_path, write_numbered_video):
    """So that nothing but motion can tell them apart."""
    import cv2
    import numpy as np
    writer = cv2.VideoWriter(str(tmp_path / 'a.mp4'), cv2.VideoWriter_fourcc(*'mp4v'), 10, (64, 64))
    for _ in range(60):
        writer.write(np.full((64, 64, 3), 90, np.uint8))
    writer.release()
    (tmp_path / 'list.txt').write_text('a.mp4 0\n')
    dataset = PlaybackDataset(ann_file=str(tmp_path / 'list.txt'), pipeline=PIPELINE,
                              data_prefix=dict(video=str(tmp_path)))
    clips = [dataset[index]['inputs'] for index in range(3)]
    assert torch.equal(clips[0], clips[1])
    assert torch.equal(clips[0], clips[2])
