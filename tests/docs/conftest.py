"""Follows the commands of a page as a user does."""
from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WARM = ROOT / 'tests' / 'warm_python.py'


@pytest.fixture(scope='module')
def follow(tmp_path_factory, request) -> Iterator[Callable[..., str]]:
    """Runs a block of commands in a folder; gives what was printed.

    A module may say in `IMPORTED` what its commands import beside mmlofi.
    """
    folder = tmp_path_factory.mktemp('warm')
    python, path = folder / 'bin' / 'python', folder / 'socket'
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -S -E {WARM} "$@"\n')
    python.chmod(0o755)
    variables = {name: value for name, value in os.environ.items()
                 if name != 'LOFI_FEATURES' and not name.startswith('TOY_')} | dict(
        PATH=os.pathsep.join([str(python.parent), str(Path(sys.executable).parent),
                              os.environ['PATH']]),
        PYTHONPATH=str(ROOT), OMP_NUM_THREADS='1', CUDA_VISIBLE_DEVICES='', HF_HUB_OFFLINE='1',
        WARM_PYTHON=str(path))
    modules = ['mmlofi', *getattr(request.module, 'IMPORTED', ())]
    with subprocess.Popen([sys.executable, str(WARM), 'serve', str(path), *modules],
                          env=variables) as server:
        try:
            while not path.exists():
                assert server.poll() is None, 'the process that imports has ended'
                time.sleep(0.05)
            yield lambda commands, cwd: run(commands, cwd, variables)
        finally:
            server.kill()


def run(commands: str, cwd: Path, variables: dict[str, str]) -> str:
    done = subprocess.run(['bash', '-ec', commands], cwd=cwd, capture_output=True, text=True,
                          timeout=300, env=variables, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
