"""What the API answers about several subjects together; the values are those of the pages and commands."""

from ninja import Field, Schema

from server.accounts import Accounts, Tenant, Unseen, User
from server.expected import Computer, Directory, Listed, ListedCounts


class CoverageAnswer(Schema):
    """The directories, and a page of the computers that they expect."""

    directories: list[Directory]
    counts: ListedCounts
    dormant_days_max: int = Field(description="seen longer ago than this, a computer is not expected")
    rows: list[Computer]
    next: str | None = Field(description="the value of `after` for the next page; null on the last")

    @staticmethod
    def of(listed: Listed, rows: list[Computer], following: str | None) -> "CoverageAnswer":
        """A page's shape."""
        return CoverageAnswer(
            directories=list(listed.directories),
            counts=listed.counts,
            dormant_days_max=listed.dormant_days_max,
            rows=rows,
            next=following,
        )


class AccountsAnswer(Schema):
    """The tenants, and a page of their users; on `unseen` hosts nobody can tell all accounts."""

    tenants: list[Tenant]
    counts: dict[str, int]
    rule: str = Field(description="how an account is taken to be a user's")
    unseen: list[Unseen]
    rows: list[User]
    next: str | None

    @staticmethod
    def of(joined: Accounts, rows: list[User], following: str | None) -> "AccountsAnswer":
        """A page's shape."""
        return AccountsAnswer(
            tenants=list(joined.tenants),
            counts=joined.counts,
            rule=joined.rule,
            unseen=list(joined.unseen),
            rows=rows,
            next=following,
        )
