"""Folders of pictures, held against what will open them."""
from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from small_videos import action, write_annotations

from mmlofi.datasets.checks.check import check
from mmlofi.datasets.checks.video_check import Source

TMPL = 'img_{:05}.jpg'


@pytest.fixture
def pictures(tmp_path):
    """Two videos of 20 pictures, and their annotations of 10 s."""
    for name in 'ab':
        (tmp_path / name).mkdir()
        for number in range(1, 21):
            write_picture(tmp_path / name / TMPL.format(number), 64, value=ord(name) + number)
    write_annotations(tmp_path, {name: dict(subset='training', duration=10,
                                            annotations=[action(1, 9)]) for name in 'ab'})
    return tmp_path


def write_picture(path, width, value=0):
    cv2.imwrite(str(path), np.full((48, width, 3), value, np.uint8))


def faults(folder, *, opener=None, **options):
    source = Source(str(folder / 'gt.json'), None, str(folder), '{}',
                    opener=json.dumps(opener or {}))
    return {one.record.name: one.faults for one in check([source], **options) if one.faults}


def test_whole_folders_pass_and_missing_pictures_are_named(pictures):
    assert faults(pictures) == faults(pictures, frames='all') == {}
    for number in (3, 7, 20):
        (pictures / 'b' / TMPL.format(number)).unlink()
    ((kind, detail),) = faults(pictures)['b']
    assert kind == 'unreadable'
    assert detail.endswith("b' holds 17 pictures, but not 'img_00003.jpg', 'img_00007.jpg'")


def test_the_first_picture_is_always_decoded_and_the_others_by_option(pictures):
    whole = (pictures / 'b' / TMPL.format(5)).read_bytes()
    (pictures / 'b' / TMPL.format(5)).write_bytes(whole[:len(whole) // 2])
    write_picture(pictures / 'b' / TMPL.format(9), 80)
    assert faults(pictures) == {}
    for frames in ('keys', 'all'):
        ((kind, detail),) = faults(pictures, frames=frames)['b']
        assert kind == 'bad pictures'
        assert detail.startswith('2 of 20: ')
        assert "b/img_00005.jpg' cannot be decoded; 'img_00009.jpg' is of 80 × 48, others of 64" \
            in detail
    (pictures / 'a' / TMPL.format(1)).write_bytes(b'x')
    (pictures / 'a' / 'another').touch()     # or the index knows the folder
    assert [kind for kind, _ in faults(pictures)['a']] == ['unreadable']


def test_pictures_that_are_made_of_one_size_are_as_good(pictures):
    cv2.imwrite(str(pictures / 'a' / TMPL.format(9)), np.zeros((96, 128, 3), np.uint8))
    assert list(faults(pictures, frames='all')) == ['a']
    assert faults(pictures, frames='all', opener=dict(short_side=32)) == {}


def test_the_same_pictures_in_two_subsets_are_an_error(pictures):
    for number in range(1, 20):     # the last one is another
        (pictures / 'b' / TMPL.format(number)).write_bytes(
            (pictures / 'a' / TMPL.format(number)).read_bytes())
    write_annotations(pictures, dict(a=dict(subset='training', duration=10),
                                     b=dict(subset='validation', duration=10)))
    assert faults(pictures) == {}
    (pictures / 'b' / TMPL.format(20)).write_bytes((pictures / 'a' / TMPL.format(20)).read_bytes())
    assert faults(pictures)['a'] == [('in two subsets', 'b in validation, with the same file')]
    for path in pictures.glob('?/*'):
        path.unlink()
    assert [kind for kind, _ in faults(pictures)['a']] == ['unreadable']


def test_their_rate_says_whether_they_reach_the_segments(pictures):
    assert faults(pictures, opener=dict(fps=2)) == {}
    found = faults(pictures, opener=dict(fps=4))['a']
    assert found == [('duration', '5.00 s, annotated 10.00 s'), ('over end', '[1, 9] in 5.00 s')]
    write_annotations(pictures, dict(a=dict(subset='training', annotations=[action(1, 9)])))
    ((kind, detail),) = faults(pictures)['a']
    assert kind == 'unreadable'
    assert 'the frame rate of' in detail
