"""Reads text that assigns literals for its values, and runs nothing of it.

So is the config of a training that comes with its weights, which MMEngine keeps as Python text and
runs to get it back. The grammar here knows literals alone. Calls are limited to `dict(name=value)`
and `dict({…})`, to `set()`, `list(…)` and `tuple(…)` of one collection, and to `float('inf')`;
MMEngine writes no others. Python's own parser is not asked: its documentation says that a text can
crash it.
"""
from __future__ import annotations

import ast
import io
import math
import tokenize
from collections.abc import Iterator, Mapping
from keyword import iskeyword
from typing import NoReturn

MAX_CHARACTERS = 4 * 2**20   # of a text; configs of 1,000 lines have 50,000
MAX_DEPTH = 60               # of values inside values

# `inf` and `nan` are how MMEngine writes these numbers.
NAMES = {'True': True, 'False': False, 'None': None, 'inf': float('inf'), 'nan': float('nan')}
CALLS = {'set': set, 'list': list, 'tuple': tuple}
CLOSING = {'(': ')', '[': ']', '{': '}'}
SKIPPED = (tokenize.COMMENT, tokenize.NL)


class NotData(ValueError):
    """A text that does more than write down values; its words say where and what."""


def read_values(text: str) -> dict[str, object]:
    """The values of a config's text: a name and a value on each of its lines.

    Raises:
        NotData: For anything but assignments of literals, values nested more than `MAX_DEPTH`
            deep, references that MMEngine fills in (`_base_`, `{{…}}`) and texts of more than
            `MAX_CHARACTERS`.
    """
    if len(text) > MAX_CHARACTERS:
        raise NotData(f'{len(text):,} characters')
    if '{{' in text:
        start = text.index('{{')
        raise NotData(f'a reference: {text[start:start + 40]!r}')
    try:
        return dict(_Reader(text).assignments())
    except (tokenize.TokenError, SyntaxError) as error:
        raise NotData(f'no Python: {str(error)[:80]}') from error


def write_values(values: Mapping[str, object]) -> str:
    """Text that `read_values` reads, for readers that run it: literals of ours, nothing else."""
    return ''.join(f'{name} = {_written(value)}\n' for name, value in values.items())


