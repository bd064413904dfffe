"""The commands, by what they are about; `pipeline.__main__` puts them together."""
