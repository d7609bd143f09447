"""From frames to snippet features: any backbone as an encoder."""
