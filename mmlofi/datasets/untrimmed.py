"""The dataset of untrimmed videos, or of their snippet features."""
from __future__ import annotations

import functools
import logging
from collections.abc import Sequence

import numpy as np
from mmaction.registry import DATASETS
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from mmlofi.datasets.annotations import (
    VideoRecord,
    load_annotations,
    load_class_names,
    load_video_names,
)
from mmlofi.datasets.features.feature_files import FeatureFile
from mmlofi.datasets.label_checks import (
    refuse_missing_file,
    refuse_no_actions,
    refuse_unknown_classes,
    tell_of_doubtful,
)
from mmlofi.datasets.replacing import other_video
from mmlofi.datasets.sample_index import SampleIndex
from mmlofi.datasets.transforms import OpenFrames, OpenVideo
from mmlofi.datasets.videos.damage import FRAMES
from mmlofi.datasets.videos.enlarging import warn_of_enlarging
from mmlofi.datasets.videos.facts import Facts, FeatureFacts, FolderFacts, VideoFacts
from mmlofi.datasets.videos.file_checks import files_backend, refuse_bad_files
from mmlofi.datasets.videos.find_files import TEMPLATES, default_template, find_files
from mmlofi.datasets.videos.index import FileIndex
from mmlofi.datasets.videos.indexing import READERS
from mmlofi.datasets.videos.look import Looking, look_at_files, states_of
from mmlofi.datasets.videos.patience import passes, with_patience
from mmlofi.datasets.videos.storage import on_disk
from mmlofi.datasets.windows import SlidingWindows
from mmlofi.fidelity import FULL
from mmlofi.files import path_in
from mmlofi.options import require_whole
from mmlofi.randomness import seeded

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
    cannot be read, an empty subset or, for training, one that labels nothing, a class outside
    `metainfo.classes`, and, unless `check_files=False`, with their number and the first few names,
    files that are missing or cannot be read, videos that end before an annotated segment starts,
    and features of another size or fidelity than `LoadSnippetFeatures` expects, or of another
    encoder than the others'. Names of classes that differ by case or spaces alone are a warning.

    Args:
        ann_file: Json in ActivityNet's or MMAction2's format, under `data_root` unless absolute.
        subset: The subset's name, or several.
        data_prefix: ``dict(video=folder)``; ``dict(feature=folder)``, or an h5 file of the features
            of all videos; or ``dict(img=folder)`` of folders of pictures, which `OpenFrames` opens.
        filename_tmpl: File of a video; '{}' is its name. Default '{}.mp4', '{}.npz' for features,
            '{}' in an h5 file and for folders. A file is also found with ActivityNet's leading
            ``v_`` added or left out, and a video with another ending than the template's.
        check_files: Whether each file is looked for at construction, a frame of each video decoded
            and the header of each feature file read (tools/check_dataset.py reads the values).
            'keys' decodes the key frames of videos, which finds holes, and 'all' every frame, which
            finds most damage and costs up to minutes an hour of video (docs/own_data.md). What was
            found stands in the index of files, so that a later start asks only whether a file has
            changed; 'index' asks not even that (docs/clusters.md).
        window: ``dict(stride=128)``, and `min_inside`, of `SlidingWindows`: an index is then a
            window of the pipeline's `num_snippets`, all of them in testing, in training those that
            hold an action. The index of files says how many snippets each video has.
        ignore_classes: Classes that are not trained on. None: those of the data set, if it is known
            (THUMOS14's `Ambiguous`); () takes every class.
        backend_args: The MMEngine file backend of the annotation file. Videos, pictures and
            features are read by the `backend_args` of the transform that opens them; those that
            are not on a disk are looked for under the template's names, and opened here only for
            `window`, or where `check_files` says which frames: each is fetched for it, once.
        index: Folder of the index of what the files are. None: that beside the annotation file,
            or, where its folder takes no files, one in the user's cache.
        readers: Files looked at at a time in each rank.
        kwargs: `metainfo` (with `classes`, names or a text file with one a line, else all labels of
            the annotation file in alphabetical order), `pipeline`, `test_mode`, `indices`, … of
            MMEngine's BaseDataset.

    Raises:
        FileNotFoundError: For a missing annotation file or missing videos.
        ValueError: For anything else listed above, and where a video has a file with and another
            one without ``v_``, or of two endings.
    """

    def __init__(self, ann_file: str, *, subset: str | Sequence[str], data_prefix: dict,
                 filename_tmpl: str | None = None, check_files: bool | str = True,
                 window: dict | None = None, ignore_classes: Sequence[str] | None = None,
                 backend_args: dict | None = None, index: str | None = None,
                 readers: int = READERS, **kwargs) -> None:
        several = any(isinstance(folder, (list, tuple)) for folder in data_prefix.values())
        if len(data_prefix) != 1 or not set(TEMPLATES) & set(data_prefix) or several:
            raise ValueError(f'UntrimmedVideoDataset got data_prefix={data_prefix}; expected '
                             "dict(video='folder'), dict(feature='folder') or dict(img='folder')"
                             + '; an AppendFeatures in the pipeline reads each further folder of '
                             'features' * several)
        self.subset = subset
        self.source = next(iter(data_prefix))
        self.filename_tmpl = filename_tmpl or default_template(self.source,
                                                               data_prefix[self.source])
        if not isinstance(check_files, bool) and check_files not in (*FRAMES, 'index'):
            raise ValueError(f'UntrimmedVideoDataset got check_files={check_files!r}; expected '
                             f'True, False, or which frames are decoded: one of {FRAMES}; or '
                             "'index', to believe what the index of files has of them")
        require_whole('UntrimmedVideoDataset', readers=readers)
        self.check_files, self.index, self.readers = check_files, index, readers
        self.window = window
        self.ignore_classes = ignore_classes
        self.backend_args = backend_args
        self.num_videos = 0   # len() counts windows, where there are any
        self.stored_sides: list[int] = []   # of the videos' frames, the shorter ones, if known
        super().__init__(ann_file=ann_file, data_prefix=data_prefix, **kwargs)

    def load_data_list(self) -> list[dict]:
        """One dict a video: video_name, filename, segments_sec, gt_labels, ignored_sec, fps,
        duration_sec (which transforms replace by the file's) and annotated_duration_sec."""
        records = load_annotations(self.ann_file, self.subset, self.backend_args,
                                   self.ignore_classes)
        if not self.test_mode:
            refuse_no_actions(records, self.ann_file, self.subset)
        refuse_missing_file(self._metainfo.get('classes'))
        if 'classes' not in self._metainfo:
            self._metainfo['classes'] = load_class_names(self.ann_file, self.backend_args,
                                                         self.ignore_classes)
        class_index = {label: index for index, label in enumerate(self._metainfo['classes'])}
        refuse_unknown_classes(records, class_index, self.ann_file, self.subset)
        files = [self._path(record.name) for record in records]
        if on_disk(files[0], files_backend(self.pipeline.transforms)):
            files = find_files(files, lambda: map(self._path, load_video_names(
                self.ann_file, self.backend_args)))
        data_list = [self._data_info(record, filename, class_index)
                     for record, filename in zip(records, files)]
        facts = self._facts(data_list)
        for info, one in zip(data_list, facts):
            if isinstance(one, VideoFacts | FolderFacts):   # who opens it need not find out again
                info['facts'] = one
        if not self.test_mode:
            tell_of_doubtful(records, self._metainfo['classes'], self.ann_file, self.subset)
        self.num_videos = len(data_list)
        return data_list if self.window is None else self._cut_windows(data_list, facts)

    def __getitem__(self, index: int | SampleIndex) -> dict:
        """The sample after the pipeline; a passing fault of the storage makes it wait, no other.

        Raises:
            ValueError: With the video's name, in test mode when it fails, in training when
                `ATTEMPTS` other ones, or all there are, fail as well.
        """
        if not isinstance(index, SampleIndex):
            index = SampleIndex(index)
        return with_patience(functools.partial(self._sample, index))

    def _sample(self, index: SampleIndex, is_last: bool) -> dict:
        """With the random numbers of the index from their start, at whichever attempt."""
        replaced, tried = [], [int(index)]
        with seeded(index.seed):
            while True:
                info = self.sample_info(tried[-1], fidelity=index.fidelity, replaced=replaced)
                try:
                    return self.pipeline(info)
                except MemoryError:
                    raise
                except Exception as error:
                    if not is_last and passes(error):
                        raise
                    reason = f'{type(error).__name__}: {error}'
                    message = (f'video {info["video_name"]!r} ({info["filename"]}) failed in the '
                               f'pipeline at fidelity {index.fidelity.name!r}: {reason}')
                    other = None if self.test_mode else other_video(self, tried, index.seed or 0)
                    if other is None or len(tried) > ATTEMPTS:
                        before = f'; so did, before it, {[name for name, _ in replaced]}'
                        raise ValueError(message + (before if replaced else '')) from error
                    replaced.append((info['video_name'], reason))
                    tried.append(other)

    def sample_info(self, index: int, **more: object) -> dict:
        """What the pipeline gets of a video: what `load_data_list` says, and how to read it."""
        return self.get_data_info(index) | reading(self.test_mode) | more

    def _path(self, name: str) -> str:
        return path_in(self.data_prefix[self.source], name, self.filename_tmpl)

    def _data_info(self, record: VideoRecord, filename: str, class_index: dict[str, int]) -> dict:
        duration = record.duration_sec
        if self.source == 'feature' and record.features_sec is not None:
            duration = record.features_sec
        return dict(video_name=record.name, filename=filename, duration_sec=duration,
                    annotated_duration_sec=duration, fps=record.fps,
                    segments_sec=np.array(record.segments_sec, np.float64).reshape(-1, 2),
                    gt_labels=np.array([class_index[label] for label in record.labels], np.int64),
                    ignored_sec=record.ignored_sec)

    def _cut_windows(self, data_list: list[dict], facts: list[Facts | None]) -> list[dict]:
        windows = SlidingWindows.of_pipeline(self.window, self.pipeline.transforms)
        grids = list(map(self._grid, data_list, facts))
        cut, total, too_long = [], 0, []
        for info, (positions, covered, before) in zip(data_list, grids):
            grid = starts = windows.starts(positions)
            if not self.test_mode:
                segments = (info['segments_sec'] - before) / covered
                starts = windows.training_starts(positions, segments)
                too_long += [(info['video_name'], *segment) for segment in info['segments_sec'][
                    windows.too_long(positions, segments)].tolist()]
            total += len({*grid, *starts})
            cut += [dict(info, first_snippet=first) for first in starts]
        if not cut:
            raise ValueError(
                f'none of the {total} windows of subset {self.subset!r} holds '
                f'{windows.min_inside:g} of an action; expected windows to train on: make them '
                'longer, or lower window.min_inside')
        print_log(f'{len(cut)} windows of {windows.num_snippets} snippets of {len(data_list)} '
                  f'videos of {self.subset!r}' + ('' if self.test_mode else
                  f', which hold an action, of {total}'), logger='current')
        if too_long:
            actions = sum(len(info['gt_labels']) for info in data_list)
            shown = ', '.join(f'{name} [{start:g}, {end:g}]' for name, start, end in too_long[:5])
            print_log(
                f'{len(too_long)} of {actions} actions of {self.subset!r} fit no window, which '
                f'would have to hold {windows.min_inside:g} of them: {shown}'
                f'{", …" * (len(too_long) > 5)}; only windows that hold another action show them, '
                'clipped. More snippets a window, or a lower window.min_inside, would take them in',
                'current', logging.WARNING)
        return cut

    def _grid(self, info: dict, facts: Facts | None) -> tuple[int, float | None, float]:
        """Snippets of the whole video, the seconds that they stand for, and those before."""
        results = dict(info, **reading(self.test_mode))
        if isinstance(facts, FeatureFacts):
            results['stored'] = FeatureFile(*facts[1:])
        for transform in self.pipeline.transforms:
            if hasattr(transform, 'grid'):
                positions, covered, before = transform.grid(results)
                if covered is None and not self.test_mode:
                    raise ValueError(
                        f'video {info["video_name"]!r} has no duration, in the annotations or in '
                        f'{info["filename"]!r}; expected one, to know which windows hold actions: '
                        'add "duration" to the annotations, or extract features with '
                        'tools/extract_features.py, which stores it')
                return positions, covered, before
            if isinstance(transform, OpenVideo) and isinstance(facts, VideoFacts):
                results = results | facts.opened()
            elif isinstance(transform, OpenFrames) and isinstance(facts, FolderFacts):
                results = results | transform.time_axis(results, facts.total_frames)
            else:
                results = transform(results)
        raise AssertionError('SlidingWindows.of_pipeline has found such a transform')

    def _facts(self, data_list: list[dict]) -> list[Facts | None]:
        """What each file is; refuses those that cannot be used, unless they are not checked."""
        index = FileIndex.beside(self.ann_file, self.index)
        if not self.check_files and self.window is None:
            if self.source == 'img' and not on_disk(data_list[0]['filename'], files_backend(
                    self.pipeline.transforms)):   # of which nothing tells whether it has changed
                return [None] * len(data_list)
            return [index.get(info['filename']) for info in data_list]
        cut, asked = self.window is not None, self.check_files in FRAMES
        how = Looking(
            self.source, self.pipeline.transforms, cut, fetched=cut or asked,
            frames=self.check_files if asked else 'first',
            stat=self.check_files != 'index', readers=self.readers)
        facts = look_at_files(index, data_list, how)
        if self.check_files:
            self.stored_sides = refuse_bad_files(
                data_list, states_of(index, data_list, facts, how), source=self.source,
                subset=self.subset)
            if self.test_mode:   # in training the loop knows which fidelities there are
                warn_of_enlarging(self, [FULL])
        return facts


def reading(test_mode: bool) -> dict:
    """How a pipeline is to read a video, at full fidelity: keys that transforms look up."""
    return dict(fidelity=FULL, test_mode=test_mode, modality='RGB', start_index=0, replaced=[])
