"""A remembered book answers every reading method of a book as the book itself does."""

import inspect

import pandas as pd

from data.book import Book, open_book
from data.remembered import RememberedBook


def test_it_reads_as_the_book_does_and_only_once():
    with open_book("xpcc") as book:
        own = RememberedBook(book)
        pd.testing.assert_frame_equal(own.table("accounts"), book.table("accounts"))
        pd.testing.assert_frame_equal(own.experience(), book.experience())
        pd.testing.assert_frame_equal(own.experience(fund=None), book.experience(None))
        assert own.levels() == book.levels()
        assert own.fingerprint() == book.fingerprint()
        changed = own.table("accounts")
        changed.loc[0, "amount"] = -1.0
        pd.testing.assert_frame_equal(own.table("accounts"), book.table("accounts"))


def test_it_takes_what_the_book_takes():
    for name in ("table", "experience", "count"):
        asked = inspect.signature(getattr(Book, name)).bind(
            None, *(["accounts"] if name != "experience" else []), **({"fund": None} if name == "experience" else {})
        )
        inspect.signature(getattr(RememberedBook, name)).bind(*asked.args, **asked.kwargs)
