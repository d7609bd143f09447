"""Models of both stages, a video, and servers with pages."""
from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from by_bytes import LIMIT_SEC, Stub
from clips import gray, write_clip
from headless import browser, visit  # noqa: F401
from page_client import Client
from small_models import CLASSES, Model, make

from mmlofi.apis import jobs, serve
from mmlofi.apis.serve import LocalizationServer
from mmlofi.procedural import Benchmark, untrimmed_videos


@pytest.fixture(scope='session')
def stage_2(tmp_path_factory) -> Model:
    """Encoder and head, with a classifier."""
    classifier = dict(type='VideoClassifier', in_channels=128, num_classes=len(CLASSES))
    return make(tmp_path_factory.mktemp('stage_2') / 'lofi.pth', 'lofi_toy.py',
                **{'model.class_scores': classifier})


@pytest.fixture(scope='session')
def stage_3(tmp_path_factory) -> Model:
    """A head on features."""
    return make(tmp_path_factory.mktemp('stage_3') / 'gtad.pth', 'gtad_toy.py')


@pytest.fixture(scope='session')
def video(tmp_path_factory) -> Path:
    """An untrimmed video of the procedural benchmark."""
    folder = tmp_path_factory.mktemp('untrimmed')
    (folder / 'videos').mkdir()
    one = untrimmed_videos(Benchmark(train_videos=0, val_videos=1))[0]
    one.write(folder)
    return folder / one.file


@pytest.fixture
def stub() -> Stub:
    return Stub()


@pytest.fixture(scope='module')
def films(tmp_path_factory) -> dict[str, bytes]:
    """One that browsers play, and one that they do not."""
    folder = tmp_path_factory.mktemp('films')
    return {name: write_clip(folder / name, gray(range(0, 250, 10)), codec=codec).read_bytes()
            for name, codec in (('film.mp4', 'libx264'), ('film.mkv', 'mpeg4'))}


@pytest.fixture
def clock(monkeypatch) -> SimpleNamespace:
    """That jobs are limited by, which stands still until `now` is set."""
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(jobs, 'time', SimpleNamespace(monotonic=lambda: clock.now))
    return clock


@pytest.fixture
def start_pages(stub, films, tmp_path, monkeypatch):
    """Starts servers of a folder with a video; gives a client."""
    from mmlofi.apis.pages import serving_pages
    monkeypatch.setattr(serve.LocalizationHandler, 'log_message', lambda *_: None)
    monkeypatch.setattr(serve, 'LINGER_SEC', LIMIT_SEC)
    (tmp_path / 'temp').mkdir()
    monkeypatch.setattr('tempfile.tempdir', str(tmp_path / 'temp'))
    (tmp_path / 'videos').mkdir()
    (tmp_path / 'videos' / 'a b.mp4').write_bytes(films['film.mp4'])
    (tmp_path / 'secret').write_bytes(b'secret')
    ends = []

    def start_pages(folder=tmp_path / 'videos', limits={}, **options):     # noqa: B006 - not changed
        server = LocalizationServer(stub, ('127.0.0.1', 0), folder=folder, **options)
        pages = serving_pages(server, **limits)
        pages.__enter__()
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()

        def end():
            server.shutdown()
            server.server_close()
            pages.__exit__(None, None, None)
        ends.append(end)
        return Client(server.server_port)
    start_pages.end = lambda: ends.pop()()
    yield start_pages
    stub.may_go_on.set()
    for end in ends:
        end()
