from __future__ import annotations

import cv2
import numpy as np
import pytest

from mmlofi.procedural.scenes import MAX_CLASSES, draw_scene, scene_names


def look(label, index, side=48):
    """Mean and spread of the colours of one scene: (6,)."""
    scene = draw_scene(np.random.default_rng([label, index]), label, side)
    lab = cv2.cvtColor(scene, cv2.COLOR_BGR2LAB).reshape(-1, 3).astype(float)
    return np.concatenate([lab.mean(axis=0), lab.std(axis=0)])


def test_the_scene_tells_the_class():
    labels = range(MAX_CLASSES)
    seen = np.array([[look(label, i) for i in range(10)] for label in labels])  # (K, 10, 6)
    new = np.array([[look(label, i) for i in range(10, 20)] for label in labels])
    spread = seen.std(axis=1).mean(axis=0)
    distances = np.abs((new[:, :, None] - seen.mean(axis=1)) / spread).sum(axis=-1)  # (K, 10, K)
    assert (distances.argmin(axis=-1) == np.arange(MAX_CLASSES)[:, None]).mean() > 0.95


def test_two_scenes_of_a_class_differ():
    a, b = (draw_scene(np.random.default_rng(i), 0, 32).astype(int) for i in range(2))
    assert np.abs(a - b).mean() > 5


def test_names_are_unique_and_too_many_classes_are_refused():
    assert len(set(scene_names(MAX_CLASSES))) == MAX_CLASSES
    with pytest.raises(ValueError, match=f'{MAX_CLASSES + 1} classes asked for.*ask for fewer'):
        scene_names(MAX_CLASSES + 1)
