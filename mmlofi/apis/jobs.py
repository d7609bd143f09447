"""Work that takes longer than a request: jobs in a queue, done one after the other.

A job has a step, how much of that is done, and in the end a result or an error. What it holds, such
as an uploaded file, is let go when it is removed.
"""
from __future__ import annotations

import secrets
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import BinaryIO

from mmlofi.options import require_number, require_whole

QUEUED, DONE, FAILED = 'queued', 'done', 'failed'
CLOSE_SEC = 5     # for which the end of a queue waits for the job that it is at


class NoRoom(Exception):
    """Jobs that are waited for take all the room that there is, or one alone would take more."""


class Stopped(BaseException):
    """A job that nobody wants any more. No `Exception`, so that work does not take it for one."""


@dataclass(eq=False, kw_only=True)
class Job:
    """One video, from the queue to its result."""

    name: str                        # as who asked for it calls it
    path: str                        # of the video
    upload: BinaryIO | None = None   # the open file that `path` leads to, where it is no other's
    size: int = 0                    # bytes that it holds
    id: str = field(default_factory=lambda: secrets.token_hex(16))    # that nobody guesses
    step: str = QUEUED
    share: float = 0.0               # of the step that is done
    error: str | None = None
    result: object = None
    unwanted: bool = False
    held: ExitStack = field(default_factory=ExitStack)    # closed when it is removed

    @property
    def ended(self) -> bool:
        return self.step in (DONE, FAILED)


Tick = Callable[[str, float], None]


