"""What stored features say of how they were made, and whether that is what a head expects.

A header is a dict, in each file and, with all settings of the extraction, in the folder's
`features.json`:

    backbone_sha256   of the encoder's weights, adapters' and what they see among them
    num_snippets      features a video, evenly placed; None where they are
    snippet_interval  frames apart
    clip_len, frame_interval    frames of a snippet, and from one to the next
    side              of a frame, the shorter one, in pixels
    feat_dim, dtype   of the stored array
"""
from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from mmcv.transforms import BaseTransform

from mmlofi.datasets.videos.patience import patiently
from mmlofi.datasets.videos.storage import is_file
from mmlofi.files import write_json
from mmlofi.json_values import parse_json

FOLDER_HEADER = 'features.json'
SNIPPETS = ('num_snippets', 'snippet_interval', 'clip_len', 'frame_interval')
KEYS = ('backbone_sha256', *SNIPPETS, 'side', 'feat_dim', 'dtype')


def snippet_settings(transforms: Iterable[BaseTransform], *, positions: float = 1) -> dict:
    """The part of a header that a pipeline's `SampleSnippets` gives; None for what it lacks.

    Args:
        positions: Features of a snippet, where the encoder gives several.
    """
    sampler = next((one for one in transforms if hasattr(one, 'clip_len')), None)
    settings = {key: getattr(sampler, key, None) for key in SNIPPETS}
    if settings['snippet_interval'] is not None:
        settings['num_snippets'] = None   # of a window, where features are of whole videos
        settings['snippet_interval'] = _whole(settings['snippet_interval'] / positions)
    elif settings['num_snippets'] is not None:
        settings['num_snippets'] = _whole(settings['num_snippets'] * positions)
    return settings


def _whole(number: float) -> int | float:
    return round(number) if abs(number - round(number)) < 1e-9 else number


@patiently
def read_folder(folder: str) -> dict | None:
    """All settings in a folder's `features.json`; None where there is none.

    Raises:
        ValueError: When it is no dict in json.
    """
    path = os.path.join(folder, FOLDER_HEADER)
    if not is_file(path):
        return None
    try:
        with open(path, 'rb') as file:
            return dict(parse_json(file.read()))
    except (TypeError, ValueError) as error:
        raise ValueError(f'{path!r} is no json of settings ({error}); expected what '
                         'tools/extract_features.py wrote: delete the folder and extract '
                         'again') from error


def write_folder(folder: str, settings: Mapping) -> None:
    """Writes `features.json`, whole or not at all."""
    write_json(os.path.join(folder, FOLDER_HEADER), settings)


# Where data and weights lie, and how they are read: of the same ones features are the same.
PLACES = ('backend_args', 'checkpoint', 'data_prefix', 'data_root', 'file_client_args',
          'filename_tmpl', 'init_cfg', 'io_backend', 'num_threads', 'pretrained')


def changed_settings(found: Mapping, wanted: Mapping) -> list[str]:
    """The settings by which other features would come out.

    Places are none, where the first snippet (`first_snippet`) has the same frames: then the data is
    the same, under another mount.
    """
    changed = [key for key in wanted if _without_places(found.get(key)) != _without_places(
        wanted[key]) and key not in ('first_snippet', *PLACES)]
    moved = [key for key in PLACES if found.get(key) != wanted.get(key)]
    if moved and found.get('first_snippet') != wanted['first_snippet']:
        changed += moved if 'first_snippet' not in found else ['first_snippet', *moved]
    return sorted(changed)


def _without_places(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _without_places(one) for key, one in value.items() if key not in PLACES}
    if isinstance(value, (list, tuple)):
        return [_without_places(one) for one in value]
    return value


def header_of(settings: Mapping | None) -> dict | None:
    """The header among a folder's settings; None where it is not there, or not whole."""
    if settings is None or not set(KEYS) <= set(settings):
        return None
    return {key: settings[key] for key in KEYS}


def check_header(header: Mapping, expected: Mapping, filename: str) -> None:
    """Compares what a file says with what is expected, a value of which may be a list of several.

    Raises:
        ValueError: With both, and how to mend it.
    """
    wrong = [key for key, value in expected.items() if header.get(key) not in _choices(value)]
    if wrong:
        found = {key: header.get(key) for key in wrong}
        raise ValueError(
            f'{filename!r} was extracted with {_words(found)}; expected '
            f'{_words({key: expected[key] for key in wrong})}: extract it again, by the config of '
            'the encoder at full fidelity, into a new folder, or, if these features are meant, set '
            f'LoadSnippetFeatures(expected=dict({_words(found)}))')


def _choices(value: object) -> Sequence:
    return value if isinstance(value, (list, tuple)) else (value,)


def _words(values: Mapping) -> str:
    return ', '.join(f'{key}={value!r}' for key, value in values.items())


def check_same(headers: Mapping[str, dict | None]) -> None:
    """Refuses files of which some were made in another way than the others.

    Args:
        headers: Of each file. The one that its folder's `features.json` gives is the right one;
            without any, that of most files.

    Raises:
        ValueError: With the first of the others, and in what they differ.
    """
    others = find_others(headers)
    if others:
        raise ValueError(
            f'{len(others)} of {len(headers)} feature files are '
            f'{next(iter(others.values()))} the rest, the first: {list(others)[:3]}; expected '
            'features of one encoder at one fidelity: delete these, and run '
            'tools/extract_features.py again, which makes what is missing')


def find_others(headers: Mapping[str, dict | None]) -> dict[str, str]:
    """The files that `check_same` refuses, and in what they differ from the rest."""
    folders = {os.path.dirname(name) for name in headers}
    of_folder = header_of(read_folder(folders.pop())) if len(folders) == 1 else None
    if of_folder is None and not any(headers.values()):
        return {}
    texts = {name: json.dumps(header, sort_keys=True) for name, header in headers.items()}
    usual = of_folder or json.loads(Counter(texts.values()).most_common(1)[0][0])
    wanted = json.dumps(usual, sort_keys=True)
    return {name: _unlike(headers[name], usual) for name, text in texts.items() if text != wanted}


def find_unlike(files: Mapping[str, tuple[int, Mapping | None]]) -> dict[str, str]:
    """The files of a folder that are of another encoder than the rest, and in what they differ.

    Args:
        files: Channels and header of each.
    """
    if not files:
        return {}
    others = find_others({name: header for name, (_, header) in files.items()})
    usual = Counter(channels for channels, _ in files.values()).most_common(1)[0][0]
    wrong = {name: f'{name!r} is {others[name]} the rest' for name in others}
    return {name: f'{name!r} has {channels} channels, most have {usual}'
            for name, (channels, _) in files.items() if channels != usual} | wrong


def _unlike(header: Mapping | None, usual: Mapping | None) -> str:
    if header is None or usual is None:
        return f'stored {"without" if header is None else "with"} a header, unlike'
    changed = ', '.join(key for key in KEYS if header.get(key) != usual.get(key))
    return f'made with other {changed} than'
