"""Files that are there as a whole or not at all."""
from __future__ import annotations

import errno
import json
import os
import time

import numpy as np
import pytest

from mmlofi import files
from mmlofi.files import (
    DEAD_SEC,
    CannotWrite,
    check_writable,
    file_stems,
    path_in,
    remove_dead,
    whole_file,
    write_json,
    write_npz,
    write_text,
)


def test_a_file_appears_when_it_is_complete(tmp_path):
    path = tmp_path / 'new' / 'folder' / 'file.mp4'
    with whole_file(path, suffix='.mp4') as partial:
        partial.write_bytes(b'all')
        assert (partial.parent, partial.suffix) == (path.parent, '.mp4')
        assert not path.exists()
    assert path.read_bytes() == b'all'
    assert os.listdir(path.parent) == ['file.mp4']


@pytest.mark.parametrize('error', [ValueError, KeyboardInterrupt])
def test_what_fails_leaves_the_file_as_it_was_and_no_other(error, tmp_path):
    path = tmp_path / 'file'
    path.write_text('before')
    with pytest.raises(error), whole_file(path) as partial:   # noqa: PT012
        partial.write_text('half')
        raise error
    assert path.read_text() == 'before'
    assert os.listdir(tmp_path) == ['file']


def test_a_pipe_is_written_and_stays_one(tmp_path):
    path = tmp_path / 'pipe'
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    write_json(path, dict(a=1))
    assert json.loads(os.read(reader, 100)) == dict(a=1)
    os.close(reader)
    assert path.is_fifo()


def test_a_link_stays_one_and_its_file_is_written(tmp_path):
    (tmp_path / 'link').symlink_to(tmp_path / 'folder' / 'file')
    write_json(tmp_path / 'link', dict(a=1))
    assert (tmp_path / 'link').is_symlink()
    assert json.loads((tmp_path / 'folder' / 'file').read_text()) == dict(a=1)


def test_json_is_written_as_people_read_it(tmp_path):
    write_json(tmp_path / 'a.json', dict(name='Élan', numbers=[1, 0.5]))
    text = (tmp_path / 'a.json').read_text(encoding='utf-8')
    assert json.loads(text) == dict(name='Élan', numbers=[1, 0.5])
    assert 'Élan' in text
    assert text.endswith('}\n')


def test_json_with_half_of_a_surrogate_pair_is_read_as_it_was(tmp_path):
    write_json(tmp_path / 'file.json', {'Läufer': 'a\ud800"'})
    assert 'Läufer' in (tmp_path / 'file.json').read_text(encoding='utf-8')
    assert json.loads((tmp_path / 'file.json').read_bytes()) == {'Läufer': 'a\ud800"'}


def test_a_name_is_a_path_inside_its_folder(tmp_path):
    assert path_in(tmp_path, 'v_x') == f'{tmp_path}/v_x'
    assert path_in('a', 'day/x', 'v_{}.mp4') == 'a/v_day/x.mp4'
    assert path_in('a', '..x..', '../{}.mp4') == 'a/../..x...mp4'   # the template is the user's
    assert path_in('a', '{0.x}', '{}') == 'a/{0.x}'


@pytest.mark.parametrize('name', ['', '.', '..', '/', '/etc/passwd', '../x', 'a/../../x', 'a/..',
                                  'a//b', 'a/', './a', 'x\0.mp4'])
def test_a_name_that_leads_out_of_its_folder_is_refused_by_itself(name):
    with pytest.raises(ValueError, match='a video is named .*; expected a name such') as one:
        path_in('folder', name, '{}.mp4')
    assert repr(name) in str(one.value)


# ---- writers that were killed

def die_while_writing(path):
    """What a process leaves that is killed."""
    child = os.fork()
    if not child:
        with whole_file(path, suffix='.mp4') as partial:
            partial.write_text('half')
            os._exit(1)
    os.waitpid(child, 0)


def test_what_a_killed_writer_left_goes_when_the_folder_is_written_to_again(tmp_path):
    die_while_writing(tmp_path / 'a.mp4')
    (left,) = os.listdir(tmp_path)
    assert left.startswith('.a.mp4.')
    write_text(tmp_path / 'b.txt', 'whole')
    assert os.listdir(tmp_path) == ['b.txt']


