"""Ask a copy of the served vectors as neo4j-graphrag and LangChain do, in an environment of their own: both want numpy 2.

The database comes by ``NEO4J_URI``, ``NEO4J_USER`` and ``NEO4J_PASSWORD``. What was found goes to standard output, as JSON.

    uv run --script tests/integration/query/retrievers.py film_embedding Film f0
"""
# /// script
# requires-python = ">=3.11,<3.12"
# dependencies = ["langchain-neo4j", "neo4j-graphrag"]
# ///

import json
import os
import sys

import neo4j
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_neo4j import Neo4jVector
from neo4j_graphrag.retrievers import VectorCypherRetriever, VectorRetriever

K = 5


def main(index: str, label: str, entity: str) -> None:
    """Ask each for the nearest of an entity, itself among them."""
    uri, user, password = (os.environ[f"NEO4J_{name}"] for name in ("URI", "USER", "PASSWORD"))
    with neo4j.GraphDatabase.driver(uri, auth=(user, password)) as driver:
        (record,) = driver.execute_query(f"MATCH (e:`{label}` {{id: $id}}) RETURN e.embedding AS vector", id=entity).records
        vector = list(record["vector"])
        graphrag = VectorRetriever(driver, index, return_properties=["id"]).search(query_vector=vector, top_k=K)
        with_names = VectorCypherRetriever(driver, index, "RETURN node.name AS name").search(query_vector=vector, top_k=K)
    # It asks by text otherwise, which needs a model of texts: what it embeds here is not used.
    store = Neo4jVector.from_existing_index(
        DeterministicFakeEmbedding(size=len(vector)), index, url=uri, username=user, password=password, text_node_property="name"
    )
    found = {
        "graphrag": [item.content for item in graphrag.items],
        "graphrag with Cypher": [item.content for item in with_names.items],
        "langchain": [
            (document.page_content, score) for document, score in store.similarity_search_with_score_by_vector(vector, k=K)
        ],
        "langchain, as a chain asks": [
            document.page_content for document in store.as_retriever(search_kwargs={"k": K}).invoke("?")
        ],
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
