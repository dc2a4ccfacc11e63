"""What people decide about money in a real Chromium: shifts, corrections, disputes, freezes, write-offs."""

import io
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from PIL import Image
from playwright.async_api import Browser, FilePayload, Page, expect

from tests.city import City
from tests.e2e.browser import screen
from tests.e2e.street import (
    SECTION,
    Street,
    clerk,
    minutes_with_a_fee,
    motorist,
    open_as,
)
from tests.e2e.test_screens import log_in

pytestmark = pytest.mark.e2e
# Drivers whom the demo does not know.
DRIVER, PAYER = "13900000003", "13900000004"
# Ten days of daily maxima are more than the 200 yuan above which cash is confirmed twice.
LONG_STAY = timedelta(days=10)


def photo(name: str) -> FilePayload:
    """Make a picture as a phone would send it."""
    drawn = io.BytesIO()
    Image.effect_mandelbrot((800, 600), (-2, -1.2, 1, 1.2), 40).save(drawn, "JPEG")
    return {"name": name, "mimeType": "image/jpeg", "buffer": drawn.getvalue()}


def fen_of(text: str) -> int:
    """Read the first amount in a text, in fen."""
    found = re.search(r"¥(\d+)\.(\d\d)", text)
    assert found is not None, text
    return int("".join(found.groups()))


async def why(page: Page, reason: str) -> None:
    """Give the reason that a dialog asks for."""
    dialog = page.get_by_role("dialog").last
    await dialog.locator("input, textarea").first.fill(reason)
    await dialog.locator(".el-button--primary").click()


async def console(page: Page, city: City, path: str, who: str) -> None:
    """Log a member of staff in, on the way to a page of the console."""
    await page.goto(f"{city.url}/console/{path}")
    await log_in(page, city, who)


async def test_a_second_person_agrees_to_a_costly_edit_and_an_officer_takes_the_cash(
    city: City, street: Street, browser: Browser
) -> None:
    manager, number = await clerk(city, "city"), "粤B3C7E2"
    now = datetime.now(UTC)
    missed = {
        "kind": "arrival",
        "reason": "设备故障，按巡查记录补录",
        "berth_id": street.section["berths"][-1]["id"],
        "plate": {"number": number, "color": "blue"},
        "arrived_at": (now - LONG_STAY).isoformat(),
        "left_at": (now - timedelta(hours=1)).isoformat(),
    }
    assert (await manager.ask("POST", "/stay-edits", missed))["request"]["state"] == "requested"
    async with screen(browser, "desktop") as seen:
        page = seen.page
        await console(page, city, "requests", "finance1")
        await expect(page.get_by_text("按巡查记录补录")).to_be_visible()
        await page.get_by_text("按巡查记录补录").click()
        drawer = page.locator(".detail-drawer")
        await expect(drawer.locator(".preview")).to_contain_text(SECTION)
        await expect(drawer.locator(".preview footer")).to_contain_text("+¥")
        await seen.keep("console-request")
        await page.keyboard.press("Escape")
        await page.get_by_role("button", name="同意").click()
        await page.get_by_role("dialog").get_by_role("button", name="同意").click()
        await expect(page.get_by_text("按巡查记录补录")).to_have_count(0)

    async with screen(browser, "phone") as seen:
        page = seen.page
        await page.goto(f"{city.url}/pos/")
        await log_in(page, city, "patrol1")
        await expect(page.get_by_text(SECTION).first).to_be_visible()
        await page.goto(f"{city.url}/pos/shift")
        await expect(page.locator('[data-part="open"]')).to_be_visible()
        await seen.keep("pos-no-shift")
        await page.goto(f"{city.url}/pos/collect?number={quote(number)}&color=blue")
        await page.locator('[data-part="cash"]').click()
        # nobody has opened the shift: taking it opens one
        await expect(page.locator('[data-part="take"]')).to_have_text("开班并收款")
        await page.locator('[data-part="take"]').click()
        sure = page.locator(".van-dialog")
        await expect(sure).to_contain_text(re.compile(r"¥[2-9]\d\d\.\d\d"))
        await seen.keep("pos-cash-sure")
        await sure.get_by_role("button", name="确认").click()
        done = page.locator('[data-part="paid"]')
        await expect(done).to_contain_text("已收款")
        await seen.keep("pos-cash-taken")
        fen = fen_of(await done.inner_text())

        await page.goto(f"{city.url}/pos/shift")
        await expect(page.locator('[data-part="expected"]')).to_have_text(f"¥{fen / 100:.2f}")
        await page.locator('[data-part="counted"]').fill(f"{fen / 100 - 5:.2f}")
        await expect(page.locator('[data-part="close"]')).to_be_disabled()
        await page.locator(".why input").fill("找零时多找了五元")
        await seen.keep("pos-shift-short")
        await page.locator('[data-part="close"]').click()
        await page.get_by_role("dialog").last.get_by_role("button", name="确认").click()
        await expect(page.locator('[data-part="open"]')).to_be_visible()
        await seen.keep("pos-shift-closed")
    async with screen(browser, "desktop") as seen:
        await console(seen.page, city, "shifts", "finance1")
        await expect(seen.page.get_by_text("找零时多找了五元")).to_be_visible()
        await seen.keep("console-shifts")


