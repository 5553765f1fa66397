"""A module of a user, whose functions are imported, and whose closures are not."""


def imported(t):
    return t + 60 * 60


def made(by):
    return lambda t: imported(t) + by * (60 * 60)
