"""The growth of starts: its data set of one file under many names, and its long video."""
from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / 'benchmarks'))
import cluster_growth


def test_one_file_under_many_names_is_a_data_set_whose_second_start_opens_none(
        tmp_path, monkeypatch):
    paths = cluster_growth.data_set(tmp_path, 3)
    assert len({Path(path).stat().st_ino for path in paths}) == 1
    assert len(cluster_growth.build(tmp_path)) == 3
    monkeypatch.setattr(cluster_growth.look, 'find_facts', None)
    assert len(cluster_growth.build(tmp_path, check_files='index')) == 3


def test_a_clip_again_and_again_lasts_as_long_as_is_asked(tmp_path):
    clip = cluster_growth.write_clip(tmp_path / 'clip.mp4', 50, 32)
    long = cluster_growth.repeat_clip(clip, tmp_path / 'long.mp4', 60 / 3600)
    facts = cluster_growth.find_facts(str(long))
    assert facts.total_frames == 60 * 25
    assert facts.duration_sec == pytest.approx(60)
