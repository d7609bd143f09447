"""What the site has beside the pages under docs/: files they link to, notebooks, help, classes.

MkDocs calls it (`hooks` in mkdocs.yml). The pages link to files of the repository, as one reads
them there; in the site each of these is a page of its own, and links between them lead to it.
"""
from __future__ import annotations

import ast
import json
import os
import posixpath
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
SOURCE = 'source'                       # folder of the files' pages in the site
LINK = re.compile(r'(?<=\]\()([^)\s:#]+)(#[^)\s]*)?(?=\))')
LANGUAGES = {'.py': 'python', '.sh': 'bash', '.cfg': 'ini', '.yml': 'yaml'}
TITLES = dict(DATASETS='Data sets', DATA_SAMPLERS='Samplers', TRANSFORMS='Transforms',
              MODELS='Models', HOOKS='Hooks', LOOPS='Loops', METRICS='Metrics',
              INFERENCERS='Inference', PARAM_SCHEDULERS='Schedulers')


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds a page of each notebook, of each file that a page links to, and of those that these
    link to."""
    for notebook in sorted((ROOT / 'docs').glob('*.ipynb')):
        files.append(File.generated(config, f'{notebook.stem}.md', content=_notebook(notebook)))
    waiting = [(file.src_uri, file.content_string)
               for file in files.documentation_pages()]
    done = set()
    while waiting:
        page, text = waiting.pop()
        for place in _outside(page, text):
            if place not in done and not place.startswith('docs/'):
                done.add(place)
                content = _page_of(place)
                files.append(File.generated(config, _uri(place), content=content))
                waiting.append((_uri(place), content))
    files.append(File.generated(config, 'tools.md', content=_help()))
    files.append(File.generated(config, 'classes.md', content=_classes()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Leads links to files of the repository to their pages."""
    here = page.file.src_uri

    def lead(link: re.Match) -> str:
        place = _place(here, link[1])
        if place is None:
            return link[0] if Path(link[1]).stem == Path(here).stem else \
                re.sub(r'\.ipynb\b', '.md', link[0])      # the page, not the file
        there = place.removeprefix('docs/').replace('.ipynb', '.md') \
            if place.startswith('docs/') else _uri(place)
        return posixpath.relpath(there, posixpath.dirname(here) or '.') + (link[2] or '')
    return LINK.sub(lead, markdown)


def _outside(page: str, text: str) -> list[str]:
    return [place for link in LINK.finditer(text) if (place := _place(page, link[1])) is not None]


def _place(page: str, link: str) -> str | None:
    """The path from the root of what a page links to, but for pages under docs/ from such a one."""
    of_source = page.startswith(f'{SOURCE}/')
    itself = page.removeprefix(f'{SOURCE}/') if of_source else f'docs/{page}'
    place = posixpath.normpath(posixpath.join(posixpath.dirname(itself), link))
    if place.startswith('..') or not (ROOT / place).exists():
        return None
    return place if of_source or not place.startswith('docs/') else None


def _uri(place: str) -> str:
    return f'{SOURCE}/{place}' if place.endswith('.md') else f'{SOURCE}/{place}.md'


def _page_of(place: str) -> str:
    path = ROOT / place
    if path.is_dir():
        inside = sorted(one for one in path.iterdir() if not one.name.startswith(('.', '_')))
        return f'# {place}\n\n' + ''.join(
            f'- [{one.name}]({path.name}/{one.name})\n' for one in inside if one.is_file())
    text = path.read_text(encoding='utf-8')
    if path.suffix == '.md':
        return text
    return f'# {place}\n\n````{LANGUAGES.get(path.suffix, "text")}\n{text.rstrip()}\n````\n'


def _notebook(path: Path) -> str:
    """Its cells one below the other, with a link to itself below the title."""
    parts = []
    for cell in json.loads(path.read_text(encoding='utf-8'))['cells']:
        text = ''.join(cell['source'])
        if cell['cell_type'] == 'code':
            commands = all(line.startswith(('!', ' ')) for line in text.splitlines())
            text = re.sub('^!', '', text, flags=re.MULTILINE) if commands else text
            text = f'```{"bash" if commands else "python"}\n{text}\n```'
        parts.append(text)
    title, _, rest = parts[0].partition('\n')
    return '\n\n'.join([title, f'[The notebook of this page]({path.name})', rest, *parts[1:]])


def _help() -> str:
    """The help of each tool, as it prints it."""
    parts = ['# The tools', 'In a checkout `python tools/NAME.py`, anywhere `mmlofi NAME`.']
    for tool in sorted((ROOT / 'tools').glob('*.py')):
        if tool.stem != 'lend_torch':
            done = subprocess.run(
                [sys.executable, str(tool), '--help'], capture_output=True, text=True, check=True,
                env=os.environ | dict(PYTHONPATH=str(ROOT), COLUMNS='100'))
            parts.append(f'## {tool.stem}\n\n````text\n{done.stdout.rstrip()}\n````')
    return '\n\n'.join(parts) + '\n'


def _classes() -> str:
    """What configs can name, by registry; each entry is made of the docstring."""
    found = defaultdict(list)
    for path in sorted((ROOT / 'mmlofi').rglob('*.py')):
        module = '.'.join(path.relative_to(ROOT).with_suffix('').parts)
        for node in ast.parse(path.read_text(encoding='utf-8')).body:
            if isinstance(node, ast.ClassDef):
                for registry in _registries(node):
                    found[registry].append(f'{module}.{node.name}')
    parts = ['# Classes', 'What a config can name. Everything else that it may is '
             "MMAction2's and MMEngine's."]
    for registry in sorted(found, key=lambda name: [*TITLES, name].index(name)):
        parts.append(f'## {TITLES.get(registry, registry.replace("_", " ").capitalize())}')
        parts += [f'::: {name}' for name in found[registry]]
    return '\n\n'.join(parts) + '\n'


def _registries(node: ast.ClassDef) -> list[str]:
    return [word.group() for decorator in node.decorator_list
            if 'register_module' in (text := ast.unparse(decorator))
            and (word := re.match(r'[A-Z_]+', text))]
