"""Stitched clips: the kind follows from files and frame numbers, and from nothing else."""
from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch

from mmlofi.datasets.sample_index import SampleIndex
from mmlofi.pretraining import StitchBoundary, StitchDataset
from mmlofi.pretraining.stitch import (
    KINDS,
    OTHER_CLASS,
    OTHER_SPEED,
    SAME_CLASS,
    SAME_SPEED,
    mix_at,
)

STITCH = StitchBoundary()


def clips(kind, count=200, total=300):
    """Frames and cut of many clips."""
    two = kind in (OTHER_CLASS, SAME_CLASS)
    np.random.seed(kind)
    return [STITCH.choose(kind, [total] * (1 + two)) for _ in range(count)]


@pytest.fixture(autouse=True)
def _state():
    state = np.random.get_state()
    yield
    np.random.set_state(state)


def test_the_negative_is_one_arithmetic_progression():
    for clip in clips(SAME_SPEED):
        assert len(set(np.diff(clip.frames))) == 1


def test_another_speed_has_two_steps_which_change_at_the_cut():
    for clip in clips(OTHER_SPEED):
        steps = np.diff(clip.frames)
        assert len(set(steps[:clip.cut - 1])) == len(set(steps[clip.cut - 1:])) == 1
        assert steps[0] != steps[-1]


def test_a_clip_of_four_frames_shows_another_speed_too():
    """After a first part of one frame all steps would be alike, as those of the negative are."""
    stitch, cuts = StitchBoundary(clip_len=4), set()
    for seed in range(60):
        np.random.seed(seed)
        clip = stitch.choose(OTHER_SPEED, [300])
        steps = np.diff(clip.frames)
        assert steps[0] != steps[-1]
        cuts.add(clip.cut)
    assert cuts == {2, 3}


@pytest.mark.parametrize('kind', [OTHER_CLASS, SAME_CLASS])
def test_parts_of_two_videos_are_each_a_progression_anywhere_in_theirs(kind):
    found = clips(kind)
    for clip in found:
        first, second = np.split(clip.frames, [clip.cut])
        assert clip.two_files
        assert len(set(np.append(np.diff(first), np.diff(second)))) == 1
    assert np.corrcoef([(clip.frames[0], clip.frames[-1]) for clip in found], rowvar=False)[
        0, 1] < 0.2


@pytest.mark.parametrize('kind', range(4))
def test_cuts_lie_in_the_middle_and_frames_in_the_video(kind):
    found = clips(kind)
    assert {clip.cut for clip in found} == {2, 3, 4, 5, 6}
    for clip in found:
        assert 0 <= clip.frames.min() <= clip.frames.max() < 300
        assert len(clip.frames) == 8


def test_the_interval_of_the_first_part_does_not_tell_the_kind():
    shares = [np.mean([np.diff(clip.frames)[0] == 8 for clip in clips(kind)])
              for kind in range(4)]
    assert np.allclose(shares, 1 / 3, atol=0.1)


def test_frames_beside_the_cut_are_mixed_alike_on_both_sides():
    images = [np.full((2, 2, 3), value, np.uint8) for value in (0, 0, 0, 90, 90, 90)]
    assert [image[0, 0, 0] for image in mix_at(images, 3, 1)] == [0, 0, 30, 60, 90, 90]
    assert [image[0, 0, 0] for image in mix_at(images, 3, 2)] == [0, 18, 36, 54, 72, 90]
    assert [image[0, 0, 0] for image in mix_at(images, 3, 0)] == [0, 0, 0, 90, 90, 90]


def test_a_video_too_short_for_two_intervals_is_passed_over():
    assert STITCH.choose(SAME_SPEED, [7 * 8]) is None
    assert STITCH.choose(OTHER_CLASS, [300, 7 * 8]) is None
    assert STITCH.choose(SAME_SPEED, [7 * 8 + 1]) is not None


@pytest.mark.parametrize('kind', range(4))
def test_a_short_video_has_the_same_intervals_in_all_kinds(kind):
    for clip in clips(kind, total=7 * 16):
        parts = np.split(clip.frames, [clip.cut]) if clip.two_files else [clip.frames]
        assert set(np.concatenate([np.diff(part) for part in parts])) <= {4, 8}


