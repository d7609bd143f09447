"""npy and npz files that claim what they do not have."""
from __future__ import annotations

import io
import struct
import zipfile

import numpy as np
import pytest

from mmlofi.array_files import MAX_BYTES, is_npz, look_at_npy, open_npz, read_npy

ARRAY = np.arange(12, dtype=np.float32).reshape(3, 4)


def npy(array=ARRAY, **saved):
    buffer = io.BytesIO()
    np.save(buffer, array, **saved)
    return buffer.getvalue()


def header(shape, dtype='<f4', *, version=(1, 0), more=b''):
    """A header, and whatever comes after it."""
    text = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    length = struct.pack('<H' if version == (1, 0) else '<I', len(text))
    return b'\x93NUMPY' + bytes(version) + length + text + more


def archive(path, compression=zipfile.ZIP_STORED, **members):
    with zipfile.ZipFile(path, 'w', compression) as file:
        for name, content in members.items():
            file.writestr(f'{name}.npy', content)
    return path


@pytest.mark.parametrize('array', [ARRAY, ARRAY.T, np.zeros((0, 3)), np.float64(2),
                                   np.ones(3, '>i2')])
def test_arrays_of_numbers_are_read_from_paths_and_bytes(array, tmp_path):
    np.save(tmp_path / 'x.npy', array)
    np.savez_compressed(tmp_path / 'x.npz', a=array)
    for source in (tmp_path / 'x.npy', io.BytesIO((tmp_path / 'x.npy').read_bytes())):
        assert not is_npz(source)
        np.testing.assert_array_equal(read_npy(source), array)
        assert look_at_npy(source) == (array.shape, array.dtype)
    for source in (tmp_path / 'x.npz', io.BytesIO((tmp_path / 'x.npz').read_bytes())):
        assert is_npz(source)
        with open_npz(source) as file:
            assert file.names == ['a']
            assert file.claim('a') == (array.shape, array.dtype)
            np.testing.assert_array_equal(file.read('a'), array)


@pytest.mark.parametrize(('content', 'fault'), [
    (npy()[:-1], 'claims an array of 48 bytes, where it has 47: it is cut off'),
    (npy() + npy(), 'claims an array of 48 bytes, where it has'),
    (header((10 ** 15,)), 'claims an array of 4,000,000,000,000,000 bytes, more than'),
    (header((2 ** 40, 2 ** 40)), 'more than the 4,294,967,296 that are read'),
    (header((-1, 4), more=bytes(16)), r'claims an array of shape \(-1, 4\)'),
    (npy(np.array([dict()], dtype=object), allow_pickle=True), 'objects, which would run code'),
    (npy(np.array(['a'])), 'holds <U1, and not numbers'),
    (npy(np.array([1j])), 'holds complex128, and not numbers'),
    (npy(np.zeros(2, [('a', 'f4')])), 'and not numbers'),
    (header('(1' + '0' * 20_000 + ',)'), 'header is longer than one of an array'),
    (header((4,), version=(2, 0))[:8] + struct.pack('<I', 2 ** 31), 'header is longer than one')])
def test_what_an_array_cannot_have_is_refused(content, fault, tmp_path, little_memory):
    (tmp_path / 'x.npy').write_bytes(content)
    for read in (read_npy, look_at_npy):
        with pytest.raises(ValueError, match=fault), little_memory():
            read(tmp_path / 'x.npy')
    with open_npz(archive(tmp_path / 'x.npz', a=content)) as file, pytest.raises(
            ValueError, match=fault), little_memory():
        file.read('a')


@pytest.mark.parametrize(('content', 'fault'), [
    (b'', 'it is empty'), (b'<!DOCTYPE html>', "begins with b'<!DOCT', as neither"),
    (b'version https://git-lfs.github.com/spec/v1', "begins with b'versio'")])
def test_what_is_no_array_is_said_by_how_it_begins(content, fault, tmp_path):
    (tmp_path / 'x.npy').write_bytes(content)
    with pytest.raises(ValueError, match=fault):
        is_npz(tmp_path / 'x.npy')


def test_an_archive_that_inflates_like_a_bomb_is_refused(tmp_path, little_memory):
    length = 100 << 20
    path = archive(tmp_path / 'x.npz', zipfile.ZIP_DEFLATED,
                   a=header((length,), '|u1', more=bytes(length)))
    assert path.stat().st_size < length / 500
    with open_npz(path) as file, pytest.raises(ValueError, match='would inflate from .* bytes to '
                                                                 '104,857,600'), little_memory():
        file.read('a')


def test_a_member_that_says_less_of_itself_than_it_has_is_refused(tmp_path):
    path = archive(tmp_path / 'x.npz', a=npy())
    content = path.read_bytes().replace(struct.pack('<I', len(npy())), struct.pack('<I', 100))
    path.write_bytes(content)
    with open_npz(path) as file, pytest.raises(zipfile.BadZipFile, match='Bad CRC-32'):
        file.read('a')


def test_other_compressions_and_names_that_come_twice_are_refused(tmp_path):
    path = archive(tmp_path / 'x.npz', zipfile.ZIP_LZMA, a=npy())
    with pytest.raises(ValueError, match='compressed in another way than numpy'), open_npz(path):
        pass
    with zipfile.ZipFile(tmp_path / 'y.npz', 'w') as file:
        file.writestr('a.npy', npy())
        file.writestr('a', npy())   # numpy leaves the ending away
    with pytest.raises(ValueError, match="it has 'a' twice"), open_npz(tmp_path / 'y.npz'):
        pass


def test_a_sparse_file_of_any_size_is_refused_before_it_is_read(tmp_path, little_memory):
    with open(tmp_path / 'x.npy', 'wb') as file:
        file.write(header((MAX_BYTES + 1,), '|u1'))
        file.truncate(MAX_BYTES * 2)
    with pytest.raises(ValueError, match='more than the 4,294,967,296'), little_memory():
        read_npy(tmp_path / 'x.npy')


def test_a_name_that_is_damaged_in_the_list_is_no_other_array(tmp_path):
    path = archive(tmp_path / 'x.npz', scores=npy(), labels=npy())
    content = path.read_bytes()
    place = content.rindex(b'labels')
    path.write_bytes(content[:place] + b'l\0' + content[place + 2:])
    with pytest.raises(zipfile.BadZipFile, match='differ'), open_npz(path):
        pass
