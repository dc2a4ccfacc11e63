"""Use cases of photos; the pictures themselves are kept by the photo store."""

from datetime import datetime

from server.domain.estate import LngLat
from server.domain.stay.model.photos import Photo, PhotoKind
from server.domain.stay.service.edits import stay_in_sight
from server.domain.stay.service.policies import policy_for
from server.kernel.access import Audience
from server.kernel.errors import NotFound, Refused
from server.kernel.work import Work


async def keep_photo(
    work: Work,
    *,
    stay_id: str,
    kind: PhotoKind,
    sha256: str,
    width: int,
    height: int,
    size: int,
    device_id: str = "",
    point: LngLat | None = None,
    taken_at: datetime | None = None,
) -> Photo:
    """Note a photo of a stay; the same picture again is the same photo.

    What a motorist sends is for a dispute. Refuses with `photos_full` when his or the staff's
    photos of the stay are as many as the policy allows.
    """
    stay = await stay_in_sight(work, stay_id=stay_id)
    rows = work.table(Photo)
    have = await rows.find({"stay_id": stay.id})
    for photo in have:
        if photo.sha256 == sha256:
            return photo
    berth = stay.berth
    policy = await policy_for(work, organization_id=berth.organization_id, place_id=berth.place_id)
    audience = work.actor.audience
    own = audience is Audience.MOTORIST
    if sum((one.audience == Audience.MOTORIST) is own for one in have) >= policy.photos_max:
        raise Refused("photos_full", "取证照片已达上限", most=policy.photos_max)
    return rows.add(
        Photo(
            id=work.new_id(),
            stay_id=stay.id,
            division_code=berth.division_code,
            kind=PhotoKind.DISPUTE if own else kind,
            sha256=sha256,
            width=width,
            height=height,
            size=size,
            device_id=device_id,
            point=point,
            # What was taken offline is sent later; what is said to be taken later was not.
            taken_at=min(taken_at or work.now, work.now),
            kept_at=work.now,
            by=work.actor.id,
            audience=audience.value,
        )
    )


async def photo_in_sight(work: Work, *, photo_id: str) -> Photo:
    """Read a photo, if the actor may see its stay."""
    photo = await work.table(Photo).maybe(photo_id)
    if photo is None:
        raise NotFound("photo_not_found", "没有找到这张照片", id=photo_id)
    await stay_in_sight(work, stay_id=photo.stay_id)
    return photo
