"""Pages of a `LocalizationServer` for browsers: send or name a video, see how far it is, watch it.

::

    GET  /                  a form, and this browser's videos
    POST /jobs?name=NAME    a video file as the body; 201 and {"id": …}
    POST /jobs?video=NAME   a video of the folder that is served; 201 and {"id": …}
    GET  /jobs/ID/          the page that plays it, or how far it is
    GET  /jobs/ID/state     {"step": "queued" | "localizing" | "copying" | "done" | "failed", …}
    GET  /jobs/ID/video     what the page plays, by ranges
    POST /jobs/ID/remove    forgets it

An ID is known to who got it alone. Errors are json, as the server's own.
"""
from __future__ import annotations

import json
import mimetypes
import os
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from mmlofi.apis.job_work import Found, worker
from mmlofi.apis.jobs import DONE, Job, JobQueue, NoRoom
from mmlofi.apis.serve import LocalizationServer
from mmlofi.apis.uploads import Refused, body_bytes, path_of
from mmlofi.apis.video_files import find_videos, name_videos
from mmlofi.apis.wsgi import answer_by
from mmlofi.json_values import text_fault
from mmlofi.report.player_page import PlayedVideo, player_page
from mmlofi.report.rendering import render
from mmlofi.visualization.colours import class_colours

try:
    from werkzeug.exceptions import HTTPException, NotFound
    from werkzeug.routing import Map, RequestRedirect, Rule
    from werkzeug.wrappers import Request, Response
    from werkzeug.wsgi import wrap_file
except ImportError as error:
    raise ImportError('the pages need werkzeug, which is not installed: pip install '
                      '"mmlofi[serve]", or "werkzeug>=3"') from error

JOBS = '/jobs'
HANDLER = 'mmlofi.handler'     # of the request, in the environment of WSGI
NAME_LETTERS = 200       # of a name that is sent
MOST_NAMES = 1000        # of the folder, in the form
HEADERS = {'X-Content-Type-Options': 'nosniff', 'X-Frame-Options': 'DENY',
           'Referrer-Policy': 'no-referrer', 'Cross-Origin-Resource-Policy': 'same-origin',
           'Cache-Control': 'no-store'}
KINDS = {'.mov': 'video/mp4', '.m4v': 'video/mp4'}     # the same boxes, which browsers look at


@contextmanager
def serving_pages(server: LocalizationServer, **limits: float) -> Iterator[None]:
    """Adds pages to a server; with the context their jobs end.

    Args:
        server: Whose inferencer, options, folder and limits of uploads they have.
        limits: Of a `JobQueue`.

    Raises:
        ValueError: As `JobQueue`.
    """
    work = worker(server.inferencer, server.options, server.turn)
    jobs = JobQueue(work, **limits)
    server.pages = Pages(server, jobs)
    try:
        yield
    finally:
        server.pages = None
        jobs.close()


