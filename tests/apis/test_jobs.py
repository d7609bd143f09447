"""The queue of jobs: one after the other, within its limits."""
from __future__ import annotations

import tempfile
import threading
import weakref

import pytest
from by_bytes import LIMIT_SEC, wait_until

from mmlofi.apis import jobs as jobs_module
from mmlofi.apis.jobs import DONE, FAILED, QUEUED, Job, JobQueue, NoRoom


class Work:
    """Jobs that end when they are told to."""

    def __init__(self):
        self.may_go_on, self.done = threading.Event(), []

    def __call__(self, jobs, job, tick):
        tick('working', 0.5)
        while not self.may_go_on.wait(0.01):
            tick('working', 0.5)
        if job.name == 'bad':
            raise ValueError(f'{job.path} is bad')
        if job.name == 'worse':
            raise RuntimeError('/secret is worse')
        self.done.append(job.name)
        return job.name.upper()


@pytest.fixture
def work():
    return Work()


@pytest.fixture
def start(work):
    queues = []

    def start(**limits):
        queues.append(JobQueue(work, **limits))
        return queues[-1]
    yield start
    for jobs in queues:
        jobs.close()


def add(jobs, name, size=0):
    jobs.reserve(size)
    upload = tempfile.TemporaryFile()     # noqa: SIM115 - the job closes it
    job = Job(name=name, path=f'/there/{name}', size=size, upload=upload)
    jobs.add(job)
    return job


def test_jobs_are_done_in_their_order_and_say_how_far_they_are(start, work):
    jobs = start()
    first, second = add(jobs, 'a'), add(jobs, 'b')
    wait_until(lambda: first.step == 'working')
    assert (first.share, second.step, jobs.place(first), jobs.place(second)) == (0.5, QUEUED, 0, 1)
    work.may_go_on.set()
    wait_until(lambda: second.ended)
    assert work.done == ['a', 'b']
    assert [(job.step, job.share, job.result) for job in (first, second)] == [
        (DONE, 1, 'A'), (DONE, 1, 'B')]
    assert not first.upload.closed


def test_one_that_fails_has_a_reason_without_paths_keeps_nothing_and_the_next_is_done(
        start, work, capfd):
    work.may_go_on.set()
    jobs = start()
    bad, worse, good = (add(jobs, name, 5) for name in ('bad', 'worse', 'good'))
    wait_until(lambda: good.ended)
    assert [job.step for job in (bad, worse, good)] == [FAILED, FAILED, DONE]
    assert bad.error == 'bad is bad'
    assert worse.error == 'RuntimeError in the server, whose log tells more'
    assert '/secret is worse' in capfd.readouterr().err
    assert [(job.upload.closed, job.size) for job in (bad, worse, good)] == [
        (True, 0), (True, 0), (False, 5)]


def test_one_that_takes_too_long_ends_and_the_wait_for_a_turn_does_not_count(
        start, work, clock):
    jobs = start(limit_sec=0.2)
    late, next_ = add(jobs, 'late'), add(jobs, 'next')
    wait_until(lambda: late.step == 'working')
    clock.now += 1
    wait_until(lambda: late.ended)
    assert late.error == ("'late' took longer than 0.2 s (working); expected a shorter video: cut "
                          'it, or have the limit raised')
    work.may_go_on.set()
    wait_until(lambda: next_.ended)
    assert next_.step == DONE


def test_what_is_removed_is_not_done_or_stops_and_lets_go_what_it_held(start, work):
    jobs = start()
    at_work, waiting = add(jobs, 'a'), add(jobs, 'b')
    wait_until(lambda: at_work.step == 'working')
    jobs.remove(waiting.id)
    assert waiting.upload.closed
    assert not at_work.upload.closed           # it is being read
    jobs.remove(at_work.id)
    wait_until(lambda: at_work.upload.closed)
    work.may_go_on.set()
    third = add(jobs, 'c')
    wait_until(lambda: third.ended)
    assert work.done == ['c']
    assert (jobs.get(at_work.id), jobs.get(waiting.id), jobs.get(third.id)) == (None, None, third)


def test_the_oldest_that_have_ended_go_for_room_and_never_one_that_waits(start, work):
    work.may_go_on.set()
    jobs = start(max_bytes=10, max_kept=3)
    kept = [add(jobs, name, 4) for name in 'ab']
    wait_until(lambda: all(job.ended for job in kept))
    kept.append(add(jobs, 'c', 6))
    assert [job.id in jobs.jobs for job in kept] == [False, True, True]
    wait_until(lambda: kept[-1].ended)
    work.may_go_on.clear()
    add(jobs, 'd', 9)
    assert len(jobs.jobs) == 1
    with pytest.raises(NoRoom, match='hold 9 bytes, and this one has 2; expected 10 together'):
        jobs.reserve(2)
    jobs.reserve(1)
    with pytest.raises(NoRoom, match='hold 10 bytes'):
        jobs.reserve(1)
    jobs.release(1)
    for _ in range(3):
        jobs.reserve(0)       # the number of those that are kept bounds ended ones alone


def test_more_than_may_wait_are_told_to_come_back(start, work):
    jobs = start(max_waiting=2)
    add(jobs, 'a'), add(jobs, 'b')
    with pytest.raises(NoRoom, match='2 videos are waiting; expected at most 2 at a time'):
        jobs.reserve(0)


def test_those_that_are_still_coming_count_among_those_that_wait(start):
    jobs = start(max_waiting=2, max_bytes=10)
    jobs.reserve(1), jobs.reserve(1)
    with pytest.raises(NoRoom, match='2 videos are waiting'):
        jobs.reserve(1)
    jobs.release(1)
    jobs.reserve(9)


def test_what_is_refused_removes_nothing_that_is_done(start, work):
    work.may_go_on.set()
    jobs = start(max_bytes=10)
    done = add(jobs, 'done', 4)
    wait_until(lambda: done.ended)
    work.may_go_on.clear()
    waits = add(jobs, 'waits', 5)
    with pytest.raises(NoRoom, match='got a video of 11 bytes; expected at most 10, which all '
                                     'videos together may hold: send a smaller copy'):
        jobs.reserve(11)
    with pytest.raises(NoRoom, match='are waiting hold 5 bytes, and this one has 6'):
        jobs.reserve(6)
    with pytest.raises(NoRoom, match='takes more than the 5 bytes that are left'):
        jobs.grow(waits, 6)
    assert jobs.get(done.id) is done
    jobs.grow(waits, 5)
    assert (jobs.get(done.id), waits.size) == (None, 10)


def test_of_what_is_removed_while_another_is_at_work_nothing_is_left(start):
    jobs = start()
    at_work = add(jobs, 'a')
    wait_until(lambda: at_work.step == 'working')
    waiting = add(jobs, 'b')
    kept = weakref.ref(waiting)
    jobs.remove(waiting.id)
    del waiting
    assert kept() is None


def test_the_end_stops_what_is_at_work(work, monkeypatch):
    monkeypatch.setattr(jobs_module, 'CLOSE_SEC', LIMIT_SEC)
    jobs = JobQueue(work)
    job = add(jobs, 'a')
    wait_until(lambda: job.step == 'working')
    jobs.close()
    assert not jobs._thread.is_alive()
    assert job.upload.closed


@pytest.mark.parametrize('limit', ['max_waiting', 'max_kept', 'max_bytes', 'limit_sec'])
def test_limits_that_are_none_are_refused(limit, work):
    with pytest.raises(ValueError, match=f'JobQueue got {limit}=0; expected'):
        JobQueue(work, **{limit: 0})
