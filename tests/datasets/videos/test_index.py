"""The index of what files are: parts on disk that any number of processes add to."""
from __future__ import annotations

import os
import shutil
import time

import pytest

from mmlofi.datasets.videos import index as index_module
from mmlofi.datasets.videos.facts import Fault, FeatureFacts, Seen, Stamp, VideoFacts
from mmlofi.datasets.videos.index import ENDING, FileIndex, index_folder

HEADER = dict(side=224, feat_dim=4)
VIDEO = VideoFacts(
    Stamp(10, 20), side=64, size=(64, 80), total_frames=100, duration_sec=10.1, avg_fps=9.9,
    codecs=('mpeg4',), variable=True, late_sec=0.25, until_sec=None, hidden=0, stamped=True,
    repaired='said', table=None)
FACTS = dict(
    video=VIDEO, features=FeatureFacts(Stamp(1, 2), (4, 8), 10.0, HEADER, None),
    more=FeatureFacts(Stamp(1, 2), (4, 9), None, None, 8.5),
    others=FeatureFacts(Stamp(1, 2), (4, 8), 10.0, dict(HEADER, side=112), None),
    seen=Seen(Stamp(0, 0)))


@pytest.fixture
def said(monkeypatch):
    found = []
    monkeypatch.setattr(index_module, 'print_log', lambda text, *_: found.append(text))
    return found


def parts(folder):
    return [path for path in folder.iterdir() if path.suffix == ENDING]


def test_facts_are_the_same_after_a_restart(tmp_path):
    index = FileIndex(tmp_path / 'gt.json.index')
    for name, facts in FACTS.items():
        index.add(str(tmp_path / name), facts)
    index.flush()
    again = FileIndex(tmp_path / 'gt.json.index')
    assert {name: again.get(str(tmp_path / name)) for name in FACTS} == FACTS
    assert again.get(str(tmp_path / 'other')) is None


def test_two_jobs_add_at_once_and_each_learns_of_the_others(tmp_path):
    first, second = FileIndex(tmp_path / 'index'), FileIndex(tmp_path / 'index')
    first.add('/a', VIDEO)
    second.add('/b', FACTS['seen'])
    for one in (first, second):
        one.flush()
    for one in (first, second):
        assert one.refresh()
        assert not one.refresh()
        assert (one.get('/a'), one.get('/b')) == (VIDEO, FACTS['seen'])


@pytest.mark.parametrize('spoil', [
    lambda content: content[:len(content) // 2], lambda content: b'',
    lambda content: content.replace(b'100', b'101'), lambda content: b'{}'])
def test_a_damaged_part_is_removed_and_said_and_the_others_stay(tmp_path, said, spoil):
    index = FileIndex(tmp_path / 'index')
    index.add('/a', VIDEO)
    index.flush()
    (part,) = parts(tmp_path / 'index')
    index.add('/b', FACTS['seen'])
    index.flush()
    part.write_bytes(spoil(part.read_bytes()))
    again = FileIndex(tmp_path / 'index')
    assert (again.get('/a'), again.get('/b')) == (None, FACTS['seen'])
    assert len(said) == 1
    assert 'is damaged' in said[0]
    assert not part.exists()


def test_many_parts_become_one_and_nothing_is_lost(tmp_path):
    folder = tmp_path / 'index'
    for number in range(index_module.MOST_PARTS + 1):
        index = FileIndex(folder)
        index.add(f'/{number}', VIDEO._replace(total_frames=number))
        index.flush()
    assert len(parts(folder)) == index_module.MOST_PARTS + 1
    FileIndex(folder)
    assert len(parts(folder)) == 1
    index = FileIndex(folder)
    assert [index.get(f'/{number}').total_frames
            for number in range(index_module.MOST_PARTS + 1)] == list(
                range(index_module.MOST_PARTS + 1))


def test_it_moves_with_its_data_to_another_mount(tmp_path):
    data = tmp_path / 'here' / 'data'
    video = data / 'videos' / 'a.mp4'
    index = FileIndex(data / 'gt.json.index')
    index.add(str(video), VIDEO._replace(table=index.table_path(str(video), VIDEO.stamp)))
    fault = Fault(Stamp(1, 2), f"'{video}.b' is cut off", time.time())
    index.add(f'{video}.b', fault)
    index.flush()
    shutil.move(tmp_path / 'here', tmp_path / 'there')
    moved = tmp_path / 'there' / 'data'
    again = FileIndex(moved / 'gt.json.index')
    assert again.get(str(moved / 'videos' / 'a.mp4')).table.startswith(
        f'{moved}/gt.json.index/tables/')
    assert again.get(str(moved / 'videos' / 'a.mp4.b')).problem == (
        f"'{moved}/videos/a.mp4.b' is cut off")


def test_a_fault_may_have_been_the_disks_and_is_believed_for_minutes(tmp_path):
    index = FileIndex(tmp_path / 'index')
    index.add('/a', Fault(Stamp(1, 2), 'no', time.time()))
    index.add('/b', Fault(Stamp(1, 2), 'no', time.time() - index_module.FAULT_SEC - 1))
    assert index.get('/a').problem == 'no'
    assert index.get('/b') is None


def test_parts_of_another_version_say_nothing(tmp_path, said):
    index = FileIndex(tmp_path / 'index')
    index.add('/a', VIDEO)
    index.flush()
    (part,) = parts(tmp_path / 'index')
    part.write_bytes(part.read_bytes().replace(b'index 1', b'index 0', 1))
    assert FileIndex(tmp_path / 'index').get('/a') is None
    assert part.exists()
    assert said == []


def test_where_the_annotations_folder_takes_no_files_it_is_in_the_users_cache(
        tmp_path, monkeypatch):
    (tmp_path / 'gt.json').write_text('{}')
    assert index_folder(str(tmp_path / 'gt.json')) == str(tmp_path / 'gt.json.index')
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    monkeypatch.setattr(os, 'access', lambda path, mode: False)
    assert index_folder(str(tmp_path / 'gt.json')).startswith(str(tmp_path / 'cache' / 'mmlofi'))
    assert index_folder('s3://far/gt.json') is None
    in_memory = FileIndex(None)
    in_memory.add('/a', VIDEO)
    in_memory.flush()
    assert in_memory.get('/a') == VIDEO


def test_one_that_cannot_be_written_is_said_once_and_works_in_memory(tmp_path, said):
    (tmp_path / 'index').write_text('a file in the way')
    index = FileIndex(tmp_path / 'index')
    for name in ('/a', '/b'):
        index.add(name, VIDEO)
        index.flush()
    assert index.get('/a') == index.get('/b') == VIDEO
    assert len(said) == 1
