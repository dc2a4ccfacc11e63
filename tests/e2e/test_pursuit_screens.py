"""Another operator's debts on the officer's handheld, and messages with their receipts at the desk."""

from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Browser, expect
from pymongo import AsyncMongoClient

from server.config import Config
from server.domain.billing import bill_stays
from server.domain.identity import Organization, enrol
from server.domain.stay import BerthLabel, Stay, StayState, change_policy
from server.domain.tariff import Line
from server.domain.vehicle import Plate, PlateColor
from server.kernel.access import Actor, Audience, Scope, system
from server.kernel.work import Work
from server.store.mongo import Store
from tests.city import City
from tests.e2e.browser import screen
from tests.e2e.street import (
    SECTION,
    clerk,
    motorist,
    open_as,
    street_of,
    without_grace,
)
from tests.e2e.test_screens import log_in

pytestmark = pytest.mark.e2e
NUMBER = "粤B8M2Q6"
CLERK = Actor("bay-1", Audience.CONSOLE, scope=Scope(everything=True), organization_id="bay")


async def owe_the_bay(city: City) -> None:
    """Let another operator be there, who lets others pursue, and the car owe it for two stays."""
    config = Config.from_environment(city.environment)
    async with AsyncMongoClient[dict[str, Any]](
        city.mongo_url, tz_aware=True, uuidRepresentation="standard"
    ) as client:
        store = Store(client[config.mongo_database])
        bay = Organization(id="bay", name="滨海停车")
        await store.run(system("e2e"), lambda work: enrol(work, organizations=[bay], accounts=[]))
        declared = {"pursuit": "operators", "pursuit_commission_bp": 500}
        await store.run(
            CLERK, lambda work: change_policy(work, scope="operator:bay", values=declared, v=0)
        )
        await store.run(system("e2e"), _stays)


async def _stays(work: Work) -> None:
    berth = BerthLabel(
        code="440305009",
        place_id="bay-road",
        place_name="滨海大道（东段）",
        place_kind="section",
        division_code="440305",
        organization_id="bay",
        tariff_id="roadside",
    )
    for number, amount in enumerate((1_200, 800)):
        at = work.now - timedelta(days=5 + number)
        stay = Stay(
            id=f"at-bay-{number}",
            berth_id="bay-1",
            berth=berth,
            state=StayState.CLOSED,
            open=False,
            plate=Plate(NUMBER, PlateColor.BLUE),
            arrived_at=at,
            left_at=at + timedelta(hours=3),
            amount=amount,
            lines=(Line("停车费", amount),),
            revision=1,
        )
        work.table(Stay).add(stay)
        await bill_stays(work, stay_ids=[stay.id])


async def test_an_officer_is_rung_for_another_operator_and_collects_for_it(
    city: City, browser: Browser
) -> None:
    street = await street_of(city)
    async with without_grace(city), screen(browser, "phone") as seen:
        page = seen.page
        await owe_the_bay(city)
        await page.goto(f"{city.url}/pos/")
        await log_in(page, city, "patrol1")
        await page.get_by_text(SECTION).first.click()
        code = await street.park(NUMBER, minutes_ago=0)

        tile = page.locator(f'.tile[data-code="{code}"]')
        await expect(tile.locator('[data-part="owes"]')).to_contain_text("20")
        await tile.click()
        await expect(page.locator('[data-part="creditor"]')).to_contain_text("滨海停车")
        await seen.keep("pos-pursuit-sheet")
        await page.get_by_role("button", name="知道了").click()
        await page.locator('[data-part="collect"]').click()
        await expect(page.locator('[data-part="bill-elsewhere"]')).to_have_count(2)
        await seen.keep("pos-pursuit-collect")
        await page.locator('[data-part="cash"]').click()
        await expect(page.locator('[data-part="take"]')).to_be_visible()
        for _ in range(2):  # opens the shift where there is none yet
            if await page.locator('[data-part="paid"]').count() == 0:
                await page.locator('[data-part="take"]').click()
                await page.wait_for_timeout(1_500)
        await expect(page.locator('[data-part="paid"]')).to_be_visible()
        await page.goto(f"{city.url}/pos/shift")
        await expect(page.locator('[data-part="for-others"]')).to_contain_text("20")
        await seen.keep("pos-pursuit-shift")


async def test_templates_are_checked_while_they_are_typed_and_the_log_tells_receipts(
    city: City, browser: Browser
) -> None:
    async with screen(browser, "desktop") as seen:
        page = seen.page
        await page.goto(f"{city.url}/console/messages")
        await log_in(page, city, "city")
        card = page.locator('[data-kind="overdue"]')
        await expect(page.locator(".el-table__row").first).to_be_visible()
        await card.get_by_role("button", name="修改模板").click()
        await page.locator('[data-part="code"] input, input[data-part="code"]').fill("SMS_OVERDUE")
        text = page.locator('[data-part="text"] textarea, textarea[data-part="text"]')
        await text.fill("车辆${plate}欠费${amount}")
        await expect(page.get_by_text("还缺少变量")).to_be_visible()
        await seen.keep("console-template-wrong")
        await text.fill("车辆${plate}在${operator}欠费${amount}，请缴清：https://p.cn/d/${link}")
        await expect(page.locator('[data-part="preview"]')).to_contain_text("鹏城停车")
        await page.locator('[data-part="save"]').click()
        await expect(card).to_contain_text("SMS_OVERDUE")
        await expect(page.locator(".el-table__row").first).to_contain_text("已")
        await seen.keep("console-messages")
        await page.locator(".el-table__row").first.click()
        await expect(page.locator(".el-timeline-item").first).to_be_visible()
        await page.wait_for_timeout(800)
        await seen.keep("console-case-timeline")


async def test_what_was_written_off_is_folded_up_beneath_what_is_owed_and_opens_to_be_paid(
    city: City, browser: Browser
) -> None:
    manager = await clerk(city, "city")
    [waiting] = (await manager.ask("GET", "/write-offs"))["items"]
    await manager.ask("POST", f"/write-offs/{waiting['id']}/approval")
    driver = await motorist(city, "13800000001")  # whose car it is in the demo

    async with screen(browser, "phone") as seen:
        await open_as(seen, driver, "arrears/arrears")
        folded = seen.page.locator('[data-part="given-up"]')
        await expect(folded).to_contain_text("已核销，仍可缴清")
        await expect(seen.page.locator('[data-part="given-up-bill"]')).to_have_count(0)
        await folded.locator(".fold").click()
        await expect(seen.page.locator('[data-part="given-up-bill"]')).to_have_count(1)
        await seen.keep("arrears-given-up")
        await folded.get_by_text("缴清", exact=True).click()
        await expect(seen.page.locator('[data-part="confirm"]')).to_be_visible()
        await seen.keep("pay-given-up")
