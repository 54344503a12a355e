"""The fields of the API's objects, as data: names, types, and Go's names for the types.

Sources: ``types.go`` of ``meta/v1``, ``core/v1``, ``apps/v1``, ``batch/v1`` and ``networking/v1`` of
Kubernetes 1.36. ``ANY`` marks what the simulator does not look into.
"""

from __future__ import annotations

from collections.abc import Mapping

from netpol_lab.manifests.field_types import (
    ANY,
    ANYS,
    BOOL,
    BOOL_POINTER,
    INT32,
    INT32_POINTER,
    INT64,
    INT64_POINTER,
    INT_OR_STRING,
    PROTOCOL,
    PROTOCOL_POINTER,
    QUANTITY,
    STRING,
    STRING_MAP,
    STRING_POINTER,
    STRINGS,
    TIME,
    ListOf,
    MapOf,
    Scalar,
    Struct,
    Type,
)


def _all(type_: Type, names: str) -> dict[str, Type]:
    return dict.fromkeys(names.split(), type_)


def _open(name: str, *fields: Mapping[str, Type]) -> Struct:
    """An object of which only the fields that are looked at are known."""
    known = {key: type_ for each in fields for key, type_ in each.items()}
    return Struct(f"v1.{name}", known, always=tuple(known), open_ended=True)


OWNER_REFERENCE = Struct(
    "v1.OwnerReference",
    _all(STRING, "apiVersion kind name uid") | _all(BOOL_POINTER, "controller blockOwnerDeletion"),
    always=("apiVersion", "kind", "name", "uid"),
)

OBJECT_META = Struct(
    "v1.ObjectMeta",
    {
        **_all(STRING, "name generateName namespace selfLink uid resourceVersion"),
        **_all(TIME, "creationTimestamp deletionTimestamp"),
        "generation": INT64,
        "deletionGracePeriodSeconds": INT64_POINTER,
        "labels": STRING_MAP,
        "annotations": STRING_MAP,
        "ownerReferences": ListOf(OWNER_REFERENCE),
        "finalizers": STRINGS,
        "managedFields": ANYS,
    },
)

LABEL_SELECTOR_REQUIREMENT = Struct(
    "v1.LabelSelectorRequirement",
    {"key": STRING, "operator": Scalar("string", alias="v1.LabelSelectorOperator"), "values": STRINGS},
    always=("key", "operator"),
)
LABEL_SELECTOR = Struct(
    "v1.LabelSelector", {"matchLabels": STRING_MAP, "matchExpressions": ListOf(LABEL_SELECTOR_REQUIREMENT)}
)

IP_BLOCK = Struct("v1.IPBlock", {"cidr": STRING, "except": STRINGS}, always=("cidr",))
NETWORK_POLICY_PEER = Struct(
    "v1.NetworkPolicyPeer",
    {"podSelector": LABEL_SELECTOR, "namespaceSelector": LABEL_SELECTOR, "ipBlock": IP_BLOCK},
)
PEER_SELECTORS = tuple(name for name, kind in NETWORK_POLICY_PEER.fields.items() if kind is LABEL_SELECTOR)
NETWORK_POLICY_PORT = Struct(
    "v1.NetworkPolicyPort", {"protocol": PROTOCOL_POINTER, "port": INT_OR_STRING, "endPort": INT32_POINTER}
)
INGRESS_RULE = Struct(
    "v1.NetworkPolicyIngressRule", {"ports": ListOf(NETWORK_POLICY_PORT), "from": ListOf(NETWORK_POLICY_PEER)}
)
EGRESS_RULE = Struct(
    "v1.NetworkPolicyEgressRule", {"ports": ListOf(NETWORK_POLICY_PORT), "to": ListOf(NETWORK_POLICY_PEER)}
)
NETWORK_POLICY_SPEC = Struct(
    "v1.NetworkPolicySpec",
    {
        "podSelector": LABEL_SELECTOR,
        "ingress": ListOf(INGRESS_RULE),
        "egress": ListOf(EGRESS_RULE),
        "policyTypes": ListOf(Scalar("string", alias="v1.PolicyType")),
    },
    always=("podSelector",),
)

