"""Rules for names, labels, ports and addresses, with the API server's words for each breach.

Source: ``apimachinery/pkg/util/validation`` of Kubernetes 1.36. Every function returns the messages
for one value; an empty tuple means the value is fine.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Interface, IPv6Network, ip_address, ip_interface

from netpol_lab.model.objects import IPNetwork

Messages = tuple[str, ...]
NameRule = Callable[[str], Messages]

QUALIFIED_NAME = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
QUALIFIED_NAME_WORDS = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
)
LABEL_VALUE = f"({QUALIFIED_NAME})?"
LABEL_VALUE_WORDS = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.',"
    " and must start and end with an alphanumeric character"
)
DNS_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
DNS_LABEL_WORDS = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-',"
    " and must start and end with an alphanumeric character"
)
DNS_SUBDOMAIN = rf"{DNS_LABEL}(\.{DNS_LABEL})*"
DNS_SUBDOMAIN_WORDS = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.',"
    " and must start and end with an alphanumeric character"
)
PREFIX_WORDS = " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
NOT_A_CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
LEADING_ZEROS = "must not have leading 0s in IP or prefix length"
IPV4_IN_IPV6 = "must not have an IPv4-mapped IPv6 address"
HOST_BITS = "must not have bits set beyond the prefix length"
NOT_A_PORT = "must be between 1 and 65535, inclusive"


def _regex(words: str, pattern: str, *examples: str) -> str:
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{words} (e.g. {shown}regex used for validation is '{pattern}')"


def _at_most(value: str, length: int) -> Messages:
    """Go counts bytes."""
    return (f"must be no more than {length} characters",) if len(value.encode()) > length else ()


@lru_cache(maxsize=8192)
def label_value(value: str) -> Messages:
    """At most 63 characters; empty is fine.

    >>> label_value("web"), label_value("")
    ((), ())
    >>> label_value("-web")[0][:34]
    'a valid label must be an empty str'
    """
    messages = _at_most(value, 63)
    if not re.fullmatch(LABEL_VALUE, value):
        messages += (_regex(LABEL_VALUE_WORDS, LABEL_VALUE, "MyValue", "my_value", "12345"),)
    return messages


@lru_cache(maxsize=8192)
def qualified_name(value: str) -> Messages:
    """A label key: a name of at most 63 characters, with an optional DNS prefix before a slash."""
    words = _regex(QUALIFIED_NAME_WORDS, QUALIFIED_NAME, "MyName", "my.name", "123-abc")
    prefix, slash, name = value.rpartition("/")
    if "/" in prefix:
        return (f"a qualified name {words}{PREFIX_WORDS}",)
    messages: Messages = ()
    if slash and not prefix:
        messages += ("prefix part must be non-empty",)
    elif slash:
        messages += tuple(f"prefix part {message}" for message in dns_subdomain(prefix))
    if not name:
        messages += ("name part must be non-empty",)
    messages += tuple(f"name part {message}" for message in _at_most(name, 63))
    if not re.fullmatch(QUALIFIED_NAME, name):
        messages += (f"name part {words}",)
    return messages


@lru_cache(maxsize=8192)
def dns_subdomain(value: str) -> Messages:
    """The name of a Pod, a Deployment, a NetworkPolicy: lower case, at most 253 characters."""
    messages = _at_most(value, 253)
    if not re.fullmatch(DNS_SUBDOMAIN, value):
        messages += (_regex(DNS_SUBDOMAIN_WORDS, DNS_SUBDOMAIN, "example.com"),)
    return messages


@lru_cache(maxsize=8192)
def dns_label(value: str) -> Messages:
    """The name of a Namespace, a Service or a container: lower case, no dots, at most 63 characters."""
    messages = _at_most(value, 63)
    if not re.fullmatch(DNS_LABEL, value):
        if re.fullmatch(DNS_SUBDOMAIN, value):
            return (*messages, "must not contain dots")
        messages += (_regex(DNS_LABEL_WORDS, DNS_LABEL, "my-name", "123-abc"),)
    return messages


@lru_cache(maxsize=1024)
def port_name(value: str) -> Messages:
    """An IANA service name: at most 15 of ``a-z 0-9 -``, with at least one letter."""
    messages = _at_most(value, 15)
    if not re.fullmatch("[-a-z0-9]+", value):
        messages += ("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",)
    if not re.search("[a-z]", value):
        messages += ("must contain at least one letter (a-z)",)
    if "--" in value:
        messages += ("must not contain consecutive hyphens",)
    if value.startswith("-") or value.endswith("-"):
        messages += ("must not begin or end with a hyphen",)
    return messages


def port_number(value: int) -> Messages:
    """1 to 65535."""
    return () if 1 <= value <= 65535 else (NOT_A_PORT,)


@lru_cache(maxsize=8192)
def network(cidr: str) -> IPNetwork | None:
    """The network of a CIDR text, host bits dropped; None when it is none.

    What older API servers accepted is read as they read it: leading zeros (``010.0.0.0/08``) as decimal, host bits,
    and IPv4-mapped IPv6. :func:`cidr` refuses those.

    >>> network("10.0.0.5/8"), network("10.0.0.5"), network("10.0.0.0/33")
    (IPv4Network('10.0.0.0/8'), None, None)
    """
    address, slash, prefix = cidr.partition("/")
    if not slash or not re.fullmatch("[0-9]{1,5}", prefix) or "%" in address:
        return None
    if "." in address:
        address = re.sub(r"(?<![0-9a-fA-F:])0+(?=[0-9])", "", address)
    try:
        whole = ip_interface(f"{address}/{int(prefix)}").network
    except ValueError:
        return None
    return _unmapped(whole)


def cidr(text: str) -> Messages:
    """A CIDR as an object that is new may have it; older ones keep what :func:`network` understands.

    >>> cidr("10.0.0.0/8"), cidr("10.0.0.5/8")
    ((), ('must not have bits set beyond the prefix length',))
    """
    if network(text) is None:
        return (NOT_A_CIDR,)
    prefix = text.partition("/")[2]
    try:
        whole = ip_interface(text)
    except ValueError:
        return (LEADING_ZEROS,)
    if prefix != str(int(prefix)):
        return (LEADING_ZEROS,)
    mapped = isinstance(whole, IPv6Interface) and whole.ip.ipv4_mapped is not None
    beyond = whole.ip != whole.network.network_address
    return (*([IPV4_IN_IPV6] if mapped else []), *([HOST_BITS] if beyond else []))


def _unmapped(whole: IPv4Network | IPv6Network) -> IPNetwork:
    """Go treats ``::ffff:10.0.0.0/104`` as the IPv4 network 10.0.0.0/8."""
    if isinstance(whole, IPv6Network) and whole.prefixlen >= 96 and whole.network_address.ipv4_mapped:
        return IPv4Network((whole.network_address.ipv4_mapped, whole.prefixlen - 96))
    return whole


def address(text: str) -> IPv4Address | IPv6Address | None:
    """An IP address, or None."""
    try:
        return ip_address(text) if "/" not in text and "%" not in text else None
    except ValueError:
        return None


_GO_ESCAPES = {"\\": "\\\\", '"': '\\"', "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r"}
_GO_ESCAPES |= {"\t": "\\t", "\v": "\\v"}


def quoted(value: str) -> str:
    """A text as Go's ``%q`` prints it.

    >>> print(quoted('a"b'), quoted("tab\\t"))
    "a\\"b" "tab\\t"
    """
    return '"' + "".join(_GO_ESCAPES.get(letter) or _visible(letter) for letter in value) + '"'


def _visible(letter: str) -> str:
    if letter.isprintable():
        return letter
    code = ord(letter)
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