async def test_a_plate_is_corrected_with_a_photo_and_its_driver_disputes(
    city: City, street: Street, browser: Browser
) -> None:
    wrong, right = "粤B6F2H1", "粤B6F2H7"
    driver = await motorist(city, DRIVER)
    await driver.ask("POST", "/vehicles", {"number": right, "color": "blue"})
    code = await street.park(wrong, minutes_ago=minutes_with_a_fee())
    async with screen(browser, "phone") as seen:
        page = seen.page
        await page.goto(f"{city.url}/pos/")
        await log_in(page, city, "patrol1")
        await page.get_by_text(SECTION).first.click()
        await page.locator(f'.tile[data-code="{code}"]').click()
        await seen.keep("pos-berth")
        await page.get_by_role("button", name=re.compile("车牌")).first.click()
        await seen.keep("pos-plate-sheet")
        await page.get_by_role("button", name="删除").last.click()
        await page.get_by_role("button", name="7", exact=True).click()
        await page.get_by_role("button", name="提交").click()
        sheet = page.get_by_role("region", name="更正车牌")
        await expect(sheet).to_be_visible()
        await sheet.locator("input[type=file]").set_input_files(photo("plate.jpg"))
        await seen.keep("pos-correction")
        await sheet.get_by_role("button", name="提交").click()
        await expect(sheet).to_have_count(0)
        await expect(page.locator(f'.tile[data-code="{code}"]')).to_contain_text("6F2H7")
        await seen.keep("pos-corrected")

    async with screen(browser, "phone") as seen:
        page = seen.page
        await open_as(seen, driver, "parking/parking")
        await expect(page.locator('[data-part="fee"]')).to_have_text(re.compile(r"¥[1-9]"))
        await street.leave(code)
        await page.get_by_text(re.compile("待付 ¥")).last.click()
        await expect(page.get_by_text("传感器：车辆驶离")).to_be_visible()
        await seen.keep("motorist-unpaid")
        await page.locator(".dispute").click()
        await page.get_by_role("radiogroup").get_by_text("时间").first.click()
        await page.locator("textarea").fill("我两点就开走了")
        async with page.expect_file_chooser() as chosen:
            await page.locator(".photo.add").click()
        await (await chosen.value).set_files(photo("receipt.jpg"))
        await expect(page.locator(".photo .picture")).to_have_count(1)
        await seen.keep("motorist-dispute")
        await page.locator(".main-button").click()
        await expect(page.locator(".disputed")).to_be_visible()
        await seen.keep("motorist-disputed")

    async with screen(browser, "desktop") as seen:
        page = seen.page
        await console(page, city, "reviews", "dispatch1")
        await page.get_by_text("我两点就开走了").first.click()
        drawer = page.locator(".detail-drawer")
        await expect(drawer.get_by_text("证据时间线")).to_be_visible()
        await expect(drawer.locator("img").first).to_be_visible()
        await seen.keep("console-dispute")
        await drawer.get_by_role("button", name="处理").first.click()
        dialog = page.get_by_role("dialog").last
        await dialog.locator(".el-radio").first.click()
        await dialog.locator("textarea").fill("传感器与照片都证实")
        await seen.keep("console-dispute-decide")
        await dialog.get_by_role("button", name="处理").click()
        await expect(drawer.get_by_text("传感器与照片都证实")).to_be_visible()
        await seen.keep("console-dispute-decided")


