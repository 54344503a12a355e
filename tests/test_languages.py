"""A second language beside the first: what lesson 00 shows in German, what stays English, and what falls back."""

from __future__ import annotations

import ast
import html
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import build
import nbformat
import pytest
import yaml
from nbval_runs import run_nbval

from netpol_lab import Lab
from netpol_lab.display.card import Picture
from netpol_lab.lab import copies
from netpol_lab.lessons import exercises, quiz
from netpol_lab.lessons.lesson_data import read
from netpol_lab.lessons.packs import building
from netpol_lab.lessons.packs.lesson_lint import tags
from netpol_lab.model import datafiles, language
from netpol_lab.model.errors import LabError
from netpol_lab.model.language import speaking, spoken
from netpol_lab.tell import catalogue
from netpol_lab.tell.reason_sentences import STEP_LINES
from netpol_lab.tell.saying import SENTENCES

REPOSITORY = Path(__file__).resolve().parent.parent
GERMAN = yaml.safe_load(datafiles.path("de", "sentences.yaml").read_text("utf-8"))
TRANSLATED = [source for sources in build.translations().values() for source in sources]
LESSON = "00-start-here"
STRANGER = ("pictures/stranger", "pictures/server")

KUBERNETES = {
    *(
        "app",
        "cluster",
        "clusters",
        "containers",
        "coredns",
        "create",
        "default",
        "delete",
        "dns",
        "egress",
        "external",
    ),
    *("from", "image", "images", "ingress", "is", "kernel", "kube", "kubectl", "kubernetes", "label", "labels", "name"),
    *("namespace", "namespaces", "node", "notebook", "notebooks", "overwrite", "pod", "pods", "port", "ports", "run"),
    *("policy", "service", "services", "system", "tcp", "udp", "busybox", "httpd", "hint", "n", "text", "x"),
}
"""Words of Kubernetes and its tools, which German takes as they are."""
ALIKE = {"in", "a", "b", "c", "so", "an", "was", "will", "hat", "war", "also", "die", "links", "matrix", "stop", "lab"}
"""Words that both languages have."""
NAMES = {
    *("server", "friend", "friends", "only", "stranger", "student", "hello", "pictures", "yaml", "start", "here"),
    *("nonsense", "studen", "tudent", "helo"),
}
"""What somebody called a thing."""
COMMANDS = re.compile(r"kubectl [^<\n]*?(?= bringt|, dann|`|:|$)|lab\.\w+\([^)]*\)|sleep \d+|--\S+")
"""What is typed: kubectl and the lab's own calls."""


def shown(speech: str | None) -> Iterator[Picture]:
    """Everything lesson 00 shows to one who answers rightly, wrongly, twice, and not at all."""
    lab = Lab("07", lesson=LESSON, language=speech)
    questions = [question.id for question in quiz.of_lesson(LESSON) if not question.truth]
    for answer in ("", None, "a", None):
        yield lab.predict(f"{LESSON}/p1", answer)
    for id in questions:
        for letter in ("", "a", "b", "c"):
            yield lab.quiz(id, letter)
    lab = Lab("07", lesson=LESSON, language=speech)
    yield lab.predict(f"{LESSON}/p1", "c")
    yield lab.predict(f"{LESSON}/p1")
    for id in questions:
        yield lab.quiz(id, spoken("show me"))
    for id in exercises.ids(LESSON):
        exercise = exercises.load(id)
        yield lab.start(id)
        yield lab.check(id)
        for line in ("create nonsense", "run other --image=nginx"):
            lab.kubectl(line)
            yield lab.check(id)
        for wrong in exercise.wrong:
            lab.start(id)
            lab.kubectl(wrong.answer.commands)
            yield from (lab.check(id) for _ in range(3))
        lab.start(id)
        lab.kubectl(exercise.solution.commands)
        lab.kubectl(exercise.solution.commands)
        yield lab.check(id)
    lab.file("start/pictures.yaml")
    lab.kubectl("apply -f pictures.yaml")
    yield lab.graph(ask=[(*STRANGER, 80)])
    yield lab.matrix(port=80)
    yield lab.why(*STRANGER, port=80)
    lab.close()


