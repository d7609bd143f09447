"""The page about inference: its code is run."""
from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config

from mmlofi.procedural import Benchmark, untrimmed_videos

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / 'docs' / 'inference.md').read_text()


@pytest.fixture
def work_dir(tmp_path, monkeypatch):
    """The files that the page's code names."""
    (tmp_path / 'videos').mkdir()
    for video in untrimmed_videos(Benchmark(train_videos=0, val_videos=2)):
        video.write(tmp_path)
    for name in ('gtad', 'lofi'):
        cfg = Config.fromfile(ROOT / 'configs' / 'toy' / f'{name}_toy.py')
        cfg.dump(tmp_path / f'{name}_toy.py')
        model = MODELS.build(cfg.model)
        torch.save(dict(state_dict=model.state_dict(),
                        meta=dict(dataset_meta=dict(classes=tuple('abcde')))),
                   tmp_path / f'{name}.pth')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_code_runs_and_prints_a_line_for_each_segment(work_dir, capsys):
    (code,) = re.findall(r'```python\n(.+?)```', PAGE, re.DOTALL)
    assert len(code.splitlines()) <= 12
    exec(compile(code, 'docs/inference.md', 'exec'), {})
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if ' ' in line]
    found = [line for line in lines if line[0] in ('val_0000', 'val_0001') and len(line) == 5]
    assert len(found) == 10
    assert {line[1] for line in found} <= set('abcde')
    assert sorted(path.name for path in (work_dir / 'pictures').iterdir()) == [
        'val_0000.png', 'val_0001.png']


def test_the_options_of_the_page_are_those_of_the_tool():
    tool = (ROOT / 'tools' / 'localize.py').read_text()
    options = set(re.findall(r'--[a-z][a-z-]*', PAGE))
    assert '--vtt' in options
    assert {option for option in options if f"'{option}'" not in tool} == set()
