"""Finds the actions in videos: one video or a thousand in, segments out.

    python tools/localize.py match.mp4 'more/*.avi' --config CONFIG --checkpoint CHECKPOINT \\
        --out found --threshold 0.3 --vtt --timeline

CONFIG is a stage-2 config, of encoder and head, or a stage-3 one, of a head on features, which also
needs --encoder. All detections go to detections.json, in ActivityNet's format; what is written a
video is called after it. A video that cannot be read is reported at the end, and the exit status is
then 1; the others are done nevertheless.
"""
from __future__ import annotations

__mmlofi__ = 'later'   # in `start`, so that arguments come before what takes seconds

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mmlofi.apis.arguments import add_inferencer_options, make_inferencer
from mmlofi.detections.exports.formats import EXPORTS, require_libraries, write_exports
from mmlofi.starting import start


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('videos', nargs='+', metavar='VIDEO',
                        help='a file, a folder of videos or a pattern')
    add_inferencer_options(parser)
    parser.add_argument('--out', type=Path, default=Path('localized'),
                        help='folder; default %(default)s')
    parser.add_argument('--csv', action='store_true', help='also a table, detections.csv')
    parser.add_argument('--srt', action='store_true', help='also SubRip subtitles of each video')
    parser.add_argument('--vtt', action='store_true', help='also WebVTT subtitles of each video')
    parser.add_argument('--export', nargs='+', choices=EXPORTS, default=[], metavar='NAME',
                        help='also as other programs read it, to correct it there, to cut or to '
                             f'play: {", ".join(EXPORTS)}')
    parser.add_argument('--timeline', action='store_true',
                        help='also a picture of each video on a time axis')
    parser.add_argument('--page', action='store_true',
                        help='also page.html, which plays each video beside what was found and '
                             'takes corrections; videos that browsers do not play are copied')
    parser.add_argument('--video', action='store_true',
                        help='also each video with the present action drawn on it, without sound')
    return parser.parse_args()


if __name__ == '__main__':
    start(parse_args)

from mmaction.structures import ActionDataSample

from mmlofi.apis import TALInferencer
from mmlofi.apis.video_files import find_videos
from mmlofi.datasets.videos.playable import playable_file
from mmlofi.detections.exports.subtitles import cut_cues, to_srt, to_vtt
from mmlofi.detections.exports.table import to_csv
from mmlofi.detections.exports.videos import videos_of
from mmlofi.detections.predictions import Detections, save_detections
from mmlofi.files import CannotWrite, check_writable, file_stems, write_text
from mmlofi.report.player_page import (
    PlayedVideo,
    detections_by_video,
    leaving_out,
    write_player_page,
)
from mmlofi.sigterm import sigterm_unwinds
from mmlofi.visualization.colours import class_colours
from mmlofi.visualization.video_labels import write_labelled_video

DETECTIONS, PAGE = 'detections.json', 'page.html'


def main() -> None:
    args = parse_args()
    try:
        require_libraries(args.export)
    except ImportError as error:
        sys.exit(f'localize: {error}')
    try:
        inferencer = make_inferencer(args)
        check_writable(args.out / DETECTIONS)
        with sigterm_unwinds():
            localize_all(inferencer, args)
    except (OSError, ValueError) as error:
        sys.exit(f'localize: {error}')


def localize_all(inferencer: TALInferencer, args: argparse.Namespace) -> None:
    """All videos; those that fail are named at the end."""
    files, failed = list_files(args.videos)
    videos = inferencer.list_videos(files) if files else []
    stems, samples = file_stems(video['video_name'] for video in videos), []
    try:
        for number, video in enumerate(videos, start=1):
            what = f'[{number}/{len(videos)}] {video["video_name"]}'
            try:
                samples.append(localize(
                    inferencer, video, what, args.out / stems[video['video_name']], args))
            except CannotWrite:
                raise
            except (OSError, RuntimeError, ValueError) as error:
                failed[video['filename']] = error
                print(f'\r{what}: FAILED: {error}')
    finally:   # what was found before an interrupt is kept
        detections = inferencer.to_detections(samples)
        save(detections, args)
        export(detections, samples, args)
    if args.page and samples:
        failed |= write_page(samples, detections, inferencer.classes, stems, args)
    if failed:
        sys.exit(f'localize: {len(failed)} of {len(videos) + len(failed.keys() - set(files))} '
                 f'failed: {", ".join(failed)}')


