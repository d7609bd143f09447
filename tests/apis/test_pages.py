"""The pages of the server: what they answer, and what they keep."""
from __future__ import annotations

import os
import sys
import threading

import av
import numpy as np
import pytest
from by_bytes import FOUND, LIMIT_SEC, ask, get, post, sent, wait_until

from mmlofi.apis import serve

pytest.importorskip('werkzeug')


def test_a_video_that_is_sent_is_localized_in_and_played_by_ranges(start_pages, films, stub,
                                                                   tmp_path):
    client, film = start_pages(top_k=3), films['film.mp4']
    job = client.send(film, r'C:\my "films"\é <b>.mp4')
    state = client.wait(job)
    assert state == dict(video='é <b>.mp4', step='done', share=1.0, before=0, error=None,
                         duration_sec=3.0, detections=FOUND)
    assert (stub.contents, stub.options) == ([('é <b>.mp4', film)], [dict(top_k=3)])
    status, headers, page = client(f'{job}/')
    assert status == 200
    assert headers['Content-Type'] == 'text/html; charset=utf-8'
    assert 'Found in é &lt;b&gt;.mp4' in page.decode()
    assert '"source": "video"' in page.decode()
    status, headers, content = client(f'{job}/video')
    assert (status, headers['Content-Type'], headers['Accept-Ranges'], content) == (
        200, 'video/mp4', 'bytes', film)
    status, headers, content = client(f'{job}/video', Range='bytes=100-199')
    assert (status, headers['Content-Range'], content) == (
        206, f'bytes 100-199/{len(film)}', film[100:200])
    assert client(f'{job}/video', Range='bytes=-7')[2] == film[-7:]
    status, headers, _ = client(f'{job}/video', Range=f'bytes={len(film)}-')
    assert (status, headers['Content-Range']) == (416, f'bytes */{len(film)}')
    assert headers['Cross-Origin-Resource-Policy'] == 'same-origin'
    assert 'Access-Control-Allow-Origin' not in headers
    assert os.listdir(tmp_path / 'temp') == []       # a file without a name


def test_what_browsers_do_not_play_is_copied_into_a_file_without_a_name(start_pages, films,
                                                                        tmp_path):
    client = start_pages()
    job = client.send(films['film.mkv'], 'film.mkv')
    assert client.wait(job)['step'] == 'done'
    _, headers, content = client(f'{job}/video')
    assert headers['Content-Type'] == 'video/mp4'
    (tmp_path / 'copy.mp4').write_bytes(content)
    with av.open(str(tmp_path / 'copy.mp4')) as copy:
        light = [frame.to_ndarray(format='gray').mean() for frame in copy.decode(video=0)]
        assert copy.streams.video[0].codec_context.name == 'h264'
    assert len(light) == 25
    assert np.all(np.diff(light) > 0)
    assert os.listdir(tmp_path / 'temp') == []


def test_a_video_of_the_folder_is_named_and_listed(start_pages, films, stub):
    client = start_pages()
    form = client('/')[2].decode()
    assert '<option value="a b.mp4">' in form
    status, content = client.json('/jobs?video=a%20b.mp4', b'')
    assert status == 201
    job = f'/jobs/{content["id"]}'
    assert client.wait(job)['detections'] == FOUND
    assert client(f'{job}/video')[2] == films['film.mp4']
    assert client.json('/a%20b.mp4')[1]['video'] == 'a b.mp4'     # programs get json as before
    assert 'id="named"' not in start_pages(folder=None)('/')[2].decode()


def test_a_name_that_is_no_text_is_left_out_of_the_form(start_pages, tmp_path):
    client = start_pages()
    (tmp_path / 'videos' / 'caf\udce9.mp4').write_bytes(b'')
    status, _, form = client('/')
    assert status == 200
    assert b'<option value="a b.mp4">' in form
    assert b'caf' not in form


def test_the_player_names_its_video_whatever_lies_where_the_server_was_started(
        start_pages, films, tmp_path, monkeypatch):
    (tmp_path / 'video').symlink_to('videos')
    monkeypatch.chdir(tmp_path)
    client = start_pages()
    job = client.send(films['film.mp4'])
    client.wait(job)
    assert '"source": "video"' in client(f'{job}/')[2].decode()


def test_a_browser_that_hangs_up_in_a_video_is_logged_with_the_status_that_it_got(
        start_pages, films, monkeypatch):
    client = start_pages()
    large = films['film.mp4'] + (2**24).to_bytes(4, 'big') + b'free' + bytes(2**24 - 8)
    job = client.send(large)
    client.wait(job)
    logged = []
    monkeypatch.setattr(serve.LocalizationHandler, 'log_message',
                        lambda self, text, *values: logged.append(values))
    with sent(client.port, get(f'{job}/video')) as connection:
        assert connection.recv(1)
    wait_until(lambda: logged)
    assert logged[0][1] == '200'


def test_a_bad_video_fails_with_its_reason_and_the_next_is_done(start_pages, films, stub):
    client = start_pages()
    assert client.wait(client.send(b'bad', 'x.mp4')) == dict(
        video='x.mp4', step='failed', share=0.0, before=0,
        error="video 'x.mp4' (x.mp4) is bad")
    state = client.wait(client.send(b'no video at all', 'x.mp4'))     # to a stub it is one
    assert state['step'] == 'failed'
    assert "'x.mp4'" in state['error']
    assert client.wait(client.send(films['film.mp4']))['step'] == 'done'


def test_progress_is_told_and_who_comes_too_late_waits(start_pages, films, stub):
    client = start_pages()
    stub.may_go_on.clear()
    first, second = client.send(films['film.mp4']), client.send(films['film.mp4'])
    wait_until(lambda: client.state(first)['share'] == 0.5)
    assert client.state(first)['step'] == 'localizing'
    assert (client.state(second)['step'], client.state(second)['before']) == ('queued', 1)
    assert b'serve_' not in client(f'{second}/')[2]
    assert b'film.mp4' in client(f'{second}/')[2]
    assert client.json(f'{second}/video')[0] == 404
    stub.may_go_on.set()
    assert client.wait(second)['step'] == 'done'
    assert stub.most == 1


def test_json_and_pages_take_turns_with_the_model(start_pages, films, stub):
    client = start_pages()
    stub.may_go_on.clear()
    with sent(client.port, post(films['film.mp4'])):      # hangs up while the model is at it
        assert stub.waits.wait(LIMIT_SEC)
    assert stub.stopped.wait(LIMIT_SEC)
    stub.waits.clear()
    answers = []
    thread = threading.Thread(target=lambda: answers.append(ask(client.port, post(b'video'))))
    thread.start()
    assert stub.waits.wait(LIMIT_SEC)
    job = client.send(films['film.mp4'])
    assert client.state(job)['step'] == 'queued'
    stub.may_go_on.set()
    thread.join(LIMIT_SEC)
    assert answers[0][0] == 200
    assert client.wait(job)['step'] == 'done'
    assert stub.most == 1


def test_an_address_without_its_slash_leads_to_the_page(start_pages, films):
    client = start_pages()
    assert 'film.mp4' in client(client.send(films['film.mp4']))[2].decode()


def test_what_is_missing_is_said_with_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, 'werkzeug.wrappers', None)
    monkeypatch.delitem(sys.modules, 'mmlofi.apis.pages')
    with pytest.raises(ImportError, match=r'pages need werkzeug.*pip install "mmlofi\[serve\]"'):
        import mmlofi.apis.pages  # noqa: F401
