"""A search that knows the field's words: whatever the reader writes, `overfitting`, `batch normalization` or `RF`.

The index and the query pass through the same table, so each finds all spellings of the other. The chapter that a word
names comes before those that mention it: see search.js, which Sphinx puts into the page of the search.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.search.en import SearchEnglish
from sphinx.util.index_entries import split_index_msg

SAME = {  # read alike by Python and by JavaScript
    r"\bover[\s-]*fit": "overfit",
    r"\b(?:batch[\s-]*norm(?:ali[sz]ation)?|bn)\b": "batchnorm",
    r"\bdrop[\s-]*out": "dropout",
    r"\be?rfs?\b": "receptive field",
    r"\bfc\b|\bdense layers?\b": "fully connected",
    r"(\w{4})is(e[ds]?|ing|ations?)\b": "$1iz$2",
    r"(\w)our(s?)\b": "$1or$2",
    r"\bcentre": "center",
}
JAVASCRIPT = """
const same = {table};
function splitQuery(query) {{
  for (const [from, to] of same) query = query.replace(new RegExp(from, "gi"), to);
  return query.split(/[^\\p{{Letter}}\\p{{Number}}_]+/u).filter(Boolean);
}}
"""


class Search(SearchEnglish):
    """English, in which two spellings of a word are one."""

    js_splitter_code = JAVASCRIPT.format(table=json.dumps(list(SAME.items())))

    def split(self, input: str) -> list[str]:
        for written, meant in SAME.items():
            input = re.sub(written, meant.replace("$", "\\"), input, flags=re.IGNORECASE | re.ASCII)
        return super().split(input)


def name_scorer(app: Sphinx, config: Any) -> None:
    config.html_search_scorer = str(Path(__file__).with_name("search.js"))


def keep_entries(app: Sphinx, env: BuildEnvironment) -> None:
    """Give the search the index entries of all pages: a build of changed pages alone forgets those of the others.

    Sphinx collects them while it writes a page and, unlike titles and words, does not read them back.
    """
    for page, entries in env.get_domain("index").entries.items():
        found: set[tuple[str, str, str]] = set()
        for kind, words, target, main, _ in entries:
            with suppress(ValueError):  # of a kind that has no words of its own
                found |= {(word, target or "", main) for word in split_index_msg(kind, words)}
        if found:
            env._search_index_index_entries[page] = sorted(found)


def setup(app: Sphinx) -> None:
    app.add_search_language(Search)
    app.connect("env-check-consistency", keep_entries)
    app.connect("config-inited", name_scorer)
