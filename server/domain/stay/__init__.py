"""停车记录与泊位状态: what stands on a berth (occupancy), and how long a car stays (stay).

Readings come in, put in order by `equipment`; berths change their state and stays open and close.
Edits are versions with their reasons, and what is doubtful waits for a person's look.
Occupancy, stay and money are three records that are kept apart: a sensor that errs must not bill.
"""

from server.domain.stay.events import (
    OccupancyChanged,
    PolicyChanged,
    StayClosed,
    StayCorrected,
    StayDisputed,
    StayDoubted,
    StayEdited,
    StayFact,
    StayIdentified,
    StayOpened,
    StayReleased,
    StayVoided,
    SupplyChanged,
)
from server.domain.stay.model import (
    BerthLabel,
    Occupancy,
    OccupancyState,
    Stay,
    StayLabel,
    StayLinks,
    StayState,
    Supply,
)
from server.domain.stay.model.edits import (
    Change,
    EditKind,
    EditRequest,
    Preview,
    RequestState,
    StayEdit,
    Version,
)
from server.domain.stay.model.photos import Photo, PhotoKind
from server.domain.stay.model.policies import (
    Autopay,
    Policy,
    PolicyLayer,
    Pursuit,
    ReviewMode,
    SamePlate,
)
from server.domain.stay.model.reviews import (
    DisputeReason,
    Review,
    ReviewOutcome,
    ReviewReason,
    ReviewState,
)
from server.domain.stay.rules.ahead import Forecast
from server.domain.stay.rules.policy_keys import KEYS, PolicyKind, PolicyUnit
from server.domain.stay.service import (
    identify_berth,
    open_berths,
    price_stay,
)
from server.domain.stay.service.berths import (
    resume_berth,
    suspend_berth,
)
from server.domain.stay.service.edits import (
    approve_edit,
    close_request,
    edit_stay,
    evaluates_stays,
    preview_edit,
    preview_request,
    stay_in_sight,
)
from server.domain.stay.service.foreseeing import foresee_price
from server.domain.stay.service.observing import observe
from server.domain.stay.service.photos import keep_photo, photo_in_sight
from server.domain.stay.service.policies import (
    change_policy,
    policy_for,
)
from server.domain.stay.service.reviews import (
    begin_dispute,
    claim_review,
    dispute_stay,
    resolve_review,
    withdraw_dispute,
)
from server.domain.stay.service.sightings import doubt_change, doubt_typed_plate

__all__ = [
    "KEYS",
    "Autopay",
    "BerthLabel",
    "Change",
    "DisputeReason",
    "EditKind",
    "EditRequest",
    "Forecast",
    "Occupancy",
    "OccupancyChanged",
    "OccupancyState",
    "Photo",
    "PhotoKind",
    "Policy",
    "PolicyChanged",
    "PolicyKind",
    "PolicyLayer",
    "PolicyUnit",
    "Preview",
    "Pursuit",
    "RequestState",
    "Review",
    "ReviewMode",
    "ReviewOutcome",
    "ReviewReason",
    "ReviewState",
    "SamePlate",
    "Stay",
    "StayClosed",
    "StayCorrected",
    "StayDisputed",
    "StayDoubted",
    "StayEdit",
    "StayEdited",
    "StayFact",
    "StayIdentified",
    "StayLabel",
    "StayLinks",
    "StayOpened",
    "StayReleased",
    "StayState",
    "StayVoided",
    "Supply",
    "SupplyChanged",
    "Version",
    "approve_edit",
    "begin_dispute",
    "change_policy",
    "claim_review",
    "close_request",
    "dispute_stay",
    "doubt_change",
    "doubt_typed_plate",
    "edit_stay",
    "evaluates_stays",
    "foresee_price",
    "identify_berth",
    "keep_photo",
    "observe",
    "open_berths",
    "photo_in_sight",
    "policy_for",
    "preview_edit",
    "preview_request",
    "price_stay",
    "resolve_review",
    "resume_berth",
    "stay_in_sight",
    "suspend_berth",
    "withdraw_dispute",
]
