"""Files that people write in TOML, as models, with all that is wrong with them told at once."""
