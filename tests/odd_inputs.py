"""What nobody should type, and somebody will: broken manifests, odd command lines, scripts and questions.

An input is a list of steps, plain JSON, so that one that was found can be kept (``tests/fuzz_found.json``).
"""

from __future__ import annotations

import copy
import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

from netpol_lab.kubectl.refused_verbs import NOT_SIMULATED
from netpol_lab.kubectl.verbs import VERBS

HERE = Path(__file__).parent
Body = dict[str, Any]
Step = list[Any]
"""A door and what goes through it: ``["kubectl", words, stdin]``, ``["curl", words]``, ``["sh", script]``,
``["manifest", name, text]``, ``["apply", text]``, ``["ask", method, arguments]``."""


def seeds() -> list[Body]:
    """Good objects to start from: what the tests accept, the advice fixtures, the labs."""
    files = [*(HERE / "manifests" / "accepted").glob("*.yaml"), *(HERE / "advice").glob("*.yaml")]
    found: list[Body] = []
    for path in sorted(files):
        text = path.read_text(encoding="utf-8")
        found += [value for value in yaml.safe_load_all(text) if isinstance(value, dict)]
    return json.loads(json.dumps(found, default=str))  # type: ignore[no-any-return]


SEEDS = seeds()
NAMESPACES = sorted({each["metadata"]["namespace"] for each in SEEDS if each.get("metadata", {}).get("namespace")})
NUMBERS = [None, True, 0, -1, 65_536, 2**40, 1.5, 80]
TEXTS = [
    "",
    "80",
    "x" * 300,
    "x" * 63,
    "x" * 253,
    "a/b",
    "\r\x1b[31m",
    "a\nb",
    "<b>&\"'",
    "10.0.0.0/8",
    "::/0",
    "1.2.3.4",
    "None",
    "ExternalName",
    "Job",
    "\U0001f600",
]
SHAPES = [[], {}, [None], [{}], [[]], {"": ""}, {"a": None}, ["x"]]
ODD = st.sampled_from([*NUMBERS, *TEXTS, *SHAPES])
PIECES = st.sampled_from(
    [
        *"ab:- \n\t[]{}&*!|>'\"%@#,?<0.~",
        "---\n",
        "\n  ",
        "\n    - ",
        "kind: Pod\n",
        "apiVersion: v1\n",
        "metadata:",
        "spec:",
    ]
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        yield from places(item, (*path, key))


@st.composite
def broken_objects(draw: st.DrawFn) -> str:
    """A few good objects, with a few of their parts replaced, taken out or taken from another."""
    objects = json.loads(
        json.dumps(draw(st.lists(st.sampled_from(SEEDS), min_size=1, max_size=draw(st.sampled_from([1, 2, 4])))))
    )
    for _ in range(draw(st.sampled_from([0, 1, 0, 1, 0, 2, 4]))):
        found = [path for path in places(objects) if len(path) > 1]
        if not found:
            break
        *way, last = draw(st.sampled_from(found))
        parent = objects
        for step in way:
            parent = parent[step]
        if draw(st.integers(0, 3)):
            parent[last] = copy.deepcopy(draw(ODD))  # or a later change would go into the list of them
        else:
            del parent[last]
    return "\n---\n".join(json.dumps(each) for each in objects)


# Command lines

LINES = """
get pods -A -o wide
get pods,svc,netpol -n student-07 --show-labels
get pods -l app=web,tier!=db --sort-by .metadata.name
get pods -o jsonpath={.items[*].metadata.name}
get pods -o custom-columns=NAME:.metadata.name,IP:.status.podIP
get all -A -o yaml
get netpol p -o json
describe pod web
describe pods,svc,netpol,deploy,ns,node -A
create namespace shop --dry-run=client -o yaml
create deployment web --image=nginx --replicas=3 --port=80
create service clusterip web --tcp=80:8080
create -f policy.yaml
apply -f policy.yaml
apply -f -
apply -f - --validate=ignore
apply -f - -n shop
replace -f -
diff -f -
delete -f -
delete pod web --now
delete ns shop
delete netpol --all -n default
run p --image=busybox -- nc -l -p 8080
run web --image=nginx --port=80 --expose --labels=app=web,tier=front
run once --rm -i --restart=Never --image=busybox -- wget -qO- -T1 web
run job --restart=Never --image=busybox -- sh -c 'wget -T1 -O- web'
exec p -- wget -qO- -T 1 http://web:80/
exec p -- nc -zv -w 1 web 80
exec p -- ping -c 1 web
exec p -- nslookup web.default.svc.cluster.local
exec p -i -- curl -m 1 --resolve web:80:10.244.1.2 -w %{http_code} web
logs job --tail=5
label pod p app=web tier- --overwrite
label ns default a=b
annotate pod p note=x
scale deployment web --replicas=4
expose deployment web --port=80 --target-port=8080 --type=NodePort
patch deployment web -p '{"spec":{"replicas":2}}'
patch netpol p --type=json -p '[{"op":"add","path":"/spec/ingress/0","value":{}}]'
patch svc web --type=merge -p '{"spec":{"ports":[{"port":81}]}}'
rollout restart deployment web
rollout status deployment web --timeout=5s
wait pod/p --for=condition=Ready --timeout=5s
wait pod/p --for=jsonpath={.status.phase}=Running
port-forward svc/web 8080:80
proxy --port=8001
explain netpol.spec.ingress
config set-context --current --namespace=shop
config view
api-resources
version
cluster-info
auth can-i create pods
auth whoami
get events -A
events --for pod/p
get endpointslices,endpoints -A -o wide
get pods -A -o go-template={{range .items}}{{.metadata.name}}{{end}}
kustomize .
apply -k .
delete -k .
set image deployment/web nginx=nginx:1.28
set env deployment/web A=b C-
set selector svc web app=web
create configmap c --from-literal=a=b
create secret generic s --from-literal=a=b
create service externalname e --external-name=example.com
create quota q --hard=pods=2
apply view-last-applied netpol p
"""
SEED_LINES = [shlex.split(line) for line in LINES.strip().splitlines()]
ODD_WORDS = [
    *[
        "",
        "²",
        "-1",
        "0",
        "65536",
        "99999999999999999999",
        "1e9",
        "a b",
        "\n",
        "\x1b[31m",
        "\udcff",
        "é",
        "*",
        "--",
        "-",
        "=",
    ],
    *[
        "x" * 63,
        "x" * 64,
        "x" * 253,
        "x" * 300,
        "<b>",
        "'",
        '"',
        "{",
        "{..}",
        "[",
        "a=b=c",
        "a=",
        "=b",
        "!a",
        "a in (b)",
    ],
    *[
        "9999999h",
        "-5s",
        "http://",
        "::1",
        "[::1]:80",
        "10.0.0.0/8",
        "/dev/null",
        ".",
        "/",
        "pod/",
        "/p",
        "a/b/c",
        "null",
    ],
]
POOL = st.sampled_from(
    [*sorted({word for line in SEED_LINES for word in line}), *ODD_WORDS, *VERBS, *NOT_SIMULATED, "Service", "External"]
)


@st.composite
def changed(draw: st.DrawFn, words: list[str]) -> list[str]:
    """A line with a few of its words taken out, replaced or doubled."""
    words = list(words)
    for _ in range(draw(st.sampled_from([0, 1, 0, 1, 2, 3]))):
        place = draw(st.integers(0, len(words)))
        match draw(st.integers(0, 3)):
            case 0:
                words.insert(place, draw(POOL))
            case 1:
                words[place : place + 1] = [draw(POOL)]
            case 2:
                del words[place : place + 1]
            case 3 if place < len(words):
                name, sign, _ = words[place].partition("=")
                words[place] = f"{name}{sign or '='}{draw(POOL)}"
    return words


SCRIPT_WORDS = r"""
echo wget -qO- web db p ; && || | ( ) $( ` ' " $X X=1 for i in $(seq 3) {1..3} do done if then fi else
> >> 2>&1 < /tmp/x ! { } exit seq 3 ² curl nc -l -p -zv 80 [ ] = -eq grep -E -o (a+)+$ . \( sleep 1d timeout
head tail -c -n sh bash -c ${X} & cat /etc/hosts sort uniq wc ping -c nslookup test printf %s%d date +%s env hostname -i
"""
SCRIPTS = st.lists(st.sampled_from([*SCRIPT_WORDS.split(), "\n"]), max_size=20).map(" ".join)
KUSTOMIZATIONS = st.dictionaries(
    st.sampled_from(["resources", "namespace", "namePrefix", "commonLabels", "labels", "commonAnnotations", "patches"]),
    st.sampled_from(
        [["policy.yaml"], ["policy.yaml", "."], ["nope"], {"a": "b"}, [{"pairs": {"a": "b"}}], "x-", 5, None]
    ),
).map(json.dumps)
TEXTS_OF_MANIFESTS = KUSTOMIZATIONS | broken_objects() | st.lists(PIECES, max_size=30).map("".join)
NAMES = st.sampled_from(
    ["p", "web", "default/web", "shop/web", "External", "8.8.8.8", "kubernetes", "no-such", *ODD_WORDS]
)
PORTS = st.sampled_from([None, 80, 0, -1, 65536, "80", "²", "http", 2**70, 8080])
PROTOCOLS = st.sampled_from(["TCP", "UDP", "SCTP", "ICMP", "", "²"])


def _ask(method: str, *arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Step]:
    return st.tuples(*arguments).map(lambda given: ["ask", method, list(given)])


CURLS = st.lists(
    st.sampled_from(
        ["-m", "1", "-s", "-v", "-k", "-o", "/dev/stdout", "-w", "%{http_code}", "-X", "-d", "a=b", "--resolve", "-H"]
    )
    | st.sampled_from(["localhost:8080", "http://127.0.0.1:8001/api", "node1:30080", "https://10.96.0.1", "web"])
    | POOL,
    max_size=8,
)
LINES_CHANGED = st.sampled_from(SEED_LINES).flatmap(changed)
FILES = st.sampled_from(
    ["policy.yaml", "kustomization.yaml", "a/b.yaml", "policy", ".", "..", "", "x" * 300, "\0", "~/x"]
)
CHANGES = [
    st.builds(lambda words: ["kubectl", words, ""], st.sampled_from(SEED_LINES)),
    st.builds(lambda each: ["kubectl", ["apply", "-f", "-"], json.dumps(each)], st.sampled_from(SEEDS)),
    st.builds(lambda words: ["kubectl", words, ""], LINES_CHANGED),
    st.builds(lambda words, text: ["kubectl", words, text], LINES_CHANGED, TEXTS_OF_MANIFESTS),
    st.builds(lambda text: ["kubectl", ["apply", "-f", "-"], text], broken_objects()),
    TEXTS_OF_MANIFESTS.map(lambda text: ["apply", text]),
    st.builds(lambda name, text: ["manifest", name, text], FILES, TEXTS_OF_MANIFESTS),
    SCRIPTS.map(lambda script: ["sh", script]),
    CURLS.map(lambda words: ["curl", words]),
]
QUESTIONS = [
    _ask("why", NAMES, NAMES, PORTS, PROTOCOLS),
    _ask("reach", NAMES),
    _ask("endpoints", NAMES, NAMES, PORTS),
    _ask("packets", NAMES, NAMES, PORTS, PROTOCOLS),
    _ask("hold", NAMES, NAMES, PORTS, PROTOCOLS),
    _ask("steps", NAMES, PORTS, PROTOCOLS),
    _ask("matrix", PORTS, PROTOCOLS),
    _ask("both_ends", PORTS, PROTOCOLS),
    _ask("graph", st.lists(st.tuples(NAMES, NAMES, PORTS).map(list), max_size=2)),
    _ask("compare", st.sampled_from([0, 1, "start", "now", -1, "no such", "²", 99])),
    _ask("plugins", NAMES, NAMES, PORTS, PROTOCOLS),
    _ask("check", NAMES),
]
STEPS: st.SearchStrategy[Step] = st.sampled_from([*CHANGES * 6, *QUESTIONS]).flatmap(lambda kind: kind)
INPUTS = st.lists(STEPS, min_size=1, max_size=5)
