"""Several decoders give the frames and the errors of one."""
from __future__ import annotations

import errno
import threading
import time
from concurrent.futures import wait

import av
import numpy as np
import pytest
from clips import gray, write_clip
from mmaction.registry import TRANSFORMS

from mmlofi.datasets.streaming import stream_snippets
from mmlofi.datasets.transforms import DecodeSnippets, OpenVideo
from mmlofi.datasets.videos import excerpts, side_by_side
from mmlofi.datasets.videos.ascending import read_ascending
from mmlofi.datasets.videos.excerpts import Excerpts
from mmlofi.datasets.videos.pyav_frames import PyavFrames
from mmlofi.datasets.videos.shown_frames import ShownFrames
from mmlofi.datasets.videos.side_by_side import SideBySide, cut_into_parts
from mmlofi.datasets.videos.video_file import find_facts

FRAMES = 120


@pytest.fixture(autouse=True)
def _parts_are_small(monkeypatch):
    monkeypatch.setattr(side_by_side, 'PART_FRAMES', 15)


@pytest.fixture(scope='module')
def video(tmp_path_factory):
    """A window that moves over noise: no two frames are equal."""
    ground = np.random.default_rng(0).integers(0, 256, (64, 300, 3), dtype=np.uint8)
    pictures = (np.ascontiguousarray(ground[:, number:number + 80]) for number in range(FRAMES))
    return write_clip(tmp_path_factory.mktemp('video') / 'v.mp4', pictures, codec='libx264',
                      b_frames=2)


def streamed(path, chunk_snippets=4, facts=None, **settings):
    """The chunks of snippets, of which neighbours overlap."""
    pipeline = [dict(type='OpenVideo', **settings),
                dict(type='SampleSnippets', num_snippets=20, clip_len=8, frame_interval=1),
                dict(type='DecodeSnippets'), dict(type='FormatShape', input_format='NCTHW'),
                dict(type='PackTALInputs')]
    return stream_snippets([TRANSFORMS.build(one) for one in pipeline], dict(
        video_name='v', filename=str(path), facts=facts, duration_sec=None,
        segments_sec=np.zeros((0, 2)), gt_labels=np.zeros(0, np.int64), test_mode=True),
        chunk_snippets)


@pytest.fixture
def opened_again(monkeypatch):
    """Which readers opened another of their kind."""
    found = []
    for kind in (ShownFrames, PyavFrames, Excerpts):
        monkeypatch.setattr(kind, 'another', lambda self, real=kind.another: (
            found.append(type(self).__name__), real(self))[1])
    return found


@pytest.mark.parametrize(('reader', 'in_excerpts'), [('decord', False), ('pyav', False),
                                                     ('decord', True), ('pyav', True)])
