"""The published JavaScript SDK, unchanged, against a running hub over memory and over Redis."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from realtime.api import Api
from realtime.codes import DisconnectCode
from tests.realtime.node import Node, token

CLIENTS = Path(__file__).resolve().parents[2] / "clients"
SCRIPT = Path(__file__).with_name("sdk.cjs")

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None or not (CLIENTS / "node_modules" / "centrifuge").is_dir(),
    reason="no node, or no clients/node_modules: run make clients",
)


async def act(node: Node, what: dict[str, Any]) -> None:
    """Do on the server what the script asks for."""
    if "unsubscribe" in what:
        await node.hub.unsubscribe(what["unsubscribe"], user=what["user"])
    elif "subscribe" in what:
        await Api(node.hub).subscribe(
            channel=what["subscribe"], user=what["user"], data={"hello": 1}
        )
    elif "message" in what:
        await node.hub.message(what["message"], user=what["user"])
    elif "publish" in what:
        await node.hub.publish(what["publish"], what["data"])
    else:
        code = DisconnectCode(what["code"], what["reason"])
        await node.hub.disconnect(user=what["disconnect"], code=code)


async def test_the_javascript_sdk_goes_through_the_whole_protocol(node: Node) -> None:
    tokens = {
        "ann": token("ann"),
        "bob": token("bob"),
        "short": token("carl", lasts_s=1.5),
        "long": token("carl"),
    }
    process = await asyncio.create_subprocess_exec(
        *("node", str(SCRIPT), str(CLIENTS), node.url, json.dumps(tokens)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None

    saw: dict[str, Any] = {}
    try:
        async with asyncio.timeout(20):
            async for line in process.stdout:
                message = json.loads(line)
                if "ask" in message:
                    await act(node, message["ask"])
                saw = message.get("saw", saw)
    except TimeoutError:
        process.kill()
    errors = (await process.stderr.read()).decode()
    await process.wait()

    assert saw, errors
    assert saw["joined"] == "bob"
    assert saw["newest"] == [2, [{"n": 2}]]
    assert saw["stats"] == {"numClients": 2, "numUsers": 2}
    assert saw["present"] == ["ann", "bob"]
    assert saw["rpc"] == 108
    assert saw["ahead"] == 112
    assert saw["recovered"] == [True, True]
    assert saw["heard"] == [[n, {"n": n}] for n in range(1, 31)]
    assert saw["refused"] == [True, False]
    assert saw["unsubscribed"] == 2000
    assert saw["personal"] == ["#ann", "first"]
    assert saw["personalRecovered"] == [True, True]
    assert saw["serverSide"] == {"hello": 1}
    assert saw["serverHeard"] == "there"
    assert saw["message"] == {"a": 1}
    assert saw["withoutDelta"] == "whole"
    assert saw["refreshed"] == [1, 1]
    assert saw["forged"] == 3500
    assert saw["denied"] == 103
    assert saw["ended"] == 3503
