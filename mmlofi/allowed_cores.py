"""How many cores a process may keep busy: those it may run on, or what its time quota is worth.

A container that is limited to two CPUs (`docker run --cpus 2`, a Kubernetes limit) still sees all
cores of the machine, and may run on all, but only for two seconds a second: the quota of its
cgroup, or of a group around it. The standard library and torch do not look at it.

Where the groups are, by cgroups(7): `/proc/self/cgroup` has the process's path in each hierarchy,
`/proc/self/mountinfo` where a hierarchy is mounted, and which of its paths the mount shows::

    0::/docker/a                                        of version 2; '4:cpu,cpuacct:/docker/a' of 1
    31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw
               path of the mount, where it is
"""
from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

QUOTA_V1, PERIOD_V1 = 'cpu.cfs_quota_us', 'cpu.cfs_period_us'


def allowed_cores() -> int:
    """Whole cores, at least one; a part of one, as of a quota of 1.5, counts as a whole."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()
    quota = cpu_quota()
    return max(1, min(cores or 1, math.inf if quota is None else math.ceil(quota)))


def cpu_quota(process: str | os.PathLike = '/proc/self') -> float | None:
    """CPUs that the tightest group around a process may use; None where none is limited, or where
    the system does not say."""
    quotas = [quota for folder in _groups(Path(process)) if (quota := _quota_of(folder))]
    return min(quotas, default=None)


def _groups(process: Path) -> Iterator[Path]:
    """The folder of each group that may have a quota, the process's own and those around it."""
    paths = {}
    for line in _read(process / 'cgroup').splitlines():
        _, _, rest = line.partition(':')
        controllers, _, path = rest.partition(':')
        if not controllers or 'cpu' in controllers.split(','):
            paths['cgroup' if controllers else 'cgroup2'] = PurePosixPath(path)
    for line in _read(process / 'mountinfo').splitlines():
        mount, _, system = line.partition(' - ')
        mount, system = mount.split(' '), system.split(' ')
        kind = system[0]
        if kind not in paths or kind == 'cgroup' and 'cpu' not in system[-1].split(','):
            continue    # another file system, or version 1's hierarchy of other controllers
        root, top = (_unescaped(field) for field in mount[3:5])
        below = _below(paths[kind], PurePosixPath(root))
        yield Path(top)
        for place in range(len(below)):
            yield Path(top, *below[:place + 1])


def _below(path: PurePosixPath, root: PurePosixPath) -> tuple[str, ...]:
    """The folders from the root of a mount down to a path; none where the mount does not show it:
    then its top is what a container sees of its own group."""
    if '..' in path.parts or not path.is_relative_to(root):
        return ()
    return path.relative_to(root).parts


def _quota_of(folder: Path) -> float | None:
    """CPUs, None where it is not limited."""
    numbers = _read(folder / 'cpu.max').split() or [
        text.strip() for text in (_read(folder / QUOTA_V1), _read(folder / PERIOD_V1))]
    try:
        quota, period = map(int, numbers)
    except ValueError:      # 'max', and where there is no such file
        return None
    return quota / period if quota > 0 and period > 0 else None


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding='utf-8', errors='surrogateescape')
    except OSError:
        return ''


def _unescaped(field: str) -> str:
    """A path of mountinfo, where a blank is '\\040'."""
    for code in (' ', '\t', '\n', '\\'):
        field = field.replace(f'\\{ord(code):03o}', code)
    return field
