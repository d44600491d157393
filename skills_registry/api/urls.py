"""The API's paths below /api/v1/."""

from __future__ import annotations

from rest_framework.routers import SimpleRouter

from .views import LogViewSet, SkillViewSet, VersionViewSet

router = SimpleRouter()
# Without the slash, too: Django's redirect would turn an upload into a GET.
router.trailing_slash = "/?"
router.register("skills", SkillViewSet, basename="skill")
router.register(r"skills/(?P<name>[a-z0-9-]+)/versions", VersionViewSet, basename="version")
router.register("logs", LogViewSet, basename="log")

urlpatterns = router.urls
