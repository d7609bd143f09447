"""The pages of the server: what they refuse, and what they let go."""
from __future__ import annotations

import contextlib
import os
import socket

import pytest
from by_bytes import LIMIT_SEC, answer, ask, get, post, sent, wait_until

pytest.importorskip('werkzeug')


def test_a_copy_counts_and_one_without_room_fails_with_the_reason(start_pages, films):
    client = start_pages(limits=dict(max_bytes=len(films['film.mkv']) + 10))
    state = client.wait(client.send(films['film.mkv'], 'film.mkv'))
    assert state['step'] == 'failed'
    assert 'a copy that browsers play takes more than the 10 bytes that are left' in state['error']
    assert client.wait(client.send(films['film.mp4']))['step'] == 'done'


def test_a_video_that_takes_too_long_ends_with_a_message(start_pages, films, stub, clock):
    client = start_pages(limits=dict(limit_sec=0.2))
    stub.may_go_on.clear()
    job = client.send(films['film.mp4'])
    assert stub.waits.wait(LIMIT_SEC)
    clock.now += 1
    error = client.wait(job)['error']
    assert "'film.mp4' took longer than 0.2 s (localizing); expected a shorter video" in error
    stub.may_go_on.set()
    assert client.wait(client.send(films['film.mp4']))['step'] == 'done'


def nameless() -> int:
    """How many files without a name this process has open: videos that were sent, and copies."""
    found = []
    for number in os.listdir('/proc/self/fd'):
        with contextlib.suppress(OSError):      # it was closed meanwhile
            found.append(os.readlink(f'/proc/self/fd/{number}'))
    return sum(path.endswith(' (deleted)') for path in found)


def test_what_is_removed_is_gone_and_stops(start_pages, films, stub):
    client, before = start_pages(), nameless()
    kept = client.send(films['film.mp4'])
    client.wait(kept)
    assert nameless() > before
    stub.may_go_on.clear()
    job = client.send(films['film.mp4'])
    assert stub.waits.wait(LIMIT_SEC)
    assert client.json(f'{job}/remove', b'')[0] == 200
    assert stub.stopped.wait(LIMIT_SEC)
    assert client.json(f'{kept}/remove', b'')[0] == 200
    for address in (f'{job}/state', f'{kept}/', f'{kept}/video', f'{kept}/remove'):
        status, content = client.json(address, b'' if address.endswith('remove') else None)
        assert (status, content['error'][:29]) == (404, 'no video by this address: it ')
    wait_until(lambda: nameless() <= before)


def test_the_end_of_the_server_stops_its_job(start_pages, films, stub):
    client = start_pages()
    stub.may_go_on.clear()
    client.send(films['film.mp4'])
    assert stub.waits.wait(LIMIT_SEC)
    start_pages.end()
    assert stub.stopped.wait(LIMIT_SEC)


@pytest.mark.parametrize(('address', 'body', 'status', 'reason'), [
    ('/jobs?name=x.mp4', b'', 400, 'got an empty body'),
    ('/jobs?name=x.mp4', bytes(2**20), 413, 'expected at most 100000: send a smaller copy'),
    ('/jobs', b'x', 400, 'got neither a name nor a video, or both'),
    ('/jobs?name=x&video=y', b'x', 400, 'got neither a name nor a video, or both'),
    ('/jobs?video=..%2Fsecret', b'', 403, "'../secret'; expected one of a video in the folder"),
    ('/jobs?video=%2Fetc%2Fhosts', b'', 403, "'/etc/hosts'"),
    ('/jobs?video=none.mp4', b'', 404, "no video 'none.mp4' in the folder"),
    ('/jobs', None, 405, 'not allowed'),
    ('/jobs/x/state', None, 404, 'no video by this address'),
    ('/jobs/x/other', None, 404, 'not found'),
    ('/jobs/../secret', None, 404, 'not found')])
