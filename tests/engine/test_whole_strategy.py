"""What a strategy writes is whole or not there."""
from __future__ import annotations

from types import SimpleNamespace

import pytest
from mmengine.dist import master_only

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
