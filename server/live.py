"""Puts the realtime part of a process together: its hub, who may hear what, and what facts do there."""

import logging
from collections.abc import Sequence

from realtime.authority import CONCERNS, Authority
from realtime.broker import BrokerUnavailable
from realtime.broker_redis import RedisBroker
from realtime.channels import Channels, personal_channel
from realtime.gathering import publications_of
from realtime.hub import Hub
from server.config import Config
from server.domain.estate import Place
from server.kernel.access import system
from server.kernel.errors import NotFound
from server.store.mongo import Store
from server.store.relay import Told

log = logging.getLogger(__name__)


def make_hub(config: Config, store: Store) -> Hub:
    """Make the hub of a process; one that only publishes need not be started."""
    divisions: dict[str, str] = {}

    async def division_of(place_id: str) -> str | None:
        if place_id not in divisions:
            try:
                place = await store.run(
                    system("channels"), lambda work: work.table(Place).get(place_id)
                )
            except NotFound:
                return None
            divisions[place_id] = place.division_code
        return divisions[place_id]

    return Hub(
        Channels(division_of),
        RedisBroker(config.redis_url),
        token_key=config.token_key,
        origins=config.allowed_origins,
        personal_channel=personal_channel,
        vouch=Authority(store.run).vouch,
    )


async def forward(hub: Hub, told: Sequence[Told]) -> bool:
    """Publish what the facts say, and have the sockets looked at of those whom they concern.

    Says whether it is done, or must be tried again; what has arrived already is not sent again
    then, if the same facts come in the same batch.
    """
    facts = [one.fact for one in told]
    concerned = {CONCERNS[type(fact)](fact) for fact in facts if type(fact) in CONCERNS}
    try:
        made = publications_of(facts, [one.id for one in told])
        await hub.publish_many(
            [(one.channel, one.data) for one in made], keys=[one.key for one in made]
        )
        for account_id in concerned:
            await hub.recheck(user=account_id)
    except BrokerUnavailable:
        log.warning("Publications wait: redis is away")
        return False
    return True
