"""Between a head's tensors and detections, which are computed as arrays (`mmlofi.detections`).

Shape legend: K proposals of a video, C classes, M detections.
"""
from __future__ import annotations

import numpy as np
import torch
from mmaction.structures import ActionDataSample
from mmengine.structures import InstanceData
from torch import Tensor

from mmlofi.detections.proposals import RawProposals


def to_raw(sample: ActionDataSample, proposals: InstanceData, class_scores: Tensor | None
           ) -> RawProposals:
    """What a head proposes in a video, on the CPU.

    Args:
        sample: Of the video, or of a window of it.
        proposals: With `segments` (K, 2), `scores` (K,) and, of some heads, `labels` (K,), `start`
            and `end`.
        class_scores: (C,) of the video or (K, C) of its proposals.
    """
    return RawProposals(
        sample.get('video_name', ''), float(sample.duration_sec),
        tuple(map(float, sample.get('window_norm', (0.0, 1.0)))), to_array(proposals.segments),
        to_array(proposals.scores), None if class_scores is None else to_array(class_scores),
        sample.get('first_snippet'),
        **{name: to_array(proposals.get(name)) for name in ('start', 'end', 'labels')
           if proposals.get(name) is not None})


def to_instances(found: tuple[np.ndarray, np.ndarray, np.ndarray], device: torch.device | str
                 ) -> InstanceData:
    """`segments_sec` (M, 2), `scores` (M,) and `labels` (M,) as tensors."""
    return InstanceData(**{name: torch.from_numpy(np.ascontiguousarray(values)).to(device)
                           for name, values in zip(('segments_sec', 'scores', 'labels'), found)})


def to_array(values: Tensor) -> np.ndarray:
    """Numbers of half precision as those of single precision, in which scores decay."""
    values = values.detach().cpu()
    if values.is_floating_point():
        values = values.to(torch.promote_types(values.dtype, torch.float32))
    return values.numpy()
