import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from cifras.core.context import act_context, client_ip, correlation_id, new_correlation_id
from cifras.core.middleware import RequestContextMiddleware


def answered(request_headers: dict) -> tuple[HttpResponse, dict]:
    seen = {}

    def view(request):
        seen.update(id=correlation_id(), ip=client_ip())
        return HttpResponse()

    request = RequestFactory().get("/", **request_headers)
    return RequestContextMiddleware(view)(request), seen


def test_a_request_has_one_correlation_id_which_the_answer_names():
    response, seen = answered({})
    assert response["X-Correlation-Id"] == seen["id"]
    assert len(seen["id"]) == 36


def test_two_requests_have_different_ids():
    assert answered({})[1]["id"] != answered({})[1]["id"]


def test_the_caller_cannot_choose_the_id():
    assert answered({"HTTP_X_CORRELATION_ID": "mine"})[1]["id"] != "mine"


def test_after_the_request_its_context_is_gone():
    with act_context() as outer:
        _response, seen = answered({"REMOTE_ADDR": "10.1.1.1"})
        assert (correlation_id(), client_ip()) == (outer, "")
        assert seen["id"] != outer


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "1.1.1.1", "10.0.0.9"),
        (1, "6.6.6.6, 1.1.1.1", "1.1.1.1"),
        (2, "6.6.6.6, 1.1.1.1, 10.0.0.1", "1.1.1.1"),
        (2, "1.1.1.1", "10.0.0.9"),
        (1, "", "10.0.0.9"),
    ],
)
def test_the_address_is_the_one_our_own_proxies_saw(settings, proxies, forwarded, expected):
    settings.CIFRAS_PROXY_COUNT = proxies
    assert answered({"REMOTE_ADDR": "10.0.0.9", "HTTP_X_FORWARDED_FOR": forwarded})[1]["ip"] == expected


def test_outside_a_request_an_id_stays_until_a_new_one_is_begun():
    with act_context():
        first = correlation_id()
        assert correlation_id() == first
        assert new_correlation_id() == correlation_id() != first
