"""The API's paths below /api/v1/."""

from __future__ import annotations

from rest_framework.routers import SimpleRouter

from .views import LogViewSet, SkillViewSet, VersionViewSet

router = SimpleRouter()
router.register("skills", SkillViewSet, basename="skill")
router.register(r"skills/(?P<name>[a-z0-9-]+)/versions", VersionViewSet, basename="version")
router.register("logs", LogViewSet, basename="log")

urlpatterns = router.urls
