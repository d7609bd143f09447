"""The json in which most code has MultiTHUMOS and Charades: classes are numbers.

::

    {"video_test_0000896": {"subset": "testing", "duration": 226.77,
                            "actions": [[12, 18.6, 24.8], [65, 0.03, 0.23]]}}

It was made for super-events (piergiaj/super-events-cvpr18). MultiTHUMOS counts its 65 classes from
1, Charades its 157 from 0, as their official lists do.
"""
from __future__ import annotations

import os
from collections.abc import Callable

from mmlofi.datasets.annotations.official import Collected, read_json, said, subset_of_word
from mmlofi.json_values import brief, number


def read_numbered(path: str | os.PathLike, collected: Collected,
                  unnamed: Callable[[int], str]) -> None:
    """Adds the videos of a file.

    Args:
        path: The json file.
        collected: Gets its videos, and its faults with the video they are in.
        unnamed: The label of a class whose number has no name.

    Raises:
        FileNotFoundError: When there is no such file.
        ValueError: When it is no such json.
    """
    for name, entry in read_json(path).items():
        where = f'{path}, {brief(name)}'
        try:
            actions = entry['actions']
            subset, duration = subset_of_word(entry['subset']), number(entry['duration'])
            if not isinstance(actions, list):
                raise ValueError(f'"actions" is {brief(actions)}')
        except (KeyError, TypeError, ValueError) as error:
            collected.faults.append(f'{where}: {said(error)}; expected "subset", "duration" and '
                                    '"actions"')
            continue
        if collected.add_video(where, name, subset, duration):
            for place, action in enumerate(actions):
                _read_action(f'{where}, action {place}', name, action, collected, unnamed)


def _read_action(where: str, video: str, action: object, collected: Collected,
                 unnamed: Callable[[int], str]) -> None:
    try:
        label, start, end = action
        if not isinstance(label, int) or isinstance(label, bool):
            raise ValueError(f'the class is {brief(label)}')
        name = collected.name_of(label, unnamed(label))
        collected.add_action(where, video, number(start), number(end), name)
    except (TypeError, ValueError) as error:
        collected.faults.append(f'{where}: {brief(action)}: {said(error)}; expected the numbers '
                                '[class, start, end]')
