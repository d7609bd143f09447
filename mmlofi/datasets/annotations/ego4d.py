"""Ego4D's moments (MQ; Grauman et al., CVPR 2022): 110 classes in clips of first-person videos.

`moments_train.json`, `moments_val.json` and `moments_test_unannotated.json`::

    {"videos": [{"video_uid": "c922…", "split": "val", "clips": [
        {"clip_uid": "63c1…", "video_start_sec": 1182.89, "video_end_sec": 1662.02, …,
         "annotations": [{"annotator_uid": "4482…", "labels": [
             {"start_time": 116.08, "end_time": 123.63, "label": "use_phone", "primary": true,
              "video_start_time": 1298.97, …}]}]}]}]}

What is trained on and scored is the *clip*, by its `clip_uid`, from the beginning of which
`start_time` counts; only labels that are `primary`, of all annotators, and no clip of train or val
without one (EGO4D/episodic-memory, MQ/Convert_annotation.py).
"""
from __future__ import annotations

import os
from collections.abc import Iterator

from mmlofi.datasets.annotations.official import Collected, read_json, said, subset_of_word
from mmlofi.json_values import brief, number


def read_ego4d(paths: list[str | os.PathLike]) -> Collected:
    """All clips of the files that count.

    Raises:
        FileNotFoundError: When there is no such file.
        ValueError: When a file is no such json.
    """
    collected = Collected()
    for path in paths:
        videos = read_json(path).get('videos')
        if not isinstance(videos, list):
            raise ValueError(f'{path} has no list of "videos" ({brief(videos)}); expected '
                             'moments_train.json or the like: take another file')
        for place, video in enumerate(videos):
            where = f'{path}, video {place}'
            try:
                subset, clips = subset_of_word(video['split']), list(video['clips'])
            except (KeyError, TypeError, ValueError) as error:
                collected.faults.append(f'{where}: {said(error)}; expected "split" and "clips"')
                continue
            for order, clip in enumerate(clips):
                _read_clip(f'{where}, clip {order}', clip, subset, collected)
    return collected


def _read_clip(where: str, clip: object, subset: str, collected: Collected) -> None:
    try:
        name = clip['clip_uid']
        duration = number(clip['video_end_sec']) - number(clip['video_start_sec'])
        labels = list(_primary(clip.get('annotations') or []))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        collected.faults.append(f'{where}: {said(error)}; expected "clip_uid", "video_start_sec", '
                                '"video_end_sec" and "annotations" of "labels"')
        return
    if not labels and subset != 'testing':
        return
    if collected.add_video(where, name, subset, round(duration, 4)):
        for label in labels:
            try:
                collected.add_action(where, name, number(label['start_time']),
                                     number(label['end_time']), label['label'])
            except (KeyError, ValueError) as error:
                collected.faults.append(f'{where}: the label {brief(label)}: {said(error)}; '
                                        'expected "start_time", "end_time" and "label"')


def _primary(annotations: list) -> Iterator[dict]:
    for annotator in annotations:
        for label in annotator['labels']:
            if label['primary']:
                yield label
