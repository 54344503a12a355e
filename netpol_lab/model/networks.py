"""The addresses and ports of the simulated cluster that are fixed, and the namespace of its own pods."""

from __future__ import annotations

from ipaddress import IPv4Network

SERVICE_NETWORK = IPv4Network("10.96.0.0/16")
POD_NETWORK = IPv4Network("10.244.0.0/16")
WITHOUT_NODES = list(POD_NETWORK.subnets())[1]
"""Where pods get their addresses when their node has no range of its own, or there are no nodes."""
NODE_NETWORK = IPv4Network("172.18.0.0/16")
NETWORKS = (POD_NETWORK, SERVICE_NETWORK, NODE_NETWORK)
"""The addresses inside the cluster; all others are outside."""

DNS_ADDRESS = SERVICE_NETWORK[10]
"""Where pods look for the cluster's DNS when no Service of it is known."""

DNS_PORT = 53

NODE_PORTS = range(30000, 32768)

SYSTEM_NAMESPACE = "kube-system"
"""Where the pods of the cluster itself run."""

API_SERVER_PORT = 6443
KUBELET_PORT = 10250
