"""The benchmark's folder: which videos it has, and their annotations.

::

    OUT_DIR/
      benchmark.json      the parameters, so that a folder never mixes two benchmarks
      annotations.json    ActivityNet's format, subsets training and validation
      videos/             untrimmed videos: train_0000.mp4 ..., val_0000.mp4 ...
      clips/              trimmed clips from sources of their own
      clips_train.txt     'file label' lines, for MMAction2's VideoDataset
      clips_val.txt

A video depends on (seed, split, index) and the parameters alone, never on the number of workers.

There are three worlds. In the first the scene tells the class and a video has one. In the second,
with `classes_per_video`, the kind of motion tells it and a video has several; its scene is any. In
the third, with `scene_and_motion`, a video's class is its scene and its kind of motion together.
"""
from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from mmlofi.datasets.videos.write_video import UNREADABLE_WIDTHS, write_video
from mmlofi.files import write_json, write_text

from .motion_trajectory import trimmed_motion, untrimmed_motions
from .motions import motion_names
from .render import render
from .scene_motion import kind_names, scene_of, trimmed_kind, untrimmed_kind
from .scenes import MAX_CLASSES, scene_names
from .trajectory import Trajectory, band_width, trimmed_trajectory, untrimmed_trajectory

# Each split draws from streams of its own: clips never share a scene or an actor with videos.
_STREAMS = {'train': 0, 'val': 1, 'clip_train': 2, 'clip_val': 3}
_SUBSETS = {'train': 'training', 'val': 'validation'}
_VERSION = 1  # of the videos' contents; changes when the same parameters give other frames


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """The parameters of a benchmark; equal parameters give equal videos.

    ``difficulty`` goes from 0, where any single frame shows whether it lies in an action, to 1,
    where only motion does (see ``trajectory``). ``clips_per_class`` counts training clips; a
    quarter as many are added for validation. With ``classes_per_video`` the motion tells the class;
    ``overlap`` is then the share of actions that overlap one of another class, with two actors in
    view if it is above 0. With ``scene_and_motion`` either tells a part of the class, and the clips
    are of another source, with classes of its own.
    """

    seed: int = 0
    difficulty: float = 0.3
    train_videos: int = 80
    val_videos: int = 40
    classes: int = 5
    clips_per_class: int = 40
    side: int = 80
    fps: int = 10
    classes_per_video: int | None = None
    overlap: float = 0.0
    scene_and_motion: bool = False

    def __post_init__(self) -> None:
        band_width(self.difficulty)
        self._check_classes()
        if self.side < 16 or self.side % 2 or self.side in UNREADABLE_WIDTHS:
            raise ValueError(f'side is {self.side}, expected an even number from 18 that decord '
                             f'can read, so none of {UNREADABLE_WIDTHS}; 64, 80 and 96 are fine')
        for name, least in (('fps', 5), ('seed', 0), ('train_videos', 0), ('val_videos', 0),
                            ('clips_per_class', 0)):
            if getattr(self, name) < least:
                raise ValueError(f'{name} is {getattr(self, name)}, expected at least {least}')

    def _check_classes(self) -> None:
        if self.scene_and_motion and self.motion_tells:
            raise ValueError(f'classes_per_video is {self.classes_per_video} with '
                             'scene_and_motion, expected one of the two: a video has one class '
                             'where its scene tells a part of it')
        names, most = self.class_names, self.classes_per_video or 1
        if self.classes_per_video is not None and not 1 <= self.classes_per_video <= len(names):
            raise ValueError(f'classes_per_video is {self.classes_per_video}, expected 1 to '
                             f'{len(names)}, as many as there are classes; ask for fewer, or for '
                             'more classes')
        if not 0 <= self.overlap <= 1 or self.overlap and most < 2:
            raise ValueError(f'overlap is {self.overlap} with classes_per_video '
                             f'{self.classes_per_video}, expected a share from 0 to 1, above 0 '
                             'with 2 classes a video or more; set classes_per_video too')

    @property
    def motion_tells(self) -> bool:
        """Whether the motion alone, and not the scene, tells the class."""
        return self.classes_per_video is not None

    @property
    def class_names(self) -> tuple[str, ...]:
        if self.scene_and_motion:
            return kind_names(self.classes)
        return (motion_names if self.motion_tells else scene_names)(self.classes)

    @property
    def parameters(self) -> dict:
        """All that the videos depend on; those of another world only where it is meant."""
        values = {'version': _VERSION, **asdict(self)}
        others = [] if self.motion_tells else ['classes_per_video', 'overlap']
        others += [] if self.scene_and_motion else ['scene_and_motion']
        return {name: value for name, value in values.items() if name not in others}


