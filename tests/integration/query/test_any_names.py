"""Names and ids of whatever characters: into the graph, found, asked about, shown, and out again as they were."""

from html import escape

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.domain.dataset import Dataset, HyperedgeType, Modality
from pipeline.domain.embeddings import Embeddings
from pipeline.export.export import read_snapshot
from pipeline.graph.client import GraphClient
from pipeline.ingest.ingest import IngestOptions, ingest
from pipeline.query.find import find
from pipeline.query.guide_queries import general_queries, modality_queries
from pipeline.query.run_view import view_of_served
from pipeline.query.served import ask_published, published
from pipeline.query.similar import similar
from pipeline.report.guide import GuideView, guide
from pipeline.report.markdown import markdown
from pipeline.report.page import page
from pipeline.writeback.writeback import write_back
from tests import tiny
from tests.database import ask, wipe
from tests.unit.report.test_page import REPORT

DATASET = Dataset("tiny", (Modality("Film"), Modality("Maker")), (HyperedgeType("Making", ("Film", "Maker")),))
FILM = DATASET.modality("Film")
COUNT = 12
MARKUP = "<b title='"

ANY = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
"""What a file in UTF-8 can hold, the signs of languages and of markup more often than others."""
LIKELY = st.text(
    st.sampled_from("'\"`\\$\n\r\t{}[]()<>&;/*=\0\u202e\u200f\u2028\u0301\ufeff\U0001f3ac\x1b a"), min_size=1, max_size=30
)
TEXTS = st.lists(ANY | LIKELY, min_size=2 * COUNT, max_size=2 * COUNT, unique=True)


@settings(max_examples=5, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=TEXTS)
def test_they_come_through(client: GraphClient, texts: list[str]) -> None:
    wipe(client)
    ids, names = [f"{number}{text}." for number, text in enumerate(texts[:COUNT])], [f"{MARKUP}{text}." for text in texts[COUNT:]]
    makers = tiny.entities("Maker", 3)
    pairs = [(id_, maker, 1.0) for id_ in ids for maker in makers.id]
    hyperedges = pd.DataFrame(pairs, columns=["member0", "member1", "value"])
    films = pd.DataFrame({"id": ids, "name": names})
    ingest(client, tiny.Tables(DATASET, {"Film": films, "Maker": makers}, {}, {"Making": hyperedges}), IngestOptions())
    all_ids = {"Film": sorted(ids), "Maker": sorted(makers.id)}
    random = np.random.default_rng(0)
    vectors = {label: random.standard_normal((len(of), 4)).astype(np.float32) for label, of in all_ids.items()}
    write_back(client, Embeddings("run-1", "tiny", 4, all_ids, vectors, {}, REPORT))

    for id_, name in zip(ids, names, strict=True):
        assert find(client, FILM, name).id == id_
        assert find(client, FILM, id_, by_id=True).name == name
    found = ask_published(client, "Film", lambda modality, run: similar(client, run, modality, ids[0], k=COUNT))
    assert {(each.id, each.name) for each in found} == set(zip(ids[1:], names[1:], strict=True))

    _, run = published(client, "Film")
    queries = {modality.label: modality_queries(client, run, DATASET, modality) for modality in DATASET.modalities}
    for of_label in queries.values():
        for question, query in of_label.items():
            assert ask(client, query), question
    counts = {"Film": COUNT, "Maker": 3}
    shown = guide(
        GuideView("tiny", run.id, run.published_at, counts, {"Making": 36}, [], queries, general_queries(client, DATASET))
    )
    assert MARKUP not in shown
    learned = view_of_served(client, "tiny")
    html = page(learned)
    assert MARKUP not in html
    assert all(escape(name) in html for name in names)
    assert MARKUP not in markdown(learned)

    snapshot = read_snapshot(client, "tiny")
    out = snapshot.entities["Film"]
    assert dict(zip(out["id"], out["name"], strict=True)) == dict(zip(ids, names, strict=True))
