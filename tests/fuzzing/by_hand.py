"""Arrays read by a few lines that share nothing with the package's readers."""
from __future__ import annotations

import ast
import zipfile
from pathlib import Path

import numpy as np


def array_of(content: bytes) -> np.ndarray:
    """Of the bytes of an npy file, as its format's description has them."""
    wide = content[6] > 1
    begin = 12 if wide else 10
    length = int.from_bytes(content[8:begin], 'little')
    head = ast.literal_eval(content[begin:begin + length].decode('latin1').strip())
    array = np.frombuffer(content[begin + length:], head['descr'])
    return array.reshape(head['shape'], order='F' if head['fortran_order'] else 'C')


def arrays_of(path: Path) -> dict[str, np.ndarray]:
    """Of an npz file."""
    with zipfile.ZipFile(path) as file:
        return {name.removesuffix('.npy'): array_of(file.read(name)) for name in file.namelist()}
