"""A headless browser for the pages."""
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


@pytest.fixture(scope='module')
def browser() -> str:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f'there is no browser: none of {", ".join(BROWSERS)} (apt install chromium)')
    return found


@pytest.fixture
def look(browser, tmp_path):
    """Opens a page, acts in it (at once, and by a function `act`, which may wait), and gives what
    was `seen` and what the console said."""
    def act(page: Path, script: str, *, size: str = '800,600', virtual_ms: int = 3000
            ) -> tuple[dict, list[str]]:
        text = page.read_text(encoding='utf-8')
        text = text.replace('<style>', LISTEN + '<style>', 1)
        prepared = page.with_name('prepared.html')     # beside what the page plays
        prepared.write_text(text.replace('</body>', ACT % script), encoding='utf-8')
        done = subprocess.run(
            [browser, '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
             '--enable-logging=stderr', '--autoplay-policy=no-user-gesture-required',
             f'--virtual-time-budget={virtual_ms}', f'--window-size={size}',
             f'--user-data-dir={tmp_path / "profile"}', '--dump-dom', prepared.as_uri()],
            capture_output=True, text=True, timeout=120)
        found = re.search(r'<pre id="seen">(.*?)</pre>', done.stdout, re.DOTALL)
        assert found, done.stdout[-500:] + done.stderr[-2000:]
        return json.loads(html.unescape(found[1])), re.findall(r'.*CONSOLE.*', done.stderr)
    return act
