"""torchrun, which ends as its ranks do: warned and saved, or with the name of the one that died.

    python mmlofi/engine/nodes.py --nnodes 2 --node-rank 0 --nproc-per-node 8 \\
        --master-addr host0 --master-port 29500 SCRIPT [arguments]

torchrun itself makes exit code 1 of whatever its ranks end with, gives them half a minute after a
SIGTERM, and dies of SIGUSR1. Here a warning is handed on to the ranks, for as long as they take,
and where they all end as a preempted training does, so does this.

On several machines ("nodes") torchrun ends the ranks of its own node alone. Those of the others see
a broken connection and name themselves, or wait until a collective times out, half an hour by
default. Here every node says which rank died, and ends. With --max-restarts the nodes meet and
start again instead, which torchrun does by itself, given --rdzv-backend=c10d.

Imports nothing of mmlofi: a node where that fails can say so.
"""
from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import textwrap
import threading
import time
from datetime import timedelta
from pathlib import Path
from types import FrameType

import torch.distributed.elastic.multiprocessing.api as elastic
from torch.distributed import PrefixStore, TCPStore
from torch.distributed.elastic.multiprocessing import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure
from torch.distributed.run import main as run_torchrun
from torch.distributed.run import parse_args

# With which a training ends that has saved and wants to go on, as PreemptionHook ends it.
PREEMPTED = int(os.environ.get('PREEMPTED_CODE') or 75)
WARNINGS = (signal.SIGTERM, signal.SIGUSR1)
BEAT_SEC = 0.5     # between two looks into the store
LINGER_SEC = 5.0   # how long a node that failed waits for what the others have to say


def main(argv: list[str] | None = None) -> None:
    """`torchrun` with a static rendezvous; NODE_TIMEOUT are the seconds of silence of a lost node.

    Raises:
        SystemExit: With PREEMPTED after a warning that was heeded; with 1 if a rank or a node
            failed, wherever it was.
    """
    args = parse_args(argv)
    watched = ':' not in args.nnodes and int(args.nnodes) > 1 and not args.max_restarts
    nodes = Nodes(node=args.node_rank, num_nodes=int(args.nnodes), host=args.master_addr,
                  port=args.master_port, silence_sec=float(os.environ.get('NODE_TIMEOUT', 60))
                  ) if watched else None
    warnings = Warnings(nodes)
    failure = f'torchrun on node {args.node_rank} failed: see its output'
    try:
        run_torchrun(argv)
        failure = None
    except ChildFailedError as error:
        codes = {failed.exitcode for failed in error.failures.values()}
        failure = None if warnings.were_heeded(codes) else describe(args.node_rank, error.failures)
        if failure:
            print(error, file=sys.stderr)
    except SignalException as error:   # of Nodes.watch, or after a warning
        stopped = f'node {args.node_rank} was stopped by {error.sigval.name}'
        heeded = warnings.were_heeded(warnings.codes)
        failure = None if heeded or (nodes and nodes.failures) else stopped
    finally:
        if nodes:
            nodes.leave(failure)
    failures = nodes.failures if nodes else [failure] if failure else []
    if failures:
        raise SystemExit(f'this job of {args.nnodes} nodes has ended, since\n  '
                         + '\n  and then '.join(failures))
    if warnings.heeded:
        print(f'all ranks have saved and ended, as they were warned to: exit code {PREEMPTED}')
        raise SystemExit(PREEMPTED)


class Warnings:
    """Hands a scheduler's warnings on to the ranks of this node, and waits for them.

    To each rank by itself, not to its process group: its data loader's workers have to go on. While
    it waits torchrun does nothing, so that it starts no rank again that has just ended.

    Args:
        nodes: Of the job; once one of them failed there is nothing to save.
    """

    def __init__(self, nodes: Nodes | None = None) -> None:
        self.nodes, self.heeded = nodes, False
        self.codes: set[int] = set()   # of the ranks, as ProcessFailure has them
        self.end = elastic._terminate_process_handler
        elastic._terminate_process_handler = self.hand_on   # which torchrun registers
        signal.signal(signal.SIGUSR1, self.hand_on)

    def hand_on(self, number: int, frame: FrameType | None) -> None:
        """Handles a signal; ends as torchrun does, when no rank is left."""
        if number in WARNINGS:
            ranks = children()
            for rank in ranks:
                os.kill(rank, signal.SIGKILL if self.nodes and self.nodes.failures else number)
            self.codes = set(map(exit_code, ranks))
            number = signal.SIGTERM   # for torchrun, which may know no other
        self.end(number, frame)

    def were_heeded(self, codes: set[int]) -> bool:
        """Whether ranks that ended with these codes have saved together, and want to be run again.

        torchrun may have stopped some of them on their way out.
        """
        self.heeded = PREEMPTED in codes and codes <= {PREEMPTED, -signal.SIGTERM}
        return self.heeded


def exit_code(process: int) -> int:
    """Waits for one of this process, which remains for torchrun to collect; as Popen has them."""
    ended = os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)
    return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status


def children() -> list[int]:
    """Processes that this one has started, and that are there yet."""
    found = []
    for path in Path('/proc').glob('[0-9]*/stat'):
        with contextlib.suppress(OSError):   # it has ended
            fields = path.read_text().rpartition(')')[2].split()   # a name may hold anything
            if int(fields[1]) == os.getpid():
                found.append(int(path.parent.name))
    return found


