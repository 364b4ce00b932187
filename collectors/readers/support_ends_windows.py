"""Until when a Windows gets security updates that nobody pays extra for, by build and edition.

One build has several ends: Enterprise and Education get a year more than Home and Pro, the long-term channels (LTSC,
IoT LTSC) years more, and a server has the same number as a client. So the edition decides with the build, by its key
(EditionID), which is not translated; an edition or a build that stands here not is unknown. Extended Security Updates
are paid for and do not count. Dates: Microsoft's lifecycle pages, as endoflife.date lists them.
"""

from __future__ import annotations

from typing import Final

TABLE_DATE: Final = "2026-11-24"
_SHORT: Final = frozenset(
    "Core CoreN CoreSingleLanguage CoreCountrySpecific Professional ProfessionalN ProfessionalEducation"
    " ProfessionalEducationN ProfessionalWorkstation ProfessionalWorkstationN".split()
)
_LONG: Final = frozenset("Enterprise EnterpriseN Education EducationN IoTEnterprise ServerRdsh".split())
"""Enterprise and Education; ServerRdsh is Enterprise for several sessions, which calls itself a server."""
_LTSC: Final = frozenset({"EnterpriseS", "EnterpriseSN"})
_IOT_LTSC: Final = frozenset({"IoTEnterpriseS", "IoTEnterpriseSK"})
_SERVER: Final = frozenset(
    "ServerStandard ServerDatacenter ServerSolution ServerTurbine ServerTurbineCor".split()
)
_ANNUAL: Final = frozenset({"ServerStandardACor", "ServerDatacenterACor"})
_ENDS: Final = {
    _SHORT: {
        "10240": "2017-05-09", "10586": "2017-10-10", "14393": "2018-04-10", "15063": "2018-10-09",
        "16299": "2019-04-09", "17134": "2019-11-12", "17763": "2020-11-10", "18362": "2020-12-08",
        "18363": "2021-05-11", "19041": "2021-12-14", "19042": "2022-05-10", "19043": "2022-12-13",
        "19044": "2023-06-13", "19045": "2025-10-14", "22000": "2023-10-10", "22621": "2024-10-08",
        "22631": "2025-11-11", "26100": "2026-10-13", "26200": "2027-10-12", "28000": "2028-03-14",
    },
    _LONG: {
        "10240": "2017-05-09", "10586": "2018-04-10", "14393": "2019-04-09", "15063": "2019-10-08",
        "16299": "2020-10-13", "17134": "2021-05-11", "17763": "2021-05-11", "18362": "2020-12-08",
        "18363": "2022-05-10", "19041": "2021-12-14", "19042": "2023-05-09", "19043": "2022-12-13",
        "19044": "2024-06-11", "19045": "2025-10-14", "22000": "2024-10-08", "22621": "2025-10-14",
        "22631": "2026-11-10", "26100": "2027-10-12", "26200": "2028-10-10", "28000": "2029-03-13",
    },
    _LTSC: {
        "10240": "2025-10-14", "14393": "2026-10-13", "17763": "2029-01-09", "19044": "2027-01-12",
        "26100": "2029-10-09",
    },
    _IOT_LTSC: {
        "10240": "2025-10-14", "14393": "2026-10-13", "17763": "2029-01-09", "19044": "2032-01-13",
        "26100": "2034-10-10",
    },
    _SERVER: {
        "14393": "2027-01-12", "17763": "2029-01-09", "20348": "2031-10-14", "26100": "2034-10-10",
    },
    _ANNUAL: {
        "16299": "2019-04-09", "17134": "2019-11-12", "17763": "2020-11-10", "18362": "2020-12-08",
        "18363": "2021-05-11", "19041": "2021-12-14", "19042": "2022-08-09", "25398": "2025-10-24",
    },
}  # fmt: skip


def end(build: str, edition: str) -> str | None:
    """The last day of updates; None for an edition or a build that is not in the table."""
    return next((ends.get(build) for editions, ends in _ENDS.items() if edition in editions), None)
