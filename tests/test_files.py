"""Files that are there as a whole or not at all."""
from __future__ import annotations

import json
import os

import pytest

from mmlofi.files import path_in, whole_file, write_json


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
