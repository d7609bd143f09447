"""What a `TALInferencer` finds, over HTTP: Python's own server, a thread a request.

::

    POST /        a video file as the body
    GET  /NAME    a video of the folder that is served, where there is one
    200           {"video": "NAME", "duration_sec": 30.0,
                   "detections": [{"label": "Ballet", "score": 0.9, "segment": [6.2, 77.7]}, …]}
    4xx, 5xx      {"error": "what came, what was expected, how to mend it"}

For browsers there are pages beside it (`mmlofi.apis.pages`), where they were added.
"""
from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import traceback
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import unquote

from mmlofi.apis.connections import has_hung_up, linger
from mmlofi.apis.inferencer import TALInferencer
from mmlofi.apis.origins import is_loopback, why_foreign
from mmlofi.apis.uploads import Refused, body_bytes, path_of, receive, store
from mmlofi.files import path_in
from mmlofi.options import require_number, require_whole

if TYPE_CHECKING:
    from mmlofi.apis.pages import Pages

UPLOAD = 'upload'        # what a video that was sent is called
LOOK_SEC = 1             # between looks whether a client still waits for its turn
LINGER_SEC = 2           # for which what a refused client still sends is thrown away


class LocalizationServer(ThreadingHTTPServer):
    """Serves an inferencer: `LocalizationServer(inferencer).serve_forever()`.

    Uploads come in side by side, into files without a name, which are gone whenever the process
    is. The model takes one video at a time; of a client that has hung up it takes none, and drops
    the one that it is at.

    Args:
        inferencer: With `show_progress=False`.
        address: Host and port; port 0 takes a free one (`server_port` says which).
        folder: Of videos that a request may name; None serves uploads alone.
        max_bytes: Larger uploads are refused before they are read.
        max_requests: Those beyond so many at a time are told to come back, since each may take
            `max_bytes` of the disk.
        timeout_sec: After which a client that sends nothing more is given up.
        allowed_hosts: Names that clients may call the server by, beside those of this machine. At
            an address of this machine alone any other is refused. What pages of others send is
            refused at any address, as far as browsers say so; their links lead to its pages alone.
        options: Of the inferencer's call, such as `top_k` and `threshold`.

    Raises:
        NotADirectoryError: When there is no such folder.
        OSError: When the address cannot be had.
        ValueError: For limits that are no numbers from 1 on.
    """

    daemon_threads = True     # a stopped server waits for nobody

    def __init__(self, inferencer: TALInferencer, address: tuple[str, int] = ('127.0.0.1', 8000), *,
                 folder: str | os.PathLike | None = None, max_bytes: int = 2**30,
                 max_requests: int = 16, timeout_sec: float = 60,
                 allowed_hosts: Collection[str] = (), **options: object) -> None:
        if folder is not None and not os.path.isdir(folder):
            raise NotADirectoryError(f'no folder at {os.fspath(folder)!r}; expected that of the '
                                     'videos which requests may name: check the path, or leave '
                                     'it out to serve uploads alone')
        require_whole('LocalizationServer', max_bytes=max_bytes, max_requests=max_requests)
        require_number('LocalizationServer', least=1, timeout_sec=timeout_sec)
        self.inferencer, self.options, self.folder = inferencer, options, folder
        self.max_bytes, self.timeout_sec = max_bytes, timeout_sec
        self.loopback, self.allowed_hosts = is_loopback(address[0]), frozenset(allowed_hosts)
        self.pages: Pages | None = None
        self.room, self.turn = threading.BoundedSemaphore(max_requests), threading.Lock()
        super().__init__(address, LocalizationHandler)

    def path_of_named(self, name: str) -> str:
        """The path of a video of the folder.

        Raises:
            Refused: When there is none of this name, or no folder.
        """
        if self.folder is None:
            raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, 'got a GET, and this server has no '
                          'folder of videos; expected POST with a video as the body')
        try:
            path = path_in(self.folder, name)
        except ValueError:
            raise Refused(HTTPStatus.FORBIDDEN, f'got the name {name!r}; expected one of a video '
                          'in the folder that is served') from None
        if not os.path.isfile(path):
            raise Refused(HTTPStatus.NOT_FOUND, f'no video {name!r} in the folder that is served; '
                          'expected the name of one: check its spelling')
        return path


class HungUp(Exception):
    """A client that waits for no answer any more."""


