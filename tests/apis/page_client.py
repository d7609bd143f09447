"""A client of the server's pages, for their tests."""
from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from urllib.parse import quote

from by_bytes import LIMIT_SEC, wait_until


@dataclass
class Client:
    """A browser, as far as a server sees one."""

    port: int

    def __call__(self, address: str, body: bytes | None = None, **headers: str):
        """Status, headers and content of an answer."""
        asked = urllib.request.Request(f'http://127.0.0.1:{self.port}{address}', body, headers)
        try:
            with urllib.request.urlopen(asked, timeout=LIMIT_SEC) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as answer:
            with answer:
                return answer.code, answer.headers, answer.read()

    def json(self, *arguments, **headers):
        status, _, content = self(*arguments, **headers)
        return status, json.loads(content)

    def send(self, body: bytes, name: str = 'film.mp4') -> str:
        status, content = self.json(f'/jobs?name={quote(name)}', body)
        assert status == 201, content
        return f'/jobs/{content["id"]}'

    def state(self, job: str) -> dict:
        status, content = self.json(f'{job}/state')
        assert status == 200, content
        return content

    def wait(self, job: str) -> dict:
        wait_until(lambda: self.state(job)['step'] in ('done', 'failed'))
        return self.state(job)
