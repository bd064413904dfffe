"""Whether commas in the cells of a column stand between the elements of lists: they are in names, titles and places as well."""

from pipeline.records.store import Store

_MOST_DISTINCT = 0.5
"""Elements are named more than once; parts of titles hardly are."""
_MIXED = 0.4
"""Lists of genres, countries, companies, writers, directors have .41 to 1; names, places and titles of 2,300 tables at most .36."""
_MIXED_IF_SORTED = 0.1


def are_comma_lists(store: Store, table: str, values: str) -> bool:
    """Tell by whether what stands later in a cell stands first in others: parts of a name have places of their own.

    In lists that are sorted less does, but most of them have more than two elements, which hardly a name has.

    Parameters
    ----------
    store, table
        Where the rows are.
    values
        SQL of what commas separate, as a list.
    """
    num, distinct, later, mixed, several, long = store.rows(f"""
        WITH cells AS (SELECT {values} AS elements FROM {table}),
             firsts AS (SELECT DISTINCT elements[1] AS first FROM cells),
             every AS (SELECT unnest(elements) AS element FROM cells),
             later AS (SELECT unnest(elements[2:]) AS element FROM cells)
        SELECT (SELECT count(*) FROM every), (SELECT count(DISTINCT element) FROM every), (SELECT count(*) FROM later),
               (SELECT count(*) FROM later WHERE element IN (SELECT first FROM firsts)),
               count(*) FILTER (len(elements) > 1), count(*) FILTER (len(elements) > 2)
        FROM cells
    """)[0]
    if not later or distinct > _MOST_DISTINCT * num:
        return False
    return bool(mixed >= _MIXED * later or (mixed >= _MIXED_IF_SORTED * later and 2 * long >= several))
