"""Runs a pipeline of frames a few snippets at a time: memory does not grow with the video.

Shape legend: L snippets a video, l of them at a time, T frames a snippet, H × W a frame.
"""
from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from mmaction.structures import ActionDataSample
from mmcv.transforms import BaseTransform
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from mmlofi.cores import own_cores
from mmlofi.datasets.chunk_size import CHUNK_SNIPPETS
from mmlofi.datasets.untrimmed import UntrimmedVideoDataset
from mmlofi.datasets.videos.patience import PAUSES_SEC, passes
from mmlofi.datasets.videos.side_by_side import SideBySide, side_by_side


class SnippetChunk(NamedTuple):
    """Successive snippets of a video; the chunks of one video come in their order."""

    video: str
    inputs: Tensor                   # (l, 3, T, H, W) uint8
    data_sample: ActionDataSample    # of the whole video
    first: int                       # place of the first snippet among the video's
    total: int                       # L

    @property
    def end(self) -> int:
        """The place after the last snippet; `total` in a video's last chunk."""
        return self.first + len(self.inputs)


class FailedVideo(NamedTuple):
    """In place of a video's chunks, or of the rest of them."""

    video: str
    reason: str


def stream_snippets(transforms: Sequence[BaseTransform], info: dict,
                    chunk_snippets: int = CHUNK_SNIPPETS, begin: int = 0,
                    cores: int | None = None) -> Iterator[SnippetChunk]:
    """The same snippets as the whole pipeline gives at once, `chunk_snippets` at a time.

    The transforms up to the one that chooses frames (`frame_inds`) run once, those after it, from
    decoding to packing, on each chunk. These must not draw random numbers, as in testing they do
    not: each chunk would have a crop of its own. Where there are cores, the next chunks' frames are
    decoded while a chunk is in use.

    Args:
        transforms: A pipeline for frames in test mode, its last transform `PackTALInputs`.
        info: What the dataset gives the pipeline; `UntrimmedVideoDataset.sample_info` lists it.
        begin: The first snippet wanted.
        cores: To decode with, where the pipeline does not say; None takes all of this process.

    Raises:
        FileNotFoundError: When there is no such file.
        ValueError: When the pipeline chooses no frames or fails on the video.
    """
    transforms = list(transforms)
    results = dict(info, cores=own_cores() if cores is None else cores)
    while 'frame_inds' not in results:
        if not transforms:
            raise ValueError('a pipeline chose no frames of the video; expected one for frames, '
                             'with OpenVideo, SampleSnippets and DecodeSnippets: give a config '
                             'whose test_dataloader reads videos')
        results = _apply(transforms.pop(0), results)
    L = results['num_clips']
    frame_inds = np.reshape(results['frame_inds'], (L, -1))                         # (L, T)
    starts = range(begin, L, chunk_snippets)
    chunks = [frame_inds[first:first + chunk_snippets] for first in starts]
    with _decoders_of(chunks, results) as results:
        for first, chosen in zip(starts, chunks):
            part = dict(results, frame_inds=chosen.reshape(-1), num_clips=len(chosen))
            for transform in transforms:
                part = _apply(transform, part)
            inputs, sample = part['inputs'], part['data_samples']
            if len(inputs) != len(chosen):
                raise ValueError(f'a pipeline made {len(inputs)} clips of {len(chosen)} snippets; '
                                 'expected one of each: replace crops that multiply them, such as '
                                 'ThreeCrop, by CenterCrop')
            sample.set_metainfo(dict(num_snippets=L))
            yield SnippetChunk(info['video_name'], inputs, sample, first, L)


class SnippetStream(IterableDataset):
    """The chunks of a dataset's videos, for a DataLoader: each worker streams its own videos.

    Use it with `batch_size=None`. Chunks of the workers' videos come in turns. A video that fails
    ends with a `FailedVideo`, and the next one follows; where the storage has a fault that passes,
    it is opened again after a pause, and goes on where it was.

    Args:
        dataset: In test mode, with a pipeline for frames.
        indices: Of the videos wanted.
        chunk_snippets: Snippets at a time, which with the number of workers bounds memory, beside
            what several decoders hold (`SideBySide`).
        begun: The first snippet wanted of videos that are begun, by index.
        cores: As of `stream_snippets`, of each worker.
    """

    def __init__(self, dataset: UntrimmedVideoDataset, indices: Sequence[int],
                 chunk_snippets: int = CHUNK_SNIPPETS, begun: Mapping[int, int] | None = None,
                 cores: int | None = None) -> None:
        self.dataset, self.indices, self.chunk_snippets = dataset, list(indices), chunk_snippets
        self.begun, self.cores = begun or {}, cores

    def __iter__(self) -> Iterator[SnippetChunk | FailedVideo]:
        worker = get_worker_info()
        mine = self.indices if worker is None else self.indices[worker.id::worker.num_workers]
        for index in mine:
            yield from self._video(index)

    def _video(self, index: int) -> Iterator[SnippetChunk | FailedVideo]:
        begin, pauses = self.begun.get(index, 0), iter(PAUSES_SEC)
        while True:
            info = self.dataset.sample_info(index)
            try:
                for chunk in stream_snippets(self.dataset.pipeline.transforms, info,
                                             self.chunk_snippets, begin, self.cores):
                    yield chunk
                    begin, pauses = chunk.end, iter(PAUSES_SEC)
                return
            except (FileNotFoundError, ValueError) as error:
                pause_sec = next(pauses, None) if passes(error) else None
                if pause_sec is None:
                    yield FailedVideo(info['video_name'], str(error))
                    return
                time.sleep(pause_sec)


@contextmanager
def _decoders_of(chunks: Sequence[np.ndarray], results: dict) -> Iterator[dict]:
    """The results with a reader that knows which frames follow."""
    if results.get('num_decoders', 1) < 2 or not chunks:
        yield results
        return
    reader = side_by_side(results['video_reader'], chunks, results['num_decoders'])
    try:
        yield dict(results, video_reader=reader, num_decoders=1)
    finally:
        if isinstance(reader, SideBySide):
            reader.close()


def _apply(transform: BaseTransform, results: dict) -> dict:
    name, filename = results.get('video_name'), results.get('filename')
    try:
        results = transform(results)
    except (FileNotFoundError, MemoryError):
        raise
    except Exception as error:
        raise ValueError(f'video {name!r} ({filename}) failed in the pipeline: '
                         f'{type(error).__name__}: {error}') from error
    if results is None:
        raise ValueError(f'video {name!r} ({filename}) was dropped by {transform}; expected a '
                         'pipeline for testing, which keeps every video')
    return results
