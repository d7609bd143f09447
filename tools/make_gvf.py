"""Makes TSP's global video features: of each video the largest value of each channel over time.

    python tools/make_gvf.py features/tac_kinetics --out gvf.npz

The features are those of tools/extract_features.py, a file a video, or others' in npz, npy, csv, or
h5 of all videos, whose layout is to be told (`--layout LC` for one row a snippet). They are of the
encoder before it is trained by TSP, and of all videos, those for validation too; the file says of
which encoder. `gvf=dict(file='gvf.npz')` of a TSPDataset reads it.
"""
from __future__ import annotations

__mmlofi__ = 'later'   # in `start`, so that arguments come before what takes seconds

import argparse
import os
import sys

from mmlofi.starting import start


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('features', help='folder of feature files, or an h5 file of all videos')
    parser.add_argument('--out', required=True, help='npz file to write')
    parser.add_argument('--reduce', choices=['max', 'mean'], default='max',
                        help='over time; default %(default)s, as the authors')
    parser.add_argument('--feat-dim', type=int,
                        help='channels, where they are to be checked or a file does not tell '
                             'them from its snippets')
    parser.add_argument('--layout', choices=['CL', 'LC'],
                        help='of files that do not say it: channels first, or snippets first')
    args = parser.parse_args()
    if not args.out.endswith('.npz'):
        parser.error(f'--out {args.out}: expected a name that ends in .npz, by which it is read')
    return args


if __name__ == '__main__':
    start(parse_args)

import numpy as np
from mmengine.utils import track_iter_progress

from mmlofi.datasets.features.feature_files import in_container, names_in
from mmlofi.datasets.features.feature_header import check_same
from mmlofi.datasets.transforms import LoadSnippetFeatures
from mmlofi.files import CannotWrite, check_writable
from mmlofi.pretraining.gvf import reduce_features, save_gvf

ENDINGS = ('.npz', '.npy', '.csv', '.h5', '.hdf5')


def find_videos(source: str) -> dict[str, str]:
    """The file, or place in an h5 file, of each video."""
    if not os.path.exists(source):
        raise ValueError(f'there is no {source!r}; expected a folder of features, or an h5 file')
    if in_container(source):
        found = {name: f'{source}/{name}' for name in names_in(source)}
    elif os.path.isdir(source):
        found = {}
        for path in feature_files(source):
            name = os.path.splitext(os.path.relpath(path, source))[0]
            if name in found:
                raise ValueError(f'{found[name]!r} and {path!r} are of one video; expected one '
                                 'file of each: remove the other')
            found[name] = path
    else:
        raise ValueError(f'{source!r} is one file; expected a folder of features, or an h5 file of '
                         'all videos')
    if not found:
        raise ValueError(f'{source!r} holds no features; expected files of {" ".join(ENDINGS)}')
    return found


def feature_files(folder: str) -> list[str]:
    """Also those in folders in it, as of names with a slash; not those being written."""
    return sorted(os.path.join(place, name) for place, _, names in os.walk(folder)
                  for name in names if name.endswith(ENDINGS) and name[0] != '.')


def read_vectors(videos: dict[str, str], load: LoadSnippetFeatures, by: str
                 ) -> dict[str, np.ndarray]:
    """The vector of each video."""
    vectors: dict[str, np.ndarray] = {}
    for name, path in track_iter_progress(list(videos.items()), file=sys.stderr):
        features = load(dict(filename=path, duration_sec=1.0))['features'].numpy()
        vectors[name] = reduce_features(features, by)
        first = next(iter(vectors))
        if vectors[name].shape != vectors[first].shape:
            raise ValueError(
                f'{path!r} holds features of {len(vectors[name])} channels, and '
                f'{videos[first]!r} of {len(vectors[first])}; expected those of one encoder: '
                'extract them again, or set --layout where they lie the other way round')
    return vectors


def main() -> None:
    args = parse_args()
    load = LoadSnippetFeatures(num_snippets=None, feat_dim=args.feat_dim, layout=args.layout)
    try:
        check_writable(args.out)
        videos = find_videos(args.features)
        headers = {path: load.check_file(path).header for path in videos.values()}
        check_same(headers)
        vectors = read_vectors(videos, load, args.reduce)
        header = next(iter(headers.values())) or {}
        save_gvf(args.out, vectors, dict(header, reduction=args.reduce))
    except (CannotWrite, FileNotFoundError, ImportError, ValueError) as error:
        raise SystemExit(f'make_gvf: {error}') from error
    print(f'\n{args.out}: {len(vectors)} videos of {len(next(iter(vectors.values())))} channels, '
          f'the {args.reduce} over time')


if __name__ == '__main__':
    main()
