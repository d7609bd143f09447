"""Proxies: small copies of videos that training decodes in a fraction of the time."""
from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmlofi.apart import Died, run_apart
from mmlofi.datasets.transforms import OpenVideo
from mmlofi.datasets.videos.boxes import is_cut_off
from mmlofi.datasets.videos.facts import Facts, VideoFacts, stamp_of
from mmlofi.datasets.videos.index import FileIndex
from mmlofi.datasets.videos.proxy_file import (
    ProxySettings,
    encode,
    frames_taken,
    label,
    read_settings,
)
from mmlofi.datasets.videos.video_file import find_facts
from mmlofi.files import CannotWrite, remove_dead, whole_file


@dataclass(frozen=True, kw_only=True)
class Extent:
    """What a training sees of a file."""

    frames: int
    duration_sec: float
    fps: float
    width: int
    height: int
    bytes: int


@dataclass(kw_only=True)
class ProxyReport:
    """What became of one video."""

    video: str
    proxy: str
    made: bool = False              # in this run; else it was there, or there is a problem
    source: Extent | None = None
    result: Extent | None = None
    problem: str | None = None


def plan_targets(videos: Iterable[str | os.PathLike], folder: str | os.PathLike
                 ) -> list[tuple[Path, Path]]:
    """Each video with its proxy's path: the same stem, as mp4.

    Raises:
        ValueError: When two videos would have the same proxy, or a video would be overwritten.
    """
    pairs = [(Path(video), Path(folder) / f'{Path(video).stem}.mp4') for video in videos]
    owners: dict[Path, Path] = {}
    for video, proxy in pairs:
        if video.parent.resolve() == proxy.parent.resolve():
            raise ValueError(f'proxies of {str(video.parent)!r} would lie among the videos; '
                             'expected another folder: give one that is new')
        if proxy in owners:
            raise ValueError(f'{str(owners[proxy])!r} and {str(video)!r} would both become '
                             f'{str(proxy)!r}; expected one file a video: move one away')
        owners[proxy] = video
    return pairs


def make_proxies(pairs: Sequence[tuple[Path, Path]], settings: ProxySettings, *, redo: bool = False,
                 workers: int = 1, index: FileIndex | None = None,
                 track: Callable[[tuple[Iterable, int]], Iterable] = lambda tasks: tasks[0]
                 ) -> list[ProxyReport]:
    """Makes the proxies that are not there yet; a video that fails stops no other.

    Args:
        pairs: Videos and where their proxies go, as of `plan_targets`.
        settings: Of all of them.
        redo: Whether proxies of other settings, or of a file of another size, are made again.
        workers: Processes.
        index: Of what videos and proxies are: those it knows are not opened to be measured.
        track: Passes on what an iterable gives, of which it gets the number too, such as MMEngine's
            `track_iter_progress`.

    Returns:
        A report for each pair, in their order.

    Raises:
        CannotWrite: When there is no room for the next one, say.
        ValueError: Before anything is written, when the folder holds proxies of other settings and
            `redo` is false, or files that are no proxies.
    """
    _refuse_others(pairs, settings, redo)
    reports: dict[Path, ProxyReport] = {}
    index = FileIndex(None) if index is None else index
    ended = run_apart(functools.partial(_make_and_learn, settings=settings),
                      [(video, proxy, index.get(str(video)), index.get(str(proxy)))
                       for video, proxy in pairs], workers)
    try:
        for (video, proxy, *_), found in track((ended, len(pairs))):
            if isinstance(found, MemoryError):
                found = 'it ran out of memory; run it again, with fewer workers'
            elif isinstance(found, Died):   # a decoder's crash, or a machine out of memory
                found = f'{found}; get this video again or, after SIGKILL, which a machine sends ' \
                        'that is out of memory, run it again with fewer workers'
            elif isinstance(found, BaseException):
                raise found
            if isinstance(found, str):
                found = ProxyReport(video=str(video), proxy=str(proxy), problem=found), {}
            reports[proxy], learned = found
            for path, facts in learned.items():
                index.add(path, facts)
    finally:
        ended.close()
        index.flush()
        for folder in {proxy.parent for _, proxy in pairs}:
            remove_dead(folder)
    return [reports[proxy] for _, proxy in pairs]


