"""Weights of safetensors come in wherever a checkpoint does."""
from __future__ import annotations

import pytest
import torch
from mmengine.runner import CheckpointLoader

safetensors = pytest.importorskip('safetensors.torch')


@pytest.fixture
def file(tmp_path):
    path = tmp_path / 'model.safetensors'
    safetensors.save_file(dict(a=torch.arange(6.0).view(2, 3), b=torch.ones(1)), path)
    return path


def test_a_file_gives_its_weights_by_name(file):
    state = CheckpointLoader.load_checkpoint(str(file), map_location='cpu')
    assert set(state) == {'a', 'b'}
    assert torch.equal(state['a'], torch.arange(6.0).view(2, 3))


def test_it_is_known_by_its_bytes_whatever_it_is_called(file):
    assert set(CheckpointLoader.load_checkpoint(str(file.rename(file.with_suffix('.pth'))))) == {
        'a', 'b'}


@pytest.mark.parametrize('size', [40, 60, -1])
def test_a_file_that_was_cut_off_is_refused_by_name(file, size):
    file.write_bytes(file.read_bytes()[:size])
    with pytest.raises(ValueError, match='model.safetensors cannot be read .*get it again'):
        CheckpointLoader.load_checkpoint(str(file))
