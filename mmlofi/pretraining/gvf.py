"""The global video features (GVF) of TSP: one fixed vector a video.

Shape legend: N videos, L snippets, C channels.

A file is npz, as `tools/make_gvf.py` writes it, of `names` (N,), `features` (N, C) and `header`
(json: how the features were made, and how they were reduced over time), or h5 as the authors
publish theirs: a name, with or without ``v_``, to (C,).
"""
from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping

import numpy as np
import torch
from torch import Tensor

from mmlofi.array_files import TEXT, open_npz
from mmlofi.datasets.features.feature_files import in_container, names_in, read_features
from mmlofi.datasets.features.feature_header import check_header
from mmlofi.datasets.videos.find_files import spellings
from mmlofi.files import write_npz
from mmlofi.options import require_whole

REDUCTIONS = ('max', 'mean')
MAKE = 'make it by tools/make_gvf.py from the features of all videos'


def reduce_features(features: np.ndarray, by: str = 'max') -> np.ndarray:
    """(C, L) features of a video to its (C,) vector; the order of the snippets does not matter."""
    return (features.max(axis=1) if by == 'max' else features.mean(axis=1)).astype(np.float32)


def save_gvf(path: str | os.PathLike, features: Mapping[str, np.ndarray],
             header: Mapping | None = None) -> None:
    """Writes the vectors of all videos as one npz file, whole or not at all."""
    names = sorted(features)
    write_npz(path, names=np.array(names), features=np.stack([features[name] for name in names]),
              header=json.dumps(header, sort_keys=True))


class VideoFeatures:
    """The vector of each video, from a file.

    Args:
        file: npz or h5.
        feat_dim: C that the head expects, checked.
        expected: What the file's header must say, if it has one, such as
            ``dict(backbone_sha256='…')``, `reduction` among it; see `feature_header`.

    Raises:
        FileNotFoundError: When there is no such file.
        ImportError: For an h5 file without h5py.
        ValueError: When it cannot be read, has other channels, or was made by another encoder than
            expected.
    """

    def __init__(self, file: str, *, feat_dim: int = 512, expected: Mapping | None = None) -> None:
        require_whole('gvf', feat_dim=feat_dim)
        self.file, self.feat_dim = file, feat_dim
        self._vectors: np.ndarray | None = None   # (N, C); of h5 each is read when it is wanted
        self.header: dict | None = None
        if not os.path.isfile(file):
            raise FileNotFoundError(f'no global video features at {file!r}; expected an npz or h5 '
                                    f'file of one vector a video: {MAKE}')
        if in_container(file):
            self._places = {name: name for name in names_in(file)}
        else:
            self._read_npz()
        self._check_channels()
        if expected and self.header is not None:
            check_header(self.header, expected, file)

    def require(self, names: Iterable[str]) -> None:
        """Sees that each video has a vector.

        Raises:
            ValueError: With the first few that have none.
        """
        names = list(names)
        missing = [name for name in names if self._place(name) is None]
        if missing:
            raise ValueError(
                f'{self.file!r} has no vector of {len(missing)} of {len(names)} videos, the first: '
                f'{missing[:3]}; expected one of each: {MAKE}, those for validation too')

    def __getitem__(self, name: str) -> Tensor:
        """(C,) of a video that `require` has seen."""
        place = self._place(name)
        vector = self._vectors[place] if self._vectors is not None else self._of_h5(place)
        return torch.from_numpy(np.array(vector, np.float32))

    def _place(self, name: str) -> int | str | None:
        found = [one for one in (name, *spellings(name)) if one in self._places]
        return self._places[found[0]] if found else None

    def _of_h5(self, name: str) -> np.ndarray:
        vector = read_features(f'{self.file}/{name}')[0]
        if vector.shape != (self.feat_dim,):
            raise ValueError(self._wrong_shape(vector.shape))
        self._refuse_not_finite(vector, f' of {name!r}')
        return vector

    def _read_npz(self) -> None:
        try:
            with open_npz(self.file) as content:
                names = content.read('names', TEXT)
                self._vectors = content.read('features')
                self.header = json.loads(content.read('header', TEXT).item())
        except Exception as error:   # numpy, zipfile and zlib raise many kinds
            raise ValueError(f'{self.file!r} cannot be read as global video features '
                             f'({type(error).__name__}: {error}); expected one file of all '
                             f'videos: {MAKE}') from error
        self._places = {str(name): place for place, name in enumerate(names)}

    def _check_channels(self) -> None:
        if self._vectors is None:
            if self._places:
                self._of_h5(next(iter(self._places)))
            return
        if self._vectors.shape != (len(self._places), self.feat_dim):
            raise ValueError(self._wrong_shape(self._vectors.shape))
        self._refuse_not_finite(self._vectors)

    def _refuse_not_finite(self, vectors: np.ndarray, of: str = '') -> None:
        if not np.isfinite(vectors).all():
            raise ValueError(f'{self.file!r} has features{of} that are not finite; expected '
                             f'numbers: {MAKE}')

    def _wrong_shape(self, shape: tuple[int, ...]) -> str:
        return (f'{self.file!r} holds global video features of shape {tuple(shape)}, the last the '
                f'channels; expected {self.feat_dim} of each video: take those of the same '
                'encoder, or set feat_dim of `gvf` and gvf_channels of TSPHead')
