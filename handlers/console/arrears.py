"""Arrears as clerks pursue them: lists and figures, reminders, freezes, write-offs by two people."""

from collections.abc import Sequence
from typing import Any

from handlers import arrears_answers as answers
from handlers import arrears_schema as schema
from handlers.arrears_shows import (
    show_alert,
    show_alerts,
    show_case,
    show_cases,
    show_file,
    show_link,
    show_reminder,
    show_summary,
    show_write_off,
    show_write_offs,
)
from handlers.base import Handler, action
from handlers.shows import Shown
from handlers.stay_schema import RemarkBody
from server.domain.recovery import (
    ReminderChannel,
    acknowledge_alert,
    approve_write_off,
    freeze_case,
    link_case,
    reject_write_off,
    remind_now,
    request_write_off,
    unfreeze_case,
    withdraw_write_off,
)
from server.domain.recovery.queries import case_file
from server.domain.recovery.queries.figures import arrears_summary
from server.domain.recovery.queries.lists import (
    alerts_in_scope,
    arrears_in_scope,
    write_offs_in_scope,
)
from server.kernel.access import Audience


class Cases(Handler):
    """`/arrears`."""

    path = "/api/console/arrears"
    audience = Audience.CONSOLE

    @action("欠费车辆", permit="arrears.watch", query=schema.ArrearsQuery, answer=answers.CasesPage)
    async def get(self, **asked: Any) -> Shown:
        """List what plates owe, the worst first."""
        return show_cases(await self.run(arrears_in_scope, **asked))


class Summary(Handler):
    """`/arrears-summary`."""

    path = "/api/console/arrears-summary"
    audience = Audience.CONSOLE

    @action("欠费账龄", permit="arrears.watch", answer=answers.Summary)
    async def get(self) -> Shown:
        """Sum up what is owed, by age and by state."""
        return show_summary(await self.run(arrears_summary))


class Case(Handler):
    """`/arrears/{case_id}`."""

    path = "/api/console/arrears/{case_id}"
    audience = Audience.CONSOLE

    @action("追缴详情", permit="arrears.watch", answer=answers.CaseFile)
    async def get(self, case_id: str) -> Shown:
        """Show a case with all that was done for it."""
        return show_file(await self.run(case_file, case_id=case_id))


class Reminders(Handler):
    """`/arrears/{case_id}/reminders`."""

    path = "/api/console/arrears/{case_id}/reminders"
    audience = Audience.CONSOLE

    @action(
        "立即催缴",
        permit="arrears.pursue",
        body=schema.ReminderBody,
        answer=answers.ReminderAnswer,
        status=201,
        once=True,
    )
    async def post(self, case_id: str, channels: Sequence[ReminderChannel]) -> Shown:
        """Remind beyond the ladder."""
        wanted = tuple(dict.fromkeys(channels))
        reminder = await self.run(remind_now, case_id=case_id, channels=wanted)
        return {"reminder": show_reminder(reminder)}


class Freeze(Handler):
    """`/arrears/{case_id}/freeze`."""

    path = "/api/console/arrears/{case_id}/freeze"
    audience = Audience.CONSOLE

    @action("冻结追缴", permit="arrears.pursue", body=schema.ReasonBody, answer=answers.CaseAnswer)
    async def post(self, case_id: str, reason: str) -> Shown:
        """Leave a case alone."""
        return {"case": show_case(await self.run(freeze_case, case_id=case_id, reason=reason))}

    @action("恢复追缴", permit="arrears.pursue", answer=answers.CaseAnswer)
    async def delete(self, case_id: str) -> Shown:
        """Pursue a case again."""
        return {"case": show_case(await self.run(unfreeze_case, case_id=case_id))}


