"""How many snippets of a long video are decoded and encoded at a time, unless it is said."""

CHUNK_SNIPPETS = 32
