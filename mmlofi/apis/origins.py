"""Whom a server answers: people at this machine, not pages of others in their browsers.

A page from elsewhere can make a browser send requests to 127.0.0.1, and with a name of its own that
it lets stand for 127.0.0.1 (DNS rebinding) read the answers too. Browsers say in `Host` which name
they used, in `Origin` whose page it is that sends, and where there is none, as for pictures and
links, in `Sec-Fetch-Site` whether it is another's (to this machine and by https; old ones do not).
"""
from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

LOOPBACK_NAMES = ('localhost', '127.0.0.1', '::1')     # for the message; others are 127.0.0.2, …
OTHER_SITES = ('cross-site', 'same-site')     # the latter may be another port of this machine


def is_loopback(host: str) -> bool:
    """Whether an address to listen at can be reached from this machine alone."""
    if host.lower() == 'localhost':
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def why_foreign(headers: Mapping[str, str], *, loopback: bool, allowed: Collection[str] = (),
                only_shows: bool = False) -> str | None:
    """What is wrong with the sender of a request, or None.

    Args:
        headers: Of the request; programs may leave those of browsers out.
        loopback: Whether the server listens at this machine alone.
        allowed: Names that a server behind another one may be called by, in any case.
        only_shows: Whether the answer is a page that costs no work, to which links of others may
            lead.
    """
    host, origin = headers.get('Host'), headers.get('Origin')
    allowed = {name.lower() for name in allowed}
    if host is not None and (loopback or allowed) and not _is_ours(_name(host), allowed):
        return (f'got a request for the host {host[:100]!r}; expected one of '
                f'{", ".join(sorted({*LOOPBACK_NAMES, *allowed}))}: open such an address, or have '
                'the server started with --allow-host and this name')
    if origin is not None and origin.rpartition('//')[2].lower() != (host or '').lower() \
            and _name(origin.rpartition('//')[2]) not in allowed:
        return (f'got a request that a page of {origin[:100]!r} sends; expected one from a page '
                'of this server')
    if headers.get('Sec-Fetch-Site') in OTHER_SITES and not (
            only_shows and headers.get('Sec-Fetch-Mode') == 'navigate'):
        return ('got a request that a page of another site sends; expected one from a page of this '
                'server: open its address by itself')
    return None


def _is_ours(name: str | None, allowed: Collection[str]) -> bool:
    return name is not None and (name in allowed or is_loopback(name))


def _name(host: str) -> str | None:
    try:
        return urlsplit(f'//{host}').hostname
    except ValueError:      # such as half of an IPv6 address
        return None
