"""Features of several encoders as one, such as those of frames and of flow.

Shape legend: L features of a video, C channels.
"""
from __future__ import annotations

from contextlib import suppress

import torch
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmlofi.datasets.annotations import tolerance_sec
from mmlofi.datasets.transforms.features import LoadSnippetFeatures
from mmlofi.datasets.videos.find_files import default_template, spellings
from mmlofi.files import path_in


@TRANSFORMS.register_module()
class AppendFeatures(BaseTransform):
    """Puts a video's features of another folder below those that are loaded, channel by channel.

    It follows `LoadSnippetFeatures`, whose features and these have to be of the same times: window
    and seconds are the first one's.

    Required Keys: features, video_name, and those of `LoadSnippetFeatures`

    Modified Keys: features ((C of both, L))

    Args:
        folder: Of a file a video, or an h5 file of all.
        filename_tmpl: File of a video; '{}' is its name. Default as of a dataset's features.
        settings: `num_snippets`, `feat_dim`, `layout`, … of `LoadSnippetFeatures`.

    Raises:
        ValueError: For several folders, and what `LoadSnippetFeatures` refuses.
    """

    def __init__(self, *, folder: str, filename_tmpl: str | None = None, **settings) -> None:
        if isinstance(folder, (list, tuple)):
            raise ValueError(f'AppendFeatures got folder={folder!r}; expected one folder or h5 '
                             'file: another AppendFeatures reads each further one')
        self.folder = folder
        self.filename_tmpl = filename_tmpl or default_template('feature', folder)
        self.load = LoadSnippetFeatures(**settings)

    def transform(self, results: dict) -> dict:
        """Adds the channels.

        Raises:
            FileNotFoundError: When the video has no file in the folder.
            ValueError: As `LoadSnippetFeatures`, without features before, and for another number of
                features, or those of a video that lasts shorter or longer by what the files say.
        """
        if 'features' not in results:
            raise ValueError('AppendFeatures got no features to put others beside; expected '
                             'LoadSnippetFeatures before it in the pipeline')
        loaded = self._load(results)
        path, more, features = loaded['filename'], loaded['features'], results['features']
        # Not `duration_sec`, which may be an annotated one, and those are often off.
        problem = other_video(path, loaded['stored_duration_sec'], results['filename'],
                              results.get('stored_duration_sec'))
        if problem is not None:
            raise ValueError(problem)
        if more.shape[1] != features.shape[1]:
            raise ValueError(
                f'{path!r} gives {more.shape[1]} features, where {results["filename"]!r} gives '
                f'{features.shape[1]}; expected as many, of the same frames: extract them alike, '
                'or give both transforms the same num_snippets')
        results['features'] = torch.cat([features, more])
        return results

    def path(self, video_name: str) -> str:
        """The video's file by the template; one with or without ``v_`` serves in its place."""
        return path_in(self.folder, video_name, self.filename_tmpl)

    def _load(self, results: dict) -> dict:
        wanted = self.path(results['video_name'])
        for path in (wanted, *spellings(wanted)):
            with suppress(FileNotFoundError):
                return self.load(dict(results, filename=path))
        return self.load(dict(results, filename=wanted))   # which says that it is not there

    def __repr__(self) -> str:
        return f'{type(self).__name__}(folder={self.folder!r})'


def other_video(path: str, duration_sec: float | None, first: str, first_sec: float | None
                ) -> str | None:
    """Why features are not of the same video as the first ones; None where nothing tells.

    Args:
        duration_sec, first_sec: Of the video, as each file says it.
    """
    if None in (duration_sec, first_sec) or abs(duration_sec - first_sec) <= tolerance_sec(
            first_sec):
        return None
    return (f'{path!r} is of a video of {duration_sec:.2f} s, and {first!r} of one of '
            f'{first_sec:.2f} s; expected features of the same video: extract them again, from '
            'the same files')