@pytest.mark.parametrize(('settings', 'message'), [
    (dict(intervals=4), 'intervals=4; expected two numbers or more'),
    (dict(intervals=(8, 8)), 'num_intervals=1'), (dict(intervals=(0, 8)), 'interval_0=0'),
    (dict(margin=0.6), 'margin=0.6'), (dict(blend=3), 'blend=3 and margin=0.25 of 8 frames'),
    (dict(clip_len=1), 'clip_len=1'), (dict(clip_len=2), 'of 2 frames, parts of 1 or more'),
    (dict(height=0), 'height=0')])
def test_settings_that_make_no_boundary_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        StitchBoundary(**settings)


PIPELINE = [dict(type='StitchBoundary', clip_len=4, intervals=(2, 4), blend=0, height=64,
                 width=80),
            dict(type='FormatShape', input_format='NCTHW'),
            dict(type='PackActionInputs', algorithm_keys=('filename', 'second_filename',
                                                          'stitched'))]


@pytest.fixture
def videos(tmp_path, numbered_video):
    for name in 'abcd':
        shutil.copy(numbered_video, tmp_path / f'{name}.mp4')

    def make(lines='a.mp4 0\nb.mp4 0\nc.mp4 1\nd.mp4 1\n', **settings):
        (tmp_path / 'list.txt').write_text(lines)
        return StitchDataset(ann_file=str(tmp_path / 'list.txt'), **dict(
            dict(pipeline=PIPELINE, data_prefix=dict(video=str(tmp_path))), **settings))
    return make


def test_partners_are_of_the_class_or_of_another_one_and_frames_are_those_chosen(
        videos, read_numbers):
    dataset, partners = videos(), {OTHER_CLASS: set(), SAME_CLASS: set()}
    for seed in range(12):
        for kind in range(4):
            packed = dataset[SampleIndex(kind, seed=seed)]
            sample = packed['data_samples']
            assert sample.gt_label.item() == kind
            shown = read_numbers(packed['inputs'][0].permute(1, 2, 3, 0).numpy())
            assert shown == sample.stitched.frames.tolist()
            if kind in partners:
                partners[kind].add(sample.second_filename[-5])
    assert partners == {OTHER_CLASS: {'c', 'd'}, SAME_CLASS: {'b'}}


def test_a_seed_gives_a_clip_and_testing_always_the_same(videos):
    training, testing = videos(), videos(test_mode=True)
    for first, second in ((training[SampleIndex(5, seed=3)], training[SampleIndex(5, seed=3)]),
                          (testing[5], testing[5])):
        assert torch.equal(first['inputs'], second['inputs'])


@pytest.mark.parametrize('testing', [False, True])
def test_the_next_video_takes_the_place_of_one_too_short(videos, write_numbered_video, tmp_path,
                                                         testing):
    write_numbered_video(tmp_path / 'a.mp4', 12)     # for intervals of 2 and 4, 13 are needed
    dataset = videos('a.mp4 0\nb.mp4 0\nd.mp4 0\nc.mp4 1\nd.mp4 1\n', test_mode=testing)
    for kind in (OTHER_SPEED, SAME_SPEED):
        sample = dataset[SampleIndex(kind, seed=0)]['data_samples']
        assert sample.gt_label.item() == kind
        assert sample.filename.endswith('b.mp4')


@pytest.mark.parametrize(('lines', 'message'), [
    ('a.mp4 0\nb.mp4 0\n', r'of 1 class\(es\); expected two classes or more, of two videos or'),
    ('a.mp4 0\nb.mp4 0\nc.mp4 1\n', r'of which \[1\] have one alone; expected two classes'),
    ('a.mp4\nb.mp4\n', 'write the number of its class after each file'),
    ('', 'lists no video; expected one a line')])
def test_a_list_without_partners_is_refused(videos, lines, message):
    with pytest.raises(ValueError, match=message):
        videos(lines)


def test_classes_are_the_kinds_of_boundaries(videos):
    assert videos(metainfo=dict(classes=('run', 'jump'))).metainfo['classes'] == KINDS


def test_a_video_that_is_missing_is_named_before_a_training(videos):
    with pytest.raises(FileNotFoundError, match=r"1 of the 5 videos of .* first: \['.*/e\.mp4'\]"):
        videos('a.mp4 0\nb.mp4 0\nc.mp4 1\nd.mp4 1\ne.mp4 1\n')


def test_a_pipeline_without_boundaries_is_refused(videos):
    with pytest.raises(ValueError, match='a pipeline without StitchBoundary'):
        videos(pipeline=[dict(type='OpenVideo')])
