"""How often each client may send: a bucket of permits for every key and address, refilled steadily."""

from collections import OrderedDict

from config.errors import InputError
from config.settings import REPORTS_PER_HOST_PER_MINUTE_MAX

# A host that comes back after months sends its whole spool at once.
BURST = 240
CLIENTS_MAX = 100_000


class Rate:
    """Permits by client; bounded in memory, the longest unseen client is forgotten first.

    A client is a claimed key id *and* an address: an outsider who claims a host's key id spends permits of the
    outsider's own address, not of the host's.
    """

    def __init__(self, per_minute: int = REPORTS_PER_HOST_PER_MINUTE_MAX, burst: int = BURST) -> None:
        self._per_second = per_minute / 60
        self._burst = burst
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def spend(self, key_id: str, address: str, seconds: float) -> None:
        """Take one permit at a moment of a monotonic clock; InputError ``rate_limited`` when none is left."""
        client = (key_id[:64], address)
        left, seen = self._buckets.pop(client, (float(self._burst), seconds))
        left = min(self._burst, left + (seconds - seen) * self._per_second)
        allowed = left >= 1
        self._buckets[client] = (left - 1 if allowed else left, seconds)
        if len(self._buckets) > CLIENTS_MAX:
            self._buckets.popitem(last=False)
        if not allowed:
            raise InputError("rate_limited", "Too many uploads from this host.", "Send the rest in a minute.")
