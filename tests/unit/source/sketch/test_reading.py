"""Whether the first row of a table is a header."""

import pytest

from pipeline.source.sketch.reading import is_header


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["id,year", "1,1980", "2,1990"], True),
        (["1,1980", "2,1990"], False),
        (["t1,Alien,\\N", "t2,Brazil,1985"], False),
        (["DELTA,NY", "UNITED,NY", "DELTA,IL"], False),
        (["airline,state", "DELTA,NY", "DELTA,IL"], True),
        (["a,mdc,b,c,d", "1,x,u,r,r", "2,mdc,v,r,s"], True),
        (["name,mdc,b,c,d", "ann,x,u,r,r", "bob,mdc,v,r,s"], True),
        (["country,2019,2020", "FR,1,2", "DE,3,4"], True),
        ([",a", "0,x", "1,y"], True),
        (["1,2"], True),
    ],
)
def test_a_header_is_not_like_the_rows_below_it(rows: list[str], expected: bool) -> None:
    assert is_header([row.split(",") for row in rows]) is expected