class CaseWriteOffs(Handler):
    """`/arrears/{case_id}/write-offs`."""

    path = "/api/console/arrears/{case_id}/write-offs"
    audience = Audience.CONSOLE

    @action(
        "申请核销",
        permit="arrears.write_off",
        body=schema.WriteOffBody,
        answer=answers.WriteOffAnswer,
        status=201,
        once=True,
    )
    async def post(self, case_id: str, **wish: Any) -> Shown:
        """Ask for a debt to be given up."""
        asked = await self.run(request_write_off, case_id=case_id, **wish)
        return {"write_off": show_write_off(asked)}


class CaseLinks(Handler):
    """`/arrears/{case_id}/links`."""

    path = "/api/console/arrears/{case_id}/links"
    audience = Audience.CONSOLE

    @action("付款链接", permit="arrears.pursue", answer=answers.PayLinkAnswer, status=201)
    async def post(self, case_id: str) -> Shown:
        """Make a link by which anybody can pay the debt."""
        config = self.app.config
        signed = await self.run(link_case, case_id=case_id, key=config.token_key)
        return {"link": show_link(signed, public_url=config.public_url)}


class WriteOffs(Handler):
    """`/write-offs`."""

    path = "/api/console/write-offs"
    audience = Audience.CONSOLE

    @action(
        "核销申请",
        permit="arrears.watch",
        query=schema.WriteOffsQuery,
        answer=answers.WriteOffsPage,
    )
    async def get(self, **asked: Any) -> Shown:
        """List write-offs in scope."""
        return show_write_offs(await self.run(write_offs_in_scope, **asked))


class WriteOffApproval(Handler):
    """`/write-offs/{write_off_id}/approval`."""

    path = "/api/console/write-offs/{write_off_id}/approval"
    audience = Audience.CONSOLE

    @action("同意核销", permit="arrears.approve", answer=answers.WriteOffAnswer, once=True)
    async def post(self, write_off_id: str) -> Shown:
        """Agree to what somebody else has asked for."""
        decided = await self.run(approve_write_off, write_off_id=write_off_id)
        return {"write_off": show_write_off(decided)}


class WriteOffRejection(Handler):
    """`/write-offs/{write_off_id}/rejection`."""

    path = "/api/console/write-offs/{write_off_id}/rejection"
    audience = Audience.CONSOLE

    @action("驳回核销", permit="arrears.approve", body=RemarkBody, answer=answers.WriteOffAnswer)
    async def post(self, write_off_id: str, remark: str) -> Shown:
        """Reject what somebody else has asked for."""
        decided = await self.run(reject_write_off, write_off_id=write_off_id, remark=remark)
        return {"write_off": show_write_off(decided)}


class WriteOffWithdrawal(Handler):
    """`/write-offs/{write_off_id}/withdrawal`."""

    path = "/api/console/write-offs/{write_off_id}/withdrawal"
    audience = Audience.CONSOLE

    @action("撤回核销申请", permit="arrears.write_off", answer=answers.WriteOffAnswer)
    async def post(self, write_off_id: str) -> Shown:
        """Take one's own wish back."""
        decided = await self.run(withdraw_write_off, write_off_id=write_off_id)
        return {"write_off": show_write_off(decided)}


class Alerts(Handler):
    """`/arrears-alerts`."""

    path = "/api/console/arrears-alerts"
    audience = Audience.CONSOLE

    @action("欠费提醒", permit="arrears.watch", query=schema.AlertsQuery, answer=answers.AlertsPage)
    async def get(self, **asked: Any) -> Shown:
        """List alerts in scope."""
        return show_alerts(await self.run(alerts_in_scope, **asked))


class AlertAcknowledgement(Handler):
    """`/arrears-alerts/{alert_id}/acknowledgement`."""

    path = "/api/console/arrears-alerts/{alert_id}/acknowledgement"
    audience = Audience.CONSOLE

    @action("确认欠费提醒", permit="arrears.pursue", answer=answers.AlertAnswer)
    async def post(self, alert_id: str) -> Shown:
        """Say that one has seen an alert."""
        return {"alert": show_alert(await self.run(acknowledge_alert, alert_id=alert_id))}
