"""The first use of a codec is one thread's at a time."""
from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import decord
import pytest

from mmlofi.datasets.transforms import OpenVideo
from mmlofi.datasets.videos import first_use
from mmlofi.datasets.videos.first_use import make_ready


@pytest.fixture(autouse=True)
def _nothing_is_ready(monkeypatch):
    monkeypatch.setattr(first_use, '_ready', set())


def test_threads_that_come_at_once_decode_for_a_codec_one_after_the_other_and_once():
    inside, most, done = [], [], []
    together = threading.Barrier(6)

    class Reader:
        def __getitem__(self, place):
            inside.append(place)
            most.append(len(inside))
            threading.Event().wait(0.02)
            inside.pop()
            done.append(place)

    def use(number: int) -> None:
        together.wait()
        make_ready(frozenset({f'codec {number % 2}'}), Reader)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(use, range(6)))
    assert max(most) == 1
    assert len(done) == 2


def test_a_file_that_cannot_be_decoded_says_nothing_and_one_of_no_known_codec_is_tried_again():
    tried = []

    def fails():
        tried.append(1)
        raise decord.DECORDError('no')
    make_ready(frozenset({'a'}), fails)
    make_ready(frozenset({'a'}), fails)
    assert len(tried) == 1
    make_ready(frozenset(), fails)
    make_ready(frozenset(), fails)
    assert len(tried) == 3


def test_a_video_makes_its_codec_ready(numbered_video):
    OpenVideo()(dict(filename=str(numbered_video)))
    assert len(first_use._ready) == 1
