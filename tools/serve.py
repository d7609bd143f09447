"""Finds the actions in videos that are sent over HTTP: a video file in, its best segments out.

    python tools/serve.py --config CONFIG --checkpoint CHECKPOINT --folder videos
    curl --data-binary @match.mp4 http://127.0.0.1:8000
    curl http://127.0.0.1:8000/val_0000.mp4

The model is named as for tools/localize.py. Answers are json, those to bad requests too; what is
refused, and why, is in docs/inference.md. SIGTERM or Ctrl-C ends it.
"""
from __future__ import annotations

__mmlofi__ = 'later'   # in `start`, so that arguments come before what takes seconds

import argparse
import contextlib
import sys

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
    parser.add_argument('--max-mb', type=float, default=1024, metavar='MB',
                        help='largest upload; default %(default)s')
    return parser.parse_args()


if __name__ == '__main__':
    start(parse_args)

from mmlofi.apis.serve import LocalizationServer
from mmlofi.sigterm import sigterm_unwinds


def main() -> None:
    args = parse_args()
    try:
        server = LocalizationServer(
            make_inferencer(args), (args.host, args.port), folder=args.folder,
            max_bytes=int(args.max_mb * 2**20), top_k=args.top_k or None, threshold=args.threshold)
    except (OSError, OverflowError, ValueError) as error:
        sys.exit(f'serve: {error}')
    print(f'http://{args.host}:{server.server_port}', flush=True)
    with server, sigterm_unwinds(), contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()


if __name__ == '__main__':
    main()
