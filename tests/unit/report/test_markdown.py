from dataclasses import replace

import numpy as np

from pipeline.domain.run_view import ModalityView
from pipeline.report.markdown import markdown
from tests.unit.report.test_page import view


def test_names_are_nothing_but_themselves() -> None:
    hostile = "![x](http://a.example/?q=1) <b>|`*_ www.example\n# not a heading"
    film = ModalityView("Film", [hostile, "Plain"], np.eye(2, 3, dtype=np.float32), {hostile: [("Plain", 0.75)]})
    told = markdown(replace(view(findings=["3 <dead>"]), modalities=[film]))
    escaped = (
        r"\!\[x\]\(http\:\/\/a\.example\/\?q\=1\) \<b\>\|\`\*\_ www\.example\\n\# not a heading"  # the line's end is written out
    )
    assert f"| {escaped} | Plain \\(0\\.750\\) |" in told.splitlines()
    assert r"**3 \<dead\>**" in told
    assert "http://" not in told


def test_what_a_run_tells_is_there_and_browser_where_it_is_known() -> None:
    told = markdown(view(), "http://127.0.0.1:7474/browser/").splitlines()
    assert told[0] == "# tiny: what was learned"
    assert r"| Film | 1\,200 | 1 | 0\.987 | 0\.500 |" in told
    assert "|  | Film | Maker |" in told
    assert told[-1].endswith("writes, and [Neo4j Browser](http://127.0.0.1:7474/browser/) has the graph.")
    assert markdown(view()).endswith("`hyperlearn report tiny` writes.\n")
