"""How work is shared: between workers, and between one worker's threads."""
