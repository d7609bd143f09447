from __future__ import annotations

import json
from dataclasses import replace

import decord
import numpy as np
import pytest

from mmlofi.procedural import Benchmark, clips, generate, untrimmed_videos

TINY = Benchmark(seed=3, train_videos=2, val_videos=1, classes=2, clips_per_class=2, side=32)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('procedural')
    generate(folder, TINY, workers=1)
    return folder


def frames(path):
    reader = decord.VideoReader(str(path))
    return reader.get_batch(range(len(reader))).asnumpy()


def files(folder):
    return sorted(p.relative_to(folder) for p in folder.rglob('*') if p.is_file())


def test_every_video_decodes_to_its_annotated_duration(folder):
    database = json.loads((folder / 'annotations.json').read_text())['database']
    assert set(database) == {'train_0000', 'train_0001', 'val_0000'}
    for name, entry in database.items():
        decoded = frames(folder / 'videos' / f'{name}.mp4')
        assert decoded.shape[1:] == (32, 32, 3)
        assert len(decoded) / TINY.fps == pytest.approx(entry['duration'])


def test_clip_lists_name_existing_files_of_every_class(folder):
    for split, count in (('train', 4), ('val', 2)):
        lines = (folder / f'clips_{split}.txt').read_text().splitlines()
        assert len(lines) == count
        assert {line.split()[1] for line in lines} == {'0', '1'}
        for line in lines:
            assert 20 <= len(frames(folder / 'clips' / line.split()[0])) <= 30


def test_the_same_seed_gives_the_same_frames_with_any_number_of_workers(folder, tmp_path):
    generate(tmp_path, TINY, workers=2)
    assert files(tmp_path) == files(folder)
    for name in ('annotations.json', 'clips_train.txt', 'clips_val.txt', 'benchmark.json'):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()
    for file in files(folder):
        if file.suffix == '.mp4':
            np.testing.assert_array_equal(frames(folder / file), frames(tmp_path / file))


def test_a_second_run_draws_only_what_is_missing(folder):
    assert generate(folder, TINY) == 0
    lost = folder / 'videos' / 'val_0000.mp4'
    before = frames(lost)
    lost.unlink()
    assert generate(folder, TINY) == 1
    np.testing.assert_array_equal(frames(lost), before)


def test_a_failed_drawing_leaves_no_file(tmp_path, monkeypatch):
    def two_frames(*args, **kwargs):
        yield np.zeros((32, 32, 3), np.uint8)
        raise KeyboardInterrupt

    monkeypatch.setattr('mmlofi.procedural.benchmark.render', two_frames)
    with pytest.raises(KeyboardInterrupt):
        generate(tmp_path, TINY, workers=1)
    assert not list(tmp_path.rglob('*.mp4'))


def test_other_parameters_in_the_same_folder_are_refused(folder):
    with pytest.raises(ValueError, match='difficulty 0.3 there, 0.5 asked for.*another folder'):
        generate(folder, replace(TINY, difficulty=0.5))
    with pytest.raises(ValueError, match='classes_per_video None there, 1 asked for, overlap None'):
        generate(folder, replace(TINY, classes_per_video=1))


def test_more_videos_leave_the_first_ones_as_they_are():
    few = untrimmed_videos(TINY)[0].trajectory()
    many = untrimmed_videos(replace(TINY, train_videos=9))[0].trajectory()
    np.testing.assert_array_equal(few.actors[0].pose, many.actors[0].pose)


def test_no_two_videos_or_seeds_share_a_course():
    videos = [*untrimmed_videos(TINY), *clips(TINY, 'train'), *clips(TINY, 'val'),
              *untrimmed_videos(replace(TINY, seed=4))]
    cameras = [v.trajectory().camera_xy[:20] for v in videos]
    for i, a in enumerate(cameras):
        assert all(np.abs(a - b).max() > 1e-3 for b in cameras[:i])


@pytest.mark.parametrize(('wrong', 'message'), [
    ({'difficulty': 2.0}, 'difficulty is 2.0'),
    ({'classes': 99}, '99 classes'),
    ({'side': 33}, 'side is 33'),
    ({'side': 48}, 'side is 48.*80 and 96 are fine'),
    ({'fps': 1}, 'fps is 1'),
    ({'train_videos': -1}, 'train_videos is -1'),
    ({'classes_per_video': 3}, 'classes_per_video is 3, expected 1 to 2'),
    ({'classes_per_video': 0}, 'classes_per_video is 0'),
    ({'classes_per_video': 2, 'classes': 9}, '9 classes.*kinds of motion'),
    ({'overlap': 0.5}, 'overlap is 0.5 with classes_per_video None'),
    ({'classes_per_video': 1, 'overlap': 0.5}, 'overlap is 0.5 with classes_per_video 1'),
    ({'classes_per_video': 2, 'overlap': 1.1}, 'overlap is 1.1'),
])
def test_parameters_that_cannot_be_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        replace(TINY, **wrong)