def lines(picture: Picture) -> list[str]:
    """What is read of a picture: its text, and its page without style and tags, attributes for listeners included."""
    page = re.sub(r"(?s)<style.*?</style>", "", picture.html)
    heard = re.findall(r'(?:aria-label|title)="([^"]*)"', page)
    return [*picture.text.splitlines(), *map(html.unescape, [*heard, *re.split(r"<[^>]*>", page)])]


def words(text: str) -> set[str]:
    return set(re.findall(r"[a-zäöüß]+", COMMANDS.sub(" ", text).lower()))


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, list[Picture]]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("work"))
        yield {speech: list(shown(speech)) for speech in ("en", "de")}
    language.speak("en")


# -- what is shown -----------------------------------------------------------------------------------


def test_the_german_lesson_shows_no_english_word_but_those_of_kubernetes(both: dict[str, list[Picture]]) -> None:
    english = {word for picture in both["en"] for line in lines(picture) for word in words(line)}
    known = KUBERNETES | ALIKE | NAMES
    left = [line for picture in both["de"] for line in lines(picture) if words(line) & english - known]
    assert sorted(set(left)) == []
    assert len(english) > 250 and len(both["de"]) == len(both["en"]) > 60


def test_both_languages_show_the_same_pictures(both: dict[str, list[Picture]]) -> None:
    for english, german in zip(both["en"], both["de"], strict=True):
        assert english.html.count("<svg") == german.html.count("<svg")
        assert english.text.count("\n  ") == 0 or german.text.count("\n  ") > 0
        assert german.text.isascii() and all(len(line) <= 96 for line in german.text.splitlines())


def test_kubectl_speaks_english_in_a_german_lab() -> None:
    lab = Lab("07", language="de")
    try:
        refused = lab.kubectl("get pod no-such-pod").stderr
        assert refused == 'Error from server (NotFound): pods "no-such-pod" not found\n'
        lab.kubectl("create deployment web --image=nginx")
        assert "NAME" in lab.kubectl("get deployments").stdout
    finally:
        lab.close()
        language.speak("en")


# -- what falls back, and what is refused ------------------------------------------------------------


def test_a_sentence_without_a_translation_stays_english() -> None:
    with speaking("de"):
        assert spoken("No one translated {what}.", what="this") == "No one translated this."
        assert spoken("{names}: as wanted.", names="Pod {x}") == "Pod {x}: wie gewünscht."
        assert quiz.load("01-allow-all/q1").text == quiz.load("01-allow-all/q1").text
    assert spoken("{names}: as wanted.", names="Pod") == "Pod: as wanted."


def test_a_language_that_is_not_there_is_named_with_those_that_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETPOL_LAB_LANGUAGE", "xx")
    for speech in (None, "../de"):
        with pytest.raises(LabError, match=r"There is no language .(xx|\.\./de).\. There are: en, de\."):
            Lab("07", language=speech)
    assert language.language() == "en"