class LocalizationHandler(BaseHTTPRequestHandler):
    """One request; every answer, of errors too, is json."""

    protocol_version = 'HTTP/1.1'     # of which 'Expect: 100-continue' is part
    server: LocalizationServer

    def setup(self) -> None:
        """As the base's, with the server's patience."""
        self.timeout = self.server.timeout_sec
        super().setup()

    def handle(self) -> None:
        """As the base's; a client that has hung up is no fault to be printed.

        Nor does one that sends its headers byte by byte keep a thread.
        """
        self.late = threading.Timer(self.timeout, self._stop_reading)
        self.late.daemon = True
        self.late.start()
        with contextlib.suppress(ConnectionError, HungUp):
            super().handle()
        self.late.cancel()

    def parse_request(self) -> bool:
        """As the base's, after which there is no hurry."""
        try:
            return super().parse_request()
        finally:
            self.late.cancel()

    def _stop_reading(self) -> None:
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RD)

    def do_POST(self) -> None:
        """Localizes in the body, or does what a page asks for."""
        self._answer(self._upload)

    def do_GET(self) -> None:
        """Localizes in a file of the folder, or shows a page."""
        self._answer(self._named)

    def handle_expect_100(self) -> bool:
        """Refuses what is too large before it is sent, as curl asks for large files."""
        try:
            self.body_bytes()
        except Refused as refused:
            self._send(refused.status, dict(error=str(refused)))
            return False
        return super().handle_expect_100()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """The base's own refusals, of what is no HTTP or another method."""
        if code == HTTPStatus.NOT_IMPLEMENTED:
            code, message = HTTPStatus.METHOD_NOT_ALLOWED, (
                f'got {self.command}; expected POST with a video as the body, or GET of one in '
                'the folder or of a page, where there are such')
        self._send(HTTPStatus(code), dict(error=message or HTTPStatus(code).phrase))

    def _answer(self, open_video: Callable[[], AbstractContextManager[tuple[str, str]]]) -> None:
        pages = self.server.pages
        of_pages = pages is not None and pages.takes(self.command, self.path)
        foreign = why_foreign(self.headers, loopback=self.server.loopback,
                              allowed=self.server.allowed_hosts,
                              only_shows=of_pages and self.command == 'GET')
        if foreign is not None:
            self._send(HTTPStatus.FORBIDDEN, dict(error=foreign))
        elif of_pages:
            pages.answer(self)
        else:
            self._respond(open_video)

    def _respond(self, open_video: Callable[[], AbstractContextManager[tuple[str, str]]]) -> None:
        """Answers with what is found in the video, whose path and name `open_video` gives."""
        try:
            with self.room(), open_video() as (path, name):
                status, content = HTTPStatus.OK, self._localize(path, name)
        except Refused as refused:
            status, content = refused.status, dict(error=str(refused))
        except (ConnectionError, HungUp):
            raise
        except Exception as error:     # a fault of ours, or of the machine
            self.log_error('%s', traceback.format_exc())
            status, content = HTTPStatus.INTERNAL_SERVER_ERROR, dict(
                error=f'{type(error).__name__} in the server, whose log tells more')
        self._send(status, content)

    @contextmanager
    def room(self) -> Iterator[None]:
        """One of the requests that are taken at a time.

        Raises:
            Refused: When there are as many already.
        """
        if not self.server.room.acquire(blocking=False):
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, 'as many requests as this server takes '
                          'are waiting; expected fewer at a time: send it again later')
        try:
            yield
        finally:
            self.server.room.release()

    @contextmanager
    def _upload(self) -> Iterator[tuple[str, str]]:
        """The body, in a file that has no name and leaves nothing behind."""
        if self.path != '/':
            raise Refused(HTTPStatus.NOT_FOUND, f'got a POST to {self.path}; expected one to /, '
                          'which has no options')
        with self.stored_body() as file:
            yield path_of(file), UPLOAD

    def stored_body(self) -> BinaryIO:
        """The body, in a file without a name.

        Raises:
            Refused: As `uploads.body_bytes` and `uploads.store`.
        """
        return store(self._receive, self.body_bytes(), self.server.timeout_sec)

    def body_bytes(self) -> int:
        """The size of the body.

        Raises:
            Refused: As `uploads.body_bytes`.
        """
        return body_bytes(self.headers['Content-Length'], self.server.max_bytes)

    def _receive(self, file: BinaryIO, size: int) -> None:
        receive(self.rfile, file, size, self.server.timeout_sec)

    @contextmanager
    def _named(self) -> Iterator[tuple[str, str]]:
        """A file of the folder, by the path of the address."""
        name = unquote(self.path.removeprefix('/'))
        yield self.server.path_of_named(name), name

    def _localize(self, path: str, name: str) -> dict:
        """What is found in one video, once it is its turn."""
        inferencer = self.server.inferencer
        (video,) = inferencer.list_videos([path])
        with self._turn():
            try:
                (found,) = inferencer(dict(video, video_name=name), **self.server.options,
                                      progress=self._stop_if_hung_up)['predictions']
            except (FileNotFoundError, ValueError) as error:
                reason = str(error).replace(path, name)      # where it lies concerns nobody
                raise Refused(HTTPStatus.BAD_REQUEST, reason) from None
        return dict(video=name, duration_sec=found['duration_sec'], detections=found['detections'])

    @contextmanager
    def _turn(self) -> Iterator[None]:
        while not self.server.turn.acquire(timeout=LOOK_SEC):
            self._stop_if_hung_up()
        try:
            self._stop_if_hung_up()
            yield
        finally:
            self.server.turn.release()

    def _stop_if_hung_up(self, *done: int) -> None:
        if has_hung_up(self.connection):
            raise HungUp

    def _send(self, status: HTTPStatus, content: dict) -> None:
        """Answers, and ends the connection: the next video may have another."""
        body = json.dumps(content, ensure_ascii=False).encode() + b'\n'
        self.close_connection = True
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(body)))
        self.send_header('Connection', 'close')
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header('Allow', ', '.join(self._allowed()))
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(body)
        if status != HTTPStatus.OK:
            self.linger()

    def _allowed(self) -> list[str]:
        """The methods, but for the one that is refused."""
        gives = self.server.folder is not None or self.server.pages is not None
        return [one for one in (['GET', 'POST'] if gives else ['POST']) if one != self.command]

    def linger(self) -> None:
        """Lets a client that is still sending read why it was refused."""
        linger(self.connection, LINGER_SEC)
