"""The answer of a WSGI application to a request that a handler of `http.server` has got."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler
from urllib.parse import unquote
from wsgiref.handlers import SimpleHandler

App = Callable[[dict, Callable], Iterable[bytes]]


def answer_by(app: App, handler: BaseHTTPRequestHandler, **environ: object
              ) -> tuple[int | None, bool]:
    """Sends what an application answers, and ends the connection.

    Args:
        app: The application; its input is the body as it comes in, of whatever length.
        handler: That has read the headers.
        environ: More for the application to know.

    Returns:
        The status, None when the client was gone before there was one; and whether all was sent:
        browsers hang up in the middle, to go on at another place of a video.
    """
    handler.close_connection = True
    answer = _Answer(handler.rfile, handler.wfile, None, _environ_of(handler) | environ,
                     multithread=True, multiprocess=False)
    answer.run(app)
    status = answer.sent or answer.status
    return int(status.split()[0]) if status else None, answer.sent is not None


class _Answer(SimpleHandler):
    """As HTTP/1.1 has it, with connections that end."""

    http_version = '1.1'
    server_software = 'mmlofi'
    os_environ: dict[str, str] = {}     # is no part of a request
    sent: str | None = None             # the status of an answer that was sent to its end

    def close(self) -> None:
        """As the base's, which forgets the status, and is not called for a client that is gone."""
        self.sent = self.status
        super().close()

    def send_preamble(self) -> None:
        """As the base's, with a header that applications may not send."""
        super().send_preamble()
        self._write(b'Connection: close\r\n')

    def log_exception(self, exc_info: tuple) -> None:
        """None: the application logs its own; a client that reads no further is no fault."""


def _environ_of(handler: BaseHTTPRequestHandler) -> dict[str, object]:
    path, _, query = handler.path.partition('?')
    headers = {f'HTTP_{name.upper().replace("-", "_")}': value
               for name, value in handler.headers.items()}
    host, port = handler.server.server_address[:2]
    return headers | dict(
        REQUEST_METHOD=handler.command, SCRIPT_NAME='', PATH_INFO=unquote(path, 'latin-1'),
        QUERY_STRING=query, CONTENT_LENGTH=handler.headers.get('Content-Length', ''),
        CONTENT_TYPE=handler.headers.get('Content-Type', ''), SERVER_NAME=str(host),
        SERVER_PORT=str(port), SERVER_PROTOCOL=handler.request_version,
        REMOTE_ADDR=handler.client_address[0])
