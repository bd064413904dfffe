from pathlib import Path

from pipeline.domain.run_folder import left_by_earlier_runs, new_run_id, remove_all_runs, remove_old_runs, run_folder


def test_ids_sort_by_time_and_are_unlike_even_at_the_same_moment() -> None:
    ids = [new_run_id("books") for _ in range(2_000)]
    assert len(set(ids)) == len(ids)
    moments = [id_.rsplit("-", 1)[0] for id_ in ids]
    assert moments == sorted(moments)


def test_two_runs_never_share_a_folder(tmp_path: Path) -> None:
    with run_folder(tmp_path, "books", new_run_id("books")) as one, run_folder(tmp_path, "books", new_run_id("books")) as other:
        assert one != other
        assert one.parent == other.parent == tmp_path / "books"


def test_old_runs_of_the_data_set_are_removed_and_nothing_else(tmp_path: Path) -> None:
    runs = [tmp_path / "books" / new_run_id("books") for _ in range(6)]
    others = [
        tmp_path / "books-de" / new_run_id("books-de"),
        tmp_path / "books-20260101T000000Z",  # as former versions named it
        tmp_path / "books" / "my own",
        tmp_path / "books" / "books-20260101T000000Z",
        tmp_path / "books" / new_run_id("books-de"),
    ]
    for folder in (*runs, *others):
        (folder / "snapshot").mkdir(parents=True)
    remove_old_runs(tmp_path, "books", {runs[1].name, runs[3].name})
    left = {path.parent for path in tmp_path.rglob("snapshot")}
    assert left == {runs[1], runs[3], runs[5], *others}  # the newest may be gone on with
    remove_all_runs(tmp_path, "books")
    assert {path.parent for path in tmp_path.rglob("snapshot")} == {*others}
    remove_all_runs(tmp_path, "books-de")
    assert not (tmp_path / "books-de").exists()


def test_a_run_of_the_future_is_of_before_the_clock_was_set_back(tmp_path: Path) -> None:
    future = tmp_path / "books" / "books-29991231T000000.000000Z-0000"
    older, newer, own = (tmp_path / "books" / new_run_id("books") for _ in range(3))
    for folder in (older, future, newer):
        (folder / "snapshot").mkdir(parents=True)
    assert [left.parent for left in left_by_earlier_runs(own, "snapshot")] == [newer, older, future]
    remove_old_runs(tmp_path, "books", ())
    assert [path.parent for path in tmp_path.rglob("snapshot")] == [newer]


def test_a_run_that_is_at_work_keeps_its_folder(tmp_path: Path) -> None:
    with run_folder(tmp_path, "books", new_run_id("books")) as at_work:
        for _ in range(2):
            with run_folder(tmp_path, "books", new_run_id("books")):
                pass
        remove_old_runs(tmp_path, "books", ())
        assert len(list((tmp_path / "books").iterdir())) == 2
        assert at_work.is_dir()
    remove_old_runs(tmp_path, "books", ())
    assert len(list((tmp_path / "books").iterdir())) == 1
    remove_old_runs(tmp_path, "nothing yet", ())


def test_what_earlier_runs_left_is_found_and_kept_while_it_is_looked_at(tmp_path: Path) -> None:
    older, newer, empty, own = (tmp_path / "books" / new_run_id("books") for _ in range(4))
    of_another = tmp_path / "books" / new_run_id("books-de")
    for folder in (older, newer, own, of_another):
        (folder / "snapshot").mkdir(parents=True)
    empty.mkdir()
    with run_folder(tmp_path, "books", new_run_id("books")) as at_work:
        (at_work / "snapshot").mkdir()
        found = []
        for left in left_by_earlier_runs(own, "snapshot"):
            found.append(left.parent)
            remove_old_runs(tmp_path, "books", ())
            assert left.is_dir()
    # The older one was removed while the newer one was looked at.
    assert found == [newer]
    assert not older.exists()
