"""Tools that are ended at any moment leave whole files, and complete when they are run again."""
from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.slow
TOOLS = Path(__file__).parents[2] / 'tools'

# Runs a tool that waits when it has written so many files, so that it is not done before it is
# ended. What it writes on its way out is json.
HELD = """
import os, runpy, sys, time
from pathlib import Path

tool, folder, most = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])

def replace(partial, path, real=os.replace):
    while Path(path).suffix != '.json' and sum(
            not one.name.startswith('.') for one in folder.iterdir()) >= most:
        time.sleep(0.02)
    real(partial, path)

os.replace = replace
sys.argv, sys.path[0] = [tool, *sys.argv[4:]], os.path.dirname(tool)
runpy.run_path(tool, run_name='__main__')
"""


def content(path):
    if path.suffix != '.npz':
        return path.read_bytes()
    with np.load(path) as arrays:
        return {name: array.tobytes() for name, array in arrays.items()}


def files_in(folder):
    return {path.name: content(path) for path in folder.iterdir() if path.is_file()}


def end_after_its_first_files(process, folder, pattern, seed):
    """SIGTERM some time after a file is there."""
    with process:
        try:
            end = time.monotonic() + 300
            while not list(folder.glob(pattern)):
                assert process.poll() is None, process.communicate()
                assert time.monotonic() < end
                time.sleep(0.01)
            time.sleep(random.Random(seed).uniform(0, 0.3))
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=300)
        except BaseException:
            process.kill()
            raise
    assert process.returncode != 0


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
    (tmp_path / 'held.py').write_text(HELD)
    tool, *options = arguments(tmp_path / 'out')
    process = start_tool(tmp_path / 'held.py', TOOLS / tool, tmp_path / 'out', len(expected) // 2,
                         *options)
    end_after_its_first_files(process, tmp_path / 'out', first, seed=0)
    left = {name: found for name, found in files_in(tmp_path / 'out').items()
            if not name.startswith('.') and name != 'unfinished.txt'}
    assert {name: expected[name] for name in left} == left
    assert len(left) < len(expected)
    call_tool(*arguments(tmp_path / 'out'))
    found = files_in(tmp_path / 'out')
    for files in (found, expected):
        files.pop('proxies.json', None)      # tells what was made, and where
    assert found == expected
