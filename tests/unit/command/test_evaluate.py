"""`hyperlearn evaluate DATASET`: of a generated data set, and of one that a file describes."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipeline.__main__ import app
from pipeline.errors import ConfigurationError, PipelineError
from pipeline.records.problems import SourceProblems

PLANTED = """
modalities = { User = 30, Item = 20, Tag = 5 }
nearest = 3
[hyperedges.Tagging]
members = ["User", "Item", "Tag"]
number = 400
[hyperedges.Purchase]
members = ["User", "Item"]
number = 100
"""

QUICK = ("--set", "rounds=3", "--set", "validation=0")
"""How well it is learned is not what these tests ask."""

BOOKS = """
name = "books"
modalities.Book = { table = "books.csv", key = "isbn" }
modalities.Author = {}
modalities.Reader = {}
[hyperedges.Writing]
table = "books.csv"
members = [ { modality = "Book", column = "isbn" }, { modality = "Author", column = "author" } ]
[hyperedges.Rating]
table = "ratings.csv"
members = [ { modality = "Reader", column = "reader" }, { modality = "Book", column = "isbn" } ]
value = "stars"
"""


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    path = tmp_path / "planted.toml"
    path.write_text(PLANTED, encoding="utf-8")
    return path


@pytest.fixture
def books(tmp_path: Path) -> Path:
    """Twenty books by two authors, and two ratings of each."""
    rows = "".join(f"b{number},{'ann' if number < 10 else 'bob'}\n" for number in range(20))
    (tmp_path / "books.csv").write_text(f"isbn,author\n{rows}", encoding="utf-8")
    stars = "".join(f"r{number % 4 + more},b{number},{1 + (number + more) % 5}\n" for number in range(20) for more in (0, 1))
    (tmp_path / "ratings.csv").write_text(f"reader,isbn,stars\n{stars}", encoding="utf-8")
    (tmp_path / "books.toml").write_text(BOOKS, encoding="utf-8")
    return tmp_path / "books.toml"


def evaluate(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments)])


def refused(*arguments: object) -> PipelineError:
    error = evaluate(*arguments).exception
    assert isinstance(error, PipelineError)
    return error


def test_the_json_has_every_question_beside_its_baselines(planted: Path) -> None:
    result = evaluate("planted", "--from", planted, "--seeds", 2, "--json", *QUICK)
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert {"dataset", "parameters", "seconds", "questions"} <= found.keys()
    assert found["dataset"] == "planted"
    assert found["parameters"]["embedding_dim"] == "auto"
    asked = [(question["type"], question["slot"], question["modality"], question["asked"]) for question in found["questions"]]
    assert asked == [
        ("Tagging", 0, "User", 80),
        ("Tagging", 1, "Item", 80),
        ("Tagging", 2, "Tag", 80),
        ("Purchase", 0, "User", 20),
        ("Purchase", 1, "Item", 20),
    ]
    for question in found["questions"]:
        others = {"User", "Item", "Tag"} if question["type"] == "Tagging" else {"User", "Item"}
        names = {"popularity", "vote of the neighbours", "model without graphs", "model with shuffled graphs"}
        names |= {f"popularity given {label}" for label in others - {question["modality"]}}
        names |= {"product of these counts", "the same others seen"} if question["type"] == "Tagging" else {"item-kNN"}
        assert question["baselines"].keys() == names
        for figures in (question, *question["baselines"].values()):
            assert 0 <= figures["hits@1"] <= figures["mrr"] <= 1
            assert figures["hits@1"] <= figures["hits@10"] <= 1
        rivals = [figures["mrr"] for name, figures in question["baselines"].items() if not name.startswith("model")]
        assert question["ahead"] == (question["mrr"] > max(rivals))


def test_the_table_fits_and_ends_in_a_verdict(planted: Path) -> None:
    result = evaluate("planted", "--from", planted, "--type", "Tagging", *QUICK)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 100
    assert sum(line.split("  ")[0] == "Tagging: Tag (2), 5" for line in lines) == 9
    assert lines[-1].startswith("The model is ahead of the best baseline at ")
    found = json.loads(evaluate("planted", "--from", planted, "--type", "Tagging", "--json", *QUICK).stdout)
    overall = found["overall"]
    assert overall["asked"] == sum(question["asked"] for question in found["questions"])
    assert lines[-2].startswith(f"Over all {overall['asked']:,} answers: MRR {overall['mrr']:.3f} (best baselines ")
    assert sum(map(result.stderr.count, ("the model is not ahead", "the model is level"))) == sum(
        not question["ahead"] for question in found["questions"]
    )


def test_a_question_about_a_long_name_stays_on_one_line(planted: Path) -> None:
    name = "UserItemTagBoughtOrTagged"
    planted.write_text(PLANTED.replace("Tagging", name), encoding="utf-8")
    lines = evaluate("planted", "--from", planted, "--type", name, "--slot", "2", *QUICK).stdout.splitlines()
    assert sum(line.startswith(f"{name}: Tag (2), 5  ") for line in lines) == len(lines) - 2


def test_options_may_stand_before_the_data_set(planted: Path) -> None:
    result = evaluate("--slot", "Item", "--type", "Purchase", "--json", "planted", "--from", planted, *QUICK)
    assert [question["slot"] for question in json.loads(result.stdout)["questions"]] == [1]


def test_cold_start_asks_for_all_hyperedges_of_some_entities(planted: Path) -> None:
    found = json.loads(evaluate("planted", "--from", planted, "--by", "User", "--type", "Tagging", "--json", *QUICK).stdout)
    assert found["by"] == "User"
    of_item = next(question for question in found["questions"] if question["slot"] == 1)
    # Nothing is known of these users: what they had is no more than popularity.
    assert of_item["baselines"]["popularity given User"] == of_item["baselines"]["popularity"]
    assert of_item["baselines"]["vote of the neighbours"] != of_item["baselines"]["popularity"]


def test_a_data_set_file_is_asked_for_slots_and_for_measured_values(books: Path) -> None:
    found = json.loads(evaluate(books, "--json").stdout)
    *slots, rating = found["questions"]
    assert [(question["type"], question["modality"], question["candidates"]) for question in slots] == [
        ("Writing", "Book", 20),
        ("Writing", "Author", 2),
    ]
    assert (rating["type"], rating["slot"], rating["asked"]) == ("Rating", None, 4)
    assert rating["baselines"].keys() == {"global mean", "offsets only"}
    assert rating["rmse"] > 0
    assert rating["ahead"] == all(rating["rmse"] < figures["rmse"] for figures in rating["baselines"].values())
    assert "RMSE" in evaluate(books, "--type", "Rating").stdout


def test_a_split_of_ones_own_is_asked_for_with_members_that_only_it_has(books: Path) -> None:
    test = books.with_name("test.csv")
    test.write_text("isbn,author\nb0,cleo\nb3,bob\nb4,ann\n", encoding="utf-8")
    valid = books.with_name("valid.csv")
    valid.write_text("isbn,author\nb0,dan\n", encoding="utf-8")
    result = evaluate(books, "--test", f"Writing={test}", "--valid", f"Writing={valid}", "--slot", "Author", "--json")
    assert result.exit_code == 0, result.exception
    (question,) = json.loads(result.stdout)["questions"]
    # Ann, Bob, Cleo of the test part and Dan of the validation part; Ann and Dan are true for b0 and left out, Cleo is behind
    # Bob: 2. Bob for b3, Ann is left out: 1. Ann for b4, as popular as Bob: 1.5.
    assert (question["asked"], question["candidates"]) == (3, 4)
    assert question["baselines"]["popularity"]["mrr"] == pytest.approx((1 / 2 + 1 + 1 / 1.5) / 3)
    assert "1 of 3 hyperedges that are asked for are known as well" in result.stderr
    validation = evaluate(books, "--valid", f"Writing={valid}", "--part", "validation", "--slot", "1", "--json")
    assert json.loads(validation.stdout)["questions"][0]["candidates"] == 3


def test_a_table_of_a_split_is_read_as_the_types_own(tmp_path: Path) -> None:
    rows = [f"{'?' if n % 9 == 8 else f'a{n % 5}'}\tb{n * n % 11}" + (f"\tb{n % 7}" if n % 2 else "") for n in range(40)]
    (tmp_path / "train.txt").write_text("\n".join(["30 facts", *rows[:30]]) + "\n", encoding="utf-8")
    options = r'skip = 1, format = "csv", delimiter = "\t", header = false, columns = ["a", "b", "c"], ragged = true, null = ["?"]'
    described = f"""
        name = "facts"
        [modalities.A]
        [modalities.B]
        [hyperedges.Two]
        table = {{ path = "train.txt", {options} }}
        members = [{{ modality = "A", column = "a" }}, {{ modality = "B", column = "b" }}]
        empty = ["c"]
        [hyperedges.Three]
        table = {{ path = "train.txt", {options} }}
        members = [{{ modality = "A", column = "a" }}, {{ modality = "B", column = "b" }}, {{ modality = "B", column = "c" }}]
    """
    (tmp_path / "facts.toml").write_text(described, encoding="utf-8")
    plain = "\n".join(rows[30:]) + "\n"
    asked = []
    # The name of the first tells nothing; the second has a header, with its columns in another order; the third has a line above.
    cells = [(*row.split("\t"), "")[:3] for row in rows[30:]]
    turned = ["c\tb\ta", *(f"{c}\t{b}\t{a}" for a, b, c in cells)]
    for name, content in (("test.part", plain), ("test.tsv", "\n".join(turned) + "\n"), ("more.tsv", f"10 facts\n{plain}")):
        test = tmp_path / name
        test.write_text(content, encoding="utf-8")
        result = evaluate(tmp_path / "facts.toml", "--test", f"Two={test}", "--test", f"Three={test}", "--json")
        assert result.exit_code == 0, result.exception
        questions = json.loads(result.stdout)["questions"]
        asked.append([(each["type"], each["modality"], each["asked"], each["candidates"]) for each in questions])
        # What has no A is of neither type; what only one of them takes is not told.
        assert "  3 rows of train.txt left out, of none of Two, Three\n" in result.stderr
        assert "left out, with" not in result.stderr
    two, three = [("Two", label, 5, num) for label, num in (("A", 5), ("B", 8))], [("Three", "B", 4, 8)] * 2
    assert asked[0] == asked[1] == asked[2] == [*two, ("Three", "A", 4, 5), *three]


def test_what_is_wrong_with_a_table_of_a_split_is_told(books: Path) -> None:
    test = books.with_name("test.csv")
    test.write_text("isbn,author\nb99,cleo\n", encoding="utf-8")
    error = refused(books, "--test", f"Writing={test}")
    assert isinstance(error, SourceProblems)
    assert "test.csv, column isbn: expected a key of Book, found 'b99' in row 1" in str(error)
    assert "there is no hyperedge type 'Writting'; did you mean Writing?" in str(refused(books, "--test", f"Writting={test}"))
    nowhere = str(refused(books, "--test", "Writing=postgresql://nobody@127.0.0.1:1/none#test"))
    assert "127.0.0.1:1/none#test: expected a PostgreSQL database that answers, found Connection refused" in nowhere
    assert "no TYPE=TABLE" in str(refused(books, "--test", test))
    assert "no table of the test part" in str(refused(books, "--valid", f"Writing={test}"))
    assert "--by draws" in str(refused(books, "--test", f"Writing={test}", "--by", "Book"))
    assert "are for data set files" in str(refused("movies", "--test", f"Writing={test}"))


def test_an_unknown_name_is_told_the_known_ones(planted: Path, books: Path) -> None:
    error = refused("planted", "--from", planted, "--type", "Taging")
    assert str(error) == "there is no hyperedge type 'Taging'; did you mean Tagging?"
    assert error.hint == "there are Tagging, Purchase"
    error = refused("planted", "--from", planted, "--slot", "Itm")
    assert str(error) == "no hyperedge type has a slot 'Itm'; did you mean Item?"
    assert error.hint == "Tagging joins User, Item, Tag; Purchase joins User, Item"
    assert "Purchase has no slot '2'" in str(refused("planted", "--from", planted, "--type", "Purchase", "--slot", "2"))
    assert "no hyperedge type joins 'Usr'; did you mean User?" in str(refused("planted", "--from", planted, "--by", "Usr"))
    assert "their values are asked for, and no slot" in str(refused(books, "--type", "Rating", "--slot", "Book"))
    assert isinstance(refused("moves"), ConfigurationError)
    assert "--part is 'tests'" in str(refused(books, "--part", "tests"))


def test_types_of_few_hyperedges_are_left_out_and_named(books: Path) -> None:
    rows = books.with_name("books.csv").read_text(encoding="utf-8").splitlines()
    books.with_name("books.csv").write_text("\n".join([*rows[:10], *(f"b{number}," for number in range(9, 20))]), encoding="utf-8")
    result = evaluate(books, "--json")
    found = json.loads(result.stdout)
    assert found["left_out"] == ["hyperedge type Writing has 9 hyperedges, at least 10 are needed to hide a tenth of them"]
    assert found["left_out"][0] in result.stderr
    assert [question["type"] for question in found["questions"]] == ["Rating"]
    assert "at least 10 are needed" in str(refused(books, "--type", "Writing"))


@pytest.mark.parametrize("name", ["movielens", "tate", "films", "DATASET"])
def test_help_names_the_published_evaluations_and_any_data_set(name: str) -> None:
    assert name in evaluate("--help").stdout
    assert "Example: hyperlearn evaluate" in evaluate(name, "--help").stdout
