"""From a head's proposals to detections, in the model or later from files.

Shape legend: K proposals of a video, C classes, L snippets, M detections.

A file for each video, NAME.npz, or for each window of it, NAME@FIRST_SNIPPET.npz, has what the
post-processing needs; `raw.json` beside them, written last, has the classes and with which options
the model itself post-processed.
"""
from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from glob import escape
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mmlofi.detections.soft_nms import soft_nms_batch
from mmlofi.files import write_npz

INFO = 'raw.json'
_OPTIONAL = ('class_scores', 'start', 'end')


@dataclass(frozen=True, eq=False)
class RawProposals:
    """What a head proposes in one video, before soft-NMS."""

    video_name: str
    duration_sec: float
    window_norm: tuple[float, float]  # the part of the video that the segments are shares of
    segments: Tensor                  # (K, 2)
    scores: Tensor                    # (K,)
    class_scores: Tensor | None       # (C,) of the video
    first_snippet: int | None = None  # of a window, where the video was cut into several
    start: Tensor | None = None       # (L,) probabilities, of heads that have them
    end: Tensor | None = None         # (L,)


def postprocess(videos: Sequence[RawProposals], *, nms: dict, top_classes: int
                ) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Soft-NMS, seconds, and each segment once for each of its video's best classes.

    Args:
        videos: Their proposals.
        nms: Options of `soft_nms_batch`.
        top_classes: Classes of the video that each proposal is given.

    Returns:
        segments_sec (M, 2), scores (M,) and labels (M,) of each video; all labels are 0 where
        there are no class scores.
    """
    return [label(video, top_classes) for video in suppress(videos, nms)]


def suppress(videos: Sequence[RawProposals], nms: dict) -> list[RawProposals]:
    """What soft-NMS leaves of each video or window by itself."""
    kept = soft_nms_batch([video.segments for video in videos],
                          [video.scores for video in videos], **nms)
    return [replace(video, segments=segments, scores=scores)
            for video, (segments, scores) in zip(videos, kept)]


def label(video: RawProposals, top_classes: int) -> tuple[Tensor, Tensor, Tensor]:
    """segments_sec (M, 2), scores (M,) and labels (M,) of what soft-NMS left."""
    segments_sec, scores = _to_seconds(video.segments, video), video.scores
    if video.class_scores is None:
        return segments_sec, scores, torch.zeros_like(scores, dtype=torch.long)
    weights, classes = video.class_scores.topk(min(top_classes, len(video.class_scores)))
    return (segments_sec.repeat(len(classes), 1), (weights[:, None] * scores).flatten(),
            classes.repeat_interleave(len(scores)))


def save_raw(folder: str | os.PathLike, video: RawProposals, max_proposals: int) -> None:
    """Writes the best `max_proposals` of a video, whole or not at all."""
    order = video.scores.argsort(descending=True, stable=True)[:max_proposals].sort().values
    window = '' if video.first_snippet is None else f'@{video.first_snippet:06d}'
    path = os.path.join(folder, f'{video.video_name}{window}.npz')
    arrays = dict(segments=video.segments[order], scores=video.scores[order])
    arrays |= {name: getattr(video, name) for name in _OPTIONAL
               if getattr(video, name) is not None}
    more = {} if video.first_snippet is None else dict(first_snippet=video.first_snippet)
    write_npz(path, **more, duration_sec=np.float64(video.duration_sec),
              window_norm=np.array(video.window_norm, np.float64),
              **{name: _numpy(value) for name, value in arrays.items()})


def load_raw(folder: str | os.PathLike) -> tuple[list[RawProposals], dict]:
    """All videos of a folder in the order of their names, and what `raw.json` says.

    Raises:
        FileNotFoundError: Without a `raw.json`: no such folder, or the test did not end.
        ValueError: When there is no video, or a file that cannot be read.
    """
    info = Path(folder, INFO)
    if not info.is_file():
        raise FileNotFoundError(f'no {INFO} in {os.fspath(folder)!r}: expected the folder of a '
                                'test that ended: write one with tools/test.py … --dump-raw FOLDER')
    paths = sorted(Path(folder).glob('*.npz'))
    if not paths:
        raise ValueError(f'{os.fspath(folder)!r} holds no proposals; expected a NAME.npz for each '
                         'video: write them again with tools/test.py … --dump-raw FOLDER')
    return [_load(path) for path in paths], json.loads(info.read_text())


def load_raw_video(folder: str | os.PathLike, video_name: str) -> list[RawProposals]:
    """One video of such a folder: a whole, or its windows.

    Raises:
        FileNotFoundError: When the folder has nothing of it.
        ValueError: For a file that cannot be read.
    """
    whole = Path(folder, f'{video_name}.npz')
    paths = [whole] if whole.is_file() else sorted(
        Path(folder).glob(f'{escape(video_name)}@[0-9]*.npz'))
    if not paths:
        raise FileNotFoundError(f'no proposals of {video_name!r} in {os.fspath(folder)!r}; '
                                'expected those of the same videos: write them with tools/test.py '
                                '… --dump-raw FOLDER')
    return [_load(path) for path in paths]


def _load(path: Path) -> RawProposals:
    try:
        with np.load(path) as content:
            arrays = {name: torch.from_numpy(content[name]) for name in (
                'segments', 'scores', *_OPTIONAL) if name in content}
            first = int(content['first_snippet']) if 'first_snippet' in content else None
            name = path.stem if first is None else path.stem.rpartition('@')[0]
            return RawProposals(name, float(content['duration_sec']),
                                tuple(content['window_norm'].tolist()), arrays['segments'],
                                arrays['scores'], arrays.get('class_scores'), first,
                                arrays.get('start'), arrays.get('end'))
    except (EOFError, KeyError, OSError, ValueError) as error:
        raise ValueError(f'{path} cannot be read ({type(error).__name__}: {error}); expected '
                         'proposals that tools/test.py … --dump-raw wrote: write them '
                         'again') from error


def _numpy(values: Tensor) -> np.ndarray:
    """In single precision: also what was computed in half."""
    return values.detach().cpu().float().numpy()


def _to_seconds(segments: Tensor, video: RawProposals) -> Tensor:
    """From shares of the window that the snippets cover to seconds of the video."""
    start, end = video.window_norm
    return (start + segments * (end - start)) * video.duration_sec
