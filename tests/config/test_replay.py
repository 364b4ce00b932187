"""The log told again in its order."""

from collections.abc import Callable
from typing import Any

import pytest

from config import envelope, keys, statement
from config.canonical import encode_base64
from config.errors import InputError
from config.replay import Host, Replay
from config.statement import digest
from tests.helpers import World, fixed_key, spelled, world


def told(made: World, leave_out: tuple[int, ...] = ()) -> Replay:
    """The world's log, told again."""
    replay = Replay(made.server.public)
    for index, data in sorted(made.statements.items()):
        if index and index not in leave_out:
            signed = envelope.decode(data)
            replay.take(statement.decode(signed.payload).kind, signed)
    return replay


def host(made: World, **options: Any) -> Host:
    """What is told of host-1."""
    return told(made, **options).hosts["host-1"]


def report_digest(made: World, place: int) -> str:
    """What a report is known by."""
    return digest(envelope.decode(made.statements[place]).payload)


def test_honest() -> None:
    """An honest log leaves an active host, judged by its last report."""
    made = world()
    found = host(made)

    assert ("active", 2, []) == (found.state, found.head, found.warnings("host-1"))
    assert report_digest(made, 5) == found.links[2][0]
    assert 2 == len(found.sections)


def test_rules_are_held_in_order() -> None:
    """All that was adopted is held, the newest last."""
    made = world()
    made.adopt(profile={"small.toml": b'name = "later"\ntitle = "L"\n[thresholds]\n'})
    made.waive("ssh.root-login.v1")

    held = told(made).held

    assert (2, 2, 1) == tuple(len(held[kind]) for kind in ("catalogue", "profile", "waiver"))
    assert digest(b'name = "later"\ntitle = "L"\n[thresholds]\n') == held["profile"][-1].predicate["digest"]


def test_loss_takes_a_reports_place() -> None:
    """A chain goes on over a report that the host declares lost, and the host is judged by the one before."""
    made = world()
    made.lose()
    lost = host(made)
    made.report()

    assert (3, made.chains["host-1"][1]) == (lost.head, lost.links[2][0])
    assert 2 == (lost.report.predicate["sequence"] if lost.report else None)
    assert 4 == host(made).head
    assert ["host-1: report 3 was lost, as the host itself says."] == host(made).warnings("host-1")


def test_report_that_was_not_lost_after_all() -> None:
    """A report and the loss that names it stand side by side; the first of them moved the head."""
    made = world()
    place = made.report()
    sha256 = report_digest(made, place)
    made.chains["host-1"].pop()
    made.lose(lost_sha256=sha256)
    made.report()

    assert (4, [3]) == (host(made).head, host(made).losses)
    # The other way round, the report came late and is not what the host is judged by.
    other = world()
    other.lose(lost_sha256=sha256)
    other.chains["host-1"].pop()
    other.report()
    assert sha256 == other.chains["host-1"][2]
    late = host(other)
    assert 2 == (late.report.predicate["sequence"] if late.report else None)


def test_gaps_are_said() -> None:
    """Numbers that are not here are named, and the rest still counts."""
    made = world()
    made.report()
    made.report()

    assert ["host-1: reports 1 to 1 are not in this bundle."] == host(made, leave_out=(4,)).warnings("host-1")
    assert ["host-1: reports 2 to 3 are not in this bundle."] == host(made, leave_out=(5, 6)).warnings(
        "host-1"
    )


def test_observed() -> None:
    """What a host observes has a chain of its own and the state of its observer, and leaves the observer's alone."""
    made = world()
    for name in ("device.switch", "host.web"):
        made.report(f"host-1~{name}", platform="device" if "device" in name else "linux")
    made.report("host-1~device.switch", platform="device")
    found = told(made).hosts

    assert ["host-1", "host-1~device.switch", "host-1~host.web"] == sorted(found)
    assert [2, 2, 1] == [found[each].head for each in sorted(found)]
    assert "switch" == found["host-1~device.switch"].hostname
    made.fork()
    assert {"quarantined"} == {each.state for each in told(made).hosts.values()}
    made.release()
    made.revoke()
    assert {"revoked"} == {each.state for each in told(made).hosts.values()}


def test_platform_of_tomorrow() -> None:
    """A platform that nobody knows is of any kind: it is asked everything, so it escapes nothing."""
    made = world()
    made.report("host-1~device.toaster", platform="toaster")
    report = told(made).hosts["host-1~device.toaster"].report

    assert report
    assert "toaster" == report.predicate["platform"]


