"""The pages of the server: what they answer, what they keep, and what they refuse."""
from __future__ import annotations

import json
import os
import socket
import sys
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass
from urllib.parse import quote

import av
import numpy as np
import pytest
from by_bytes import FOUND, Stub, answer, ask, get, post, sent, wait_until
from clips import gray, write_clip

from mmlofi.apis import serve
from mmlofi.apis.serve import LocalizationServer

pytest.importorskip('werkzeug')

from mmlofi.apis.pages import serving_pages


@pytest.fixture(scope='module')
def films(tmp_path_factory) -> dict[str, bytes]:
    """One that browsers play, and one that they do not."""
    folder = tmp_path_factory.mktemp('films')
    return {name: write_clip(folder / name, gray(range(0, 250, 10)), codec=codec).read_bytes()
            for name, codec in (('film.mp4', 'libx264'), ('film.mkv', 'mpeg4'))}


@dataclass
class Client:
    """A browser, as far as a server sees one."""

    port: int

    def __call__(self, address: str, body: bytes | None = None, **headers: str):
        """Status, headers and content of an answer."""
        asked = urllib.request.Request(f'http://127.0.0.1:{self.port}{address}', body, headers)
        try:
            with urllib.request.urlopen(asked, timeout=20) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as answer:
            with answer:
                return answer.code, answer.headers, answer.read()

    def json(self, *arguments, **headers):
        status, _, content = self(*arguments, **headers)
        return status, json.loads(content)

    def send(self, body: bytes, name: str = 'film.mp4') -> str:
        status, content = self.json(f'/jobs?name={quote(name)}', body)
        assert status == 201, content
        return f'/jobs/{content["id"]}'

    def state(self, job: str) -> dict:
        status, content = self.json(f'{job}/state')
        assert status == 200, content
        return content

    def wait(self, job: str) -> dict:
        wait_until(lambda: self.state(job)['step'] in ('done', 'failed'))
        return self.state(job)


@pytest.fixture
def stub():
    stub = Stub()
    stub.classes = ('run', 'swim')
    return stub


@pytest.fixture
def start(stub, films, tmp_path, monkeypatch):
    """Starts servers of a folder with a video; gives a client."""
    monkeypatch.setattr(serve.LocalizationHandler, 'log_message', lambda *_: None)
    monkeypatch.setattr(serve, 'LINGER_SEC', 0.2)
    (tmp_path / 'temp').mkdir()
    monkeypatch.setattr('tempfile.tempdir', str(tmp_path / 'temp'))
    (tmp_path / 'videos').mkdir()
    (tmp_path / 'videos' / 'a b.mp4').write_bytes(films['film.mp4'])
    (tmp_path / 'secret').write_bytes(b'secret')
    ends = []

    def start(folder=tmp_path / 'videos', limits={}, **options):     # noqa: B006 - not changed
        server = LocalizationServer(stub, ('127.0.0.1', 0), folder=folder, **options)
        pages = serving_pages(server, **limits)
        pages.__enter__()
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()

        def end():
            server.shutdown()
            server.server_close()
            pages.__exit__(None, None, None)
        ends.append(end)
        return Client(server.server_port)
    start.end = lambda: ends.pop()()
    yield start
    stub.may_go_on.set()
    for end in ends:
        end()


