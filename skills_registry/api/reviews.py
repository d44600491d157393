"""Reviews of versions: request, approve, send back, and list what waits for review."""

from __future__ import annotations

from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from skills_registry import services
from skills_registry.models import Review, SkillVersion

from . import inputs, outputs
from .access import caller, visible_skills, visible_version
from .pages import paginate
from .permissions import PUBLISH, UPLOAD, VIEW


class VersionReviewViewSet(viewsets.ViewSet):
    """The reviews of a version; each POST responds with the review that it added."""

    permissions = {"reviews": VIEW, "request_review": UPLOAD, "approve": PUBLISH, "send_back": PUBLISH}
    lookup_field = "number"
    lookup_value_regex = "[0-9]{1,9}"

    @action(detail=True)
    def reviews(self, request: Request, name: str, number: str) -> Response:
        """A page of reviews, newest first."""
        query = inputs.read_query(request, inputs.HistoryQuery)
        found = Review.objects.filter(version=visible_version(request, name, number)).select_related("actor")
        found = found.filter(pk__lt=query["cursor"]) if query["cursor"] else found
        return paginate(
            request, found, query["limit"], cursor=lambda review: review.pk, serialize=outputs.serialize_reviews
        )

    @action(detail=True, methods=["post"], url_path="request-review")
    def request_review(self, request: Request, name: str, number: str) -> Response:
        """Ask for a review of the version."""
        data = inputs.read_body(request, inputs.CommentInput)
        version = visible_version(request, name, number)
        return _review_response(services.request_review(version, actor=caller(request), **data))

    @action(detail=True, methods=["post"])
    def approve(self, request: Request, name: str, number: str) -> Response:
        """Approve the version."""
        data = inputs.read_body(request, inputs.CommentInput)
        return _review_response(services.approve(visible_version(request, name, number), actor=caller(request), **data))

    @action(detail=True, methods=["post"], url_path="send-back")
    def send_back(self, request: Request, name: str, number: str) -> Response:
        """Send the version back with a comment."""
        data = inputs.read_body(request, inputs.CommentInput)
        return _review_response(
            services.send_back(visible_version(request, name, number), actor=caller(request), **data)
        )


class ReviewQueueViewSet(viewsets.ViewSet):
    """The versions of all skills that wait for review."""

    permissions = {"list": VIEW}

    def list(self, request: Request) -> Response:
        """A page of versions, the newest upload first."""
        query = inputs.read_query(request, inputs.HistoryQuery)
        waiting = SkillVersion.objects.waiting_for_review().filter(skill__in=visible_skills(request).values("pk"))
        waiting = waiting.filter(pk__lt=query["cursor"]) if query["cursor"] else waiting
        found = waiting.select_related("skill", "uploaded_by").defer("frontmatter", "files", "warnings", "findings")
        return paginate(
            request,
            found.order_by("-pk"),
            query["limit"],
            cursor=lambda version: version.pk,
            serialize=outputs.serialize_waiting_versions,
        )


def _review_response(review: Review) -> Response:
    return Response(outputs.ReviewSerializer(review).data)
