"""What requests to tools/serve.py leave behind: good ones, broken ones and such as are hung up on.

A toy model with random weights is served by a process of its own. Several clients send it videos
of the procedural benchmark, as programs and as its pages do, what is no video, wrong lengths,
methods and names, and hang up while they send or wait. Every answer is compared: of a good request
with that of a single call in this process, of a broken one with the status that docs/inference.md
names. The table has the memory, open files and threads of the server after each part of the
requests.

  OMP_NUM_THREADS=1 python benchmarks/serving.py --requests 500
"""
from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmlofi import TALInferencer
from mmlofi.procedural import Benchmark, untrimmed_videos

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / 'configs' / 'toy' / 'lofi_toy.py'
CLASSES = ('climb', 'dive', 'jump', 'run', 'swim')
TOP_K = 10
QUIET_SEC = 120     # at most, until what hung up is noticed and all threads rest


@dataclass(frozen=True)
class Load:
    """What is sent where, and what should come back."""

    port: int
    videos: list[bytes]
    names: list[str]
    expected: list[list[dict]]
    answers: Counter = field(default_factory=Counter)   # by kind and what came

    def send(self, request: tuple[str, int]) -> None:
        """One request, counted by its kind and whether the answer is as it should be."""
        kind, seed = request
        rng = random.Random(seed)
        status, wanted = KINDS[kind](self, rng)
        self.answers[kind, status, 'right' if status == wanted else f'expected {wanted}'] += 1

    def ask(self, *parts: bytes) -> tuple[int, dict]:
        """Status and content of the answer to what is sent."""
        with socket.create_connection(('127.0.0.1', self.port), timeout=120) as connection:
            for part in parts:
                connection.sendall(part)
            with connection.makefile('rb') as file:
                head, _, body = file.read().partition(b'\r\n\r\n')
        return int(head.split()[1]), json.loads(body)

    def found(self, place: int, *parts: bytes) -> tuple[object, object]:
        status, content = self.ask(*parts)
        same = content.get('detections') == self.expected[place]
        return (status if same else f'{status} with other segments'), 200

    def refused(self, wanted: int, *parts: bytes) -> tuple[object, object]:
        status, content = self.ask(*parts)
        return (status if content.get('error') else f'{status} without a reason'), wanted

    def watched(self, place: int, video: bytes) -> tuple[object, object]:
        """As the pages do it: sent, waited for, and removed."""
        status, content = self.ask(post(video, path='/jobs?name=a.mp4'))
        if status != 201:
            return status, 201
        job = f'jobs/{content["id"]}'
        while (state := self.ask(get(f'{job}/state'))[1])['step'] not in ('done', 'failed'):
            time.sleep(0.2)
        same = state.get('detections') == self.expected[place]
        removed, _ = self.ask(post(b'', path=f'/{job}/remove'))
        return (removed if same else f'{state["step"]} with other segments'), 200

    def hang_up(self, *parts: bytes, after_sec: float) -> tuple[object, object]:
        with socket.create_connection(('127.0.0.1', self.port), timeout=120) as connection:
            for part in parts:
                connection.sendall(part)
            time.sleep(after_sec)
        return None, None


def post(body: bytes, length: object = None, path: str = '/') -> bytes:
    return b'POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %s\r\n\r\n' % (
        path.encode(), str(len(body) if length is None else length).encode()) + body


def get(name: str, method: str = 'GET') -> bytes:
    return f'{method} /{name} HTTP/1.1\r\nHost: localhost\r\n\r\n'.encode()


def of_a_video(make: Callable) -> Callable:
    """A kind of request that is about one of the videos."""
    def send(load: Load, rng: random.Random) -> tuple[object, object]:
        place = rng.randrange(len(load.videos))
        return make(load, rng, place, load.videos[place])
    return send


