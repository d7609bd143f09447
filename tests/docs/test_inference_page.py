"""The page about inference: its code is run."""
from __future__ import annotations

import json
import re
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config

from mmlofi import TALInferencer
from mmlofi.apis import serve
from mmlofi.procedural import Benchmark, untrimmed_videos

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / 'docs' / 'inference.md').read_text()
BLOCKS = re.findall(r'```python\n(.+?)```', PAGE, re.DOTALL)


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
    code = BLOCKS[0]
    assert len(code.splitlines()) <= 12
    exec(compile(code, 'docs/inference.md', 'exec'), {})
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if ' ' in line]
    found = [line for line in lines if line[0] in ('val_0000', 'val_0001') and len(line) == 5]
    assert len(found) == 10
    assert {line[1] for line in found} <= set('abcde')
    assert sorted(path.name for path in (work_dir / 'pictures').iterdir()) == [
        'val_0000.png', 'val_0001.png']


@pytest.fixture
def server(work_dir, monkeypatch):
    """What the page's code serves, on a free port in place of its own."""
    started, servers = threading.Event(), []

    class Server(serve.LocalizationServer):
        def serve_forever(self):
            servers.append(self)
            started.set()
            super().serve_forever()
    monkeypatch.setattr(serve, 'LocalizationServer', Server)
    monkeypatch.setattr(serve.LocalizationHandler, 'log_message', lambda *_: None)
    code = BLOCKS[1]
    assert len(code.splitlines()) <= 10
    assert code.count('8000') == 1
    thread = threading.Thread(target=exec, args=(
        compile(code.replace('8000', '0'), 'docs/inference.md', 'exec'), {}))
    thread.start()
    assert started.wait(300)
    yield f'http://127.0.0.1:{servers[0].server_port}'
    servers[0].shutdown()
    servers[0].server_close()
    thread.join(120)
    assert not thread.is_alive()


def test_the_server_answers_several_at_once_as_the_inferencer_does(server, work_dir):
    def ask(data: bytes | None, name: str = '') -> list[dict]:
        with urllib.request.urlopen(f'{server}/{name}', data, timeout=300) as answer:
            return json.loads(answer.read())['detections']
    files = [work_dir / 'videos' / f'val_000{number}.mp4' for number in (0, 1)]
    inferencer = TALInferencer('gtad_toy.py', 'gtad.pth', encoder='lofi_toy.py',
                               encoder_weights='lofi.pth', show_progress=False)
    expected = [inferencer(file, top_k=10)['predictions'][0]['detections'] for file in files]
    assert len(expected[0]) == 10
    assert expected[0] != expected[1]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(ask, [file.read_bytes() for file in files * 3]))
    assert found == expected * 3
    assert ask(None, 'val_0001.mp4') == expected[1]
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(b'no video')
    assert refused.value.code == 400
    assert 'cannot be decoded' in json.loads(refused.value.read())['error']
    assert ask(files[0].read_bytes()) == expected[0]      # it goes on


def test_the_options_of_the_page_are_those_of_the_tools():
    shared = (ROOT / 'mmlofi' / 'apis' / 'arguments.py').read_text()
    start = PAGE.index('## Serving it')
    for tool, part in (('localize', PAGE[:start]), ('serve', PAGE[start:])):
        known = shared + (ROOT / 'tools' / f'{tool}.py').read_text()
        options = set(re.findall(r'(?<!curl )--[a-z][a-z-]*', part))
        assert len(options) > 5
        assert {option for option in options if f"'{option}'" not in known} == set()
