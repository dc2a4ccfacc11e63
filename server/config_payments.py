"""The environment variables of payments: who we are at each provider, and where it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from server.config_keys import key
from server.config_values import read_basis_points, read_list, read_port
from server.secrets_file import keep_secrets, new_demo_secret

WECHAT_URL = "https://api.mch.weixin.qq.com"
WECHAT_LOGIN_URL = "https://api.weixin.qq.com"
WECHAT_AUTHORIZE_URL = "https://open.weixin.qq.com"
ALIPAY_URL = "https://openapi.alipay.com/gateway.do"


@dataclass(frozen=True)
class PaymentConfig:
    """What a process is told about payments."""

    public_url: str = key(
        "SMARTCLOUD_PUBLIC_URL",
        "address under which payment providers and payers reach `serve`, without a slash at the end",
        shown_default="demo: the web server; production: none, so no payment provider is used",
    )
    wechat_url: str = key(
        "SMARTCLOUD_WECHAT_URL",
        "WeChat Pay, API v3",
        shown_default=f"demo: the WeChat double; production: {WECHAT_URL}",
    )
    wechat_app_id: str = key(
        "SMARTCLOUD_WECHAT_APP_ID", "app id that orders are made for", shown_default="demo: its own"
    )
    wechat_login_url: str = key(
        "SMARTCLOUD_WECHAT_LOGIN_URL",
        "where it is asked who opened the mini-program, or the pages in WeChat's browser",
        shown_default=f"demo: the WeChat double; production: {WECHAT_LOGIN_URL}",
    )
    wechat_app_secret: str = key(
        "SMARTCLOUD_WECHAT_APP_SECRET",
        "secret of the mini-program with the app id; without, nobody can pay inside WeChat",
        shown_default="made at first run",
        secret=True,
    )
    wechat_authorize_url: str = key(
        "SMARTCLOUD_WECHAT_AUTHORIZE_URL",
        "where WeChat's browser goes to say who holds the phone",
        shown_default=f"demo: the WeChat double; production: {WECHAT_AUTHORIZE_URL}",
    )
    wechat_web_app_id: str = key(
        "SMARTCLOUD_WECHAT_WEB_APP_ID",
        "app id of the official account (公众号) for pages in WeChat's browser, bound to the same "
        "merchant; none: nobody can pay there",
        shown_default="demo: its own",
    )
    wechat_web_app_secret: str = key(
        "SMARTCLOUD_WECHAT_WEB_APP_SECRET",
        "secret of the official account",
        shown_default="made at first run",
        secret=True,
    )
    wechat_return_urls: tuple[str, ...] = key(
        "SMARTCLOUD_WECHAT_RETURN_URLS",
        "pages to which WeChat's browser may come back from there, comma-separated",
        shown_default="the public address with /m/",
        read=read_list,
    )
    wechat_merchant_id: str = key(
        "SMARTCLOUD_WECHAT_MERCHANT_ID",
        "merchant id at WeChat Pay; none turns WeChat Pay off",
        shown_default="demo: its own",
    )
    wechat_serial: str = key(
        "SMARTCLOUD_WECHAT_SERIAL",
        "serial number of the merchant's certificate",
        shown_default="demo: its own",
    )
    wechat_key_file: str = key(
        "SMARTCLOUD_WECHAT_KEY_FILE",
        "file with the merchant's private key, PEM",
        shown_default="demo: made by the WeChat double",
    )
    wechat_api_v3_key: str = key(
        "SMARTCLOUD_WECHAT_API_V3_KEY",
        "the merchant's APIv3 key, 32 characters",
        shown_default="made at first run",
        secret=True,
    )
    wechat_public_key_id: str = key(
        "SMARTCLOUD_WECHAT_PUBLIC_KEY_ID",
        "id of WeChat Pay's public key, `PUB_KEY_ID_…`; none checks by platform certificates",
        shown_default="none",
    )
    wechat_public_key_file: str = key(
        "SMARTCLOUD_WECHAT_PUBLIC_KEY_FILE",
        "file with WeChat Pay's public key, PEM",
        shown_default="none",
    )
    wechat_fee_bp: int = key(
        "SMARTCLOUD_WECHAT_FEE_BP",
        "what WeChat Pay takes by contract, in ten-thousandths; bills that take another fee differ",
        default="60",
        read=read_basis_points,
    )
    alipay_fee_bp: int = key(
        "SMARTCLOUD_ALIPAY_FEE_BP",
        "what Alipay takes by contract, in ten-thousandths",
        default="60",
        read=read_basis_points,
    )
    alipay_url: str = key(
        "SMARTCLOUD_ALIPAY_URL",
        "Alipay's gateway",
        shown_default=f"demo: the Alipay double; production: {ALIPAY_URL}",
    )
    alipay_app_id: str = key(
        "SMARTCLOUD_ALIPAY_APP_ID",
        "app id at Alipay; none turns Alipay off",
        shown_default="demo: its own",
    )
    alipay_seller_id: str = key(
        "SMARTCLOUD_ALIPAY_SELLER_ID",
        "the seller's partner id (2088…), checked in every notice",
        shown_default="demo: its own",
    )
    alipay_key_file: str = key(
        "SMARTCLOUD_ALIPAY_KEY_FILE",
        "file with the app's private key, PEM",
        shown_default="demo: made by the Alipay double",
    )
    alipay_public_key_file: str = key(
        "SMARTCLOUD_ALIPAY_PUBLIC_KEY_FILE",
        "file with Alipay's public key, PEM",
        shown_default="demo: made by the Alipay double",
    )

    @property
    def return_urls(self) -> tuple[str, ...]:
        """List the pages to which WeChat's browser may come back."""
        return self.wechat_return_urls or ((f"{self.public_url}/m/",) if self.public_url else ())

    wechat_port: int = key(
        "SMARTCLOUD_WECHAT_PORT", "port of the WeChat double", default="8811", read=read_port
    )
    alipay_port: int = key(
        "SMARTCLOUD_ALIPAY_PORT", "port of the Alipay double", default="8812", read=read_port
    )


