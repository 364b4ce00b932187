"""The catalogue and the profiles that come with this package, read as data, whether unpacked or in a zip."""

import functools
from importlib import resources
from importlib.resources.abc import Traversable

from config import criteria, feed
from config.criterion import Catalogue
from config.errors import InputError
from config.feed import Feeds
from config.profile import Profile, load_profile


def catalogue_files() -> dict[str, bytes]:
    """The catalogue's files by name, as config.criteria.load takes them."""
    return _files("criteria")


def profile_files() -> dict[str, bytes]:
    """The profiles' files by name, `nist.toml` and its like."""
    return _files("profiles")


def feed_files() -> dict[str, bytes]:
    """The baseline of feeds by name, `kev.json` and its like: as old as this package. There is none of OSV."""
    return _files("feeds", ".json")


@functools.cache
def catalogue() -> Catalogue:
    """The catalogue, loaded once."""
    return criteria.load(catalogue_files())


@functools.cache
def profile(name: str = "nist") -> Profile:
    """A profile by its name, loaded once. Raises InputError profile_unknown."""
    files = profile_files()
    if f"{name}.toml" not in files:
        known = ", ".join(sorted(file.removesuffix(".toml") for file in files))
        raise InputError("profile_unknown", f"no profile is named {name[:64]!r}", f"There are: {known}.")
    return load_profile(files[f"{name}.toml"])


@functools.cache
def feeds() -> Feeds:
    """The feeds of the baseline, read once."""
    files = {name.removesuffix(".json"): data for name, data in feed_files().items()}
    return Feeds(**{name: feed.read(name, data) for name, data in files.items()})


def _files(folder: str, suffix: str = ".toml") -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in _folder(folder).iterdir() if each.name.endswith(suffix)}


def _folder(folder: str) -> Traversable:
    return resources.files("config").joinpath(folder)
