"""Follows the commands of a page as a user does."""
from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope='module')
def follow(request, start_warm_python) -> Iterator[Callable[..., str]]:
    """Runs a block of commands in a folder; gives what was printed.

    A module may say in `IMPORTED` what its commands import beside mmlofi.
    """
    kept = {name: value for name, value in os.environ.items()
            if name != 'LOFI_FEATURES' and not name.startswith('TOY_')}
    imported = getattr(request.module, 'IMPORTED', ())
    if not imported:
        variables = request.getfixturevalue('warm_python')
        yield lambda commands, cwd: run(commands, cwd, kept | variables)
        return
    with start_warm_python(*imported) as variables:
        yield lambda commands, cwd: run(commands, cwd, kept | variables)


def run(commands: str, cwd: Path, variables: dict[str, str]) -> str:
    done = subprocess.run(['bash', '-ec', commands], cwd=cwd, capture_output=True, text=True,
                          timeout=300, env=variables, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
