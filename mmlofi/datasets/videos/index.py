"""The index of what files are: kept beside the annotations, and believed until a file changes.

A folder of parts. Each part is written whole, by one process, under a name of its own, and never
changed: what is known is the union of all. So nothing has to be locked or appended to, neither of
which network disks do reliably between machines (that is why it is no SQLite file), and any number
of ranks and jobs add to it at once; the worst that a race costs is a file looked at twice. Many
parts become one, when an index is opened, by a new part that holds them all.

    gt.json.index/
        4f1c….part      a line that says what it is, with a checksum, and a json of paths and facts
        tables/         of long videos, see `packet_table`
"""
from __future__ import annotations

import hashlib
import json
import logging
import os
import time
import uuid
import zlib
from contextlib import suppress
from pathlib import Path

from mmengine.dist import get_rank
from mmengine.logging import print_log

from mmlofi.datasets.videos.damage import FRAMES
from mmlofi.datasets.videos.facts import (
    Facts,
    Fault,
    FeatureFacts,
    FolderFacts,
    Seen,
    Stamp,
    VideoFacts,
    refuse_other_types,
)
from mmlofi.datasets.videos.readers import READER_NAMES
from mmlofi.files import whole_file

MAGIC = b'mmlofi index 2'   # another number with every change of the facts
ENDING, TABLES = '.part', 'tables'
MOST_PARTS = 32
# A fault may have been the disk's, so that a later start looks again; this one's ranks do not.
FAULT_SEC = 600
KINDS = {'video': VideoFacts, 'features': FeatureFacts, 'folder': FolderFacts, 'seen': Seen,
         'fault': Fault}
NAMES = {kind: name for name, kind in KINDS.items()}


class FileIndex:
    """Facts by path, in memory and, where there is a folder, on disk.

    Args:
        folder: Of the index, made when there is something to keep; None keeps facts in memory.
        made_before: An index that is read alone, for what this one does not know.
    """

    def __init__(self, folder: str | os.PathLike | None,
                 made_before: FileIndex | None = None) -> None:
        self._made_before = made_before
        self.folder = None if folder is None else Path(os.path.abspath(folder))
        self._root = '' if folder is None else f'{self.folder.parent}{os.sep}'
        self._tables = f'{self.folder}{os.sep}{TABLES}'
        self._facts: dict[str, Facts] = {}
        self._read: set[str] = set()      # names of parts
        self._foreign: set[str] = set()   # those of them that are of another version
        self._new: dict[str, Facts] = {}  # which no part has
        self.refresh()
        own = self._read - self._foreign
        if len(own) > MOST_PARTS and get_rank() == 0:   # one copy of all is enough
            self._merge(own)

    @classmethod
    def beside(cls, ann_file: str, folder: str | None = None) -> FileIndex:
        """That of an annotation file; where its folder takes no files, one in the user's cache,
        beneath which is what was made there before.

        Args:
            folder: In place of these.
        """
        here, folder = folder_beside(ann_file), folder or index_folder(ann_file)
        if folder is None or folder == here or not os.access(here, os.R_OK | os.X_OK):
            return cls(folder)
        return cls(folder, made_before=cls(here))

    def get(self, path: str) -> Facts | None:
        """What is known of a file, whether or not it has changed since."""
        facts = self._facts.get(self._key(path))
        if facts is None and self._made_before is not None:
            return self._made_before.get(path)
        if isinstance(facts, Fault):
            if abs(time.time() - facts.found_sec) > FAULT_SEC:
                return None
            return facts._replace(problem=facts.problem.replace('\0', path))
        if isinstance(facts, VideoFacts) and facts.table is not None:
            return facts._replace(table=os.path.join(
                self._tables, os.path.basename(facts.table)))   # whatever a part says of it
        return facts

    def add(self, path: str, facts: Facts) -> None:
        """Takes up what was found out; `flush` makes it last."""
        if isinstance(facts, Fault):   # the same under another mount
            facts = facts._replace(problem=facts.problem.replace(path, '\0'))
        if isinstance(facts, VideoFacts) and facts.table is not None:
            facts = facts._replace(table=os.path.basename(facts.table))
        key = self._key(path)
        self._facts[key] = self._new[key] = facts

    def table_path(self, path: str, stamp: Stamp) -> str | None:
        """Where the table of a long video goes."""
        if self.folder is None:
            return None
        name = hashlib.sha256(f'{self._key(path)}\n{stamp}'.encode()).hexdigest()[:32]
        return os.path.join(self._tables, f'{name}.npz')

    def flush(self) -> None:
        """Writes what is new as a part; what cannot be written is said, and kept in memory."""
        if self.folder is None or not self._new:
            return
        try:
            self._write(self._new)
        except OSError as error:
            print_log(f'{self.folder} cannot be written ({error}): what files are is found anew at '
                      "every start; expected a folder that can be: set the data set's `index`",
                      'current', logging.WARNING)
            self.folder = None
        self._new = {}

    def refresh(self) -> bool:
        """Takes up the parts that others have added; whether there were any."""
        added = self._made_before is not None and self._made_before.refresh()
        new = self._new_parts()
        while new:
            vanished = False   # merged into another part, which the next listing has
            for name in new:
                self._read.add(name)
                try:
                    added |= self._read_part(self.folder / name)
                except FileNotFoundError:
                    vanished = True
            new = self._new_parts() if vanished else []
        self._facts.update(self._new)
        return added

    def _new_parts(self) -> list[str]:
        return [name for name in self._parts() if name not in self._read]

    def _parts(self) -> list[str]:
        """Names of parts, the older ones first: of two that know a file, the later one counts."""
        if self.folder is None:
            return []
        found = []
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(self.folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):   # merged, meanwhile
                    if entry.name.endswith(ENDING):
                        found.append((entry.stat().st_mtime_ns, entry.name))
        return [name for _, name in sorted(found)]

    def _read_part(self, path: Path) -> bool:
        try:
            facts = decode(path.read_bytes())
        except ValueError as error:
            print_log(f'{path} is damaged ({error}), and {_remove(path)}: what it said of files '
                      'is found anew', 'current', logging.WARNING)
            return False
        if facts is None:
            self._foreign.add(path.name)
            return False
        self._facts.update(facts)
        return True

    def _write(self, facts: dict[str, Facts]) -> None:
        name = f'{uuid.uuid4().hex}{ENDING}'
        with whole_file(self.folder / name) as partial:
            partial.write_bytes(encode(facts))
        self._read.add(name)

    def _merge(self, merged: set[str]) -> None:
        """One part in place of those that were read; a process that stops here has lost nothing."""
        with suppress(OSError):   # of a folder that cannot be written to
            self._write(self._facts)
            for name in merged:
                with suppress(FileNotFoundError):
                    os.unlink(self.folder / name)

    def _key(self, path: str) -> str:
        """Relative to where the index lies, so that data may move with it to another mount."""
        if '://' in path:
            return path
        return os.path.abspath(path).removeprefix(self._root)


