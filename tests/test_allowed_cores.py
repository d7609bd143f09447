"""Quotas of control groups, on made-up trees of files."""
from __future__ import annotations

import os

import pytest

from mmlofi.allowed_cores import allowed_cores, cpu_quota

V2 = '31 23 0:28 {root} {top} rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n'
V1 = '32 31 0:29 {root} {top} rw,relatime - cgroup cgroup rw,{controllers}\n'


@pytest.fixture
def process(tmp_path):
    """Writes what /proc/self has of a process, and the files of its groups."""
    top = tmp_path / 'sys'

    def write(groups: str, mounts: str, files: dict[str, str], root: str = '/') -> str:
        for name, text in files.items():
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            (top / name).write_text(text)
        escaped = str(top).replace(' ', r'\040')
        (tmp_path / 'cgroup').write_text(groups)
        (tmp_path / 'mountinfo').write_text('22 1 0:1 / /proc rw - proc proc rw\n' + mounts.format(
            root=root, top=escaped, controllers='cpu,cpuacct'))
        return str(tmp_path)
    return write


def test_a_container_with_a_namespace_of_its_own_sees_its_limit_at_the_top(process):
    assert cpu_quota(process('0::/\n', V2, {'cpu.max': '200000 100000\n'})) == 2


@pytest.mark.parametrize(('limits', 'quota'), [
    (('max 100000', '150000 100000', '400000 100000'), 1.5),
    (('max 100000', 'max 100000', '50000 20000'), 2.5),
    (('max 100000', 'max 100000', 'max 100000'), None),
    (('100000 100000', '', '300000 100000'), 1)])
def test_of_groups_in_groups_the_tightest_counts(process, limits, quota):
    files = dict(zip(('cpu.max', 'kubepods/cpu.max', 'kubepods/pod 1/cpu.max'), limits))
    assert cpu_quota(process('0::/kubepods/pod 1\n', V2, files)) == quota


def test_other_groups_do_not_count(process):
    files = {'mine/cpu.max': '300000 100000', 'other/cpu.max': '100000 100000',
             'mine/child/cpu.max': '100000 100000'}
    assert cpu_quota(process('0::/mine\n', V2, files)) == 3


@pytest.mark.parametrize(('path', 'root'), [
    ('/docker/a/job', '/docker/a'), ('/../../b', '/'), ('/elsewhere', '/docker/a')])
def test_a_mount_may_show_a_part_of_the_groups_or_not_the_own_one(process, path, root):
    shown = path.startswith(root) and '..' not in path
    files = {'cpu.max': '400000 100000', 'job/cpu.max': '100000 100000'}
    assert cpu_quota(process(f'0::{path}\n', V2, files, root)) == (1 if shown else 4)


@pytest.mark.parametrize(('quota', 'expected'), [('250000\n', 2.5), ('-1\n', None), ('', None)])
def test_groups_of_the_first_version_have_files_of_their_own(process, quota, expected):
    groups = '12:memory:/docker/a\n4:cpu,cpuacct:/docker/a\n3:cpuset:/\n1:name=systemd:/x\n'
    files = {'docker/a/cpu.cfs_quota_us': quota, 'docker/a/cpu.cfs_period_us': '100000\n',
             'cpu.cfs_quota_us': '-1\n', 'cpu.cfs_period_us': '100000\n'}
    assert cpu_quota(process(groups, V1, files)) == expected
    assert cpu_quota(process(groups, V1.replace('{controllers}', 'memory'), files)) is None


def test_of_both_versions_the_tighter_one_counts_and_a_blank_in_the_mount_is_read(
        process, tmp_path):
    blank = tmp_path / 'a b'
    blank.mkdir()
    blank.joinpath('cpu.max').write_text('100000 100000')
    mounts = V1 + V2.replace('{top}', str(blank).replace(' ', r'\040'))
    files = {'cpu.cfs_quota_us': '300000', 'cpu.cfs_period_us': '100000'}
    assert cpu_quota(process('4:cpu,cpuacct:/\n0::/\n', mounts, files)) == 1


@pytest.mark.parametrize('text', ['', 'nonsense\n', '0::\n:::\n', '0::/\n\x00 - \n'])
def test_what_cannot_be_read_limits_nothing(tmp_path, text):
    assert cpu_quota(tmp_path / 'none') is None
    for name in ('cgroup', 'mountinfo'):
        (tmp_path / name).write_text(text)
    assert cpu_quota(tmp_path) is None


@pytest.mark.parametrize(('there', 'quota', 'allowed'), [
    (64, 2.0, 2), (64, 1.5, 2), (64, 0.2, 1), (4, 8.0, 4), (4, None, 4)])
def test_cores_are_those_there_or_what_the_quota_is_worth(monkeypatch, there, quota, allowed):
    monkeypatch.setattr(os, 'sched_getaffinity', lambda _: range(there), raising=False)
    monkeypatch.setattr('mmlofi.allowed_cores.cpu_quota', lambda: quota)
    assert allowed_cores() == allowed


def test_where_a_system_does_not_say_which_cores_are_allowed_all_are_counted(monkeypatch):
    monkeypatch.delattr(os, 'sched_getaffinity', raising=False)
    monkeypatch.setattr(os, 'cpu_count', lambda: 5)
    monkeypatch.setattr('mmlofi.allowed_cores.cpu_quota', lambda: None)
    assert allowed_cores() == 5


def test_it_can_be_asked_of_the_process_itself():
    assert 1 <= allowed_cores() <= os.cpu_count()