def _make_and_learn(task: tuple[Path, Path, Facts | None, Facts | None], settings: ProxySettings
                    ) -> tuple[ProxyReport, dict[str, VideoFacts]]:
    """A report, and what was found out of the two files, of which something may be known."""
    pair, facts = task[:2], task[2:]
    before = {str(path): one for path, one in zip(pair, facts) if isinstance(one, VideoFacts)}
    known = dict(before)
    report = make_proxy(*pair, settings, known)
    return report, {path: one for path, one in known.items() if before.get(path) != one}


def make_proxy(video: Path, proxy: Path, settings: ProxySettings,
               known: dict[str, VideoFacts] | None = None) -> ProxyReport:
    """Makes one proxy, whole or not at all, unless one of these settings is there.

    What goes wrong is in the report's `problem`. A proxy whose frames or duration are not those
    that its source has is a problem, and is not kept.

    Args:
        known: What is known of files by their path; what is found out is added.
    """
    known = {} if known is None else known
    report = ProxyReport(video=str(video), proxy=str(proxy))
    try:
        if is_cut_off(str(video)):
            raise ValueError(f'{str(video)!r} is cut off; download it again')
        report.source, axis = measure(video, known)
        taken, rate = frames_taken(axis, settings.fps)
        if read_settings(proxy) != label(video, settings):
            with whole_file(proxy) as partial:
                encode(video, partial, taken, rate, settings)
                made: dict[str, VideoFacts] = {}   # of the hidden file, of which nobody is to know
                report.result = _check(partial, len(taken), report.source.duration_sec, made)
            known[str(proxy)] = made[str(partial)]   # size and time of change stay
            report.made = True
        else:
            report.result = _check(proxy, len(taken), report.source.duration_sec, known)
    except (CannotWrite, MemoryError):
        raise
    except Exception as error:   # decord and FFmpeg raise many kinds; none may stop the others
        report.problem = f'{type(error).__name__}: {error}'
    return report


def measure(path: Path, known: dict[str, VideoFacts] | None = None) -> tuple[Extent, dict]:
    """What training sees of a file, and its time axis as `OpenVideo` gives it.

    Args:
        known: As of `make_proxy`.

    Raises:
        FileNotFoundError, ValueError: As `OpenVideo`.
    """
    name, stamp = str(path), stamp_of(path)
    facts = (known or {}).get(name)
    if facts is None or facts.stamp != stamp or facts.size is None:
        facts = find_facts(name)
        if facts.size is None:
            raise ValueError(f'{name!r} has a first frame that decord does not show; expected one '
                             'that it does: download it again')
    if known is not None:
        known[name] = facts
    axis = OpenVideo()(dict(filename=name, facts=facts)) if facts.variable else facts.opened()
    axis.pop('video_reader', None)
    height, width = facts.size
    return Extent(frames=facts.total_frames, duration_sec=facts.duration_sec, fps=facts.avg_fps,
                  width=width, height=height, bytes=stamp.size), axis


def _refuse_others(pairs: Sequence[tuple[Path, Path]], settings: ProxySettings,
                   redo: bool) -> None:
    foreign, other = [], []
    for video, proxy in pairs:
        found = read_settings(proxy)
        if found == {}:
            foreign.append(proxy.name)
        elif found is not None and found != (wanted := label(video, settings)):
            changed = [f'{key}={found.get(key)} in place of {wanted[key]}' for key in wanted
                       if found.get(key) != wanted[key]]
            other.append(f'{proxy.name} ({", ".join(changed)})')
    if foreign:
        raise ValueError(f'{len(foreign)} files are in the way that are no proxies, such as '
                         f'{foreign[:3]}; expected a new folder, or one with proxies: give another')
    if other and not redo:
        raise ValueError(f'{len(other)} proxies are there that were made otherwise, such as '
                         f'{"; ".join(other[:3])}; expected none, or ones of these settings and '
                         'of these videos: give another folder, or --redo to make them again')


def _check(proxy: Path, frames: int, duration_sec: float, known: dict[str, VideoFacts]) -> Extent:
    found, _ = measure(proxy, known)
    if found.frames != frames or abs(found.duration_sec - duration_sec) > 1.5 / found.fps:
        raise ValueError(f'the proxy has {found.frames} frames in {found.duration_sec:.3f} s; '
                         f'expected {frames} in {duration_sec:.3f} s, as its source has: use the '
                         'original of this video')
    return found
