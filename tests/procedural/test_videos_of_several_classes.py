"""Videos of several classes, told by the motion: what is in them, when, and by whom."""
from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import decord
import numpy as np
import pytest

from mmlofi.procedural import Benchmark, clips, generate, oracle_features, untrimmed_videos
from mmlofi.procedural.layout import draw_actions, least_duration_sec
from mmlofi.procedural.motion_trajectory import untrimmed_motions
from mmlofi.procedural.motions import MAX_MOTIONS

THREE = Benchmark(classes_per_video=3, train_videos=40, val_videos=0, clips_per_class=2)
OVERLAPPING = replace(THREE, overlap=0.4)


def draw(count, **settings):
    """Durations of videos, and the segment and the class of each action."""
    for index in range(count):
        rng = np.random.default_rng(index)
        duration_sec = rng.uniform(least_duration_sec(settings['classes_per_video']), 60)
        yield duration_sec, [((one.start_sec, one.end_sec), one.label)
                             for one in draw_actions(rng, duration_sec, **settings)]


def overlapping(actions):
    """For each action, the classes of those that share time with it."""
    return [[label for place, ((start, end), label) in enumerate(actions)
             if place != mine and start < stop and begin < end]
            for mine, ((begin, stop), _) in enumerate(actions)]


@pytest.mark.parametrize('classes_per_video', range(1, MAX_MOTIONS + 1))
@pytest.mark.parametrize('overlap', [0.0, 0.4, 1.0])
def test_a_video_holds_its_classes_inside_and_apart(classes_per_video, overlap):
    if overlap and classes_per_video == 1:
        return
    for duration_sec, actions in draw(100, classes=8, classes_per_video=classes_per_video,
                                      overlap=overlap):
        segments = np.array([segment for segment, _ in actions])
        assert len({label for _, label in actions}) == classes_per_video
        assert classes_per_video <= len(actions) <= classes_per_video + 4
        assert segments[:, 0].tolist() == sorted(segments[:, 0])
        assert 0 <= segments.min() <= segments.max() <= duration_sec
        assert (np.diff(segments) >= 1.99).all()
        assert all(len(others) <= 1 for others in overlapping(actions))
        ends = np.maximum.accumulate(segments[:-1, 1])
        gaps = segments[1:, 0] - ends
        assert (gaps[gaps > 0] >= 0.99).all()


def test_without_overlap_no_actions_share_time_and_one_actor_is_in_view():
    for video in untrimmed_videos(THREE):
        assert not any(overlapping(video.actions()))
        assert len(video.trajectory().actors) == 1


@pytest.mark.parametrize('overlap', [0.2, 0.4, 1.0])
def test_the_share_of_overlapping_actions_is_what_was_asked_for_and_of_other_classes(overlap):
    shared = 0, 0
    for _, actions in draw(1500, classes=5, classes_per_video=3, overlap=overlap):
        others = overlapping(actions)
        assert all(label not in classes for (_, label), classes in zip(actions, others))
        shared = shared[0] + sum(map(bool, others)), shared[1] + len(actions)
    assert shared[0] / shared[1] == pytest.approx(overlap, abs=0.02)


def test_overlapping_actions_are_of_two_actors_who_both_move():
    for index in range(40):
        video = untrimmed_motions(np.random.default_rng(index), fps=10, difficulty=0.0, classes=5,
                                  classes_per_video=3, overlap=1.0)
        first, second = (actor.pose.min(axis=1) for actor in video.actors)   # 0.5 or more in one
        inside = np.zeros((2, video.num_frames))
        for start, end in video.segments_sec:
            inside[:, int(start * 10) + 4:int(end * 10) - 4] += 1
        both = inside[0] == 2
        assert both.any()
        assert (first[both] >= 0.5).all()
        assert (second[both] >= 0.5).all()


def test_every_class_is_as_frequent_and_as_long_as_the_others():
    counts, seconds = Counter(), Counter()
    for _, actions in draw(2000, classes=5, classes_per_video=3, overlap=0.4):
        for (start, end), label in actions:
            counts[label] += 1
            seconds[label] += end - start
    assert max(counts.values()) < 1.1 * min(counts.values())
    lengths = [seconds[label] / counts[label] for label in range(5)]
    assert max(lengths) < 1.1 * min(lengths)


def test_the_scene_tells_nothing_of_the_class():
    """The hue of a clip's first frame is as spread within each class as over all."""
    benchmark = replace(THREE, clips_per_class=60, side=32)
    drawn = clips(benchmark, 'train')
    colours = np.array([next(clip.frames()).mean(axis=(0, 1)) for clip in drawn])   # (N, 3)
    labels = np.array([clip.label for clip in drawn])
    colours = (colours - colours.mean(0)) / colours.std(0)
    means = np.stack([colours[labels == label].mean(0) for label in range(5)])
    assert np.abs(means).max() < 4 / np.sqrt(60)
    spreads = np.stack([colours[labels == label].std(0) for label in range(5)])
    assert spreads.min() > 0.75


def test_the_difficulty_shifts_no_draw():
    easy, hard = (untrimmed_videos(replace(OVERLAPPING, difficulty=d))[1] for d in (0.0, 1.0))
    assert easy.actions() == hard.actions()
    for one, other in zip(easy.trajectory().actors, hard.trajectory().actors, strict=True):
        np.testing.assert_array_equal(one.xy, other.xy)
        assert np.abs(one.pose - other.pose).max() > 0.1


def test_it_is_written_annotated_by_motions_and_decodes(tmp_path):
    tiny = replace(OVERLAPPING, train_videos=2, val_videos=1, side=32, clips_per_class=1)
    generate(tmp_path, tiny, workers=1)
    content = json.loads((tmp_path / 'annotations.json').read_text())
    assert [node['nodeName'] for node in content['taxonomy']][1:] == [
        'swing', 'wave', 'stride', 'quiver', 'stretch']
    for video in untrimmed_videos(tiny):
        entry = content['database'][video.name]
        assert [(tuple(one['segment']), one['label']) for one in entry['annotations']] == [
            (segment, tiny.class_names[label]) for segment, label in video.actions()]
        frames = len(decord.VideoReader(str(tmp_path / video.file)))
        assert frames / tiny.fps == pytest.approx(entry['duration'])
    assert json.loads((tmp_path / 'benchmark.json').read_text())['overlap'] == 0.4
    with pytest.raises(ValueError, match='overlap 0.4 there, None asked for'):
        generate(tmp_path, replace(tiny, classes_per_video=None, overlap=0.0))


def test_the_oracle_knows_each_class_when_it_happens():
    for video in untrimmed_videos(OVERLAPPING)[:10]:
        features, actions = oracle_features(video, 50), video.actions()
        duration_sec = video.trajectory().duration_sec
        assert features.shape == (8, 50)
        for label in range(5):
            seconds = sum(end - start for (start, end), mine in actions if mine == label)
            assert features[1 + label].mean() * duration_sec == pytest.approx(seconds, abs=1e-3)
        both = features[1:].sum(0)
        assert (features[0] <= both + 1e-5).all()
        assert features[0].max() <= 1 + 1e-6
        assert features[0].mean() * duration_sec == pytest.approx(
            covered([segment for segment, _ in actions]), abs=1e-3)


def covered(segments):
    grid = np.arange(0, 61, 0.001) + 0.0005
    inside = np.zeros(len(grid), bool)
    for start, end in segments:
        inside |= (grid >= start) & (grid < end)
    return inside.sum() * 0.001
