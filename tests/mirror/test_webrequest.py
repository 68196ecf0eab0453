"""What is asked of a web server, and what its answers mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mirror.webrequest import (
    Meaning,
    Place,
    Version,
    headers_for,
    meaning,
    redirected,
    retry_after,
)
from storage.errors import SourceError

NOW = 1_704_189_600.0
PLACE = Place.of("https://x.example/list.mbox.gz")


def test_the_parts_of_a_url() -> None:
    place = Place.of("https://m%40e:s%3Acret@X.example:8443/a b/\xe4?q=1&r=%20#there")
    assert place.server == ("https", "x.example", 8443)
    assert place.target == "/a%20b/%C3%A4?q=1&r=%20"
    assert place.login == "Basic bUBlOnM6Y3JldA=="  # m@e:s:cret
    assert "cret" not in place.url + repr(place)
    assert (Place.of("http://x.example").port, Place.of("http://x.example").target) == (80, "/")
    assert Place.of("http://[::1]/").host == "::1"
    assert Place.of("http://b\xfccher.example/").host == "xn--bcher-kva.example"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x.example/",
        "https:///x",
        "https://x.example:port/",
        "https://[::1/",
        "https://x.example/\r\nX: y",
        "https://x..example/",
        "https://x.example/" + "a" * 3000,
        "x",
        "",
    ],
)
def test_no_urls_of_the_web(url: str) -> None:
    with pytest.raises(SourceError, match="no URL of the web"):
        Place.of(url)


def test_a_wrong_url_is_named_without_its_password() -> None:
    with pytest.raises(SourceError) as caught:
        Place.of("https://me:secret@x.example:port/")
    assert "secret" not in str(caught.value)


def test_what_is_there_is_asked_for_by_its_version() -> None:
    first = headers_for(PLACE, None, None, 0)
    assert first.keys() == {"User-Agent", "Accept", "Accept-Encoding"}
    assert first["User-Agent"].startswith("listgate/")
    again = headers_for(PLACE, Version('"a"', "Tue"), None, 0)
    assert (again["If-None-Match"], again["If-Modified-Since"]) == ('"a"', "Tue")
    assert headers_for(PLACE, Version(), None, 0) == first
    assert "Authorization" in headers_for(Place.of("http://me:pw@x.example/"), None, None, 0)


@pytest.mark.parametrize("etag", ['"a"\r\n b', '"\x85"', '"' + "a" * 1000])
def test_what_cannot_be_said_again_is_no_version(etag: str) -> None:
    assert Version.of({"etag": etag, "last-modified": "Tue"}) == Version("", "Tue")


@pytest.mark.parametrize(
    ("part", "if_range"),
    [
        (Version('"a"', "Tue"), '"a"'),
        (Version('W/"a"', "Tue"), "Tue"),
        (Version("", "Tue"), "Tue"),
        (Version('W/"a"', ""), None),
    ],
)
def test_what_broke_off_is_gone_on_with(part: Version, if_range: str | None) -> None:
    headers = headers_for(PLACE, Version('"old"', ""), part, 9)
    if if_range is None:
        assert headers["If-None-Match"] == '"old"'
        assert "Range" not in headers
    else:
        assert (headers["Range"], headers["If-Range"]) == ("bytes=9-", if_range)
        assert "If-None-Match" not in headers
    assert "Range" not in headers_for(PLACE, None, part, 0)


@pytest.mark.parametrize(
    ("status", "headers", "what"),
    [
        (200, {}, Meaning.WHOLE),
        (304, {}, Meaning.UNCHANGED),
        (206, {"content-range": "bytes 9-19/20"}, Meaning.REST),
        (206, {"content-range": "bytes 9-19/*"}, Meaning.REST),
        (206, {"content-range": "bytes 9-18/20"}, Meaning.BROKEN),
        (206, {"content-range": "bytes 8-19/20"}, Meaning.BROKEN),
        (206, {"content-range": "lines 9-19/20"}, Meaning.BROKEN),
        (206, {}, Meaning.BROKEN),
        (416, {}, Meaning.BROKEN),
        (301, {"location": "x"}, Meaning.ELSEWHERE),
        (308, {"location": "x"}, Meaning.ELSEWHERE),
    ],
)
def test_meanings(status: int, headers: dict[str, str], what: Meaning) -> None:
    assert meaning(PLACE, status, headers, 9) is what


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        (301, "with a browser"),
        (403, "check user and password"),
        (404, "check the URL"),
        (429, "try again later"),
        (503, "try again later"),
        (204, "with a browser"),
    ],
)
def test_refusals(status: int, remedy: str) -> None:
    with pytest.raises(SourceError, match=f"{PLACE.url}: the server says {status}: .*{remedy}"):
        meaning(PLACE, status, {}, 0)


def test_redirections() -> None:
    place = Place.of("https://me:pw@x.example/a/b")
    there = redirected(place, {"location": "../c?d "})
    assert (there.url, there.target, there.login) == ("https://x.example/c?d", "/c?d", place.login)
    assert redirected(place, {"location": "https://y.example/"}).login == ""
    assert redirected(place, {"location": "https://x.example:444/"}).login == ""
    assert redirected(place, {"location": "https://a:b@y.example/"}).login == ""
    assert (
        redirected(Place.of("http://x.example/"), {"location": "https://x.example/"}).scheme
        == "https"
    )
    for location in (
        "http://x.example/",
        "ftp://x.example/",
        "file:///etc/passwd",
        "gopher:",
        "http://[x",
    ):
        with pytest.raises(SourceError):
            redirected(place, {"location": location})


@pytest.mark.parametrize(
    ("status", "value", "seconds"),
    [
        (429, "30", 30),
        (503, "Tue, 02 Jan 2024 10:01:00 GMT", 60),
        (503, "Tue, 02 Jan 2024 09:01:00 GMT", 0),
        (503, "99999999999999999999", 86_400),
        (503, "soon", None),
        (503, "", None),
        (503, "\xb2", None),
        (200, "30", None),
    ],
)
def test_retry_after(status: int, value: str, seconds: float | None) -> None:
    until = None if seconds is None else NOW + seconds
    assert retry_after(status, {"retry-after": value}, NOW) == until


@given(
    st.integers(100, 599),
    st.dictionaries(
        st.sampled_from(["location", "content-range", "retry-after"]), st.text(max_size=30)
    ),
)
def test_any_answer_means_something_or_is_refused(status: int, headers: dict[str, str]) -> None:
    retry_after(status, headers, NOW)
    try:
        if meaning(PLACE, status, headers, 9) is Meaning.ELSEWHERE:
            redirected(PLACE, headers)
    except SourceError:
        pass
