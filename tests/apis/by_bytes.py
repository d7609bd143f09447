"""A stub of an inferencer, and requests as bytes, for tests of the server."""
from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import contextmanager
from pathlib import Path

LIMIT_SEC = 120     # of waiting, which only a failure reaches, however busy the machine is
FOUND = [dict(label='run', score=0.9, segment=[1.0, 2.0])]


class Stub:
    """In place of an inferencer: what it was asked, and a wait for it to end."""

    classes = ('run', 'swim')

    def __init__(self):
        self.contents, self.options, self.may_go_on = [], [], threading.Event()
        self.may_go_on.set()
        self.waits, self.stopped = threading.Event(), threading.Event()
        self.now, self.most = 0, 0

    def list_videos(self, files):
        return [dict(filename=file) for file in files]

    def __call__(self, video, *, progress, **options):
        content = Path(video['filename']).read_bytes()
        self.contents.append((video['video_name'], content))
        self.options.append(options)
        self.now += 1
        self.most = max(self.most, self.now)
        self.waits.set()
        try:
            while not self.may_go_on.wait(0.02):
                progress(1, 2)
        except BaseException:
            self.stopped.set()
            raise
        finally:
            self.now -= 1
        if content == b'bad':
            raise ValueError(f'video {video["video_name"]!r} ({video["filename"]}) is bad')
        if content == b'worse':
            raise RuntimeError('/secret/path is worse')
        return dict(predictions=[dict(duration_sec=3.0, detections=FOUND)])


@contextmanager
def sent(port, *parts):
    with socket.create_connection(('127.0.0.1', port), timeout=LIMIT_SEC) as connection:
        for part in parts:
            connection.sendall(part)
        yield connection


def answer(connection):
    with connection.makefile('rb') as file:
        head, _, body = file.read().partition(b'\r\n\r\n')
    assert b'application/json' in head
    return int(head.split()[1]), json.loads(body) if body else None


def ask(port, *parts):
    with sent(port, *parts) as connection:
        return answer(connection)


def post(body, length=None, *more, path='/'):
    length = len(body) if length is None else length
    lines = [f'POST {path} HTTP/1.1', f'Content-Length: {length}', *more]
    return '\r\n'.join([*lines, '', '']).encode() + body


def get(path, method='GET'):
    return f'{method} {path} HTTP/1.1\r\n\r\n'.encode()


def wait_until(condition):
    end = time.monotonic() + LIMIT_SEC
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
