"""A small book, built strictly with the real settings and extensions, over invented results."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

ROOT = Path(__file__).parent.parent
FIXTURE = Path(__file__).parent / "fixtures" / "book"
sys.path.append(str(ROOT / "book"))

from _ext.browser import MISSING, launch  # noqa: E402
from _ext.check_site import foreign  # noqa: E402
from _ext.searching import Search  # noqa: E402


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [
        str(Path(sys.executable).with_name("jupyter-book")), "build", ".", "--toc", "book/_toc.yml",
        "--path-output", "book", "-W", "-n", "--keep-going",
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(folder), "NO_COLOR": "1", "LC_ALL": "C.UTF-8"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def lay_out(folder: Path) -> Path:
    shutil.copy(ROOT / "_config.yml", folder)
    (folder / "book").mkdir()
    for name in ("_ext", "_static"):
        shutil.copytree(ROOT / "book" / name, folder / "book" / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "book" / "references.bib", folder / "book")
    for path in (*FIXTURE.glob("*.md"), FIXTURE / "_toc.yml"):
        shutil.copy(path, folder / "book")
    for package in ("s6core", "experiments"):  # copies, so that a test can change the code as well
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(FIXTURE / "figures", folder / "book" / "figures")
    for name in ("__init__", "standard", "topics"):  # what all books share
        shutil.copy(ROOT / "book" / "figures" / f"{name}.py", folder / "book" / "figures")
    shutil.copytree(FIXTURE / "results", folder / "results")
    return folder


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built book. Tests that change it build it again."""
    folder = lay_out(tmp_path_factory.mktemp("book"))
    done = build(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def page(book: Path, name: str = "book/intro") -> str:
    return (book / "book" / "_build" / "html" / f"{name}.html").read_text()


def words(html: str) -> str:
    article = html[html.index("<article") : html.index("</article>")]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", article))


def test_sentences_render_numbers_and_verdicts(book: Path) -> None:
    text = words(page(book))
    assert "The reference reaches 99.37% (99.23–99.51, three seeds) with 15,662 parameters" in text
    said = (
        r"leaving out batch normalisation makes 1\.\d\d times the errors \(1\.\d\d–\d\.\d\d: hurts\), which is 0\.41 p"
    )
    assert re.search(said, text)
    assert "The 99.40% were reached." in text
    assert "Batch normalisation is worth having" in text and "is not needed" not in text
    origin = r'<span class="value" title="mean of 3 seeds of reference, [^"]+runs\.csv[^"]*">99\.37</span>'
    assert re.search(origin, page(book))


def test_a_question_is_rendered_from_its_topic_alone(book: Path) -> None:
    html, text = page(book, "book/question"), words(page(book, "book/question"))
    assert re.search(r"A fully connected head makes 1\.\d\d times the errors \(\d\.\d\d–\d\.\d\d: \w+", text)
    assert "Taking the maximum" not in text
    assert "The rest of this question waits for runs that are not stored yet." in text
    table = re.search(r'<table[^>]*id="tab-head".*?</table>', html, re.DOTALL)
    assert table
    rows = [re.search(r"<p>(.*?)</p>", row) for row in table[0].split("<tr")[2:]]
    assert [row[1] for row in rows if row] == ["reference", "fc", "fc-small", "gap-fc", "max", "conv-head"]
    assert html.count('<details class="sceptic">') == html.count("</details>") == 1
    assert 'id="fig-head"' in html and 'id="fig-head-curves"' in html and 'id="tab-head-tests"' in html
    assert "Asked on 22 November 2026. Runs: reference 3 seeds, fc 3 seeds (invented CPU)." in text
    assert "Known before the plan was written" in text


def test_a_question_without_a_run_is_a_page(book: Path) -> None:
    text = words(page(book, "book/untrained"))
    assert "No run of this question is stored yet." in text
    assert "Half as many kernels" not in text
    assert "Expected: A narrower net makes more errors. open" in text
    assert "width-half" in text and "4 – 8 – 16 – 16" in text
    assert 'id="fig-width"' not in page(book, "book/untrained")


def test_claims_and_questions_are_listed(book: Path) -> None:
    text = words(page(book, "book/question"))
    assert "A head with more weights learns its images better." in text
    listed = words(page(book, "book/lists"))
    assert "borne out: head/fc/parameters &gt; head/reference/parameters" in listed
    assert "open: width/width-half/ratio &gt; 1" in listed
    assert "22 November 2026: Global average pooling or a fully connected layer?" in listed
    assert "max (head max): not trained yet" in listed


PICTURE = (
    r'<picture><source media="\(max-width: 40rem\)" srcset="([^"]+)" width="(\d+)" height="\d+">'
    r'<img class="only-(light|dark)" src="([^"]+)" width="(\d+)" height="\d+" loading="lazy" decoding="async"'
    r' alt="([^"]+)"></picture>'
)


def test_a_figure_is_drawn_for_both_themes_and_for_a_phone(book: Path) -> None:
    figure = re.search(r'<figure[^>]*id="fig-headline".*?</figure>', page(book), re.DOTALL)
    assert figure
    found = re.findall(PICTURE, figure[0])
    assert [theme for _, _, theme, *_ in found] == ["light", "dark"] and figure[0].count("<img") == 2
    assert all("15,662 parameters and reaches 99.37%" in alt for *_, alt in found)
    folder = book / "book/_build/html/book"
    drawn = [(folder / address).read_text() for narrow, _, _, wide, *_ in found for address in (wide, narrow)]
    assert len(set(drawn)) == 4 and all("<svg" in text for text in drawn)
    assert all(int(narrow) <= 358 < int(wide) for _, narrow, _, _, wide, _ in found)
    assert "Fig. 1" in figure[0] and "each pale dot is a seed" in figure[0]


def test_only_the_first_figure_of_a_page_loads_before_it_is_near(book: Path) -> None:
    html = page(book, "book/question")
    assert html.count('<div class="pictures">') > 1 and html.count(".loading = 'eager'") == 1
    assert html.index(".loading = 'eager'") < html.index('id="fig-head-curves"')
    assert page(book, "book/untrained").count(".loading = 'eager'") == 0  # no figure, no script


def test_no_text_of_a_narrow_figure_is_smaller_than_eleven_pixels_on_a_phone(book: Path) -> None:
    narrow = sorted((book / "book/_build/figures").glob("*-narrow.svg"))
    assert len(narrow) >= 8
    for path in narrow:
        svg = path.read_text()
        width = float(re.search(r'<svg [^>]*?width="([\d.]+)pt"', svg)[1])  # type: ignore[index]
        sizes = [100 * float(size) for size in re.findall(r"scale\(([\d.]+) -[\d.]+\)", svg)]  # points
        assert sizes and min(sizes) * min(358 / width, 4 / 3) >= 11, path.name


def test_a_figure_that_a_phone_cannot_show_fails_the_build(book: Path) -> None:
    figures = book / "book" / "figures" / "chapter.py"
    before = figures.read_text()
    figures.write_text(before.replace("axes(4, 3)", "axes(4, 3); ax.figure.set_size_inches(6, 3)"))
    done = build(book)
    figures.write_text(before)
    assert done.returncode != 0
    assert "own-figure: on a phone it is " in done.stdout + done.stderr
    assert "pixels wide, a phone has 358: make its axes with s6core.plots.ink" in done.stdout + done.stderr


def test_tables_align_numbers_and_head_rows(book: Path) -> None:
    table = re.search(r'<table[^>]*id="tab-ablations".*?</table>', page(book), re.DOTALL)
    assert table
    assert '<td class="number"><p>98.96</p></td>' in table[0]
    assert '<th class="stub"><p>no-bn</p></th>' in table[0]
    assert "Table 1" in table[0]
    assert "1,168 + 32" in page(book, "book/more")


def test_a_chapter_brings_figures_and_tables_of_its_own(book: Path) -> None:
    html = page(book, "book/more")
    assert 'src="../_images/fig-own-light.svg"' in html and 'srcset="../_images/fig-own-light-narrow.svg"' in html
    assert re.search(r'<th class="stub"><p>three</p></th>\s*<td class="number"><p>5</p></td>', html)
    assert re.search(r"<code[^>]*>.*three.*</code></p></td>\s*<td><p>`three`</p></td>", html)


def test_a_quiz_is_a_fieldset_of_labelled_radio_buttons(book: Path) -> None:
    quiz = re.search(r'<form class="quiz" id="quiz-two">.*?</form>', page(book, "book/more"), re.DOTALL)
    assert quiz
    assert re.search(r"<fieldset>\s*<legend>How large", quiz[0])
    assert re.findall(r'type="radio" name="quiz-two-answer" id="(quiz-two-\d)" data-right="(\w+)"', quiz[0]) == [
        ("quiz-two-1", "no"), ("quiz-two-2", "yes"), ("quiz-two-3", "no"),
    ]  # fmt: skip
    assert re.findall(r'<label for="(quiz-two-\d)">', quiz[0]) == ["quiz-two-1", "quiz-two-2", "quiz-two-3"]
    assert quiz[0].count("hidden>") == 3 and 'role="status"' in quiz[0]


def test_notebooks_are_named_after_their_variant(book: Path) -> None:
    html = page(book, "results/ablations/no-bn/notebook")
    assert re.search(r"<h1>ablations: no-bn", html)
    assert "12 of 938 batches" not in html  # a progress bar
    assert re.search(
        r'<img loading="lazy" decoding="async" width="\d+" height="\d+" alt="Curves The line is the mean\."', html
    )
    assert "the diff" in html and "tag_hide-input" in html
    assert "results/yours" not in page(book)


def test_no_page_asks_another_host_for_anything(book: Path) -> None:
    site = book / "book/_build/html"
    assert list(foreign(site)) == []
    assert (site / "_static/mathjax/tex-chtml.js").is_file()
    assert not re.search("thebe", page(book, "book/more"), re.IGNORECASE)


def test_the_check_itself_finds_foreign_resources(tmp_path: Path) -> None:
    bad = [
        '<script src="https://cdn.example.org/a.js"></script>',
        '<link rel="stylesheet" href="//fonts.example.org/css">',
        '<img src="http://example.org/a.png">',
        '<div style="background: url(https://example.org/b.png)"></div>',
        "<script>import('https://example.org/c.mjs')</script>",
        "<style>@import 'https://example.org/d.css';</style>",
    ]
    (tmp_path / "bad.html").write_text("\n".join(bad))
    (tmp_path / "bad.css").write_text("@font-face { src: url('https://example.org/f.woff2') }")
    (tmp_path / "bad.js").write_text("fetch('https://example.org/x.json')")
    assert len(list(foreign(tmp_path))) == len(bad) + 2
    (tmp_path / "bad.html").write_text('<a href="https://example.org">a link is no request</a>')
    assert len(list(foreign(tmp_path))) == 2


def test_what_no_page_needs_is_not_shipped(book: Path) -> None:
    static = book / "book/_build/html/_static"
    assert not [*static.rglob("*.map"), *static.rglob("fontawesome*"), *static.rglob("fa-solid*")]
    for path in [*static.rglob("*.js"), *static.rglob("*.css")]:
        assert "mathjax" in path.parts or "sourceMappingURL" not in path.read_text(), path
    assert "fontawesome" not in page(book) and "searchindex.js" not in page(book)
    assert "searchindex.js" in page(book, "search")
    assert "tex-chtml.js" in page(book, "book/more") and "tex-chtml.js" not in page(book, "book/lists")


def test_every_icon_of_a_page_is_drawn_by_the_few_that_are_left(book: Path) -> None:
    sheet = (book / "book/_build/html/_static/styles/pydata-sphinx-theme.css").read_text()
    assert len(sheet) < 330_000
    (font,) = re.findall(r"url\(data:font/woff;base64,([^)]+)\)", sheet)
    glyphs = TTFont(io.BytesIO(base64.b64decode(font))).getBestCmap()
    assert len(glyphs) < 80
    classes = " ".join(re.findall(r'class="([^"]*\bfa-[^"]*)"', page(book, "book/more"))).split()
    icons = {name for name in classes if name.startswith("fa-")} - {"fa-solid", "fa-lg"}
    assert len(icons) > 8
    for name in icons:
        rule = re.search(rf'\.{name}:before[^{{]*{{content:"\\([0-9a-f]+)"', sheet)
        assert rule and int(rule[1], 16) in glyphs, name


def test_what_axe_finds_wrong_in_the_theme_is_mended(book: Path) -> None:
    html = page(book, "book/more")
    assert '<div class="sidebar-primary-item" role="banner">' in html
    assert not re.search(r"<header[^>]*>\s*</header>", html)
    assert not re.search(r"<th[^>]*>(<p></p>)?</th>", html)
    assert "<summary>" not in html.replace("<summary>For sceptics", "")


@pytest.mark.parametrize(
    ("written", "alike"),
    [
        ("overfitting", "over-fitting"), ("Over fitted", "overfits"), ("batch normalization", "batchnorm"),
        ("batch-norm", "BN"), ("RF", "receptive fields"), ("initialised", "initialize"), ("colours", "color"),
        ("FC", "fully connected"),
    ],
)  # fmt: skip
def test_a_word_is_found_however_it_is_spelt(written: str, alike: str) -> None:
    search = Search({})
    one, other = ([search.stem(word.lower()) for word in search.split(text)] for text in (written, alike))
    assert one == other


def test_notebooks_are_not_searched(book: Path) -> None:
    index = (book / "book/_build/html/searchindex.js").read_text()
    content = json.loads(index.removeprefix("Search.setIndex(").removesuffix(")"))
    titles = dict(zip(content["docnames"], content["titles"], strict=True))
    assert titles["book/question"] == "A question with some runs"
    assert titles["results/ablations/no-bn/notebook"] == "" and "ablations: no-bn" not in content["alltitles"]


def test_the_pages_work_from_the_file_system(book: Path) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = launch(playwright)
        if browser is None:
            pytest.skip(MISSING)
        tab = browser.new_page(viewport={"width": 360, "height": 740}, color_scheme="dark")
        tab.set_default_timeout(120_000)  # a machine that trains beside the tests is slow
        requests: list[str] = []
        errors: list[str] = []
        tab.on("request", lambda request: requests.append(request.url))
        tab.on("requestfailed", lambda request: errors.append(f"failed: {request.url}"))
        tab.on("console", lambda message: errors.append(message.text) if message.type in ("error", "warning") else None)
        tab.on("pageerror", lambda error: errors.append(str(error)))
        for name in ("book/more", "book/intro", "results/ablations/no-bn/notebook"):
            tab.goto((book / "book/_build/html" / f"{name}.html").as_uri())
            tab.evaluate("async () => { if (window.MathJax) await MathJax.startup.promise }")
            assert tab.evaluate("document.documentElement.scrollWidth") <= 360, name
            assert tab.locator("html").get_attribute("data-theme") == "dark"
            if name == "book/intro":
                assert tab.locator("#fig-headline img:visible").count() == 1
                assert tab.locator("#fig-headline figcaption").is_visible()
                tab.locator(".value", has_text="99.37").first.click()
                assert "mean of 3 seeds of reference" in tab.locator(".value-note").inner_text()
                tab.keyboard.press("Escape")
                assert tab.locator(".value-note").is_hidden()
                numbers = tab.locator("main .value")
                assert numbers.first.get_attribute("tabindex") is None
                tab.locator(".btn-origins").focus()
                tab.keyboard.press("Enter")
                assert tab.get_by_role("button", name="99.37", exact=True).first.get_attribute("tabindex") == "0"
                numbers.first.focus()
                tab.keyboard.press("Space")
                assert tab.locator(".value-note").is_visible()
                tab.keyboard.press("Escape")
                tab.locator(".btn-origins").click()
                assert numbers.first.get_attribute("tabindex") is None
            if name == "book/more":
                assert tab.locator("mjx-container").count() >= 3
                tab.locator("#quiz-two-1").focus()
                tab.keyboard.press("Space")
                assert tab.locator("#quiz-two .quiz-reply").inner_text().startswith("✗ Not quite. That is what each")
                tab.keyboard.press("ArrowDown")
                assert tab.locator("#quiz-two .quiz-reply").inner_text().startswith("✓ Right. Each convolution adds")
                assert tab.locator(".dropdown.solution, .solution.dropdown").count() == 1
                tab.evaluate("dispatchEvent(new Event('beforeprint'))")
                tab.emulate_media(media="print")
                assert tab.locator("html").get_attribute("data-theme") == "light"
                answers = tab.locator("article > .print-answers")
                assert "✓ 5 × 5" in answers.inner_text() and tab.locator("article .solution").is_hidden()
                tab.evaluate("dispatchEvent(new Event('afterprint'))")
                tab.emulate_media(media="screen")
                assert tab.locator("html").get_attribute("data-theme") == "dark" and answers.count() == 0
        blocked = "{ configurable: true, get() { throw new Error('blocked') } }"
        tab.add_init_script(f"Object.defineProperty(window, 'localStorage', {blocked})")
        tab.goto((book / "book/_build/html/book/lists.html").as_uri())
        assert tab.locator("html").get_attribute("data-theme") == "dark"
        browser.close()
    assert errors == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []


def test_a_changed_table_changes_the_sentences(book: Path) -> None:
    """And the reader's own runs appear where there are any: both by a build that renders only what has to be."""
    assert "Your own runs are here" not in page(book, "book/more")
    path = book / "results/ablations/runs.csv"
    before, picture = path.read_text(), (book / "book/_build/html/_images/fig-ratios-light.svg").read_text()
    lines = [
        re.sub(r"99\.\d+|98\.\d+", f"99.9{line.split(',')[2]}", line) if ",no-bn," in line else line
        for line in before.splitlines()
    ]
    path.write_text("\n".join(lines) + "\n")
    shutil.copytree(FIXTURE / "results/ablations", book / "results/yours/ablations")
    done = build(book)
    path.write_text(before)
    assert done.returncode == 0, done.stdout + done.stderr
    text = words(page(book))
    assert re.search(r"leaving out batch normalisation makes 0\.\d\d times the errors .*? is 0\.5\d points", text)
    assert "Batch normalisation is not needed" in text and "is worth having" not in text
    assert (book / "book/_build/html/_images/fig-ratios-light.svg").read_text() != picture
    assert "Your own runs are here" in page(book, "book/more")
    assert not (book / "book/_build/html/results/yours").exists()
    # of a page that was not rendered anew
    assert '"narrow nets"' in (book / "book/_build/html/searchindex.js").read_text()


def test_a_changed_rule_changes_the_sentences(book: Path) -> None:
    """The level of a test stands in a module of s6core.stats: no page names it."""
    rule = book / "s6core/stats/rule.py"
    before = rule.read_text()
    said = "Leaving out batch normalisation makes"
    rule.write_text(re.sub(r"^ALPHA = 0\.05\b", "ALPHA = 1e-4", before, flags=re.MULTILINE))
    done = build(book)
    rule.write_text(before)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(rf"{said} [^)]*: undecided", words(page(book, "book/verdict")))


def test_a_claim_that_the_data_contradict_fails_the_build(book: Path) -> None:
    path = book / "results/ablations/runs.csv"
    before = path.read_text()
    lines = [line.replace(",30072,", ",15000,") if ",fc," in line else line for line in before.splitlines()]
    path.write_text("\n".join(lines) + "\n")
    done = build(book)
    path.write_text(before)
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode != 0
    assert "book/question.md" in said
    assert "the data contradict the claim 'A head with more weights learns its images better.'" in said
    assert "head/fc/parameters > head/reference/parameters does not hold: head/fc/parameters is 15,000" in said


def test_a_wrong_key_fails_the_build_a_new_notebook_is_listed_and_one_setting_shows_the_buttons(book: Path) -> None:
    html = page(book, "book/more") + page(book, "results/ablations/no-bn/notebook")
    assert not re.search("colab|mybinder", html)
    new, settings, broken = (book / n for n in ("results/ablations/fc/notebook.ipynb", "_config.yml", "book/more.md"))
    shutil.copy(book / "results/ablations/no-bn/notebook.ipynb", new)
    settings.write_text(settings.read_text().replace('  url: ""', "  url: https://github.com/someone/study"))
    wrong = "{value}`ablations/no-bm/test_accuracy` and {effect}`batchnorm/no-bm`"
    broken.write_text(f"{broken.read_text()}\n{wrong}\n")
    done = build(book)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "book/more.md" in said
    assert "unknown variant 'no-bm': did you mean no-bn" in said
    assert "ablations/fc/notebook.html" in page(book)
    colab = "https://colab.research.google.com/github/someone/study/blob/main/experiments/ablation.ipynb"
    assert colab in page(book, "book/more")
    notebook = page(book, "results/ablations/no-bn/notebook")
    assert "mybinder.org/v2/gh/someone/study/main?urlpath=lab/tree/results/ablations/no-bn/notebook.ipynb" in notebook
    assert list(foreign(book / "book/_build/html")) == []
