"""Finds the actions in videos that are sent over HTTP, by a browser or a program.

    python tools/serve.py --config CONFIG --checkpoint CHECKPOINT --folder videos

Open http://127.0.0.1:8000 in a browser: send a video, or name one of the folder, see how far it is,
and watch it beside what was found. Programs get json:

    curl --data-binary @match.mp4 http://127.0.0.1:8000
    curl http://127.0.0.1:8000/val_0000.mp4

The model is named as for tools/localize.py. What is refused, and why, is in docs/inference.md.
SIGTERM or Ctrl-C ends it, and what was sent is gone then. The pages need werkzeug:
pip install "mmlofi[serve]"; without it, json alone is served.
"""
from __future__ import annotations

__mmlofi__ = 'later'   # in `start`, so that arguments come before what takes seconds

import argparse
import contextlib
import sys
from contextlib import AbstractContextManager

from mmlofi.apis.arguments import add_inferencer_options, make_inferencer
from mmlofi.starting import start


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_inferencer_options(parser)
    parser.add_argument('--folder', help='of videos that may be asked for by name; default: none')
    parser.add_argument('--host', default='127.0.0.1',
                        help='address to listen at; 0.0.0.0 is all of this machine; default '
                             '%(default)s')
    parser.add_argument('--port', type=int, default=8000,
                        help='port to listen at, 0 for a free one; default %(default)s')
    parser.add_argument('--allow-host', nargs='+', default=[], metavar='NAME',
                        help='names that browsers may call the server by, beside localhost, where '
                             'another server stands before it')
    parser.add_argument('--max-mb', type=float, default=1024, metavar='MB',
                        help='largest upload; default %(default)s')
    parser.add_argument('--keep-mb', type=float, default=4096, metavar='MB',
                        help='of videos that the pages keep, waiting ones too; the oldest go '
                             'first; default %(default)s')
    parser.add_argument('--max-minutes', type=float, default=60, metavar='MIN',
                        help='that a video of the pages may take; default %(default)s')
    parser.add_argument('--json-only', action='store_true', help='no pages')
    return parser.parse_args()


if __name__ == '__main__':
    start(parse_args)

from mmlofi.apis.serve import LocalizationServer
from mmlofi.sigterm import sigterm_unwinds


def main() -> None:
    args = parse_args()
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(LocalizationServer(
                make_inferencer(args), (args.host, args.port), folder=args.folder,
                max_bytes=int(args.max_mb * 2**20), allowed_hosts=args.allow_host,
                top_k=args.top_k or None, threshold=args.threshold))
            stack.enter_context(pages_of(server, args))
        except (OSError, OverflowError, ValueError) as error:
            sys.exit(f'serve: {error}')
        print(f'http://{args.host}:{server.server_port}', flush=True)
        with sigterm_unwinds(), contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()


def pages_of(server: LocalizationServer, args: argparse.Namespace) -> AbstractContextManager[None]:
    """The pages beside json, where they are wanted and can be."""
    if args.json_only:
        return contextlib.nullcontext()
    try:
        from mmlofi.apis.pages import serving_pages
    except ImportError as error:
        print(f'serve: json alone: {error}', file=sys.stderr)
        return contextlib.nullcontext()
    return serving_pages(server, max_bytes=int(args.keep_mb * 2**20),
                         limit_sec=60 * args.max_minutes)


if __name__ == '__main__':
    main()
