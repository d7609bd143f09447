"""Everything that the page says of one set of predictions.

Shape legend: G true segments, C classes, V videos, M multiples.
"""
from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmlofi.datasets.annotations import VideoRecord
from mmlofi.detections.predictions import Detections
from mmlofi.evaluation.detection_map import DetectionScores, detection_map, parse_tious
from mmlofi.evaluation.diagnosis import diagnose
from mmlofi.evaluation.diagnosis.by_characteristic import missed
from mmlofi.evaluation.matching import align, match
from mmlofi.evaluation.ranking import score_videos
from mmlofi.evaluation.recall import ProposalScores, proposal_recall, topk_recall

MULTIPLES = (1, 5)   # of Recall@kx


@dataclass(frozen=True, eq=False)
class Analysis:
    """One set of predictions, scored and diagnosed."""

    name: str
    detections: Detections
    scores: DetectionScores
    proposals: ProposalScores
    topkx: np.ndarray           # (M,) Recall@kx, the mean over the tIoUs
    diagnosis: dict             # of `diagnose`
    found: np.ndarray           # (G,) which true segments are found at `match_tiou`
    true_label: np.ndarray      # (G,) places in scores.classes
    true_video: np.ndarray      # (G,) places in the ground truth
    video_mAP: np.ndarray       # (V,) of each video by itself; NaN without an action
    notes: tuple[str, ...]      # what the scoring warned of


def analyse(name: str, ground_truth: Sequence[VideoRecord], detections: Detections,
            tious: str | float | Sequence[float] = '0.5:0.95:0.05', *,
            bounds: str = 'activitynet', match_tiou: float = 0.5) -> Analysis:
    """Scores one set in all ways.

    A true segment is found when a detection takes it at `match_tiou` before its class's normalised
    precision has sunk to 0.05, as in the diagnosis: any action is found by enough guesses.

    Args:
        name: What the page calls it.
        ground_truth: The videos of the subset.
        detections: Of any videos and classes.
        tious: As `parse_tious` takes them.
        bounds: Of the bins, as `characterize` takes them.
        match_tiou: The tIoU of `found`.

    Raises:
        ValueError: As `detection_map` and `diagnose`.
    """
    tious, (match_tiou,) = parse_tious(tious), parse_tious(match_tiou)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        scores = detection_map(ground_truth, detections, tious, strict=False)
        proposals = proposal_recall(ground_truth, detections, tious)
        topkx = topk_recall(ground_truth, detections, tious, multiples=MULTIPLES,
                            strict=False).mean(0)
        diagnosis = diagnose(ground_truth, detections, tious, bounds=bounds)
        aligned = align(ground_truth, detections, strict=False)
    unseen = missed(aligned, match(aligned, (match_tiou,)), diagnosis['instances_per_class'])
    return Analysis(
        name, detections, scores, proposals, topkx, diagnosis, ~unseen[:, 0], aligned.true_label,
        aligned.true_video, score_videos(aligned, match(aligned, tious)),
        tuple(dict.fromkeys(str(warning.message) for warning in caught)))
