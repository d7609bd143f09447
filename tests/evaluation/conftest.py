"""The reference data's detections beside their ground truth."""
from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from mmlofi.datasets.annotations import VideoRecord, load_annotations
from mmlofi.detections.predictions import Detections, load_detections


@pytest.fixture
def reference_case(reference_data) -> Callable[[str], tuple[list[VideoRecord], Detections, dict]]:
    """Ground truth, detections and expected scores: of 'anet_394' or 'thumos_test'."""
    folder = reference_data / 'reference' / 'evaluation'

    def read(name: str) -> tuple[list[VideoRecord], Detections, dict]:
        expected = json.loads((folder / f'{name}.expected.json').read_text())
        records = load_annotations(folder / expected['ground_truth'], expected['subset'])
        return records, load_detections(folder / f'{name}.predictions.json.gz'), expected
    return read
