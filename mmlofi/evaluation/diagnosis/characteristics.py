"""What the true segments are like: coverage, length and number of instances, in bins.

Shape legend: G true segments, B bins.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmlofi.datasets.annotations import VideoRecord

SIZES = ('XS', 'S', 'M', 'L', 'XL')
# Upper bounds of all bins but the last, which has none; DETAD's own.
BOUNDS = {
    'activitynet': {'coverage': (0.2, 0.4, 0.6, 0.8), 'length': (30.0, 60.0, 120.0, 180.0),
                    'num-instances': (1.0, 4.0, 8.0)},
    'thumos14': {'coverage': (0.02, 0.04, 0.06, 0.08), 'length': (3.0, 6.0, 12.0, 18.0),
                 'num-instances': (1.0, 40.0, 80.0)},
}


@dataclass(frozen=True, eq=False)
class Characteristic:
    """One property of each true segment; bin b holds bounds[b - 1] < value <= bounds[b]."""

    values: np.ndarray         # (G,)
    bounds: tuple[float, ...]  # (B - 1,)

    @property
    def sizes(self) -> tuple[str, ...]:
        """The names of the bins."""
        return SIZES[:len(self.bounds) + 1]

    @property
    def bins(self) -> np.ndarray:
        """(G,) the bin of each segment."""
        return np.searchsorted(self.bounds, self.values, side='left')

    def members(self) -> dict[str, np.ndarray]:
        """(G,) which segments each bin holds."""
        bins = self.bins
        return {size: bins == place for place, size in enumerate(self.sizes)}


def characterize(ground_truth: Sequence[VideoRecord],
                 bounds: str = 'activitynet') -> dict[str, Characteristic]:
    """The characteristics of all true segments, in the order of the records.

    Args:
        ground_truth: Videos with their segments.
        bounds: 'activitynet', 'thumos14', or 'quintiles', which holds a fifth of the segments in
            each bin, as far as equal values allow, and has no empty bin.

    Returns:
        By name; without 'coverage' where a video with actions has no duration.

    Raises:
        ValueError: When `bounds` is none of these.
    """
    if bounds not in (*BOUNDS, 'quintiles'):
        raise ValueError(f"got bounds of bins {bounds!r}; expected one of "
                         f"{[*BOUNDS, 'quintiles']}: 'quintiles' suits any data")
    records = [record for record in ground_truth if record.labels]
    length = np.array([end - start for record in records for start, end in record.segments_sec])
    counts = np.array([len(record.labels) for record in records])
    values = {'length': length, 'num-instances': np.repeat(counts, counts).astype(float)}
    if all(record.duration_sec for record in records):
        values['coverage'] = length / np.repeat(
            [record.duration_sec for record in records], counts)
    if bounds == 'quintiles':
        chosen = {name: _quintiles(value) for name, value in values.items()}
    else:
        chosen = BOUNDS[bounds]
    return {name: Characteristic(values[name], chosen[name])
            for name in ('coverage', 'length', 'num-instances') if name in values}


def _quintiles(values: np.ndarray) -> tuple[float, ...]:
    """Bounds that are values themselves, each once and none the last, so that no bin is empty."""
    bounds = np.unique(np.quantile(values, (0.2, 0.4, 0.6, 0.8), method='inverted_cdf'))
    return tuple(bounds[bounds < values.max()].tolist())


def bounds_text(low: float | None, high: float | None) -> str:
    """Of a bin, which holds its upper bound and not its lower one."""
    if high is None:
        return 'all' if low is None else f'above {low:.3g}'
    return f'to {high:.3g}' if low is None else f'{low:.3g} to {high:.3g}'
