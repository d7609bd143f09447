"""The classes of what was found, one with signs that formats have to escape."""
CLASSES = ('pour', 'stir, fast', 'wipe & <dry>')
