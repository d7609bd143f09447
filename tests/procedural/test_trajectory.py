"""The property that the benchmark stands on: what single frames tell, and what motion tells."""
from __future__ import annotations

import numpy as np
import pytest

from mmlofi.procedural.trajectory import trimmed_trajectory, untrimmed_trajectory

FPS = 10
CLEAR_SEC = 1.0  # frames nearer to a boundary than this belong to its ramp or mix both motions


def draw(difficulty, count=150):
    return [untrimmed_trajectory(np.random.default_rng([7, i]), fps=FPS, difficulty=difficulty)
            for i in range(count)]


def clear_of_boundaries(trajectory):
    times = (np.arange(trajectory.num_frames) + 0.5) / FPS
    boundaries = np.array(trajectory.segments_sec).ravel()
    return np.abs(times[:, None] - boundaries).min(axis=1) > CLEAR_SEC


def motion(trajectory):
    """Mean change of the pose from frame to frame over 2 s around each frame."""
    speed = np.abs(np.diff(pose(trajectory), append=pose(trajectory)[-1]))
    return np.convolve(speed, np.ones(2 * FPS) / (2 * FPS), mode='same')


def inside_and_outside(trajectories, statistic):
    values = np.concatenate([statistic(t)[clear_of_boundaries(t)] for t in trajectories])
    inside = np.concatenate([t.in_action[clear_of_boundaries(t)] for t in trajectories])
    return values[inside], values[~inside]


def pose(trajectory):
    return trajectory.actors[0].pose


def auc(inside, outside):
    """Chance that a value from inside is above one from outside."""
    outside = np.sort(outside)
    below = np.searchsorted(outside, inside, 'left') + np.searchsorted(outside, inside, 'right')
    return below.mean() / (2 * len(outside))


def ks_distance(a, b):
    grid = np.sort(np.concatenate([a, b]))
    shares = [np.searchsorted(np.sort(x), grid, 'right') / len(x) for x in (a, b)]
    return np.abs(shares[0] - shares[1]).max()


def test_at_difficulty_0_any_single_frame_tells_whether_it_lies_in_an_action():
    inside, outside = inside_and_outside(draw(0.0), pose)
    assert inside.min() >= 0.6
    assert outside.max() <= 0.4


def test_at_difficulty_1_single_frames_are_alike_inside_and_outside_of_actions():
    inside, outside = inside_and_outside(draw(1.0, count=400), pose)
    assert ks_distance(inside, outside) < 0.04
    assert auc(inside, outside) == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize('difficulty', [0.0, 0.3, 1.0])
def test_motion_tells_at_any_difficulty(difficulty):
    assert auc(*inside_and_outside(draw(difficulty), motion)) > 0.97


@pytest.mark.parametrize('difficulty', [0.3, 0.7])
def test_the_share_of_ambiguous_frames_is_as_documented(difficulty):
    width = 0.4 + 0.6 * difficulty
    inside, outside = inside_and_outside(draw(difficulty, count=400), pose)
    assert (inside < width).mean() == pytest.approx((2 * width - 1) / width, abs=0.03)
    assert (outside > 1 - width).mean() == pytest.approx((2 * width - 1) / width, abs=0.03)


@pytest.mark.parametrize('course', ['xy', 'scale', 'camera_xy', 'brightness'])
def test_nothing_but_the_pose_tells(course):
    def all_values(trajectory):
        owner = trajectory.actors[0] if course in ('xy', 'scale') else trajectory
        return getattr(owner, course).reshape(trajectory.num_frames, -1)

    def speed(trajectory):
        values = all_values(trajectory)
        change = np.abs(np.diff(values, axis=0, append=values[-1:])).sum(axis=1)
        return np.convolve(change, np.ones(2 * FPS) / (2 * FPS), mode='same')

    def value(trajectory):
        return all_values(trajectory)[:, -1]

    trajectories = draw(0.0, count=400)
    assert auc(*inside_and_outside(trajectories, speed)) == pytest.approx(0.5, abs=0.05)
    assert auc(*inside_and_outside(trajectories, value)) == pytest.approx(0.5, abs=0.05)


def test_difficulty_changes_the_pose_alone():
    for easy, hard in zip(draw(0.0, count=5), draw(1.0, count=5), strict=True):
        assert easy.segments_sec == hard.segments_sec
        np.testing.assert_array_equal(easy.camera_xy, hard.camera_xy)
        np.testing.assert_array_equal(easy.actors[0].xy, hard.actors[0].xy)
        assert np.abs(pose(easy) - pose(hard)).max() > 0.1


def test_untrimmed_videos_have_the_promised_actions():
    trajectories = draw(0.3, count=300)
    counts = [len(t.segments_sec) for t in trajectories]
    assert set(counts) == {1, 2, 3, 4}
    for t in trajectories:
        starts, ends = np.array(t.segments_sec).T
        assert 20 <= t.duration_sec <= 60
        assert starts[0] >= 0
        assert ends[-1] <= t.duration_sec
        assert (ends - starts >= 1.499).all()
        assert (starts[1:] - ends[:-1] >= 0.999).all()
        assert 0.149 <= (ends - starts).sum() / t.duration_sec <= 0.601
        assert pose(t).min() >= 0
        assert pose(t).max() <= 1
        # A frame belongs to the action when its middle does.
        assert t.in_action.sum() / FPS == pytest.approx((ends - starts).sum(), abs=0.1 * len(ends))


def test_a_trimmed_clip_is_mostly_action():
    for i in range(50):
        clip = trimmed_trajectory(np.random.default_rng(i), fps=FPS, difficulty=0.3)
        assert 2 <= clip.duration_sec <= 3
        assert clip.in_action.mean() >= 0.75


@pytest.mark.parametrize('difficulty', [-0.1, 1.5])
def test_a_difficulty_outside_0_to_1_is_refused(difficulty):
    with pytest.raises(ValueError, match=f'difficulty is {difficulty}.*choose one in between'):
        untrimmed_trajectory(np.random.default_rng(0), fps=FPS, difficulty=difficulty)
