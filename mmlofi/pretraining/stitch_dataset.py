"""Videos stitched to others, as a data set for MMAction2's recognizers."""
from __future__ import annotations

import numpy as np
from mmaction.datasets import VideoDataset
from mmaction.registry import DATASETS

from mmlofi.datasets.transforms import OpenVideo
from mmlofi.pretraining.stitch import KINDS, OTHER_CLASS, SAME_CLASS, StitchBoundary
from mmlofi.pretraining.too_short import first_long_enough
from mmlofi.pretraining.video_list import read_videos
from mmlofi.randomness import derive_seed, seeded


@DATASETS.register_module()
class StitchDataset(VideoDataset):
    """MMAction2's, whose item i is video ``i // 4`` with boundary ``i % 4`` of `StitchBoundary`.

    The classes of the list say which video may be joined to which: another one of the class, or one
    of a class drawn among the others. Random numbers come from the index's seed (`SeededSampler`);
    in testing from the item's number, so that a clip is always the same. In place of a video that
    is too short the next one is stitched, by the same kind of boundary. The classes of `metainfo`
    are the kinds.

    Args:
        args, kwargs: Of MMAction2's VideoDataset.

    Raises:
        FileNotFoundError: For a list, or videos of it, that are missing.
        ValueError: For a pipeline without `StitchBoundary`, what `read_videos` refuses, and a list
            of one class, or with a class of one video.
    """

    group = len(KINDS)

    def load_data_list(self) -> list[dict]:
        """One dict a video and kind: filename, video_class, place, kind."""
        if not any(isinstance(one, StitchBoundary) for one in self.pipeline.transforms):
            raise ValueError('StitchDataset got a pipeline without StitchBoundary; expected it in '
                             'front, which opens and decodes both videos')
        self._metainfo['classes'] = KINDS
        videos = read_videos(super().load_data_list, self.ann_file, delimiter=self.delimiter,
                             several=False, opener=OpenVideo())
        self._files = [video['filename'] for video in videos]
        labels = np.array([video['label'] for video in videos])
        self._places = {label: np.flatnonzero(labels == label).tolist() for label in set(
            labels.tolist())}
        single = sorted(label for label, places in self._places.items() if len(places) < 2)
        if len(self._places) < 2 or single:
            raise ValueError(f'{self.ann_file!r} has videos of {len(self._places)} class(es)'
                             + (f', of which {single[:5]} have one alone' if single else '')
                             + '; expected two classes or more, of two videos or more each, to '
                             'stitch those of one class and of two: write the number of its class '
                             'after each file, and add videos or leave single ones out')
        return [dict(filename=video['filename'], video_class=int(label), place=place, kind=kind)
                for place, (video, label) in enumerate(zip(videos, labels))
                for kind in range(len(KINDS))]

    def prepare_data(self, idx: int) -> dict:
        """The clip after the pipeline.

        Raises:
            ValueError: When no video is long enough.
        """
        seed = derive_seed(int(idx)) if self.test_mode else getattr(idx, 'seed', None)

        def clip(item: int) -> dict | None:
            info = self.get_data_info(item) | dict(test_mode=self.test_mode)
            with seeded(seed):
                if info['kind'] in (OTHER_CLASS, SAME_CLASS):
                    info['second_filename'] = self._files[self._partner(info)]
                return self.pipeline(info)
        return first_long_enough(clip, int(idx), group=self.group, size=len(self),
                                 source=self.ann_file)

    def _partner(self, info: dict) -> int:
        """Which video is joined to one."""
        label = info['video_class']
        if info['kind'] == OTHER_CLASS:
            label = int(np.random.choice(sorted(set(self._places) - {label})))
        return int(np.random.choice([place for place in self._places[label]
                                     if place != info['place']]))
