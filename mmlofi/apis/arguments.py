"""What the command lines of tools that use a `TALInferencer` have in common."""
from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from mmlofi.datasets.chunk_size import CHUNK_SNIPPETS
from mmlofi.options import require_number, require_whole

if TYPE_CHECKING:
    from mmlofi.apis.inferencer import TALInferencer


def add_inferencer_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options that say which model, and what of its findings is kept."""
    parser.add_argument('--config', required=True, help='config file of the model')
    parser.add_argument('--checkpoint', required=True, help='its checkpoint')
    parser.add_argument('--encoder', nargs=2, metavar=('CONFIG', 'CHECKPOINT'),
                        default=[None, None],
                        help='stage-2 config and checkpoint of the encoder, for a head on '
                             'features; "named" for the weights that the config names')
    parser.add_argument('--threshold', type=float, default=0.0,
                        help='lowest score of a segment; default %(default)s')
    parser.add_argument('--top-k', type=int, default=10,
                        help="a video's best segments that are kept, 0 for all; default "
                             '%(default)s')
    parser.add_argument('--device', help='such as cuda:1 or cpu; default: a GPU if there is one')
    parser.add_argument('--chunk-snippets', type=int, default=CHUNK_SNIPPETS,
                        help='snippets decoded and encoded at a time: bounds memory; default '
                             '%(default)s')


def make_inferencer(args: argparse.Namespace) -> TALInferencer:
    """The inferencer of these options.

    Raises:
        FileNotFoundError, ValueError: As `TALInferencer`; for a `--top-k` or `--threshold`
            that is none.
    """
    from mmlofi.apis.inferencer import TALInferencer  # not above: it loads torch
    require_whole('the command line', least=0, top_k=args.top_k)
    require_number('the command line', threshold=args.threshold)
    return TALInferencer(
        args.config, args.checkpoint, encoder=args.encoder[0], encoder_weights=args.encoder[1],
        device=args.device, chunk_snippets=args.chunk_snippets, show_progress=False)
