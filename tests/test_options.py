"""Numbers of configs are refused where they are given."""
from __future__ import annotations

import numpy as np
import pytest

from mmlofi.options import require_number, require_whole


@pytest.mark.parametrize('value', [1, 7, np.int64(3)])
def test_whole_numbers_pass(value):
    require_whole('Owner', size=value)


@pytest.mark.parametrize('value', [0, -1, 2.5, 2.0, '2', None, True, float('nan')])
def test_what_is_no_whole_number_is_named_with_its_option(value):
    with pytest.raises(ValueError, match=r'Owner got size=.*; expected a whole number, 1 or more'):
        require_whole('Owner', other=1, size=value)


def test_the_least_whole_number_is_the_callers():
    require_whole('Owner', least=0, size=0)
    with pytest.raises(ValueError, match='3 or more'):
        require_whole('Owner', least=3, size=2)


@pytest.mark.parametrize('value', [0, 0.5, 1, np.float32(0.25)])
def test_numbers_within_bounds_pass(value):
    require_number('Owner', least=0, most=1, share=value)


@pytest.mark.parametrize('value', [float('nan'), float('inf'), -0.1, 1.5, '0.5', None, True])
def test_numbers_out_of_bounds_or_not_finite_are_refused_with_the_bounds(value):
    with pytest.raises(ValueError, match=r'Owner got share=.*; expected a finite number, at least 0'
                                         ' and at most 1'):
        require_number('Owner', least=0, most=1, share=value)


def test_a_bound_may_be_left_out_of_the_range():
    require_number('Owner', above=0, share=1e-9)
    with pytest.raises(ValueError, match=r'share=0; expected a finite number, above 0'):
        require_number('Owner', above=0, share=0)
    with pytest.raises(ValueError, match=r'share=nan; expected a finite number$'):
        require_number('Owner', share=float('nan'))
