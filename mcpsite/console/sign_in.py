"""The form by which people sign in to the admin."""

from __future__ import annotations

from django.contrib.auth.forms import AuthenticationForm as DjangoForm
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.forms import AuthenticationForm


class SignInForm(AuthenticationForm):  # type: ignore[misc]  # unfold has no types here
    """Tells those whose password is right and whose account is not for the admin what they lack.

    Django says for both that the password may be wrong. Whoever does not know the password learns nothing.
    """

    error_messages = {
        **AuthenticationForm.error_messages,
        "not_staff": _(
            "The password is correct, but this account cannot use the admin. "
            "Ask an administrator for staff status and a role."
        ),
    }

    def confirm_login_allowed(self, user: User) -> None:
        """Refuse accounts that are inactive or not staff; called once the password was right."""
        DjangoForm.confirm_login_allowed(self, user)
        if not user.is_staff:
            raise ValidationError(self.error_messages["not_staff"], code="not_staff")
