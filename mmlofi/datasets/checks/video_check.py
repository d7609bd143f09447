"""What is checked of a video, and what was found: the faults that there are, and what they mean."""
from __future__ import annotations

from dataclasses import dataclass, field

from mmlofi.datasets.annotations import VideoRecord
from mmlofi.datasets.features.feature_files import FeatureFile

# What a fault is called, in the order of the table, and what it means.
ERRORS = {
    'missing': 'no file of that name',
    'several files': 'one with v_ and another one without, or of two endings',
    'unreadable': 'no video, no frame, sound alone, cut off, damaged, or not all pictures',
    'bad pictures': 'pictures of a folder that cannot be decoded, or differ in size',
    'other features': 'of another grid, size or encoder than expected, or than the rest',
    'bad entry': 'the entry, its subset or its list of annotations is not as the format has it',
    'bad duration': 'the annotated duration is no number of seconds above 0',
    'bad segment': 'a segment is no pair of numbers',
    'bad label': 'a label is no text, or an empty one',
    'bad values': 'features are damaged behind their header, or not finite',
    'bad name': 'the video is named as no file in a folder can be called',
    'reversed': 'a segment ends before it starts, or is no number',
    'outside': 'a segment lies outside the annotated duration',
    'after end': 'a segment starts after the end of the file',
    'unknown class': 'a label is none of metainfo.classes',
    'listed twice': 'the annotation file has the video, or a key of it, again with other contents',
    'in two subsets': 'the same video, or the same file, is in another subset too'}
WARNINGS = {
    'duration': 'the file lasts longer or shorter than annotated',
    'listed again': 'the annotation file has the video more than once, each time the same',
    'no length': 'a segment starts where it ends; training leaves it out',
    'over end': 'a segment reaches over the end of the file; training clips it',
    'same file': 'another video of the subset has the same file'}


@dataclass(frozen=True)
class Source:
    """Annotations, and where their files lie."""

    ann_file: str
    subset: tuple[str, ...] | None = None      # None: all
    folder: str | None = None                  # None: annotations alone are checked
    filename_tmpl: str = '{}.mp4'
    features: bool = False
    classes: tuple[str, ...] | None = None     # those allowed
    loader: str | None = None                  # json of the settings of LoadSnippetFeatures
    windows: bool = False                      # whether windows are cut of the features
    ignore: tuple[str, ...] | None = None      # classes that do not count; None: if known, those
    reader: str | None = None                  # as of `OpenVideo`
    opener: str | None = None                  # json of the settings of OpenFrames, of pictures
    training: bool = field(default=False, compare=False)   # whether it is, whatever the subset
    appended: tuple[Source, ...] = ()          # further folders of features, as AppendFeatures has


@dataclass
class VideoCheck:
    """What was found out about one video."""

    record: VideoRecord
    source: Source
    filename: str | None = None
    duration_sec: float | None = None
    stored: FeatureFile | None = None   # what a file of features says, its shape (C, L)
    faults: list[tuple[str, str]] = field(default_factory=list)   # (kind, detail)
    appended: list[VideoCheck] = field(default_factory=list)   # of its files in further folders

    @property
    def errors(self) -> list[str]:
        """The kinds of faults that stop a training."""
        return [kind for kind, _ in self.faults if kind in ERRORS]
