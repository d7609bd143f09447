"""The default benchmark is what it was: digests that were recorded of its first version.

They are SHA-256, taken of the code as it was before the motion could tell the class. Scores in the
docs are of these videos; who changes them on purpose raises `_VERSION` and measures anew.
"""
from __future__ import annotations

import hashlib
from itertools import islice

import cv2
import numpy as np
import pytest

from mmlofi.procedural import Benchmark
from mmlofi.procedural.benchmark import all_videos, prepare_folder, write_annotations

FILES = {
    'annotations.json': '4376e21b4190804e7a66a104f325a28ef07e5e535c3eaf7d93df0354d95208e1',
    'benchmark.json': '0840cc3e14c9335a3bc17f663dc98be4565d83b024fb2ee61ad4cb5827feac44',
    'clips_train.txt': '3a73b51387ff5cae1534208bcf5bccdc8e936f146523030cf3493b3aa692b1c7',
    'clips_val.txt': 'b7974f18977794c2e9e2128f26d57443e70c7d7786df1708d01949666bbca783'}
COURSES = 'c68122c833ca472b6c0f26ded1fafe9c6ae86ec9b6e764c0b908bc2f839a88b3'
# OpenCV 4.11's code for processors with AVX2, and that for others.
FIRST_FRAMES = {'e03dca911020569b4317ca8dafb594de1c9c0d414c514bea44cba3c1e428e059',
                'c6c1727bd5749025ff5c193663bcfb190498167de367ffea193a64f9f79c30ed'}
WHOLE_VIDEOS = {'8008a8759c552da10f019dc9359469792d54f4adbdf644a5d697ffdadd622f9c',
                'ef6c6cc9d001c4bb3980e262e6f9014ccc41824a93a4620ab17c030439c219f5'}
VIDEOS = all_videos(Benchmark())


def test_files_of_the_default_benchmark_are_the_same_to_the_byte(tmp_path):
    prepare_folder(tmp_path, Benchmark())
    write_annotations(tmp_path, Benchmark())
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
             for path in tmp_path.iterdir() if path.is_file()}
    assert found == FILES


def test_no_random_draw_of_the_courses_has_shifted():
    digest = hashlib.sha256()
    for video in VIDEOS:
        course = video.trajectory()
        (actor,) = course.actors
        for values in (actor.pose, actor.xy, actor.scale, course.camera_xy, course.brightness):
            digest.update((values.round(6) + 0.0).astype('<f8').tobytes())   # no -0.0
        digest.update(repr(course.segments_sec).encode())
    assert digest.hexdigest() == COURSES


needs_opencv_411 = pytest.mark.skipif(
    not cv2.__version__.startswith('4.11.'),
    reason=f'recorded with OpenCV 4.11; {cv2.__version__} may round pixels another way')


@needs_opencv_411
def test_the_first_frame_of_every_default_video_and_clip_is_the_same_to_the_bit():
    assert digest_of(next(video.frames()) for video in VIDEOS) in FIRST_FRAMES


@needs_opencv_411
def test_whole_default_videos_and_clips_are_the_same_to_the_bit():
    some = [VIDEOS[place] for place in (0, 83, 120, 330)]   # of each of the four splits
    assert digest_of(frame for video in some for frame in video.frames()) in WHOLE_VIDEOS


def test_a_digest_tells_a_shifted_draw():
    video = VIDEOS[0]
    usual = next(video.frames())
    shifted = next(type(video)(Benchmark(seed=1), video.split, video.index).frames())
    assert digest_of([usual]) == digest_of(islice(video.frames(), 1)) != digest_of([shifted])


def digest_of(frames) -> str:
    digest = hashlib.sha256()
    for frame in frames:
        digest.update(np.ascontiguousarray(frame))
    return digest.hexdigest()
