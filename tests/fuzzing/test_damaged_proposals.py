"""Damaged and odd folders of raw proposals: what is in them, or an error that names the file."""
from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import numpy as np
import pytest
from by_hand import arrays_of
from damaged_bytes import damage
from fuzz_scale import scaled
from timed_case import assert_named, timed_case

from mmlofi.detections.raw_files import INFO, load_raw
from mmlofi.detections.windows import detect, to_detections

NAMES = ('v', 'day/w', 'x@000003')
GONE = ('class_scores', 'duration_sec', 'scores', 'segments', 'window_norm')   # may be missing


def write(folder: Path, draw: random.Random) -> None:
    """Three videos, one of which may be wrong in one place."""
    for name in NAMES:
        rng = np.random.default_rng(draw.randrange(1000))
        count = draw.randint(0, 5)
        arrays = dict(segments=np.sort(rng.random((count, 2)), 1).astype('f4'),
                      scores=rng.random(count).astype('f4'), class_scores=rng.random(2),
                      duration_sec=np.float64(10), window_norm=np.array([0.0, 1]))
        arrays |= {'first_snippet': 3} if '@' in name else {}
        if draw.random() < 0.2:
            key = draw.choice(list(arrays))
            arrays[key] = draw.choice((np.full_like(arrays[key], np.nan, dtype='f8'), 'x',
                                       np.ones(3), np.array([{}], object), -1, np.zeros((2, 2, 2))))
        if draw.random() < 0.05:
            del arrays[draw.choice(GONE)]
        path = folder / f'{name}.npz'
        path.parent.mkdir(parents=True, exist_ok=True)
        draw.choice((np.savez, np.savez_compressed))(path, **arrays)
    info = dict(classes=['run', 'jump'], nms=dict(sigma=0.8, top_k=5), top_classes=2)
    if draw.random() < 0.15:
        info[draw.choice(list(info))] = draw.choice((None, [1], 'x', 2.5, -1, {}, dict(a=1)))
    (folder / INFO).write_text(json.dumps(info))


def same(video: object, path: Path) -> None:
    """Holds what was loaded against the bytes of its file."""
    arrays = arrays_of(path)
    for name in ('segments', 'scores', 'class_scores', 'start', 'end'):
        found = getattr(video, name)
        assert (found is None) == (name not in arrays), name
        if found is not None:
            assert np.isfinite(found).all(), name
            np.testing.assert_array_equal(found, arrays[name])
    assert video.duration_sec == arrays['duration_sec']
    assert video.window_norm == tuple(arrays['window_norm'])
    assert video.first_snippet == arrays.get('first_snippet')


@pytest.mark.filterwarnings('ignore')   # numbers overflow
def test_raw_proposals_are_what_their_files_have_or_refused_by_name(tmp_path, little_memory):
    folder, read = tmp_path / 'raw', 0
    with little_memory():
        for seed in range(scaled(100)):
            draw = random.Random(seed)
            shutil.rmtree(folder, ignore_errors=True)
            write(folder, draw)
            if draw.random() < 0.6:
                path = folder / draw.choice((INFO, *(f'{name}.npz' for name in NAMES)))
                path.write_bytes(damage(path.read_bytes(), draw))
            with timed_case(seed, seconds=30):
                try:
                    videos, info = load_raw(folder)
                except (FileNotFoundError, ValueError) as error:
                    assert_named(error, folder)
                    continue
                assert [one.video_name for one in videos] == ['day/w', 'v', 'x']
                for video, name in zip(videos, sorted(NAMES)):
                    same(video, folder / f'{name}.npz')
                found = detect(videos, nms=dict(sigma=0.8, top_k=5) | info['nms'],
                               top_classes=info['top_classes'])
                to_detections(found, info['classes'] or ['run', 'jump'])
            read += 1
    assert read > scaled(100) / 20   # some are good
