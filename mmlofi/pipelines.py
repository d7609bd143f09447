"""Changing transforms of an inherited config by their names, whatever stands around them.

::

    _base_ = ['_base_/anet_videos.py', …]
    from mmlofi.pipelines import change      # below _base_, or MMEngine takes it for another style

    change(_base_, 'SampleSnippets', clip_len=16, frame_interval=4)              # in all pipelines
    change(_base_, 'AtFidelity', holding='RandomCrop', divisor=16)
    change(_base_.train_dataloader, 'SampleSnippets', placement='even')         # in one
"""
from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches


def change(config: dict | list, transform: str, *, holding: str | None = None,
           **values: object) -> None:
    """Sets arguments of every transform of a name in a config, a data loader or a pipeline.

    Args:
        config: Inherited; changed in place.
        transform: Its `type`.
        holding: Of those that wrap another transform, only those around one of this name.
        values: The arguments.

    Raises:
        ValueError: When no such transform is there, or there is nothing to set.
    """
    found = [step for step in _steps(config) if step['type'] == transform and (
        holding is None or _type_of(step.get('transform')) == holding)]
    if not found or not values:
        there = sorted({str(step['type']) for step in _steps(config)})
        around = f' around a {holding!r}' if holding else ''
        raise ValueError(f'change({transform!r}{around}) finds {len(found)} transforms and sets '
                         f'{len(values)} arguments; expected one or more of each, of a name such '
                         f'as {get_close_matches(transform, there) or there}')
    for step in found:
        step.update(values)


def _steps(config: object) -> Iterator[dict]:
    """All transforms of all pipelines: what stands in lists, with a type, however deep."""
    if isinstance(config, dict):
        for value in config.values():
            yield from _steps(value)
    elif isinstance(config, (list, tuple)):
        for step in config:
            if _type_of(step) is not None:
                yield step
            if isinstance(step, dict):   # a transform wraps another, a data set has pipelines
                for key, value in step.items():
                    yield from _steps([value] if key == 'transform' else value)
            else:
                yield from _steps(step)


def _type_of(step: object) -> str | None:
    return step.get('type') if isinstance(step, dict) else None
