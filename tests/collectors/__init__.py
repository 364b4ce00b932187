"""Tests of the collectors room."""

import pytest

pytest.register_assert_rewrite("tests.collectors.cases")