def test_what_others_are_writing_stays(tmp_path):
    with whole_file(tmp_path / 'mine') as partial:
        partial.write_text('half')
        host = partial.name.split('.')[-2].split('-')[0]
        others = [tmp_path / f'.theirs.{"0" * 8}-{2**22 + 1}-{number}.partial' for number in (0, 1)]
        for other in others:
            other.write_text('half')
        os.utime(others[1], (0, time.time() - DEAD_SEC - 60))
        (tmp_path / f'.dead.{host}-{2**22 + 1}-0.partial').write_text('half')   # beyond any pid
        (tmp_path / f'.own.notes.{host}.partial').write_text('of somebody else')
        remove_dead(tmp_path)
        left = {path.name for path in tmp_path.iterdir()}
        assert left == {partial.name, others[0].name, f'.own.notes.{host}.partial'}
    assert (tmp_path / 'mine').read_text() == 'half'


def test_two_hosts_of_one_name_and_process_id_do_not_mix(tmp_path, monkeypatch):
    """As containers are, each of which counts its processes from 1."""
    monkeypatch.setattr(os, 'getpid', lambda: 7)
    ready = os.pipe()
    children = []
    for number in range(2):
        child = os.fork()
        if not child:
            with whole_file(tmp_path / 'a') as partial:
                partial.touch()
                (tmp_path / f'name_{number}').write_text(partial.name)
                os.read(ready[0], 1)   # until both write
            os._exit(0)
        children.append(child)
    while len(list(tmp_path.glob('name_*'))) < 2:
        time.sleep(0.01)
    os.write(ready[1], b'12')
    for child in children:
        os.waitpid(child, 0)
    assert (tmp_path / 'name_0').read_text() != (tmp_path / 'name_1').read_text()


def test_a_process_of_another_container_is_not_taken_for_a_dead_one_of_this(tmp_path, monkeypatch):
    """Its number is nobody's here."""
    host = files._host()
    monkeypatch.setattr(os, 'readlink', lambda path: 'pid:[4026539999]')
    assert files._host() != host
    other = tmp_path / f'.a.{files._host()}-{2**22 + 1}-0.partial'
    other.touch()
    remove_dead(tmp_path)
    assert other.exists()


def test_two_writers_of_one_file_in_one_process_do_not_mix(tmp_path):
    with whole_file(tmp_path / 'a') as first, whole_file(tmp_path / 'a') as second:
        first.write_text('first')
        second.write_text('second')
    assert (tmp_path / 'a').read_text() == 'first'     # the last one to end
    assert os.listdir(tmp_path) == ['a']


def test_a_name_may_be_as_long_as_file_systems_have_them(tmp_path):
    name = 'ä' * 125 + '.json'                        # 255 bytes
    write_json(tmp_path / name, dict(a=1))
    assert os.listdir(tmp_path) == [name]


# ---- what cannot be written

def test_what_does_not_fit_leaves_the_file_as_it_was_and_says_how_to_go_on(tmp_path,
                                                                           files_of_at_most):
    path = tmp_path / 'a.npz'
    write_npz(path, a=np.zeros(3))
    before = path.read_bytes()
    with files_of_at_most(5000), pytest.raises(
            CannotWrite, match=r'a.npz could not be written: File too large; expected no limit '
                               r'that it goes beyond \(ulimit -f\): raise it, and run this again'):
        write_npz(path, a=np.zeros(3000))
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ['a.npz']


def test_a_full_disk_is_told_with_what_is_free(tmp_path):
    def write():
        with whole_file(tmp_path / 'a') as partial:
            partial.write_text('half')
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(CannotWrite, match=r'a could not be written: No space left on device, and '
                                          r'\d+\.\d MB are free; expected room for it: free some'
                       ) as caught:
        write()
    assert caught.value.errno == errno.ENOSPC
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize('check', [check_writable, lambda path: write_text(path, 'a')])
def test_a_folder_that_cannot_be_had_is_named_before_and_after_the_work(check, tmp_path):
    (tmp_path / 'file').write_text('in the way')
    with pytest.raises(CannotWrite, match='file/a.json could not be written: .*; expected a folder '
                                          'that this user can write to: name another'):
        check(tmp_path / 'file' / 'a.json')


def test_a_check_leaves_nothing_but_the_folder(tmp_path):
    check_writable(tmp_path / 'new' / 'a.json')
    assert os.listdir(tmp_path / 'new') == []


def test_an_error_of_reading_passes_as_it_is(tmp_path):
    with pytest.raises(FileNotFoundError, match='none'), whole_file(tmp_path / 'a'):
        (tmp_path / 'none').read_text()


def test_names_that_would_give_one_stem_are_numbered():
    assert file_stems(['a/b', 'c', 'a_b', 'a:b', 'a_b_2', 'c']) == {
        'a/b': 'a_b_3', 'c': 'c', 'a_b': 'a_b', 'a:b': 'a_b_4', 'a_b_2': 'a_b_2'}
