"""The dataset of untrimmed videos, or of their snippet features."""
from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
from mmaction.registry import DATASETS
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from mmlofi.datasets.annotations import VideoRecord, class_names, load_annotations
from mmlofi.datasets.sample_index import SampleIndex
from mmlofi.randomness import derive_seed, seeded

ATTEMPTS = 8   # videos tried in place of one that cannot be read



@DATASETS.register_module()
class UntrimmedVideoDataset(BaseDataset):
    """Untrimmed videos with the segments of their actions, each sample at the fidelity asked for.

    An index is a video's number, or the `SampleIndex` that `FidelityBatchSampler` yields: fidelity
    and random seed travel with the index, so that a sample is the same whichever process makes it.
    A plain number means full fidelity, and random numbers as they come.

    In training, a video that fails in the pipeline is replaced by another one, drawn by the
    sample's seed, at the same fidelity; the sample's metainfo `replaced` names the video and the
    reason, which `BadVideosHook` counts and reports.

    Everything that can be known to be wrong is said at construction: an annotation file that
    cannot be read, an empty subset, a class outside `metainfo.classes`, and, unless
    `check_files=False`, missing and unreadable videos, all counted and the first few named, and
    features whose first file is not of the size that `LoadSnippetFeatures` expects.

    Args:
        ann_file: ActivityNet-format json, under `data_root` unless absolute.
        subset: The subset's name, or several.
        data_prefix: ``dict(video=folder)`` or ``dict(feature=folder)``.
        filename_tmpl: File of a video; '{}' is its name. Default '{}.mp4', or '{}.npz' for
            features.
        check_files: Whether each file is looked for (and each video opened) at construction.
        kwargs: `metainfo` (with `classes`, else all labels of the annotation file in alphabetical
            order), `pipeline`, `test_mode`, `indices`, … of MMEngine's BaseDataset.

    Raises:
        FileNotFoundError: For a missing annotation file or missing videos.
        ValueError: For anything else listed above.
    """

    def __init__(self, ann_file: str, *, subset: str | Sequence[str], data_prefix: dict,
                 filename_tmpl: str | None = None, check_files: bool = True, **kwargs) -> None:
        if len(data_prefix) != 1 or not {'video', 'feature'} & set(data_prefix):
            raise ValueError(f'UntrimmedVideoDataset got data_prefix={data_prefix}; expected '
                             "dict(video='folder') or dict(feature='folder')")
        self.subset = subset
        self.source = next(iter(data_prefix))
        self.filename_tmpl = filename_tmpl or ('{}.mp4' if self.source == 'video' else '{}.npz')
        self.check_files = check_files
        super().__init__(ann_file=ann_file, data_prefix=data_prefix, **kwargs)

    def load_data_list(self) -> list[dict]:
        """One dict a video: video_name, filename, duration_sec, segments_sec, gt_labels."""
        records = load_annotations(self.ann_file, self.subset)
        if 'classes' not in self._metainfo:
            self._metainfo['classes'] = class_names(load_annotations(self.ann_file))
        class_index = {label: index for index, label in enumerate(self._metainfo['classes'])}
        self._refuse_unknown_classes(records, class_index)
        data_list = [self._data_info(record, class_index) for record in records]
        if self.check_files:
            self._refuse_bad_files([info['filename'] for info in data_list])
            self._check_first_file(data_list[0]['filename'])
        empty = sum(end <= start for record in records for start, end in record.segments_sec)
        if empty and not self.test_mode:
            print_log(f'{self.ann_file}: {empty} segments of {self.subset} have no length and do '
                      'not take part in training', logger='current')
        return data_list

    def __getitem__(self, index: int | SampleIndex) -> dict:
        """The sample after the pipeline.

        Raises:
            ValueError: With the video's name, in test mode when it fails, in training when
                `ATTEMPTS` other ones fail as well.
        """
        if not isinstance(index, SampleIndex):
            index = SampleIndex(index)
        replaced = []
        with seeded(index.seed):
            for attempt in range(1 + ATTEMPTS):
                info = self.get_data_info(self._attempt(index, attempt))
                info.update(fidelity=index.fidelity, test_mode=self.test_mode, modality='RGB',
                            start_index=0, replaced=replaced)
                try:
                    return self.pipeline(info)
                except Exception as error:
                    reason = f'{type(error).__name__}: {error}'
                    message = (f'video {info["video_name"]!r} ({info["filename"]}) failed in the '
                               f'pipeline at fidelity {index.fidelity.name!r}: {reason}')
                    if self.test_mode or len(replaced) == ATTEMPTS:
                        others = f'; so did, before it, {[name for name, _ in replaced]}'
                        raise ValueError(message + (others if replaced else '')) from error
                    replaced.append((info['video_name'], reason))

    def _attempt(self, index: SampleIndex, attempt: int) -> int:
        """The number of the video to try: the one asked for, then others by the sample's seed."""
        if attempt == 0:
            return int(index)
        return derive_seed(index.seed or 0, int(index), attempt) % len(self)

    def _data_info(self, record: VideoRecord, class_index: dict[str, int]) -> dict:
        filename = os.path.join(self.data_prefix[self.source],
                                self.filename_tmpl.format(record.name))
        return dict(video_name=record.name, filename=filename, duration_sec=record.duration_sec,
                    segments_sec=np.array(record.segments_sec, np.float64).reshape(-1, 2),
                    gt_labels=np.array([class_index[label] for label in record.labels], np.int64))

    def _refuse_unknown_classes(self, records: list[VideoRecord],
                                class_index: dict[str, int]) -> None:
        unknown = sorted({label for record in records for label in record.labels
                          if label not in class_index})
        if unknown:
            raise ValueError(f'{self.ann_file} labels actions as {unknown[:5]} ({len(unknown)} '
                             f'unknown classes in subset {self.subset!r}); expected the '
                             f'{len(class_index)} of metainfo.classes: add them there, or correct '
                             'the annotations')

    def _refuse_bad_files(self, filenames: list[str]) -> None:
        if os.environ.get('LOCAL_RANK', '0') != '0':   # once a machine; if it fails, all stop
            return
        print_log(f'looking at {len(filenames)} {self.source} files of {self.subset!r} '
                  '(check_files=False leaves it out)', logger='current')
        with ThreadPoolExecutor(8) as pool:
            states = list(pool.map(_is_readable if self.source == 'video' else os.path.isfile,
                                   filenames))
        bad = [name for name, good in zip(filenames, states) if not good]
        missing = [name for name in bad if not os.path.isfile(name)]
        advice = 'correct data_prefix and filename_tmpl, or drop these videos from the annotations'
        if missing:
            raise FileNotFoundError(
                f'{len(missing)} of {len(filenames)} {self.source} files of subset '
                f'{self.subset!r} are missing, the first: {missing[:3]}; expected one file a '
                f'video: {advice}; check_files=False where they are not on a disk')
        if bad:
            raise ValueError(f'{len(bad)} of {len(filenames)} videos of subset {self.subset!r} '
                             'hold no readable video stream or are cut off, the first: '
                             f'{bad[:3]}; expected whole videos: {advice}')

    def _check_first_file(self, filename: str) -> None:
        """Lets transforms that can say so refuse it, as for a wrong size of features: for all."""
        for transform in self.pipeline.transforms:
            if hasattr(transform, 'check_file'):
                transform.check_file(filename)


def _is_readable(filename: str) -> bool:
    """Whether the file is there, not cut off, and its header has a video stream with frames."""
    if not os.path.isfile(filename) or _is_cut_off(filename):
        return False
    capture = cv2.VideoCapture(filename)
    readable = capture.isOpened() and capture.get(cv2.CAP_PROP_FRAME_COUNT) != 0
    capture.release()
    return readable


def _is_cut_off(filename: str) -> bool:
    """Whether an mp4 ends before the last of its top-level boxes does, as broken downloads do.

    Its header may be whole, so that opening it tells nothing. Other containers do not say.
    """
    size = os.path.getsize(filename)
    with open(filename, 'rb') as file:
        if file.read(8)[4:] != b'ftyp':
            return False
        start = 0
        while start < size:
            file.seek(start)
            head = file.read(16)
            length = int.from_bytes(head[:4], 'big')
            if length == 1:   # a long box: its length follows
                length = int.from_bytes(head[8:16], 'big')
            if length == 0:   # to the end of the file, whatever that is
                return False
            start += max(length, 8)
    return start > size
