"""Loads a video's snippet features in place of its frames (stage 3).

Shape legend: L snippets, C channels.
"""
from __future__ import annotations

import io
import os
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform
from mmengine.fileio import get
from numpy.lib.npyio import NpzFile

from mmlofi.datasets.storage import is_there, on_disk
from mmlofi.datasets.windows import cut_window, window_norm
from mmlofi.fidelity import FULL


def save_features(path: str | os.PathLike, features: np.ndarray, duration_sec: float) -> None:
    """Writes (C, L) snippet features as npz, whole or not at all."""
    temporary = f'{os.fspath(path)}.{os.getpid()}.tmp'
    with open(temporary, 'wb') as file:
        np.savez(file, features=features, duration_sec=np.float64(duration_sec))
    os.replace(temporary, path)


@TRANSFORMS.register_module()
class LoadSnippetFeatures(BaseTransform):
    """Reads the features that `tools/extract_features.py` wrote, or a plain (C, L) npy.

    Features of another length than asked for are interpolated linearly over the whole video. Where
    the dataset cuts windows, they are taken as they were stored: `num_snippets` of them from
    `first_snippet` on, the last one repeated after the video's end.

    Required Keys: filename, fidelity (optional), first_snippet (optional)

    Added Keys: features ((C, L) float32), num_clips (L), window_norm

    Modified Keys: duration_sec (that of the decoded file, where the npz holds it)

    Args:
        num_snippets: L at full fidelity, of a video or of a window.
        feat_dim: C that the head expects, checked; None takes any (`UntrimmedVideoDataset` then
            sees that all files have the same).
        layout: 'CL', or 'LC' for features stored the other way round.
        backend_args: An MMEngine file backend; None reads from disk, and of it what is needed.
    """

    def __init__(self, *, num_snippets: int = 100, feat_dim: int | None = None,
                 layout: str = 'CL', backend_args: dict | None = None) -> None:
        if layout not in ('CL', 'LC'):
            raise ValueError(f"LoadSnippetFeatures got layout={layout!r}; expected 'CL' or 'LC'")
        self.num_snippets = num_snippets
        self.feat_dim = feat_dim
        self.layout = layout
        self.backend_args = backend_args

    def transform(self, results: dict) -> dict:
        """Adds the features.

        Raises:
            FileNotFoundError: When the video has no feature file.
            ValueError: When the file cannot be read, or the array has not the expected shape or
                numbers that are not finite.
        """
        features, duration = _load(results['filename'], _read_whole, self.backend_args)
        if duration is not None:
            results['duration_sec'] = duration
        return self.place(results, features if self.layout == 'CL' else features.T)

    def place(self, results: dict, features: np.ndarray) -> dict:
        """Adds (C, L') features that are at hand, and in no file, as `transform` would."""
        filename = results['filename']
        self._check_channels(features.shape, filename)
        L = results.get('fidelity', FULL).reduce_snippets(self.num_snippets)
        features = torch.from_numpy(np.ascontiguousarray(features, dtype=np.float32))     # (C, L')
        wrong = features.numel() - int(features.isfinite().sum())
        if wrong:
            raise ValueError(f'{filename!r} holds {wrong} features of {features.numel()} that are '
                             'not finite; expected numbers: delete it and extract it again')
        window, first = (0.0, 1.0), results.get('first_snippet')
        if first is not None:
            window = window_norm(first, self.num_snippets, features.shape[1])
            features = cut_window(features, first, self.num_snippets)
        if features.shape[1] != L:
            features = F.interpolate(features[None], size=L, mode='linear', align_corners=False)[0]
        results.update(features=features, num_clips=L, window_norm=window)
        return results

    def grid(self, results: dict) -> tuple[int, float | None]:
        """The number of stored snippets, and the duration in seconds where something has it.

        Raises:
            FileNotFoundError, ValueError: As `check_file`.
        """
        filename = results['filename']
        self.check_file(filename)
        shape, duration = _load(filename, _read_extent, self.backend_args)
        return (shape[1] if self.layout == 'CL' else shape[0],
                results['duration_sec'] if duration is None else duration)

    def check_file(self, filename: str) -> int:
        """C by the file's header; the dataset asks at construction.

        Raises:
            FileNotFoundError, ValueError: As `transform` would, as far as the header tells.
        """
        shape = _load(filename, _read_shape, self.backend_args)
        return self._check_channels(shape if self.layout == 'CL' else shape[::-1], filename)

    def _check_channels(self, shape: tuple[int, ...], filename: str) -> int:
        if len(shape) != 2 or 0 in shape or self.feat_dim not in (None, shape[0]):
            raise ValueError(
                f'{filename!r} holds features of shape {shape} (channels, snippets); '
                f'expected {self.feat_dim or "any number of"} channels and a snippet or more: set '
                "the head's in_channels and `feat_dim` to those of the encoder, or `layout`")
        return shape[0]


def _load(filename: str, read: Callable[[np.ndarray | NpzFile], tuple],
          backend_args: dict | None) -> tuple:
    """What `read` takes from the opened file."""
    if not is_there(filename, backend_args):
        raise FileNotFoundError(f'no features at {filename!r}; expected one file a video: run '
                                'tools/extract_features.py, or set `data_prefix.feature`')
    try:
        content = np.load(filename, mmap_mode='r') if on_disk(filename, backend_args) else \
            np.load(io.BytesIO(get(filename, backend_args=backend_args)))
        if isinstance(content, np.ndarray):
            return read(content)
        with content:
            if 'features' in content:
                return read(content)
            names = sorted(content)
    except Exception as error:   # numpy, zipfile and zlib raise many kinds, some as late as in read
        raise ValueError(f'{filename!r} cannot be read as features ({error}); expected npz or '
                         'npy: delete it and run tools/extract_features.py again') from error
    raise ValueError(f'{filename!r} holds {names}; expected an array named '
                     "'features', as tools/extract_features.py writes it")


def _read_whole(content: np.ndarray | NpzFile) -> tuple[np.ndarray, float | None]:
    """The stored array and the duration."""
    if isinstance(content, np.ndarray):
        return np.array(content), None
    duration = float(content['duration_sec']) if 'duration_sec' in content else None
    return content['features'], duration


def _read_extent(content: np.ndarray | NpzFile) -> tuple[tuple[int, ...], float | None]:
    """The stored array's shape and the duration."""
    stored = not isinstance(content, np.ndarray) and 'duration_sec' in content
    return _read_shape(content), float(content['duration_sec']) if stored else None


def _read_shape(content: np.ndarray | NpzFile) -> tuple[int, ...]:
    """The stored array's shape, without reading it."""
    if isinstance(content, np.ndarray):
        return content.shape
    with content.zip.open('features.npy') as file:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) \
            else np.lib.format.read_array_header_2_0
        return read(file)[0]
