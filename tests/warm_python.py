"""A `python` for the commands of pages that has imported torch and MMAction2 already.

A page has a dozen commands, and each would spend most of its time on imports. Here one process
imports them, and forks for each command: `serve SOCKET MODULE…` is that process, and anything else
the command, which is sent there with its words, folder, variables and open files.
"""
from __future__ import annotations

import importlib
import json
import os
import runpy
import socket
import sys
import traceback


def serve(path: str, modules: list[str]) -> None:
    """Forks for each command, until it is killed."""
    for module in modules:
        importlib.import_module(module)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        while True:
            connection, _ = listening.accept()
            if not os.fork():
                listening.close()
                answer(connection)
            connection.close()


def answer(connection: socket.socket) -> None:
    """Runs what came, as Python runs a script, and sends the exit status."""
    request, files, _, _ = socket.recv_fds(connection, 2**20, 3)
    words, folder, variables = json.loads(request)
    for target, file in enumerate(files):
        os.dup2(file, target)
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(folder)
    sys.argv = words
    paths = filter(None, variables.get('PYTHONPATH', '').split(os.pathsep))
    sys.path[:1] = [os.path.dirname(os.path.abspath(words[0])), *map(os.path.abspath, paths)]
    status = 0
    try:
        runpy.run_path(words[0], run_name='__main__')
    except SystemExit as stop:
        status = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        if stop.code is not None and not isinstance(stop.code, int):
            print(stop.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    connection.sendall(bytes([status & 255]))
    os._exit(status & 255)


def send(path: str) -> int:
    """Has this process's command run there; its exit status."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        request = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
        socket.send_fds(connection, [request], [0, 1, 2])
        status = connection.recv(1)
    return status[0] if status else 1      # nothing: it crashed


if __name__ == '__main__':
    if sys.argv[1:2] == ['serve']:
        serve(sys.argv[2], sys.argv[3:])
    sys.exit(send(os.environ['WARM_PYTHON']))