def test_states() -> None:
    """A fork quarantines, a release ends that, a revocation is for good."""
    made = world()
    made.enrol("host-2")
    made.fork()
    quarantined = host(made)
    made.release()
    released = host(made)
    made.revoke()

    assert "quarantined" == quarantined.state
    assert ["host-1 is quarantined."] == quarantined.warnings("host-1")
    assert ("active", "revoked") == (released.state, host(made).state)
    assert ["host-2 has not reported."] == told(made).hosts["host-2"].warnings("host-2")


def test_a_host_may_have_two_keys() -> None:
    """A second key of a host continues the same chain, and outlives the first."""
    made = world()
    key = made.enrol("host-1", keys.generate(keys.ECDSA_P256))
    made.report(key=key)
    made.revoke()
    made.report(key=key)

    assert ("active", 4) == (host(made).state, host(made).head)


def unenrolled(made: World) -> None:
    made.report("host-2")


def before_enrolment(made: World) -> None:
    made.report("host-2")
    made.enrol("host-2")


def after_revocation(made: World) -> None:
    made.revoke()
    made.report()


def by_another_host(made: World) -> None:
    made.enrol("host-2")
    made.report(key=fixed_key("host-2"))


def without_a_hint(made: World) -> None:
    made.report()
    signed = envelope.decode(made.statements.pop(6))
    bare = envelope.Signature("", signed.signatures[0].sig)
    made.leaves.pop()
    made.enter(envelope.encode(envelope.Envelope(signed.payload, signed.payload_type, (bare,))))


def signed_by_two(made: World) -> None:
    made.enrol("host-2")
    made.report()
    signed = envelope.decode(made.statements.pop(7))
    made.leaves.pop()
    both = envelope.sign(signed.payload, fixed_key("host-1"), fixed_key("host-2"))
    made.enter(envelope.encode(both))


def signed_twice(made: World) -> None:
    place = made.lose()
    signed = envelope.decode(made.statements.pop(place))
    made.leaves.pop()
    made.enter(envelope.encode(envelope.sign(signed.payload, fixed_key("host-1"), fixed_key("stranger"))))


def enrolled_twice(made: World) -> None:
    made.enrol("host-2", fixed_key("host-1"))


def revoked_twice(made: World) -> None:
    made.enrol("host-2")
    made.revoke()
    made.revoke()


def anothers_key_revoked(made: World) -> None:
    made.enrol("host-2")
    made.revoke("host-2", fixed_key("host-1"))


def enrolled_by_a_host(made: World) -> None:
    made.server = fixed_key("host-1")
    made.enrol("host-2")
    made.server = fixed_key("server")


def forged(made: World) -> None:
    made.report()
    signed = envelope.decode(made.statements[6])
    payload = signed.payload.replace(b'"cpu_ms":900', b'"cpu_ms":901')
    made.statements[6] = envelope.encode(envelope.Envelope(payload, signed.payload_type, signed.signatures))


def other_payload_type(made: World) -> None:
    made.report()
    payload = envelope.decode(made.statements[6]).payload
    signed = envelope.sign(payload, fixed_key("host-1"), payload_type="text/plain")
    made.statements[6] = envelope.encode(signed)


def about_another_subject(made: World) -> None:
    made.report(subject={"id": "directory-1", "kind": "directory"})


def of_another_observer(made: World) -> None:
    made.enrol("host-2")
    made.report("host-1~device.switch", key=fixed_key("host-2"), platform="device", observer={"id": "host-2"})


def beside_its_own(made: World) -> None:
    made.enrol("host-10")
    made.report(subject={"id": "host-10~device.switch", "kind": "device"}, platform="device")


def kind_unlike_the_id(made: World) -> None:
    made.report(
        "host-1~device.switch", subject={"id": "host-1~device.switch", "kind": "tenant"}, platform="okta"
    )


def another_host_by_its_id(made: World) -> None:
    made.enrol("host-2")
    made.report(subject={"id": "host-2", "kind": "host"})


def platform_of_another_kind(made: World) -> None:
    made.report("host-1~device.switch", platform="linux")


def host_as_a_network(made: World) -> None:
    made.report(platform="mail")


def loss_of_another(made: World) -> None:
    made.enrol("host-2")
    made.lose(subject={"id": "host-2~host.web", "kind": "host"})


def observed_after_revocation(made: World) -> None:
    made.report("host-1~device.switch", platform="device")
    made.revoke()
    made.report("host-1~device.switch", platform="device")


def observed_while_quarantined(made: World) -> None:
    made.fork()
    made.report("host-1~device.switch", platform="device")


def observed_chain_broken(made: World) -> None:
    made.report("host-1~device.switch", platform="device")
    made.report("host-1~device.switch", platform="device", previous=digest(b"other"))


