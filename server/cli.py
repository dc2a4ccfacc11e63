"""The command `smartcloud`: everything on one machine, or one process of the platform."""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from server.cli_operations import declare_operations
from server.config import Config, ConfigRefused, render_config_keys
from server.fleet import Fleet
from server.kernel.errors import DomainError
from server.logs import set_up_logs
from server.standalone import StandaloneRefused
from server.standalone.doctor import examine, show_findings
from server.standalone.ports import require_free
from server.standalone.up import City

# sysexits(3): wrong configuration; and what a shell reports for Ctrl-C.
EXIT_REFUSED = 78
EXIT_FAILED = 1
EXIT_INTERRUPTED = 130
OPTIONS = {"data_dir": "SMARTCLOUD_DATA_DIR", "http_port": "SMARTCLOUD_HTTP_PORT"}
REALTIME_OPTIONS = {
    "--config": "JSON file in the shape of Centrifugo's configuration",
    "--port": "port instead of http_server.port (8000)",
    "--address": "address instead of http_server.address (all)",
    "--redis": "URL of a Redis, instead of engine.type and engine.redis.address",
}


@dataclass(frozen=True)
class Call:
    """A command as it was typed: its options, and what is left over for another program."""

    options: argparse.Namespace
    rest: list[str]

    def config(self) -> Config:
        """Read the configuration; options first become variables, so children are told the same."""
        for option, variable in OPTIONS.items():
            value = getattr(self.options, option, None)
            if value:
                os.environ[variable] = value
        return Config.from_environment(os.environ)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    parser = make_parser()
    options, rest = parser.parse_known_args(argv)
    if rest and not options.takes_more:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    try:
        run: Callable[[Call], int | None] = options.run
        return run(Call(options=options, rest=rest)) or 0
    except (ConfigRefused, StandaloneRefused) as refusal:
        Console(stderr=True).print(Text(str(refusal), style="red"), soft_wrap=True)
        return EXIT_REFUSED
    except DomainError as refusal:
        Console(stderr=True).print(Text(str(refusal), style="red"), soft_wrap=True)
        return EXIT_FAILED
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def make_parser() -> argparse.ArgumentParser:
    """Declare all commands and their options."""
    parser = argparse.ArgumentParser(
        prog="smartcloud",
        description="City-level smart parking. Variables: `smartcloud config`.",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")

    def add(
        name: str, run: Callable[[Call], int | None], text: str, *, takes_more: bool = False
    ) -> argparse.ArgumentParser:
        # A command that takes more also explains itself: --help goes on to it.
        command = commands.add_parser(
            name, help=text, description=text, allow_abbrev=False, add_help=not takes_more
        )
        command.set_defaults(run=run, takes_more=takes_more)
        return command

    up = add("up", run_up, "start everything on this machine and keep it running")
    up.add_argument("--data-dir", help="folder for data, logs and secrets (default .data)")
    up.add_argument("--http-port", help="port of the web server (default 8800)")
    up.add_argument(
        "--simulate",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="let a simulated city park (default)",
    )
    serve = add("serve", run_serve, "answer HTTP and websockets")
    serve.add_argument(
        "--processes",
        type=_some,
        default=1,
        help="so many on one port (default 1); SIGHUP restarts them one by one",
    )
    add("ingest", run_ingest, "take readings from the MQTT broker")
    add("worker", run_worker, "forward facts and do what is due")
    add("simulate", run_simulate, "a city of devices over real MQTT", takes_more=True)
    drivers = add("drivers", run_drivers, "let the simulated city's drivers pay at the doubles")
    drivers.add_argument("--seed", type=int, default=1, help="who pays when, and by what")
    realtime = add("realtime", run_realtime, "the websocket hub alone, without the platform")
    for option, meaning in REALTIME_OPTIONS.items():
        realtime.add_argument(option, help=meaning)
    doctor = add("doctor", run_doctor, "say what is found, what is missing and what to do")
    doctor.add_argument("--data-dir", help="folder to look at (default .data)")
    double = add("provider-double", run_double, "stand in for an outside provider")
    double.add_argument("provider", choices=["sms", "wechat", "alipay"])
    declare_operations(add)
    add("config", run_config, "print all environment variables as a Markdown table")
    return parser


def run_up(call: Call) -> None:
    """Run the whole platform until it is interrupted."""
    config = call.config()
    set_up_logs(config, process="up")
    city = City(config, os.environ, console=Console(highlight=False))
    asyncio.run(city.run(simulate=[] if call.options.simulate else None))


def run_serve(call: Call) -> None:
    """Run the HTTP and websocket server until it is ended."""
    config = call.config()
    set_up_logs(config, process="serve")
    if call.options.processes > 1:
        asyncio.run(
            Fleet([sys.executable, "-m", "server.cli", "serve"], call.options.processes).run()
        )
        return
    from server.main import run_serve as serve

    asyncio.run(serve(config))


def run_ingest(call: Call) -> None:
    """Run the MQTT gateway until it is ended."""
    from server.main import run_ingest as ingest

    config = call.config()
    set_up_logs(config, process="ingest")
    asyncio.run(ingest(config))


def run_worker(call: Call) -> None:
    """Run the relay and the jobs until they are ended."""
    from server.main import run_worker as work

    config = call.config()
    set_up_logs(config, process="worker")
    asyncio.run(work(config))


def run_simulate(call: Call) -> None:
    """Run the simulator with the options that are its own."""
    from devices.simulator import main as simulate

    config = call.config()
    set_up_logs(config, process="simulate")
    simulate(call.rest, config)


def run_realtime(call: Call) -> None:
    """Run a hub by its own configuration, of which the platform's variables are no part."""
    from realtime.alone import CannotListen, run
    from realtime.settings import SettingsRefused, read_settings

    options = call.options
    set_up_logs(Config(), process="realtime")
    # What is typed is as good as a variable, and is read and refused as one.
    typed = {"HTTP_SERVER_PORT": options.port, "HTTP_SERVER_ADDRESS": options.address}
    if options.redis:
        typed |= {"ENGINE_TYPE": "redis", "ENGINE_REDIS_ADDRESS": options.redis}
    given = {f"CENTRIFUGO_{name}": value for name, value in typed.items() if value}
    try:
        path = Path(options.config) if options.config else None
        settings = read_settings(path, os.environ | given)
    except SettingsRefused as refusal:
        raise ConfigRefused(str(refusal)) from refusal
    try:
        asyncio.run(run(settings))
    except CannotListen as refusal:
        raise ConfigRefused(str(refusal)) from refusal


def run_double(call: Call) -> None:
    """Run one double until it is ended."""
    from server.doubles.alipay import AlipayDouble
    from server.doubles.sms import SmsDouble
    from server.doubles.wechat import WeChatDouble

    config = call.config()
    name = call.options.provider
    if config.mode != "demo":
        raise ConfigRefused(f"The {name} double is for demos and tests, never for production.")
    set_up_logs(config, process=name)
    port = {"sms": config.sms_port, "wechat": config.wechat_port, "alipay": config.alipay_port}
    require_free(port[name], label=f"the {name} double", variable=f"SMARTCLOUD_{name.upper()}_PORT")
    doubles: dict[str, Any] = {"sms": SmsDouble, "wechat": WeChatDouble, "alipay": AlipayDouble}
    asyncio.run(doubles[name].from_config(config).run(port=port[name]))


def run_drivers(call: Call) -> None:
    """Let simulated drivers pay until it is ended."""
    from server.main import run_drivers as drive

    config = call.config()
    own = {f"http://127.0.0.1:{port}" for port in (config.wechat_port, config.alipay_port)}
    named = {url.removesuffix("/gateway.do") for url in (config.wechat_url, config.alipay_url)}
    if config.mode != "demo" or named != own:
        raise ConfigRefused("Simulated drivers pay at the doubles of a demo, and nowhere else.")
    set_up_logs(config, process="drivers")
    asyncio.run(drive(config, seed=call.options.seed))


def run_doctor(call: Call) -> int:
    """Look at this machine; 1 when something is missing that is needed."""
    findings = examine(call.config(), os.environ)
    Console().print(show_findings(findings))
    return int(any(finding.state == "missing" for finding in findings))


def run_config(_: Call) -> None:
    """Print the table of all variables; it needs no valid configuration."""
    print(render_config_keys(), end="")


def _some(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


if __name__ == "__main__":
    sys.exit(main())
