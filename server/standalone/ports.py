"""Looks at TCP ports of this machine before a server is started on them."""

import socket

from server.standalone.errors import PortTaken

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """Find a port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Tell whether a server could listen on the port now."""
    with socket.socket() as probe:
        # As servers do: a connection of the previous run in TIME_WAIT is no hindrance.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def require_free(port: int, *, label: str, variable: str, host: str = LOOPBACK) -> None:
    """Refuse with PortTaken, naming the port and the variable that changes it, when it is taken."""
    if not is_free(port, host):
        raise PortTaken(
            f"Port {port} for {label} is taken by another program. "
            f"Stop that program, or choose another port with {variable}."
        )