def _remove(path: Path) -> str:
    """What became of a part."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:   # of an index that can be read alone
        return f'is passed over at each start, as it cannot be removed ({error.strerror})'
    return 'is removed'


def folder_beside(ann_file: str) -> str:
    """Where the index of a file of annotations is, if that can be."""
    return f'{os.path.abspath(ann_file)}.index'


def index_folder(ann_file: str) -> str | None:
    """Beside a file of annotations, where that is on disk."""
    if '://' in ann_file or not os.path.isfile(ann_file):
        return None
    folder = folder_beside(ann_file)
    if os.access(folder if os.path.isdir(folder) else os.path.dirname(folder), os.W_OK):
        return folder
    cache = os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache')
    name = hashlib.sha256(folder.encode()).hexdigest()[:16]
    return os.path.join(cache, 'mmlofi', f'{name}.index')


def encode(facts: dict[str, Facts]) -> bytes:
    """A part. Headers of features, of which thousands are alike, stand in it once."""
    headers: dict[str, int] = {}
    files = {}
    for key, one in facts.items():
        row = [NAMES[type(one)], *one]
        if isinstance(one, FeatureFacts) and one.header is not None:
            text = json.dumps(one.header, sort_keys=True)
            row[1 + FeatureFacts._fields.index('header')] = headers.setdefault(text, len(headers))
        files[key] = row
    body = json.dumps(dict(headers=[json.loads(text) for text in headers], files=files)).encode(
        errors='surrogatepass')
    return b'%s %08x\n%s' % (MAGIC, zlib.crc32(body), body)


def decode(content: bytes) -> dict[str, Facts] | None:
    """What `encode` made a part of; None for one of another version.

    Raises:
        ValueError: When it is damaged.
    """
    head, _, body = content.partition(b'\n')
    if head != b'%s %08x' % (MAGIC, zlib.crc32(body)):
        if head.startswith(b'mmlofi index ') and not head.startswith(MAGIC + b' '):
            return None
        raise ValueError('its checksum is another')
    try:
        found = json.loads(body)
        return {key: _facts(row, found['headers']) for key, row in found['files'].items()}
    except (AttributeError, IndexError, KeyError, RecursionError, TypeError) as error:
        raise ValueError(f'{type(error).__name__}: {error}') from error


def _facts(row: list, headers: list[dict]) -> Facts:
    kind, stamp, *rest = row
    kind = KINDS[kind]
    if kind is VideoFacts:
        rest = [tuple(value) if isinstance(value, list) else value for value in rest]
    elif kind is FeatureFacts:
        rest[0] = tuple(rest[0])
        place = FeatureFacts._fields.index('header') - 1
        if rest[place] is not None:
            rest[place] = headers[rest[place]]
    facts = kind(Stamp(*stamp), *rest)
    refuse_other_types(facts)
    if isinstance(facts, (VideoFacts, Fault)) and facts.frames not in FRAMES:
        raise ValueError(f'frames is {facts.frames!r}')
    if isinstance(facts, VideoFacts) and facts.reader not in READER_NAMES:
        raise ValueError(f'reader is {facts.reader!r}')
    return facts
