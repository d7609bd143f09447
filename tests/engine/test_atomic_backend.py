"""AtomicLocalBackend: a file is there as a whole or not at all."""
from __future__ import annotations

import os

import pytest

from mmlofi.engine.atomic_backend import AtomicLocalBackend


class Crash(Exception):
    """In place of a kill."""


def test_a_file_appears_as_a_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / 'folder' / 'file'
    AtomicLocalBackend().put(b'first', path)

    def crash(descriptor):
        raise Crash
    monkeypatch.setattr(os, 'fsync', crash)
    with pytest.raises(Crash):
        AtomicLocalBackend().put(b'second', path)
    assert path.read_bytes() == b'first'
