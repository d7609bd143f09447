"""From an upload to a segment that plays, in a headless browser."""
from __future__ import annotations

import base64
import threading
import time

import pytest
from headless import IN_PLAYER, with_script

from mmlofi.apis import TALInferencer

pytest.importorskip('werkzeug')

from mmlofi.apis import pages, serve

# The form sends a file; the page of the job reloads itself; the page that plays is then acted in.
WALK = r"""
const act = async () => {
  if (document.getElementById('files')) {
    seen.wide = [document.documentElement.scrollWidth, innerWidth];
    localStorage.setItem('wide', JSON.stringify(seen.wide));
    const bytes = Uint8Array.from(atob('%s'), (letter) => letter.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], 'a <b> é?.mp4'));
    el('files').files = transfer.files;
    el('send').requestSubmit();
    return false;
  } else if (document.getElementById('video')) {
    seen.title = document.querySelector('h1').textContent;
    seen.form = JSON.parse(localStorage.getItem('wide'));
    seen.videos = JSON.parse(localStorage.getItem('mmlofi-videos')).map((one) => one.name);
    seen.texts = texts();
    const last = entries().length - 1;
    player.playbackRate = SLOW;
    entries()[last].click();
    seen.start = of(chosen).start;
    await plays();
    seen.at = player.currentTime;
    seen.length = player.duration;
  } else {
    await until(() => document.querySelector('.trouble'));    // else it reloads itself
    seen.trouble = document.querySelector('.trouble').textContent;
  }
};
"""

# Two submits in one go; the page of the last file, which was alone, tells.
SUBMITS = r"""
const submit = (...names) => {
  const transfer = new DataTransfer();
  names.forEach((name) => transfer.items.add(new File(['x'], name)));
  el('files').files = transfer.files;
  el('send').requestSubmit();
};
const act = async () => {
  if (document.getElementById('files')) {
    submit('a.mp4', 'b.mp4');
    submit('c.mp4');
    return false;
  } else {
    seen.page = document.querySelector('h1').textContent;
    seen.videos = JSON.parse(localStorage.getItem('mmlofi-videos')).map((one) => one.name);
  }
};
"""


@pytest.fixture
def address(stage_2, monkeypatch):
    """Of a server."""
    monkeypatch.setattr(serve.LocalizationHandler, 'log_message', lambda *_: None)
    inferencer = TALInferencer(stage_2.cfg, stage_2.checkpoint, device='cpu', show_progress=False)
    with serve.LocalizationServer(inferencer, ('127.0.0.1', 0), top_k=5) as server, \
            pages.serving_pages(server):
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f'http://127.0.0.1:{server.server_port}/'
        server.shutdown()


def test_a_video_that_is_sent_is_localized_in_and_a_segment_of_it_plays(address, visit, video,
                                                                        monkeypatch):
    script = IN_PLAYER + WALK % base64.b64encode(video.read_bytes()).decode()
    for name in ('render', 'player_page'):
        real = getattr(pages, name)
        monkeypatch.setattr(pages, name, lambda *arguments, real=real, **shown: with_script(
            real(*arguments, **shown), script))
    seen, console = visit(address, size='500,844')
    assert seen.get('title') == 'Found in a <b> é?.mp4', seen
    assert seen['form'][0] <= seen['form'][1] == 500
    assert seen['videos'] == ['a <b> é?.mp4']
    assert len(seen['texts']) == 5
    assert seen['start'] <= seen['at'] <= seen['start'] + 5
    assert seen['length'] == pytest.approx(55.6, abs=0.2)
    assert (seen['errors'], seen['refused'], console) == ([], [], [])
    assert {one.split('/')[2] for one in seen['resources']} == {address.split('/')[2]}


def test_files_of_a_second_submit_are_sent_behind_those_of_the_first(start_pages, visit,
                                                                     monkeypatch):
    began, ended, real = [], [], pages.Pages._sent

    def slow(self, request):
        began.append((request.args['name'], len(began) - len(ended)))
        time.sleep(0.1)
        try:
            return real(self, request)
        finally:
            ended.append(request)
    monkeypatch.setattr(pages.Pages, '_sent', slow)
    render = pages.render
    monkeypatch.setattr(pages, 'render',
                        lambda *names, **shown: with_script(render(*names, **shown), SUBMITS))
    seen, console = visit(f'http://127.0.0.1:{start_pages().port}/')
    assert began == [('a.mp4', 0), ('b.mp4', 0), ('c.mp4', 0)]
    assert (seen['page'], seen['videos']) == ('c.mp4', ['a.mp4', 'b.mp4', 'c.mp4'])
    assert (seen['errors'], console) == ([], [])
