"""A link on which nothing is said is asked whether it is alive, and only a dead one is given up."""

import signal
from typing import Any

from realtime.redis_link import connect
from realtime.redis_place import read_place
from tests.realtime.node import until
from tests.realtime.redis_servers import RedisServer

QUIET_S = 0.01


async def test_a_silent_link_to_a_server_that_answers_is_kept(own_redis: RedisServer) -> None:
    place, heard = read_place(own_redis.url), list[Any]()
    link = await connect(place, place.addresses[0], place.login, 5.0, hear=heard.append)

    link.stay_awake(QUIET_S)

    await until(lambda: len(heard) >= 50)
    assert link.alive
    link.drop()


async def test_a_silent_link_to_a_server_that_is_stuck_is_given_up(own_redis: RedisServer) -> None:
    place = read_place(own_redis.url)
    link = await connect(place, place.addresses[0], place.login, 5.0)
    assert own_redis.process is not None
    own_redis.process.send_signal(signal.SIGSTOP)

    link.stay_awake(QUIET_S)

    await until(lambda: not link.alive)
    own_redis.process.send_signal(signal.SIGCONT)
