"""A clerk's desk: what is there to be looked at, agreed to and shown."""

import io

from PIL import Image

from server.domain.stay import (
    Change,
    EditKind,
    EditRequest,
    Photo,
    PhotoKind,
    Review,
    ReviewReason,
    ReviewState,
    Stay,
    change_policy,
    edit_stay,
    keep_photo,
)
from server.kernel.access import Actor, Audience, Scope
from server.kernel.ids import id_at
from server.kernel.work import Work
from server.store.photos import GridFsPhotos
from server.store.pictures import draw_anew
from tests.world import NOON, World


def picture(color: str, size: tuple[int, int] = (64, 48), format: str = "PNG") -> bytes:
    """Draw a picture of one color."""
    drawn = io.BytesIO()
    Image.new("RGB", size, color).save(drawn, format)
    return drawn.getvalue()


def clerk(name: str) -> Actor:
    """Make a member of staff who sees everything."""
    return Actor(
        f"staff-{name}", Audience.CONSOLE, scope=Scope(everything=True), organization_id="city"
    )


def time_ids(world: World) -> None:
    """Let ids begin with the standing clock, as they do with a running one."""
    count = iter(range(10**9))
    world.store.new_id = lambda: f"{id_at(world.now)[:9]}{next(count):011}"


async def desk(world: World) -> dict[str, str]:
    """Put requests, reviews and a photo there; gives their ids by the names that tests use."""
    await world.run(change_policy, scope="city", values={"review_mode": "all"}, v=0)
    [stay], [running] = await world.stays("b1"), await world.stays("b2")
    known = {"ended": stay.id, "standing": running.id}
    for name, who in (("approved", "chief"), ("rejected", "chief"), ("withdrawn", "city")):
        change = Change(
            kind=EditKind.ARRIVAL, reason="监控", berth_id="b3", arrived_at=NOON, left_at=world.now
        )
        asked = await world.run(edit_stay, actor=clerk(who), change=change)
        assert isinstance(asked, EditRequest)
        known[name] = asked.id
    known |= await world.run(_reviews, stay_id=stay.id)
    photo = await photograph(world, stay_id=stay.id, color="white")
    return {**known, "photo": photo.id}


async def photograph(world: World, *, stay_id: str, color: str) -> Photo:
    """Keep a photo of a stay."""
    drawn = draw_anew(picture(color))
    await GridFsPhotos(world.store.database).put(drawn.sha256, drawn.data)
    return await world.run(
        keep_photo,
        actor=clerk("city"),
        stay_id=stay_id,
        kind=PhotoKind.PATROL,
        sha256=drawn.sha256,
        width=drawn.width,
        height=drawn.height,
        size=len(drawn.data),
    )


async def _reviews(work: Work, *, stay_id: str) -> dict[str, str]:
    stay = await work.table(Stay).get(stay_id)
    rows, made = work.table(Review), {}
    for name, reason in (("open", ReviewReason.CLONE), ("claimed", ReviewReason.MISSED_LEAVE)):
        review = Review(
            id=f"{stay.id}:{reason.value}",
            reason=reason,
            stay_id=stay.id,
            berth=stay.berth,
            plate=stay.plate,
            raised_by="relay",
            raised_at=work.now,
            state=ReviewState(name),
            claimed_by="staff-city" if name == "claimed" else None,
        )
        made[name] = rows.add(review).id
    return made
