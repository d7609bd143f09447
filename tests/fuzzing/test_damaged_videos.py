"""Spoilt video files work as PyAV reads them, or are refused by name; no process dies of one."""
from __future__ import annotations

import numpy as np
import pytest
from fuzz_scale import scaled
from video_cases import FILES, WITHOUT_VIDEO, original, write_case
from video_worker import NOT_OURS, Seen, Worker

SECONDS = 120           # for one file, of a process that hangs
SAME_PIXELS = 6         # mean difference of levels: colours are converted by two FFmpegs
UNTOUCHED = ('nothing', 'append')


@pytest.fixture(scope='module')
def originals(tmp_path_factory):
    return tmp_path_factory.mktemp('originals')


@pytest.fixture(scope='module')
def worker():
    worker = Worker(SECONDS)
    yield worker
    worker.stop()


@pytest.mark.parametrize('number', range(len(FILES)), ids=lambda number: '_'.join(
    [*FILES[number][:2], *FILES[number][2]]))
def test_every_kind_of_file_is_seen_as_pyav_sees_it(number, originals, worker):
    path = original(originals, number)
    problem, ours, theirs = worker.look(str(path))
    assert problem is None
    assert ours.error is None
    assert difference(ours, theirs, strict=True) is None


def test_spoilt_files_work_as_pyav_reads_them_or_are_refused_by_name(originals, worker, tmp_path):
    faults = []
    for seed in range(scaled(100)):
        path = write_case(tmp_path, seed, originals)
        fault = fault_of(path, worker.look(str(path)))
        path.unlink()
        if fault is not None:
            faults.append(f'seed {seed}, {path.name}: {fault}')
    assert not faults, '\n'.join(faults)


@pytest.mark.parametrize(('name', 'reason'), [
    ('sound.mp4', 'it holds no video stream, but sound (aac)'),
    ('sound.mkv', 'it holds no video stream, but sound (aac)'), ('empty.mp4', 'it is empty'),
    ('text.mp4', "it is no video, but text that begins with 'this is no video'"),
    ('page.webm', 'it is a web page, '), ('zeros.mkv', 'it is no video'),
    ('noise.avi', 'it is no video')])
def test_a_file_without_video_is_refused_by_what_it_holds(name, reason, worker, tmp_path):
    path = tmp_path / name
    WITHOUT_VIDEO[name](path)
    problem, ours, _ = worker.look(str(path))
    assert problem == ours.error
    assert f"{name}' cannot be decoded ({reason}" in problem


def fault_of(path, outcome) -> str | None:
    """What is wrong with what mmlofi made of a file."""
    if isinstance(outcome, str):
        return outcome
    problem, ours, theirs = outcome
    for error in filter(None, (problem, ours.error)):
        if error.startswith(NOT_OURS) or path.name not in error:
            return error
    if problem is None and ours.error is not None and 'is damaged' not in ours.error:
        return f'passes the look at files, and then: {ours.error}'
    if problem is not None and ours.error is None and 'is cut off' not in problem:
        return f'opens, and is refused by the look at files: {problem}'
    return None if ours.error else difference(ours, theirs, path.stem.endswith(UNTOUCHED))


def difference(ours: Seen, theirs: Seen, strict: bool) -> str | None:
    """How frames differ from those of PyAV, where it found nothing wrong in the file.

    What the decoders of two FFmpegs make of spoilt bytes differs: then most frames are compared.
    """
    if not (len(ours.frames) and np.isfinite(ours.duration_sec) and ours.duration_sec > 0):
        return f'{len(ours.frames)} frames in {ours.duration_sec} s'
    if theirs.error is not None or not theirs.clean:
        return theirs.error if strict else None
    counts = len(ours.frames), len(theirs.frames)
    if counts[0] != counts[1] if strict else counts[0] < counts[1]:
        return f'frames are {counts[0]} in place of {counts[1]}'
    both = min(counts)
    if ours.frames.shape[1:] != theirs.frames.shape[1:]:
        return f'not {theirs.frames.shape} but {ours.frames.shape}' if strict else None
    apart = np.abs(ours.frames[:both].astype(int) - theirs.frames[:both]).mean((1, 2, 3))
    if np.quantile(apart, 1 if strict else 0.5, method='lower') > SAME_PIXELS:
        return f'other pictures, apart by {apart.round()}'
    if strict and abs(ours.duration_sec - theirs.duration_sec) > 0.02:
        return f'{ours.duration_sec} s in place of {theirs.duration_sec}'
    return None
