"""Everything that the table of simulations says, in the reader's language."""

from __future__ import annotations

import gettext
from typing import Any

DOMAIN = "asyncmd_jupyter"
# A rule for plurals looks at the last two digits and at small numbers.
_N_TOLD_APART = 200

Words = dict[str, Any]


def table_words(translation: gettext.NullTranslations | None = None) -> Words:
    """Fill the dictionary of the table's front end.

    Parameters
    ----------
    translation : gettext.NullTranslations, optional
        By default that of the domain ``asyncmd_jupyter`` for the reader's locale; English
        where there is none.

    Returns
    -------
    dict
        Key -> text, with places like ``{name}``. Where a number decides on the form there
        are ``forms`` and ``of``, in which the character for each number from 0 to 199 says
        which form it takes; larger numbers go by 100 and their last two digits.
    """
    chosen = translation or gettext.translation(DOMAIN, fallback=True)
    _ = chosen.gettext
    return {
        "states": _states(chosen),
        "columns": _columns(chosen),
        "actions": _actions(chosen),
        "counted": _counted(chosen),
        "simulations": _("Simulations"),
        "empty": _("No simulations yet."),
        "no_match": _("No simulation fits the filter."),
        "loading": _("Loading…"),
        "filter": _("Filter"),
        "filter_hint": _("Run, campaign, node, job, reason …"),
        "states_shown": _("States"),
        "group": _("Group by"),
        "group_none": _("nothing"),
        "group_campaign": _("campaign"),
        "group_run": _("run"),
        "no_campaign": _("no campaign"),
        "choose_columns": _("Columns"),
        "select_all": _("Select all that are shown"),
        "clear_selection": _("Clear selection"),
        "count": _("{n} {state}"),
        "count_of": _("{n} of {total} {state}"),
        "count_all": _("all {n} {state}"),
        "of": _("{done} of {limit}"),
        "inside": _("fits {state}"),
        "away": _("{distance} from {state}"),
        "holds": _("holds"),
        "holds_not": _("not yet"),
        "held_not": _("did not hold"),
        "walker": _("{run}, walker {walker}"),
        "keep": _("Go back"),
        "and_more": _("and {n} more"),
        "details": _("Details of {name}"),
        "close_details": _("Close details"),
        "tab_log": _("Log"),
        "tab_script": _("Script"),
        "tab_files": _("Files"),
        "tab_triage": _("What happened"),
        "log_file": _("File"),
        "file": _("File"),
        "size": _("Size"),
        "nothing_written": _("Nothing has been written yet."),
        "nothing_wrong": _("Nothing is known to have gone wrong."),
        "changed_state": _("{name}: {state}"),
        "error": _("Error"),
        "no_longer": _("This simulation is no longer there."),
    }


def fill(text: str, **places: object) -> str:
    """Put values into the places of a text, as the front end does."""
    for place, value in places.items():
        text = text.replace(f"{{{place}}}", str(value))
    return text


def form(counted: dict[str, Any], number: int) -> str:
    """Choose the form for a number, as the front end does, and fill it in."""
    place = number if number < _N_TOLD_APART else 100 + number % 100
    return fill(counted["forms"][int(counted["of"][place])], n=f"{number:,}")


def _states(translation: gettext.NullTranslations) -> dict[str, str]:
    _ = translation.gettext
    return {
        "preparing": _("preparing"),
        "waiting": _("waiting"),
        "running": _("running"),
        "held": _("held"),
        "cancelling": _("cancelling"),
        "reached": _("reached"),
        "done": _("done"),
        "limit": _("limit reached"),
        "cancelled": _("cancelled"),
        "failed": _("failed"),
    }


def _columns(translation: gettext.NullTranslations) -> dict[str, str]:
    _ = translation.gettext
    return {
        "run": _("Run"),
        "walker": _("Walker"),
        "campaign": _("Campaign"),
        "engine": _("Engine"),
        "state": _("State"),
        "done": _("Simulated"),
        "speed": _("Speed"),
        "values": _("Last values"),
        "parts": _("Parts"),
        "job": _("Job"),
        "native": _("Queue id"),
        "reason": _("Why it waits or failed"),
        "nodes": _("Node"),
        "elapsed": _("Elapsed"),
        "left": _("Time left"),
    }


def _actions(translation: gettext.NullTranslations) -> dict[str, Any]:
    _, count = translation.gettext, _counter(translation)
    return {
        "cancel": {
            "label": _("Cancel"),
            "title": count("Cancel {n} simulation?", "Cancel {n} simulations?"),
            "go": count("Cancel {n} simulation", "Cancel {n} simulations"),
            "text": _("What is on disk stays. A run that has ended whole can be resumed."),
        },
        "hold": {
            "label": _("Hold"),
            "title": count("Hold {n} simulation?", "Hold {n} simulations?"),
            "go": count("Hold {n} simulation", "Hold {n} simulations"),
            "text": _("This holds whole runs, with all their walkers. They can be resumed."),
        },
        "resume": {
            "label": _("Resume"),
            "title": count("Resume {n} simulation?", "Resume {n} simulations?"),
            "go": count("Resume {n} simulation", "Resume {n} simulations"),
            "text": _("Whole runs go on with what is on disk, with all their walkers."),
        },
        "resubmit": {
            "label": _("Submit again"),
            "title": count("Submit {n} simulation again?", "Submit {n} simulations again?"),
            "go": count("Submit {n} simulation again", "Submit {n} simulations again"),
            "text": _("Whole runs start once more from the beginning, under new names."),
        },
    }


def _counted(translation: gettext.NullTranslations) -> dict[str, Any]:
    count = _counter(translation)
    return {
        "simulations": count("{n} simulation", "{n} simulations"),
        "shown": count("{n} shown", "{n} shown"),
        "selected": count("{n} selected", "{n} selected"),
        "chosen": count(
            "You chose {n} of them; the rest belongs to the same runs.",
            "You chose {n} of them; the rest belongs to the same runs.",
        ),
        "more_runs": count("{n} more run", "{n} more runs"),
        "more_rows": count("{n} more simulation", "{n} more simulations"),
    }


def _counter(translation: gettext.NullTranslations) -> Any:
    def count(one: str, many: str) -> dict[str, Any]:
        all_forms = [translation.ngettext(one, many, n) for n in range(_N_TOLD_APART)]
        forms = list(dict.fromkeys(all_forms))
        return {"forms": forms, "of": "".join(str(forms.index(f)) for f in all_forms)}

    return count
