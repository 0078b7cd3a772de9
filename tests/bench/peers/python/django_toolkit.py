"""django-oauth-toolkit over SQLite, committed durably as keyhook does, client secrets compared without a slow hash, nobody asked."""

import os

import django
from django.conf import settings
from django.urls import include, path

DATABASE = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": os.environ["BENCH_DATABASE"],
    "CONN_MAX_AGE": None,
    "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"},
}
settings.configure(
    SECRET_KEY="of the benchmark",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "oauth2_provider"],
    MIDDLEWARE=[f"{__name__}.signed_in"],
    DATABASES={"default": DATABASE},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
    LOGGING_CONFIG=None,
    OAUTH2_PROVIDER={"SCOPES": {"read": "read"}, "ALLOWED_REDIRECT_URI_SCHEMES": ["https"]},
)
django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from oauth2_provider.models import get_application_model  # noqa: E402

call_command("migrate", verbosity=0)
alice, _ = get_user_model().objects.get_or_create(username="alice")
for client_id, grant in (("bench", "client-credentials"), ("bench-code", "authorization-code")):
    get_application_model().objects.get_or_create(
        client_id=client_id,
        defaults={
            "client_secret": "bench-secret",
            "hash_client_secret": False,
            "client_type": "confidential",
            "authorization_grant_type": grant,
            "redirect_uris": "https://shop.test/cb",
            "skip_authorization": True,
            "user": alice,
        },
    )
urlpatterns = [path("", include("oauth2_provider.urls", namespace="oauth2_provider"))]


def signed_in(next_one):
    """Whoever comes to the authorization endpoint is alice: sessions and login are not measured, which favors this server."""

    def answer(request):
        if request.path.startswith("/authorize"):
            request.user = alice
        return next_one(request)

    return answer


app = get_wsgi_application()
