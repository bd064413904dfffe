"""The tree in ARCHITECTURE.md is that of the code."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def drawn() -> set[str]:
    """Paths below `pipeline/` that the tree names."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    (tree,) = re.findall(r"^```\npipeline/.*?\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    paths, folder = set(), ""
    for line in tree.splitlines():
        inner, names = re.fullmatch(r"(│   )?[├└]── (\S+(?: \S+/)*).*", line).groups()  # type: ignore[union-attr]
        for name in names.split():
            paths.add(f"{folder if inner else ''}{name}")
        if not inner:
            folder = names
    return paths


def there() -> set[str]:
    """Modules and folders of `pipeline/`, and of those two of its folders that have folders."""
    found = set()
    for folder in ("", "source/", "train/"):
        for path in (ROOT / "pipeline" / folder).iterdir():
            if path.is_dir() and path.name != "__pycache__":
                found.add(f"{folder}{path.name}/")
            elif path.suffix == ".py" and path.name != "__init__.py":
                found.add(f"{folder}{path.name}")
    return found


def test_the_tree_in_the_architecture_is_true() -> None:
    assert drawn() == there()