KINDS = {
    'sent': of_a_video(lambda load, rng, place, video: load.found(place, post(video))),
    'named': of_a_video(lambda load, rng, place, video: load.found(place, get(load.names[place]))),
    'watched': of_a_video(lambda load, rng, place, video: load.watched(place, video)),
    'text': lambda load, rng: load.refused(400, post(rng.randbytes(1000))),
    'playlist': lambda load, rng: load.refused(400, post(b'#EXTM3U\nval_0000.mp4\n')),
    'empty': lambda load, rng: load.refused(400, post(b'')),
    'cut off': of_a_video(lambda load, rng, place, video: load.refused(
        400, post(video[:rng.randrange(100, len(video) - 100)]))),
    'length too small': of_a_video(lambda load, rng, place, video: load.refused(
        400, post(video, rng.randrange(100, len(video) - 100)))),
    'length no number': lambda load, rng: load.refused(400, post(b'x', rng.choice(('-1', 'a')))),
    'no length': lambda load, rng: load.refused(411, get('', 'POST')),
    '2 GB': lambda load, rng: load.refused(413, post(bytes(2**20), 2**31)),
    'method': lambda load, rng: load.refused(405, get('', rng.choice(('PUT', 'DELETE', 'HELLO')))),
    'no such name': lambda load, rng: load.refused(404, get('none.mp4')),
    'outside': lambda load, rng: load.refused(403, get(rng.choice(('../lofi.pth', '%2fetc/hosts',
                                                                   'a/%2e%2e/%2e%2e/lofi.pth')))),
    'hangs up sending': of_a_video(lambda load, rng, place, video: load.hang_up(
        post(video[:len(video) // 2], len(video)), after_sec=rng.uniform(0, 0.2))),
    'hangs up waiting': of_a_video(lambda load, rng, place, video: load.hang_up(
        post(video), after_sec=rng.uniform(0, 0.6))),
}
GOOD = ('sent', 'named')


def draw_requests(count: int, seed: int) -> list[tuple[str, int]]:
    """Kind and seed of each; two of five are good."""
    rng = random.Random(seed)
    others = [kind for kind in KINDS if kind not in GOOD]
    return [(rng.choice(GOOD if rng.random() < 0.4 else others), rng.randrange(2**32))
            for _ in range(count)]


def prepare(folder: Path) -> Path:
    """Three videos, and a checkpoint of random weights."""
    (folder / 'videos').mkdir()
    for video in untrimmed_videos(Benchmark(train_videos=0, val_videos=3)):
        video.write(folder)
    init_default_scope('mmaction')
    torch.manual_seed(0)
    model = MODELS.build(Config.fromfile(CONFIG).model)
    torch.save(dict(state_dict=model.state_dict(), meta=dict(dataset_meta=dict(classes=CLASSES))),
               folder / 'lofi.pth')
    return folder / 'lofi.pth'


@contextmanager
def serving(folder: Path, checkpoint: Path) -> Iterator[tuple[int, int, Path]]:
    """Process, port and log of a server, which is ended by SIGTERM."""
    command = [sys.executable, ROOT / 'tools' / 'serve.py', '--config', CONFIG, '--checkpoint',
               checkpoint, '--folder', folder / 'videos', '--top-k', TOP_K, '--port', 0,
               '--device', 'cpu']
    log = folder / 'server.log'
    threads = dict(OMP_NUM_THREADS=str(torch.get_num_threads()))   # or sums have other last bits
    with open(log, 'w') as errors, subprocess.Popen(
            list(map(str, command)), stdout=subprocess.PIPE, stderr=errors, text=True,
            env=os.environ | threads | dict(PYTHONPATH=str(ROOT), PYTHONUNBUFFERED='1')) as process:
        try:
            port = next((re.search(r'http://.*:(\d+)', line)[1] for line in process.stdout
                         if line.startswith('http://')), None)
            if port is None:
                raise RuntimeError(f'the server did not start: {log.read_text()[-1000:]}')
            yield process.pid, int(port), log
        finally:
            process.send_signal(signal.SIGTERM)


def usage(process: int) -> dict[str, float]:
    """Memory, open files and threads of a process that has nothing to do."""
    end, before = time.monotonic() + QUIET_SEC, None
    while time.monotonic() < end:
        status = Path(f'/proc/{process}/status').read_text()
        found = dict(MiB=round(int(re.search(r'VmRSS:\s*(\d+)', status)[1]) / 1024, 1),
                     files=len(os.listdir(f'/proc/{process}/fd')),
                     threads=int(re.search(r'Threads:\s*(\d+)', status)[1]))
        if found == before and rests(process):
            break
        before = found
        time.sleep(0.5)
    return found


def rests(process: int) -> bool:
    """Whether all its threads wait for something else than the processor."""
    states = set()
    for path in Path(f'/proc/{process}/task').glob('*/stat'):
        with suppress(OSError):      # it has ended
            states.add(path.read_text().rpartition(')')[2].split()[0])
    return states == {'S'}


def run(requests: int, threads: int, seed: int, parts: int = 5) -> tuple[list[dict], Counter, str]:
    """Usage after each part, the first of which warms up; the answers; the server's log."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        checkpoint = prepare(folder)
        inferencer = TALInferencer(str(CONFIG), str(checkpoint), device='cpu', show_progress=False)
        files = sorted((folder / 'videos').iterdir())
        expected = [inferencer(file, top_k=TOP_K)['predictions'][0]['detections'] for file in files]
        with serving(folder, checkpoint) as (process, port, log):
            load = Load(port, [file.read_bytes() for file in files], [file.name for file in files],
                        expected)
            drawn, rows, done = draw_requests(requests, seed), [], 0
            with ThreadPoolExecutor(threads) as pool:
                for part in range(1, parts + 1):
                    start, end = time.monotonic(), requests * part // parts
                    list(pool.map(load.send, drawn[done:end]))
                    seconds = time.monotonic() - start
                    rows.append(dict(requests=end, rate=(end - done) / seconds, **usage(process)))
                    done = end
            return rows, load.answers, log.read_text()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--requests', type=int, default=500, help='default %(default)s')
    parser.add_argument('--threads', type=int, default=4, help='clients; default %(default)s')
    parser.add_argument('--seed', type=int, default=0, help='default %(default)s')
    args = parser.parse_args()
    rows, answers, log = run(args.requests, args.threads, args.seed)
    print('| requests | a second | MiB | files | threads |\n|---|---|---|---|---|')
    for row in rows:
        print(f'| {row["requests"]} | {row["rate"]:.1f} | {row["MiB"]:.0f} | {row["files"]} | '
              f'{row["threads"]} |')
    print('\n| kind | answer | | count |\n|---|---|---|---|')
    for (kind, status, verdict), count in sorted(answers.items(), key=str):
        print(f'| {kind} | {"-" if status is None else status} | {verdict} | {count} |')
    print(f'\n{log.count("Traceback")} tracebacks in the log of the server')


if __name__ == '__main__':
    main()
