"""The dataset of untrimmed videos, or of their snippet features."""
from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from mmaction.registry import DATASETS
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from mmlofi.datasets.annotations import (
    VideoRecord,
    load_annotations,
    load_class_names,
    load_video_names,
    segments_after,
    tolerance_sec,
)
from mmlofi.datasets.find_files import find_files, spellings
from mmlofi.datasets.sample_index import SampleIndex
from mmlofi.datasets.storage import is_there, on_disk
from mmlofi.datasets.transforms import OpenFrames
from mmlofi.datasets.video_file import MISSING, FileState, look_at_video
from mmlofi.datasets.windows import SlidingWindows
from mmlofi.fidelity import FULL
from mmlofi.randomness import derive_seed, seeded

ATTEMPTS = 8   # videos tried in place of one that cannot be read
TEMPLATES = {'video': '{}.mp4', 'feature': '{}.npz', 'img': '{}'}


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
    cannot be read or, for training, labels nothing, an empty subset, a class outside
    `metainfo.classes`, and, unless `check_files=False`, with their number and the first few names,
    files that are missing or cannot be read, videos that end before an annotated segment starts,
    and features of another size than `LoadSnippetFeatures` expects or than the others'.

    Args:
        ann_file: ActivityNet-format json, under `data_root` unless absolute.
        subset: The subset's name, or several.
        data_prefix: ``dict(video=folder)``, ``dict(feature=folder)``, or ``dict(img=folder)`` of
            folders of pictures, which `OpenFrames` opens.
        filename_tmpl: File of a video; '{}' is its name. Default '{}.mp4', '{}.npz' for features,
            '{}' for folders of pictures. A file is also found with ActivityNet's leading ``v_``
            added or left out.
        check_files: Whether each file is looked for at construction, a frame of each video decoded
            and the header of each feature file read.
        window: ``dict(stride=128)``, and `min_inside`, of `SlidingWindows`: an index is then a
            window of the pipeline's `num_snippets`, all of them in testing, in training those that
            hold an action. Each video is opened at construction, to know how many it has.
        backend_args: The MMEngine file backend of the annotation file. Videos, pictures and
            features are read by the `backend_args` of the transform that opens them; those that
            are not on a disk are looked for under the template's names, and not opened here.
        kwargs: `metainfo` (with `classes`, else all labels of the annotation file in alphabetical
            order), `pipeline`, `test_mode`, `indices`, … of MMEngine's BaseDataset.

    Raises:
        FileNotFoundError: For a missing annotation file or missing videos.
        ValueError: For anything else listed above, and where a video has a file with and another
            one without ``v_``.
    """

    def __init__(self, ann_file: str, *, subset: str | Sequence[str], data_prefix: dict,
                 filename_tmpl: str | None = None, check_files: bool = True,
                 window: dict | None = None, backend_args: dict | None = None,
                 **kwargs) -> None:
        if len(data_prefix) != 1 or not set(TEMPLATES) & set(data_prefix):
            raise ValueError(f'UntrimmedVideoDataset got data_prefix={data_prefix}; expected '
                             "dict(video='folder'), dict(feature='folder') or dict(img='folder')")
        self.subset = subset
        self.source = next(iter(data_prefix))
        self.filename_tmpl = filename_tmpl or TEMPLATES[self.source]
        self.check_files = check_files
        self.window = window
        self.backend_args = backend_args
        self.num_videos = 0   # len() counts windows, where there are any
        super().__init__(ann_file=ann_file, data_prefix=data_prefix, **kwargs)

    def load_data_list(self) -> list[dict]:
        """One dict a video: video_name, filename, segments_sec, gt_labels, duration_sec (which
        transforms replace by the file's) and annotated_duration_sec."""
        records = load_annotations(self.ann_file, self.subset, self.backend_args)
        self._take_classes(records)
        class_index = {label: index for index, label in enumerate(self._metainfo['classes'])}
        self._refuse_unknown_classes(records, class_index)
        files = [self._path(record.name) for record in records]
        if on_disk(files[0], self._files_backend()):
            files = find_files(files, lambda: map(self._path, load_video_names(
                self.ann_file, self.backend_args)))
        data_list = [self._data_info(record, filename, class_index)
                     for record, filename in zip(records, files)]
        if self.check_files:
            self._refuse_bad_files(data_list)
        empty = sum(end <= start for record in records for start, end in record.segments_sec)
        if empty and not self.test_mode:
            print_log(f'{self.ann_file}: {empty} segments of {self.subset} have no length and do '
                      'not take part in training', logger='current')
        self.num_videos = len(data_list)
        return data_list if self.window is None else self._cut_windows(data_list)

    def __getitem__(self, index: int | SampleIndex) -> dict:
        """The sample after the pipeline.

        Raises:
            ValueError: With the video's name, in test mode when it fails, in training when
                `ATTEMPTS` other ones, or all there are, fail as well.
        """
        if not isinstance(index, SampleIndex):
            index = SampleIndex(index)
        replaced, tried = [], [int(index)]
        with seeded(index.seed):
            while True:
                info = self.sample_info(tried[-1], fidelity=index.fidelity, replaced=replaced)
                try:
                    return self.pipeline(info)
                except MemoryError:
                    raise
                except Exception as error:
                    reason = f'{type(error).__name__}: {error}'
                    message = (f'video {info["video_name"]!r} ({info["filename"]}) failed in the '
                               f'pipeline at fidelity {index.fidelity.name!r}: {reason}')
                    others = [] if self.test_mode else self._others(tried)
                    if not others or len(tried) > ATTEMPTS:
                        before = f'; so did, before it, {[name for name, _ in replaced]}'
                        raise ValueError(message + (before if replaced else '')) from error
                    replaced.append((info['video_name'], reason))
                    tried.append(others[derive_seed(index.seed or 0, *tried) % len(others)])

    def sample_info(self, index: int, **more: object) -> dict:
        """What the pipeline gets of a video: what `load_data_list` says, and how to read it."""
        return self.get_data_info(index) | reading(self.test_mode) | more

    def _others(self, tried: list[int]) -> list[int]:
        """The indices of which no video was tried yet."""
        if self.window is None:
            return sorted(set(range(len(self))) - set(tried))
        names = [self.get_data_info(index)['video_name'] for index in range(len(self))]
        failed = {names[index] for index in tried}
        return [index for index, name in enumerate(names) if name not in failed]

    def _path(self, name: str) -> str:
        return os.path.join(self.data_prefix[self.source], self.filename_tmpl.format(name))

    def _data_info(self, record: VideoRecord, filename: str, class_index: dict[str, int]) -> dict:
        return dict(video_name=record.name, filename=filename, duration_sec=record.duration_sec,
                    annotated_duration_sec=record.duration_sec,
                    segments_sec=np.array(record.segments_sec, np.float64).reshape(-1, 2),
                    gt_labels=np.array([class_index[label] for label in record.labels], np.int64))

    def _cut_windows(self, data_list: list[dict]) -> list[dict]:
        windows = SlidingWindows.of_pipeline(self.window, self.pipeline.transforms)
        with ThreadPoolExecutor(8) as pool:
            grids = list(pool.map(self._grid, data_list))
        cut, total = [], 0
        for info, (positions, duration) in zip(data_list, grids):
            starts = windows.starts(positions)
            total += len(starts)
            if not self.test_mode:
                starts = windows.training_starts(positions, info['segments_sec'] / duration)
            cut += [dict(info, first_snippet=first) for first in starts]
        if not cut:
            raise ValueError(
                f'none of the {total} windows of subset {self.subset!r} holds '
                f'{windows.min_inside:g} of an action; expected windows to train on: make them '
                'longer, or lower window.min_inside')
        print_log(f'{len(cut)} windows of {windows.num_snippets} snippets of {len(data_list)} '
                  f'videos of {self.subset!r}' + ('' if self.test_mode else
                  f', which hold an action, of {total}'), logger='current')
        return cut

    def _grid(self, info: dict) -> tuple[int, float | None]:
        """Snippets and duration of the whole video."""
        results = dict(info, **reading(self.test_mode))
        for transform in self.pipeline.transforms:
            if hasattr(transform, 'grid'):
                positions, duration = transform.grid(results)
                if duration is None and not self.test_mode:
                    raise ValueError(
                        f'video {info["video_name"]!r} has no duration, in the annotations or in '
                        f'{info["filename"]!r}; expected one, to know which windows hold actions: '
                        'add "duration" to the annotations, or extract features with '
                        'tools/extract_features.py, which stores it')
                return positions, duration
            results = transform(results)
        raise AssertionError('SlidingWindows.of_pipeline has found such a transform')

    def _take_classes(self, records: list[VideoRecord]) -> None:
        given = 'classes' in self._metainfo
        if given and (self.test_mode or any(record.labels for record in records)):
            return
        names = load_class_names(self.ann_file, self.backend_args)
        if not names and not self.test_mode:
            raise ValueError(f'{self.ann_file} labels no action in any of its videos; expected '
                             'some to train on: set `ann_file` to one that has "annotations", or '
                             'test_mode=True where nothing is trained')
        if not given:
            self._metainfo['classes'] = names

    def _refuse_unknown_classes(self, records: list[VideoRecord],
                                class_index: dict[str, int]) -> None:
        unknown = sorted({label for record in records for label in record.labels
                          if label not in class_index})
        if unknown:
            raise ValueError(f'{self.ann_file} labels actions as {unknown[:5]} ({len(unknown)} '
                             f'unknown classes in subset {self.subset!r}); expected the '
                             f'{len(class_index)} of metainfo.classes: add them there, or correct '
                             'the annotations')

    def _refuse_bad_files(self, data_list: list[dict]) -> None:
        if os.environ.get('LOCAL_RANK', '0') != '0':   # once a machine; if it fails, all stop
            return
        print_log(f'looking at {len(data_list)} {self.source} files of {self.subset!r} '
                  '(check_files=False leaves it out)', logger='current')
        with ThreadPoolExecutor(8) as pool:
            states = list(pool.map(self._look_at, data_list))
        self._refuse_unusable([info['filename'] for info in data_list], states)
        self._refuse_short(data_list, states)
        self._refuse_unequal([info['filename'] for info in data_list], states)

    def _files_backend(self) -> dict | None:
        """That of the transform which opens the files, if it has one."""
        return next((transform.backend_args for transform in self.pipeline.transforms
                     if getattr(transform, 'backend_args', None) is not None), None)

    def _look_at(self, info: dict) -> FileState:
        backend_args = self._files_backend()
        if not on_disk(info['filename'], backend_args) and self.source != 'img':
            there = is_there(info['filename'], backend_args)
            return FileState(problem=None if there else MISSING)
        if self.source == 'img':
            return self._look_at_frames(info)
        if not os.path.isfile(info['filename']):
            return FileState(problem=MISSING)
        if self.source == 'video':
            return look_at_video(info['filename'], info['segments_sec'])
        for transform in self.pipeline.transforms:
            if hasattr(transform, 'check_file'):
                try:
                    return FileState(channels=transform.check_file(info['filename']))
                except ValueError as error:
                    return FileState(problem=str(error))
        return FileState()

    def _look_at_frames(self, info: dict) -> FileState:
        opener = next((transform for transform in self.pipeline.transforms
                       if isinstance(transform, OpenFrames)), None)
        if opener is None:
            raise ValueError('data_prefix=dict(img=…) needs a pipeline that opens folders of '
                             'pictures; expected OpenFrames in place of OpenVideo')
        try:
            results = opener(dict(info))
            results['video_reader'].get_batch([0])
        except FileNotFoundError:
            return FileState(problem=MISSING)
        except ValueError as error:
            return FileState(problem=str(error))
        return FileState(duration_sec=results['duration_sec'])

    def _refuse_unusable(self, filenames: list[str], states: list[FileState]) -> None:
        bad = [(name, state.problem) for name, state in zip(filenames, states) if state.problem]
        missing = [name for name, problem in bad if problem == MISSING]
        first = [name for name, _ in bad[:3]]
        advice = 'correct data_prefix and filename_tmpl, or drop these videos from the annotations'
        if missing:
            raise FileNotFoundError(
                f'{len(missing)} of {len(filenames)} {self.source} files of subset '
                f'{self.subset!r} are missing, the first: {missing[:3]} (nor '
                f'{[os.path.basename(other) for other in spellings(missing[0])]}); expected one '
                f'file a video: {advice}; check_files=False where they are not on a disk')
        if bad and self.source == 'video':
            raise ValueError(f'{len(bad)} of {len(filenames)} videos of subset {self.subset!r} '
                             'hold no readable video stream or are cut off, the first: '
                             f'{first}; expected whole videos: {advice}')
        if bad:
            raise ValueError(f'{len(bad)} of {len(filenames)} {self.source} files of subset '
                             f'{self.subset!r} cannot be used, the first: {first}; {bad[0][1]}')

    def _refuse_short(self, data_list: list[dict], states: list[FileState]) -> None:
        short = []
        for info, (_, duration, _) in zip(data_list, states):
            lost = [] if duration is None else segments_after(
                info['segments_sec'], duration + tolerance_sec(duration))
            if lost:
                short.append(f'{info["filename"]!r} lasts {duration:.2f} s and has a segment '
                             f'[{lost[0][0]:g}, {lost[0][1]:g}]')
        if short:
            raise ValueError(
                f'{len(short)} of {len(data_list)} videos of subset {self.subset!r} end before an '
                f'annotated segment starts, the first: {"; ".join(short[:3])}; expected all '
                'segments inside their video: get the whole files, or correct or drop these videos '
                'in the annotations')

    def _refuse_unequal(self, filenames: list[str], states: list[FileState]) -> None:
        """Features of several encoders; which of them the head expects is not known here."""
        counts = Counter(state.channels for state in states)
        if len(counts) > 1:
            usual = counts.most_common(1)[0][0]
            others = [(name, state.channels) for name, state in zip(filenames, states)
                      if state.channels != usual]
            raise ValueError(
                f'{len(others)} of {len(filenames)} feature files of subset {self.subset!r} have '
                f'other channels than the {usual} of most, the first: {others[:3]}; expected '
                'features of one encoder: run tools/extract_features.py for all videos again')


def reading(test_mode: bool) -> dict:
    """How a pipeline is to read a video, at full fidelity: keys that transforms look up."""
    return dict(fidelity=FULL, test_mode=test_mode, modality='RGB', start_index=0, replaced=[])
