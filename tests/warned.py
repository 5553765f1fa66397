"""Warnings that a test counts."""

from __future__ import annotations

import warnings
from collections.abc import Iterable


def of_users(said: Iterable[warnings.WarningMessage]) -> list[warnings.WarningMessage]:
    """Those for users; objects that other tests have left may warn when they are collected."""
    return [each for each in said if issubclass(each.category, UserWarning)]
