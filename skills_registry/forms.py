"""What operators fill in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat

NOTE_MAX = 10_000


class UploadForm(forms.Form):
    """The first step of an upload: the zip."""

    file = forms.FileField(
        label="Zip of one skill",
        allow_empty_file=True,
        help_text="SKILL.md at the top of the zip, or in its one top folder.",
        widget=forms.ClearableFileInput(attrs={"accept": ".zip,.skill,application/zip"}),
    )

    def clean_file(self) -> UploadedFile:
        """Refuse what is larger than any package may be, before it is read."""
        file: UploadedFile = self.cleaned_data["file"]
        limit: int = settings.SKILL_MAX_ARCHIVE_BYTES
        if (file.size or 0) > limit:
            raise forms.ValidationError(
                f"The file has {filesizeformat(file.size or 0)}; at most {filesizeformat(limit)} are allowed."
            )
        return file


class ExpectedLiveField(forms.IntegerField):
    """The version that was live when the page was shown ("" for none), so that a later change is noticed."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, widget=forms.HiddenInput, **kwargs)


class ReviewForm(forms.Form):
    """The second step of an upload: what to do with it."""

    note = forms.CharField(
        required=False,
        max_length=NOTE_MAX,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="What is new in this version; shown in its history.",
    )
    expected_live = ExpectedLiveField()


class ChangeForm(forms.Form):
    """The confirmation of publish, rollback and deactivate."""

    reason = forms.CharField(
        required=False,
        max_length=NOTE_MAX,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Shown in the skill's history.",
    )
    expected_live = ExpectedLiveField()
