"""Answers of an application: what is told of them to who asked for one."""
from __future__ import annotations

import io
from types import SimpleNamespace

import pytest

from mmlofi.apis.wsgi import answer_by


class Gone(io.BytesIO):
    """A connection whose client reads no further."""

    def write(self, piece):
        raise BrokenPipeError


def handler_of(connection):
    server = SimpleNamespace(server_address=('127.0.0.1', 8000))
    return SimpleNamespace(rfile=io.BytesIO(), wfile=connection, headers={}, path='/a?b=c',
                           command='GET', request_version='HTTP/1.1', server=server,
                           client_address=('127.0.0.1', 1))


def shows(environ, start_response):
    start_response('206 Partial Content', [('Content-Length', '3')])
    return [b'abc']


def misses_its_client(environ, start_response):
    raise ConnectionResetError


def fails(environ, start_response):
    raise RuntimeError


@pytest.mark.parametrize(('app', 'connection', 'expected'), [
    (shows, io.BytesIO, (206, True)), (shows, Gone, (206, False)),
    (misses_its_client, io.BytesIO, (None, False)), (fails, io.BytesIO, (500, True))])
def test_an_answer_has_its_status_also_when_the_client_hangs_up(app, connection, expected):
    assert answer_by(app, handler_of(connection())) == expected
