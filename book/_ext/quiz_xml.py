"""Quizzes as course systems read them: Moodle XML, and QTI 2.1 (1EdTech, Question and Test Interoperability).

A `Question` holds XHTML: paragraphs, emphasis, code, and formulas between backslashed brackets.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from xml.etree import ElementTree as ET

QTI = "http://www.imsglobal.org/xsd/imsqti_v2p1"
PACKAGE = "http://www.imsglobal.org/xsd/imscp_v1p1"
SCHEMA = "http://www.w3.org/2001/XMLSchema-instance"
EARLY = (1980, 1, 1, 0, 0, 0)  # the date of all files in a package: the same quizzes make the same bytes


@dataclass(frozen=True, kw_only=True)
class Answer:
    text: str  # XHTML without a paragraph around it
    reply: str  # XHTML paragraphs
    right: bool


@dataclass(frozen=True, kw_only=True)
class Question:
    name: str  # unique in the book, letters, digits and hyphens
    title: str  # plain text
    text: str  # XHTML paragraphs
    answers: tuple[Answer, ...]


def moodle(sets: dict[str, list[Question]]) -> str:
    """Return Moodle XML: a category for each set, single-choice questions with the reply to each answer."""
    root = ET.Element("quiz")
    for name, questions in sets.items():
        category = ET.SubElement(root, "question", type="category")
        _text(ET.SubElement(category, "category"), f"$course$/top/{name}")
        for question in questions:
            root.append(_moodle_question(question))
    return _write(root)


def _moodle_question(question: Question) -> ET.Element:
    element = ET.Element("question", type="multichoice")
    _text(ET.SubElement(element, "name"), question.title)
    _text(ET.SubElement(element, "questiontext", format="html"), question.text)
    for name, value in (
        ("defaultgrade", "1"), ("penalty", "0.5"), ("hidden", "0"), ("idnumber", question.name), ("single", "true"),
        ("shuffleanswers", "false"), ("answernumbering", "abc"),
    ):  # fmt: skip
        ET.SubElement(element, name).text = value
    for answer in question.answers:
        choice = ET.SubElement(element, "answer", fraction="100" if answer.right else "0", format="html")
        ET.SubElement(choice, "text").text = answer.text
        _text(ET.SubElement(choice, "feedback", format="html"), answer.reply)
    return element


def _text(parent: ET.Element, text: str) -> None:
    ET.SubElement(parent, "text").text = text


def item(question: Question) -> str:
    """Return one question as an assessmentItem of QTI 2.1."""
    root = ET.Element(
        "assessmentItem",
        {
            "xmlns": QTI, "xmlns:xsi": SCHEMA, "xsi:schemaLocation": f"{QTI} http://www.imsglobal.org/xsd/qti/qtiv2p1/imsqti_v2p1.xsd",
            "identifier": question.name, "title": question.title, "adaptive": "false", "timeDependent": "false",
        },
    )  # fmt: skip
    choices = {f"answer-{number}": answer for number, answer in enumerate(question.answers, 1)}
    right = next(name for name, answer in choices.items() if answer.right)
    response = _declare(root, "responseDeclaration", "RESPONSE", "identifier")
    ET.SubElement(ET.SubElement(response, "correctResponse"), "value").text = right
    score = _declare(root, "outcomeDeclaration", "SCORE", "float")
    ET.SubElement(ET.SubElement(score, "defaultValue"), "value").text = "0"
    _declare(root, "outcomeDeclaration", "FEEDBACK", "identifier")
    body = ET.SubElement(root, "itemBody")
    _inside(body, question.text)
    interaction = ET.SubElement(
        body, "choiceInteraction", responseIdentifier="RESPONSE", shuffle="false", maxChoices="1"
    )
    for name, answer in choices.items():
        _inside(ET.SubElement(interaction, "simpleChoice", identifier=name), answer.text)
    _score(root)
    for name, answer in choices.items():
        feedback = ET.SubElement(root, "modalFeedback", outcomeIdentifier="FEEDBACK", identifier=name, showHide="show")
        _inside(feedback, answer.reply)
    return _write(root)


def _declare(root: ET.Element, kind: str, name: str, base: str) -> ET.Element:
    return ET.SubElement(root, kind, identifier=name, cardinality="single", baseType=base)


def _score(root: ET.Element) -> None:
    """A point for the right answer, and the reply to the one that was chosen."""
    processing = ET.SubElement(root, "responseProcessing")
    condition = ET.SubElement(ET.SubElement(processing, "responseCondition"), "responseIf")
    match = ET.SubElement(condition, "match")
    ET.SubElement(match, "variable", identifier="RESPONSE")
    ET.SubElement(match, "correct", identifier="RESPONSE")
    point = ET.SubElement(condition, "setOutcomeValue", identifier="SCORE")
    ET.SubElement(point, "baseValue", baseType="float").text = "1"
    reply = ET.SubElement(processing, "setOutcomeValue", identifier="FEEDBACK")
    ET.SubElement(reply, "variable", identifier="RESPONSE")


def _inside(parent: ET.Element, xhtml: str) -> None:
    """Put XHTML into an element."""
    fragment = ET.fromstring(f"<div>{xhtml}</div>")
    parent.text = fragment.text
    parent.extend(fragment)


def package(name: str, questions: list[Question]) -> bytes:
    """Return a zip of items with the manifest that names them, an IMS content package."""
    manifest = ET.Element("manifest", {"xmlns": PACKAGE, "identifier": f"manifest-{name}"})
    metadata = ET.SubElement(manifest, "metadata")
    ET.SubElement(metadata, "schema").text = "QTIv2.1 Package"
    ET.SubElement(metadata, "schemaversion").text = "1.0.0"
    ET.SubElement(manifest, "organizations")
    resources = ET.SubElement(manifest, "resources")
    files = {}
    for question in questions:
        file = f"{question.name}.xml"
        resource = ET.SubElement(
            resources, "resource", identifier=f"resource-{question.name}", type="imsqti_item_xmlv2p1", href=file
        )
        ET.SubElement(resource, "file", href=file)
        files[file] = item(question)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, content in {"imsmanifest.xml": _write(manifest), **files}.items():
            archive.writestr(zipfile.ZipInfo(file, EARLY), content)
    return stream.getvalue()


def _write(root: ET.Element) -> str:
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"
