"""Checks annotations and the files that they are of, before anything is trained on them.

    python tools/check_dataset.py CONFIG
    python tools/check_dataset.py --ann annotations.json --videos videos --filename-tmpl 'v_{}.mp4'
    python tools/check_dataset.py --ann annotations.json          # the annotations alone

CONFIG says by its data loaders which subsets, folders and classes are meant. Each video is opened
and a frame of it decoded, and --check-files finds damage past that; features are read whole. What
each file is goes into the index by which a training starts without opening any, and in which files
that have not changed since are looked up here too (docs/clusters.md). The exit status is 1 when
something would stop a training or make its score worthless, such as a video that is in two subsets;
--write-usable writes what is left.
"""
from __future__ import annotations

__mmlofi__ = 'later'   # in `start`, so that arguments come before what takes seconds

import argparse
import math
import sys
from collections import Counter
from collections.abc import Sequence
from functools import partial

from mmlofi.arguments import add_cfg_options
from mmlofi.datasets.videos.damage import FRAMES
from mmlofi.starting import start


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', nargs='?', help='config file, in place of --ann')
    parser.add_argument('--ann', help="annotations in ActivityNet's format")
    parser.add_argument('--videos', help='folder of the videos')
    parser.add_argument('--filename-tmpl',
                        help="a video's file, '{}' its name; v_ may be added or left out, and the "
                             'ending be another one. Default {}.mp4')
    parser.add_argument('--subset', nargs='+', help='subsets of --ann; default all')
    add_cfg_options(parser)
    parser.add_argument('--tolerance', type=float, metavar='SEC',
                        help='by which a file may differ from its annotated duration; default 2 %% '
                             'of it, 1 s at least')
    parser.add_argument('--check-files', choices=FRAMES, default='first',
                        help='which frames of a video are decoded: the first; the key frames, '
                             'which finds holes and costs a core 3 s (340 x 256) to 13 s '
                             '(1280 x 720) an hour of video; or all, which finds most damage and '
                             'costs 45 s to 6 min. Both decode each of a folder of pictures. '
                             'Default %(default)s')
    parser.add_argument('--headers-only', action='store_true',
                        help='of features, read not their values but how many there are')
    parser.add_argument('--workers', type=int, default=4,
                        help='files looked at at a time; default %(default)s')
    parser.add_argument('--index', metavar='FOLDER',
                        help='of what the files are, for trainings to know; default GT.json.index '
                             'beside the annotations, or in ~/.cache/mmlofi where these are in a '
                             'folder that takes no files')
    parser.add_argument('--out', metavar='REPORT.json', help='write all that was found as json')
    parser.add_argument('--write-usable', metavar='FILE',
                        help='write the annotations of the videos without errors, or to a .txt '
                             'their names')
    args = parser.parse_args()
    if (args.config is None) == (args.ann is None):
        parser.error('give either CONFIG or --ann')
    if args.config and (args.videos or args.subset or args.filename_tmpl):
        parser.error('--videos, --filename-tmpl and --subset go with --ann: CONFIG says them')
    if args.ann and args.cfg_options:
        parser.error('--cfg-options go with CONFIG')
    if args.workers < 1:
        parser.error(f'--workers {args.workers}: expected 1 or more')
    if args.tolerance is not None and not 0 <= args.tolerance < math.inf:
        parser.error(f'--tolerance {args.tolerance}: expected seconds, 0 or more')
    return args


if __name__ == '__main__':
    start(parse_args)

from mmengine.config import Config
from mmengine.utils import track_iter_progress

from mmlofi.datasets.annotations import alike, class_names
from mmlofi.datasets.annotations.known_counts import KnownSplit, known_split, recognize
from mmlofi.datasets.checks.check import check
from mmlofi.datasets.checks.config_sources import datasets_of, load_config, read_config
from mmlofi.datasets.checks.summary import (
    Labelling,
    labelling,
    missing_classes,
    usable_entries,
    warn_of_several_classes,
    without_actions,
)
from mmlofi.datasets.checks.video_check import ERRORS, WARNINGS, Source, VideoCheck
from mmlofi.datasets.videos.find_files import TEMPLATES
from mmlofi.files import check_writable, write_json, write_text
from mmlofi.pretraining.dataset import global_features