def test_a_video_that_is_sent_is_localized_in_and_played_by_ranges(start, films, stub, tmp_path):
    client, film = start(top_k=3), films['film.mp4']
    job = client.send(film, r'C:\my "films"\é <b>.mp4')
    state = client.wait(job)
    assert state == dict(video='é <b>.mp4', step='done', share=1.0, before=0, error=None,
                         duration_sec=3.0, detections=FOUND)
    assert (stub.contents, stub.options) == ([('é <b>.mp4', film)], [dict(top_k=3)])
    status, headers, page = client(f'{job}/')
    assert status == 200
    assert headers['Content-Type'] == 'text/html; charset=utf-8'
    assert 'Found in é &lt;b&gt;.mp4' in page.decode()
    assert '"source": "video"' in page.decode()
    status, headers, content = client(f'{job}/video')
    assert (status, headers['Content-Type'], headers['Accept-Ranges'], content) == (
        200, 'video/mp4', 'bytes', film)
    status, headers, content = client(f'{job}/video', Range='bytes=100-199')
    assert (status, headers['Content-Range'], content) == (
        206, f'bytes 100-199/{len(film)}', film[100:200])
    assert client(f'{job}/video', Range='bytes=-7')[2] == film[-7:]
    status, headers, _ = client(f'{job}/video', Range=f'bytes={len(film)}-')
    assert (status, headers['Content-Range']) == (416, f'bytes */{len(film)}')
    assert headers['Cross-Origin-Resource-Policy'] == 'same-origin'
    assert 'Access-Control-Allow-Origin' not in headers
    assert os.listdir(tmp_path / 'temp') == []       # a file without a name


def test_what_browsers_do_not_play_is_copied_into_a_file_without_a_name(start, films, tmp_path):
    client = start()
    job = client.send(films['film.mkv'], 'film.mkv')
    assert client.wait(job)['step'] == 'done'
    _, headers, content = client(f'{job}/video')
    assert headers['Content-Type'] == 'video/mp4'
    (tmp_path / 'copy.mp4').write_bytes(content)
    with av.open(str(tmp_path / 'copy.mp4')) as copy:
        light = [frame.to_ndarray(format='gray').mean() for frame in copy.decode(video=0)]
        assert copy.streams.video[0].codec_context.name == 'h264'
    assert len(light) == 25
    assert np.all(np.diff(light) > 0)
    assert os.listdir(tmp_path / 'temp') == []


def test_a_copy_counts_and_one_without_room_fails_with_the_reason(start, films):
    client = start(limits=dict(max_bytes=len(films['film.mkv']) + 10))
    state = client.wait(client.send(films['film.mkv'], 'film.mkv'))
    assert state['step'] == 'failed'
    assert 'a copy that browsers play takes more than the 10 bytes that are left' in state['error']
    assert client.wait(client.send(films['film.mp4']))['step'] == 'done'


def test_a_video_of_the_folder_is_named_and_listed(start, films, stub):
    client = start()
    form = client('/')[2].decode()
    assert '<option value="a b.mp4">' in form
    status, content = client.json('/jobs?video=a%20b.mp4', b'')
    assert status == 201
    job = f'/jobs/{content["id"]}'
    assert client.wait(job)['detections'] == FOUND
    assert client(f'{job}/video')[2] == films['film.mp4']
    assert client.json('/a%20b.mp4')[1]['video'] == 'a b.mp4'     # programs get json as before
    assert 'id="named"' not in start(folder=None)('/')[2].decode()


def test_a_bad_video_fails_with_its_reason_and_the_next_is_done(start, films, stub):
    client = start()
    assert client.wait(client.send(b'bad', 'x.mp4')) == dict(
        video='x.mp4', step='failed', share=0.0, before=0,
        error="video 'x.mp4' (x.mp4) is bad")
    state = client.wait(client.send(b'no video at all', 'x.mp4'))     # to a stub it is one
    assert state['step'] == 'failed'
    assert "'x.mp4'" in state['error']
    assert client.wait(client.send(films['film.mp4']))['step'] == 'done'


def test_progress_is_told_and_who_comes_too_late_waits(start, films, stub):
    client = start()
    stub.may_go_on.clear()
    first, second = client.send(films['film.mp4']), client.send(films['film.mp4'])
    wait_until(lambda: client.state(first)['share'] == 0.5)
    assert client.state(first)['step'] == 'localizing'
    assert (client.state(second)['step'], client.state(second)['before']) == ('queued', 1)
    assert b'serve_' not in client(f'{second}/')[2]
    assert b'film.mp4' in client(f'{second}/')[2]
    assert client.json(f'{second}/video')[0] == 404
    stub.may_go_on.set()
    assert client.wait(second)['step'] == 'done'
    assert stub.most == 1


