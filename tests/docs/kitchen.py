"""Small videos of somebody's kitchen, each with three classes that are told by what is seen."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from mmaction.registry import MODELS

from mmlofi.datasets.videos.write_video import write_video

CLASSES = ('pour', 'stir', 'wipe')
SECONDS, FPS, SIDE = 20, 10, 40
Action = tuple[float, float, str]   # start and end in seconds, label


def draw_actions(number: int) -> list[Action]:
    """Each class once, in any order."""
    rng = np.random.default_rng(number)
    lengths, gaps = rng.uniform(3, 5, 3), rng.dirichlet(np.ones(4)) * 2.5 + 0.5
    starts = np.cumsum(gaps[:3]) + np.cumsum([0, *lengths[:2]])
    return [(round(start, 2), round(start + length, 2), str(label))
            for start, length, label in zip(starts, lengths, rng.permutation(CLASSES))]


def write_kitchen(path: Path, number: int, actions: Sequence[Action]) -> None:
    """A grey table, and on it, while an action lasts, a shape that moves."""
    write_video(path, _frames(np.random.default_rng([number, 1]), actions), fps=FPS,
                size=(SIDE, SIDE))


def _frames(rng: np.random.Generator, actions: Sequence[Action]) -> Iterator[np.ndarray]:
    table = rng.integers(60, 180) + rng.normal(0, 12, (SIDE, SIDE, 1))
    for place in range(SECONDS * FPS):
        frame = (table + rng.normal(0, 5, (SIDE, SIDE, 3))).clip(0, 255).astype(np.uint8)
        for start, end, label in actions:
            if start <= place / FPS < end:
                _draw(frame, label, SIDE // 2 + round(6 * np.sin(place / 2)))
        yield frame


def _draw(frame: np.ndarray, label: str, at: int) -> None:
    if label == 'pour':
        cv2.rectangle(frame, (at - 6, 0), (at + 6, SIDE), (230, 60, 20), -1)
    elif label == 'wipe':
        cv2.rectangle(frame, (0, at - 6), (SIDE, at + 6), (40, 220, 40), -1)
    else:
        cv2.circle(frame, (at, SIDE // 2), 12, (20, 160, 240), -1)


def draw_features(actions: Sequence[Action]) -> np.ndarray:
    """(20, 1024) as if of another encoder: a position a second, which tells its class in noise."""
    rng = np.random.default_rng(round(1000 * actions[0][0]))
    features = rng.standard_normal((SECONDS, 1024)).astype(np.float32)
    for start, end, label in actions:
        features[round(start):round(end), CLASSES.index(label)::8] += 1
    return features


def write_stage_1(path: Path, videos: Path) -> None:
    """In place of the encoder that MMAction2 publishes: random weights, and batch norms that have
    seen frames of the videos."""
    torch.manual_seed(0)
    backbone = MODELS.build(dict(type='ResNetTSM', depth=50, num_segments=4, pretrained=None,
                                 pretrained2d=False))
    backbone.train()
    for module in backbone.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None     # the mean of all that is seen
    with torch.no_grad():
        backbone(torch.from_numpy(_some_frames(videos)))
    torch.save(dict(state_dict={f'backbone.{name}': value
                                for name, value in backbone.state_dict().items()}), path)


def _some_frames(videos: Path) -> np.ndarray:
    """(B, 3, side, side) as the preprocessor of TSM has them, some of each video in a row."""
    frames = []
    for file in sorted(videos.glob('*.mp4'))[:6]:
        reader = cv2.VideoCapture(str(file))
        seen = [reader.read()[1] for _ in range(SECONDS * FPS)]
        frames += seen[::SECONDS * FPS // 4]
    pixels = np.stack(frames)[..., ::-1].transpose(0, 3, 1, 2).astype(np.float32)
    return (pixels - 114) / 57
