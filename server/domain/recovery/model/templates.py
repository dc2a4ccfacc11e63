"""短信模板 (message_template): what a text message about arrears says, by its kind."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from server.kernel.table import index, table


class MessageKind(StrEnum):
    """催缴 · 逾期 · 限制: which message it is, by how the case stands when it is sent."""

    REMINDER = "reminder"
    OVERDUE = "overdue"
    RESTRICTED = "restricted"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageTemplate:
    """A template that the provider has approved for an operator; its id is `{operator}:{kind}`.

    `code` names it at the provider; `text` is what it says there, with `${name}` for each variable.
    Both are empty where the operator has gone back to the platform's own.
    """

    id: str
    v: int = 0
    organization_id: str
    kind: MessageKind
    code: str
    text: str
    changed_by: str
    changed_at: datetime


MESSAGE_TEMPLATES = table(MessageTemplate, "message_templates", index("organization_id"))
