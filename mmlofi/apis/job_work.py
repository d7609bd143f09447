"""What a job of the pages does: finds the actions of a video, and sees that browsers play it."""
from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mmlofi.apis.inferencer import TALInferencer
from mmlofi.apis.jobs import QUEUED, Job, JobQueue, NoRoom, Tick
from mmlofi.apis.uploads import path_of
from mmlofi.datasets.videos.playable import plays_in_browsers, write_playable
from mmlofi.files import CannotWrite

LOCALIZING, COPYING = 'localizing', 'copying'
LOOK_SEC = 0.5     # between looks whether a job is still wanted, or at the size of a copy


@dataclass(frozen=True, kw_only=True)
class Found:
    """The result of a job."""

    duration_sec: float
    detections: list[dict]      # label, score and segment in seconds, best first
    played: str                 # path of what a browser plays
    suffix: str                 # that says what it is


def worker(inferencer: TALInferencer, options: Mapping, turn: threading.Lock
           ) -> Callable[[JobQueue, Job, Tick], Found]:
    """The work of a queue.

    Args:
        inferencer: Which takes one video at a time.
        options: Of its call.
        turn: Held while it has one; others may hold it too.
    """
    def work(jobs: JobQueue, job: Job, tick: Tick) -> Found:
        found = _localize(job, tick, inferencer, options, turn)
        played, suffix = job.path, Path(job.name).suffix.lower()
        if not plays_in_browsers(Path(job.path), name=job.name):
            played, suffix = _copy(jobs, job, tick), '.mp4'
        return Found(duration_sec=found['duration_sec'], detections=found['detections'],
                     played=played, suffix=suffix)
    return work


def _localize(job: Job, tick: Tick, inferencer: TALInferencer, options: Mapping,
              turn: threading.Lock) -> dict:
    while not turn.acquire(timeout=LOOK_SEC):
        tick(QUEUED, 0.0)
    try:
        tick(LOCALIZING, 0.0)
        (video,) = inferencer.list_videos([job.path])
        (found,) = inferencer(
            dict(video, video_name=job.name), **options,
            progress=lambda done, total: tick(LOCALIZING, done / total))['predictions']
        return found
    finally:
        turn.release()


def _copy(jobs: JobQueue, job: Job, tick: Tick) -> str:
    """The path of a copy in H.264, a file without a name as the upload is one."""
    tick(COPYING, 0.0)
    with tempfile.TemporaryDirectory(prefix='mmlofi-') as folder:
        counted, looked = 0, 0.0

        def progress(share: float) -> None:
            nonlocal counted, looked
            tick(COPYING, share)
            if time.monotonic() > looked + LOOK_SEC:
                looked = time.monotonic()
                counted = _count(jobs, job, folder, counted)
        target = Path(folder) / 'copy.mp4'
        try:
            write_playable(Path(job.path), target, progress=progress)
        except CannotWrite as error:
            raise NoRoom(f'the server has no room for a copy of {job.name!r} that browsers play '
                         f'({error.strerror}); expected some in its TMPDIR: send it again later'
                         ) from None
        _count(jobs, job, folder, counted)
        copy = job.held.enter_context(open(target, 'rb'))     # noqa: SIM115 - the job closes it
    return path_of(copy)


def _count(jobs: JobQueue, job: Job, folder: str, counted: int) -> int:
    """The bytes in a folder, which the job holds from now on."""
    size = sum(entry.stat().st_size for entry in os.scandir(folder))
    jobs.grow(job, max(size - counted, 0))
    return max(size, counted)
