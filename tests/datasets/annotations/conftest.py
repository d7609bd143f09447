"""Annotation files."""
from __future__ import annotations

import json

import pytest


@pytest.fixture
def write(tmp_path):
    """Writes a database, any other content, or text, as an annotation file."""
    def write(database=None, *, content=None, text=None):
        path = tmp_path / 'annotations.json'
        content = dict(database=database) if content is None else content
        path.write_text(json.dumps(content) if text is None else text)
        return path
    return write
