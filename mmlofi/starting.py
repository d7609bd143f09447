"""How the tools start: arguments before what takes seconds, and threads that leave others room."""
from __future__ import annotations

import os
from collections.abc import Callable

from mmlofi.allowed_cores import allowed_cores, cpu_quota

# Any of these says how long threads spin while they wait, each in its own library's words.
SAID = ('OMP_WAIT_POLICY', 'GOMP_SPINCOUNT', 'KMP_BLOCKTIME')


def start(parse_args: Callable[[], object], *, registers: bool = True) -> None:
    """Ends here for `--help` and mistakes, before torch is loaded; else prepares for the work.

    Args:
        parse_args: Of the tool, which asks it again for what it returns.
        registers: Whether the work needs MMAction2's registries, and so torch.
    """
    parse_args()
    wait_passively()
    keep_to_quota()
    if registers:
        import mmlofi.registered  # noqa: F401


def wait_passively() -> None:
    """OpenMP's threads sleep while they wait, unless the user has said otherwise.

    They spin by default, and take a shared processor from those that they wait for
    (docs/processors.md). OpenMP reads this when it is loaded: with torch.
    """
    if not any(os.environ.get(name) for name in SAID):
        os.environ['OMP_WAIT_POLICY'] = 'PASSIVE'


def keep_to_quota() -> None:
    """In a container with a CPU quota no more OpenMP threads than that is worth, unless the user
    has said how many.

    OpenMP starts one for each core that the process may run on, of which a quota does not tell it;
    once they have used it up, all of them stand still until the next tenth of a second.
    """
    quota = cpu_quota()
    if quota is not None and not os.environ.get('OMP_NUM_THREADS'):
        os.environ['OMP_NUM_THREADS'] = str(allowed_cores())