ENV_VAR_SOURCE = Struct(
    "v1.EnvVarSource",
    {
        "fieldRef": _open("ObjectFieldSelector", _all(STRING, "fieldPath")),
        "resourceFieldRef": _open("ResourceFieldSelector", _all(STRING, "resource")),
        "configMapKeyRef": _open("ConfigMapKeySelector", _all(STRING, "name key")),
        "secretKeyRef": _open("SecretKeySelector", _all(STRING, "name key")),
        "fileKeyRef": _open("FileKeySelector", _all(STRING, "key")),
    },
)

_PROBE = _open(
    "Probe",
    {
        "exec": Struct("v1.ExecAction", {"command": STRINGS}),
        "httpGet": _open("HTTPGetAction", {"port": INT_OR_STRING}),
        "tcpSocket": _open("TCPSocketAction", {"port": INT_OR_STRING}),
        "grpc": _open("GRPCAction", {"port": INT32}),
    },
)

CONTAINER_PORT = Struct(
    "v1.ContainerPort", {**_all(INT32, "containerPort hostPort"), **_all(STRING, "name hostIP"), "protocol": PROTOCOL}
)
_CONTAINER_FIELDS: dict[str, Type] = {
    **_all(STRING, "name image workingDir imagePullPolicy terminationMessagePath terminationMessagePolicy"),
    "restartPolicy": STRING_POINTER,
    **_all(STRINGS, "command args"),
    "ports": ListOf(CONTAINER_PORT),
    "env": ListOf(_open("EnvVar", _all(STRING, "name"), {"value": STRING, "valueFrom": ENV_VAR_SOURCE})),
    "volumeMounts": ListOf(_open("VolumeMount", _all(STRING, "name mountPath"), {"readOnly": BOOL})),
    "resources": _open("ResourceRequirements", _all(MapOf(QUANTITY), "limits requests")),
    **_all(ANYS, "envFrom volumeDevices resizePolicy restartPolicyRules"),
    **_all(_PROBE, "livenessProbe readinessProbe startupProbe"),
    **_all(ANY, "lifecycle securityContext"),
    **_all(BOOL, "stdin stdinOnce tty"),
}
CONTAINER = Struct("v1.Container", _CONTAINER_FIELDS, always=("name", "resources"))
EPHEMERAL_CONTAINER = Struct("v1.EphemeralContainer", {**_CONTAINER_FIELDS, "targetContainerName": STRING})

POD_SPEC = Struct(
    "v1.PodSpec",
    {
        "containers": ListOf(CONTAINER),
        "initContainers": ListOf(CONTAINER),
        "ephemeralContainers": ListOf(EPHEMERAL_CONTAINER),
        **_all(
            STRING,
            "restartPolicy dnsPolicy serviceAccountName serviceAccount nodeName hostname subdomain schedulerName"
            " priorityClassName",
        ),
        **_all(STRING_POINTER, "runtimeClassName preemptionPolicy hostnameOverride"),
        **_all(BOOL, "hostNetwork hostPID hostIPC"),
        **_all(
            BOOL_POINTER,
            "automountServiceAccountToken shareProcessNamespace enableServiceLinks setHostnameAsFQDN hostUsers",
        ),
        **_all(INT64_POINTER, "terminationGracePeriodSeconds activeDeadlineSeconds"),
        "priority": INT32_POINTER,
        "nodeSelector": STRING_MAP,
        "volumes": ListOf(_open("Volume", _all(STRING, "name"))),
        "tolerations": ListOf(
            Struct("v1.Toleration", _all(STRING, "key operator value effect") | {"tolerationSeconds": INT64_POINTER})
        ),
        **_all(
            ANYS,
            "imagePullSecrets hostAliases readinessGates topologySpreadConstraints schedulingGates resourceClaims",
        ),
        **_all(ANY, "affinity securityContext dnsConfig overhead os resources workloadRef"),
    },
    always=("containers",),
)

_META: dict[str, Type] = {"apiVersion": STRING, "kind": STRING, "metadata": OBJECT_META}
POD_TEMPLATE = Struct("v1.PodTemplateSpec", {"metadata": OBJECT_META, "spec": POD_SPEC})

