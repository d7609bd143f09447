"""What a strategy writes is whole or not there."""
from __future__ import annotations

import os
from types import SimpleNamespace

import pytest
from mmengine.dist import get_rank, master_only
from on_ranks import on_two_ranks

from mmlofi.engine.whole_strategy import write_beside


class Strategy:
    """Of one rank that writes, as MMEngine's DDPStrategy, and may be killed while it does."""

    killed = False

    @master_only
    def save_checkpoint(self, filename):
        with open(filename, 'wb') as file:
            file.write(b'half')
            if self.killed:
                raise KeyboardInterrupt
            file.write(b' and half')


def test_what_one_rank_alone_writes_is_written_beside_its_place_too(tmp_path):
    strategy, path = Strategy(), tmp_path / 'epoch_1.pth'
    write_beside(SimpleNamespace(strategy=strategy))
    wrapped = vars(strategy)['save_checkpoint']
    write_beside(SimpleNamespace(strategy=strategy))
    assert vars(strategy)['save_checkpoint'] is wrapped   # once
    strategy.save_checkpoint(str(path))
    strategy.killed = True
    with pytest.raises(KeyboardInterrupt):
        strategy.save_checkpoint(str(path))
    assert path.read_bytes() == b'half and half'
    assert list(tmp_path.iterdir()) == [path]


class Shards:
    """Of ranks that each write a file, as MMEngine's FSDPStrategy; the disk of one gets full."""

    def save_checkpoint(self, filename):
        os.makedirs(filename, exist_ok=True)
        if get_rank() == 1:
            raise OSError(28, 'No space left on device')
        with open(f'{filename}/rank0.pth', 'wb') as file:
            file.write(b'a part')


def test_all_ranks_stop_where_one_of_them_cannot_write(tmp_path):
    path = tmp_path / 'epoch_1.pth'

    def save(rank):
        strategy = Shards()
        write_beside(SimpleNamespace(strategy=strategy))
        with pytest.raises((OSError, RuntimeError)) as stop:
            strategy.save_checkpoint(str(path))
        return f'{type(stop.value).__name__}: {stop.value}'

    (tmp_path / 'meetings').mkdir()
    first, second = on_two_ranks(save, tmp_path / 'meetings')
    assert first.startswith(f'RuntimeError: rank 1 could not write {path} (OSError: [Errno 28] ')
    assert second == 'OSError: [Errno 28] No space left on device'
    assert [one.name for one in tmp_path.iterdir()] == ['meetings']
