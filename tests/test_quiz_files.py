"""Quizzes as Moodle XML and QTI 2.1: read back by a reader of each format, and compared with what the page says."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

BOOK = Path(__file__).parents[1] / "book"
sys.path.append(str(BOOK))

from _ext.quiz_xml import PACKAGE, QTI, Answer, Question, item, moodle, package  # noqa: E402

QUESTION = Question(
    name="q-two",
    title="What does a < b & c ask?",
    text="<p>What does <em>a &lt; b &amp; c</em> ask, with \\(k - 1\\)?</p>",
    answers=(
        Answer(text="<code>x</code>", reply="<p>No.</p>", right=False),
        Answer(text="5 × 5", reply="<p>Yes: \\(r &lt; 7\\).</p>", right=True),
    ),
)
N = {"q": QTI, "p": PACKAGE}


def test_moodle_reads_a_single_choice_question_with_its_replies() -> None:
    root = ET.fromstring(moodle({"exit-ticket": [QUESTION]}).partition("\n")[2])
    category, question = root.findall("question")
    assert category.get("type") == "category" and category.findtext("category/text") == "$course$/top/exit-ticket"
    assert question.get("type") == "multichoice" and question.findtext("single") == "true"
    assert question.findtext("name/text") == QUESTION.title
    assert question.findtext("questiontext/text") == QUESTION.text  # HTML, escaped once
    assert [answer.get("fraction") for answer in question.findall("answer")] == ["0", "100"]
    assert [answer.findtext("feedback/text") for answer in question.findall("answer")] == [
        answer.reply for answer in QUESTION.answers
    ]


# the order of the parts of an assessmentItem in the schema of QTI 2.1
ORDER = ["responseDeclaration", "outcomeDeclaration", "itemBody", "responseProcessing", "modalFeedback"]


def read_item(text: str) -> tuple[str, dict[str, str], dict[str, str], str]:
    """Return the right choice, the choices and the replies by their names, and the question, as a player reads them."""
    root = ET.fromstring(text.partition("\n")[2])
    assert root.tag == f"{{{QTI}}}assessmentItem"
    assert {"identifier", "title", "adaptive", "timeDependent"} <= set(root.keys())
    parts = [child.tag.partition("}")[2] for child in root]
    assert sorted(parts, key=ORDER.index) == parts
    declared = {child.get("identifier"): child.get("baseType") for child in root if child.get("cardinality")}
    assert declared == {"RESPONSE": "identifier", "SCORE": "float", "FEEDBACK": "identifier"}
    right = root.findtext("q:responseDeclaration/q:correctResponse/q:value", namespaces=N)
    interaction = root.find("q:itemBody/q:choiceInteraction", N)
    assert interaction is not None and interaction.get("responseIdentifier") in declared
    assert interaction.get("maxChoices") == "1"
    choices = {str(c.get("identifier")): "".join(c.itertext()) for c in interaction.findall("q:simpleChoice", N)}
    replies = {str(f.get("identifier")): "".join(f.itertext()) for f in root.findall("q:modalFeedback", N)}
    assert right in choices and set(replies) == set(choices)
    used = {v.get("identifier") for v in root.findall(".//q:responseProcessing//q:variable", N)}
    assert used <= set(declared)
    body = root.find("q:itemBody/q:p", N)
    assert body is not None
    return right, choices, replies, "".join(body.itertext())


def test_a_qti_item_has_one_right_choice_and_a_reply_to_each() -> None:
    right, choices, replies, asked = read_item(item(QUESTION))
    assert (right, choices) == ("answer-2", {"answer-1": "x", "answer-2": "5 × 5"})
    assert replies["answer-2"] == "Yes: \\(r < 7\\)."
    assert asked == "What does a < b & c ask, with \\(k - 1\\)?"


def test_a_package_names_its_items_and_is_the_same_each_time() -> None:
    questions = [QUESTION, replace(QUESTION, name="q-three")]
    first = package("exit", questions)
    assert first == package("exit", questions)
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        manifest = ET.fromstring(archive.read("imsmanifest.xml"))
        resources = manifest.findall("p:resources/p:resource", N)
        assert [resource.get("href") for resource in resources] == ["q-two.xml", "q-three.xml"]
        assert {resource.get("type") for resource in resources} == {"imsqti_item_xmlv2p1"}
        assert set(archive.namelist()) == {"imsmanifest.xml", "q-two.xml", "q-three.xml"}
        for resource in resources:
            read_item(archive.read(str(resource.get("href"))).decode())


CONFIG = f"""
import sys
sys.path.append({str(BOOK)!r})
extensions = ["_ext.pages", "_ext.quiz", "_ext.quiz_files", "_ext.lesson", "sphinx.ext.mathjax"]
mathjax_path = "none.js"
html_static_path = [{str(BOOK / "_static")!r}]
html_theme = "basic"
"""
PAGES = {
    "index": """
Index
=====
.. toctree::

   ask
   key
""",
    "ask": """
Ask
===
.. quiz:: How *large* is :math:`k - 1`?
   :name: q-large
   :set: ticket
   :test:

   ( ) 3
   : That is :math:`k`.
   (x) 2
   : Right, ``k`` less one.

.. quiz:: And this?
   :name: q-this

   (x) yes
   : So it is.
   ( ) no
   : It is not.
""",
    "key": """
Key
===
.. quiz-files:: ticket

.. quiz-key:: ticket

.. lesson-plan:: steps 10
""",
}
STEPS = """
Steps
=====
.. lesson-start::

First
-----
.. lesson-notes:: 3

   Say it.

.. lesson-answer::

   Seven.

Second
------
.. lesson-notes:: 4

   Say more.