SERVICE_PORT = Struct(
    "v1.ServicePort",
    {
        "name": STRING,
        "protocol": PROTOCOL,
        "appProtocol": STRING_POINTER,
        **_all(INT32, "port nodePort"),
        "targetPort": INT_OR_STRING,
    },
)
SERVICE_SPEC = Struct(
    "v1.ServiceSpec",
    {
        "ports": ListOf(SERVICE_PORT),
        "selector": STRING_MAP,
        **_all(
            STRING,
            "clusterIP type sessionAffinity loadBalancerIP externalName externalTrafficPolicy",
        ),
        **_all(STRING_POINTER, "ipFamilyPolicy loadBalancerClass internalTrafficPolicy trafficDistribution"),
        **_all(STRINGS, "clusterIPs externalIPs loadBalancerSourceRanges ipFamilies"),
        "publishNotReadyAddresses": BOOL,
        "allocateLoadBalancerNodePorts": BOOL_POINTER,
        "healthCheckNodePort": INT32,
        "sessionAffinityConfig": ANY,
    },
)

DEPLOYMENT_SPEC = Struct(
    "v1.DeploymentSpec",
    {
        "selector": LABEL_SELECTOR,
        "template": POD_TEMPLATE,
        **_all(INT32_POINTER, "replicas revisionHistoryLimit progressDeadlineSeconds"),
        "minReadySeconds": INT32,
        "paused": BOOL,
        "strategy": _open(
            "DeploymentStrategy", _all(STRING, "type"), {"rollingUpdate": _open("RollingUpdateDeployment")}
        ),
    },
)
REPLICA_SET_SPEC = Struct(
    "v1.ReplicaSetSpec",
    {"selector": LABEL_SELECTOR, "template": POD_TEMPLATE, "replicas": INT32_POINTER, "minReadySeconds": INT32},
)
STATEFUL_SET_SPEC = Struct(
    "v1.StatefulSetSpec",
    {
        "selector": LABEL_SELECTOR,
        "template": POD_TEMPLATE,
        **_all(INT32_POINTER, "replicas revisionHistoryLimit"),
        "minReadySeconds": INT32,
        **_all(STRING, "serviceName podManagementPolicy"),
        "volumeClaimTemplates": ANYS,
        **_all(ANY, "updateStrategy persistentVolumeClaimRetentionPolicy ordinals"),
    },
)
DAEMON_SET_SPEC = Struct(
    "v1.DaemonSetSpec",
    {
        "selector": LABEL_SELECTOR,
        "template": POD_TEMPLATE,
        "revisionHistoryLimit": INT32_POINTER,
        "minReadySeconds": INT32,
        "updateStrategy": ANY,
    },
)
JOB_SPEC = Struct(
    "v1.JobSpec",
    {
        "selector": LABEL_SELECTOR,
        "template": POD_TEMPLATE,
        **_all(
            INT32_POINTER,
            "parallelism completions backoffLimit backoffLimitPerIndex maxFailedIndexes ttlSecondsAfterFinished",
        ),
        "activeDeadlineSeconds": INT64_POINTER,
        **_all(BOOL_POINTER, "manualSelector suspend"),
        **_all(STRING_POINTER, "completionMode podReplacementPolicy managedBy"),
        **_all(ANY, "podFailurePolicy successPolicy"),
    },
)
CRON_JOB_SPEC = Struct(
    "v1.CronJobSpec",
    {
        **_all(STRING, "schedule concurrencyPolicy"),
        "timeZone": STRING_POINTER,
        "startingDeadlineSeconds": INT64_POINTER,
        "suspend": BOOL_POINTER,
        "jobTemplate": Struct("v1.JobTemplateSpec", {"metadata": OBJECT_META, "spec": JOB_SPEC}),
        **_all(INT32_POINTER, "successfulJobsHistoryLimit failedJobsHistoryLimit"),
    },
)


_CONTAINER_STATUS = _open(
    "ContainerStatus",
    _all(STRING, "name image"),
    {"ready": BOOL, "restartCount": INT32},
    {
        "state": _open(
            "ContainerState",
            {
                "running": _open("ContainerStateRunning", _all(STRING, "startedAt")),
                "terminated": _open("ContainerStateTerminated", _all(STRING, "reason startedAt finishedAt")),
                "waiting": _open("ContainerStateWaiting", _all(STRING, "reason")),
            },
        )
    },
)
_STATUS: dict[str, Mapping[str, Type]] = {
    "Namespace": _all(STRING, "phase"),
    "Node": {
        "addresses": ListOf(_open("NodeAddress", _all(STRING, "type address"))),
        "conditions": ListOf(_open("NodeCondition", _all(STRING, "type status"))),
        "nodeInfo": _open(
            "NodeSystemInfo", _all(STRING, "kubeletVersion osImage kernelVersion containerRuntimeVersion")
        ),
    },
    "Service": {
        "loadBalancer": _open(
            "LoadBalancerStatus", {"ingress": ListOf(_open("LoadBalancerIngress", _all(STRING, "ip hostname")))}
        )
    },
    "Pod": {
        **_all(STRING, "phase podIP hostIP startTime reason message"),
        "podIPs": ListOf(_open("PodIP", _all(STRING, "ip"))),
        "conditions": ListOf(_open("PodCondition", _all(STRING, "type status"))),
        **_all(ListOf(_CONTAINER_STATUS), "containerStatuses initContainerStatuses ephemeralContainerStatuses"),
    },
}