def test_json_and_pages_take_turns_with_the_model(start, films, stub):
    client = start()
    stub.may_go_on.clear()
    with pytest.raises(TimeoutError):
        urllib.request.urlopen(f'http://127.0.0.1:{client.port}/', films['film.mp4'], timeout=0.5)
    stub.waits.clear()
    answers = []
    thread = threading.Thread(target=lambda: answers.append(ask(client.port, post(b'video'))))
    thread.start()
    assert stub.waits.wait(10)
    job = client.send(films['film.mp4'])
    assert client.state(job)['step'] == 'queued'
    stub.may_go_on.set()
    thread.join(10)
    assert answers[0][0] == 200
    assert client.wait(job)['step'] == 'done'
    assert stub.most == 1


def test_a_video_that_takes_too_long_ends_with_a_message(start, films, stub):
    client = start(limits=dict(limit_sec=0.2))
    stub.may_go_on.clear()
    error = client.wait(client.send(films['film.mp4']))['error']
    assert "'film.mp4' took longer than 0.2 s (localizing); expected a shorter video" in error
    stub.may_go_on.set()
    assert client.wait(client.send(films['film.mp4']))['step'] == 'done'


def test_what_is_removed_is_gone_and_stops(start, films, stub):
    client = start()
    kept = client.send(films['film.mp4'])
    client.wait(kept)
    handles = len(os.listdir('/proc/self/fd'))
    stub.may_go_on.clear()
    job = client.send(films['film.mp4'])
    assert stub.waits.wait(10)
    assert client.json(f'{job}/remove', b'')[0] == 200
    assert stub.stopped.wait(10)
    assert client.json(f'{kept}/remove', b'')[0] == 200
    for address in (f'{job}/state', f'{kept}/', f'{kept}/video', f'{kept}/remove'):
        status, content = client.json(address, b'' if address.endswith('remove') else None)
        assert (status, content['error'][:29]) == (404, 'no video by this address: it ')
    wait_until(lambda: len(os.listdir('/proc/self/fd')) < handles)


def test_the_end_of_the_server_stops_its_job(start, films, stub):
    client = start()
    stub.may_go_on.clear()
    client.send(films['film.mp4'])
    assert stub.waits.wait(10)
    start.end()
    assert stub.stopped.wait(1)


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
def test_what_is_wrong_is_answered_in_json(start, address, body, status, reason):
    client = start(max_bytes=100_000)
    found = client.json(address, body)
    assert found[0] == status
    assert reason in found[1]['error']
    assert client('/')[0] == 200


def test_an_address_without_its_slash_leads_to_the_page(start, films):
    client = start()
    assert 'film.mp4' in client(client.send(films['film.mp4']))[2].decode()


def test_too_many_are_told_to_come_back_and_leave_no_room_taken(start, films, stub):
    client = start(limits=dict(max_waiting=1, max_bytes=2 * len(films['film.mp4'])))
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


def test_pages_of_others_get_nothing(start, films):
    client = start()
    for address, body in (('/', None), ('/jobs?name=x.mp4', films['film.mp4']),
                          ('/a%20b.mp4', None)):
        status, content = client.json(address, body, Host='evil.example')
        assert (status, content['error'][:39]) == (403, "got a request for the host 'evil.exampl")
    for address in ('/jobs?video=a%20b.mp4', '/'):
        status, content = client.json(address, b'x', Origin='http://evil.example')
        assert (status, content['error'][:29]) == (403, 'got a request that a page of ')
    assert ask(client.port, get('/a%20b.mp4'))[0] == 200      # a program that says no name
    allowed = start(allowed_hosts=['videos.example'])
    assert allowed('/', Host='videos.example')[0] == 200


def test_what_is_missing_is_said_with_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, 'werkzeug.wrappers', None)
    monkeypatch.delitem(sys.modules, 'mmlofi.apis.pages')
    with pytest.raises(ImportError, match=r'pages need werkzeug.*pip install "mmlofi\[serve\]"'):
        import mmlofi.apis.pages  # noqa: F401
