import pytest

from lib.auth import BadToken, issue, verify

SECRET = "not a real secret"


def test_a_token_names_its_user():
    assert verify(issue("ann", SECRET), SECRET) == "ann"


def test_a_token_expires():
    token = issue("ann", SECRET, lifetime_seconds=10, now=1000)
    assert verify(token, SECRET, now=1009) == "ann"
    with pytest.raises(BadToken, match="expired"):
        verify(token, SECRET, now=1010)


@pytest.mark.parametrize("damage", [lambda t: t[:-1], lambda t: "bob" + t[3:], lambda t: "x"])
def test_a_damaged_token_is_refused(damage):
    with pytest.raises(BadToken):
        verify(damage(issue("ann", SECRET)), SECRET)


def test_another_secret_is_refused():
    with pytest.raises(BadToken, match="signature"):
        verify(issue("ann", SECRET), "another")
