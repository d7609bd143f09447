"""How much of the ground truth proposals and detections find: AR@AN, and recall at k·G.

Shape legend: K detections, G true segments, T thresholds of tIoU, A = 100 numbers of proposals.

AR@AN is ActivityNet's rule for proposals: classes do not matter, and the recall of a number of
proposals a video, averaged over tIoUs, is drawn over 1 to 100 of them on average. Each video hands
out its best proposals in proportion to how many it has, not the same number, so that AN of 10
takes 10 % of the proposals of each where there are 100 a video. The area under it is AUC.

Recall@kx (Ego4D's moments queries; Grauman et al., CVPR 2022): of each video and class with G true
segments the best k·G detections are taken; a true segment is found when one of them overlaps it by
the tIoU. The mean over the classes of each class's share (ActionFormer, libs/utils/metrics.py), or
the share of all true segments (Ego4D's own MQ/Evaluation/ego4d/get_retrieval_performance.py, which
wants an overlap above the tIoU).

Segments to ignore are no truth in either. Where a detection in one of them finds no true segment
at a tIoU, it is not among the k·G either, as if it had not been made; a proposal stays one.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmlofi.datasets.annotations import VideoRecord
from mmlofi.detections.predictions import Detections
from mmlofi.evaluation.detection_map import parse_tious
from mmlofi.evaluation.matching import Aligned, align, all_pairs, place_in_group

MAX_PROPOSALS = 100  # a video on average; ActivityNet's
_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, eq=False)
class ProposalScores:
    """Recall by tIoU and average number of proposals."""

    tious: tuple[float, ...]
    recall: np.ndarray     # (T, A)
    proposals: np.ndarray  # (A,) a video on average
    num_videos: int
    num_segments: int
    num_proposals: int     # distinct ones, of videos with actions

    @property
    def average_recall(self) -> np.ndarray:
        """(A,) mean over the tIoUs: AR@1 is the first, AR@100 the last."""
        return self.recall.mean(0)

    @property
    def AUC(self) -> float:
        """Area under AR over AN, 0 to 1; MMAction2 gives it in percent."""
        recall = self.average_recall
        area = ((recall[1:] + recall[:-1]) / 2 * np.diff(self.proposals)).sum()
        return float(area / self.proposals[-1])

    def to_dict(self) -> dict:
        """Ready for json."""
        return dict(tious=list(self.tious), average_recall=self.average_recall.tolist(),
                    AUC=self.AUC, num_videos=self.num_videos, num_segments=self.num_segments,
                    num_proposals=self.num_proposals)


def proposal_recall(ground_truth: Sequence[VideoRecord], detections: Detections,
                    tious: str | float | Sequence[float] = '0.5:0.95:0.05') -> ProposalScores:
    """AR@AN of all thresholds.

    A segment that a video has several times, once for each of its classes, is one proposal, with
    the best of the scores. Videos without actions, and their proposals, do not count.

    Args:
        ground_truth: The videos of the subset.
        detections: Of any videos and classes.
        tious: As `parse_tious` takes them.

    Raises:
        ValueError: As `align`.
    """
    tious = parse_tious(tious)
    aligned = align(ground_truth, detections, by_class=False)
    videos, counts = np.unique(aligned.true_video, return_counts=True)
    keep = _distinct(aligned)
    video, segments = aligned.video[keep], aligned.segments[keep]            # (K,), (K, 2)
    need = _first_to_find(video, segments, aligned.true_video, aligned.true_segments, tious)

    found = np.bincount(video, minlength=aligned.num_videos)[videos]
    taken = _shares(found)                                                   # (videos, A)
    allowed = np.repeat(taken, counts, axis=0)
    need = need[np.argsort(aligned.true_video, kind='stable')]               # (G, T)
    recall = np.stack([(need[:, [place]] < allowed).sum(0) for place in range(len(tious))])
    proposals = np.arange(1, 101) / 100 * MAX_PROPOSALS
    return ProposalScores(tious, recall / len(need), proposals, aligned.num_videos,
                          len(need), len(video))


def topk_recall(ground_truth: Sequence[VideoRecord], detections: Detections,
                tious: str | float | Sequence[float] = '0.5:0.95:0.05', *,
                multiples: Sequence[int] = (1, 5), strict: bool = True,
                over_classes: bool = True) -> np.ndarray:
    """(T, multiples) Recall@kx: the share of true segments that the best k·G detections find.

    Args:
        ground_truth: The videos of the subset.
        detections: Of any videos and classes.
        tious: As `parse_tious` takes them.
        multiples: The values of k.
        strict: As `align` takes it.
        over_classes: Average over classes, each with its share; without, over true segments.

    Raises:
        ValueError: As `align`, or when a multiple is not a whole number above 0.
    """
    if not multiples or any(k != int(k) or k < 1 for k in multiples):
        raise ValueError(f'got multiples {list(multiples)}; expected whole numbers above 0, such '
                         'as (1, 5) for Recall@1x and Recall@5x')
    tious = parse_tious(tious)
    aligned = align(ground_truth, detections, strict=strict)
    need = _first_to_find(aligned.group, aligned.segments, aligned.true_group,
                          aligned.true_segments, tious, aligned.ignored)     # (G, T)
    _, group, size = np.unique(aligned.true_group, return_inverse=True, return_counts=True)
    allowed = size[group][:, None] * np.array(multiples)                     # (G, multiples)
    found = need[:, :, None] < allowed[:, None]                              # (G, T, multiples)
    if not over_classes:
        return found.mean(0)
    recall = np.zeros((len(aligned.classes), *found.shape[1:]))
    np.add.at(recall, aligned.true_label, found)
    return (recall / np.bincount(aligned.true_label)[:, None, None]).mean(0)


def _distinct(aligned: Aligned) -> np.ndarray:
    """Places of the best of each distinct segment in videos that have actions, best first."""
    known = np.flatnonzero(np.isin(aligned.video, aligned.true_video))
    video, (start, end) = aligned.video[known], aligned.segments[known].T
    order = np.lexsort((end, start, video))  # stable: the best of equal ones stays first
    rows = np.stack([video[order], start[order], end[order]])
    new = np.ones(len(order), dtype=bool)
    new[1:] = (rows[:, 1:] != rows[:, :-1]).any(0)
    return np.sort(known[order[new]])


def _first_to_find(group: np.ndarray, segments: np.ndarray, true_group: np.ndarray,
                   true_segments: np.ndarray, tious: Sequence[float],
                   ignored: np.ndarray | None = None) -> np.ndarray:
    """(G, T) the place, in its group from the best, of the first that overlaps each by the tIoU.

    Those `ignored` (K,) that overlap none by it have no place.
    """
    place = place_in_group(group)
    finder, truth, iou = all_pairs(group, segments, true_group, true_segments, tious[0])
    need = np.full((len(true_group), len(tious)), _NEVER)
    for column, tiou in enumerate(tious):
        near = np.flatnonzero(iou >= tiou)[::-1]  # of several, the last that is written stays
        if ignored is not None and ignored.any():
            counted = ~ignored
            counted[finder[near]] = True
            place[counted] = place_in_group(group[counted])
        need[truth[near], column] = place[finder[near]]
    return need


def _shares(found: np.ndarray) -> np.ndarray:
    """(videos, A) how many of its proposals each video hands out at each average number.

    The official rounding, down from products of floats: at 29 of 100 it hands out 28.
    """
    total = MAX_PROPOSALS * len(found)
    found = np.minimum((found * (total / max(found.sum(), 1))).astype(np.int64), found)
    parts = np.arange(1, 101) / 100 * (total / max(found.sum(), 1))          # (A,)
    return np.minimum((found[:, None] * parts).astype(np.int64), found[:, None])
