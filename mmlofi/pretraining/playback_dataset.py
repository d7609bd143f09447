"""Videos played at each of several rates, as a data set for MMAction2's recognizers."""
from __future__ import annotations

from mmaction.datasets import VideoDataset
from mmaction.registry import DATASETS

from mmlofi.datasets.transforms import OpenVideo
from mmlofi.pretraining.playback import PlaybackRate
from mmlofi.pretraining.too_short import first_long_enough
from mmlofi.pretraining.video_list import read_videos
from mmlofi.randomness import seeded


@DATASETS.register_module()
class PlaybackDataset(VideoDataset):
    """MMAction2's, whose item i is video ``i // R`` at rate ``i % R`` of the pipeline's.

    The file's labels do not matter; the classes of `metainfo` are the rates. With
    ``SeededSampler(group=R)`` clips of one stretch of a video at all rates lie beside each other in
    a batch (SpeedNet's "same batch"), equally many of each. In place of a video that is too short
    the next one is played, at the same rate.

    Args:
        args, kwargs: Of MMAction2's VideoDataset.

    Raises:
        FileNotFoundError: For a list, or videos of it that `OpenVideo` opens, that are missing.
        ValueError: For a pipeline without `PlaybackRate`, and what `read_videos` refuses.
    """

    def load_data_list(self) -> list[dict]:
        """One dict a video and rate: filename, rate_label."""
        found = [one for one in self.pipeline.transforms if isinstance(one, PlaybackRate)]
        if not found:
            raise ValueError('PlaybackDataset got a pipeline without PlaybackRate; expected it '
                             'after OpenVideo: dict(type="PlaybackRate", rates=(1, -1))')
        self.group = len(found[0].rates)
        self._metainfo['classes'] = found[0].names()
        opener = next((one for one in self.pipeline.transforms if isinstance(one, OpenVideo)), None)
        videos = read_videos(super().load_data_list, self.ann_file, delimiter=self.delimiter,
                             several=self.multi_class, opener=opener)
        return [dict(filename=video['filename'], rate_label=label)
                for video in videos for label in range(self.group)]

    def prepare_data(self, idx: int) -> dict:
        """The clip after the pipeline, with random numbers by the index's seed.

        Raises:
            ValueError: When no video is long enough.
        """
        def clip(item: int) -> dict | None:
            with seeded(getattr(idx, 'seed', None)):
                return self.pipeline(self.get_data_info(item))
        return first_long_enough(clip, int(idx), group=self.group, size=len(self),
                                 source=self.ann_file)
