"""Which of the usual data sets annotations are, and what is known of them."""
from __future__ import annotations

from mmlofi.datasets.annotations.known_counts import known_split, recognize


def test_hacs_is_told_from_activitynet_by_its_size():
    classes = [f'class {i}' for i in range(198)] + ['Plataform diving', 'Polishing forniture']
    assert recognize(classes, 43_594) == 'HACS-v1.1'
    assert known_split('HACS-v1.1', 'training').videos == 37_613
    assert known_split('HACS-v1.1', 'validation').videos == 5_981
    assert known_split(None, 'training') is None
    assert recognize(['run'], 10) is None
