"""Tools that are ended at any moment leave whole files, and complete when they are run again."""
from __future__ import annotations

import random
import signal
import time

import numpy as np
import pytest

pytestmark = pytest.mark.slow


def content(path):
    if path.suffix != '.npz':
        return path.read_bytes()
    with np.load(path) as arrays:
        return {name: array.tobytes() for name, array in arrays.items()}


def files_in(folder):
    return {path.name: content(path) for path in folder.iterdir() if path.is_file()}


def end_after_its_first_files(process, folder, pattern, seed):
    """SIGTERM some time after a file is there; whether it had anything to end."""
    with process:
        end = time.monotonic() + 120
        while not list(folder.glob(pattern)) and process.poll() is None:
            assert time.monotonic() < end
            time.sleep(0.01)
        time.sleep(random.Random(seed).uniform(0, 0.3))
        process.send_signal(signal.SIGTERM)
    return process.returncode != 0


@pytest.fixture(params=['extract', 'test', 'proxies'])
def case(request, toy_configs, toy_data, untrained_lofi, tmp_path):
    """A tool's arguments by the folder that it writes to, and which of its files come first."""
    lofi = toy_configs / 'lofi_toy.py', untrained_lofi
    return dict(
        extract=(lambda out: ('extract_features.py', *lofi, '--out', out), '*.npz'),
        test=(lambda out: ('test.py', *lofi, '--work-dir', tmp_path / 'log', '--dump-raw', out),
              '*.npz'),
        proxies=(lambda out: ('make_proxies.py', toy_data / 'videos', out, '--side', 64,
                              '--workers', 1), '.*.partial'))[request.param]


def test_a_run_that_was_ended_leaves_whole_files_and_the_next_one_completes(
        case, start_tool, call_tool, tmp_path):
    arguments, first = case
    call_tool(*arguments(tmp_path / 'whole'))
    expected = files_in(tmp_path / 'whole')
    (tmp_path / 'out').mkdir()
    assert end_after_its_first_files(start_tool(*arguments(tmp_path / 'out')), tmp_path / 'out',
                                     first, seed=0)
    left = {name: found for name, found in files_in(tmp_path / 'out').items()
            if not name.startswith('.') and name != 'unfinished.txt'}
    assert {name: expected[name] for name in left} == left
    assert len(left) < len(expected)
    call_tool(*arguments(tmp_path / 'out'))
    found = files_in(tmp_path / 'out')
    for files in (found, expected):
        files.pop('proxies.json', None)      # tells what was made, and where
    assert found == expected
