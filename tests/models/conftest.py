import importlib.util
from pathlib import Path

import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.structures import InstanceData


@pytest.fixture(scope='session')
def twin():
    """The slow, plain G-TAD."""
    path = Path(__file__).parent / 'heads' / 'gtad' / 'slow_twin.py'
    spec = importlib.util.spec_from_file_location('slow_twin', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def _same_random_numbers_in_every_test():
    torch.manual_seed(0)


@pytest.fixture
def make_samples():
    """Data samples from one list of normalised segments for each video."""
    def make(*videos):
        samples = [ActionDataSample() for _ in videos]
        for sample, segments in zip(samples, videos, strict=True):
            sample.gt_instances = InstanceData(
                segments=torch.tensor(segments, dtype=torch.float32).view(-1, 2),
                labels=torch.zeros(len(segments), dtype=torch.int64))
        return samples
    return make
