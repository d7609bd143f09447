"""Draws the truth and one or more sets of predictions of some videos on time axes.

    python tools/plot_detections.py annotations.json ACP=acp.json LoFi=lofi.json --out picture.png
"""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mmlofi.datasets.annotations import load_annotations
from mmlofi.evaluation.predictions import load_detections
from mmlofi.visualization.timeline import plot_timelines


def main() -> None:
    args = parse_args()
    try:
        sets = {}
        for text in args.predictions:
            name, path = named_path(text)
            if name in sets:
                raise ValueError(f'two sets of predictions are called {name!r}; expected different '
                                 'names: write NAME=FILE')
            sets[name] = load_detections(path)
        shown = plot_timelines(load_annotations(args.ground_truth, args.subset), sets, args.out,
                               num_videos=args.videos, top_k=args.top_k, title=args.title)
    except (OSError, ValueError) as error:
        sys.exit(f'plot_detections: {error}')
    print(f'{args.out}: {", ".join(shown)}')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('ground_truth', help="annotations in ActivityNet's format")
    parser.add_argument('predictions', nargs='+', metavar='[NAME=]FILE',
                        help='json of predictions and what to call them')
    parser.add_argument('--subset', default='validation', help='subset of the annotations')
    parser.add_argument('--videos', type=int, default=6, help='videos shown')
    parser.add_argument('--top-k', type=int, default=5, help='predictions shown a video')
    parser.add_argument('--title', help='what to write above the picture')
    parser.add_argument('--out', default='timelines.png', help='the picture (png, pdf, svg)')
    return parser.parse_args()


def named_path(text: str) -> tuple[str, str]:
    """('LoFi', 'lofi.json') of 'LoFi=lofi.json'; a bare file is called by its name."""
    name, equals, path = text.partition('=')
    return (name, path) if equals and not Path(text).exists() else (Path(text).stem, text)


if __name__ == '__main__':
    main()
