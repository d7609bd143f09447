"""What a check of a data set tells beside its faults."""
from __future__ import annotations

from mmlofi.datasets.checks import check as checking
from mmlofi.datasets.checks.video_check import Source, VideoCheck
from mmlofi.datasets.videos.facts import MISSING, NO_STAMP, Fault


def test_the_videos_of_which_pyav_reads_some_are_no_files_of_features(tmp_path, monkeypatch):
    totals = []
    monkeypatch.setattr(checking, 'tell_of_seconds',
                        lambda codecs, total, tell: totals.append(total))
    monkeypatch.setattr(checking, 'complete', lambda index, paths, look, **settings: [
        Fault(NO_STAMP, MISSING, 0.0) for _ in paths])
    files = [VideoCheck(None, Source(str(tmp_path / 'gt.json'), features=name.endswith('z')), name)
             for name in ('a.mp4', 'b.mp4', 'a.npz', 'b.npz', 'c.npz')]
    checking._look_at_files(files, 'first', 1, str(tmp_path / 'index'))
    assert totals == [2]
