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
"""
from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from mmlofi.files import write_json, write_text

from .render import render
from .scenes import scene_names
from .trajectory import Trajectory, band_width, trimmed_trajectory, untrimmed_trajectory
from .video_file import UNREADABLE_WIDTHS, write_video

# Each split draws from streams of its own: clips never share a scene or an actor with videos.
_STREAMS = {'train': 0, 'val': 1, 'clip_train': 2, 'clip_val': 3}
_SUBSETS = {'train': 'training', 'val': 'validation'}
_VERSION = 1  # of the videos' contents; changes when the same parameters give other frames


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """The parameters of a benchmark; equal parameters give equal videos.

    ``difficulty`` goes from 0, where any single frame shows whether it lies in an action, to 1,
    where only motion does (see ``trajectory``). ``clips_per_class`` counts training clips; a
    quarter as many are added for validation.
    """

    seed: int = 0
    difficulty: float = 0.3
    train_videos: int = 80
    val_videos: int = 40
    classes: int = 5
    clips_per_class: int = 40
    side: int = 80
    fps: int = 10

    def __post_init__(self) -> None:
        band_width(self.difficulty)
        scene_names(self.classes)
        if self.side < 16 or self.side % 2 or self.side in UNREADABLE_WIDTHS:
            raise ValueError(f'side is {self.side}, expected an even number from 18 that decord '
                             f'can read, so none of {UNREADABLE_WIDTHS}; 64, 80 and 96 are fine')
        for name, least in (('fps', 5), ('seed', 0), ('train_videos', 0), ('val_videos', 0),
                            ('clips_per_class', 0)):
            if getattr(self, name) < least:
                raise ValueError(f'{name} is {getattr(self, name)}, expected at least {least}')

    @property
    def class_names(self) -> tuple[str, ...]:
        return scene_names(self.classes)


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
        return self.index % self.benchmark.classes

    def trajectory(self) -> Trajectory:
        """What happens in it, without drawing a frame."""
        draw = trimmed_trajectory if self.is_clip else untrimmed_trajectory
        return draw(self._rng('course'), fps=self.benchmark.fps,
                    difficulty=self.benchmark.difficulty)

    def write(self, out_dir: Path) -> None:
        """Draw and encode it, unless its file is there already."""
        path = out_dir / self.file
        if path.exists():
            return
        side = self.benchmark.side
        frames = render(self._rng('looks'), self.trajectory(), label=self.label, side=side)
        write_video(path, frames, fps=self.benchmark.fps, size=(side, side))

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
    parameters = {'version': _VERSION, **asdict(benchmark)}
    path = out_dir / 'benchmark.json'
    if path.exists():
        found = json.loads(path.read_text())
        if found != parameters:
            differing = ', '.join(f'{key} {found.get(key)} there, {value} asked for'
                                  for key, value in parameters.items() if found.get(key) != value)
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
    trajectory, benchmark = video.trajectory(), video.benchmark
    label = benchmark.class_names[video.label]
    return {
        'duration': trajectory.duration_sec,
        'subset': _SUBSETS[video.split],
        'resolution': f'{benchmark.side}x{benchmark.side}',
        'url': '',
        'annotations': [{'segment': list(segment), 'label': label}
                        for segment in trajectory.segments_sec],
    }
