"""Parts of videos whose extraction was interrupted."""
from __future__ import annotations

import pytest
import torch

from mmlofi.datasets.features import unfinished
from mmlofi.datasets.features.unfinished import FOLDER, UnfinishedFeatures

HEADER = dict(backbone_sha256='a', feat_dim=2)


@pytest.fixture
def video(tmp_path, monkeypatch):
    """A file, of which every part is written at once."""
    monkeypatch.setattr(unfinished, 'KEEP_SEC', 0)
    path = tmp_path / 'a.mp4'
    path.write_bytes(b'video')
    return str(path)


def encode(folder, video, steps, *, name='day/a', header=HEADER):
    """What a run leaves that goes on and is killed after some more snippets, of 2 steps each."""
    parts = UnfinishedFeatures(str(folder), header)
    done, _ = parts.begin(name, video)
    for end in range(done + 4, done + 4 + steps.shape[1] // 2, 4):
        parts.keep(name, video, end, steps[:, (end - 4 - done) * 2:(end - done) * 2])


def test_what_is_encoded_is_there_for_the_next_run_and_the_one_after(tmp_path, video):
    steps = torch.arange(48).reshape(2, 24).float()
    encode(tmp_path, video, steps[:, :16])
    encode(tmp_path, video, steps[:, 16:])
    parts = UnfinishedFeatures(str(tmp_path), HEADER)
    done, found = parts.begin('day/a', video)
    assert done == 12
    assert torch.equal(found, steps)
    assert parts.begin('b', video) == (0, None)
    parts.drop('day/a')
    assert not (tmp_path / FOLDER).exists()
    assert parts.begin('day/a', video) == (0, None)


@pytest.mark.parametrize('change', ['header', 'file', 'part', 'gap'])
def test_parts_of_another_encoder_or_file_and_broken_ones_are_dropped(tmp_path, video, change):
    encode(tmp_path, video, torch.zeros(2, 24))
    (first, second, _) = sorted((tmp_path / FOLDER).rglob('*.npz'))
    if change == 'file':
        (tmp_path / 'a.mp4').write_bytes(b'another')
    elif change == 'part':
        second.write_bytes(second.read_bytes()[:50])
    elif change == 'gap':
        first.unlink()
    header = dict(HEADER, feat_dim=3) if change == 'header' else HEADER
    assert UnfinishedFeatures(str(tmp_path), header).begin('day/a', video) == (0, None)
    assert not (tmp_path / FOLDER).exists()


def test_short_videos_leave_nothing(tmp_path, video, monkeypatch):
    monkeypatch.setattr(unfinished, 'KEEP_SEC', 60)
    encode(tmp_path, video, torch.zeros(2, 24))
    assert not (tmp_path / FOLDER).exists()
