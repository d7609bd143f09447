"""What ranks load: chosen by rank 0 for all, and compared before anything trains."""
from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from mmengine.runner import Runner
from on_ranks import on_two_ranks
from recording import make_runner


@pytest.fixture
def two_epochs(videos):
    """A work dir with the checkpoints of two epochs, whose weights differ."""
    make_runner(videos, epochs=2, hook={}, workers=0).train()
    for epoch in (1, 2):
        path = videos / 'work' / f'epoch_{epoch}.pth'
        content = torch.load(path, weights_only=False)
        content['state_dict']['weight'] += epoch
        torch.save(content, path)
    return videos


def resume(rank: int, folder: Path, **settings) -> Runner:
    runner = make_runner(folder, epochs=3, hook={}, workers=0, launcher='pytorch',
                         **dict(resume=True) | settings)
    try:
        runner.train()
    finally:
        steps = len(runner.model.module.steps)
    return runner.epoch, steps, float(runner.model.module.weight.detach())


def test_ranks_that_find_different_checkpoints_take_rank_0s(two_epochs, monkeypatch):
    """As on a network file system, where `last_checkpoint` is not everywhere new at once."""
    def train(rank):
        path = str(two_epochs / 'work' / f'epoch_{2 - rank}.pth')
        monkeypatch.setattr('mmengine.runner.runner.find_latest_checkpoint', lambda _: path)
        return resume(rank, two_epochs)
    first, second = on_two_ranks(train, two_epochs)
    assert first == second
    assert first[:2] == (3, 1)   # of 6 videos, 2 a batch and rank


@pytest.mark.parametrize('found', [None, 2])
def test_what_rank_0_does_not_find_nobody_resumes(two_epochs, found):
    def train(rank):
        epoch = 1 if rank else found      # as tools/train.py asks, each rank by itself
        path = epoch and str(two_epochs / 'work' / f'epoch_{epoch}.pth')
        return resume(rank, two_epochs, resume=path is not None, load_from=path)
    first, second = on_two_ranks(train, two_epochs)
    assert first == second
    assert first[1] == (3 if found is None else 1)


@pytest.mark.parametrize(('other', 'words'), [
    ('epoch_1.pth', "epoch 2 on rank 0 and 1 on rank 1; iteration .*; weights '"),
    ('weights.pth', "parted: weights '.*' on rank 0 and .*expected the same on all: give all"),
    ('absent.pth', r'could not load .*epoch_2\.pth \(FileNotFoundError|^FileNotFoundError')])
def test_a_file_that_is_another_on_one_machine_stops_all_ranks(two_epochs, monkeypatch, other,
                                                               words):
    """Work dirs that are not shared have files of one name."""
    path, real = two_epochs / 'work' / 'epoch_2.pth', torch.load
    content = real(path, weights_only=False)
    content['state_dict']['weight'] += 1
    torch.save(content, path.with_name('weights.pth'))

    def load(rank):
        monkeypatch.setattr('mmengine.runner.runner._load_checkpoint', lambda name, **_: real(
            path.with_name(other) if rank else name, weights_only=False))
        return resume(rank, two_epochs, load_from=str(path))
    for answer in on_two_ranks(load, two_epochs):
        assert re.search(words, answer), answer
