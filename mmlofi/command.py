"""`mmlofi train CONFIG …`: the tools by their names, from anywhere.

    mmlofi                      what there is
    mmlofi train CONFIG         as python tools/train.py CONFIG in a checkout
    mmlofi plan mmlofi::lofi_tsm_anet.py      of a config that comes with the package
    mmlofi extract --help       short names, and the tools' own: mmlofi extract_features --help

Also `python -m mmlofi train …`, and `mim train mmlofi …`, which looks where the tools are.
"""
from __future__ import annotations

import ast
import difflib
import runpy
import sys
from pathlib import Path

from mmlofi.package_files import PREFIX, TOOLS, config_path

SHORT = dict(annotate='make_annotations', browse='browse_dataset', check='check_dataset',
             convert='convert_annotations', eval='eval_detections', export='export_detections',
             extract='extract_features', plot='plot_detections', procedural='make_procedural',
             proxies='make_proxies')


def main() -> None:
    """Runs the tool that the command line names, in this process, as Python runs a script."""
    name = sys.argv[1] if len(sys.argv) > 1 else '--help'
    if name in ('-h', '--help'):
        print(overview())
        return
    path = TOOLS / f'{SHORT.get(name, name)}.py'
    if path.name not in {tool.name for tool in tools()}:
        alike = difflib.get_close_matches(name, [*SHORT, *(tool.stem for tool in tools())])
        sys.exit(f'mmlofi: got the command {name!r}; expected one of those that `mmlofi --help` '
                 f'lists{", such as " * bool(alike)}{", ".join(alike)}')
    try:
        sys.argv = [str(path), *(str(config_path(one)) if one.startswith(PREFIX) else one
                                 for one in sys.argv[2:])]
    except FileNotFoundError as error:
        sys.exit(f'mmlofi: {error}')
    runpy.run_path(str(path), run_name='__main__')


def tools() -> list[Path]:
    """The tools that people run; `lend_torch.py` is of the scripts that make an environment."""
    return sorted(path for path in TOOLS.glob('*.py') if path.stem != 'lend_torch')


def overview() -> str:
    """All commands, each with the sentence that its tool says of itself."""
    short = {tool: name for name, tool in SHORT.items()}
    names = [short.get(tool.stem, tool.stem) for tool in tools()]
    width = max(map(len, names))
    lines = [f'  {name:{width}}  {ast.get_docstring(ast.parse(tool.read_bytes())).splitlines()[0]}'
             for name, tool in sorted(zip(names, tools()))]
    return '\n'.join(['usage: mmlofi COMMAND [arguments]', '', *lines, '',
                      '`mmlofi COMMAND --help` says what it takes.'])
