"""The tables. Evidence is written by plain SQL (`writer`, `log`, `verdicts`), people by Django's ORM.

No foreign keys lead out of the evidence tables: a statement outlives its host's row.
"""

from django.contrib.auth.models import AbstractUser
from django.db import models

from server.store.fields import digest_text, json_text, name_text, time_text

_OWN = models.Q(observer="")  # hosts, without what they observe
_SERVERS = ~models.Q(kind__in=("report", "loss"))  # statements of the server's own


class Host(models.Model):
    """A machine with an enrolled agent, or a subject that one observes, and the head of its chain."""

    host_id = name_text(primary_key=True)
    kind = models.CharField(max_length=16, db_default="host")
    observer = name_text(db_default="", blank=True)  # the host that looks; empty: the host itself
    hostname = name_text()
    short_name = name_text(default="", blank=True)  # lower case, to the first dot: how names are looked up
    state = models.CharField(max_length=16)  # active, quarantined, revoked
    platform = name_text(default="")
    role = name_text(default="")
    serial = name_text(default="")
    tags = json_text("[]")
    enrolled_at = time_text()
    last_sequence = models.BigIntegerField(default=0)
    last_sha256 = digest_text(default="", blank=True)
    last_report_sha256 = digest_text(default="", blank=True)  # differs from the head after a `loss`
    last_finished_at = time_text()  # by the host's own clock
    last_observed_at = time_text()  # the same, put right where that clock is known to run ahead
    last_received_at = time_text()
    last_heard_at = time_text()  # the earlier of both: what a late or early clock cannot better
    clock_offset_ms = models.BigIntegerField(null=True)
    sections_sha256 = digest_text(default="", blank=True)  # over the subjects of the last report
    facts_until = time_text()  # until then the facts, taken alone, give the same verdicts
    fresh_from = time_text()  # when verdicts were judged: a clock that is set back outdates them, too
    fresh_until = time_text()  # until then they hold; empty: judge at once

    class Meta:
        db_table = "host"
        indexes = (
            models.Index(fields=("fresh_until",), name="host_fresh_until"),
            models.Index(fields=("fresh_from",), name="host_fresh_from"),
            models.Index(fields=("state", "last_heard_at"), name="host_state_heard", condition=_OWN),
            models.Index(fields=("observer",), name="host_observer", condition=~_OWN),
            models.Index(fields=("short_name",), name="host_short_name"),
        )


class HostCount(models.Model):
    """How many enrolled hosts are in a state; exact, since it changes in the transaction of the state."""

    state = models.CharField(max_length=16, primary_key=True)
    hosts = models.BigIntegerField()

    class Meta:
        db_table = "host_count"


class HostKey(models.Model):
    """A public key that may sign for a host."""

    key_id = digest_text(primary_key=True)
    host_id = name_text()
    algorithm = models.CharField(max_length=16)
    spki = models.BinaryField()
    protection = models.CharField(max_length=16)
    state = models.CharField(max_length=16)  # active, revoked
    created_at = time_text()

    class Meta:
        db_table = "host_key"
        indexes = (models.Index(fields=("host_id",), name="host_key_host"),)


class Statement(models.Model):
    """A signed statement in the log, as received; known by the digest of its payload."""

    sha256 = digest_text(primary_key=True)
    kind = models.CharField(max_length=32)
    host_id = name_text(default="", blank=True)
    sequence = models.BigIntegerField(null=True)
    # What the host's next statement names as its previous: of a `loss`, the digest of what was lost.
    chain_sha256 = digest_text(default="", blank=True)
    leaf_index = models.BigIntegerField(unique=True)
    envelope = models.BinaryField()  # zlib of the exact bytes
    finished_at = time_text()
    received_at = time_text()

    class Meta:
        db_table = "statement"
        indexes = (
            models.Index(fields=("host_id", "sequence"), name="statement_host_sequence"),
            # Not of what hosts say: those are many, and nobody asks for all of them by kind.
            models.Index(fields=("kind", "leaf_index"), name="statement_kind", condition=_SERVERS),
        )


