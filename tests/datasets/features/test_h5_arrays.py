"""h5 files that point at other files, or claim what they do not have."""
from __future__ import annotations

import numpy as np
import pytest

from mmlofi.datasets.features.feature_files import look_at_features, read_features

h5py = pytest.importorskip('h5py')
ARRAY = np.arange(12.0).reshape(3, 4)


@pytest.fixture
def secret(tmp_path):
    """A file that nothing may read."""
    with h5py.File(tmp_path / 'secret.h5', 'w') as file:
        file['v'] = ARRAY
        file['g/features'] = ARRAY
    (tmp_path / 'secret.bin').write_bytes(ARRAY.tobytes())
    return tmp_path


def refused(folder, fault, name='/v'):
    for read in (look_at_features, read_features):
        with pytest.raises(ValueError, match=rf"x\.h5{name}' cannot be read as features .*{fault}"):
            read(f'{folder}/x.h5{name}')


@pytest.mark.parametrize('compression', [None, 'gzip', 'lzf'])
def test_arrays_that_lie_in_the_file_are_read(tmp_path, compression):
    with h5py.File(tmp_path / 'x.h5', 'w') as file:
        file.create_dataset('v', data=ARRAY, chunks=(2, 3), compression=compression)
        file.create_dataset('w/c3d', data=ARRAY)
        file['same'] = file['v']   # another name of one array, which is no link to elsewhere
    for name in ('v', 'w', 'w/c3d', 'same', '/v'):
        np.testing.assert_array_equal(read_features(f'{tmp_path}/x.h5/{name}')[0], ARRAY)


@pytest.mark.parametrize(('link', 'fault'), [
    (lambda: h5py.ExternalLink('secret.h5', 'v'), "'v' is a link to another file, 'secret.h5'"),
    (lambda: h5py.ExternalLink('/etc/passwd', '/'), "link to another file, '/etc/passwd'"),
    (lambda: h5py.SoftLink('/w'), "'v' is a link to '/w'")])
def test_links_are_not_followed(secret, link, fault):
    with h5py.File(secret / 'x.h5', 'w') as file:
        file['w'], file['v'] = ARRAY, link()
    refused(secret, fault)
    with h5py.File(secret / 'x.h5', 'w') as file:
        file['v/features'] = link()
    refused(secret, fault.replace("'v' is", "'features' is"))
    with h5py.File(secret / 'x.h5', 'w') as file:
        file['v/features'], file['v/duration_sec'] = ARRAY, link()
    refused(secret, fault.replace("'v' is", "'duration_sec' is"))


def test_a_path_goes_through_no_link_either(secret):
    with h5py.File(secret / 'x.h5', 'w') as file:
        file['g'] = h5py.ExternalLink('secret.h5', 'g')
    refused(secret, "'g' is a link to another file", '/g/features')


def test_numbers_in_other_files_are_not_read(secret):
    with h5py.File(secret / 'x.h5', 'w') as file:
        file.create_dataset('v', (3, 4), 'f8', external=[(str(secret / 'secret.bin'), 0, 96)])
    refused(secret, 'its numbers lie in other files')
    layout = h5py.VirtualLayout((3, 4), 'f8')
    layout[:] = h5py.VirtualSource(str(secret / 'secret.h5'), 'v', (3, 4))
    with h5py.File(secret / 'x.h5', 'w') as file:
        file.create_virtual_dataset('v', layout)
    refused(secret, 'its numbers lie in other files')


def test_numbers_that_were_never_written_are_no_zeros(tmp_path, little_memory):
    with h5py.File(tmp_path / 'x.h5', 'w') as file:
        file.create_dataset('v', (10 ** 6, 10 ** 6), 'f8', chunks=(1000, 1000), compression='gzip')
    with little_memory():
        refused(tmp_path, 'parts of its array were never written')
    with h5py.File(tmp_path / 'x.h5', 'w') as file:
        file.create_dataset('v', (4, 6), 'f8', chunks=(2, 3))[:2] = 1   # killed while it wrote
    refused(tmp_path, 'parts of its array were never written')


def test_an_array_that_inflates_like_a_bomb_is_refused(tmp_path, little_memory):
    with h5py.File(tmp_path / 'x.h5', 'w') as file:
        file.create_dataset('v', data=np.zeros((100, 1 << 20), 'u1'), compression='gzip')
    with little_memory():
        refused(tmp_path, 'would inflate from .* bytes to 104,857,600')


@pytest.mark.parametrize('value', ['text', [b'a', b'b'], h5py.Empty('f8'), np.array([1j]),
                                   np.zeros(2, [('a', 'f4')])])
def test_what_is_no_array_of_numbers_is_refused(tmp_path, value):
    with h5py.File(tmp_path / 'x.h5', 'w') as file:
        file['v'] = value
    refused(tmp_path, 'and not numbers')


@pytest.mark.parametrize(('beside', 'fault'), [
    (dict(duration_sec=np.nan), 'says that its video lasts nan s'),
    (dict(duration_sec=-1.0), 'lasts -1.0 s'), (dict(duration_sec=[1.0, 2.0]), 'no single value'),
    (dict(header=np.bytes_('[1]')), r'its header is \[1\], and not a dict'),
    (dict(header=np.bytes_('{')), 'Expecting'),
    (dict(header=np.bytes_('[' * 50_000)), 'recursion'),
    (dict(header='{}'), 'not a number or a text of fixed length')])
def test_what_lies_beside_an_array_is_looked_at(tmp_path, beside, fault):
    with h5py.File(tmp_path / 'x.h5', 'w') as file:
        file['v'] = ARRAY
        file['v'].attrs.update(beside)
    refused(tmp_path, fault)
