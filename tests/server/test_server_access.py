"""Nobody gets an answer who may not have one."""

import http.client
import itertools
import json
import re
from http.cookies import SimpleCookie

import pytest
from server_client import PREFIX, running_server

from asyncmd_jupyter.jupyter.server.desk import Desk
from asyncmd_jupyter.jupyter.server.handlers import handlers
from asyncmd_jupyter.jupyter.server.options import Options
from asyncmd_jupyter.jupyter.server.validation import VERBS

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
BODY = json.dumps({"ids": ["aaaaaaaa"]}).encode()


def all_paths():
    """An address for each route that the extension adds to a server."""
    for pattern, _, _ in handlers(Desk(Options(), "")):
        path = pattern.removeprefix(f"/{PREFIX}/").replace("([^/]+)", "aaaaaaaa")
        verbs = VERBS if "(cancel|" in path else ("",)
        for verb in verbs:
            yield re.sub(r"\(cancel\|.*?\)", verb, path).replace(".*", "something/else")


def test_all_routes_are_walked():
    paths = list(all_paths())
    assert not [path for path in paths if re.search(r"[()\[\]*|]", path)]
    assert {"api/snapshot", "api/events", "api/jobs/requeue", "api/jobs/aaaaaaaa/log"} < set(paths)


def body_for(method):
    return None if method in ("GET", "HEAD") else BODY


@pytest.mark.parametrize("path", list(all_paths()))
def test_nothing_without_authentication(one_server, path):
    strangers = ({}, {"Authorization": "token wrong"})
    for method, headers in itertools.product(METHODS, strangers):
        answer = one_server.request(method, path, body_for(method), headers=headers)
        assert answer.status == 403
        assert "protocol" not in answer.text
        assert method == "HEAD" or set(answer.json) == {"message", "reason"}


def test_a_preflight_tells_nothing(one_server):
    for path in all_paths():
        assert one_server.request("OPTIONS", path, headers={}).text == ""


@pytest.fixture(scope="module")
def denying_server(tmp_path_factory):
    option = "--ServerApp.authorizer_class=server_denier.Denier"
    with running_server(tmp_path_factory.mktemp("denying"), option, base_url="/") as server:
        yield server


@pytest.mark.parametrize("path", list(all_paths()))
def test_nothing_without_authorization(denying_server, path):
    assert denying_server.request("GET", "api/status", prefix="").status == 200
    for method in ("GET", "POST"):
        answer = denying_server.request(method, path, body_for(method))
        said = answer.json["message"]
        assert (answer.status, said) in [(403, "Forbidden."), (405, "Method Not Allowed.")]


def cookies_of_a_browser(server):
    """What a browser has that has seen a page and was given the token once."""
    cookies = SimpleCookie()
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    for path in ("login", f"api/me?token={server.token}"):
        connection.request("GET", server.base_url + path, headers=as_header(cookies))
        answer = connection.getresponse()
        answer.read()
        for value in answer.headers.get_all("Set-Cookie") or ():
            cookies.load(value)
    connection.close()
    return cookies


def as_header(cookies):
    return {"Cookie": "; ".join(f"{each.key}={each.value}" for each in cookies.values())}


def test_a_browser_needs_the_xsrf_token_to_change_something(one_server):
    cookies = cookies_of_a_browser(one_server)
    header = as_header(cookies)
    assert one_server.request("GET", "api/snapshot", headers=header).status == 200
    for verb in VERBS:
        path = f"api/jobs/{verb}"
        assert one_server.request("POST", path, BODY, headers=header).status == 403
        wrong = header | {"X-XSRFToken": "2|1|2|3"}
        assert one_server.request("POST", path, BODY, headers=wrong).status == 403
        right = header | {"X-XSRFToken": cookies["_xsrf"].value}
        assert one_server.request("POST", path, BODY, headers=right).status == 200


def test_pages_of_other_sites_get_nothing_through_a_browser(one_server):
    headers = as_header(cookies_of_a_browser(one_server))
    answer = one_server.request(
        "GET", "api/snapshot", headers={**headers, "Origin": "https://example.org"}
    )
    assert answer.status == 404
    assert "jobs" not in answer.text


def test_a_page_that_only_watches_does_not_keep_the_server_alive(one_server):
    def last_activity():
        return one_server.request("GET", "api/status", prefix="").json["last_activity"]

    before = last_activity()
    for path in ("api/snapshot", "api/jobs/aaaaaaaa/log"):
        one_server.request("GET", path)
    assert last_activity() == before
    one_server.request("POST", "api/jobs/cancel", BODY)
    assert last_activity() > before
