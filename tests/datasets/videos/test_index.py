"""The index of what files are: parts on disk that any number of processes add to."""
from __future__ import annotations

import errno
import json
import os
import shutil
import time
import zlib

import pytest

from mmlofi.datasets.videos import index as index_module
from mmlofi.datasets.videos.facts import Fault, FeatureFacts, FolderFacts, Seen, Stamp, VideoFacts
from mmlofi.datasets.videos.index import ENDING, MAGIC, FileIndex, encode, index_folder

HEADER = dict(side=224, feat_dim=4)
VIDEO = VideoFacts(
    Stamp(10, 20), side=64, size=(64, 80), total_frames=100, duration_sec=10.1, avg_fps=9.9,
    codecs=('mpeg4',), variable=True, late_sec=0.25, until_sec=None, hidden=0, stamped=True,
    repaired='said', table=None)
FACTS = dict(
    video=VIDEO, features=FeatureFacts(Stamp(1, 2), (4, 8), 10.0, HEADER, None),
    more=FeatureFacts(Stamp(1, 2), (4, 9), None, None, 8.5),
    others=FeatureFacts(Stamp(1, 2), (4, 8), 10.0, dict(HEADER, side=112), None),
    folder=FolderFacts(Stamp(5, 6), 100, 64, 'img_{:05}.jpg from 1'), seen=Seen(Stamp(0, 0)))


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
    assert 'and is removed' in said[0]
    assert not part.exists()


def test_a_damaged_part_that_cannot_be_removed_is_not_said_to_be(tmp_path, said, monkeypatch):
    (tmp_path / 'index').mkdir()
    (tmp_path / 'index' / f'a{ENDING}').write_bytes(b'{}')

    def refuse(path, **_):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)
    monkeypatch.setattr('pathlib.Path.unlink', refuse)
    FileIndex(tmp_path / 'index')
    (only,) = said
    assert 'is passed over at each start, as it cannot be removed (Read-only file system)' in only


def test_facts_of_another_reader_than_is_wanted_are_not_enough():
    named, first = VIDEO._replace(reader='pyav', wanted='pyav'), VIDEO._replace(wanted='decord')
    taken_over = VIDEO._replace(reader='pyav')
    assert [wanted for wanted in ('auto', 'decord', 'pyav') if named.fits(wanted)] == ['pyav']
    assert [wanted for wanted in ('auto', 'decord', 'pyav') if first.fits(wanted)] == [
        'auto', 'decord']
    assert [wanted for wanted in ('auto', 'decord', 'pyav') if taken_over.fits(wanted)] == [
        'auto', 'pyav']
    fault = Fault(Stamp(1, 2), 'decord does not decode it', 0.0, wanted='decord')
    assert fault.fits('decord')
    assert not fault.fits('auto')


def spoiled(facts, **values):
    """A part whose checksum is right, and values of whose one row are not."""
    content = json.loads(encode({'/a': facts}).partition(b'\n')[2])
    row = content['files']['/a']
    for name, value in values.items():
        row[1 + facts._fields.index(name)] = value
    return content


@pytest.mark.parametrize('content', [
    dict(headers=[], files=[]), dict(headers=[], files={'/a': ['features', [1, 2]]}),
    spoiled(FACTS['features'], header=7), spoiled(VIDEO, table=5), spoiled(VIDEO, stamp=['1', '2']),
    spoiled(VIDEO, size=[64]), spoiled(VIDEO, frames='none'), spoiled(FACTS['folder'], side='x')])
def test_a_part_that_is_well_summed_and_ill_formed_is_a_damaged_one(tmp_path, said, content):
    check_damaged(tmp_path, said, json.dumps(content).encode())


def test_so_is_one_that_no_parser_follows_to_its_depth(tmp_path, said):
    check_damaged(tmp_path, said, b'[' * 100_000)


def check_damaged(folder, said, body):
    (folder / f'a{ENDING}').write_bytes(b'%s %08x\n%s' % (MAGIC, zlib.crc32(body), body))
    assert FileIndex(folder).get('/a') is None
    assert ['is damaged' in one for one in said] == [True]
    assert parts(folder) == []


def test_a_table_lies_in_the_index_whatever_a_part_says(tmp_path):
    body = json.dumps(spoiled(VIDEO, table='/etc/../evil.npz')).encode()
    (tmp_path / f'a{ENDING}').write_bytes(b'%s %08x\n%s' % (MAGIC, zlib.crc32(body), body))
    assert FileIndex(tmp_path).get('/a').table == str(tmp_path / 'tables' / 'evil.npz')


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
    part.write_bytes(part.read_bytes().replace(MAGIC, b'mmlofi index 1', 1))
    assert FileIndex(tmp_path / 'index').get('/a') is None
    assert part.exists()
    assert said == []


def test_parts_of_another_version_outlive_a_merge(tmp_path):
    for number in range(index_module.MOST_PARTS + 1):
        index = FileIndex(tmp_path)
        index.add(f'/{number}', VIDEO)
        index.flush()
    foreign = parts(tmp_path)[0]
    foreign.write_bytes(foreign.read_bytes().replace(MAGIC, b'mmlofi index 1', 1))
    FileIndex(tmp_path)   # these are not too many yet
    assert len(parts(tmp_path)) == index_module.MOST_PARTS + 1
    index = FileIndex(tmp_path)
    index.add('/one more', VIDEO)
    index.flush()
    FileIndex(tmp_path)
    assert foreign in parts(tmp_path)
    assert len(parts(tmp_path)) == 2


def test_one_made_beforehand_is_read_where_it_cannot_be_written(tmp_path, monkeypatch):
    ann_file = str(tmp_path / 'gt.json')
    (tmp_path / 'gt.json').write_text('{}')
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    video, other = str(tmp_path / 'a.mp4'), str(tmp_path / 'b.mp4')
    made = FileIndex.beside(ann_file)
    table = made.table_path(video, VIDEO.stamp)
    made.add(video, VIDEO._replace(table=table))
    made.flush()
    before = os.listdir(f'{ann_file}.index')
    monkeypatch.setattr(os, 'access', lambda path, mode: not mode & os.W_OK)
    index = FileIndex.beside(ann_file)
    assert index.get(video).table == table   # which lies there too
    index.add(other, VIDEO)
    index.add(video, VIDEO._replace(stamp=Stamp(11, 21)))
    index.flush()
    again = FileIndex.beside(ann_file)
    assert again.get(other) == VIDEO
    assert again.get(video).stamp == Stamp(11, 21)   # it has changed since
    assert os.listdir(f'{ann_file}.index') == before
    assert FileIndex.beside(ann_file, str(tmp_path / 'third')).get(video).table == table


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
