"""What mmlofi and PyAV make of video files, in a process that may die or hang of them."""
from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection
from typing import NamedTuple

import av
import numpy as np

NOT_OURS = 'an error that is not ours'
BYTES = 2**23   # of decoded frames: a spoilt header may tell of large ones


class Seen(NamedTuple):
    """What a reader makes of a file: an error, or its frames and seconds."""

    error: str | None = None
    frames: np.ndarray | None = None   # (frames, H, W, 3)
    duration_sec: float = 0.0
    clean: bool = True                 # whether every packet and frame was decoded without fault


class Worker:
    """Looks at files in a process of its own, which is started again when it dies or hangs."""

    def __init__(self, limit_sec: float) -> None:
        self.limit_sec = limit_sec
        self._process = None

    def look(self, path: str) -> tuple[str | None, Seen, Seen] | str:
        """The problem that the look at files finds, what OpenVideo and DecodeSnippets give, and
        what PyAV does; or 'died' or 'hung'."""
        if self._process is None:
            self._start()
        try:
            self._mine.send(path)
            if self._mine.poll(self.limit_sec):
                return self._mine.recv()
            outcome = 'hung'
        except (EOFError, ConnectionError):
            outcome = 'died'
        self.stop()
        return outcome

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None

    def _start(self) -> None:
        context = multiprocessing.get_context('spawn')
        self._mine, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        assert self._mine.poll(120), 'the worker does not start'
        self._mine.recv()


def _serve(pipe: Connection) -> None:
    from mmlofi.datasets.videos.video_file import look_at_video
    pipe.send('ready')
    while True:
        path = pipe.recv()
        try:
            problem = look_at_video(path).problem
        except Exception as error:
            problem = f'{NOT_OURS}: {type(error).__name__}: {error}'
        pipe.send((problem, by_mmlofi(path), by_pyav(path)))


def by_mmlofi(path: str) -> Seen:
    """Every frame, or the first few large ones, as a pipeline reads them."""
    from mmlofi.datasets.transforms import DecodeSnippets, OpenVideo
    try:
        results = OpenVideo()(dict(filename=path))
        first = results['video_reader'][0].asnumpy()
        results['frame_inds'] = np.arange(min(results['total_frames'], 1 + BYTES // first.nbytes))
        frames = first[None] if first.nbytes > BYTES else np.stack(
            DecodeSnippets()(results)['imgs'])
    except (ValueError, FileNotFoundError) as error:
        return Seen(error=str(error))
    except Exception as error:
        return Seen(error=f'{NOT_OURS}: {type(error).__name__}: {error}')
    return Seen(frames=frames, duration_sec=results['duration_sec'])


def by_pyav(path: str) -> Seen:
    """Every frame that a player shows, turned as the file says.

    Not clean is also a file of which players make different things: frames that change their size,
    are turned by other than right angles, or whose time stamps go back.
    """
    frames, clean = [], True
    try:
        with av.open(path, metadata_errors='replace', timeout=60) as file:
            stream = file.streams.best('video')
            stream.thread_count = 1
            size = stream.width, stream.height
            for packet in file.demux(stream):
                try:
                    decoded = packet.decode()
                except av.error.FFmpegError:
                    decoded, clean = [], False
                clean = clean and not packet.is_corrupt and not any(f.is_corrupt for f in decoded)
                frames += decoded
                if sum(frame.width * frame.height * 3 for frame in frames) > BYTES:
                    raise ValueError('large frames')
            pictures = np.stack([upright(frame) for frame in frames])
            spans = [(frame.time, frame.duration * frame.time_base) for frame in frames]
        start, (last, length) = min(spans)[0], max(spans)
        duration = float(last + length - start)
        clean = clean and bool(all(np.diff([start for start, _ in spans]) > 0) and all(
            (frame.width, frame.height) == size and frame.rotation % 90 == 0 for frame in frames))
    except Exception as error:   # whatever PyAV raises: there is no independent value
        return Seen(error=f'{type(error).__name__}: {error}')
    return Seen(frames=pictures, duration_sec=duration, clean=clean)


def upright(frame: av.VideoFrame) -> np.ndarray:
    """A frame (H, W, 3) as a player shows it, by the nearest right angle."""
    return np.rot90(frame.to_ndarray(format='rgb24'), round(frame.rotation / 90) % 4)
