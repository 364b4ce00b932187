"""Which address leads to which page. The bare routes (`server/ingest.py`) are answered before Django."""

from allauth.account import views as accounts
from django.urls import URLPattern, URLResolver, include, path

from server.api import api
from server.web.views import (
    account,
    criteria,
    enrolment,
    evidence,
    feeds,
    hosts,
    joined,
    log,
    overview,
    second_factors,
)

# Of allauth only what we use: nobody signs up, and the server sends no mail.
_accounts = [
    path("login/", accounts.login, name="account_login"),
    path("logout/", accounts.logout, name="account_logout"),
    path("signup/", accounts.signup, name="account_signup"),
    path("inactive/", accounts.account_inactive, name="account_inactive"),
    path("reauthenticate/", accounts.reauthenticate, name="account_reauthenticate"),
    path("password/change/", accounts.password_change, name="account_change_password"),
    path("2fa/webauthn/keys/<int:pk>/remove/", second_factors.remove_key, name="mfa_remove_webauthn"),
    path("2fa/", include("allauth.mfa.urls")),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", overview.overview, name="overview"),
    path("criteria/<str:criterion_id>", criteria.criterion, name="criterion"),
    path("checks/<str:check_id>", criteria.check, name="check"),
    path("hosts", hosts.hosts, name="hosts"),
    path("hosts/<path:host_id>/sections/<str:sha256>", hosts.section, name="section"),
    path("hosts/<path:host_id>", hosts.host, name="host"),
    path("coverage", joined.coverage, name="coverage"),
    path("accounts", joined.accounts, name="accounts"),
    path("networks", joined.all_networks, name="networks"),
    path("networks/<path:host_id>", joined.network, name="network"),
    path("enrolment", enrolment.enrolment, name="enrolment"),
    path("enrolment/<str:token_id>/revoke", enrolment.revoke, name="enrolment_revoke"),
    path("evidence", evidence.evidence, name="evidence"),
    path("evidence/bundle", evidence.download, name="export"),
    path("feeds", feeds.feeds, name="feeds"),
    path("log", log.log, name="log"),
    path("account/tokens", account.tokens, name="api_tokens"),
    path("account/tokens/<str:token_id>/delete", account.delete, name="api_token_delete"),
    path("accounts/", include(_accounts)),
    path("api/v1/", api.urls),
]

handler400 = "server.web.errors.bad_request"
handler403 = "server.web.errors.forbidden"
handler404 = "server.web.errors.not_found"
handler500 = "server.web.errors.internal"