def list_files(inputs: list[str]) -> tuple[list[str], dict[str, Exception]]:
    """All files, and the inputs that stand for none."""
    files, failed = [], {}
    for one in inputs:
        try:
            files += find_videos(one)
        except FileNotFoundError as error:
            failed[one] = error
            print(f'{one}: FAILED: {error}')
    return list(dict.fromkeys(files)), failed


def localize(inferencer: TALInferencer, video: dict, what: str, stem: Path,
             args: argparse.Namespace) -> ActionDataSample:
    """One video's data sample; writes the files that are of one video, by their common stem."""
    def progress(done: int, total: int) -> None:
        print(f'\r{what}: {done} of {total} snippets', end='', flush=True)

    def drawn(done: int, total: int) -> None:
        if done % 100 == 0 or done == total:
            print(f'\r{what}: {done} of {total} frames drawn', end='', flush=True)

    (sample,) = inferencer(
        video, return_datasamples=True, threshold=args.threshold, top_k=args.top_k or None,
        progress=progress, vis_out_dir=args.out if args.timeline else None)['predictions']
    (found,) = inferencer.to_detections([sample]).to_results().values()
    cues = cut_cues(found)
    if args.srt:
        write_text(f'{stem}.srt', to_srt(cues))
    if args.vtt:
        write_text(f'{stem}.vtt', to_vtt(cues))
    if args.video:
        write_labelled_video(sample.filename, found, f'{stem}_labelled.mp4', progress=drawn)
    best = '' if not found else ', the best {label} at {0:.1f} to {1:.1f} s (score {score:.2f})' \
        .format(*found[0]['segment'], **found[0])
    done = f'{len(found)} segments in {sample.duration_sec:.1f} s{best}'
    print(f'\r{what}: {done:30}')   # as wide as what it is written over
    return sample


def save(detections: Detections, args: argparse.Namespace) -> None:
    """Writes what is of all videos together."""
    save_detections(detections, args.out / DETECTIONS)
    if args.csv:
        write_text(args.out / 'detections.csv', to_csv(
            ['video', 'label', 'start_sec', 'end_sec', 'score'],
            [[name, one['label'], *one['segment'], one['score']]
             for name, found in detections.to_results().items() for one in found]))
    print(f'{args.out / DETECTIONS}: {len(detections)} segments of '
          f'{len(detections.video_names)} videos')


def export(detections: Detections, samples: Sequence[ActionDataSample],
           args: argparse.Namespace) -> None:
    """Writes the formats of other programs."""
    files = {sample.video_name: Path(sample.filename) for sample in samples}
    written = write_exports(args.export, videos_of(detections, files), detections.classes, args.out)
    if written:
        print(f'{args.out}: {len(written)} files of {", ".join(args.export)}')


def write_page(samples: list[ActionDataSample], detections: Detections,
               classes: Sequence[str], stems: dict[str, str], args: argparse.Namespace
               ) -> dict[str, Exception]:
    """The page that plays the videos, with copies of those that browsers do not play.

    Returns:
        The files of which no copy can be made, and why.
    """
    found, videos, left_out = detections_by_video(detections), [], {}
    for sample in samples:
        name = sample.video_name
        with leaving_out(sample.filename, left_out):
            file = playable_file(Path(sample.filename), args.out / f'{stems[name]}_play.mp4',
                                 tell=lambda copy: print(f'{copy}: a copy that browsers play …'))
            videos.append(PlayedVideo(name=name, file=file, duration_sec=sample.duration_sec,
                                      found=found[name]))
    for file, error in left_out.items():
        print(f'{file}: FAILED: is not on the page: {error}')
    if videos:
        write_player_page(args.out / PAGE, videos, colours=class_colours(classes),
                          title=f'Found in {len(videos)} video{"s" * (len(videos) > 1)}')
        print(f'{args.out / PAGE}: plays them')
    return left_out


if __name__ == '__main__':
    main()
