"""Files of snippet features: reading, writing, and what their headers say."""
