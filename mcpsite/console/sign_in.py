"""The admin's login form."""

from __future__ import annotations

from django.contrib.auth.forms import AuthenticationForm as DjangoForm
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.forms import AuthenticationForm


class SignInForm(AuthenticationForm):  # type: ignore[misc]  # unfold has no types here
    """Login form that tells users with a correct password if they lack staff status.

    Django's form says that the password may be wrong. Without the password, nothing is revealed.
    """

    error_messages = {
        **AuthenticationForm.error_messages,
        "not_staff": _(
            "The password is correct, but this account cannot use the admin. "
            "Ask an administrator for staff status and a role."
        ),
    }

    def confirm_login_allowed(self, user: User) -> None:
        """Reject inactive and non-staff accounts; called after the password was verified."""
        DjangoForm.confirm_login_allowed(self, user)
        if not user.is_staff:
            raise ValidationError(self.error_messages["not_staff"], code="not_staff")
