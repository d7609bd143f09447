"""Says when frames are to be enlarged: asked for at a larger side than their video is stored at."""
from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence

from mmaction.datasets.transforms import Resize
from mmcv.transforms import BaseTransform
from mmengine.logging import print_log
from torch.utils.data import Dataset

from mmlofi.datasets.transforms import AtFidelity
from mmlofi.fidelity import Fidelity


def warn_of_enlarging(dataset: Dataset, fidelities: Sequence[Fidelity]) -> None:
    """Warns, once for a data set, of videos that are smaller than what `Resize` makes of them.

    Their frames would be blurred, and a fidelity would cost more than it shows. Of a data set that
    has not looked at its files nothing is said.

    Args:
        dataset: `UntrimmedVideoDataset`, or one that wraps it.
        fidelities: Of which the one with the largest side is named.
    """
    for videos in _unwrapped(dataset):
        asked = {fidelity.name: resized_side(videos.pipeline.transforms, fidelity)
                 for fidelity in fidelities}
        name = max(asked, key=lambda name: asked[name] or 0)
        side, stored = asked[name] or 0, videos.stored_sides
        small = [one for one in stored if one < side]
        if small:
            print_log(
                f'{len(small)} of {len(stored)} videos of subset {videos.subset!r} are stored at a '
                f'side below {side} (the smallest: {min(small)}), which fidelity {name!r} asks '
                'for: their frames are enlarged, and blurred; expected videos of that side or '
                f'more: take the originals, or proxies made with --side {side}; where the '
                'originals are no larger, leave it so', logger='current', level=logging.WARNING)


def resized_side(transforms: Iterable[BaseTransform], fidelity: Fidelity) -> int | None:
    """The shorter side to which a pipeline's first `Resize` scales; None where it has none."""
    for transform in transforms:
        if isinstance(transform, AtFidelity):
            transform = transform.at(fidelity)
        if isinstance(transform, Resize) and isinstance(transform.scale, tuple):   # no factor
            return min(transform.scale)
    return None


def _unwrapped(dataset: Dataset) -> Iterator[Dataset]:
    if hasattr(dataset, 'stored_sides'):
        yield dataset
    for inner in getattr(dataset, 'datasets', [getattr(dataset, 'dataset', None)]):
        if inner is not None:
            yield from _unwrapped(inner)
