"""Routes below /api/v1/."""

from __future__ import annotations

from rest_framework.routers import SimpleRouter

from .audit import AuditViewSet
from .logs import LogViewSet, SkillCallsViewSet, UsageViewSet
from .reviews import ReviewQueueViewSet, VersionReviewViewSet
from .skill_details import SkillChangeViewSet
from .versions import VersionViewSet
from .views import SkillViewSet

VERSIONS = r"skills/(?P<name>[a-z0-9-]+)/versions"

router = SimpleRouter()
# The slash is optional: Django's redirect would turn an upload into a GET.
router.trailing_slash = "/?"
router.register("skills", SkillViewSet, basename="skill")
router.register("skills", SkillChangeViewSet, basename="skill-change")
router.register("skills", SkillCallsViewSet, basename="skill-calls")
router.register(VERSIONS, VersionViewSet, basename="version")
router.register(VERSIONS, VersionReviewViewSet, basename="version-review")
router.register("reviews", ReviewQueueViewSet, basename="review")
router.register("audit", AuditViewSet, basename="audit")
router.register("logs", LogViewSet, basename="log")
router.register("usage", UsageViewSet, basename="usage")

urlpatterns = router.urls
