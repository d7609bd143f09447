"""Whom a server answers: people at this machine, not pages of others in their browsers.

A page from elsewhere can make a browser send requests to 127.0.0.1, and with a name of its own that
it lets stand for 127.0.0.1 (DNS rebinding) read the answers too. Browsers say in `Host` which name
they used, and in `Origin` whose page it is that sends.
"""
from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

LOOPBACK_NAMES = ('localhost', '127.0.0.1', '::1')


def is_loopback(host: str) -> bool:
    """Whether an address to listen at can be reached from this machine alone."""
    if host == 'localhost':
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def why_foreign(headers: Mapping[str, str], *, loopback: bool, allowed: Collection[str] = ()
                ) -> str | None:
    """What is wrong with the sender of a request, or None.

    Args:
        headers: Of the request; programs may leave `Host` and `Origin` out.
        loopback: Whether the server listens at this machine alone.
        allowed: Names that a server behind another one may be called by.
    """
    host, origin = headers.get('Host'), headers.get('Origin')
    names = {*LOOPBACK_NAMES, *allowed}
    if host is not None and (loopback or allowed) and _name(host) not in names:
        return (f'got a request for the host {host[:100]!r}; expected one of '
                f'{", ".join(sorted(names))}: open such an address, or have the server started '
                'with --allow-host and this name')
    if origin is not None and origin.rpartition('//')[2].lower() != (host or '').lower() \
            and _name(origin.rpartition('//')[2]) not in allowed:
        return (f'got a request that a page of {origin[:100]!r} sends; expected one from a page '
                'of this server')
    return None


def _name(host: str) -> str | None:
    try:
        return urlsplit(f'//{host}').hostname
    except ValueError:      # such as half of an IPv6 address
        return None
