"""Which videos of a split are detected best and worst."""
from __future__ import annotations

import warnings
from collections.abc import Sequence

from mmlofi.datasets.annotations import VideoRecord
from mmlofi.evaluation.detection_map import detection_map
from mmlofi.evaluation.predictions import Detections


def rank_videos(ground_truth: Sequence[VideoRecord], detections: Detections,
                tious: str | float | Sequence[float] = '0.5:0.95:0.05'
                ) -> list[tuple[float, VideoRecord]]:
    """The average mAP of each video by itself, best first; of equal ones by name.

    Videos without an action or without a detection are left out. A split's mAP is not their mean:
    it compares scores across videos.

    Args:
        tious: As `detection_map` takes them.
    """
    ranked = []
    for record in ground_truth:
        if not record.segments_sec or record.name not in detections.video_names:
            continue
        found = detections.of_video(record.name)
        if not len(found):
            continue
        right_class = {found.classes[label] for label in set(found.label.tolist())} \
            & set(record.labels)
        with warnings.catch_warnings():     # of classes that this one video has not
            warnings.simplefilter('ignore', UserWarning)
            score = detection_map([record], found, tious).average_mAP if right_class else 0.0
        ranked.append((score, record))
    return sorted(ranked, key=lambda pair: (-pair[0], pair[1].name))
