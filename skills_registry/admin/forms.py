"""The forms of the admin pages."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from skills_registry.bounded.json_text import BoundedDecoder
from skills_registry.models import NOTE_MAX, Skill
from skills_registry.packages.edits import InvalidEdits, read_edits
from skills_registry.tags import InvalidTags, normalize_tags, split_words
from skills_registry.texts.render import render_refusal

EDITED_FILE_MAX = 1024 * 1024
"""Maximum size in bytes of a file added in the editor; all edits are sent in one form."""
_UNPACKABLE = re.compile("[\0\ud800-\udfff]")


class _FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files. One larger than SKILL_MAX_ARCHIVE_BYTES is refused before it is read."""

    widget = _FilesInput

    def clean(self, data: Any, initial: Any = None) -> Any:
        """Return the files. Raises ValidationError naming each file that is too large."""
        files = [super(FilesField, self).clean(file, initial) for file in data or [None]]
        limit: int = settings.SKILL_MAX_ARCHIVE_BYTES
        message = _("%(name)s has %(size)s; at most %(limit)s are allowed.")
        too_large = [
            message % {"name": file.name, "size": filesizeformat(file.size), "limit": filesizeformat(limit)}
            for file in files
            if file.size > limit
        ]
        if too_large:
            raise forms.ValidationError(too_large)
        return files


class UploadForm(forms.Form):
    """Step 1 of an upload: zips, or files with their paths below the dropped folders."""

    file = FilesField(
        label=_("Zips, or the files of one skill"),
        allow_empty_file=True,
        help_text=_("SKILL.md must be at the top of each zip or in its only top-level folder."),
    )
    paths = forms.JSONField(required=False, decoder=BoundedDecoder, widget=forms.HiddenInput)
    """The path of each file, in the order of the files; without it, the file names are used."""

    def clean_paths(self) -> list[str] | None:
        """Refuse paths that cannot be stored in a zip."""
        paths = self.cleaned_data["paths"]
        if paths is None:
            return None
        if not isinstance(paths, list) or not all(isinstance(path, str) and path for path in paths):
            raise forms.ValidationError(_("The file paths must be a list of strings."))
        if any(_UNPACKABLE.search(path) for path in paths):
            raise forms.ValidationError(_("A file path contains a forbidden character."))
        return paths

    def clean(self) -> dict[str, Any]:
        """Check that there are as many paths as files."""
        cleaned = super().clean() or {}
        paths, files = cleaned.get("paths"), cleaned.get("file")
        if paths is not None and files is not None and len(paths) != len(files):
            raise forms.ValidationError(_("The number of paths and files differs."))
        return cleaned

    def files_by_path(self) -> list[tuple[str, UploadedFile]]:
        """Pair each file with its path."""
        files: list[UploadedFile] = self.cleaned_data["file"]
        paths = self.cleaned_data["paths"] or [file.name or "" for file in files]
        return list(zip(paths, files, strict=True))


class ExpectedLiveField(forms.IntegerField):
    """The version that was live when the page was rendered ("" for none), to detect a change since."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, widget=forms.HiddenInput, **kwargs)


class NoteForm(forms.Form):
    """A note for new versions."""

    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=NOTE_MAX,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("What is new in this version; shown in its history."),
    )


class InspectionForm(NoteForm):
    """Step 2 of an upload: what to do with the inspected package."""

    expected_live = ExpectedLiveField()


class EditForm(forms.Form):
    """Edits of the files of a version.

    The editor's script sends all edits in `edits`. Without JavaScript, the form edits the file at `path`.
    """

    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=NOTE_MAX,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("What is new in this version; shown in its history."),
    )
    edits = forms.JSONField(required=False, decoder=BoundedDecoder, widget=forms.HiddenInput)
    expected_latest = forms.IntegerField(widget=forms.HiddenInput)
    path = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)
    new_path = forms.CharField(label=_("Path"), required=False, strip=False)
    text = forms.CharField(label=_("Text"), required=False, strip=False, widget=forms.Textarea)
    content = forms.FileField(
        label=_("Replace the text with a file"),
        required=False,
        allow_empty_file=True,
        help_text=_("For images and other binary files, up to 1 MB. Upload larger files in a zip."),
    )
    remove = forms.BooleanField(label=_("Remove this file"), required=False)

    def clean_content(self) -> bytes | None:
        """Read the chosen file. Raises ValidationError if it is too large."""
        file = self.cleaned_data["content"]
        if not file:
            return None
        if file.size > EDITED_FILE_MAX:
            raise forms.ValidationError(_("This file is larger than 1 MB. Upload it in a zip."))
        content: bytes = file.read()
        return content

    def clean(self) -> dict[str, Any]:
        """Parse `edits` into `made`, the edits by path. Raises ValidationError."""
        cleaned = super().clean() or {}
        try:
            edits = cleaned.get("edits")
            cleaned["made"] = read_edits({} if edits is None else edits)
        except InvalidEdits as invalid:
            raise forms.ValidationError(render_refusal(invalid)) from None
        return cleaned


class CommentForm(forms.Form):
    """A comment for the review of a version."""

    comment = forms.CharField(
        label=_("Comment"),
        required=False,
        max_length=NOTE_MAX,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
        help_text=_("Everyone who can see the version can read it. Required when you send it back."),
    )


class ReasonForm(forms.Form):
    """A reason for a change."""

    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=NOTE_MAX,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Shown in the skill's history."),
    )


class ChangeForm(ReasonForm):
    """The confirmation of publish, rollback and deactivate."""

    expected_live = ExpectedLiveField()


class TagsForm(ReasonForm):
    """The complete list of tags of a skill."""

    field_order = ("tags", "reason")
    tags = forms.CharField(
        label=_("Tags"),
        required=False,
        max_length=5000,
        widget=forms.TextInput(attrs={"list": "tags-in-use", "data-words": "", "autocomplete": "off", "dir": "auto"}),
        help_text=_("Separate tags with spaces or commas. Existing tags are suggested."),
    )

    def clean_tags(self) -> list[str]:
        """Normalize the tags. Raises ValidationError."""
        try:
            return normalize_tags(split_words(self.cleaned_data["tags"]))
        except InvalidTags as invalid:
            raise forms.ValidationError(render_refusal(invalid)) from None


class OwnerForm(ReasonForm):
    """The owner of a skill: an active user, the present owner, or nobody."""

    field_order = ("owner", "reason")
    owner = forms.ModelChoiceField(User.objects.none(), label=_("Owner"), required=False, empty_label=_("No owner"))

    def __init__(self, skill: Skill, data: Any) -> None:
        super().__init__(data, initial={"owner": skill.owner_id})
        offered = User.objects.filter(Q(is_active=True) | Q(pk=skill.owner_id))
        field: forms.ModelChoiceField = self.fields["owner"]  # type: ignore[assignment]
        field.queryset = offered.order_by("username")
