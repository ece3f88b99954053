"""What a name resolves to, and which network addresses belong to the open internet.

Source: IANA's registries of special-purpose IPv4 and IPv6 addresses (RFC 6890 and its updates), read here as a table so that
the answer does not change with the interpreter's version. For IPv6 only 2000::/3 is handed out for the open internet, which
leaves out loopback, link-local, unique local, mapped, NAT64 and multicast addresses at one stroke.
"""

import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

_RESERVED_IPV4 = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # behind a carrier's NAT
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, where clouds keep their metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_OPEN_IPV6 = IPv6Network("2000::/3")
_RESERVED_IPV6 = tuple(
    IPv6Network(block)
    for block in (
        "2001::/23",  # protocol assignments, with Teredo
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which hides an IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)


def addresses_of(host: str, port: int) -> list[Address]:
    """What the resolver says, in its order and each once. Raises OSError when there is no such name."""
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError("this cannot be a host's name") from error
    # A link-local address comes with its zone: fe80::1%eth0.
    return list(dict.fromkeys(ip_address(str(row[4][0]).partition("%")[0]) for row in rows))


def is_public(address: Address) -> bool:
    """Whether `address` is one of the open internet."""
    if isinstance(address, IPv4Address):
        return not any(address in block for block in _RESERVED_IPV4)
    return address in _OPEN_IPV6 and not any(address in block for block in _RESERVED_IPV6)
