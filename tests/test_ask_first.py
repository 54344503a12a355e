"""What an exercise asks for is not told before: `why`, remedies and advice are withheld until its first check."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
import readable_lessons

from netpol_lab import Lab
from netpol_lab.coach.admit import smallest_change
from netpol_lab.coach.stop import smallest_stop
from netpol_lab.lab.locks import Lock, Locks
from netpol_lab.lessons.behavior import judge
from netpol_lab.lessons.exercises import load
from netpol_lab.model.errors import NotFound
from netpol_lab.model.objects import Pod

ROOT = Path(__file__).resolve().parent.parent
JUDGED = [id for id in readable_lessons.exercise_ids() if not load(id).objects]
ASKING = [id for id in readable_lessons.exercise_ids() if load(id).asks]


@pytest.fixture
def opened() -> Iterator[Callable[[str | None], Lab]]:
    """Opens a lab of a lesson; the last one is closed in the end."""
    labs: list[Lab] = []

    def open_lab(lesson: str | None = None) -> Lab:
        lab = Lab("07")
        lab._exercise = type(lab._exercise)(lesson, lab.xx)  # no folder is made for it
        labs.append(lab)
        return lab

    yield open_lab
    for lab in labs:
        lab.close()


def flat(*pictures: object) -> str:
    return " ".join(" ".join(f"{getattr(each, 'text', '')} {getattr(each, 'html', '')}" for each in pictures).split())


@cache
def asked(id: str) -> list[tuple[str, str, int, str]]:
    """A few connections between ends that are there and that are not as wanted at the start: from, to, port."""
    exercise = load(id)
    start = exercise.start_cluster().snapshot()
    found = []
    for one in judge(exercise, exercise.with_visitors(start)):
        ends = [one.source.endpoint, one.destination.endpoint]
        if not one.right and not any(map(exercise.is_visitor, ends)):
            protocol, port = one.telling_port(one.missing or one.leak)
            names = [end.id if isinstance(end, Pod) else str(end.ip) for end in ends]
            found.append((names[0], names[1], port, protocol))
    return found[:2]


@cache
def decisive(id: str) -> list[str]:
    """What would tell the answer: the smallest change for each connection that is not as wanted."""
    start, lines = load(id).start_cluster().snapshot(), []
    for source, target, port, protocol in asked(id):
        verdict = start.verdict(start.endpoint(source), start.endpoint(target), port, protocol)
        change = (smallest_stop if verdict.allowed else smallest_change)(start, verdict)
        lines += change.command.splitlines() if change else []
    return lines


def questions(lab: Lab, id: str) -> list[object]:
    """All that a student can ask about an exercise."""
    pictures: list[object] = [lab.warnings(), lab.policies()]
    play = lab.playground()
    for ends in asked(id):
        pictures += [lab.why(*ends, stop=True), lab.packets(*ends)]
        if {*ends[:2]} <= {node.id for node in play.nodes}:
            play.source, play.target, play.port = *ends[:2], (ends[3], ends[2])
            pictures.append(play.pictures()[2])
    return pictures


@pytest.mark.parametrize("id", JUDGED)
def test_between_its_start_and_its_first_check_nothing_tells_the_answer(opened: Callable[..., Lab], id: str) -> None:
    lab = opened(id.partition("/")[0])
    lab.start(id)
    told = flat(*questions(lab, id))
    assert "near miss" not in told.lower().replace("0 near misses", "")
    assert "mallest change" not in told
    for line in decisive(id):
        assert line not in told, line


@pytest.mark.parametrize("id", JUDGED)
def test_what_was_shown_once_stays_so(opened: Callable[..., Lab], id: str) -> None:
    lab = opened(id.partition("/")[0])
    lab.start(id)
    if not asked(id):
        pytest.skip("every connection between pods that are there is as wanted when it begins")
    lab.show_me(id)
    for again in range(2):
        told = flat(*questions(lab, id))
        assert f"Exercise {id} asks" not in told, again  # another one may ask about the same policy
        assert "mallest change" in told or id not in ASKING, again
        lab.start(id)


@pytest.mark.parametrize("id", ASKING)
def test_no_output_of_the_lesson_above_the_first_check_tells_the_answer(id: str) -> None:
    lesson = id.partition("/")[0]
    cells = json.loads((ROOT / "notebooks" / "solutions" / f"{lesson}.ipynb").read_text(encoding="utf-8"))["cells"]
    told = ""
    for cell in cells:
        if f'lab.check("{id}")' in "".join(cell["source"]):
            break
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            told += "".join([*output.get("text", ()), *data.get("text/plain", ()), *data.get("text/html", ())])
    told = " ".join(told.split())
    assert decisive(id)
    for line in decisive(id):
        assert line not in told, line


def test_a_lock_says_how_to_open_it_and_a_check_of_an_answer_does(opened: Callable[..., Lab]) -> None:
    lab = opened("03-allow-specific")
    lab.start("03-allow-specific/1")
    locked = lab.why("reporter-07", "server-07", 80)
    assert "Blocked at ingress of server-07" in locked.title and "lab.show_me()" in locked.text
    assert "Not started yet" in lab.check("03-allow-specific/1").title
    assert lab.why("reporter-07", "server-07", 80).text == locked.text, "nothing was tried yet"
    lab.kubectl("label pod reporter-07 -n student-07 other=x")
    lab.kubectl("apply -f -", load("03-allow-specific/1").wrong[0].answer.manifest)
    assert lab.check("03-allow-specific/1").mistake == "M17"
    assert "near miss" in lab.why("reporter-07", "server-07", 80).text


def test_show_me_gives_the_answer_that_was_withheld_last(opened: Callable[..., Lab]) -> None:
    lab = opened("03-allow-specific")
    assert "Nothing is withheld" in lab.show_me().title
    lab.start("03-allow-specific/1")
    locked = lab.why("reporter-07", "server-07", 80)
    assert "near miss" in lab.show_me().text
    assert lab.why("reporter-07", "server-07", 80).text != locked.text
    with pytest.raises(NotFound):
        lab.show_me("03-allow-specific/9")


def test_advice_about_a_policy_that_is_to_be_repaired_is_withheld_and_other_advice_is_not(
    opened: Callable[..., Lab],
) -> None:
    lab = opened("03-allow-specific")
    lab.start("03-allow-specific/1")
    assert "withheld" in lab.warnings().title and "reporter" not in lab.warnings().text.replace("1 asks", "")
    other = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: of-nobody, namespace: default}\n"
    lab.kubectl("apply -f -", f"{other}spec: {{podSelector: {{matchLabels: {{app: nobody}}}}}}\n")
    assert "of-nobody" in lab.warnings().text and "allow-reporter" not in lab.warnings().text
    assert "allow-reporter-to-server" in lab.show_me().text


def test_the_cell_that_writes_the_answer_begins_an_exercise(opened: Callable[..., Lab], notebook_folder: Path) -> None:
    lab = opened("02-default-deny")
    lab.file("lab-b/production.yaml")
    lab.kubectl("apply -f production.yaml")
    assert "Withheld" not in lab.why("dev/tools", "production/db", 5432).html
    lab._write("close-db.yaml", load("02-default-deny/1").wrong[0].answer.manifest)
    assert "Withheld" in lab.why("dev/tools", "production/db", 5432).html


def test_a_demonstration_outside_exercises_is_never_locked(opened: Callable[..., Lab]) -> None:
    lab = opened()
    for resource in load("03-allow-specific/1").start_cluster().snapshot().objects.values():
        lab.cluster.apply(resource)
    assert "near miss" in lab.why("reporter-07", "server-07", 80).text
    lab = opened("03-allow-specific")
    for resource in load("03-allow-specific/3").start_cluster().snapshot().objects.values():
        lab.cluster.apply(resource)
    assert "Withheld" not in lab.why("client-07", "server-07", 80).html
    assert "Withheld" not in lab.why("External", "server-07", 80).html


def test_what_was_opened_stays_open_after_a_reset(opened: Callable[..., Lab]) -> None:
    lab = opened("03-allow-specific")
    lab.start("03-allow-specific/1")
    lab.show_me("03-allow-specific/1")
    lab.reset()
    lab.start("03-allow-specific/1")
    assert "near miss" in lab.why("reporter-07", "server-07", 80).text


def test_one_lock_can_hold_back_everything_for_a_reason_of_its_own(opened: Callable[..., Lab]) -> None:
    lab = opened()
    lab.kubectl("create deployment web --image=nginx")
    lab._exercise.locks.close(Lock("patient S07", "A patient is open."))
    why = lab.why("External", "web", 80)
    assert "A patient is open." in why.text and "A patient is open." in why.html
    lab._exercise.locks.open("patient S07")
    assert "A patient is open." not in lab.why("External", "web", 80).text


def test_a_lock_that_was_opened_does_not_close_again() -> None:
    locks = Locks()
    locks.open("one")
    locks.close(Lock("one", "Find it."))
    assert locks.opened == {"one"} and locks.on_policy(None) is None  # type: ignore[arg-type]
