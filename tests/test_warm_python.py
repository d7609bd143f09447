"""The `python` of tests that has imported already: it is as Python is, but for its start."""
from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest


@pytest.fixture
def start(warm_python, tmp_path):
    def start(*words: object, **variables: str) -> subprocess.Popen:
        return subprocess.Popen(['python', *map(str, words)], env=os.environ | warm_python
                                | variables, cwd=tmp_path, text=True, stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return start


def script(folder: Path, text: str) -> Path:
    (folder / 'script.py').write_text(text)
    return folder / 'script.py'


def test_a_script_has_its_words_folder_variables_input_and_modules_beside_it(start, tmp_path):
    (tmp_path / 'beside').mkdir()
    (tmp_path / 'beside' / 'near.py').write_text('NEAR = 1')
    path = script(tmp_path / 'beside', 'import atexit, near, os, sys\n'
                  'atexit.register(print, "at the end")\n'
                  'print(sys.argv[1:], os.getcwd(), os.environ["MINE"], input(), __name__,\n'
                  '      "torch" in sys.modules)')
    done = start(path, 'a', 'b c', MINE='x').communicate('said\n')
    assert done == (f"['a', 'b c'] {tmp_path} x said __main__ True\nat the end\n", '')


@pytest.mark.parametrize(('text', 'code', 'error'), [
    ('', 0, ''), ('raise SystemExit(75)', 75, ''), ('raise SystemExit("wrong")', 1, 'wrong\n'),
    ('raise ValueError("no")', 1, 'ValueError: no\n'),
    ('import os; os.kill(os.getpid(), 9)', -9, ''), ('import os; os.abort()', -6, '')])
def test_its_end_is_that_of_the_script(start, tmp_path, text, code, error):
    process = start(script(tmp_path, text))
    assert process.communicate()[1].endswith(error)
    assert process.returncode == code


def test_a_module_and_a_text_are_run_too(start):
    assert start('-m', 'platform').communicate()[0].startswith('Linux')
    assert start('-c', 'import sys; print("torch" in sys.modules)').communicate()[0] == 'False\n'


@pytest.mark.parametrize(('number', 'heard', 'code'), [
    (signal.SIGTERM, False, -15), (signal.SIGKILL, False, -9), (signal.SIGTERM, True, 7),
    (signal.SIGUSR1, True, 7)])
def test_signals_reach_the_script_which_dies_of_them_or_hears_them(start, tmp_path, number, heard,
                                                                   code):
    handle = f'signal.signal({int(number)}, lambda number, frame: sys.exit(7))\n' * heard
    process = start(script(tmp_path, 'import os, pathlib, signal, sys, time\n' + handle
                           + 'pathlib.Path("id").write_text(str(os.getpid()) + "\\n")\n'
                             'time.sleep(60)'))
    while not (tmp_path / 'id').exists() or not (tmp_path / 'id').read_text().endswith('\n'):
        time.sleep(0.01)
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode == code
    fork = Path('/proc', (tmp_path / 'id').read_text().strip())
    until = time.monotonic() + 30
    while fork.exists() and time.monotonic() < until:
        time.sleep(0.01)
    assert not fork.exists()


def test_a_script_that_starts_its_python_again_starts_it_warm(start, tmp_path):
    (tmp_path / 'inner.py').write_text('import sys; print("torch" in sys.modules)')
    path = script(tmp_path, 'import subprocess, sys\n'
                            'subprocess.run([sys.executable, "inner.py"], check=True)')
    assert start(path).communicate() == ('True\n', '')
