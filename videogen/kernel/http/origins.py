"""Where a URL leads: its origin, in one spelling."""

import httpx

_DEFAULT_PORTS = {"http": 80, "https": 443}


def origin_of(url: str | httpx.URL) -> str:
    """Its scheme, host, and port where that is not the usual one: `https://example.org`.

    Raises `ValueError` for what is no http or https URL with a host. It does not quote the URL.
    """
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        raise ValueError("It is not a URL.") from None
    if parsed.scheme not in _DEFAULT_PORTS:
        raise ValueError("It is not an http or https URL.")
    if not parsed.raw_host or not 0 < port_of(parsed) < 2**16:
        raise ValueError("It names no host, or no possible port.")
    host = parsed.raw_host.decode("ascii")
    host = f"[{host}]" if ":" in host else host
    port = port_of(parsed)
    return f"{parsed.scheme}://{host}" + ("" if port == _DEFAULT_PORTS[parsed.scheme] else f":{port}")


def port_of(url: httpx.URL) -> int:
    """The port of an http or https URL, named or not."""
    return _DEFAULT_PORTS[url.scheme] if url.port is None else url.port
