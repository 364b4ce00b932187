"""How Django knows this app."""

from django.apps import AppConfig


class StoreConfig(AppConfig):
    """The tables of people and of evidence."""

    name = "server.store"
    label = "store"
    verbose_name = "Store"
