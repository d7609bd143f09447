"""SIGTERM ends a tool as Ctrl-C does."""
from __future__ import annotations

import os
import signal

import pytest

from mmlofi.files import whole_file
from mmlofi.sigterm import sigterm_unwinds


def test_what_is_half_written_goes_and_the_status_says_why(tmp_path):
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit, match='^143$'), sigterm_unwinds(), \
            whole_file(tmp_path / 'a') as partial:                      # noqa: PT012
        partial.write_text('half')
        os.kill(os.getpid(), signal.SIGTERM)
    assert os.listdir(tmp_path) == []
    assert signal.getsignal(signal.SIGTERM) == before
