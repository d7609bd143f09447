"""Serving by the command line; that it answers is tested with benchmarks/serving.py."""
from __future__ import annotations

import socket

import pytest


@pytest.mark.parametrize(('options', 'message'), [
    (('--top-k', -1), 'got top_k=-1; expected a whole number, 0 or more'),
    (('--folder', 'none'), "no folder at 'none'; expected that of the videos"),
    (('--max-mb', 0), 'max_bytes=0'),
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
