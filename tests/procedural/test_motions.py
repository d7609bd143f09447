"""Kinds of motion: no single pose tells them, and what they do over time does."""
from __future__ import annotations

import numpy as np
import pytest

from mmlofi.procedural.motion_trajectory import limb_band_width, trimmed_motion, untrimmed_motions
from mmlofi.procedural.motions import LIMBS, MAX_MOTIONS, draw_motion, motion_names
from mmlofi.procedural.trajectory import activity, frame_times

FPS = 10
NAMES = motion_names(MAX_MOTIONS)


def clip_poses(label, difficulty, count=400):
    """Poses (count, 3) of one frame each of clips of a class, and their changes (count, F, 3)."""
    clips = [trimmed_motion(np.random.default_rng([label, i]), fps=FPS, difficulty=difficulty,
                            label=label, num_actors=1) for i in range(count)]
    poses = [clip.actors[0].pose[4:16] for clip in clips]   # F = 12, clear of both ends
    return np.stack([pose[6] for pose in poses]), np.stack([np.diff(pose, axis=0)
                                                            for pose in poses])


def nearest_class(train, test):
    """Accuracy of 15 nearest neighbours: (K, n, D) each."""
    flat = train.reshape(-1, train.shape[-1])
    votes = np.repeat(np.arange(len(train)), train.shape[1])
    right = []
    for label, points in enumerate(test):
        near = np.square(points[:, None] - flat).sum(-1).argsort(1)[:, :15]
        counts = (votes[near][..., None] == np.arange(len(train))).sum(1)
        right.append((counts.argmax(1) == label).mean())
    return np.mean(right)


def summary(changes):
    """What motion there is in each limb, without regard to which arm it is: (n, 6)."""
    speed, drift = np.abs(changes).mean(1), np.abs(changes.sum(1))
    still = (np.abs(changes) < 0.01).mean(1)
    return np.concatenate([np.sort(values[:, :2], axis=1) for values in (speed, drift, still)]
                          + [values[:, 2:] for values in (speed, drift, still)], axis=1)


@pytest.mark.parametrize('difficulty', [0.0, 0.3, 1.0])
def test_a_single_pose_does_not_tell_the_motion_and_a_second_of_poses_does(difficulty):
    frames, changes = zip(*(clip_poses(label, difficulty) for label in range(MAX_MOTIONS)))
    frames, motion = np.stack(frames), np.stack([summary(one) for one in changes])
    assert nearest_class(frames[:, :200], frames[:, 200:]) == pytest.approx(1 / 8, abs=0.04)
    assert nearest_class(motion[:, :200], motion[:, 200:]) > 0.8


@pytest.mark.parametrize('label', range(MAX_MOTIONS), ids=NAMES)
def test_at_every_moment_of_an_action_each_limb_is_anywhere_with_equal_chance(label):
    poses = np.stack([trimmed_motion(np.random.default_rng([label, i]), fps=FPS, difficulty=1.0,
                                     label=label, num_actors=1).actors[0].pose[:20]
                      for i in range(800)])                                  # (800, 20, 3)
    for frame in (2, 9, 17):
        expected = (np.arange(800) + 0.5) / 800
        assert np.abs(np.sort(poses[:, frame], axis=0) - expected[:, None]).max() < 0.07
        shared = np.corrcoef(poses[:, frame].T)[np.triu_indices(len(LIMBS), 1)]
        assert np.abs(shared).max() < 0.12


@pytest.mark.parametrize(('name', 'moving'), [
    ('swing', {3}), ('wave', {1}), ('stride', {1}), ('quiver', {3}), ('stretch', {3}),
    ('flap', {2}), ('tick', {3}), ('whirl', {3})])
def test_a_motion_moves_its_limbs_alone(name, moving):
    drawn = [draw_motion(np.random.default_rng(i), NAMES.index(name), np.arange(0, 3, 0.05))
             for i in range(20)]
    assert {len(limbs) for limbs, _ in drawn} == moving
    if name == 'wave':
        assert {limb for limbs, _ in drawn for limb in limbs} == {0, 1}
    if name in ('stride', 'flap'):
        assert {tuple(limbs) for limbs, _ in drawn} == {(2,) if name == 'stride' else (0, 1)}
    farthest = np.array([moved.max() for _, moved in drawn])   # cycles in 3 s
    low, high = {'quiver': (0.19, 0.2), 'stretch': (0.65, 1), 'tick': (1.0, 1.4),
                 'whirl': (4.2, 6)}.get(name, (1.8, 3))
    assert low <= farthest.min() <= farthest.max() <= high + 1e-9
    for _, moved in drawn:
        forward = np.diff(moved)
        assert (forward.min() < 0) == (name == 'quiver')
        assert ((np.abs(forward) < 1e-9).mean() > 0.3) == (name == 'tick')


@pytest.mark.parametrize(('difficulty', 'share'), [(0.0, 0.0), (0.3, 0.28), (0.7, 0.78), (1, 1)])
def test_as_many_frames_could_be_either_as_where_the_scene_tells(difficulty, share):
    low = 1 - limb_band_width(difficulty)
    inside, outside = [], []
    for i in range(150):
        video = untrimmed_motions(np.random.default_rng(i), fps=FPS, difficulty=difficulty,
                                  classes=5, classes_per_video=3, overlap=0.0)
        now = activity(frame_times(video.num_frames, FPS), video.segments_sec)
        pose = video.actors[0].pose
        inside.append((pose[now == 1] <= 1 - low).all(1))
        outside.append((pose[now == 0] >= low).all(1))
    for ambiguous in (inside, outside):
        assert np.concatenate(ambiguous).mean() == pytest.approx(share, abs=0.06)


def test_names_are_unique_and_too_many_kinds_are_refused():
    assert len(set(NAMES)) == MAX_MOTIONS >= 5
    with pytest.raises(ValueError, match='9 classes asked for.*kinds of motion'):
        motion_names(MAX_MOTIONS + 1)
