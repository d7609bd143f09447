"""The segments of untrimmed videos as trimmed clips, for classification by MMAction2."""
from __future__ import annotations

from collections.abc import Sequence

from mmaction.datasets import BaseActionDataset
from mmaction.registry import DATASETS

from mmlofi.datasets.untrimmed import UntrimmedVideoDataset
from mmlofi.datasets.videos.indexing import READERS


@DATASETS.register_module()
class SegmentDataset(BaseActionDataset):
    """Each annotated segment is a clip with one label, for MMAction2's recognizers.

    What ACP+ trains on (LoFi, section 4): the target's own segments, of the annotation file that
    `UntrimmedVideoDataset` reads, which also checks file and videos here. `TrimToSegment`, after
    the video was opened, restricts MMAction2's `SampleFrames` to the segment. Segments of no length
    are left out.

    Args:
        ann_file: ActivityNet-format json, under `data_root` unless absolute.
        subset: The subset's name, or several.
        data_prefix: ``dict(video=folder)``.
        filename_tmpl: File of a video; '{}' is its name.
        check_files: Whether each video is looked at, at construction, and which frames of it, as of
            `UntrimmedVideoDataset`.
        ignore_classes: Classes without clips, as in `UntrimmedVideoDataset`.
        backend_args: The MMEngine file backend of the annotation file.
        index: Folder of the index of what the files are, as in `UntrimmedVideoDataset`.
        readers: Files looked at at a time in each rank.
        kwargs: `pipeline`, `metainfo` (with `classes`, else all labels of the annotation file in
            alphabetical order), `test_mode`, … of MMAction2's BaseActionDataset.

    Raises:
        FileNotFoundError: For a missing annotation file or missing videos.
        ValueError: For anything else that `UntrimmedVideoDataset` refuses, and a subset without a
            segment.
    """

    def __init__(self, ann_file: str, *, subset: str | Sequence[str], data_prefix: dict,
                 filename_tmpl: str = '{}.mp4', check_files: bool | str = True,
                 ignore_classes: Sequence[str] | None = None, backend_args: dict | None = None,
                 index: str | None = None, readers: int = READERS, **kwargs) -> None:
        if set(data_prefix) != {'video'}:
            raise ValueError(f'SegmentDataset got data_prefix={data_prefix}; expected '
                             "dict(video='folder'): clips are cut from videos")
        self._videos = dict(subset=subset, filename_tmpl=filename_tmpl, check_files=check_files,
                            ignore_classes=ignore_classes, backend_args=backend_args,
                            index=index, readers=readers)
        super().__init__(ann_file, data_prefix=data_prefix, **kwargs)

    def load_data_list(self) -> list[dict]:
        """One dict a segment: filename, video_name, segment_sec, label."""
        segments = [
            dict(filename=video['filename'], video_name=video['video_name'],
                 facts=video.get('facts'), segment_sec=(float(start), float(end)),
                 label=int(label))
            for video in self.load_videos().data_list
            for (start, end), label in zip(video['segments_sec'], video['gt_labels'])
            if end > start]
        if not segments:
            raise ValueError(f'{self.ann_file} has no segment in subset '
                             f'{self._videos["subset"]!r}; expected some to cut clips from: set '
                             '`subset` to one with annotations')
        return segments

    def load_videos(self) -> UntrimmedVideoDataset:
        """The annotated videos, which have been looked at; their classes become this data set's."""
        videos = UntrimmedVideoDataset(
            self.ann_file, data_prefix=self.data_prefix, metainfo=self._metainfo, pipeline=[],
            test_mode=self.test_mode, serialize_data=False, **self._videos)
        self._metainfo['classes'] = videos.metainfo['classes']
        return videos