@dataclass(frozen=True)
class ProceduralVideo:
    """One video of a benchmark, not drawn yet."""

    benchmark: Benchmark
    split: str
    index: int

    @property
    def is_clip(self) -> bool:
        return self.split.startswith('clip')

    @property
    def name(self) -> str:
        return f'{self.split.removeprefix("clip_")}_{self.index:04d}'

    @property
    def file(self) -> Path:
        """Relative to the benchmark's folder."""
        return Path('clips' if self.is_clip else 'videos') / f'{self.name}.mp4'

    @property
    def label(self) -> int:
        """The class of a clip; of a whole video only where it has one."""
        return self.index % self.benchmark.classes

    def trajectory(self) -> Trajectory:
        """What happens in it, without drawing a frame."""
        rng, about = self._rng('course'), self.benchmark
        common = dict(fps=about.fps, difficulty=about.difficulty)
        if about.scene_and_motion:
            return (trimmed_kind if self.is_clip else untrimmed_kind)(
                rng, **common, label=self.label)
        if not about.motion_tells:
            draw = trimmed_trajectory if self.is_clip else untrimmed_trajectory
            return draw(rng, **common)
        if self.is_clip:
            return trimmed_motion(rng, **common, label=self.label,
                                  num_actors=2 if about.overlap else 1)
        return untrimmed_motions(rng, **common, classes=about.classes, overlap=about.overlap,
                                 classes_per_video=about.classes_per_video)

    def actions(self) -> list[tuple[tuple[float, float], int]]:
        """Segment in seconds and class of each action, by their start."""
        trajectory = self.trajectory()
        labels = trajectory.labels or (self.label, ) * len(trajectory.segments_sec)
        return list(zip(trajectory.segments_sec, labels, strict=True))

    def frames(self) -> Iterator[np.ndarray]:
        """Its frames, uint8 BGR (side, side, 3)."""
        rng, about, scene = self._rng('looks'), self.benchmark, self.label
        if about.motion_tells:
            scene = int(rng.integers(MAX_CLASSES))
        if about.scene_and_motion:
            scene = scene_of(self.label, about.classes, other_source=self.is_clip)
        return render(rng, self.trajectory(), scene=scene, side=about.side)

    def write(self, out_dir: Path) -> None:
        """Draw and encode it, unless its file is there already."""
        path = out_dir / self.file
        if path.exists():
            return
        side = self.benchmark.side
        write_video(path, self.frames(), fps=self.benchmark.fps, size=(side, side))

    def _rng(self, purpose: str) -> np.random.Generator:
        stream = ('course', 'looks').index(purpose)
        return np.random.default_rng(
            [self.benchmark.seed, _STREAMS[self.split], self.index, stream])


def untrimmed_videos(benchmark: Benchmark) -> list[ProceduralVideo]:
    return [ProceduralVideo(benchmark, split, i)
            for split, count in (('train', benchmark.train_videos), ('val', benchmark.val_videos))
            for i in range(count)]


def clips(benchmark: Benchmark, split: str) -> list[ProceduralVideo]:
    """Trimmed clips of ``split`` 'train' or 'val'."""
    per_class = benchmark.clips_per_class
    if split == 'val' and per_class:
        per_class = max(1, per_class // 4)
    return [ProceduralVideo(benchmark, f'clip_{split}', i)
            for i in range(per_class * benchmark.classes)]


def all_videos(benchmark: Benchmark) -> list[ProceduralVideo]:
    return untrimmed_videos(benchmark) + clips(benchmark, 'train') + clips(benchmark, 'val')


def prepare_folder(out_dir: Path, benchmark: Benchmark) -> None:
    """Make the folder, or check that what is in it belongs to this benchmark.

    Raises:
        ValueError: The folder holds a benchmark of other parameters.
    """
    parameters = benchmark.parameters
    path = out_dir / 'benchmark.json'
    if path.exists():
        found = json.loads(path.read_text())
        if found != parameters:
            differing = ', '.join(f'{key} {found.get(key)} there, {parameters.get(key)} asked for'
                                  for key in {**parameters, **found}
                                  if found.get(key) != parameters.get(key))
            raise ValueError(f'{out_dir} holds a benchmark of other parameters ({differing}); '
                             'give another folder, or remove this one')
    for folder in ('videos', 'clips'):
        (out_dir / folder).mkdir(parents=True, exist_ok=True)
    write_json(path, parameters)


def write_annotations(out_dir: Path, benchmark: Benchmark) -> None:
    """``annotations.json``, ``clips_train.txt`` and ``clips_val.txt``."""
    database = {video.name: _database_entry(video) for video in untrimmed_videos(benchmark)}
    taxonomy = [{'nodeId': 0, 'nodeName': 'Root', 'parentId': None, 'parentName': None}]
    taxonomy += [{'nodeId': i, 'nodeName': name, 'parentId': 0, 'parentName': 'Root'}
                 for i, name in enumerate(benchmark.class_names, start=1)]
    content = {'version': 'mmlofi procedural 1', 'taxonomy': taxonomy, 'database': database}
    write_json(out_dir / 'annotations.json', content)
    for split in ('train', 'val'):
        lines = [f'{clip.file.name} {clip.label}\n' for clip in clips(benchmark, split)]
        write_text(out_dir / f'clips_{split}.txt', ''.join(lines))


def _database_entry(video: ProceduralVideo) -> dict:
    benchmark = video.benchmark
    return {
        'duration': video.trajectory().duration_sec,
        'subset': _SUBSETS[video.split],
        'resolution': f'{benchmark.side}x{benchmark.side}',
        'url': '',
        'annotations': [{'segment': list(segment), 'label': benchmark.class_names[label]}
                        for segment, label in video.actions()],
    }