class JobQueue:
    """Does jobs in a thread of its own, and keeps what they gave until there is need of the room.

    Args:
        work: Called with the queue, a job and a function, gives the job's result. It calls the
            function with a step and the share of it that is done, again and again, which ends it
            when the job is not wanted any more or takes too long.
        max_waiting: Jobs that may be in the queue, with those that are still coming.
        max_kept: Jobs whose results are kept.
        max_bytes: That kept jobs may hold together.
        limit_sec: That a job may take, once it is its turn.

    Raises:
        ValueError: For limits that are no numbers above 0.
    """

    def __init__(self, work: Callable[[JobQueue, Job, Tick], object], *, max_waiting: int = 16,
                 max_kept: int = 100, max_bytes: int = 2**32, limit_sec: float = 3600) -> None:
        require_whole('JobQueue', max_waiting=max_waiting, max_kept=max_kept, max_bytes=max_bytes)
        require_number('JobQueue', above=0, limit_sec=limit_sec)
        self.work, self.limit_sec = work, limit_sec
        self.max_waiting, self.max_kept, self.max_bytes = max_waiting, max_kept, max_bytes
        self.jobs: dict[str, Job] = {}      # in the order in which they came
        self.coming, self.reserved = 0, 0   # those that are still to be added, and their bytes
        self.lock = threading.RLock()
        self._changed, self._closed = threading.Condition(self.lock), False
        self._thread = threading.Thread(target=self._run, name='jobs', daemon=True)
        self._thread.start()

    def reserve(self, size: int) -> None:
        """Makes room for a job that will hold so many bytes; `add` or `release` ends that.

        Jobs that have ended go for it, the oldest first; none when it is refused.

        Raises:
            NoRoom: When those that have not ended leave none.
        """
        if size > self.max_bytes:
            raise NoRoom(f'got a video of {size} bytes; expected at most {self.max_bytes}, which '
                         'all videos together may hold: send a smaller copy of it')
        with self.lock:
            waiting = self.coming + sum(not job.ended for job in self.jobs.values())
            if waiting >= self.max_waiting:
                raise NoRoom(f'{waiting} videos are waiting; expected at most {self.max_waiting} '
                             'at a time: send it again later')
            free = self._free()
            if size > free:
                raise NoRoom(f'the videos that are waiting hold {self.max_bytes - free} bytes, and '
                             f'this one has {size}; expected {self.max_bytes} together: send it '
                             'again later')
            self._make_room(size, jobs=1)
            self.coming, self.reserved = self.coming + 1, self.reserved + size

    def release(self, size: int) -> None:
        """Gives back what was reserved."""
        with self.lock:
            self.coming, self.reserved = self.coming - 1, self.reserved - size

    def add(self, job: Job) -> None:
        """Puts a job into the queue, in the room that was reserved for it."""
        if job.upload is not None:
            job.held.push(job.upload)
        with self.lock:
            self.release(job.size)
            self.jobs[job.id] = job
            self._changed.notify()

    def grow(self, job: Job, size: int) -> None:
        """A job holds so many bytes more.

        Raises:
            NoRoom: As `reserve`.
        """
        with self.lock:
            free = self._free()
            if size > free:
                raise NoRoom(f'a copy that browsers play takes more than the {free} bytes that are '
                             'left; expected room for it: send the video again later, or in H.264')
            self._make_room(size)
            job.size += size

    def get(self, id_: str) -> Job | None:
        """The job of this name, if it is still kept."""
        with self.lock:
            return self.jobs.get(id_)

    def place(self, job: Job) -> int:
        """How many have their turn before it."""
        with self.lock:
            before = [one for one in self.jobs.values() if not one.ended]
            return before.index(job) if job in before else 0

    def remove(self, id_: str) -> None:
        """Forgets a job, and ends it where it is at work."""
        with self.lock:
            job = self.jobs.pop(id_, None)
            if job is None:
                return
            job.unwanted = True
            if job.ended or job.step == QUEUED:
                job.held.close()

    def close(self) -> None:
        """Ends the job that it is at, and removes all; the queue is of no use any more."""
        with self.lock:
            for id_ in list(self.jobs):
                self.remove(id_)
            self._closed = True
            self._changed.notify()
        self._thread.join(CLOSE_SEC)

    def _held(self) -> int:
        return self.reserved + sum(job.size for job in self.jobs.values())

    def _free(self) -> int:
        """Bytes for which room can be made."""
        ended = sum(job.size for job in self.jobs.values() if job.ended)
        return self.max_bytes - self._held() + ended

    def _make_room(self, size: int, *, jobs: int = 0) -> None:
        """Removes ended jobs, the oldest first, for so many bytes and jobs more."""
        ended = [job for job in self.jobs.values() if job.ended]
        while ended and (self._held() + size > self.max_bytes
                         or len(self.jobs) + self.coming + jobs > self.max_kept):
            self.remove(ended.pop(0).id)

    def _run(self) -> None:
        while (job := self._next()) is not None:
            self._do(job)

    def _next(self) -> Job | None:
        """The job whose turn it is, once there is one; None at the end."""
        with self.lock:
            while not self._closed:
                for job in self.jobs.values():
                    if job.step == QUEUED:
                        return job
                self._changed.wait()
        return None

    def _do(self, job: Job) -> None:
        end: float | None = None

        def tick(step: str, share: float) -> None:
            """Notes how far the job is, and ends it here when it is too late or unwanted."""
            nonlocal end
            if step != QUEUED:     # waiting is not what takes long
                end = end or time.monotonic() + self.limit_sec
                if time.monotonic() > end:
                    raise TimeoutError(f'{job.name!r} took longer than {self.limit_sec:g} s '
                                       f'({step}); expected a shorter video: cut it, or have the '
                                       'limit raised')
            with self.lock:        # or `remove` would close what is read from here on
                if job.unwanted:
                    raise Stopped
                job.step, job.share = step, share
        step = FAILED
        try:
            tick(QUEUED, 0.0)
            job.result = self.work(self, job, tick)
            step, job.share = DONE, 1.0
        except Stopped:
            pass
        except (NoRoom, OSError, ValueError) as error:
            job.error = str(error).replace(job.path, job.name)     # where it lies concerns nobody
        except Exception as error:      # a fault of ours, or of the machine
            print(traceback.format_exc(), file=sys.stderr)
            job.error = f'{type(error).__name__} in the server, whose log tells more'
        with self.lock:
            job.step = step
            if job.unwanted or step == FAILED:
                job.held.close()
                job.size = 0
