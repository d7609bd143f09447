"""A list of other files is no video, whatever it is called."""
from __future__ import annotations

import io
import shutil
import time

import av
import decord
import pytest

from mmlofi.datasets.transforms import OpenVideo
from mmlofi.datasets.videos import streams
from mmlofi.datasets.videos.playlists import refuse_playlist

HLS = b'#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n#EXTINF:10.0,\n%s\n#EXT-X-ENDLIST\n'
SDP = b'v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n' \
    b'm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n'
ID3 = b'ID3\x04\x00\x00\x00\x00\x00\x0a' + bytes(10)      # an empty tag, which FFmpeg skips


@pytest.fixture
def secret(numbered_video, tmp_path):
    """A video that the list names, in a container that HLS is made of."""
    with av.open(str(numbered_video)) as source, av.open(str(tmp_path / 'secret.ts'), 'w') as copy:
        out = copy.add_stream('mpeg2video', rate=25, width=80, height=64)
        for frame in source.decode(video=0):
            copy.mux(out.encode(frame.reformat(format='yuv420p')))
        copy.mux(out.encode())
    return tmp_path / 'secret.ts'


@pytest.mark.parametrize('before', [b'', ID3])
def test_a_list_that_decord_would_follow_is_refused(before, secret, tmp_path):
    path = tmp_path / 'video.mp4'
    path.write_bytes(before + HLS % secret.name.encode())
    assert len(decord.VideoReader(str(path), num_threads=1)) > 50      # which is why
    with pytest.raises(ValueError, match='video.mp4.*as a list of other files or sound does'):
        OpenVideo()(dict(filename=str(path)))


def test_what_tells_of_a_broadcast_is_not_listened_for(tmp_path, monkeypatch):
    path = tmp_path / 'video.mp4'
    path.write_bytes(SDP)
    with open(path, 'rb') as file, av.open(
            file, options=dict(listen_timeout='0.1')) as container:
        assert container.format.name == 'sdp'      # which is why
    monkeypatch.setattr(streams, 'SECONDS', 120)    # for which it would be listened
    started = time.monotonic()
    with pytest.raises(ValueError, match='video.mp4.*no video'):
        OpenVideo()(dict(filename=str(path)))
    assert time.monotonic() - started < 60


def test_content_that_is_not_on_a_disk_is_looked_at_too():
    with pytest.raises(ValueError, match='starts with b.ffconcat'):
        refuse_playlist('s3://videos/a.mp4', io.BytesIO(b'ffconcat version 1.0\nfile a.mp4\n'))


def test_a_video_is_taken(numbered_video, tmp_path):
    shutil.copy(numbered_video, tmp_path / '#EXTM3U.mp4')
    with open(tmp_path / '#EXTM3U.mp4', 'rb') as file:
        refuse_playlist('#EXTM3U.mp4', file)
