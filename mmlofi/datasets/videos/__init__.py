"""Files of videos: what can be known before they are used, and small copies of them."""
