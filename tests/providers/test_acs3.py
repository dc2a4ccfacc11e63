"""The signature is Aliyun's: checked against the example its documentation prints."""

from datetime import UTC, datetime

from server.providers.acs3 import AccessKey, Call, sign

KEY = AccessKey(key_id="YourAccessKeyId", secret="YourAccessKeySecret")


def test_the_documented_example_gets_the_documented_signature() -> None:
    call = Call(
        host="ecs.cn-shanghai.aliyuncs.com",
        action="RunInstances",
        version="2014-05-26",
        query={
            "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd",
            "RegionId": "cn-shanghai",
        },
    )

    headers = sign(
        call,
        key=KEY,
        at=datetime(2023, 10, 26, 10, 22, 32, tzinfo=UTC),
        nonce="3156853299f313e23d1673dc12e1703d",
    )

    assert headers["Authorization"] == (
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;"
        "x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,"
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


def test_the_query_is_encoded_by_rfc_3986() -> None:
    call = Call(host="h", action="a", version="v", query={"b": "智 +*~/", "a": ""})

    assert call.query_string() == "a=&b=%E6%99%BA%20%2B%2A~%2F"


def test_an_access_key_never_shows_itself() -> None:
    assert "Your" not in repr(KEY)
