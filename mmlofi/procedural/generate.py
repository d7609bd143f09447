"""Drawing a whole benchmark, with several processes and a progress bar."""
from __future__ import annotations

import multiprocessing
from functools import partial
from pathlib import Path

import cv2
from mmengine.utils import ProgressBar

from .benchmark import Benchmark, ProceduralVideo, all_videos, prepare_folder, write_annotations


def generate(out_dir: str | Path, benchmark: Benchmark, *, workers: int = 2) -> int:
    """Write what ``out_dir`` lacks of a benchmark; the number of videos that were drawn.

    Raises:
        ValueError: The folder holds a benchmark of other parameters.
    """
    out_dir = Path(out_dir)
    prepare_folder(out_dir, benchmark)
    write_annotations(out_dir, benchmark)
    missing = [v for v in all_videos(benchmark) if not (out_dir / v.file).exists()]
    if missing:
        _write_videos(out_dir, missing, workers)
    return len(missing)


def _write_videos(out_dir: Path, videos: list[ProceduralVideo], workers: int) -> None:
    progress = ProgressBar(len(videos))
    write = partial(_write_video, out_dir)
    if workers <= 1:
        for video in videos:
            write(video)
            progress.update()
    else:
        with _context().Pool(workers) as pool:
            for _ in pool.imap_unordered(write, videos, chunksize=4):
                progress.update()
    print()


def _write_video(out_dir: Path, video: ProceduralVideo) -> None:
    cv2.setNumThreads(1)  # one process a core; threads of OpenCV on top would be in the way
    video.write(out_dir)


def _context():
    """Forked where the system can: a spawned worker would import torch again for seconds."""
    methods = multiprocessing.get_all_start_methods()
    return multiprocessing.get_context('fork' if 'fork' in methods else 'spawn')