def test_the_environment_chooses_for_notebooks_that_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETPOL_LAB_LANGUAGE", "de")
    Lab("07").close()
    assert language.language() == "de"
    Lab("07", language="en").close()
    assert language.language() == "en"


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("exercises:\n- titel: T\n- title: U\n", r"exercises\[0\]: 'titel' translates nothing"),
        ("exercises:\n- title: T\n", "exercises: this is not built as what it translates"),
        ("exercises:\n- title: [T]\n- title: U\n", r"exercises\[0\], title: this is not built as"),
        ("exercises: [", "line 1"),
    ],
)
def test_a_fault_in_translated_data_names_its_place(
    written: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / f"{LESSON}.yaml"
    file.write_text(written)
    found = datafiles.files
    monkeypatch.setattr(datafiles, "files", lambda kind: [file] if kind == "de/exercises" else found(kind))
    with speaking("de"), pytest.raises(LabError, match=message):
        read("exercises", LESSON, "07")


def test_the_notebooks_come_in_the_language_that_is_chosen_and_in_english_where_they_have_no_translation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NETPOL_LAB_LANGUAGE", "de")
    copies.bring(tmp_path)
    assert {path.name for path in tmp_path.glob("*.ipynb")} == {path.name for path in datafiles.notebooks()}
    german = (tmp_path / f"{LESSON}.ipynb").read_text("utf-8")
    assert "# Fang hier an" in german and "](01-allow-all.ipynb)" in german and "](../" not in german
    assert "# See every pod" in (tmp_path / "01-allow-all.ipynb").read_text("utf-8")
    monkeypatch.setenv("NETPOL_LAB_LANGUAGE", "en")
    assert copies.bring(tmp_path) == [f"{LESSON}.ipynb: renewed. You had not changed it."]


# -- the catalogue -----------------------------------------------------------------------------------


def english_sentences() -> set[str]:
    """Every text in the library's source and data that can be looked up."""
    found = {each.words for each in catalogue.warnings().values()}
    found |= {each.words for cause in catalogue.causes().values() for each in cause.values()}
    found |= {*SENTENCES.values(), *(line for lines in STEP_LINES.values() for line in lines)}
    for path in (REPOSITORY / "netpol_lab").rglob("*.py"):
        nodes = ast.walk(ast.parse(path.read_text("utf-8")))
        found |= {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return found


COMPOSED = {
    *("one policy", "two policies", "no policies", "isolated for ingress: only what a rule admits gets in"),
    *("Not started yet: nothing of this exercise is applied", "Not yet: nothing of this exercise is applied"),
}
"""Sentences that the source puts together."""


def test_every_translation_is_of_a_sentence_that_there_is() -> None:
    assert sorted(set(GERMAN) - english_sentences() - COMPOSED) == []


@pytest.mark.parametrize("english", GERMAN)
def test_a_translation_has_the_same_places(english: str) -> None:
    def places(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name} | set(re.findall(r"\$\w+", text))

    assert places(GERMAN[english]) == places(english)


# -- the lesson --------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", TRANSLATED, ids=lambda source: f"{source.parent.name}/{source.stem}")
def test_a_translated_lesson_has_the_cells_of_its_original(source: Path) -> None:
    """But for the trainer's notes, which may lag behind."""
    both = (building.read(path).cells for path in (source, source.parent.parent / source.name))
    cells, original = ([cell for cell in each if "notes" not in tags(cell)] for each in both)
    speech = f', language="{source.parent.name}")'
    assert len(cells) == len(original) > 40
    for here, there in zip(cells, original, strict=True):
        assert (here.cell_type, tags(here)) == (there.cell_type, tags(there))
        if here.cell_type == "code":
            assert here.source.replace(speech, ")") == there.source
        else:
            assert re.findall(r"(?m)^#+|^[-|]", here.source) == re.findall(r"(?m)^#+|^[-|]", there.source)


def test_the_german_notebooks_are_stored_as_their_source_gives_them_and_run_strictly(tmp_path: Path) -> None:
    for source in TRANSLATED:
        assert build.run([source], build.HERE / source.parent.name, check=True, students_only=True) == []
        solved = build.HERE / source.parent.name / "solutions" / f"{source.stem}.ipynb"
        assert all(cell.source for cell in nbformat.read(solved, as_version=4).cells)
        (tmp_path / solved.name).write_bytes(solved.read_bytes())
    run = run_nbval(sorted(tmp_path.glob("*.ipynb")), strict=True)
    assert run.failed == 0 and run.cells > 20, run.printed
