"""The server: what it answers, to whom, and what it leaves behind."""
from __future__ import annotations

import json
import os
import re
import select
import socket
import threading
import time
from types import SimpleNamespace

import pytest
from by_bytes import FOUND, LIMIT_SEC, answer, ask, get, post, sent, wait_until

from mmlofi.apis import serve, uploads
from mmlofi.apis.serve import LocalizationServer


@pytest.fixture
def start(stub, tmp_path, monkeypatch):
    """Starts servers of a folder with one video; gives the port."""
    monkeypatch.setattr(serve.LocalizationHandler, 'log_message', lambda *_: None)
    monkeypatch.setattr(serve, 'LINGER_SEC', LIMIT_SEC)
    monkeypatch.setattr(serve, 'LOOK_SEC', 0.05)
    (tmp_path / 'videos').mkdir()
    (tmp_path / 'videos' / 'a b.mp4').write_bytes(b'named')
    (tmp_path / 'secret').write_bytes(b'secret')
    servers = []

    def start(folder=tmp_path / 'videos', **options):
        servers.append(LocalizationServer(stub, ('127.0.0.1', 0), folder=folder, **options))
        threading.Thread(target=servers[-1].serve_forever, args=(0.02,), daemon=True).start()
        return servers[-1].server_port
    start.room = lambda: servers[-1].room._value     # for how many more requests there is room
    yield start
    stub.may_go_on.set()
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_video_that_is_sent_or_named_is_localized_in_with_the_servers_options(start, stub):
    port = start(top_k=3)
    expected = dict(duration_sec=3.0, detections=FOUND)
    assert ask(port, post(b'video')) == (200, dict(expected, video='upload'))
    assert ask(port, get('/a%20b.mp4')) == (200, dict(expected, video='a b.mp4'))
    assert stub.contents == [('upload', b'video'), ('a b.mp4', b'named')]
    assert stub.options == [dict(top_k=3)] * 2


@pytest.mark.parametrize(('request_bytes', 'status', 'reason'), [
    (post(b''), 400, 'got an empty body; expected a video file'),
    (post(b'bad'), 400, r"video 'upload' \(upload\) is bad"),
    (post(b'a', -1), 400, "Content-Length '-1'; expected the bytes of the video"),
    (post(b'a', 'many'), 400, "Content-Length 'many'"),
    (post(b'a', '9' * 5000), 400, "Content-Length '999"),
    (get('/../secret'), 403, r"'\.\./secret'; expected one of a video in the folder"),
    (get('/%2e%2e/secret'), 403, r"'\.\./secret'"),
    (get('/%2fetc/hosts'), 403, "'/etc/hosts'"),
    (get('/a%00b'), 403, r"'a\\x00b'"),
    (get('/none.mp4'), 404, "no video 'none.mp4' in the folder"),
    (get('/a%20b.mp4?top_k=3'), 404, "no video 'a b.mp4.top_k=3'"),
    (post(b'a', path='/?top_k=3'), 404, r'got a POST to /\?top_k=3; expected one to /'),
    (get('/', 'PUT'), 405, 'got PUT; expected POST'),
    (get('/', 'BREW'), 405, 'got BREW'),
    (get('/', 'POST'), 411, 'got no Content-Length'),
    (post(b'a', 2**31), 413, 'got a body of 2147483648 bytes; expected at most 1073741824'),
    (post(b'', 2**31, 'Expect: 100-continue'), 413, 'got a body of 2147483648 bytes')])
def test_what_is_wrong_is_answered_with_the_reason_and_the_next_is_served(
        request_bytes, status, reason, start, capfd):
    port = start()
    found = ask(port, request_bytes)
    assert found[0] == status
    assert re.search(reason, found[1]['error'])
    assert ask(port, post(b'video'))[0] == 200
    assert 'Traceback' not in capfd.readouterr().err


def test_what_is_no_http_is_answered_too(start):
    port = start()
    with sent(port, b'no http\r\n\r\n') as connection:
        assert 'error' in json.loads(connection.recv(1000))
    assert ask(port, post(b'video'))[0] == 200


def test_a_head_has_no_body_and_a_server_without_a_folder_has_no_names(start):
    assert ask(start(), get('/a%20b.mp4', 'HEAD')) == (405, None)
    status, content = ask(start(folder=None), get('/a%20b.mp4'))
    assert (status, content['error'][:30]) == (405, 'got a GET, and this server has')


def test_a_fault_of_the_servers_is_told_to_its_log_and_not_to_the_client(start, monkeypatch):
    logged = []
    monkeypatch.setattr(serve.LocalizationHandler, 'log_message',
                        lambda self, text, *values: logged.append(text % values))
    port = start()
    assert ask(port, post(b'worse')) == (500, dict(
        error='RuntimeError in the server, whose log tells more'))
    assert any('/secret/path is worse' in line and 'Traceback' in line for line in logged)
    assert ask(port, post(b'video'))[0] == 200


