"""Sets up structured logs: fixed texts with fields, people and secrets masked in every one of them."""

import logging
import re
import sys
from collections.abc import Collection, Mapping
from typing import Any

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from server.config import CONFIG_KEYS, Config

HIDDEN = "***"
_PHONE = re.compile(r"(?<!\d)((?:\+?86[- ]?)?1[3-9]\d)\d{4}(\d{4})(?!\d)")
# Province, letter, an optional dot, then 5 characters (blue) or 6 (green); the last may be a word.
_PLATE = re.compile(
    r"([京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使][A-Z])[·.\- ]?"
    r"([A-Z0-9]{2,3})([A-Z0-9]{2}[A-Z0-9挂学警港澳领])(?![A-Z0-9])"
)
_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*")
_URL_PASSWORD = re.compile(r"(://[^/\s:@]*):[^/\s@]+@")
# Fields that are secret whatever they hold. `code` is not among them: errors have codes too.
_SECRET_FIELD = re.compile(
    r"password|secret|token|authorization|cookie|api_?key|login_code|template_?param", re.IGNORECASE
)


def set_up_logs(config: Config, *, process: str) -> None:
    """Send every log of this process to standard output, as text or as one JSON object a line."""
    mask = Mask(_secrets_of(config))
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        _time_stamper(config),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_formatter(config, before, mask, process))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    # One line for each request would drown the facts; /metrics counts requests.
    logging.getLogger("tornado.access").setLevel(logging.WARNING)


class Mask:
    """Masks phones and plates and drops secrets anywhere in an event, however deep."""

    def __init__(self, secrets: Collection[str]) -> None:
        # The longest first: one secret may be the beginning of another.
        self._secrets = sorted((secret for secret in secrets if secret), key=len, reverse=True)

    def __call__(self, _: WrappedLogger, __: str, event: EventDict) -> EventDict:
        """Mask one event; a structlog processor."""
        # `_record` and `_from_structlog` belong to structlog's formatter and are never printed.
        return {
            name: value if name.startswith("_") else self._field(name, value)
            for name, value in event.items()
        }

    def text(self, text: str) -> str:
        """Mask one text."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        text = _TOKEN.sub(HIDDEN, text)
        text = _URL_PASSWORD.sub(rf"\1:{HIDDEN}@", text)
        text = _PHONE.sub(r"\1****\2", text)
        return _PLATE.sub(lambda found: f"{found[1]}·**{found[3]}", text)

    def _field(self, name: str, value: Any) -> Any:
        if isinstance(name, str) and _SECRET_FIELD.search(name):
            return HIDDEN
        # A number is left a number, unless it is one by which a person can be called.
        if isinstance(value, int) and "phone" in str(name):
            value = str(value)
        return self._value(value)

    def _value(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self._key(name): self._field(name, inner) for name, inner in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._value(inner) for inner in value]
        return self.text(
            value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
        )

    def _key(self, name: Any) -> str:
        return self.text(str(name))


def _time_stamper(config: Config) -> Processor:
    if config.log == "json":
        return structlog.processors.TimeStamper(fmt="iso", utc=True)
    # A person at the terminal compares with the clock on the wall.
    return structlog.processors.TimeStamper(fmt="%H:%M:%S.%f", utc=False)


def _formatter(
    config: Config, before: list[Processor], mask: Mask, process: str
) -> structlog.stdlib.ProcessorFormatter:
    def name_process(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event["process"] = process
        return event

    last: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if config.log == "json":
        last += [name_process, structlog.processors.JSONRenderer(ensure_ascii=False)]
    else:
        last.append(structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), pad_event_to=36))
    return structlog.stdlib.ProcessorFormatter(
        # Records of libraries, and our own with `extra=`, pass the same way.
        foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *before],
        processors=[mask, *last],
    )


def _secrets_of(config: Config) -> list[str]:
    names = {entry.variable: entry.secret for entry in CONFIG_KEYS}
    return [
        str(getattr(config, variable.removeprefix("SMARTCLOUD_").lower()))
        for variable, secret in names.items()
        if secret
    ]
