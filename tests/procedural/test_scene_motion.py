"""The world of scene and motion: what stills, arms and whole videos tell of a class."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmlofi.procedural import Benchmark, ProceduralVideo
from mmlofi.procedural.scene_motion import (
    KINDS,
    SOURCE_KINDS,
    scene_of,
    trimmed_kind,
    untrimmed_kind,
)

FPS = 10
BOTH = Benchmark(classes=6, scene_and_motion=True)
ARMS = [0, 1]


def course(label, seed, draw=untrimmed_kind, difficulty=1.0):
    return draw(np.random.default_rng([label, seed]), fps=FPS, difficulty=difficulty, label=label)


def moves(trajectory):
    """(F - 1, 3) how far each limb moves to the next frame, at difficulty 1."""
    return np.abs(np.diff(trajectory.actors[0].pose, axis=0))


@pytest.mark.parametrize('label', range(3))
def test_only_the_limbs_of_the_kind_ever_move_in_actions_as_outside(label):
    for seed in range(5):
        trajectory = course(label, seed)
        moved, inside = moves(trajectory) > 1e-9, trajectory.in_action[:-1]
        for limb in range(3):
            takes_part = limb in KINDS[label].limbs
            assert moved[inside, limb].mean() == pytest.approx(float(takes_part), abs=0.1)
            assert moved[~inside, limb].any() == takes_part


def test_clips_are_told_apart_by_the_arms_and_not_by_the_legs():
    clips = [[moves(course(label, seed, trimmed_kind))[4:-4] for seed in range(200)]
             for label in range(2)]
    arms, legs = (np.array([[move[:, limbs].mean() for move in of_kind] for of_kind in clips])
                  for limbs in (ARMS, [2]))
    assert arms[0].max() < 1e-9 < arms[1].min()
    assert legs[0].mean() == pytest.approx(legs[1].mean(), rel=0.05)


@pytest.mark.parametrize('difficulty', [0.3, 1.0])
def test_single_poses_are_as_likely_in_each_kind(difficulty):
    """The phases start anywhere, so that each kind has the same poses in an action."""
    for draw, kinds in ((untrimmed_kind, KINDS), (trimmed_kind, SOURCE_KINDS)):
        poses = []
        for label in range(len(kinds)):
            trajectories = [course(label, seed, draw, difficulty) for seed in range(300)]
            poses.append([one.actors[0].pose[np.flatnonzero(one.in_action)[8]]
                          for one in trajectories])
        sorted_poses = np.sort(poses, axis=1)                               # (kinds, 300, 3)
        assert np.abs(sorted_poses - sorted_poses.mean(0)).max() < 0.1


def test_limbs_open_faster_than_they_close_so_that_backwards_is_not_forwards():
    pose = course(1, 0, trimmed_kind).actors[0].pose[3:-3, 0]
    rising = (np.diff(pose) > 0).mean()
    assert 0.2 < rising < 0.45


def test_clips_have_other_scenes_than_videos_and_every_class_has_one_scene_and_kind():
    videos = [scene_of(label, 6, other_source=False) for label in range(6)]
    clips = [scene_of(label, 6, other_source=True) for label in range(6)]
    assert videos == [0, 0, 0, 1, 1, 1]
    assert clips == [2, 2, 3, 3, 4, 4]
    assert BOTH.class_names == ('forest flap', 'forest stride', 'forest swing',
                                'beach flap', 'beach stride', 'beach swing')


def test_frames_are_drawn_in_the_scene_of_the_class():
    frames = {}
    for split in ('val', 'clip_val'):
        for index in (0, 1, 5):
            video = ProceduralVideo(replace(BOTH, side=32), split, index)
            top = next(video.frames())[:4]                                 # above the head
            frames[split, index] = top.reshape(-1, 3).mean(0)

    def far(one, other):
        return np.abs(frames[one] - frames[other]).max()
    assert far(('val', 0), ('val', 5)) > 2 * far(('val', 0), ('val', 1))
    assert far(('clip_val', 0), ('val', 0)) > 2 * far(('clip_val', 0), ('clip_val', 1))


@pytest.mark.parametrize(('wrong', 'message'), [
    ({'classes': 5}, '5 classes asked for, expected 6 or 12'),
    ({'classes': 18}, '18 classes asked for'),
    ({'classes_per_video': 2}, 'classes_per_video is 2 with scene_and_motion'),
])
def test_parameters_that_cannot_be_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        replace(BOTH, **wrong)


def test_the_folder_says_which_world_it_is():
    assert BOTH.parameters['scene_and_motion'] is True
    assert 'scene_and_motion' not in Benchmark().parameters
