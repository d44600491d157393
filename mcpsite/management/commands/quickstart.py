from __future__ import annotations

import errno
import secrets
import socket
from typing import Any

from daphne.endpoints import build_endpoint_description_strings
from daphne.server import Server
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from mcpsite.env import env_str
from mcpsite.server.daphne_limits import limit_requests
from skills_registry import services
from skills_registry.maintenance.import_folders import Options, import_skills
from skills_registry.models import Skill
from skills_registry.packages.folder import find_skills
from skills_registry.store import package_store


class Command(BaseCommand):
    """What `make run` does after installing the requirements. Idempotent."""

    help = "Prepares the database, static files, an operator account and example skills if missing, then serves."

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare, then serve until stopped."""
        self._check_port()
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        try:
            package_store.check_access()
        except OSError as error:
            raise CommandError(f"The package store is not responding: {error}") from None
        for failure in services.sweep().failures:
            self.stderr.write(failure)
        operator = self._ensure_operator()
        if not Skill.objects.exists():
            self._import_examples()
        self._serve(operator)

    def _serve(self, operator: str) -> None:
        # Imported late: the application lists the static files when it is loaded.
        from mcpsite.asgi import application  # noqa: PLC0415

        def ready() -> None:
            limit_requests(server.http_factory)
            self.stdout.write(self._welcome_text(operator))

        server = Server(
            application,
            endpoints=build_endpoint_description_strings(host=settings.HOST, port=settings.PORT),
            ready_callable=ready,
            application_close_timeout=5,
        )
        server.run()

    def _check_port(self) -> None:
        family = socket.AF_INET6 if ":" in settings.HOST else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.HOST, settings.PORT))
            except OSError as error:
                where = f"{settings.HOST}:{settings.PORT}"
                hint = " Choose another one: PORT=8001 make run" if error.errno == errno.EADDRINUSE else ""
                raise CommandError(f"Cannot listen on {where}: {error.strerror}.{hint}") from None

    def _ensure_operator(self) -> str:
        """Create a superuser unless there is one; return a line about the account."""
        users = get_user_model().objects
        existing = users.filter(is_superuser=True, is_active=True).order_by("pk").first()
        if existing is not None:
            return f"{existing.get_username()} (existing; reset with .venv/bin/python manage.py changepassword)"
        name = env_str("DJANGO_SUPERUSER_USERNAME", "admin")
        given = env_str("DJANGO_SUPERUSER_PASSWORD")
        password = given or secrets.token_urlsafe(12)
        users.create_superuser(name, env_str("DJANGO_SUPERUSER_EMAIL"), password)
        return f"{name} / {'the password from DJANGO_SUPERUSER_PASSWORD' if given else f'{password}  (shown only now)'}"

    def _import_examples(self) -> None:
        for path in find_skills(settings.BASE_DIR / "examples" / "skills"):
            (imported,) = import_skills([path], Options(note="Example", publish=not settings.REQUIRE_REVIEW))
            for problem in imported.problems:
                self.stderr.write(f"{path.name}: {problem}")

    def _welcome_text(self, operator: str) -> str:
        url = settings.PUBLIC_URL
        header = ' --header "Authorization: Bearer TOKEN"' if settings.MCP_REQUIRE_AUTH else ""
        access = (
            "a token is required: .venv/bin/python manage.py create_token --user NAME"
            if settings.MCP_REQUIRE_AUTH
            else "open to this machine; MCP_REQUIRE_AUTH=true requires tokens"
        )
        lines = [
            "Skillkeeper is running.",
            "",
            f"  Admin    {url}/admin/",
            f"  Account  {operator}",
            f"  MCP      {url}/mcp  ({access})",
            f"  Connect  claude mcp add --transport http skillkeeper {url}/mcp{header}",
            "",
            f"  Data in {settings.DATA_DIR}. Stop with Ctrl+C.",
        ]
        if settings.PUBLIC_URL.startswith(("http://0.0.0.0", "http://[::]")):
            lines[-2:-2] = [
                "",
                "  Other machines can reach it only by the name in PUBLIC_URL; set it, for example http://skills.lan:8000.",
            ]
        return "\n".join(["", *lines, ""])