def observed_in_the_observers_chain(made: World) -> None:
    made.report("host-1~device.switch", platform="device", sequence=3, previous=made.chains["host-1"][-1])
    made.report("host-1~device.switch", platform="device", sequence=4, previous=digest(b"other"))


def while_quarantined(made: World) -> None:
    made.fork()
    made.report()


def fork_of_nobody(made: World) -> None:
    made.fork("host-2")


def revocation_of_nobody(made: World) -> None:
    made.revoke("host-2")


def second_server_keys(made: World) -> None:
    made.enter(made.statements[0])


def request_in_the_log(made: World) -> None:
    request = {
        "host_id": "host-2",
        "hostname": "host-2",
        "key": spelled(fixed_key("host-2")),
        "protection": "file",
        "serial": None,
        "platform": "linux",
        "agent_version": "0.1.0",
        "requested_at": "2026-11-24T12:00:00Z",
    }
    made.say("enrolment_request", request)


def number_repeated(made: World) -> None:
    made.report(sequence=2, previous=made.chains["host-1"][0], trigger="manual")


def previous_altered(made: World) -> None:
    made.report(previous=digest(b"other"))


def previous_missing(made: World) -> None:
    made.report(previous=None)


def first_with_previous(made: World) -> None:
    made.enrol("host-2")
    made.report("host-2", previous=digest(b"other"))


def inserted_before(made: World) -> None:
    made.enrol("host-2")
    made.report("host-2", sequence=3, previous=digest(b"two"))
    made.report("host-2", sequence=2, previous=digest(b"one"))


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("bundle_unknown_key", unenrolled),
        ("bundle_unknown_key", before_enrolment),
        ("bundle_unknown_key", after_revocation),
        ("bundle_unknown_key", by_another_host),
        ("bundle_unknown_key", without_a_hint),
        ("envelope_malformed", signed_by_two),
        ("envelope_malformed", signed_twice),
        ("bundle_unknown_key", enrolled_twice),
        ("bundle_unknown_key", revoked_twice),
        ("bundle_unknown_key", anothers_key_revoked),
        ("bad_signature", enrolled_by_a_host),
        ("bad_signature", forged),
        ("wrong_payload_type", other_payload_type),
        ("wrong_subject", about_another_subject),
        ("wrong_subject", of_another_observer),
        ("wrong_subject", beside_its_own),
        ("wrong_subject", kind_unlike_the_id),
        ("wrong_subject", another_host_by_its_id),
        ("wrong_subject", platform_of_another_kind),
        ("wrong_subject", host_as_a_network),
        ("wrong_subject", loss_of_another),
        ("bundle_unknown_key", observed_after_revocation),
        ("bundle_host_quarantined", observed_while_quarantined),
        ("bundle_chain_broken", observed_chain_broken),
        ("bundle_chain_broken", observed_in_the_observers_chain),
        ("bundle_host_quarantined", while_quarantined),
        ("bundle_unknown_host", fork_of_nobody),
        ("bundle_unknown_host", revocation_of_nobody),
        ("bundle_wrong_kind", second_server_keys),
        ("bundle_wrong_kind", request_in_the_log),
        ("bundle_chain_broken", number_repeated),
        ("bundle_chain_broken", previous_altered),
        ("bundle_chain_broken", previous_missing),
        ("bundle_chain_broken", first_with_previous),
        ("bundle_chain_broken", inserted_before),
    ],
)
def test_refused(code: str, wrong: Callable[[World], None]) -> None:
    """Each thing that an honest log can't hold is refused where it stands."""
    made = world()
    wrong(made)

    with pytest.raises(InputError) as caught:
        told(made)

    assert code == caught.value.code


def test_kind_must_be_the_one_promised() -> None:
    """A statement passes for no other kind, whoever signed it."""
    made = world()
    replay = Replay(made.server.public)
    with pytest.raises(InputError, match="bundle_wrong_kind"):
        replay.take("waiver", envelope.decode(made.statements[3]))
    replay.take("enrolment", envelope.decode(made.statements[3]))
    with pytest.raises(InputError, match="bundle_wrong_kind"):
        replay.take("loss", envelope.decode(made.statements[4]))


def test_enrolment_of_a_broken_key() -> None:
    """A key that is none can't be enrolled, even by the server."""
    made = world()
    key = {"algorithm": "ed25519", "spki": encode_base64(b"no key")}
    predicate = dict(statement.decode(envelope.decode(made.statements[3]).payload).predicate)
    made.say("enrolment", {**predicate, "key": key})

    with pytest.raises(InputError, match="key_malformed"):
        told(made)
