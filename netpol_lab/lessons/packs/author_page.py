"""AUTHORING.md, the one page for who writes a lesson: made from what reads the files, so the two cannot differ.

``python -m netpol_lab.lessons.packs.author_page`` prints it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from string import Template

from netpol_lab.cluster.listening import served_images
from netpol_lab.lessons import loading, quiz
from netpol_lab.lessons.packs import lesson_lint, lesson_minutes
from netpol_lab.model.pack_folders import GROUP, VARIABLE
from netpol_lab.model.schemas import Schema
from netpol_lab.pods.images import toolbox
from netpol_lab.tell import catalogue

HERE = Path(__file__).resolve().parent
CLIENTS = ("wget", "curl", "nc", "nslookup", "ping")


def page() -> str:
    """Return the text of the page."""
    exercises = (HERE / "template" / "data" / "exercises" / "20-shop.yaml").read_text("utf-8")
    second = exercises[exercises.index("- id: 20-shop/2") :]
    questions = (HERE / "template" / "data" / "quiz" / "20-shop.yaml").read_text("utf-8")
    places = {
        "roles": table(("tag", "cell"), ([f"`{name}`", says] for name, says in lesson_lint.ROLES.items())),
        "exercise": "\n".join(told(each) for each in EXERCISE_SCHEMAS),
        "exercise_example": second.strip(),
        "question": "\n".join(told(each) for each in QUESTION_SCHEMAS),
        "question_example": questions.strip(),
        "mistakes": table(
            ("id", "name", "what is said of it"),
            ([each.id, each.name, each.sentence] for each in catalogue.mistakes().values()),
        ),
        "images": table(("image", "listens on", "clients in it"), images()),
        "variable": VARIABLE,
        "group": GROUP,
        "longest": str(lesson_minutes.LONGEST),
        "slack": str(lesson_minutes.SLACK),
    }
    return Template((HERE / "author_page.md").read_text("utf-8")).substitute(places)


EXERCISE_SCHEMAS: tuple[Schema, ...] = (
    loading.EXERCISE,
    loading.CONNECTION,
    loading.VISITOR,
    loading.WANTED_OBJECT,
    loading.SOLUTION,
    loading.WRONG_ANSWER,
)
QUESTION_SCHEMAS: tuple[Schema, ...] = (quiz.PREDICTION, quiz.QUIZ_QUESTION, quiz.OPTION, quiz.RECALLED_QUESTION)


def told(schema: Schema) -> str:
    """Return one schema as a heading, a table of its fields, and its example."""
    rows = ([f"`{each.name}`", each.kind, each.default or "**needed**", each.says] for each in schema.fields)
    example = f"\n```yaml\n{schema.example}\n```\n" if schema.example else ""
    return f"#### {schema.title}\n\n{table(('field', 'what', 'if left out', 'meaning'), rows)}\n{example}"


def images() -> Iterator[list[str]]:
    for image, ports in served_images().items():
        has = [name for name in CLIENTS if toolbox(image).has(name)]
        yield [f"`{image}`", ", ".join(f"{each.protocol} {each.port}" for each in ports) or "nothing", ", ".join(has)]


def table(head: tuple[str, ...], rows: Iterator[list[str]]) -> str:
    lines = [list(head), ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines)


if __name__ == "__main__":
    print(page(), end="")
