"""Whatever a page does when something is sent to it, a program can do by the management API; where
it can't, somebody wrote down why. Who may do it is in the other files beside this one."""

from tests.pages.authorization.addresses import OPERATIONS, PATTERNS
from tests.pages.authorization.posting import takes_posts
from tests.pages.authorization.same_by_api import PEOPLE_ONLY, SAME


def test_every_page_that_takes_a_post_has_its_operation_or_a_reason() -> None:
    posting = {name for name, pattern in PATTERNS.items() if takes_posts(pattern)}
    listed = set(SAME) | set(PEOPLE_ONLY)
    assert (posting - listed, listed - posting) == (set(), set())
    assert set(SAME) & set(PEOPLE_ONLY) == set()


def test_the_operations_that_are_named_exist() -> None:
    named = {each for operations in SAME.values() for each in operations.split()}
    assert named - set(OPERATIONS) == set()


def test_what_takes_no_post_is_told_from_what_does() -> None:
    told = {name: takes_posts(PATTERNS[name]) for name in ("overview", "redeem", "site_brand")}
    assert told == {"overview": False, "redeem": True, "site_brand": True}
