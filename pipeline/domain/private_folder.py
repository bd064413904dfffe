"""A folder of a home: for its owner only, since what was learned from tables tells of them."""

from pathlib import Path


def private_folder(path: Path) -> Path:
    """Have the folder, also where it was there with other rights."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    return path
