"""What snippet features know of time: how well a linear readout tells action from background.

A ridge regression is fitted to the snippets of the training videos; the table has the area under
the ROC curve (AUC) on those of the validation videos, without snippets that hold a boundary. 0.5 is
chance.

  python benchmarks/time_probe.py data/toy/annotations.json ACP=features/acp LoFi=features/lofi
"""
from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from mmengine.registry import init_default_scope
from scipy.stats import rankdata

from mmlofi.datasets import UntrimmedVideoDataset
from mmlofi.detections.named_sets import named_files
from mmlofi.pretraining.background import background_segments

RIDGE = 10.0


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('ann_file', help="annotations in ActivityNet's format")
    parser.add_argument('features', nargs='+', metavar='[NAME=]DIR',
                        help='what tools/extract_features.py wrote, and what to call it')
    parser.add_argument('--num-snippets', type=int, default=32, help='a video; default 32')
    return parser.parse_args()


def read_snippets(ann_file: str, folder: str, subset: str, num_snippets: int
                  ) -> tuple[np.ndarray, np.ndarray]:
    """Features (videos · L, C) of all snippets, and the share of each that is action."""
    dataset = UntrimmedVideoDataset(
        str(Path(ann_file).resolve()), subset=subset, data_prefix=dict(feature=folder),
        pipeline=[dict(type='LoadSnippetFeatures', num_snippets=num_snippets),
                  dict(type='PackTALInputs')], test_mode=True)
    edges = np.arange(num_snippets + 1) / num_snippets
    features, shares = [], []
    for sample in dataset:
        # The gaps do not overlap, as actions may.
        gaps = background_segments(sample['data_samples'].gt_instances.segments.double().numpy(),
                                   1.0, shortest_gap_sec=1e-9)
        starts, ends = gaps.T[..., None]
        outside = np.minimum(edges[1:], ends) - np.maximum(edges[:-1], starts)   # (B, L)
        features.append(sample['inputs'].numpy().T)
        shares.append(1 - outside.clip(0).sum(0) * num_snippets)
    return np.concatenate(features), np.concatenate(shares)


def fit(features: np.ndarray, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ridge regression on standardised features: means, deviations, weights."""
    mean, deviation = features.mean(0), features.std(0) + 1e-6
    inputs = (features - mean) / deviation
    weights = np.linalg.solve(inputs.T @ inputs + RIDGE * np.eye(inputs.shape[1]),
                              inputs.T @ (shares - shares.mean()))
    return mean, deviation, weights


def area_under_roc(scores: np.ndarray, positive: np.ndarray) -> float:
    """How often a positive scores above a negative; ties count half."""
    count, ranks = positive.sum(), rankdata(scores)
    return (ranks[positive].sum() - count * (count + 1) / 2) / (count * (~positive).sum())


def show(ann_file: str, folders: Mapping[str, str], num_snippets: int) -> None:
    """Prints the table of feature folders."""
    init_default_scope('mmaction')
    print('| features | snippets | AUC |\n|---|---|---|')
    for name, folder in folders.items():
        training, validation = (read_snippets(ann_file, folder, subset, num_snippets)
                                for subset in ('training', 'validation'))
        mean, deviation, weights = fit(*training)
        features, shares = validation
        whole = (shares < 0.01) | (shares > 0.99)
        scores = (features[whole] - mean) / deviation @ weights
        print(f'| {name} | {whole.sum():,} | {area_under_roc(scores, shares[whole] > 0.5):.3f} |')


def main() -> None:
    args = parse_args()
    try:
        show(args.ann_file, named_files(args.features), args.num_snippets)
    except (OSError, ValueError) as error:
        raise SystemExit(f'time_probe: {error}') from error


if __name__ == '__main__':
    main()
