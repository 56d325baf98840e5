// The page that a query names comes before those that mention it, a chapter before its sections and before the appendix;
// among equals a page comes before those below it, whose names begin with its own.
{
  const stems = (text) => splitQuery(text).map((word) => new Stemmer().stemWord(word.toLowerCase()));
  const late = /^book\/(api|bibliography|claims|log|method|notebooks|yours|receptive\/(answers|lesson|tests|worksheet))/;
  Scorer.score = ([page, title, anchor, , score]) => {
    const wanted = stems(new URLSearchParams(location.search).get("q") ?? "");
    const named = stems(page.split("/").pop() + " " + title);
    const share = wanted.filter((word) => named.includes(word)).length / Math.max(1, wanted.length);
    return score + 20 * share - (anchor ? 10 : 0) - (late.test(page) ? 15 : 0) - Search._index.docnames.indexOf(page) / 1000;
  };
  // its summaries are fetched, which a page from the file system may not
  if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
}
