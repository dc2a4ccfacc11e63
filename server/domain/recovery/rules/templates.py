"""Which template a message is sent by, and what it may and must say. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from server.domain.recovery.model import RecoveryState
from server.domain.recovery.model.templates import MessageKind, MessageTemplate
from server.kernel.errors import Invalid, NotFound


@dataclass(frozen=True, slots=True)
class Variable:
    """A word that a text may have: what it stands for, whether it must be there, and an example."""

    label: str
    needed: bool
    example: str


# Who is reminded must know for which car, how much, and how to pay.
TEMPLATE_VARIABLES: Mapping[str, Variable] = {
    "plate": Variable("车牌（隐去中间几位）", True, "粤B·**345"),
    "count": Variable("笔数", False, "3"),
    "amount": Variable("金额", True, "¥45"),
    "link": Variable("缴费链接（/d/ 之后）", True, "0k3f9a2b.68d1"),
    "operator": Variable("运营商名称", False, "鹏城停车"),
}
# What the template of the configuration is given, whose text nobody here knows.
DEFAULT = ("plate", "count", "amount", "link")
_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_KINDS: Mapping[RecoveryState, MessageKind] = {
    RecoveryState.OVERDUE: MessageKind.OVERDUE,
    RecoveryState.RESTRICTED: MessageKind.RESTRICTED,
}


def kind_for(state: RecoveryState) -> MessageKind:
    """Choose the kind of message by how a case stands."""
    return _KINDS.get(state, MessageKind.REMINDER)


def read_kind(name: str) -> MessageKind:
    """Read the name of a kind; refuses with `message_kind_unknown`."""
    if name not in set(MessageKind):
        raise NotFound("message_kind_unknown", "没有这种短信", kind=name)
    return MessageKind(name)


def variables_in(text: str) -> list[str]:
    """List the variables that a text names, each once."""
    return list(dict.fromkeys(_VARIABLE.findall(text)))


def check_text(text: str) -> str:
    """Give a text that may be sent.

    Refuses with `template_variable_unknown` what nobody would fill in, with
    `template_variable_missing` what does not say for which car, how much or how to pay, and with
    `template_malformed` what looks like a variable and is none.
    """
    named = variables_in(text)
    if "$" in _VARIABLE.sub("", text):
        raise Invalid(
            "template_malformed", "变量格式不正确，应为 ${变量名}", text=["变量格式不正确"]
        )
    if unknown := [name for name in named if name not in TEMPLATE_VARIABLES]:
        said = "、".join(unknown)
        raise Invalid("template_variable_unknown", f"没有这个变量：{said}", variables=unknown)
    needed = (name for name, one in TEMPLATE_VARIABLES.items() if one.needed)
    if missing := [name for name in needed if name not in named]:
        said = "、".join(missing)
        raise Invalid("template_variable_missing", f"缺少变量：{said}", variables=missing)
    return text


def example_of(text: str) -> str:
    """Show what a phone would read."""
    return _VARIABLE.sub(lambda found: TEMPLATE_VARIABLES[found[1]].example, text)


def chosen(template: MessageTemplate | None, default: str) -> tuple[str, tuple[str, ...]] | None:
    """Give the provider's code of a template and the variables that it takes; none if there is none."""
    if template is not None and template.code:
        return template.code, tuple(variables_in(template.text))
    return (default, DEFAULT) if default else None
