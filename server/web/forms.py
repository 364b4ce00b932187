"""The forms: what a person may type, and what comes of it."""

from datetime import timedelta

from django import forms

from config.settings import TOKEN_MAX_AGE_DAYS
from server.api_tokens import LIFETIME_MAX_DAYS, SCOPES

HOSTS_MAX = 100_000
LISTED_MAX = 1000
_NAME_MAX = 64
_SPANS = (("1h", "1 hour"), ("24h", "1 day"), ("7d", "7 days"), (f"{TOKEN_MAX_AGE_DAYS}d", "30 days"))
_DAYS = ((30, "30 days"), (90, "90 days"), (LIFETIME_MAX_DAYS, "1 year"))


class WordsField(forms.CharField):
    """Words apart by spaces, commas or lines."""

    def clean(self, value: str | None) -> list[str]:
        """Return the words; refuse one that is too long, and more than anyone types."""
        words = (super().clean(value) or "").replace(",", " ").split()
        if len(words) > LISTED_MAX or any(len(word) > _NAME_MAX for word in words):
            raise forms.ValidationError(f"At most {LISTED_MAX} words of at most {_NAME_MAX} characters.")
        return words


class EnrolmentForm(forms.Form):
    """A new enrolment token."""

    quota = forms.IntegerField(label="How many hosts", min_value=1, max_value=HOSTS_MAX, initial=1)
    lifetime = forms.ChoiceField(label="Ends after", choices=_SPANS, initial="24h")
    tags = WordsField(
        label="Tags", required=False, max_length=4096, help_text="Optional. Words that its hosts get."
    )
    serials = WordsField(
        label="Serial numbers",
        required=False,
        max_length=65536,
        help_text="Optional. Only these machines may use it.",
    )
    note = forms.CharField(
        label="Note", required=False, max_length=200, help_text="Optional. What it is for."
    )


class ApiTokenForm(forms.Form):
    """A new API token."""

    note = forms.CharField(label="What it is for", max_length=200)
    days = forms.TypedChoiceField(label="Ends after", choices=_DAYS, coerce=int, initial=90)
    scopes = forms.MultipleChoiceField(
        label="Scopes",
        choices=[(scope, scope) for scope in SCOPES],
        initial=[SCOPES[0]],
        widget=forms.CheckboxSelectMultiple,
    )

    def lifetime(self) -> timedelta:
        """Return how long the token lives."""
        return timedelta(days=self.cleaned_data["days"])
