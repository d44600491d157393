"""Texts that unfold does not translate, and words for which our translation differs from Django's.

Marking them here puts them into our message catalog.
"""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

TEXTS = [
    _("After you've created a user, you’ll be able to edit more user options."),  # noqa: RUF001  # as unfold writes it
    _("Date"),
    _("False"),
    _("Go back"),
    _("group"),
    _(
        "Raw passwords are not stored, so there is no way to see this user’s password, but you can change the password"  # noqa: RUF001
        ' using <a href="{}" class="text-primary-600 dark:text-primary-500">this form</a>.'
    ),
    _("Select action"),
    _("Select action to run"),
    _("Select all rows"),
    _("Select record"),
    _("Select value"),
    _("True"),
    _("Type to search"),
    _("Unknown"),
    _("Welcome back to"),
]
