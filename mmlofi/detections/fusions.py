"""How the score of a class and that of a proposal become one; `labels.fuse` does it."""

FUSIONS = ('product', 'sqrt', 'none')