def test_what_is_wrong_is_answered_in_json(start_pages, address, body, status, reason):
    client = start_pages(max_bytes=100_000)
    found = client.json(address, body)
    assert found[0] == status
    assert reason in found[1]['error']
    assert client('/')[0] == 200


def test_too_many_are_told_to_come_back_and_leave_no_room_taken(start_pages, films, stub):
    client = start_pages(limits=dict(max_waiting=1, max_bytes=2 * len(films['film.mp4'])))
    stub.may_go_on.clear()
    job = client.send(films['film.mp4'])
    status, content = client.json('/jobs?name=x.mp4', films['film.mp4'])
    assert (status, content['error'][:23]) == (503, '1 videos are waiting; e')
    stub.may_go_on.set()
    client.wait(job)
    for _ in range(3):       # uploads that end early give their room back
        with sent(client.port, post(b'half', len(films['film.mp4']), path='/jobs?name=x.mp4')) as \
                connection:
            connection.shutdown(socket.SHUT_WR)
            assert answer(connection)[0] == 400
    second = client.send(films['film.mp4'])
    client.wait(second)
    client.wait(client.send(films['film.mp4']))
    assert client.json(f'{job}/state')[0] == 404        # the oldest made room
    assert client.json(f'{second}/state')[0] == 200


def test_a_video_larger_than_all_that_are_kept_is_refused_and_the_form_says_so(start_pages):
    client = start_pages(max_bytes=2**22, limits=dict(max_bytes=2**21))
    assert '<body data-most="2097152">' in client('/')[2].decode()
    status, content = client.json('/jobs?name=x.mp4', bytes(2**21 + 1))
    assert status == 413
    assert 'got a body of 2097153 bytes; expected at most 2097152: send' in content['error']


def test_a_video_that_left_the_folder_is_played_no_more_and_that_is_said(start_pages, tmp_path):
    client = start_pages()
    job = f'/jobs/{client.json("/jobs?video=a%20b.mp4", b"")[1]["id"]}'
    client.wait(job)
    (tmp_path / 'videos' / 'a b.mp4').unlink()
    status, content = client.json(f'{job}/video')
    assert (status, content['error']) == (
        404, "no video 'a b.mp4' in the folder any more; expected the one that was localized in: "
             'put it back')


def test_pages_of_others_get_nothing(start_pages, films):
    client = start_pages()
    for address, body in (('/', None), ('/jobs?name=x.mp4', films['film.mp4']),
                          ('/a%20b.mp4', None)):
        status, content = client.json(address, body, Host='evil.example')
        assert (status, content['error'][:39]) == (403, "got a request for the host 'evil.exampl")
    for address in ('/jobs?video=a%20b.mp4', '/'):
        status, content = client.json(address, b'x', Origin='http://evil.example')
        assert (status, content['error'][:29]) == (403, 'got a request that a page of ')
    picture = {'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors'}
    link = picture | {'Sec-Fetch-Mode': 'navigate'}
    assert [client(address, **headers)[0] for address in ('/', '/a%20b.mp4')
            for headers in (picture, link)] == [403, 200, 403, 403]
    assert client('/jobs?video=a%20b.mp4', b'', **link)[0] == 403
    assert ask(client.port, get('/a%20b.mp4'))[0] == 200      # a program that says no name
    allowed = start_pages(allowed_hosts=['videos.example'])
    assert allowed('/', Host='videos.example')[0] == 200


@pytest.mark.parametrize(('address', 'method', 'allowed'), [
    ('/', 'HEAD', 'GET, POST'), ('/', 'PUT', 'GET, POST'), ('/a.mp4', 'GET', 'POST')])
def test_a_method_that_is_refused_is_answered_with_those_that_are_not(start_pages, address, method,
                                                                      allowed):
    with sent(start_pages(folder=None).port, get(address, method)) as connection, \
            connection.makefile('rb') as file:
        head = file.read().partition(b'\r\n\r\n')[0].decode().split('\r\n')
    assert '405' in head[0]
    assert f'Allow: {allowed}' in head
