"""How far a long piece of work is, in a terminal and in a log."""
from __future__ import annotations

import sys
import time

import pytest

from mmlofi.progress import ProgressLine


@pytest.fixture
def shown(monkeypatch, capsys):
    """What is written while 40 of 40 are done, one in 90 s."""
    def write(in_terminal: bool) -> str:
        monkeypatch.setattr(sys.stderr, 'isatty', lambda: in_terminal)
        seconds = iter(range(0, 41 * 90, 90))
        monkeypatch.setattr(time, 'monotonic', lambda: next(seconds))
        line = ProgressLine('videos')
        for done in range(1, 41):
            line(done, 40)
        return capsys.readouterr().err
    return write


def test_a_terminal_has_one_line_that_is_written_over(shown):
    text = shown(True)
    lines = text.split('\r')[1:]
    assert len(lines) == 40
    assert lines[0].rstrip() == '1 of 40 videos, 0:58:30 left'
    assert text.count('\n') == 1
    assert text.endswith('\n')
    assert len({len(line.rstrip('\n')) for line in lines}) == 1


def test_a_log_has_a_line_each_tenth(capsys):
    line = ProgressLine('videos')
    for done in range(1, 41):
        line(done, 40)
    lines = capsys.readouterr().err.splitlines()
    assert [text.partition(',')[0] for text in lines] == [
        f'{done} of 40 videos' for done in range(4, 41, 4)]
    assert lines[-1].endswith(' 0:00:00 left')