SHOWN = 5   # videos of each fault


def main() -> None:
    args = parse_args()
    try:
        for path in filter(None, (args.out, args.write_usable)):
            check_writable(path)
        cfg = None if args.ann else load_config(args.config, args.cfg_options)
        sources = [Source(args.ann, tuple(args.subset) if args.subset else None, args.videos,
                          args.filename_tmpl or TEMPLATES['video'])] if cfg is None \
            else read_config(cfg)
        checks = check(sources, tolerance=args.tolerance, frames=args.check_files,
                       values=not args.headers_only, workers=args.workers, index=args.index,
                       track=partial(track_iter_progress, file=sys.stderr))
    except (ImportError, OSError, ValueError) as error:
        sys.exit(f'check_dataset: {error}')
    classes = class_names(one.record for one in checks)
    dataset = recognize(classes, len(checks))
    lacking, idle = missing_classes(checks), without_actions(checks)
    labels = labelling(checks)
    print(table(checks, dataset))
    print('\n'.join(f'{subset or "(none)"}: {one}' for subset, one in labels.items()))
    print(details(checks))
    print(details_of_classes(lacking, idle, alike(classes)))
    print(warn_of_several_classes(labels, None if cfg is None else cfg.get('model')))
    try:
        if args.out:
            write_json(args.out, report(checks, dataset, lacking, labels))
        if args.write_usable:
            write_usable(args.write_usable, checks)
    except OSError as error:
        sys.exit(f'check_dataset: {error}')
    except RecursionError:   # more can be read than written
        sys.exit(f'check_dataset: {args.write_usable} cannot be written: an entry is nested too '
                 'deeply; expected what annotations need: write names, to a .txt')
    bad = sum(bool(one.errors) for one in checks)
    if bad:
        sys.exit(f'check_dataset: {bad} of {len(checks)} videos would stop a training or spoil its '
                 'score; correct them, or train on what --write-usable writes')
    untrained = [subset for subset, training in idle.items() if training]
    if untrained:
        sys.exit(f'check_dataset: nothing can be trained on {untrained}, which has no action; '
                 'annotate some, or choose another subset')
    problem = None if cfg is None else problem_of_global_features(cfg, checks)
    if problem is not None:
        sys.exit(f'check_dataset: {problem}')
    print('nothing here would stop a training')


def problem_of_global_features(cfg: Config, checks: Sequence[VideoCheck]) -> str | None:
    """What is wrong with the vectors of videos that TSP's data sets read; None: nothing is."""
    for _, dataset in datasets_of(cfg):
        subsets = [dataset['subset']] if isinstance(dataset['subset'], str) else dataset['subset']
        try:
            vectors = global_features(dataset.get('gvf'))
            if vectors is not None:
                vectors.require(one.record.name for one in checks if one.record.subset in subsets)
        except (ImportError, OSError, ValueError) as error:
            return str(error)
    return None


def table(checks: Sequence[VideoCheck], dataset: str | None) -> str:
    """A line for each subset: videos, segments, classes, usable, and each fault that there is."""
    kinds = [kind for kind in (*ERRORS, *WARNINGS)
             if any(kind == found for one in checks for found, _ in one.faults)]
    rows = [['subset', 'videos', 'segments', 'classes', 'usable', *kinds]]
    for subset in dict.fromkeys(one.record.subset for one in checks):
        mine = [one for one in checks if one.record.subset == subset]
        rows.append([subset or '(none)', len(mine), sum(len(one.record.labels) for one in mine),
                     len(class_names(one.record for one in mine)),
                     sum(not one.errors for one in mine), *count(mine, kinds).values()])
    widths = [max(len(str(row[i])) for row in rows) for i in range(len(rows[0]))]
    lines = [row[0].ljust(widths[0]) + ''.join(
        f'  {value:>{width}}' for value, width in zip(row[1:], widths[1:])) for row in rows]
    if dataset is not None:
        published = ['published', *(spell(known_split(dataset, row[0])) for row in rows[1:])]
        lines = [f'By its classes this is {dataset}.',
                 *(f'{line}  {known}' for line, known in zip(lines, published))]
    ignored = sum(len(one.record.ignored_sec) for one in checks)
    lines += [f'{ignored} more segments are of classes that do not count'] if ignored else []
    return '\n'.join(lines)


