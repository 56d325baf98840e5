// The page that a query names comes before those that mention it, more so the less else its title says, a chapter before
// its sections and before what lists or repeats chapters; among equals the one that comes first in the book.
{
  const stems = (text) => [...new Set(splitQuery(text).map((word) => new Stemmer().stemWord(word.toLowerCase())))];
  const late = /^book\/(api|bibliography|claims|glossary|log|method|notebooks|yours|receptive\/(answers|lesson|tests|worksheet))/;
  let order;
  Scorer.score = ([page, title, anchor, , score]) => {
    order ??= [...document.querySelectorAll("nav.bd-links a")].map((link) => link.getAttribute("href"));
    const place = order.indexOf(`${page}.html`);
    const wanted = stems(new URLSearchParams(location.search).get("q") ?? "");
    const named = stems(`${page} ${title}`);
    const words = stems(title);
    const found = wanted.filter((word) => named.includes(word)).length / Math.max(1, wanted.length);
    const share = words.filter((word) => wanted.includes(word)).length / Math.max(1, words.length);
    const rank = (place < 0 ? order.length : place) / 1000;
    // an entry of the index, as each term and each function of ours is, would count up to 100, a chapter's title 15
    const own = late.test(page) ? score / 10 - 5 : score;
    return own + 20 * found + 10 * share - (anchor ? 10 : 0) - rank;
  };
  // its summaries are fetched, which a page from the file system may not
  if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
}
