"""What the API server fills in, as a student sees it in ``kubectl get -o yaml``.

Source: the ``defaults.go`` of ``networking/v1``, ``core/v1``, ``apps/v1`` and ``batch/v1``. The body is
fresh from strict decoding, so it is changed in place here, and never again later.
"""

from __future__ import annotations

from collections.abc import Callable

from netpol_lab.model.bodies import Body
from netpol_lab.model.labels import METADATA_NAME


def fill_in(body: Body) -> None:
    """Fill the defaults of ``body``'s kind into it."""
    default = _BY_KIND.get(body["kind"])
    if default:
        default(body)


def _network_policy(body: Body) -> None:
    """``policyTypes``: Ingress always, Egress only when there is an egress rule; a port is TCP (F)."""
    spec = body.setdefault("spec", {})
    spec.setdefault("podSelector", {})
    if "policyTypes" not in spec:
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]
    for rule in (*spec.get("ingress", ()), *spec.get("egress", ())):
        for port in rule.get("ports", ()):
            port.setdefault("protocol", "TCP")


def _namespace(body: Body) -> None:
    """Every namespace carries its own name as a label (D)."""
    name = body["metadata"].get("name")
    if name:
        body["metadata"].setdefault("labels", {})[METADATA_NAME] = name
    body.setdefault("spec", {}).setdefault("finalizers", ["kubernetes"])
    body.setdefault("status", {"phase": "Active"})


def _service(body: Body) -> None:
    """A Service's ``targetPort`` is its ``port`` unless another is given."""
    spec = body.setdefault("spec", {})
    spec.setdefault("type", "ClusterIP")
    spec.setdefault("sessionAffinity", "None")
    if spec["type"] != "ExternalName":
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if spec["type"] in ("NodePort", "LoadBalancer"):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    for port in spec.get("ports", ()):
        port.setdefault("protocol", "TCP")
        if port.get("targetPort") in (None, 0, ""):
            port["targetPort"] = port.get("port", 0)


def _pod(body: Body) -> None:
    spec = body.setdefault("spec", {})
    pod_spec(spec)
    spec.setdefault("enableServiceLinks", True)


def pod_spec(spec: Body) -> None:
    """The defaults of a pod's spec, also inside a template."""
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("schedulerName", "default-scheduler")
    spec.setdefault("securityContext", {})
    for container in (*spec.get("containers", ()), *spec.get("initContainers", ())):
        _container(container)


def _container(container: Body) -> None:
    container.setdefault("resources", {})
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    container.setdefault("imagePullPolicy", _pull_policy(container.get("image", "")))
    for port in container.get("ports", ()):
        port.setdefault("protocol", "TCP")


def _pull_policy(image: str) -> str:
    """``Always`` for the tag ``latest`` and for no tag, else ``IfNotPresent``."""
    name = image.rpartition("/")[2]
    tagged = "@" in name or (":" in name and not name.endswith(":latest"))
    return "IfNotPresent" if tagged else "Always"


def _template(spec: Body) -> None:
    template = spec.setdefault("template", {})
    template.setdefault("metadata", {})
    pod_spec(template.setdefault("spec", {}))


def _deployment(body: Body) -> None:
    spec = body.setdefault("spec", {})
    _template(spec)
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)
    strategy = spec.setdefault("strategy", {})
    if isinstance(strategy, dict) and strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        if isinstance(rolling, dict):
            rolling.setdefault("maxSurge", "25%")
            rolling.setdefault("maxUnavailable", "25%")


def _replica_set(body: Body) -> None:
    _template(body.setdefault("spec", {}))
    body["spec"].setdefault("replicas", 1)


def _stateful_set(body: Body) -> None:
    spec = body.setdefault("spec", {})
    _template(spec)
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("podManagementPolicy", "OrderedReady")
    spec.setdefault("persistentVolumeClaimRetentionPolicy", {"whenDeleted": "Retain", "whenScaled": "Retain"})
    spec.setdefault("updateStrategy", {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}})


def _daemon_set(body: Body) -> None:
    spec = body.setdefault("spec", {})
    _template(spec)
    spec.setdefault("revisionHistoryLimit", 10)
    rolling = {"maxSurge": 0, "maxUnavailable": 1}
    spec.setdefault("updateStrategy", {"type": "RollingUpdate", "rollingUpdate": rolling})


def _job(body: Body) -> None:
    _job_spec(body.setdefault("spec", {}))


def _job_spec(spec: Body) -> None:
    _template(spec)
    if "parallelism" not in spec:
        spec.setdefault("completions", 1)  # with parallelism alone, the pods themselves say when the work is done
    spec.setdefault("parallelism", 1)
    spec.setdefault("backoffLimit", 6)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    spec.setdefault("manualSelector", False)
    spec.setdefault("podReplacementPolicy", "TerminatingOrFailed")


def _cron_job(body: Body) -> None:
    spec = body.setdefault("spec", {})
    spec.setdefault("concurrencyPolicy", "Allow")
    spec.setdefault("suspend", False)
    spec.setdefault("successfulJobsHistoryLimit", 3)
    spec.setdefault("failedJobsHistoryLimit", 1)
    template = spec.setdefault("jobTemplate", {})
    template.setdefault("metadata", {})
    _template(template.setdefault("spec", {}))


_BY_KIND: dict[str, Callable[[Body], None]] = {
    "NetworkPolicy": _network_policy,
    "Namespace": _namespace,
    "Service": _service,
    "Pod": _pod,
    "Deployment": _deployment,
    "ReplicaSet": _replica_set,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
    "Job": _job,
    "CronJob": _cron_job,
}
