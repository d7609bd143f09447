"""All parts of the diagnosis of one set of detections."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmlofi.datasets.annotations import VideoRecord
from mmlofi.detections.predictions import Detections
from mmlofi.evaluation.detection_map import average_precision, parse_tious, tiou_name
from mmlofi.evaluation.diagnosis.by_characteristic import missed, normalized_map
from mmlofi.evaluation.diagnosis.characteristics import Characteristic, characterize
from mmlofi.evaluation.diagnosis.false_positives import (
    BANDS,
    TYPES,
    bands,
    error_types,
    gains,
    profile,
)
from mmlofi.evaluation.matching import Aligned, align, match


def diagnose(ground_truth: Sequence[VideoRecord], detections: Detections,
             tious: str | float | Sequence[float] = '0.5:0.95:0.05', *,
             bounds: str = 'activitynet') -> dict:
    """Says where the score of some detections is lost.

    Detections that have no class of the ground truth at all leave every action missed, and a
    warning; others of classes that it lacks are left out, as in `detection_map`.

    Args:
        ground_truth: The videos of the subset, with or without actions.
        detections: Of any videos and classes.
        tious: As `parse_tious` takes them; what is averaged is averaged over them.
        bounds: Of the bins, as `characterize` takes them.

    Returns:
        Ready for json; shares and scores from 0 to 1, None where there is nothing to score. Its
        parts are named as in docs/diagnosis.md.

    Raises:
        ValueError: As `align`, `parse_tious` and `characterize`.
    """
    tious = parse_tious(tious)
    aligned = align(ground_truth, detections, strict=False)
    matched = match(aligned, tious)                                          # (K, T)
    positives = np.bincount(aligned.true_label)
    instances = len(aligned.true_label) / len(positives)
    plain = average_precision(aligned.label, matched >= 0, aligned.wrong(matched),
                              positives).mean(0)
    normalized = normalized_map(aligned, matched, instances)                 # (T,)
    found = characterize(ground_truth, bounds)
    return dict(
        num_videos=aligned.num_videos, num_segments=len(aligned.true_label),
        num_ignored=aligned.num_ignored,
        num_detections=len(detections), num_classes=len(positives), instances_per_class=instances,
        tious=list(tious), average_mAP=float(plain.mean()), mAP=_by_tiou(tious, plain),
        average_mAP_N=float(normalized.mean()), mAP_N=_by_tiou(tious, normalized),
        false_positives=_false_positives(aligned, matched, tious, instances),
        bins={name: _bin_edges(one) for name, one in found.items()},
        sensitivity={name: _sensitivity(one, aligned, matched, instances)
                     for name, one in found.items()},
        false_negatives=_false_negatives(found, missed(aligned, matched, instances)))


def _by_tiou(tious: Sequence[float], values: np.ndarray) -> dict[str, float]:
    return dict(zip(map(tiou_name, tious), values.tolist()))


def _false_positives(aligned: Aligned, matched: np.ndarray, tious: Sequence[float],
                     instances: float) -> dict:
    kinds = error_types(aligned, matched, tious)
    band = bands(aligned, kinds)
    sizes, shares = profile(kinds, band)
    base, gain = gains(aligned, kinds, band, None)
    base_n, gain_n = gains(aligned, kinds, band, instances)
    return dict(
        bands=[dict(name=f'{place + 1}G', detections=int(sizes[place]))
               | {name: _number(share) for name, share in zip(TYPES, shares[place])}
               for place in range(BANDS)],
        average_mAP=base, average_mAP_N=base_n, gain_mAP=gain, gain_mAP_N=gain_n)


def _bin_edges(one: Characteristic) -> dict[str, list[float | None]]:
    """Each bin holds what is above its first and not above its second number."""
    edges = [None, *one.bounds, None]
    return {size: edges[place:place + 2] for place, size in enumerate(one.sizes)}


def _sensitivity(one: Characteristic, aligned: Aligned, matched: np.ndarray,
                 instances: float) -> dict[str, dict]:
    return {size: dict(
        segments=int(members.sum()),
        average_mAP_N=float(normalized_map(aligned, matched, instances, members).mean())
        if members.any() else None) for size, members in one.members().items()}


def _false_negatives(found: dict[str, Characteristic], unseen: np.ndarray) -> dict:
    rates = {name: {size: dict(segments=int(members.sum()),
                               missed=float(unseen[members].mean()) if members.any() else None)
                    for size, members in one.members().items()} for name, one in found.items()}
    return dict(missed=float(unseen.mean())) | rates


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
