"""Holds files of features against what will load them, for the check of a data set."""
from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from functools import cache

from mmlofi.datasets.checks.video_check import Source, VideoCheck
from mmlofi.datasets.features.feature_files import FeatureFile
from mmlofi.datasets.features.feature_header import find_unlike
from mmlofi.datasets.transforms import LoadSnippetFeatures
from mmlofi.datasets.transforms.append import other_video
from mmlofi.datasets.videos.facts import FeatureFacts


def check_shape(filename: str, facts: FeatureFacts) -> None:
    """Sees that there are features of snippets, whatever will load them.

    Raises:
        ValueError: As `LoadSnippetFeatures.check_file`.
    """
    LoadSnippetFeatures(num_snippets=None).check_file(filename, stored=FeatureFile(*facts[1:]))


def check_features(one: VideoCheck, facts: FeatureFacts, values: bool) -> None:
    """Asks the transform that will load them, as the dataset does before a training.

    Args:
        facts: What the file says.
        values: Whether they are read whole, which the dataset does not.
    """
    loader = _loader(one.source.loader or '{}')
    kind = 'other features'
    try:
        if one.source.loader is not None:
            one.stored = loader.check_file(one.filename, windows=one.source.windows,
                                           stored=FeatureFile(*facts[1:]))
        if values:
            kind = 'bad values'
            loader.check_values(one.filename)
    except ValueError as error:
        one.faults.append((kind, str(error).partition('; expected')[0]))


@cache
def _loader(settings: str) -> LoadSnippetFeatures:
    return LoadSnippetFeatures(**json.loads(settings))


def find_other_features(files: Sequence[VideoCheck]) -> None:
    """Notes features unlike most of their subset."""
    subsets: dict[Source, dict[str, VideoCheck]] = defaultdict(dict)
    for one in files:
        if one.stored is not None:
            subsets[one.source][one.filename] = one
    for mine in subsets.values():
        unlike = find_unlike({name: (one.stored.shape[0], one.stored.header)
                              for name, one in mine.items()})
        for name, problem in unlike.items():
            mine[name].faults.append(('other features', problem))


def find_other_videos(checks: Sequence[VideoCheck]) -> None:
    """Notes features in further folders that are not of the video that the first ones are of."""
    for one in checks:
        for other in one.appended:
            problem = other_video(other.filename, other.duration_sec, one.filename,
                                  one.duration_sec)
            if problem is not None:
                other.faults.append(('other features', problem.partition('; expected')[0]))
