"""Use cases of message templates: an operator says which of the provider's templates it uses."""

from server.domain.recovery.model.templates import MessageKind, MessageTemplate
from server.domain.recovery.rules.templates import check_text
from server.kernel.errors import NotFound, Refused
from server.kernel.nouns import replace
from server.kernel.work import Work


async def set_template(
    work: Work, *, kind: MessageKind, code: str, text: str, v: int
) -> MessageTemplate:
    """Set the template of a kind for the actor's operator; `v` is the version seen, 0 for none.

    Refuses as `check_text` does, and with `template_changed` when somebody was faster.
    """
    rows = work.table(MessageTemplate)
    checked = check_text(text)
    id = template_id(work.actor.organization_id, kind)
    held = await rows.maybe(id)
    _seen(held, v)
    fresh = MessageTemplate(
        id=id,
        organization_id=work.actor.organization_id,
        kind=kind,
        code=code,
        text=checked,
        changed_by=work.actor.id,
        changed_at=work.now,
    )
    return rows.save(replace(fresh, v=held.v)) if held else rows.add(fresh)


async def drop_template(work: Work, *, kind: MessageKind, v: int) -> None:
    """Send this kind by the platform's own template again."""
    rows = work.table(MessageTemplate)
    held = await rows.maybe(template_id(work.actor.organization_id, kind))
    if held is None or not held.code:
        raise NotFound("template_not_found", "没有设置该模板", kind=kind.value)
    _seen(held, v)
    rows.save(replace(held, code="", text="", changed_by=work.actor.id, changed_at=work.now))


def template_id(organization_id: str, kind: MessageKind) -> str:
    """Name the one template that an operator has of a kind."""
    return f"{organization_id}:{kind.value}"


def _seen(held: MessageTemplate | None, v: int) -> None:
    now = held.v if held else 0
    if now != v:
        raise Refused("template_changed", "模板已被他人修改，请刷新后重试", v=now)
