"""The benchmark of class scores of segments: its videos, and the table that it prints."""
from __future__ import annotations

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[2] / 'benchmarks' / 'segment_classes.py'


@pytest.fixture(scope='module')
def script():
    return runpy.run_path(str(SCRIPT))


@pytest.mark.parametrize('per_video', [1, 5])
def test_snippets_tell_their_class_and_a_video_has_so_many(script, per_video):
    rng, looks = np.random.default_rng(0), np.eye(6, script['CHANNELS'])
    features, samples = script['make_videos'](rng, looks, 30, per_video)
    counts = [len(sample.gt_instances.labels.unique()) for sample in samples]
    assert max(counts) <= per_video
    assert (np.mean(counts) > 1) == (per_video > 1)
    truth = script['truth'](samples, script['CLASSES'])
    said, wanted = [], []
    for video, record in zip(features, truth):
        for (start, end), label in zip(record.segments_sec, record.labels):
            middle = video[:, int(np.ceil(start)):int(end)].mean(1)
            said.append(script['CLASSES'][int(middle[1:6].argmax())])
            wanted.append(label)
    assert np.mean(np.array(said) == np.array(wanted)) > 0.9


def test_the_table_has_both_kinds_of_scores_and_none(capsys, monkeypatch):
    monkeypatch.setattr(sys, 'argv', [
        str(SCRIPT), '--seeds', '0', '--epochs', '1', '--videos', '8', '4'])
    runpy.run_path(str(SCRIPT), run_name='__main__')
    rows = [line.split(' | ') for line in capsys.readouterr().out.splitlines()
            if line.startswith('| ') and '%' not in line]
    assert [row[1] for row in rows] == 2 * ['VideoClassifier', 'SegmentClassifier',
                                            'without classes']
    assert all(0 <= float(value.strip(' |')) <= 100 for row in rows for value in row[2:])