class ForkEnvelope(models.Model):
    """What a host showed beside its chain: the other half of the proof that a `fork` statement speaks of."""

    sha256 = digest_text(primary_key=True)
    host_id = name_text()
    envelope = models.BinaryField()  # zlib of the exact bytes
    seen_at = time_text()

    class Meta:
        db_table = "fork_envelope"


class Section(models.Model):
    """One section's canonical bytes; kept once a host however many reports name it."""

    pk = models.CompositePrimaryKey("host_id", "sha256")
    host_id = name_text()
    sha256 = digest_text()
    collector = name_text()
    size_bytes = models.BigIntegerField()  # as it came
    body = models.BinaryField()  # zlib

    class Meta:
        db_table = "section"


class KeptFile(models.Model):
    """A file that a statement names by digest: of an adopted catalogue, a profile, later a document."""

    sha256 = digest_text(primary_key=True)
    body = models.BinaryField()  # zlib

    class Meta:
        db_table = "kept_file"


class Tile(models.Model):
    """Up to 256 hashes of one level of the log (C2SP tlog-tiles)."""

    pk = models.CompositePrimaryKey("level", "tile_index")
    level = models.IntegerField()
    tile_index = models.BigIntegerField()
    hashes = models.BinaryField()

    class Meta:
        db_table = "tile"


class LogState(models.Model):
    """The log's head: one row."""

    id = models.IntegerField(primary_key=True)
    size = models.BigIntegerField()
    root = digest_text()
    checkpoint = models.TextField()

    class Meta:
        db_table = "log_state"


class Token(models.Model):
    """An enrolment token: only its digest is kept."""

    token_id = name_text(primary_key=True)
    digest = digest_text(unique=True)
    note = name_text(default="", blank=True)
    tags = json_text("[]")
    serials = json_text("[]")
    created_at = time_text()
    expires_at = time_text()
    quota = models.IntegerField()
    used = models.IntegerField(default=0)
    revoked_at = time_text()

    class Meta:
        db_table = "token"


class Verdict(models.Model):
    """A cached verdict: derived, so that dropping the table loses nothing."""

    pk = models.CompositePrimaryKey("host_id", "check_id")
    host_id = name_text()
    check_id = name_text()
    answer = models.CharField(max_length=16)
    reason = name_text(default="", blank=True)
    detail = models.TextField(default="", blank=True)
    observed = json_text("null")
    expected = json_text("null")
    origin = models.TextField(default="", blank=True)
    sources = json_text("[]")
    waived_by = name_text(default="", blank=True)
    counted_as = models.CharField(max_length=16)  # the answer, or `stale`, or `waived`
    changed_at = time_text()
    judged_at = time_text()

    class Meta:
        db_table = "verdict"
        indexes = (models.Index(fields=("check_id", "counted_as", "host_id"), name="verdict_check_counted"),)


class VerdictCount(models.Model):
    """How many hosts give an answer to a check; exact, since it changes in the transaction of the verdicts."""

    pk = models.CompositePrimaryKey("check_id", "counted_as")
    check_id = name_text()
    counted_as = models.CharField(max_length=16)
    hosts = models.BigIntegerField()

    class Meta:
        db_table = "verdict_count"


class Person(AbstractUser):
    """Someone who logs in. What each role may do is in `server/people.py`."""

    role = models.CharField(max_length=16, default="auditor")

    class Meta:
        db_table = "person"


class ApiToken(models.Model):
    """A person's token for the API: only its digest is kept."""

    token_id = name_text(primary_key=True)
    digest = digest_text(unique=True)
    person = models.ForeignKey(Person, on_delete=models.CASCADE)
    note = name_text(default="", blank=True)
    scopes = json_text("[]")
    created_at = time_text()
    expires_at = time_text()
    last_used_at = time_text()
    revoked_at = time_text()

    class Meta:
        db_table = "api_token"


class AuditRow(models.Model):
    """Who did what on the server, apart from the log: logins, exports, tokens."""

    at = time_text()
    who = name_text()
    what = name_text()
    detail = models.TextField(default="", blank=True)

    class Meta:
        db_table = "audit"
