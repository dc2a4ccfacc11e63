"""What clerks see of text messages about arrears."""

from collections.abc import Mapping

from handlers.arrears_shows import show_reminder
from handlers.shows import Shown
from server.domain.recovery import (
    TEMPLATE_VARIABLES,
    MessageKind,
    MessageTemplate,
    Reminder,
    example_of,
)
from server.domain.recovery.queries.lists import Page
from server.domain.vehicle import mask_plate


def show_templates(held: Mapping[MessageKind, MessageTemplate], *, default_code: str) -> Shown:
    """Show all kinds, those without a template of their own too, and which variables there are."""
    variables = [
        {"name": name, "label": one.label, "needed": one.needed, "example": one.example}
        for name, one in TEMPLATE_VARIABLES.items()
    ]
    items = [show_template(held[kind]) if kind in held else _unset(kind) for kind in MessageKind]
    return {"items": items, "default_code": default_code, "variables": variables}


def show_template(template: MessageTemplate) -> Shown:
    """Show one template, with what a phone would read."""
    return {
        "kind": template.kind.value,
        "code": template.code,
        "text": template.text,
        "example": example_of(template.text),
        "v": template.v,
        "changed_by": template.changed_by,
        "changed_at": template.changed_at,
    }


def _unset(kind: MessageKind) -> Shown:
    blank = {"code": "", "text": "", "example": "", "v": 0}
    return {"kind": kind.value, **blank, "changed_by": None, "changed_at": None}


def show_reminders(page: Page[Reminder]) -> Shown:
    """Show what was sent for all cases; whoever looks over a shoulder learns no plate."""
    items = [
        {
            **show_reminder(one),
            "case_id": one.case_id,
            "plate": mask_plate(one.plate.number),
            "amount": one.amount,
        }
        for one in page.items
    ]
    return {"items": items, "cursor": page.cursor}
