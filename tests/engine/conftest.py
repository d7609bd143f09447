"""Small annotated videos, for Runners that train on them."""
from __future__ import annotations

import json
import shutil

import pytest


@pytest.fixture(autouse=True)
def _no_survey_of_the_machine(monkeypatch):
    """A Runner looks for compilers and GPUs, which takes 5 s each time."""
    monkeypatch.setattr('mmengine.runner.runner.collect_env', dict)


@pytest.fixture
def videos(tmp_path, numbered_video):
    """Six videos of 80 × 64 with annotations."""
    database = {}
    for name in 'abcdef':
        shutil.copy(numbered_video, tmp_path / f'{name}.mp4')
        database[name] = dict(subset='training', duration=10,
                              annotations=[dict(segment=[2, 5], label='run')])
    (tmp_path / 'gt.json').write_text(json.dumps(dict(database=database)))
    return tmp_path
