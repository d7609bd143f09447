"""Files that are no checkpoints any more, or never were, are called what they are."""
from __future__ import annotations

import os
import pickle
import zipfile

import pytest
import torch
from mmengine.runner.checkpoint import CheckpointLoader

from mmlofi.compat.trust import UNSAFE_SWITCH


@pytest.mark.parametrize(('content', 'words'), [
    (b'<!DOCTYPE html>\n<html><body>Sign in</body></html>', 'a web page'),
    (b'\xef\xbb\xbf\n <HTML>', 'a web page'),
    (b'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n', 'Git LFS'),
    (b'', 'an empty file'),
    (b'hello world', 'cannot be read'),
    (b'\x80', 'cannot be read'),
    (b'PK\x03\x04' + bytes(100), 'cannot be read')])
def test_what_is_no_checkpoint_is_called_what_it_is(tmp_path, content, words):
    (tmp_path / 'c.pth').write_bytes(content)
    with pytest.raises(ValueError, match=r'c\.pth.*expected') as caught:
        CheckpointLoader.load_checkpoint(str(tmp_path / 'c.pth'))
    assert words in str(caught.value)
    assert UNSAFE_SWITCH not in str(caught.value)


def test_of_what_torch_cannot_read_its_reason_is_given_without_its_advice(tmp_path):
    (tmp_path / 'c.pth').write_bytes(pickle.dumps(dict(a=print), protocol=4))
    with pytest.raises(ValueError, match=r'c\.pth cannot be read .*: Unsupported') as caught:
        CheckpointLoader.load_checkpoint(str(tmp_path / 'c.pth'))
    assert 'weights_only' not in str(caught.value)


def test_packed_weights_are_refused_before_they_are_unpacked(tmp_path):
    torch.save(dict(weight=torch.zeros(1_000_000)), tmp_path / 'whole.pth')
    with zipfile.ZipFile(tmp_path / 'whole.pth') as whole, zipfile.ZipFile(
            tmp_path / 'packed.pth', 'w', zipfile.ZIP_DEFLATED) as packed:
        for name in whole.namelist():
            packed.writestr(name, whole.read(name))
    assert (tmp_path / 'packed.pth').stat().st_size < 10_000
    with pytest.raises(ValueError, match='compressed entries'):
        CheckpointLoader.load_checkpoint(str(tmp_path / 'packed.pth'))


def test_a_bit_that_changed_on_the_disk_is_found(tmp_path):
    torch.save(dict(weight=torch.zeros(10_000)), tmp_path / 'c.pth')
    content = bytearray((tmp_path / 'c.pth').read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / 'c.pth').write_bytes(content)
    with pytest.raises(ValueError, match=r"c\.pth is damaged: the check sum of 'c/data/0'"):
        CheckpointLoader.load_checkpoint(str(tmp_path / 'c.pth'))


@pytest.mark.parametrize('cut', [1, 100, 500, 1000])
def test_a_checkpoint_that_is_cut_off_is_named(tmp_path, cut):
    torch.save(dict(weight=torch.zeros(300)), tmp_path / 'c.pth')
    os.truncate(tmp_path / 'c.pth', cut)
    with pytest.raises(ValueError, match=r'c\.pth cannot be read'):
        CheckpointLoader.load_checkpoint(str(tmp_path / 'c.pth'))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='nothing.pth'):
        CheckpointLoader.load_checkpoint(str(tmp_path / 'nothing.pth'))


def test_a_file_of_another_kind_is_named(tmp_path):
    (tmp_path / 'notes.pth').write_text('hello world')
    with pytest.raises(ValueError, match='notes.pth'):
        CheckpointLoader.load_checkpoint(str(tmp_path / 'notes.pth'))
