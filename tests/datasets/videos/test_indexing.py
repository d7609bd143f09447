"""Ranks and jobs fill the index together."""
from __future__ import annotations

import os
import threading
import time

import pytest

from mmlofi.datasets.videos import indexing
from mmlofi.datasets.videos.facts import FolderFacts, stamp_of
from mmlofi.datasets.videos.index import FileIndex
from mmlofi.datasets.videos.indexing import complete


@pytest.fixture
def paths(tmp_path):
    (tmp_path / 'videos').mkdir()
    found = [str(tmp_path / 'videos' / f'{number:03}.mp4') for number in range(120)]
    for path in found:
        with open(path, 'wb') as file:
            file.write(b'x')
    return found


class Looks:
    """Says of each file that it is there, and remembers which it was asked about."""

    def __init__(self, sec=0.0):
        self.sec, self.asked = sec, []

    def __call__(self, path):
        self.asked.append(path)
        time.sleep(self.sec)
        return FolderFacts(stamp_of(path), 1, 1, '')


def test_a_second_start_looks_at_what_has_changed_alone(tmp_path, paths):
    first, second = Looks(), Looks()
    facts = complete(FileIndex(tmp_path / 'index'), paths, first, tell=print)
    assert sorted(first.asked) == paths
    with open(paths[7], 'ab') as file:
        file.write(b'more')
    os.utime(paths[9], ns=(1, 1))
    again = complete(FileIndex(tmp_path / 'index'), paths, second, tell=print)
    assert sorted(second.asked) == [paths[7], paths[9]]
    assert [one.stamp for one in again] == [stamp_of(path) for path in paths]
    assert again[:7] == facts[:7]


def test_what_the_index_has_can_be_believed_without_asking_the_disk(tmp_path, paths):
    complete(FileIndex(tmp_path / 'index'), paths[:-1], Looks(), tell=print)
    looks = Looks()
    with open(paths[7], 'ab') as file:
        file.write(b'more')
    complete(FileIndex(tmp_path / 'index'), paths, looks, stat=False, tell=print)
    assert looks.asked == paths[-1:]


def test_what_would_not_be_believed_is_not_kept(tmp_path, paths):
    def fits(facts):
        return facts.total_frames > 1
    index = FileIndex(tmp_path / 'index')
    complete(index, paths, Looks(), fits=fits, tell=print)
    assert index.get(paths[0]) is None


def test_ranks_share_the_work_and_all_know_everything(tmp_path, paths, monkeypatch):
    rank = threading.local()
    monkeypatch.setattr(indexing, 'get_dist_info', lambda: (rank.number, 3))
    monkeypatch.setattr(indexing, 'SHARE_SEC', 0)    # after each block, however slow they are
    looks, results = Looks(0.004), {}

    def run(number):
        rank.number = number
        results[number] = complete(FileIndex(tmp_path / 'index'), paths, looks, readers=2,
                                   tell=print)
    threads = [threading.Thread(target=run, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results[0] == results[1] == results[2]
    assert set(looks.asked) == set(paths)
    assert len(looks.asked) < 2 * len(paths)


def test_a_rank_alone_does_what_the_others_do_not(tmp_path, paths, monkeypatch):
    monkeypatch.setattr(indexing, 'get_dist_info', lambda: (1, 4))
    looks, said = Looks(), []
    assert len(complete(FileIndex(tmp_path / 'index'), paths, looks, tell=said.append)) == 120
    assert looks.asked[:30] == paths[30:60]
    assert said[0] == ('looking at 120 files, of which the index does not know what they are')
    assert said[-1] == 'looked at 120 of 120 files'
