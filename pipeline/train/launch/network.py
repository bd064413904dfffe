"""Which of a host's addresses its workers talk over."""

import os
import socket
from collections.abc import Collection
from contextlib import suppress
from ipaddress import ip_address

import psutil

from pipeline.errors import ConfigurationError


def address_of(host: str) -> str:
    """Look a host up.

    Raises
    ------
    ConfigurationError
        If it is not known here.
    """
    try:
        return str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])
    except OSError as error:
        raise ConfigurationError(
            f"no address is known here of host {host}: {error}", hint="--hosts takes addresses as well as names"
        ) from error


def talk_over(host: str, hosts: Collection[str]) -> None:
    """Have torch talk over the interface by which the others know this host, unless the environment names one already.

    Parameters
    ----------
    host
        What the others know it by.
    hosts
        All of them, this one too.

    Raises
    ------
    ConfigurationError
        If that is no address of this machine, or one that no other machine reaches.
    """
    if "GLOO_SOCKET_IFNAME" in os.environ:
        return
    address = address_of(host)
    own = {found.address: name for name, addresses in psutil.net_if_addrs().items() for found in addresses}
    if address not in own or (_is_loopback(address) and not all(_is_loopback(other) for other in _known(hosts))):
        there = ", ".join(f"{its} ({name})" for its, name in own.items() if _is_reached(its)) or "none"
        called = host if host == address else f"{host} ({address})"
        raise ConfigurationError(
            f"{called} is no address of this machine that others reach; it has {there}",
            hint="this line is for another host; or name the hosts by addresses, --hosts 10.0.0.1,10.0.0.2",
        )
    os.environ["GLOO_SOCKET_IFNAME"] = own[address]
    os.environ.setdefault("NCCL_SOCKET_IFNAME", f"={own[address]}")  # the equals sign: that one, none whose name begins so


def _known(hosts: Collection[str]) -> list[str]:
    """Addresses of those that are known here."""
    found = []
    for host in hosts:
        with suppress(ConfigurationError):
            found.append(address_of(host))
    return found


def _is_reached(address: str) -> bool:
    """Whether others reach it: network cards also have addresses of their own."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return not (found.is_loopback or found.is_link_local)


def _is_loopback(address: str) -> bool:
    return ip_address(address).is_loopback
