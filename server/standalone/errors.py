"""Why the standalone servers refuse to start, each with a stable code and a text that says what to do."""


class StandaloneRefused(Exception):
    """The servers cannot be started as asked; the text is meant for the person at the terminal."""

    code = "standalone_refused"


class ProgramMissing(StandaloneRefused):
    """A server program is neither on PATH nor inside an installed wheel."""

    code = "program_missing"


class PortTaken(StandaloneRefused):
    """Another program listens on the port asked for."""

    code = "port_taken"


class DataInUse(StandaloneRefused):
    """Another running smartcloud uses the same data folder."""

    code = "data_in_use"


class ServerFailed(StandaloneRefused):
    """A server ended, or did not answer in time, while it was started."""

    code = "server_failed"