"""


def build(folder: Path, builder: str = "html", conf: str = CONFIG, **pages: str) -> subprocess.CompletedProcess[str]:
    (folder / "conf.py").write_text(conf)
    for name, text in pages.items():
        (folder / f"{name}.rst").write_text(text)
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-n", "-b", builder, ".", builder]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("quizzes")
    index = PAGES["index"].replace("   key\n", "   key\n   steps\n")
    done = build(folder, **{**PAGES, "index": index, "steps": STEPS})
    assert done.returncode == 0, done.stderr
    return folder / "html"


def test_the_files_say_what_the_page_says(site: Path) -> None:
    files = site / "_static" / "quizzes"
    assert {path.name.partition(".")[0] for path in files.iterdir()} == {"ticket", "ask", "everything"}
    with zipfile.ZipFile(files / "ticket.qti.zip") as archive:
        right, choices, replies, asked = read_item(archive.read("q-large.xml").decode())
    assert (choices[right], asked) == ("2", "How large is \\(k - 1\\)?")
    assert replies["answer-2"] == "Right, k less one."
    everything = ET.parse(files / "everything.moodle.xml").getroot()
    assert [c.findtext("category/text") for c in everything if c.get("type") == "category"] == [
        "$course$/top/ticket", "$course$/top/ask",
    ]  # fmt: skip


def test_a_test_does_not_give_its_answers_away(site: Path) -> None:
    html = (site / "ask.html").read_text()
    test, quiz = html.split('id="q-large"')[1].split('id="q-this"')
    assert "data-right" not in test and "less one" not in test and "quiz-reply" not in test
    assert 'data-right="yes"' in quiz and "So it is." in quiz
    key = (site / "key.html").read_text()
    assert "<strong>b) </strong>2" in key and "less one" in key
    assert 'href="_static/quizzes/ticket.moodle.xml" download' in key


def test_a_plan_lists_the_steps_with_what_is_to_spare(site: Path) -> None:
    key = (site / "key.html").read_text()
    cells = [
        cell.partition("<")[0] for cell in key.replace("<p>", "\0").split("\0") if cell.partition("<")[0].isdigit()
    ]
    assert cells == ["0", "3", "3", "4", "7", "3"]  # from minute, minutes; the last line is to spare
    assert 'href="steps.html#first"' in key
    steps = (site / "steps.html").read_text()
    assert '<details class="lesson-notes" data-minutes="3"><summary>For the teacher: 3 minutes</summary>' in steps
    assert '<details class="lesson-answer"><summary>Answer</summary>' in steps
    assert "lesson/lesson.js" in steps and "lesson/lesson.js" not in key


def test_what_does_not_exist_fails_the_build(tmp_path: Path) -> None:
    key = PAGES["key"].replace("quiz-files:: ticket", "quiz-files:: tickets").replace("key:: ticket", "key:: exit")
    done = build(tmp_path, **{**PAGES, "key": key})
    assert done.returncode != 0
    assert "quiz-files: no set 'tickets', the book has ask, everything, ticket" in done.stderr
    assert "quiz-key: no quiz belongs to the set 'exit'" in done.stderr
    assert "lesson-plan: no page 'steps'" in done.stderr


OTHER = """
from docutils import nodes

class own(nodes.Element): ...

def setup(app):
    app.add_node(own, singlehtml=(lambda translator, node: None, None))
"""


def test_one_long_page_holds_quizzes_and_lessons(tmp_path: Path) -> None:
    """An extension that names the builder, as sphinx-exercise does, must not take it from these nodes."""
    (tmp_path / "other.py").write_text(OTHER)
    conf = CONFIG.replace('["_ext.pages"', '["other", "_ext.pages"').replace(
        "\nsys.path", "\nsys.path.append('.')\nsys.path"
    )
    index = PAGES["index"].replace("   key\n", "   key\n   steps\n")
    done = build(tmp_path, "singlehtml", conf, **{**PAGES, "index": index, "steps": STEPS})
    assert done.returncode == 0, done.stderr
    html = (tmp_path / "singlehtml" / "index.html").read_text()
    assert '<form class="quiz" id="q-this">' in html and 'class="lesson-answer"' in html


def test_one_long_page_lies_where_its_links_start(tmp_path: Path) -> None:
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "intro.rst").write_text(STEPS)
    done = build(tmp_path, "singlehtml", CONFIG + 'root_doc = "book/intro"\n')
    assert done.returncode == 0, done.stderr
    script = re.search(r'src="([^"]*lesson\.js)', (tmp_path / "singlehtml" / "index.html").read_text())
    assert script and (tmp_path / "singlehtml" / script[1]).is_file()


def test_no_letter_wins_a_test_and_its_forms_do_not_share_a_key() -> None:
    page = (BOOK / "receptive" / "tests.md").read_text(encoding="utf-8")
    keys = {}
    for form in ("form-a", "form-b"):
        quizzes = re.findall(rf":set: {form}\n.*?^```$", page, re.DOTALL | re.MULTILINE)
        keys[form] = ["abcd"[re.findall(r"^\(([ x])\)", quiz, re.MULTILINE).index("x")] for quiz in quizzes]
        assert len(keys[form]) == 10 and all(2 <= keys[form].count(letter) <= 3 for letter in "abcd")
    assert sum(a == b for a, b in zip(keys["form-a"], keys["form-b"], strict=True)) <= 3


def test_each_form_of_a_test_asks_for_a_name() -> None:  # a gain is one student's: two sheets that belong together
    page = (BOOK / "receptive" / "tests.md").read_text(encoding="utf-8")
    for form in "AB":
        assert f"## Form {form}\n\n:::{{div}} worksheet-name\n" in page
