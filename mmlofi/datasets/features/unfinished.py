"""What is encoded of a video that is not complete, so that an interrupted extraction goes on in it.

Parts lie in OUT/.unfinished/VIDEO, one file for each minute of work, and go when the video is done.

Shape legend: C channels, l snippets of a part, S steps of a snippet.
"""
from __future__ import annotations

import json
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mmlofi.files import path_in, write_npz

FOLDER = '.unfinished'
KEEP_SEC = 60.0   # of work that a kill may cost, for each video that is being encoded


class UnfinishedFeatures:
    """The parts of videos in a folder of features.

    Args:
        out: Folder of the features.
        header: How they are made; parts that were made otherwise are dropped.
    """

    def __init__(self, out: str, header: dict) -> None:
        self.folder, self.header = os.path.join(out, FOLDER), header
        self._pending: dict[str, list[np.ndarray]] = {}
        self._since: dict[str, float] = {}   # when the last part was written, or the video begun
        self._end: dict[str, int] = {}       # snippets that are written

    def begin(self, video: str, filename: str) -> tuple[int, Tensor | None]:
        """Snippets that are done of a video, and their steps (C, l · S); none of another file."""
        parts, done, steps = sorted(self._path(video).glob('*.npz')), 0, []
        made_by = self._made_by(filename)
        for path in parts:
            with suppress(Exception), np.load(path) as part:   # numpy and zipfile have many kinds
                if part['made_by'].item() == made_by and part['first'] == done:
                    steps.append(part['steps'])
                    done = int(part['end'])
                    continue
            self.drop(video)
            done, steps = 0, []
            break
        self._end[video] = done
        return done, torch.from_numpy(np.concatenate(steps, axis=1)) if steps else None

    def keep(self, video: str, filename: str, end: int, steps: Tensor) -> None:
        """Takes the next steps (C, l · S), up to snippet `end`, and writes them now and then."""
        pending = self._pending.setdefault(video, [])
        since = self._since.setdefault(video, time.monotonic())
        pending.append(steps.float().cpu().numpy())
        if time.monotonic() - since < KEEP_SEC:
            return
        first = self._end.get(video, 0)
        write_npz(self._path(video) / f'{first:09d}.npz', steps=np.concatenate(pending, axis=1),
                  first=first, end=end, made_by=self._made_by(filename))
        self._pending[video], self._since[video], self._end[video] = [], time.monotonic(), end

    def drop(self, video: str) -> None:
        """Forgets a video that is complete, or that failed."""
        for known in (self._pending, self._since, self._end):
            known.pop(video, None)
        path = self._path(video)
        shutil.rmtree(path, ignore_errors=True)
        with suppress(OSError):   # others are in there
            for folder in [path, *path.parents][1:]:
                if Path(self.folder) not in (folder, *folder.parents):
                    break
                folder.rmdir()

    def _path(self, video: str) -> Path:
        return Path(path_in(self.folder, video))

    def _made_by(self, filename: str) -> str:
        """The settings, and which file is read; of one that is on no disk no more is known."""
        try:
            found = os.stat(filename)
            stamp = [found.st_size, found.st_mtime_ns]
        except OSError:
            stamp = None
        return json.dumps([self.header, stamp], sort_keys=True)
