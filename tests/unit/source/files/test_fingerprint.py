import itertools
from pathlib import Path

from pipeline.source.files.fingerprint import _contents, fingerprint


def test_code_and_descriptions_count_at_every_level(tmp_path: Path) -> None:
    (tmp_path / "films" / "old").mkdir(parents=True)
    (tmp_path / "films" / "films.toml").write_text('name = "films"')
    (tmp_path / "films" / "old" / "source.py").write_text("")
    (tmp_path / "films" / "old" / "source.pyc").write_text("")
    (tmp_path / "__init__.py").write_text("")
    assert dict(_contents(tmp_path, "package")) == {
        "package/__init__.py": b"",
        "package/films/films.toml": b'name = "films"',
        "package/films/old/source.py": b"",
    }


def test_texts_names_and_bytes_count_apart(tmp_path: Path) -> None:
    for name, content in (("a", "1"), ("b", "1"), ("c", "2")):
        (tmp_path / name).write_text(content)
    found = [
        fingerprint(),
        fingerprint("ab"),
        fingerprint("a", "b"),
        *(fingerprint(paths=[tmp_path / name]) for name in "abc"),
        fingerprint(paths=[tmp_path]),
    ]
    assert all(one != other for one, other in itertools.combinations(found, 2))
    assert fingerprint(paths=[tmp_path]) == found[-1]