def test_a_client_that_sends_on_after_it_was_refused_can_read_why(start):
    port = start(max_bytes=10)
    with sent(port, post(bytes(2**22), 2**31)) as connection:
        assert answer(connection)[0] == 413


def test_an_upload_that_stops_is_given_up_and_one_that_ends_early_is_refused(start):
    status, content = ask(start(timeout_sec=1), post(b'half', 8))
    assert status == 408
    assert 'stopped for 1 s, or came' in content['error']
    assert 'before its 8 bytes were there' in content['error']
    with sent(start(), post(b'half', 8)) as connection:
        connection.shutdown(socket.SHUT_WR)
        status, content = answer(connection)
    assert (status, content['error']) == (
        400, 'the upload ended after 4 of 8 bytes; expected all of them: send it again')


@pytest.mark.parametrize(('head', 'status'), [
    (b'POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n', 408), (b'POST / HTTP/1.1\r\nX: ', 411)])
def test_a_client_that_sends_byte_by_byte_is_given_up(start, head, status, monkeypatch):
    # A second stands for the minute of patience, but not where the client is silent.
    monkeypatch.setattr(uploads, 'time', SimpleNamespace(monotonic=lambda: 60 * time.monotonic()))
    monkeypatch.setattr(serve, 'threading', SimpleNamespace(**vars(threading) | dict(
        Timer=lambda sec, act: threading.Timer(sec / 60, act))))
    with sent(start(timeout_sec=60), head) as connection:
        for _ in range(20):
            if select.select([connection], [], [], 0.2)[0]:
                break
            connection.sendall(b'a')
        assert answer(connection)[0] == status


def test_for_a_client_that_hangs_up_nothing_more_is_computed(start, stub):
    port = start(max_requests=2)
    stub.may_go_on.clear()
    with sent(port, post(b'first')) as first:
        assert stub.waits.wait(LIMIT_SEC)
        with sent(port, post(b'second')):
            wait_until(lambda: start.room() == 0)
        wait_until(lambda: start.room() == 1)     # while the first is still computed for
        assert not stub.stopped.is_set()
        first.close()
        assert stub.stopped.wait(LIMIT_SEC)
    stub.may_go_on.set()
    assert ask(port, post(b'third'))[0] == 200
    assert [content for _, content in stub.contents] == [b'first', b'third']
    with sent(port, post(b'half', 8)):        # hangs up while it sends
        pass
    assert ask(port, post(b'fourth'))[0] == 200


def test_the_model_takes_one_at_a_time_and_too_many_requests_come_back(start, stub):
    port = start(max_requests=3)
    stub.may_go_on.clear()
    threads = [threading.Thread(target=ask, args=(port, post(b'video'))) for _ in range(3)]
    for thread in threads:
        thread.start()
    wait_until(lambda: start.room() == 0)
    assert ask(port, post(b'video')) == (503, dict(
        error='as many requests as this server takes are waiting; expected fewer at a time: send '
              'it again later'))
    stub.may_go_on.set()
    for thread in threads:
        thread.join(LIMIT_SEC)
    assert stub.most == 1
    assert ask(port, post(b'video'))[0] == 200


def test_an_upload_is_a_file_without_a_name_that_is_gone_with_its_request(start, stub, tmp_path,
                                                                          monkeypatch):
    (tmp_path / 'temp').mkdir()
    monkeypatch.setattr('tempfile.tempdir', str(tmp_path / 'temp'))
    port = start()
    assert ask(port, post(b'first'))[0] == 200
    handles = len(os.listdir('/proc/self/fd'))
    stub.may_go_on.clear()
    with sent(port, post(bytes(2**21))) as connection:
        assert stub.waits.wait(LIMIT_SEC)
        assert os.listdir(tmp_path / 'temp') == []
        stub.may_go_on.set()
        assert answer(connection)[0] == 200
    assert len(stub.contents[1][1]) == 2**21
    wait_until(lambda: len(os.listdir('/proc/self/fd')) <= handles)


def test_no_room_for_an_upload_is_said(start, monkeypatch):
    def full(handler, file, size):
        raise OSError(28, 'No space left on device')
    monkeypatch.setattr(serve.LocalizationHandler, '_receive', full)
    status, content = ask(start(), post(b'video'))
    assert status == 507
    assert 'no room for an upload of 5 bytes (No space left on device)' in content['error']


def test_servers_that_cannot_be_are_refused(stub, tmp_path):
    with pytest.raises(NotADirectoryError, match="no folder at '.*none'; expected that of the"):
        LocalizationServer(stub, ('127.0.0.1', 0), folder=tmp_path / 'none')
    for limits in (dict(max_bytes=0), dict(max_requests=2.5), dict(timeout_sec=float('nan'))):
        with pytest.raises(ValueError, match=f'Server got {next(iter(limits))}=.*; expected'):
            LocalizationServer(stub, ('127.0.0.1', 0), **limits)
