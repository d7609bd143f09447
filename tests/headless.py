"""A headless browser for the pages: fixtures that conftests import."""
from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import threading
from pathlib import Path

import pytest

BROWSERS = ('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable')
LIMIT_SEC = 300
SEEN = re.compile(r':CONSOLE:\d+\] "seen (.*)", source: ')
LISTEN = """<script>
const seen = {errors: [], refused: []};
addEventListener('error', (event) => seen.errors.push(event.message));
document.addEventListener('securitypolicyviolation',
  (event) => seen.refused.push(event.blockedURI));
</script>"""
# An `act` that goes on to another page returns `false`: that one tells.
ACT = """<script>
%s
addEventListener('load', () => setTimeout(async () => {
  if (typeof act === 'function' && await act() === false) {
    return;
  }
  seen.resources = performance.getEntriesByType('resource').map((one) => one.name);
  console.info('seen ' + JSON.stringify(seen));
}, 50));
</script></body>"""
# What a script does in the page that plays videos.
IN_PLAYER = r"""
const until = async (done) => {
  while (!done()) {
    await new Promise((go) => setTimeout(go, 20));
  }
};
// The least rate that there is: a busy machine is not too late to look, or to stop it.
const SLOW = 1 / 16;
const plays = () => until(() => player.played.length > 0 && !player.seeking);
const stopped = async () => {
  await until(() => player.paused);
  return player.currentTime;
};
const entries = () => [...document.querySelectorAll('#list .entry')];
const texts = () => entries().map((one) => [...one.children].map((part) => part.textContent));
const press = (key, target = document.body) =>
  target.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
const write = (id, value, kind = 'change') => {
  document.getElementById(id).value = value;
  document.getElementById(id).dispatchEvent(new Event(kind, {bubbles: true}));
};
const saved = async () => {
  let blob = null;
  URL.createObjectURL = (one) => { blob = one; return '#'; };
  document.getElementById('save').click();
  return JSON.parse(await blob.text());
};
"""


@pytest.fixture(scope='module')
def browser() -> str:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f'there is no browser: none of {", ".join(BROWSERS)} (apt install chromium)')
    return found


def with_script(text: str, script: str) -> str:
    """A page that acts by itself, and says in the end what it has `seen`."""
    text = text.replace('<style>', LISTEN + '<style>', 1)
    return text.replace('</body>', ACT % script)


@pytest.fixture
def visit(browser, tmp_path):
    """Opens an address whose page has a script; gives what was `seen` and what the console said.

    By the clock, and not by the browser's virtual time, which runs ahead of videos that load.
    """
    def visit(address: str, *, size: str = '800,600') -> tuple[dict, list[str]]:
        with subprocess.Popen(
                [browser, '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
                 '--enable-logging=stderr', '--autoplay-policy=no-user-gesture-required',
                 f'--window-size={size}', f'--user-data-dir={tmp_path / "profile"}', address],
                stderr=subprocess.PIPE, encoding='utf-8', errors='replace',
                start_new_session=True) as process:
            late = threading.Timer(LIMIT_SEC, _kill, (process,))
            late.start()
            try:
                said = []
                for line in process.stderr:
                    if found := SEEN.search(line):
                        return json.loads(found[1]), [one for one in said if 'CONSOLE' in one]
                    said.append(line)
            finally:
                late.cancel()
                _kill(process)
        raise AssertionError(f'{address} told nothing in {LIMIT_SEC} s: {"".join(said[-40:])}')
    return visit


def _kill(browser: subprocess.Popen) -> None:
    """With all its processes."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(browser.pid, signal.SIGKILL)


@pytest.fixture
def look(visit):
    """Opens a page of the disk, and acts in it (at once, and by a function `act`, which may
    wait)."""
    def act(page: Path, script: str, **options: str) -> tuple[dict, list[str]]:
        prepared = page.with_name('prepared.html')     # beside what the page plays
        prepared.write_text(with_script(page.read_text(encoding='utf-8'), script),
                            encoding='utf-8')
        return visit(prepared.as_uri(), **options)
    return act
