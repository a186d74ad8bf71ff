"""Which addresses are on the open internet, and so nobody's inside."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

# What `ipaddress` calls global on some of the Pythons that we run on, and what leads elsewhere.
_NOT_PUBLIC_4 = [
    ip_network("192.0.0.0/24"),  # Protocol assignments.
    ip_network("192.88.99.0/24"),  # Relays of 6to4.
]
# Of IPv6, only this is handed out as global unicast. It leaves out mapped and compatible IPv4
# addresses, both prefixes of NAT64, site-local, link-local, private, and multicast ones.
_UNICAST_6 = ip_network("2000::/3")
_NOT_PUBLIC_6 = [
    ip_network("2001::/23"),  # Protocol assignments; Teredo, which holds an IPv4 address.
    ip_network("2001:db8::/32"),  # Documentation.
    ip_network("2002::/16"),  # 6to4, which holds an IPv4 address.
    ip_network("3fff::/20"),  # Documentation.
]


def is_public(address: str) -> bool:
    """Whether it is one machine on the open internet, and holds no address of another one."""
    parsed = ip_address(address)
    if isinstance(parsed, IPv4Address):
        return _is_public_4(parsed)
    return _is_public_6(parsed)


def _is_public_4(address: IPv4Address) -> bool:
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return not any(address in network for network in _NOT_PUBLIC_4)


def _is_public_6(address: IPv6Address) -> bool:
    if not address.is_global or address.scope_id or address not in _UNICAST_6:
        return False
    return not any(address in network for network in _NOT_PUBLIC_6)
