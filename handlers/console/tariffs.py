"""计费标准 as the console drafts, tries and publishes them."""

from typing import Any
from zoneinfo import ZoneInfo

from handlers import tariff_answers as answers
from handlers.base import Handler, action
from handlers.shows import Shown
from handlers.tariff_answers import (
    show_problem,
    show_quote,
    show_repriced,
    show_tariff,
    show_whole,
)
from server.domain.insight.queries import reprice_batch
from server.domain.tariff import (
    change_draft,
    draft_tariff,
    explain,
    from_cds,
    pass_trial,
    publish_tariff,
    to_cds,
    to_file,
    validate_tariff,
)
from server.domain.tariff import schema as forms
from server.domain.tariff.queries import check_terms, tariff_in_sight, tariffs_of, try_tariff
from server.kernel.access import Audience


class TariffHandler(Handler):
    """What the tariffs' handlers share."""

    audience = Audience.CONSOLE

    @property
    def zone(self) -> ZoneInfo:
        """Give the city's time zone."""
        return ZoneInfo(self.app.config.time_zone)


class Tariffs(TariffHandler):
    """`/tariffs`."""

    path = "/api/console/tariffs"

    @action("计费标准列表", permit="tariff.read", answer=answers.Tariffs)
    async def get(self) -> Shown:
        """List every version of the organization's tariffs."""
        return {"items": [show_tariff(one) for one in await self.run(tariffs_of)]}

    @action("新建草稿", permit="tariff.edit", body=forms.DraftBody, answer=answers.TariffWhole, status=201)  # fmt: skip
    async def post(self, **body: Any) -> Shown:
        """Begin a tariff, or its next version."""
        return show_whole(await self.run(draft_tariff, **body))


class Tariff(TariffHandler):
    """`/tariffs/{tariff_id}`."""

    path = "/api/console/tariffs/{tariff_id}"

    @action("计费标准详情", permit="tariff.read", answer=answers.TariffWhole)
    async def get(self, tariff_id: str) -> Shown:
        """Read a version."""
        return show_whole(await self.run(tariff_in_sight, tariff_id=tariff_id))

    @action("修改草稿", permit="tariff.edit", body=forms.ChangeBody, answer=answers.TariffWhole)
    async def put(self, tariff_id: str, **body: Any) -> Shown:
        """Change a version that is not published."""
        return show_whole(await self.run(change_draft, tariff_id=tariff_id, **body))


class Checks(TariffHandler):
    """`/tariff-checks`."""

    path = "/api/console/tariff-checks"

    @action("检查规则", permit="tariff.read", body=forms.TermsBody, answer=answers.Checked)
    async def post(self, **body: Any) -> Shown:
        """Say what is wrong with terms that are being written; nothing is kept."""
        found = await self.run(check_terms, terms=body["terms"])
        problems = [show_problem(one) for one in found]
        return {"problems": problems, "lines": explain(body["terms"])}


class Validation(TariffHandler):
    """`/tariffs/{tariff_id}/validation`."""

    path = "/api/console/tariffs/{tariff_id}/validation"

    @action("校验", permit="tariff.edit", body=forms.VersionBody, answer=answers.Validated)
    async def post(self, tariff_id: str, v: int) -> Shown:
        """Look for gaps and overlaps; without any, the version goes on to the trial."""
        tariff, found = await self.run(validate_tariff, tariff_id=tariff_id, v=v)
        return {"tariff": show_whole(tariff), "problems": [show_problem(one) for one in found]}


class Quotes(TariffHandler):
    """`/tariffs/{tariff_id}/quotes`."""

    path = "/api/console/tariffs/{tariff_id}/quotes"

    @action("计费试算", permit="tariff.read", body=forms.TrialBody, answer=answers.QuoteShown)
    async def post(self, tariff_id: str, **body: Any) -> Any:
        """Price a made-up stay."""
        return show_quote(await self.run(try_tariff, tariff_id=tariff_id, zone=self.zone, **body))


class Trial(TariffHandler):
    """`/tariffs/{tariff_id}/trial`."""

    path = "/api/console/tariffs/{tariff_id}/trial"

    @action("确认试算", permit="tariff.edit", body=forms.ConfirmBody, answer=answers.TariffWhole)
    async def post(self, tariff_id: str, **body: Any) -> Shown:
        """Confirm a trial whose amount was worked out by hand."""
        done = await self.run(pass_trial, tariff_id=tariff_id, zone=self.zone, **body)
        return show_whole(done)


class Publication(TariffHandler):
    """`/tariffs/{tariff_id}/publication`."""

    path = "/api/console/tariffs/{tariff_id}/publication"

    @action("发布", permit="tariff.publish", body=forms.PublishBody, answer=answers.TariffWhole)
    async def post(self, tariff_id: str, **body: Any) -> Shown:
        """Put a version in force, now or later."""
        return show_whole(await self.run(publish_tariff, tariff_id=tariff_id, **body))


class Regression(TariffHandler):
    """`/tariffs/{tariff_id}/regression`."""

    path = "/api/console/tariffs/{tariff_id}/regression"

    @action("收入回归", permit="tariff.read", query=forms.RegressionQuery, answer=answers.RepricedShown)  # fmt: skip
    async def get(self, tariff_id: str, **query: Any) -> Any:
        """Price a batch of real stays by this version; go on with `after=next`."""
        return show_repriced(await self.run(reprice_batch, tariff_id=tariff_id, **query))


class File(TariffHandler):
    """`/tariffs/{tariff_id}/file`."""

    path = "/api/console/tariffs/{tariff_id}/file"

    @action("导出", permit="tariff.read", answer=forms.TariffFile)
    async def get(self, tariff_id: str) -> Shown:
        """Write a version as a file."""
        return to_file(await self.run(tariff_in_sight, tariff_id=tariff_id))


class Files(TariffHandler):
    """`/tariff-files`."""

    path = "/api/console/tariff-files"

    @action("导入", permit="tariff.edit", body=forms.TariffFile, answer=answers.TariffWhole, status=201)  # fmt: skip
    async def post(self, **body: Any) -> Shown:
        """Begin a draft with a file."""
        del body["format"]
        return show_whole(await self.run(draft_tariff, **body))


class Cds(TariffHandler):
    """`/tariffs/{tariff_id}/cds`."""

    path = "/api/console/tariffs/{tariff_id}/cds"

    @action("导出 CDS 费率", permit="tariff.read", answer=answers.Cds)
    async def get(self, tariff_id: str) -> Shown:
        """Write a version as the Curb Data Specification says it."""
        return to_cds((await self.run(tariff_in_sight, tariff_id=tariff_id)).terms)


class CdsFiles(TariffHandler):
    """`/tariff-cds-files`."""

    path = "/api/console/tariff-cds-files"

    @action("导入 CDS 费率", permit="tariff.edit", body=forms.CdsBody, answer=answers.TariffWhole, status=201)  # fmt: skip
    async def post(self, code: str, name: str, policies: list[dict[str, Any]]) -> Shown:
        """Begin a draft with policies of the Curb Data Specification."""
        terms = from_cds(policies)
        return show_whole(await self.run(draft_tariff, code=code, name=name, terms=terms))
