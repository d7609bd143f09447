"""What a folder, or a name on the hub, says beside its weights.

Shape legend: frames of 0 to 255.
"""
from __future__ import annotations

import os

from transformers.utils import cached_file

from mmlofi.json_values import parse_json
from mmlofi.models.encoders.libraries.normalization import Normalization

# Of a processor: of videos, which newer models have, or of images.
PROCESSORS = ('video_preprocessor_config.json', 'preprocessor_config.json')
BYTE = 1 / 255


def refuse_adapters(source: str) -> None:
    """Refuses a folder of adapters, for which transformers would load another model's weights.

    Raises:
        ValueError: With what to do.
    """
    if os.path.isfile(os.path.join(source, 'adapter_config.json')):
        raise ValueError(f'{source} holds adapters beside weights that lie elsewhere; expected the '
                         "model itself: merge them first, by peft's merge_and_unload()")


def normalization_of_folder(source: str) -> Normalization | None:
    """How the processor that comes with weights makes numbers of frames; None without one."""
    for name in PROCESSORS:
        path = cached_file(source, name, _raise_exceptions_for_gated_repo=False,
                           _raise_exceptions_for_missing_entries=False,
                           _raise_exceptions_for_connection_errors=False)
        if path is not None:
            with open(path, 'rb') as file:
                return normalization_by(_parsed(file.read(), path), f'{name} of {source}')
    return None


def _parsed(content: bytes, path: str) -> dict:
    try:
        found = parse_json(content)
    except ValueError as error:
        raise ValueError(f'{path} cannot be read ({error}); expected the json of a processor: get '
                         'it again, or delete it') from error
    if not isinstance(found, dict):
        raise ValueError(f'{path} holds a {type(found).__name__}; expected the dict of a '
                         'processor: get it again, or delete it')
    return found


def normalization_by(processor: dict, source: str) -> Normalization:
    """From a processor's steps: times `rescale_factor`, less 1 by `offset`, less mean, by std."""
    scale = processor.get('rescale_factor', BYTE) if processor.get('do_rescale', True) else 1.0
    shift = 1.0 if processor.get('offset', False) and processor.get('do_rescale', True) else 0.0
    mean, std = [0.0] * 3, [1.0] * 3
    if processor.get('do_normalize', True):
        mean, std = (processor.get(key, other) for key, other in (('image_mean', mean),
                                                                  ('image_std', std)))
    return Normalization(tuple(round((one + shift) / scale, 4) for one in mean),
                         tuple(round(one / scale, 4) for one in std), source)