def demo_payments(values: Mapping[str, Any]) -> dict[str, str]:
    """Name the doubles, and the keys that they make at their first start."""
    folder = values["data_dir"] / "providers"
    # An AES key of 32 letters, made at random like any secret of a demo.
    names = ("wechat_api_v3_key", "wechat_app_secret", "wechat_web_app_secret")
    makers = dict.fromkeys(names, new_demo_secret)
    made = keep_secrets(values["data_dir"] / "secrets.json", makers)
    return {
        "public_url": f"http://127.0.0.1:{values['http_port']}",
        "wechat_url": f"http://127.0.0.1:{values['wechat_port']}",
        "wechat_login_url": f"http://127.0.0.1:{values['wechat_port']}",
        "wechat_authorize_url": f"http://127.0.0.1:{values['wechat_port']}",
        "wechat_app_id": "wxd3m0000000000001",
        "wechat_web_app_id": "wxd3m0000000000002",
        "wechat_web_app_secret": made["wechat_web_app_secret"],
        "wechat_app_secret": made["wechat_app_secret"],
        "wechat_merchant_id": "1900000001",
        "wechat_serial": "DE50000000000000000000000000000000000001",
        "wechat_key_file": str(folder / "wechat_merchant.pem"),
        "wechat_api_v3_key": made["wechat_api_v3_key"][:32],
        "alipay_url": f"http://127.0.0.1:{values['alipay_port']}/gateway.do",
        "alipay_app_id": "2021000000000001",
        "alipay_seller_id": "2088000000000001",
        "alipay_key_file": str(folder / "alipay_merchant.pem"),
        "alipay_public_key_file": str(folder / "alipay_public.pem"),
    }


def unfit_payments(environ: Mapping[str, str]) -> list[str]:
    """List what is not fit for production."""
    names = ("WECHAT_URL", "WECHAT_LOGIN_URL", "WECHAT_AUTHORIZE_URL", "ALIPAY_URL", "PUBLIC_URL")
    urls = [f"SMARTCLOUD_{name}" for name in names]
    given = {variable: environ.get(variable, "").strip() for variable in urls}
    given |= {
        f"SMARTCLOUD_WECHAT_RETURN_URLS ({url})": url
        for url in read_list(environ.get("SMARTCLOUD_WECHAT_RETURN_URLS", ""))
    }
    return [
        f"{variable} is not https"
        for variable, url in given.items()
        if url and urlsplit(url).scheme != "https"
    ]
