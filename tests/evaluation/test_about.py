"""Warnings and errors of one file of several."""
from __future__ import annotations

import warnings

import pytest

from mmlofi.evaluation.about import about


def test_a_path_stands_before_each_warning_once_and_before_an_error(recwarn):
    with about('a.json'):
        for text in ('few', 'late', 'few'):
            warnings.warn(text, stacklevel=1)
    assert [str(warning.message) for warning in recwarn] == ['a.json: few', 'a.json: late']
    with pytest.raises(ValueError, match=r'^a\.json: none$'), about('a.json'):
        raise ValueError('none')