def spell(known: KnownSplit | None) -> str:
    if known is None:
        return ''
    return f'{known.videos:,}' + (f' ({known.note})' if known.note else '')


def count(checks: Sequence[VideoCheck], kinds: Sequence[str]) -> dict[str, int]:
    """Videos with each fault."""
    found = Counter(kind for one in checks for kind in {kind for kind, _ in one.faults})
    return {kind: found[kind] for kind in kinds}


def details(checks: Sequence[VideoCheck]) -> str:
    """Of each fault what it means, and the first few videos."""
    lines = []
    for kind, meaning in (ERRORS | WARNINGS).items():
        found = [f'{one.record.name}: {detail}' for one in checks for mine, detail in one.faults
                 if mine == kind]
        if found:
            level = 'ERROR' if kind in ERRORS else 'warning'
            lines.append(f'\n{level}, {kind}: {meaning}')
            lines += [f'    {line}' for line in found[:SHOWN]]
            lines += [f'    … {len(found) - SHOWN} more'] if len(found) > SHOWN else []
    return printable('\n'.join(lines))


def details_of_classes(lacking: dict[str, list[str]], idle: dict[str, bool],
                       similar: list[list[str]]) -> str:
    """Which subsets have no action, or none of a class, and which classes may be the same."""
    lines = [f'\n{"ERROR" if training else "warning"}, no action in subset {subset}'
             for subset, training in idle.items()]
    for names in similar:
        lines.append(f'\nwarning, classes that differ by case or spaces alone: {names}')
    for subset, classes in lacking.items():
        if classes:
            lines.append(f'\nwarning, no video of {len(classes)} classes in {subset}: '
                         f'{", ".join(classes[:SHOWN])}{", …" if len(classes) > SHOWN else ""}')
    return '\n'.join(lines)


def printable(text: str) -> str:
    """A name can have characters that no stream takes."""
    return text.encode('utf-8', 'backslashreplace').decode()


def report(checks: Sequence[VideoCheck], dataset: str | None,
           lacking: dict[str, list[str]], labels: dict[str, Labelling]) -> dict:
    """All of it as json has it."""
    subsets = {}
    for subset in dict.fromkeys(one.record.subset for one in checks):
        mine = [one for one in checks if one.record.subset == subset]
        known = known_split(dataset, subset)
        subsets[subset] = dict(
            videos=len(mine), segments=sum(len(one.record.labels) for one in mine),
            classes=len(class_names(one.record for one in mine)),
            ignored_segments=sum(len(one.record.ignored_sec) for one in mine),
            **(labels[subset].counts() if subset in labels else {}),
            usable=sum(not one.errors for one in mine),
            faults=count(mine, [*ERRORS, *WARNINGS]), missing_classes=lacking.get(subset, []),
            published=None if known is None else known._asdict())
    videos = [dict(name=one.record.name, subset=one.record.subset, file=one.filename,
                   duration_sec=one.duration_sec, usable=not one.errors,
                   faults=[dict(kind=kind, detail=detail) for kind, detail in one.faults])
              for one in checks if one.faults]
    return dict(dataset=dataset, subsets=subsets, videos_with_faults=videos,
                alike_classes=alike(class_names(one.record for one in checks)))


def write_usable(path: str, checks: Sequence[VideoCheck]) -> None:
    """A json of annotations, or a list of names."""
    entries = usable_entries(checks)
    if path.endswith('.txt'):
        write_text(path, ''.join(f'{name}\n' for name in entries))
    else:
        write_json(path, dict(version='usable videos', database=entries))
    print(f'{path}: {len(entries)} usable videos of {len(checks)}')


if __name__ == '__main__':
    main()
