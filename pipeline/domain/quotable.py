"""Names that somebody else gave, of labels, properties and relation types, where they are to stand in Cypher."""

_LONGEST = 1_000


def can_be_quoted(name: str) -> bool:
    """Whether a name can stand in back-quotes: it holds none, no backslash (Cypher may read one from there), nothing unseen."""
    return 0 < len(name) <= _LONGEST and name.isprintable() and not {"`", "\\"} & set(name)


def quoted(name: str) -> str:
    """The name as a person writes it in Cypher: in back-quotes where it needs them.

    Raises
    ------
    ValueError
        If it cannot be quoted.
    """
    if not can_be_quoted(name):
        raise ValueError(f"{name!r} cannot be quoted")
    return name if name.isascii() and name.isidentifier() else f"`{name}`"