def describe(node: int, failures: dict[int, ProcessFailure]) -> str:
    """Which ranks of a node failed, and how; not those that torchrun stopped because of them."""
    causes = {rank: failed for rank, failed in failures.items()
              if failed.exitcode not in (-signal.SIGTERM, PREEMPTED)}
    return ', '.join(
        f'rank {rank} on node {node} (host {socket.gethostname()}, pid {failed.pid}) {how(failed)}'
        for rank, failed in (causes or failures).items())


def how(failed: ProcessFailure) -> str:
    """How a process ended."""
    if isinstance(failed.message, dict):   # as mmlofi.engine.launch.report_errors leaves it
        return f'raised {textwrap.shorten(failed.message["message"], 300)}'
    if failed.exitcode < 0:
        return f'was killed by {failed.signal_name()}'
    return f'ended with exit code {failed.exitcode}: see the output of its node'


class Nodes:
    """What the torchruns of several nodes tell each other, through a store that node 0 holds.

    They are idle processes beside the ranks: a rank that computes cannot be taken for a dead one.

    Raises:
        ConnectionError: If node 0 cannot open the store, or another node find it in ten minutes.
    """

    def __init__(self, *, node: int, num_nodes: int, host: str, port: int, silence_sec: float):
        self.node, self.num_nodes, self.silence_sec = node, num_nodes, silence_sec
        self.master = f'{host}:{port}'
        self.failures: list[str] = []   # in the order in which the store heard of them
        self.own_failure: str | None = None
        self.leaving = threading.Event()
        self.beats: dict[int, tuple[int, float]] = {}   # of other nodes: count, when it rose
        try:
            store = TCPStore(
                host, port, is_master=node == 0, wait_for_workers=False,
                multi_tenant=True,   # the torchrun of this process opens its own at the same port
                timeout=timedelta(minutes=10))
        except RuntimeError as error:
            raise ConnectionError(
                f'node {node} of {num_nodes} could not {"reach" if node else "listen at"} '
                f'{self.master} ({error}); expected the address of the machine with NODE_RANK=0 in '
                'MASTER_ADDR, a free port there in PORT, and the same command on every machine'
            ) from error
        self.store = PrefixStore('mmlofi', store)
        self.answered = time.monotonic()   # by the store
        self.talker = threading.Thread(target=self.talk, daemon=True)
        self.talker.start()
        threading.Thread(target=self.watch, daemon=True).start()

    def watch(self) -> None:
        """Stop the ranks of this node once another node failed, or node 0 does not answer."""
        while not self.leaving.wait(BEAT_SEC):
            if time.monotonic() > self.answered + self.silence_sec and not self.failures:
                self.failures = [f'node 0 at {self.master} was silent for {self.silence_sec:g} s']
            if self.failures:
                return os.kill(os.getpid(), signal.SIGTERM)   # torchrun passes it on to its ranks

    def talk(self) -> None:
        """Exchange news until this node leaves; its own thread, for a lost network blocks it."""
        try:
            while not self.leaving.wait(BEAT_SEC):
                self.exchange()
            if self.own_failure:
                self.store.append('failures', f'{self.own_failure}\n')
            self.store.add(f'left/{self.node}', 1)
            # The store ends with node 0, and what failed here may follow from a failure elsewhere.
            until = time.monotonic() + LINGER_SEC
            while (self.node == 0 or self.own_failure) and time.monotonic() < until:
                self.exchange()
                if all(map(self.has_left, range(self.num_nodes))):
                    break
                time.sleep(BEAT_SEC)
            if self.node == 0 and self.failures:
                time.sleep(2 * BEAT_SEC)   # in which the others see that all have left
        except RuntimeError as error:
            if not self.leaving.is_set():
                self.failures = self.failures or [f'node 0 at {self.master} is gone ({error})']

    def exchange(self) -> None:
        """Give a sign of life, and hear of failures."""
        self.store.add(f'beat/{self.node}', 1)
        if self.node == 0:
            self.look_for_silent_nodes()
        if self.store.check(['failures']):
            self.failures = self.store.get('failures').decode().splitlines()
        self.answered = float('inf') if self.has_left(0) else time.monotonic()

    def look_for_silent_nodes(self) -> None:
        """On node 0: call those failed that joined, did not leave, and give no sign of life."""
        now = time.monotonic()
        for other in range(1, self.num_nodes):
            count, rose = self.beats.get(other, (0, now))
            latest = self.store.add(f'beat/{other}', 0)
            if latest > count:
                self.beats[other] = latest, now
            elif now > rose + self.silence_sec and not self.has_left(other):
                silent = f'node {other} was silent for {self.silence_sec:g} s'
                self.store.append('failures', f'{silent}\n')
                self.store.add(f'left/{other}', 1)

    def has_left(self, node: int) -> bool:
        """Whether that node has nothing more to say."""
        return self.store.check([f'left/{node}'])

    def leave(self, failure: str | None) -> None:
        """Tell the others that this node ends, and by what failure if it was by one."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)   # `watch` may be about to send one
        self.own_failure = failure
        self.leaving.set()
        self.talker.join(LINGER_SEC + 1)
        if failure and failure not in self.failures:
            self.failures.append(failure)


if __name__ == '__main__':
    main()
