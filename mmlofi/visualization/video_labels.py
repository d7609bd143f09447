"""Writes a video again with the present action drawn on it."""
from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from mmlofi.datasets.transforms import OpenVideo
from mmlofi.datasets.videos.excerpts import Frames
from mmlofi.datasets.videos.proxy_file import frames_taken, repeat_frames
from mmlofi.datasets.videos.readers import AUTO, PYAV
from mmlofi.datasets.videos.write_video import write_video
from mmlofi.detections.exports.subtitles import Cue, cut_cues, describe

_LINES = 3   # classes shown at a time
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def write_labelled_video(filename: str, detections: Sequence[dict], path: str | os.PathLike, *,
                         progress: Callable[[int, int], object] = lambda done, total: None
                         ) -> None:
    """Writes an mp4 (MPEG-4 part 2, without sound) whose frames name the actions that are on.

    At a variable rate, and where the pictures begin late, a frame of the new file is the one that
    the video shows at that time. One frame is in memory at a time, which decord would not do: it
    decodes ahead of the writer. So PyAV reads any video here that it can.
    Letters beyond ASCII, which OpenCV's font has not, are drawn as question marks.

    Args:
        filename: The video.
        detections: dicts of `label`, `score` and `segment` in seconds.
        path: Of the new file, which must be another.
        progress: Called with the frames that are drawn, and all of them.

    Raises:
        FileNotFoundError, ValueError: When the video cannot be decoded, or `path` is the video.
        RuntimeError: When OpenCV cannot write mp4 files.
    """
    path = Path(path)
    if path.exists() and path.samefile(filename):
        raise ValueError(f'asked to write over the video {filename!r}; expected another file: give '
                         'another folder')
    opened = _opened(filename)
    frames = opened.pop('video_reader')
    height, width = frames[0].shape[:2]
    size = width - width % 2, height - height % 2   # the encoder takes even sides
    path.parent.mkdir(parents=True, exist_ok=True)
    taken, rate = frames_taken(opened, None)
    labelled = _labelled(repeat_frames(_bgr(frames), taken), np.arange(len(taken)) / float(rate),
                         cut_cues(detections), size, progress)
    write_video(path, labelled, fps=float(rate), size=size)


def _opened(filename: str) -> dict:
    try:
        return OpenVideo(reader=PYAV)(dict(filename=filename))
    except ValueError:   # such as of a video whose packets hold half a picture each
        return OpenVideo(reader=AUTO)(dict(filename=filename))


def _labelled(frames: Iterator[np.ndarray], times_sec: np.ndarray, cues: Sequence[Cue],
              size: tuple[int, int], progress: Callable[[int, int], object]
              ) -> Iterator[np.ndarray]:
    starts = np.array([cue.start_ms for cue in cues])
    for done, (frame, time_ms) in enumerate(zip(frames, times_sec * 1000), start=1):
        frame = np.ascontiguousarray(frame[:size[1], :size[0]])
        place = int(np.searchsorted(starts, time_ms, side='right')) - 1
        if place >= 0 and time_ms < cues[place].end_ms:
            _draw(frame, describe(cues[place])[:_LINES])
        yield frame
        progress(done, len(times_sec))


def _bgr(frames: Frames) -> Iterator[np.ndarray]:
    for index in range(len(frames)):
        yield frames[index].asnumpy()[..., ::-1]


def _draw(frame: np.ndarray, lines: Sequence[str]) -> None:
    """White letters with a black edge at the lower left, a line above the other.

    A line that is too long is drawn smaller, since what sticks out would be cut off.
    """
    height, width = frame.shape[:2]
    scale = max(min(height, 2 * width) / 400, 0.3)
    left, line = round(8 * scale), round(26 * scale) + 2
    for place, text in enumerate(reversed(lines)):
        at = (left, height - round(9 * scale) - place * line)
        room = width - 2 * left
        size = 0.7 * scale * min(1, room / _text_width(text, 0.7 * scale, 4 * scale))
        for colour, thickness in (((0, 0, 0), 4), ((255, 255, 255), 1.5)):
            cv2.putText(frame, text, at, _FONT, size, colour, max(1, round(thickness * scale)),
                        cv2.LINE_AA)


def _text_width(text: str, size: float, thickness: float) -> int:
    return cv2.getTextSize(text, _FONT, size, max(1, round(thickness)))[0][0]
