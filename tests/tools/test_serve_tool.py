"""Serving by the command line; that it answers is tested with benchmarks/serving.py."""
from __future__ import annotations

import os
import signal
import socket
import sys

import pytest

from mmlofi.apis.serve import LocalizationServer


@pytest.mark.parametrize(('options', 'message'), [
    (('--top-k', -1), 'got top_k=-1; expected a whole number, 0 or more'),
    (('--folder', 'none'), "no folder at 'none'; expected that of the videos"),
    (('--max-mb', 0), 'max_bytes=0'),
    (('--keep-mb', 0), 'max_bytes=0'),
    (('--max-minutes', 'nan'), 'limit_sec=nan'),
    (('--port', 70000), 'port must be 0-65535')])
def test_what_cannot_be_served_is_said_in_a_line(options, message, untrained_lofi, toy_configs,
                                                 call_tool):
    with pytest.raises(SystemExit) as stop:
        call_tool('serve.py', '--config', toy_configs / 'lofi_toy.py', '--checkpoint',
                  untrained_lofi, *options)
    assert str(stop.value).startswith('serve: ')
    assert message in str(stop.value)


def test_a_port_that_is_taken_is_said(untrained_lofi, toy_configs, call_tool):
    with socket.create_server(('127.0.0.1', 0)) as other, pytest.raises(
            SystemExit, match='serve: .*Address already in use'):
        call_tool('serve.py', '--config', toy_configs / 'lofi_toy.py', '--checkpoint',
                  untrained_lofi, '--port', other.getsockname()[1])


@pytest.fixture
def serve_until(call_tool, untrained_lofi, toy_configs, monkeypatch):
    """Runs the tool, which does something else in place of waiting for requests."""
    def serve(act, *options):
        monkeypatch.setattr(LocalizationServer, 'serve_forever', act)
        call_tool('serve.py', '--config', toy_configs / 'lofi_toy.py', '--checkpoint',
                  untrained_lofi, '--port', 0, *options)
    return serve


@pytest.mark.parametrize('there', [True, False])
def test_without_werkzeug_json_alone_is_served_and_said_why(there, serve_until, monkeypatch,
                                                            capsys):
    def act(server):
        assert (server.pages is not None) is there
    pytest.importorskip('werkzeug')
    if not there:
        monkeypatch.setitem(sys.modules, 'werkzeug.wrappers', None)
    monkeypatch.delitem(sys.modules, 'mmlofi.apis.pages', raising=False)
    serve_until(act)
    said = capsys.readouterr().err
    assert ('serve: json alone: the pages need werkzeug' in said) is not there
    serve_until(lambda server: None, '--json-only')
    assert 'json alone' not in capsys.readouterr().err


@pytest.mark.parametrize(('number', 'status'), [(signal.SIGTERM, 143), (signal.SIGINT, None)])
def test_a_signal_ends_it_and_its_jobs(number, status, serve_until, monkeypatch):
    pytest.importorskip('werkzeug')
    monkeypatch.setattr('mmlofi.apis.jobs.CLOSE_SEC', 120)
    jobs, before = [], signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)   # which shells ignore behind `&`

    def act(server):
        jobs.append(server.pages.jobs)
        os.kill(os.getpid(), number)
        signal.pause()
    try:
        if status is None:
            serve_until(act)
        else:
            with pytest.raises(SystemExit) as stop:
                serve_until(act)
            assert stop.value.code == status
    finally:
        signal.signal(signal.SIGINT, before)
    assert not jobs[0]._thread.is_alive()
