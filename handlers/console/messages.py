"""Text messages about arrears: by which templates they are sent, and what became of each."""

from typing import Any

from handlers import messages_schema as schema
from handlers.base import Handler, action
from handlers.messages_shows import show_reminders, show_template, show_templates
from handlers.shows import Shown
from server.domain.recovery import drop_template, read_kind, set_template
from server.domain.recovery.queries import own_templates
from server.domain.recovery.queries.lists import reminders_in_scope
from server.kernel.access import Audience


class Templates(Handler):
    """`/message-templates`."""

    path = "/api/console/message-templates"
    audience = Audience.CONSOLE

    @action("短信模板", permit="arrears.watch", answer=schema.Templates)
    async def get(self) -> Shown:
        """Show by which templates the operator's messages are sent."""
        held = await self.run(own_templates)
        return show_templates(held, default_code=self.app.config.sms_reminder_template)


class Template(Handler):
    """`/message-templates/{kind}`."""

    path = "/api/console/message-templates/{kind}"
    audience = Audience.CONSOLE

    @action(
        "修改短信模板",
        permit="arrears.templates",
        body=schema.TemplateBody,
        answer=schema.TemplateAnswer,
    )
    async def put(self, kind: str, **asked: Any) -> Shown:
        """Set the template of a kind; its variables are checked."""
        wanted = read_kind(kind)
        return {"template": show_template(await self.run(set_template, kind=wanted, **asked))}

    @action("恢复平台短信模板", permit="arrears.templates", query=schema.TemplateQuery, status=204)
    async def delete(self, kind: str, v: int) -> None:
        """Send a kind by the platform's own template again."""
        await self.run(drop_template, kind=read_kind(kind), v=v)


class Reminders(Handler):
    """`/reminders`."""

    path = "/api/console/reminders"
    audience = Audience.CONSOLE

    @action(
        "催缴发送记录",
        permit="arrears.watch",
        query=schema.RemindersQuery,
        answer=schema.RemindersPage,
    )
    async def get(self, **asked: Any) -> Shown:
        """List what was sent to debtors, and what became of it."""
        return show_reminders(await self.run(reminders_in_scope, **asked))
