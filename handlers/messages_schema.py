"""What goes into and comes out of the API of text messages about arrears."""

from marshmallow import Schema, fields, validate

from handlers.arrears_answers import Reminder
from handlers.arrears_schema import CURSOR
from handlers.schema import Asked, Count, Text, list_of
from server.domain.recovery import ReminderChannel, ReminderState

# Aliyun: `SMS_` and digits. Other makers have other words.
CODE = validate.Regexp(r"[A-Za-z0-9_-]{1,32}\Z")


class TemplateBody(Schema):
    """The provider's code of a template, its text there, and the version that was seen."""

    code = Text(required=True, validate=CODE)
    text = Text(required=True, validate=validate.Length(1, 500))
    v = Count(required=True)


class TemplateQuery(Asked):
    """The version that was seen."""

    v = Count(required=True)


class RemindersQuery(Asked):
    """Reminders of a state or a channel."""

    state = fields.Enum(ReminderState, by_value=True, load_default=None)
    channel = fields.Enum(ReminderChannel, by_value=True, load_default=None)
    cursor = Text(load_default=None, validate=CURSOR)
    limit = Count(load_default=50, validate=validate.Range(1, 200))


class Template(Schema):
    """The template of one kind; where none is set the platform's own is used, if there is one."""

    kind = Text(required=True)
    code = Text(required=True)
    text = Text(required=True)
    example = Text(required=True)
    v = Count(required=True)
    changed_by = Text(required=True, allow_none=True)
    changed_at = fields.DateTime(required=True, allow_none=True)


class Variable(Schema):
    """A word that a text may have, and must have where it is needed."""

    name = Text(required=True)
    label = Text(required=True)
    needed = fields.Boolean(required=True)
    example = Text(required=True)


class Templates(Schema):
    """The templates of all kinds, the code of the platform's own, and the variables that there are."""

    items = list_of(Template)
    default_code = Text(required=True)
    variables = list_of(Variable)


class TemplateAnswer(Schema):
    """One template."""

    template = fields.Nested(Template, required=True)


class SentReminder(Reminder):
    """A reminder in the log of all cases, the plate masked."""

    case_id = Text(required=True)
    plate = Text(required=True)
    amount = Count(required=True)


class RemindersPage(Schema):
    """A page of what was sent, the latest first."""

    items = list_of(SentReminder)
    cursor = Text(required=True, allow_none=True)