class _Reader:
    """Goes through a text token by token."""

    def __init__(self, text: str) -> None:
        self.tokens = (token for token in tokenize.generate_tokens(io.StringIO(text).readline)
                       if token.type not in SKIPPED)
        self.token = next(self.tokens)

    def assignments(self) -> Iterator[tuple[str, object]]:
        """Names and values, line by line."""
        while self.token.type != tokenize.ENDMARKER:
            name = self.name()
            self.take('=')
            yield name, self.value(0)
            if self.token.type not in (tokenize.NEWLINE, tokenize.ENDMARKER):
                self.refuse()
            if self.token.type == tokenize.NEWLINE:
                self.next()

    def value(self, depth: int) -> object:
        """One of any kind, `depth` others around it."""
        token = self.token
        if depth > MAX_DEPTH:
            raise NotData(f'values nested more than {MAX_DEPTH} deep in line {token.start[0]}')
        if token.type == tokenize.STRING:
            return self.strings()
        if token.type == tokenize.NUMBER or token.string in ('-', '+'):
            return self.number()
        if token.type == tokenize.NAME:
            return self.named(depth)
        if token.string in CLOSING:
            return self.collection(depth)
        self.refuse()

    def strings(self) -> str | bytes:
        """One, or several that Python joins."""
        parts = []
        while self.token.type == tokenize.STRING:
            if 'f' in self.token.string.partition(self.token.string[-1])[0].lower():
                self.refuse()   # f'…' until Python 3.11
            parts.append(ast.literal_eval(self.next().string))
        kinds = {type(part) for part in parts}
        if len(kinds) > 1:
            self.refuse()
        return kinds.pop()().join(parts)

    def number(self) -> int | float | complex:
        """One, with or without a sign."""
        sign = -1 if self.token.string == '-' else 1
        if self.token.type == tokenize.OP:
            self.next()
        if self.token.string in ('inf', 'nan'):
            return sign * NAMES[self.next().string]
        if self.token.type != tokenize.NUMBER:
            self.refuse()
        try:
            return sign * ast.literal_eval(self.next().string)
        except (SyntaxError, ValueError) as error:   # Python's limit of digits
            raise NotData(f'a number that cannot be read: {str(error)[:80]}') from error

    def named(self, depth: int) -> object:
        """A constant, or a call that makes a collection."""
        name = self.token.string
        if name in NAMES:
            self.next()
            return NAMES[name]
        if name not in ('dict', 'float', *CALLS):
            self.refuse()
        self.next()
        self.take('(')
        if name == 'dict':
            return self.dict_call(depth)
        if name == 'float':
            return self.infinite()
        items = self.argument(depth)
        return set(map(self.key, items)) if name == 'set' else CALLS[name](items)

    def infinite(self) -> float:
        """The rest of `float('inf')`, '-inf' or 'nan', as `write_values` has them."""
        if self.token.string.strip('\'"-') not in ('inf', 'nan'):
            self.refuse()
        found = float(self.strings())
        self.take(')')
        return found

    def argument(self, depth: int) -> list | tuple | set:
        """Of a call that makes one collection of another, if it has one."""
        if self.token.string == ')':
            self.next()
            return ()
        if self.token.string not in CLOSING:
            self.refuse()
        found = self.collection(depth + 1)
        if not isinstance(found, (list, tuple, set)):
            self.refuse()
        self.take(')')
        return found

    def dict_call(self, depth: int) -> dict[str, object]:
        """The rest of `dict(name=value, …)`, or of `dict({…})`: so where a key is not a name."""
        if self.token.string == '{':
            found = self.collection(depth + 1)
            if not isinstance(found, dict):
                self.refuse()
            self.take(')')
            return found
        found = {}
        while self.token.string != ')':
            if self.token.string in found:
                self.refuse()
            name = self.name()
            self.take('=')
            found[name] = self.value(depth + 1)
            self.comma(')')
        self.next()
        return found

    def collection(self, depth: int) -> object:
        """In round, square or curly brackets."""
        opening = self.next().string
        closing, items, pairs, commas = CLOSING[opening], [], {}, 0
        while self.token.string != closing:
            item = self.value(depth + 1)
            if opening == '{' and self.token.string == ':':
                self.next()
                pairs[self.key(item)] = self.value(depth + 1)
            else:
                items.append(item)
            commas += self.comma(closing)
        self.next()
        if opening == '[':
            return items
        if opening == '(':
            return items[0] if len(items) == 1 and not commas else tuple(items)
        if pairs and items:
            raise NotData('a set that is a dict as well')
        return set(map(self.key, items)) if items else pairs

    def key(self, value: object) -> object:
        """A value that a dict or a set can have."""
        try:
            hash(value)
        except TypeError:
            raise NotData(f'a {type(value).__name__} for a key') from None
        return value

    def name(self) -> str:
        """Of a setting."""
        text = self.token.string
        if self.token.type != tokenize.NAME or iskeyword(text) or text == '_base_':
            self.refuse()
        return self.next().string

    def comma(self, closing: str) -> bool:
        """Takes a comma; without one the collection has to end."""
        if self.token.string == ',':
            self.next()
            return True
        if self.token.string != closing:
            self.refuse()
        return False

    def take(self, text: str) -> None:
        """Passes a token that has to be there."""
        if self.token.string != text:
            self.refuse()
        self.next()

    def next(self) -> tokenize.TokenInfo:
        """The present token, which is passed."""
        token, self.token = self.token, next(self.tokens, self.token)
        return token

    def refuse(self) -> NoReturn:
        """Says where something else than a literal begins."""
        line, column = self.token.start
        code = self.token.line.strip()[:80] or self.token.string
        raise NotData(f'{code!r} in line {line}, from {self.token.string[:40]!r} '
                      f'(column {column + 1})')


def _written(value: object) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return f'float({str(value)!r})'
    if isinstance(value, Mapping):
        return f'{{{", ".join(f"{_written(k)}: {_written(v)}" for k, v in value.items())}}}'
    if isinstance(value, (list, tuple, set)) and value:
        inside = ', '.join(map(_written, value))
        return {list: f'[{inside}]', tuple: f'({inside},)', set: f'{{{inside}}}'}[type(value)]
    return repr(value)