async def test_a_clerk_freezes_reminds_and_gives_a_debt_up_with_another(
    city: City, browser: Browser
) -> None:
    async with screen(browser, "desktop") as seen:
        page = seen.page
        await console(page, city, "arrears", "dispatch1")
        await page.locator(".el-table__row").nth(5).click()
        drawer = page.locator(".detail-drawer")
        await expect(drawer.get_by_role("button", name="立即催缴")).to_be_visible()
        await seen.keep("console-case")
        await drawer.get_by_role("button", name="冻结", exact=True).click()
        await why(page, "车主称车辆已报失，待核实")
        await expect(drawer.get_by_text("已冻结：车主称车辆已报失")).to_be_visible()
        await seen.keep("console-case-frozen")
        await drawer.get_by_role("button", name="解除冻结").click()
        await expect(drawer.get_by_role("button", name="冻结", exact=True)).to_be_visible()
        # the ladder has reminded of it a moment ago: its limits hold for a clerk too
        await drawer.get_by_role("button", name="立即催缴").first.click()
        await expect(page.get_by_text("距上次催缴太近")).to_be_visible()
        seen.problems = [one for one in seen.problems if "409" not in one]
        await drawer.get_by_role("button", name="申请核销").click()
        await why(page, "车辆注销，无法追缴")
        await expect(drawer.locator(".pending")).to_contain_text("车辆注销")
        await seen.keep("console-write-off")
    async with screen(browser, "desktop") as seen:
        page = seen.page
        await console(page, city, "write-offs", "finance1")
        asked = page.locator(".el-table__row", has_text="车辆注销，无法追缴")
        await expect(asked).to_be_visible()
        await seen.keep("console-write-offs")
        await asked.get_by_role("button", name="同意").click()
        await page.get_by_role("dialog").get_by_role("button", name="同意").click()
        await expect(asked).to_have_count(0)
        await seen.keep("console-write-offs-done")


async def test_a_driver_pays_by_alipay(city: City, street: Street, browser: Browser) -> None:
    driver = await motorist(city, PAYER)
    await driver.ask("POST", "/vehicles", {"number": "粤B9J4K2", "color": "blue"})
    await street.park("粤B9J4K2", minutes_ago=minutes_with_a_fee())
    async with screen(browser, "phone") as seen:
        page = seen.page
        await open_as(seen, driver, "parking/parking")
        await page.locator('[data-part="pay-now"]').click()
        await page.locator('[data-method="alipay"]').click()
        await page.locator('[data-part="confirm"]').click()
        # a phone's browser is taken to the cashier, and comes back from it
        await expect(page.locator("#pay")).to_be_visible()
        await seen.keep("alipay-cashier")
        await page.locator("#pay").click()
        await page.get_by_role("link", name="返回停车服务").click()
        await expect(page.locator('[data-part="paid"]')).to_contain_text("支付成功")


async def test_a_berth_is_taken_out_of_service_and_back(
    city: City, street: Street, browser: Browser
) -> None:
    code = street.section["berths"][-2]["code"]
    async with screen(browser, "desktop") as seen:
        page = seen.page
        await console(page, city, "city", "city")
        await page.get_by_placeholder("搜索路段、停车场").fill(SECTION.partition("（")[0])
        await page.get_by_text(SECTION, exact=True).first.click()
        await page.locator(".drawer").get_by_text(code, exact=True).click()
        await seen.keep("console-berth")
        await page.get_by_role("button", name="停用泊位").click()
        await page.get_by_role("dialog").get_by_role("button", name="停用泊位").click()
        await expect(page.get_by_role("button", name="恢复泊位")).to_be_visible()
        await seen.keep("console-berth-out")
        await page.get_by_role("button", name="恢复泊位").click()
        await expect(page.get_by_role("button", name="停用泊位")).to_be_visible()
