"""Who is answered: people at this machine, not pages of others in their browsers."""
from __future__ import annotations

import pytest

from mmlofi.apis.origins import is_loopback, why_foreign


@pytest.mark.parametrize(('host', 'expected'), [
    ('127.0.0.1', True), ('LOCALHOST', True), ('127.1.2.3', True), ('::1', True),
    ('localhost', True), ('0.0.0.0', False), ('192.168.1.2', False), ('', False),
    ('my-machine', False)])
def test_addresses_of_this_machine_alone_are_known(host, expected):
    assert is_loopback(host) is expected


@pytest.mark.parametrize(('headers', 'taken'), [
    ({}, True), (dict(Host='localhost'), True), (dict(Host='LOCALHOST:8000'), True),
    (dict(Host='[::1]:8000'), True), (dict(Host='127.0.0.2:8000'), True),
    (dict(Host='evil.example:8000'), False), (dict(Host='127.0.0.1.evil.example'), False),
    (dict(Host='['), False), (dict(Host=''), False),
    (dict(Host='localhost:8000', Origin='http://localhost:8000'), True),
    (dict(Host='localhost:8000', Origin='http://localhost:3000'), False),
    (dict(Host='localhost:8000', Origin='https://evil.example'), False),
    (dict(Host='localhost:8000', Origin='null'), False)])
def test_names_and_pages_of_others_are_refused_at_loopback(headers, taken):
    assert (why_foreign(headers, loopback=True) is None) is taken


def test_elsewhere_any_name_is_taken_unless_some_are_said():
    headers = dict(Host='videos.example', Origin='https://videos.example')
    assert why_foreign(headers, loopback=False) is None
    assert why_foreign(headers | dict(Origin='https://evil.example'), loopback=False)
    assert why_foreign(headers, loopback=True, allowed=['Videos.Example']) is None
    # The server before it may ask for its own name, and hand the browser's page on.
    assert why_foreign(headers | dict(Host='127.0.0.1:8000'), loopback=True,
                       allowed=['videos.example']) is None
    assert why_foreign(dict(Host='other.example'), loopback=False, allowed=['videos.example'])


@pytest.mark.parametrize(('site', 'mode', 'only_shows', 'taken'), [
    ('none', 'navigate', False, True), ('same-origin', 'no-cors', False, True),
    ('cross-site', 'no-cors', False, False), ('same-site', 'no-cors', False, False),
    ('cross-site', 'navigate', False, False), ('same-site', 'navigate', True, True),
    ('cross-site', 'navigate', True, True), ('cross-site', 'no-cors', True, False)])
def test_what_others_have_browsers_fetch_without_an_origin_is_refused_and_their_links_show_pages(
        site, mode, only_shows, taken):
    headers = {'Host': 'localhost:8000', 'Sec-Fetch-Site': site, 'Sec-Fetch-Mode': mode}
    assert (why_foreign(headers, loopback=True, only_shows=only_shows) is None) is taken