def test_a_stream_has_the_same_frames_to_the_bit(video, tmp_path, monkeypatch, opened_again,
                                                 reader, in_excerpts):
    monkeypatch.setattr(excerpts, 'LONG_FRAMES', FRAMES // 2)
    facts = find_facts(str(video), reader=reader, table_path=lambda *_: str(
        tmp_path / 'table.npz')) if in_excerpts else None
    assert not in_excerpts or facts.table
    one, several = (list(streamed(video, short_side=48, facts=facts, reader=reader, num_threads=n))
                    for n in (1, 3))
    assert opened_again == 2 * [{'decord': 'ShownFrames', 'pyav': 'PyavFrames'}[reader]
                                if not in_excerpts else 'Excerpts']
    assert [chunk.first for chunk in several] == [0, 4, 8, 12, 16]
    for expected, chunk in zip(one, several):
        assert np.array_equal(chunk.inputs, expected.inputs)


def opened(path, decoders=3, **settings):
    return OpenVideo(num_threads=decoders, **settings)(dict(filename=str(path)))


def decoded(path, inds, **settings):
    return DecodeSnippets()(dict(opened(path, **settings), frame_inds=np.asarray(inds)))['imgs']


@pytest.mark.parametrize('reader', ['decord', 'pyav'])
def test_a_sample_has_the_same_frames_in_the_order_asked(video, opened_again, reader):
    inds = [119, 3, 3, 30, 31, 22, 23, 24, 0, 25, 47, 70, 71, 99]
    several = decoded(video, inds, reader=reader)
    assert len(opened_again) == 2
    assert np.array_equal(several, decoded(video, inds, decoders=1, reader=reader))


def test_parts_begin_at_key_frames_and_are_worth_a_jump():
    keys = np.array([0, 10, 20, 40])
    assert [part.tolist() for part in cut_into_parts(np.array([3, 9, 12, 15, 25, 44]), keys)] == \
        [[3, 9, 12, 15], [25, 44]]   # of 10 + 6 and 6 + 5 frames to decode
    assert [part.tolist() for part in cut_into_parts(np.arange(60), keys)] == \
        [list(range(20)), list(range(20, 40)), list(range(40, 60))]
    assert [part.tolist() for part in cut_into_parts(np.arange(60), np.array([0]))] == \
        [list(range(60))]


def test_only_a_part_a_decoder_is_decoded_before_it_is_asked_for(video, monkeypatch):
    begun, frames = [], opened(video)['video_reader']
    monkeypatch.setattr(side_by_side, 'read_ascending', lambda reader, part, block, real=(
        side_by_side.read_ascending): (begun.append(part[0]), real(reader, part, block))[1])
    reader = side_by_side.side_by_side(frames, [np.arange(FRAMES)], 3)
    wait([part for _, part in reader._begun])
    assert sorted(begun) == [0, 24, 48]
    reader.get_batch(range(30))
    wait([part for _, part in reader._begun])
    assert sorted(begun) == [0, 24, 48, 72, 96]
    assert sorted(reader._kept) == list(range(30, 48))
    reader.close()


def test_where_parts_take_the_memory_of_all_one_decoder_works(video, monkeypatch, opened_again):
    monkeypatch.setattr(side_by_side, 'DECODER_BYTES', 30 * 64 * 80 * 3)   # of 24 frames a part
    decoded(video, range(FRAMES))
    assert len(opened_again) == 2
    monkeypatch.setattr(side_by_side, 'DECODER_BYTES', 15 * 64 * 80 * 3)
    decoded(video, range(FRAMES))
    assert len(opened_again) == 2


def damaged(path, number):
    """Frame `number` of it is none."""
    with av.open(str(path)) as container:
        place = [packet.pos for packet in container.demux(video=0) if packet.size][number]
    content = bytearray(path.read_bytes())
    content[place + 8:place + 40] = bytes(32)
    path.write_bytes(content)


def test_a_damaged_frame_is_said_as_by_one_decoder_once_it_is_asked_for(tmp_path):
    path = write_clip(tmp_path / 'v.mkv', gray(range(60)), codec='mjpeg', pixels='yuvj420p')
    damaged(path, 40)
    said = []
    for decoders in (1, 3):
        with pytest.raises(ValueError, match='is damaged: frame 40 of 60') as error:
            decoded(path, range(60), decoders=decoders, reader='pyav')
        said.append(str(error.value))
    assert said[0] == said[1]
    reader = side_by_side.side_by_side(opened(path, reader='pyav')['video_reader'],
                                       [np.arange(60)], 3)
    assert reader.get_batch(range(20)).asnumpy()[19].mean() == pytest.approx(19, abs=2)
    with pytest.raises(ValueError, match='is damaged: frame 40 of 60'):
        reader.get_batch(range(20, 60))
    assert reader.get_batch([50]).asnumpy().mean() == pytest.approx(50, abs=2)


def test_frames_that_were_not_foreseen_are_given_by_the_one_reader(video):
    expected = np.stack(decoded(video, range(FRAMES), decoders=1))
    for asked in ([7], [100, 3], [5, 50]):
        reader = side_by_side.side_by_side(opened(video)['video_reader'],
                                           [np.arange(0, FRAMES, 5)], 2)
        assert isinstance(reader, SideBySide)
        assert np.array_equal(reader.get_batch(asked).asnumpy(), expected[asked])
        assert np.array_equal(reader[20].asnumpy(), expected[20])
    with pytest.raises(IndexError, match='v.mp4. has 120 frames, got 120 to 120; expected some'):
        side_by_side.side_by_side(opened(video)['video_reader'], [np.arange(FRAMES)], 2).get_batch(
            [120])


@pytest.mark.parametrize(('reader', 'kind', 'find'), [
    ('decord', ShownFrames, '_jump'), ('pyav', PyavFrames, '_lands_at')])
def test_where_key_frames_are_not_found_one_decoder_decodes_in_order(
        video, monkeypatch, reader, kind, find):
    expected, missed = list(streamed(video, num_threads=1, reader=reader)), []
    monkeypatch.setattr(kind, find, lambda self, key: missed.append(key))
    found = list(streamed(video, num_threads=3, reader=reader))
    assert missed
    for one, other in zip(expected, found, strict=True):
        assert np.array_equal(one.inputs, other.inputs)


def test_after_a_key_frame_that_pyav_misses_the_reader_still_knows_where_it_is(video, monkeypatch):
    expected = np.stack(decoded(video, range(FRAMES), decoders=1, reader='pyav'))
    reader = opened(video, reader='pyav')['video_reader']
    monkeypatch.setattr(PyavFrames, '_lands_at', lambda self, key, real=PyavFrames._lands_at: (
        real(self, key) and self._number(key) != 72))
    reader.strict = True
    reader.get_batch(range(24))
    with pytest.raises(ValueError, match='has key frames that PyAV does not find'):
        reader.get_batch([72])
    reader.strict = False
    assert np.array_equal(reader.get_batch(range(24, 30)).asnumpy(), expected[24:30])
    assert np.array_equal(reader.get_batch(range(70, 80)).asnumpy(), expected[70:80])


def fails(*_):
    raise OSError(errno.ESTALE, 'Stale file handle')


def no_thread(*_):
    raise RuntimeError("can't start new thread")


@pytest.mark.parametrize('fault', ['no other opens', 'none comes to rest', 'no thread begins'])
def test_where_decoders_fail_the_one_reader_goes_on_and_nothing_waits(video, monkeypatch, fault):
    expected = decoded(video, range(FRAMES), decoders=1)
    frames = opened(video)['video_reader']
    if fault == 'no other opens':
        monkeypatch.setattr(ShownFrames, 'another', fails)
    elif fault == 'none comes to rest':
        monkeypatch.setattr(ShownFrames, 'another', fails)
        monkeypatch.setattr(ShownFrames, 'rest', lambda self, real=ShownFrames.rest: (
            fails() if threading.current_thread().name.startswith('decoder') else real(self)))
    else:
        monkeypatch.setattr(threading.Thread, 'start', no_thread)
    reader = side_by_side.side_by_side(frames, [np.arange(FRAMES)], 3)
    assert isinstance(reader, SideBySide)
    assert np.array_equal(reader.get_batch(range(FRAMES)).asnumpy(), expected)


def test_a_fault_of_the_first_look_is_left_to_the_one_reader(video, tmp_path, monkeypatch):
    monkeypatch.setattr(excerpts, 'LONG_FRAMES', FRAMES // 2)
    facts = find_facts(str(video), table_path=lambda *_: str(tmp_path / 'table.npz'))
    expected, sources = list(streamed(video, facts=facts, num_threads=1)), []
    # The file is opened with the video, and then for excerpts, or as a whole where these fail.
    monkeypatch.setattr(OpenVideo, '_source', lambda self, name, real=OpenVideo._source: (
        sources.append(name), fails() if len(sources) in (2, 3) else real(self, name))[1])
    for one, other in zip(expected, streamed(video, facts=facts, num_threads=3), strict=True):
        assert np.array_equal(one.inputs, other.inputs)
    assert len(sources) == 4


def test_a_stream_that_is_left_waits_for_no_part_to_be_decoded(video, monkeypatch):
    given, readers = [], []

    def slowly(*args):
        for frame in read_ascending(*args):
            given.append(frame)
            yield frame
            while not (readers and readers[0]._ended):     # no second frame before it is left
                time.sleep(0.005)

    monkeypatch.setattr(side_by_side, 'read_ascending', slowly)
    readers.append(
        side_by_side.side_by_side(opened(video)['video_reader'], [np.arange(FRAMES)], 3))
    readers[0].close()
    assert len(given) < 24   # of 3 parts of 24


def test_streams_take_the_cores_by_themselves_and_samples_do_not(video, tmp_path, monkeypatch,
                                                                 opened_again):
    monkeypatch.setattr('mmlofi.datasets.streaming.own_cores', lambda: 3)
    decoded(video, range(FRAMES), decoders=None)
    list(streamed(video, num_threads=1))
    assert not opened_again
    list(streamed(video))
    assert len(opened_again) == 2
    monkeypatch.setattr('mmlofi.datasets.transforms.open_video.own_cores', lambda: 2)
    decoded(video, range(FRAMES), decoders=0)
    assert len(opened_again) == 3
    assert opened(video, backend_args=dict(backend='local'))['num_decoders'] == 3
    monkeypatch.setattr('mmlofi.datasets.transforms.open_video.on_disk', lambda *_: False)
    assert opened(video)['num_decoders'] == 1


def test_a_stream_that_is_left_leaves_no_threads(video):
    before = set(threading.enumerate())
    chunks = streamed(video, num_threads=3)
    next(chunks)
    begun = set(threading.enumerate()) - before
    assert [one for one in begun if one.name.startswith('decoder')]
    chunks.close()
    assert not [one for one in begun if one.is_alive()]
