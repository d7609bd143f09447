"""A headless browser for the pages: fixtures that conftests import."""
from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

BROWSERS = ('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable')
LISTEN = """<script>
const seen = {errors: [], refused: []};
addEventListener('error', (event) => seen.errors.push(event.message));
document.addEventListener('securitypolicyviolation',
  (event) => seen.refused.push(event.blockedURI));
</script>"""
ACT = """<script>
%s
addEventListener('load', () => setTimeout(async () => {
  if (typeof act === 'function') {
    await act();
  }
  seen.resources = performance.getEntriesByType('resource').map((one) => one.name);
  const pre = document.createElement('pre');
  pre.id = 'seen';
  pre.textContent = JSON.stringify(seen);
  document.body.append(pre);
}, 50));
</script></body>"""
# What a script does in the page that plays videos.
IN_PLAYER = r"""
// The browser's clock runs ahead while nothing is to be done, and does not wait for videos to load:
// so that it does not run out, a turn takes milliseconds of work too.
const until = async (done) => {
  for (let turn = 0; turn < 400 && !done(); turn += 1) {
    await new Promise((go) => setTimeout(go, 50));
    for (let work = 0; work < 2e6; work += 1) {
      seen.work = Math.imul(work, 3);
    }
  }
};
const plays = () => until(() => player.currentTime > 0 && !player.paused && !player.seeking);
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
    """Opens an address whose page has a script; gives what was `seen` and what the console said."""
    def visit(address: str, *, size: str = '800,600', virtual_ms: int = 3000
              ) -> tuple[dict, list[str]]:
        done = subprocess.run(
            [browser, '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
             '--enable-logging=stderr', '--autoplay-policy=no-user-gesture-required',
             f'--virtual-time-budget={virtual_ms}', f'--window-size={size}',
             f'--user-data-dir={tmp_path / "profile"}', '--dump-dom', address],
            capture_output=True, text=True, timeout=120)
        found = re.search(r'<pre id="seen">(.*?)</pre>', done.stdout, re.DOTALL)
        assert found, done.stdout[-500:] + done.stderr[-2000:]
        return json.loads(html.unescape(found[1])), re.findall(r'.*CONSOLE.*', done.stderr)
    return visit


@pytest.fixture
def look(visit):
    """Opens a page of the disk, and acts in it (at once, and by a function `act`, which may
    wait)."""
    def act(page: Path, script: str, **options) -> tuple[dict, list[str]]:
        prepared = page.with_name('prepared.html')     # beside what the page plays
        prepared.write_text(with_script(page.read_text(encoding='utf-8'), script),
                            encoding='utf-8')
        return visit(prepared.as_uri(), **options)
    return act