def _kind(name: str, spec: Type) -> Struct:
    """A top-level kind: most of its status is the server's business."""
    if name == "NetworkPolicy":  # its status was never put to use, and is gone since 1.28
        return Struct(f"v1.{name}", _META | {"spec": spec})
    status = Struct(f"v1.{name}Status", _STATUS.get(name, {}), open_ended=True)
    return Struct(f"v1.{name}", _META | {"spec": spec, "status": status})


_NODE_SPEC = Struct("v1.NodeSpec", {"podCIDR": STRING, "podCIDRs": STRINGS}, open_ended=True)

KINDS: Mapping[tuple[str, str], Struct] = {
    ("v1", "Namespace"): _kind("Namespace", Struct("v1.NamespaceSpec", {"finalizers": STRINGS})),
    ("v1", "Pod"): _kind("Pod", POD_SPEC),
    ("v1", "Service"): _kind("Service", SERVICE_SPEC),
    ("v1", "Node"): _kind("Node", _NODE_SPEC),
    ("networking.k8s.io/v1", "NetworkPolicy"): _kind("NetworkPolicy", NETWORK_POLICY_SPEC),
    ("apps/v1", "Deployment"): _kind("Deployment", DEPLOYMENT_SPEC),
    ("apps/v1", "ReplicaSet"): _kind("ReplicaSet", REPLICA_SET_SPEC),
    ("apps/v1", "StatefulSet"): _kind("StatefulSet", STATEFUL_SET_SPEC),
    ("apps/v1", "DaemonSet"): _kind("DaemonSet", DAEMON_SET_SPEC),
    ("batch/v1", "Job"): _kind("Job", JOB_SPEC),
    ("batch/v1", "CronJob"): _kind("CronJob", CRON_JOB_SPEC),
}
"""The kinds that are decoded strictly, by (apiVersion, kind)."""

_TARGET = _open("ObjectReference", _all(STRING, "kind namespace name"))
_ENDPOINT_PORT = _open("EndpointPort", _all(STRING, "name"), {"port": INT32, "protocol": PROTOCOL})
_ENDPOINT_ADDRESS = _open("EndpointAddress", _all(STRING, "ip hostname nodeName"), {"targetRef": _TARGET})
_ENDPOINT = _open(
    "Endpoint",
    {"addresses": STRINGS, "conditions": _open("EndpointConditions"), "targetRef": _TARGET},
    _all(STRING, "hostname nodeName zone"),
)

STORED: Mapping[tuple[str, str], Struct] = {
    ("v1", "Endpoints"): Struct(
        "v1.Endpoints",
        _META
        | {
            "subsets": ListOf(
                _open(
                    "EndpointSubset",
                    _all(ListOf(_ENDPOINT_ADDRESS), "addresses notReadyAddresses"),
                    {"ports": ListOf(_ENDPOINT_PORT)},
                )
            )
        },
    ),
    ("discovery.k8s.io/v1", "EndpointSlice"): Struct(
        "v1.EndpointSlice",
        _META | {"addressType": STRING, "endpoints": ListOf(_ENDPOINT), "ports": ListOf(_ENDPOINT_PORT)},
    ),
    ("v1", "ConfigMap"): Struct(
        "v1.ConfigMap", _META | _all(STRING_MAP, "data binaryData") | {"immutable": BOOL_POINTER}
    ),
    ("v1", "Secret"): Struct(
        "v1.Secret", _META | _all(STRING_MAP, "data stringData") | {"type": STRING, "immutable": BOOL_POINTER}
    ),
}
"""Kinds that are decoded strictly and only stored."""

OTHER = Struct("unstructured.Unstructured", _META)
"""Any other kind: only what every object has is looked at."""
