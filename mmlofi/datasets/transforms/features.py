"""Loads a video's snippet features in place of its frames (stage 3).

Shape legend: L snippets, C channels.
"""
from __future__ import annotations

import os
import zipfile

import numpy as np
import torch
import torch.nn.functional as F
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

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

    Features of another length than asked for are interpolated linearly over the whole video.

    Required Keys: filename, fidelity (optional)

    Added Keys: features ((C, L) float32), num_clips (L), window_norm

    Modified Keys: duration_sec (that of the decoded file, where the npz holds it)

    Args:
        num_snippets: L at full fidelity.
        feat_dim: C that the head expects, checked; None takes any.
        layout: 'CL', or 'LC' for features stored the other way round.
    """

    def __init__(self, *, num_snippets: int = 100, feat_dim: int | None = None,
                 layout: str = 'CL') -> None:
        if layout not in ('CL', 'LC'):
            raise ValueError(f"LoadSnippetFeatures got layout={layout!r}; expected 'CL' or 'LC'")
        self.num_snippets = num_snippets
        self.feat_dim = feat_dim
        self.layout = layout

    def transform(self, results: dict) -> dict:
        """Adds the features.

        Raises:
            FileNotFoundError: When the video has no feature file.
            ValueError: When the array has not the expected shape.
        """
        features, duration = self._read(results['filename'])
        L = results.get('fidelity', FULL).reduce_snippets(self.num_snippets)
        features = torch.from_numpy(np.ascontiguousarray(features, dtype=np.float32))     # (C, L')
        if features.shape[1] != L:
            features = F.interpolate(features[None], size=L, mode='linear', align_corners=False)[0]
        results.update(features=features, num_clips=L, window_norm=(0.0, 1.0))
        if duration is not None:
            results['duration_sec'] = duration
        return results

    def check_file(self, filename: str) -> None:
        """Raises what `transform` would for this file; the dataset asks at construction."""
        self._read(filename)

    def _read(self, filename: str) -> tuple[np.ndarray, float | None]:
        if not os.path.isfile(filename):
            raise FileNotFoundError(f'no features at {filename!r}; expected one file a video: run '
                                    'tools/extract_features.py, or set `data_prefix.feature`')
        try:
            content = np.load(filename)
        except (ValueError, EOFError, OSError, zipfile.BadZipFile) as error:
            raise ValueError(f'{filename!r} cannot be read as features ({error}); expected npz or '
                             'npy: delete it and run tools/extract_features.py again') from error
        if isinstance(content, np.ndarray):
            features, duration = content, None
        elif 'features' in content:
            features = content['features']
            duration = float(content['duration_sec']) if 'duration_sec' in content else None
        else:
            raise ValueError(f'{filename!r} holds {sorted(content)}; expected an array named '
                             "'features', as tools/extract_features.py writes it")
        if features.ndim == 2 and self.layout == 'LC':
            features = features.T
        if features.ndim != 2 or not features.size or (
                self.feat_dim not in (None, features.shape[0])):
            raise ValueError(
                f'{filename!r} holds features of shape {features.shape} (channels, snippets); '
                f'expected {self.feat_dim or "any number of"} channels and a snippet or more: set '
                "the head's in_channels and `feat_dim` to those of the encoder, or `layout`")
        return features, duration
