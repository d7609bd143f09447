"""What TSP's own program gave, of the reference data."""
from __future__ import annotations

import json

import numpy as np
import pytest


@pytest.fixture(scope='session')
def tsp_arrays(reference_data):
    """By name."""
    with np.load(reference_data / 'reference/rivals/tsp.npz') as arrays:
        return dict(arrays)


@pytest.fixture(scope='session')
def tsp_settings(reference_data):
    """What the arrays were made of."""
    return json.loads((reference_data / 'reference/rivals/tsp.json').read_text())


@pytest.fixture(scope='session')
def tsp_rows(reference_data):
    """Actions and background of some videos of its tables, by data set."""
    return json.loads((reference_data / 'reference/rivals/tsp_rows.json').read_text())
