"""Accuracy of TSP's two heads on clips."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmaction.registry import METRICS
from mmengine.evaluator import BaseMetric

from mmlofi.pretraining.background import MISSING_LABEL


@METRICS.register_module()
class TSPMetric(BaseMetric):
    """Share of clips whose class, and whose region, has the best score, in percent.

    - `action`: of clips that have a class;
    - `region`: of clips that have a region, where the head tells it;
    - `mean`: of both, by which the best epoch is kept, `save_best='acc/mean'`.

    Args:
        prefix: Put before the names; 'acc' by default.
        collect_device: 'cpu' collects through files, 'gpu' through the process group.
    """

    default_prefix = 'acc'

    def __init__(self, *, prefix: str | None = None, collect_device: str = 'cpu') -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keeps of each clip whether class and region are right; None where either has no label.

        Args:
            data_batch: Not used.
            data_samples: With `pred_label`, `gt_label`, and `region_score` (2,) and `region_label`.
        """
        for sample in data_samples:
            scores = sample.get('region_score')
            self.results.append(dict(
                action=_is_right(int(sample['pred_label']), int(sample['gt_label'])),
                region=None if scores is None else _is_right(
                    int(scores.argmax()), int(sample['region_label']))))

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """The accuracies.

        Raises:
            ValueError: When no clip has a label.
        """
        accuracies = {}
        for name in ('action', 'region'):
            known = [result[name] for result in results if result[name] is not None]
            if known:
                accuracies[name] = 100 * sum(known) / len(known)
        if not accuracies:
            raise ValueError(f'TSPMetric got {len(results)} clips, none of them with a label; '
                             'expected clips of an annotated subset: set `subset` of the data set')
        return dict(accuracies, mean=sum(accuracies.values()) / len(accuracies))


def _is_right(predicted: int, label: int) -> bool | None:
    return None if label == MISSING_LABEL else predicted == label
