"""Detections of two runs that sum in another order: other batches, chunks or processes."""
from __future__ import annotations

import pytest

SWAPPED = 0.05    # the share of a video's detections that near ties may change


def assert_near(found: dict[str, list[dict]], expected: dict[str, list[dict]]) -> None:
    """Equal to float precision, in any order.

    Where two scores are equal but for their last bits, either may be picked first, and soft-NMS
    then lowers the other's: so a few detections of a video may have no twin.
    """
    assert found.keys() == expected.keys()
    for name, detections in expected.items():
        assert len(found[name]) == len(detections), name
        alone = [one for one in detections if not any(is_twin(other, one) for other in found[name])]
        assert len(alone) <= SWAPPED * len(detections), (name, alone)


def is_twin(found: dict, expected: dict) -> bool:
    return (found['label'] == expected['label']
            and found['score'] == pytest.approx(expected['score'], rel=1e-4, abs=1e-6)
            and found['segment'] == pytest.approx(expected['segment'], abs=1e-3))
