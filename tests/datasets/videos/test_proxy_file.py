"""The frames, sides and rates of a proxy, and the settings that none can have."""
from __future__ import annotations

import numpy as np
import pytest

from mmlofi.datasets.videos import proxy_file
from mmlofi.datasets.videos.proxy_file import ProxySettings


def test_the_short_side_is_met_whichever_it_is_and_odd_sides_become_even():
    assert proxy_file.even_size(1280, 720, 128) == (228, 128)
    assert proxy_file.even_size(720, 1280, 128) == (128, 228)
    assert proxy_file.even_size(341, 255, 256) == (340, 254)


def test_a_source_without_a_frame_is_said_to_end():
    with pytest.raises(ValueError, match='ends after 0 of 3 frames'):
        list(proxy_file.repeat_frames(iter([]), np.arange(3)))


@pytest.mark.parametrize(('settings', 'message'), [
    (dict(side=15), 'expected an even number'), (dict(side=33), 'expected an even number'),
    (dict(side=64, fps=0), 'fps=0'), (dict(side=64, gop=0), 'gop=0'),
    (dict(side=64, quality=40), 'quality=40')])
def test_settings_that_no_video_can_have_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        ProxySettings(**settings)


@pytest.mark.parametrize('fps', [10, 30000 / 1001, 24000 / 1001, 23.456789, 59.94, 100, 0.5])
def test_rates_are_fractions_that_mpeg4_can_hold(fps):
    fraction = proxy_file.as_fraction(fps)
    assert float(fraction) == pytest.approx(fps, rel=1e-4)
    assert max(fraction.numerator, fraction.denominator) < 65536