class Pages:
    """What is answered at these addresses."""

    routes = Map([
        Rule('/', endpoint='_form', methods=['GET']),
        Rule(JOBS, endpoint='_add', methods=['POST']),
        Rule(f'{JOBS}/<id_>/', endpoint='_page', methods=['GET']),
        Rule(f'{JOBS}/<id_>/state', endpoint='_state', methods=['GET']),
        Rule(f'{JOBS}/<id_>/video', endpoint='_video', methods=['GET']),
        Rule(f'{JOBS}/<id_>/remove', endpoint='_remove', methods=['POST'])], merge_slashes=False)

    def __init__(self, server: LocalizationServer, jobs: JobQueue) -> None:
        self.server, self.jobs = server, jobs

    def takes(self, method: str, address: str) -> bool:
        """Whether a request is for a page; others are for the server's own."""
        path = address.partition('?')[0]
        return (path == '/' and method == 'GET') or path == JOBS or path.startswith(f'{JOBS}/')

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answers a request that a handler has got."""
        status, whole = answer_by(self, handler, **{HANDLER: handler})
        if not handler.path.endswith('/state'):      # twice a second for each that looks
            handler.log_request(status or '-')
        if whole and status >= HTTPStatus.BAD_REQUEST:
            handler.linger()

    def __call__(self, environ: dict, start_response):
        """As WSGI has it."""
        request = Request(environ)
        try:
            endpoint, values = self.routes.bind_to_environ(environ).match()
            response = getattr(self, endpoint)(request, **values)
        except RequestRedirect as error:      # to the address with a slash
            response = error.get_response()
        except Refused as error:
            response = _json(dict(error=str(error)), error.status)
        except HTTPException as error:
            response = _json(dict(error=error.description), error.code)
            response.headers.extend((name, value) for name, value in error.get_headers()
                                    if name in ('Allow', 'Content-Range'))
        except ConnectionError:
            raise
        except Exception as error:     # a fault of ours, or of the machine
            print(traceback.format_exc(), file=sys.stderr)
            response = _json(dict(error=f'{type(error).__name__} in the server, whose log tells '
                                  'more'), HTTPStatus.INTERNAL_SERVER_ERROR)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response(environ, start_response)

    def _form(self, request: Request) -> Response:
        return _html('serve_form.html', names=self._names(), folder=self.server.folder is not None,
                     max_bytes=self._max_bytes())

    def _add(self, request: Request) -> Response:
        if ('name' in request.args) == ('video' in request.args):
            raise Refused(HTTPStatus.BAD_REQUEST, 'got neither a name nor a video, or both; '
                          f'expected POST {JOBS}?name=NAME with a video as the body, or '
                          f'{JOBS}?video=NAME of one in the folder')
        try:
            with request.environ[HANDLER].room():
                job = self._named(request.args['video']) if 'video' in request.args \
                    else self._sent(request)
        except NoRoom as error:
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, str(error)) from None
        return _json(dict(id=job.id), HTTPStatus.CREATED)

    def _sent(self, request: Request) -> Job:
        handler = request.environ[HANDLER]
        size = body_bytes(handler.headers['Content-Length'], self._max_bytes())
        self.jobs.reserve(size)
        try:
            upload = handler.stored_body()
        except BaseException:
            self.jobs.release(size)
            raise
        job = Job(name=_shown_name(request.args['name']), path=path_of(upload), upload=upload,
                  size=size)
        self.jobs.add(job)
        return job

    def _named(self, name: str) -> Job:
        path = self.server.path_of_named(name)
        self.jobs.reserve(0)
        job = Job(name=name, path=path)
        self.jobs.add(job)
        return job

    def _page(self, request: Request, id_: str) -> Response:
        job = self._job(id_)
        if job.step != DONE:
            return _html('serve_job.html', name=job.name)
        found, (name,) = job.result, name_videos([job.name])
        page = player_page(
            [PlayedVideo(name=name, file=Path(found.played), source='video',    # beside the page
                         duration_sec=found.duration_sec, found=found.detections)],
            Path(), colours=class_colours(self.server.inferencer.classes),
            title=f'Found in {job.name}', back='/')
        return Response(page, mimetype='text/html')

    def _state(self, request: Request, id_: str) -> Response:
        job = self._job(id_)
        state = dict(video=job.name, step=job.step, share=round(job.share, 4),
                     before=self.jobs.place(job), error=job.error)
        if job.step == DONE:
            state |= dict(duration_sec=job.result.duration_sec, detections=job.result.detections)
        return _json(state)

    def _video(self, request: Request, id_: str) -> Response:
        with ExitStack() as stack:
            with self.jobs.lock:      # when it is removed, its path becomes another's
                job = self._job(id_)
                if job.step != DONE:
                    raise NotFound('this video is not done; expected one that is: look at its '
                                   'state')
                found: Found = job.result
                try:
                    file = stack.enter_context(open(found.played, 'rb'))
                except FileNotFoundError:      # only one of the folder has a name to go with
                    raise NotFound(f'no video {job.name!r} in the folder any more; expected the '
                                   'one that was localized in: put it back') from None
            size = os.fstat(file.fileno()).st_size
            kind = KINDS.get(found.suffix) or mimetypes.guess_type(f'x{found.suffix}')[0]
            response = Response(wrap_file(request.environ, file, 2**16), mimetype=kind,
                                direct_passthrough=True)
            response.content_length = size
            response.make_conditional(request, accept_ranges=True, complete_length=size)
            response.call_on_close(stack.pop_all().close)
        return response

    def _remove(self, request: Request, id_: str) -> Response:
        self.jobs.remove(self._job(id_).id)
        return _json(dict(removed=id_))

    def _job(self, id_: str) -> Job:
        job = self.jobs.get(id_)
        if job is None:
            raise NotFound('no video by this address: it was removed, or is older than those that '
                           'are kept; send it again')
        return job

    def _max_bytes(self) -> int:
        """Of a video that is sent."""
        return min(self.server.max_bytes, self.jobs.max_bytes)

    def _names(self) -> list[str]:
        """Videos of the folder, but for those whose names are no text that a request can say."""
        try:
            files = find_videos(self.server.folder) if self.server.folder else []
        except FileNotFoundError:     # the folder may get some later
            return []
        names = map(os.path.basename, files)
        return [name for name in names if text_fault(name) is None][:MOST_NAMES]


def _shown_name(name: str) -> str:
    """What a file that is sent is called: for people, and by its ending; nothing is opened by it.

    Browsers may send its path, with either kind of slash.
    """
    name = re.split(r'[\\/]', name)[-1]
    name = ''.join(letter for letter in name if letter.isprintable())[-NAME_LETTERS:].strip()
    return name or 'upload'


def _html(template: str, **shown: object) -> Response:
    return Response(render(template, **shown), mimetype='text/html')


def _json(content: dict, status: int = HTTPStatus.OK) -> Response:
    return Response(json.dumps(content, ensure_ascii=False) + '\n', status=status,
                    mimetype='application/json')
