"""A `python` for commands of tests that has imported torch and MMAction2 already.

A tool spends more time on imports than on a test's few videos. Here one process imports, and forks
for each command: `serve SOCKET MODULE…` is that process. Anything else is the command, which is
sent there with its words, folder, variables and open files; signals follow it, and it ends as the
fork did. What is neither script nor module (`-c`) is run by Python itself.
"""
from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import sys

FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)


def serve(path: str, modules: list[str]) -> None:
    """Forks for each command, until it is killed, or those who write to its input are gone."""
    import gc
    import importlib
    for module in modules:
        importlib.import_module(module)
    gc.freeze()     # no fork looks for garbage among what was imported, and copies it by that
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
        listening.bind(f'{path}_')
        listening.listen(64)
        os.rename(f'{path}_', path)     # who finds it can connect
        while listening in select.select([listening, sys.stdin], [], [])[0]:
            connection, _ = listening.accept()
            if not os.fork():
                listening.close()
                watch(connection)
                os._exit(0)
            connection.close()
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass


def watch(connection: socket.socket) -> None:
    """Runs what came in a fork, which is killed with its group where the command itself was."""
    request, files, _, _ = socket.recv_fds(connection, 2**20, 3)
    process = os.fork()
    if not process:
        connection.close()
        run(*json.loads(request), files)
    for file in files:
        os.close(file)
    connection.send(process.to_bytes(4, 'big'))
    ended = os.pidfd_open(process)
    if ended not in select.select([connection, ended], [], [])[0]:
        for kill in (os.killpg, os.kill):       # it may have no group of its own yet
            with contextlib.suppress(ProcessLookupError):
                kill(process, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    with contextlib.suppress(OSError):
        connection.send(code.to_bytes(4, 'big', signed=True))


def run(words: list[str], folder: str, variables: dict[str, str], files: list[int]) -> None:
    """As Python runs a script; never returns."""
    import atexit
    import runpy
    import threading
    os.setsid()
    for target, file in enumerate(files):
        os.dup2(file, target)
        os.close(file)
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(folder)
    sys.argv, sys.executable = words, variables['PYTHON_EXEC']
    paths = filter(None, variables.get('PYTHONPATH', '').split(os.pathsep))
    first = folder if words[0] == '-m' else os.path.dirname(os.path.abspath(words[0]))
    sys.path[:1] = [first, *map(os.path.abspath, paths)]
    status = 0
    try:
        if words[0] == '-m':
            sys.argv = words[1:]
            runpy.run_module(words[1], run_name='__main__', alter_sys=True)
        else:
            runpy.run_path(words[0], run_name='__main__')
    except SystemExit as stop:
        status = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        if stop.code is not None and not isinstance(stop.code, int):
            print(stop.code, file=sys.stderr)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 1
    threading._shutdown()       # waits, as Python does, for threads that are no daemons
    atexit._run_exitfuncs()
    with contextlib.suppress(OSError):      # whoever reads has gone
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status & 255)


def send(path: str, words: list[str]) -> int:
    """Has this process's command run there; its exit code, negative where a signal ended it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        connection.connect(path)
        signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED)     # until it is known where to
        request = json.dumps([words, os.getcwd(), dict(os.environ)]).encode()
        socket.send_fds(connection, [request], [0, 1, 2])
        process = int.from_bytes(connection.recv(4), 'big')

        def forward(number: int, frame: object) -> None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, number)
        for number in FORWARDED:
            signal.signal(number, forward)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, FORWARDED)
        return int.from_bytes(connection.recv(4), 'big', signed=True)


def main(words: list[str]) -> None:
    if words[:1] == ['serve']:
        serve(words[1], words[2:])
        return
    command = words[1:] if words[:1] == ['-u'] else words
    if not command or command[0].startswith('-') and command[0] != '-m':
        os.execv(sys.executable, [sys.executable, *words])
    code = send(os.environ['WARM_PYTHON'], command)
    if code < 0:
        with contextlib.suppress(OSError):      # SIGKILL has no handler
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


if __name__ == '__main__':
    main(sys.argv[1:])
