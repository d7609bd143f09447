"""Pictures are files as a whole, or an error."""
from __future__ import annotations

import os

import cv2
import numpy as np
import pytest
from matplotlib.figure import Figure

from mmlofi.files import CannotWrite
from mmlofi.visualization.figure_file import save_figure, save_image


@pytest.mark.parametrize(('name', 'starts'), [
    ('a.png', b'\x89PNG'), ('a.pdf', b'%PDF'), ('a.svg', b'<?xml'), ('a', b'\x89PNG')])
def test_the_ending_is_the_format(name, starts, tmp_path):
    save_figure(Figure(figsize=(1, 1)), tmp_path / 'new' / name)
    assert (tmp_path / 'new' / name).read_bytes().startswith(starts)
    assert os.listdir(tmp_path / 'new') == [name]


def test_colours_are_red_green_blue(tmp_path):
    image = np.zeros((2, 3, 3), np.uint8)
    image[..., 0] = 200
    save_image(image, tmp_path / 'a.png')
    assert cv2.imread(str(tmp_path / 'a.png'))[0, 0].tolist() == [0, 0, 200]


@pytest.mark.parametrize('save', [
    lambda path: save_figure(Figure(), path),
    lambda path: save_image(np.random.default_rng(0).integers(0, 255, (99, 99, 3), np.uint8),
                            path)])
def test_without_room_there_is_no_picture_and_an_error(save, tmp_path, files_of_at_most):
    with files_of_at_most(1000), pytest.raises(CannotWrite, match='a.png could not be written'):
        save(tmp_path / 'a.png')
    assert os.listdir(tmp_path) == []
