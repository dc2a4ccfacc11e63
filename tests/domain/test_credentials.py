"""Devices' secrets: issued, changed, revoked; what of it is kept, and who is believed."""

from datetime import timedelta

import pytest

from server.domain.equipment import (
    DeviceCredential,
    Verdict,
    authenticate_device,
    disable_device,
    is_in_service,
    issue_secrets,
    revoke_secret,
    signing_key,
)
from server.domain.equipment.queries import credentials_changed, secret_hashes, signing_keys
from server.kernel.access import Actor, Audience
from server.kernel.errors import NotFound
from server.kernel.hashing import hash_secret, secret_fits
from tests.world import NOON, World

SECRET, NEW_SECRET = "first secret", "second secret"


async def knows(world: World, device_id: str, secret: str) -> bool:
    return await world.run(authenticate_device, device_id=device_id, secret=secret)


async def test_a_device_is_known_by_its_secret_and_by_no_other(world: World) -> None:
    await world.run(issue_secrets, secrets={"d1": SECRET, "d2": NEW_SECRET})

    assert await knows(world, "d1", SECRET)
    assert not await knows(world, "d1", NEW_SECRET)
    assert not await knows(world, "d1", "")
    assert not await knows(world, "d3", SECRET)
    assert not await knows(world, "nobody", SECRET)
    assert await world.run(signing_keys, device_ids=["d1", "d3", "nobody"]) == {
        "d1": signing_key(SECRET)
    }


async def test_a_new_secret_makes_the_old_one_void(world: World) -> None:
    await world.run(issue_secrets, secrets={"d1": SECRET})

    await world.run(issue_secrets, secrets={"d1": NEW_SECRET})

    assert not await knows(world, "d1", SECRET)
    assert await knows(world, "d1", NEW_SECRET)
    assert await world.run(signing_keys, device_ids=["d1"]) == {"d1": signing_key(NEW_SECRET)}


async def test_who_is_revoked_or_disabled_proves_nothing(world: World) -> None:
    await world.run(issue_secrets, secrets={"d1": SECRET, "d2": SECRET})

    await world.run(revoke_secret, device_id="d1")
    await world.run(disable_device, device_id="d2")

    for device_id in ("d1", "d2"):
        assert not await knows(world, device_id, SECRET)
        assert not await world.run(is_in_service, device_id=device_id)
    assert await world.run(signing_keys, device_ids=["d1", "d2"]) == {}
    assert await world.run(secret_hashes) == {}
    await world.run(disable_device, device_id="d2", disabled=False)
    assert await knows(world, "d2", SECRET)


async def test_a_disabled_devices_readings_are_set_aside_like_a_strangers(world: World) -> None:
    await world.run(disable_device, device_id="d1")

    assert (await world.see("d1", "arrived")).verdict is Verdict.UNKNOWN_DEVICE


async def test_whoever_holds_keys_hears_of_every_change(world: World) -> None:
    await world.run(issue_secrets, secrets={"d1": SECRET, "d2": SECRET, "d3": SECRET})
    world.now = later = NOON + timedelta(seconds=10)

    await world.run(issue_secrets, secrets={"d1": NEW_SECRET})
    await world.run(disable_device, device_id="d2")

    assert sorted(await world.run(credentials_changed, since=later)) == ["d1", "d2"]


async def test_only_registered_devices_get_secrets_and_all_or_none_do(world: World) -> None:
    with pytest.raises(NotFound, match="device_not_found"):
        await world.run(issue_secrets, secrets={"d1": SECRET, "nobody": SECRET})
    with pytest.raises(NotFound, match="device_credential_not_found"):
        await world.run(revoke_secret, device_id="d1")

    assert not await knows(world, "d1", SECRET)


async def test_the_audit_names_who_issued_and_shows_no_proof(world: World) -> None:
    who = Actor("cli:root", Audience.CONSOLE)

    await world.store.run(
        who, lambda work: issue_secrets(work, secrets={"d1": SECRET}), action="issue_secrets"
    )

    [entry] = await world.store.database["audit_entries"].find().to_list(None)
    [held] = await world.run(lambda work: work.table(DeviceCredential).find({}))
    assert (entry["actor_id"], entry["action"]) == ("cli:root", "issue_secrets")
    assert entry["changes"][0]["id"] == "d1"
    for proof in (SECRET, held.secret_hash, held.signing_key):
        assert proof is not None
        assert proof not in str(entry)
    assert SECRET not in str(held)


def test_a_hash_is_what_mosquitto_writes() -> None:
    # Made by `mosquitto_passwd` 2.0.11 for the password "secret".
    made = (
        "$7$101$JgnFtLkHj8sZYso1$fgSt7FhXZewjx0Lcp6ZYKE2yBEojnAEc68dtF9S0Q4judHUywXFFoXW7vH47HL"
        "nuMMMEhnYR4B51DSo4p1LvRg=="
    )

    assert secret_fits(made, "secret")
    assert not secret_fits(made, "Secret")
    assert hash_secret("secret") != hash_secret("secret")
    assert secret_fits(hash_secret("secret"), "secret")
