"""The commands behind ``python start.py COMMAND``; ``main`` is their only entry.

Exit codes: 0 done, 1 an unexpected fault, 2 input that cannot be used (said in the reader's language, nothing written), 130 stopped.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.language import LANGUAGES, Translator, language_of
from models.messages import InputError

if TYPE_CHECKING:
    from data.book import Book
    from data.layout import HandMapping

REPORT_FORMATS = ("xlsx", "docx", "pdf", "pptx", "html")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")
    arguments = _parser().parse_args(argv)
    t = Translator(
        arguments.language
        or language_of(os.environ.get("PINGHENG_LANGUAGE") or os.environ.get("LC_ALL") or os.environ.get("LANG"))
    )
    try:
        arguments.run(arguments, t)
    except InputError as error:
        print(t.say(error), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(t("Stopped; nothing was changed."), file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="start.py", description="Pingheng 平衡: rate review for project-based work injury insurance."
    )
    commands = parser.add_subparsers(dest="command", required=True)

    def command(
        name: str, run: Callable[[argparse.Namespace, Translator], None], help_text: str
    ) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help_text)
        sub.add_argument("--language", choices=tuple(LANGUAGES), help="zh or en (default: the system's)")
        sub.set_defaults(run=run)
        return sub

    review = command("review", _review, "make a rate review without the page")
    review.add_argument(
        "--book", required=True, help="a book file, a database URL, a spreadsheet or the name of a reference book"
    )
    review.add_argument("--scenario", help="a scenario file (.yaml)")
    review.add_argument("--out", required=True, type=Path, help="folder for review.json and the report files")
    review.add_argument("--formats", default="xlsx", help="comma-separated: " + ",".join(REPORT_FORMATS))
    review.add_argument("--previous", type=Path, help="review.json of the last review, to explain the change")
    review.add_argument("--template", type=Path, help="the office's own .docx template")

    imports = command("import", _import, "read ledgers into a book")
    imports.add_argument("--book", required=True)
    imports.add_argument("files", nargs="*", metavar="FILE")
    imports.add_argument(
        "--unit",
        choices=("元", "万元", "亿元", "yuan", "wan", "yi"),
        help="unit of amounts where the file does not say",
    )
    imports.add_argument("--good-rows", action="store_true", help="import the good rows of a file with bad rows")
    imports.add_argument(
        "--dry-run", action="store_true", help="show the mapping and the first problems; write nothing"
    )

    imports.add_argument(
        "--headers", type=Path, action="append", default=[], help="a file with the office's own names of columns"
    )

    imports.add_argument(
        "--table", help="the table of the book that the rows belong to, where the headers leave it open"
    )
    imports.add_argument("--mapping", type=Path, help="a file that says by hand what columns mean; the book keeps it")
    imports.add_argument(
        "--write-mapping", type=Path, help="with --dry-run: write what was understood, to correct by hand"
    )
    imports.add_argument("--from", dest="url", metavar="URL", help="a database to read the --query from")
    imports.add_argument("--query", help="a SELECT whose columns are named like the table's, or by known names")

    demo = command("demo", _demo, "write a synthetic book")
    demo.add_argument("--book", required=True)
    demo.add_argument("--seed", type=int, default=2015)
    demo.add_argument("--contractors", type=int)
    demo.add_argument("--projects", type=int)
    demo.add_argument("--years", type=int, default=10)

    sweep = command("sweep", _sweep, "evaluate a grid of scenarios on all cores or on a cluster")
    sweep.add_argument(
        "--book", required=True, help="a book file, a database URL, a spreadsheet or the name of a reference book"
    )
    sweep.add_argument(
        "--grid", required=True, help="a grid file (.yaml): base is a scenario, vary maps its keys to lists"
    )
    sweep.add_argument(
        "--out", required=True, type=Path, help="folder for sweep.parquet; a stopped sweep goes on there"
    )
    where = sweep.add_mutually_exclusive_group()
    where.add_argument("--workers", type=int, help="local processes (default: one a core)")
    where.add_argument("--cluster", help="a running Dask scheduler: tcp://host:port")

    form = command("form", _form, "the quarterly form: check filled forms, save them, write the region's form")
    form.add_argument("--book", required=True)
    form.add_argument("files", nargs="*", metavar="FILE", help="filled forms (.xlsx, .xls)")
    form.add_argument(
        "--quarter", help="2024Q1: of forms that do not say it, and of the region's form (default: the newest)"
    )
    form.add_argument("--received", type=date.fromisoformat, help="day on which the forms came (2024-04-10)")
    form.add_argument("--dry-run", action="store_true", help="check only; write nothing")
    form.add_argument("--out", type=Path, help="folder for the region's form")

    bulletin = command("bulletin", _bulletin, "the coverage bulletin as Word and PDF")
    bulletin.add_argument("--book", required=True)
    bulletin.add_argument(
        "--on", type=date.fromisoformat, help="day (2024-09-30); default: the end of the newest quarter"
    )
    bulletin.add_argument("--out", required=True, type=Path)
    bulletin.add_argument("--formats", default="docx,pdf")

    notices = command("notices", _notices, "notices of the floating rate to contractors, a page each")
    notices.add_argument("--book", required=True)
    notices.add_argument("--scenario", help="a scenario file (.yaml)")
    notices.add_argument("--units", nargs="+", metavar="CODE", help="contractors (default: all)")
    notices.add_argument("--single", action="store_true", help="one file a contractor")
    notices.add_argument("--out", required=True, type=Path)

    guide = command("guide", _guide, "print every parameter with its reference and mark")
    guide.add_argument("--overlay", action="append", default=[], help="an overlay file or the name of a province")
    return parser


def _review(arguments: argparse.Namespace, t: Translator) -> None:
    from analysis import review, scenario
    from data.book import open_book
    from reports import write_reports

    formats = tuple(f.strip() for f in arguments.formats.split(",") if f.strip())
    unknown = [f for f in formats if f not in REPORT_FORMATS]
    if unknown:
        raise InputError(
            "The format {format} is not known; use {known}.", format=unknown[0], known=", ".join(REPORT_FORMATS)
        )
    chosen = scenario.load(arguments.scenario) if arguments.scenario else scenario.Scenario()
    previous = review.load_json(arguments.previous) if arguments.previous else None
    with open_book(arguments.book) as book:
        result = review.review(book, chosen, previous, lambda stage: print(t.say(stage), "…", file=sys.stderr))
    arguments.out.mkdir(parents=True, exist_ok=True)
    written = [review.write_json(result, arguments.out / "review.json")]
    written += write_reports(
        result,
        arguments.out,
        formats,
        t,
        template=arguments.template,
        progress=lambda message: print(t.say(message), file=sys.stderr),
    )
    _say_verdict(result, t)
    for path in written:
        print(path)


def _say_verdict(result: object, t: Translator) -> None:
    from analysis.verdict import verdict

    for message in verdict(result):  # type: ignore[arg-type]
        print(t.say(message))


def _import(arguments: argparse.Namespace, t: Translator) -> None:
    from data import importing, mappings

    if not arguments.files and not arguments.query:
        raise InputError("Name a file to import, or --from URL --query SELECT.")
    if (arguments.query and not (arguments.url and arguments.table)) or (arguments.query and arguments.files):
        raise InputError("A query needs --from URL and --table TABLE, and no files beside it.")
    by_hand = mappings.load_mappings(arguments.mapping) if arguments.mapping else []
    options = {"unit": arguments.unit, "headers": arguments.headers, "mappings": by_hand, "target": arguments.table}
    with _book_to_fill(arguments.book, keep=not arguments.dry_run) as book:
        if arguments.dry_run:
            if arguments.write_mapping:
                _write_mapping(arguments, book, by_hand)
            reports, problems = [], []
            if arguments.query:
                reports.append(importing.preview_query(book, arguments.url, arguments.query, **options))
            for file in arguments.files:
                try:
                    reports.append(importing.preview(file, book, **options))
                except InputError as error:
                    problems.append(error.message)
            for line in (line for report in reports for line in report.lines()):
                print(t.say(line))
            if problems:
                raise importing.all_wrong(problems)
            return
        options |= {
            "accept_good_rows": arguments.good_rows,
            "author": os.environ.get("USERNAME", ""),
            "progress": lambda message: print(t.say(message), file=sys.stderr),
        }
        if arguments.query:
            report = importing.import_query(book, arguments.url, arguments.query, **options)
        else:
            report = importing.import_files(book, arguments.files, **options)
        for line in report.lines():
            print(t.say(line))
        if report.refused and not report.accepted:
            raise InputError(
                "Nothing was imported. Correct the rows named above, or import the good rows with --good-rows."
            )


def _write_mapping(arguments: argparse.Namespace, book: Book, by_hand: Sequence[HandMapping]) -> None:
    """Write what is understood of the files, as a mapping to correct by hand."""
    from data import importing, mappings

    options = importing.options_for(
        book, headers=arguments.headers, mappings=by_hand, target=arguments.table, writes=False
    )
    views = [
        v for f in arguments.files for v in mappings.look_at(Path(f), options.known, options.by_hand, options.target)
    ]
    mappings.write_mappings(arguments.write_mapping, views)
    print(arguments.write_mapping)


@contextmanager
def _book_to_fill(name: str, keep: bool = True) -> Iterator[Book]:
    """Open or make a book; one that was made and not filled is taken away again."""
    from data.book import open_book

    is_new = "://" not in name and not Path(name).exists()
    done = False
    try:
        with open_book(name, create=True) as book:
            yield book
            done = True
    finally:
        if is_new and not (done and keep):
            for suffix in ("", "-wal", "-shm"):
                Path(name + suffix).unlink(missing_ok=True)


def _demo(arguments: argparse.Namespace, t: Translator) -> None:
    from data.demo import DemoConfig, make_demo

    if not arguments.book.startswith(("postgresql", "sqlite:")) and Path(arguments.book).exists():
        raise InputError("{path} is already there. Name a new file: a book is never overwritten.", path=arguments.book)
    chosen = {
        name: getattr(arguments, name)
        for name in ("seed", "contractors", "projects", "years")
        if getattr(arguments, name) is not None
    }
    with _book_to_fill(arguments.book) as book:
        made = make_demo(book, DemoConfig(**chosen), progress=lambda message: print(t.say(message), file=sys.stderr))
    print(t.say(made))


def _sweep(arguments: argparse.Namespace, t: Translator) -> None:
    from analysis.questions.grid import load_grid
    from analysis.questions.sweep import sweep

    grid = load_grid(arguments.grid)
    try:
        done = sweep(
            arguments.book,
            grid,
            arguments.out,
            arguments.workers,
            arguments.cluster,
            progress=lambda message: print(t.say(message), file=sys.stderr),
        )
    except KeyboardInterrupt:
        print(t("Stopped; the finished groups are kept, and the same command goes on from there."), file=sys.stderr)
        sys.exit(130)
    print(done.path)


def _form(arguments: argparse.Namespace, t: Translator) -> None:
    import pandas as pd

    from analysis.coverage.returns import check_forms, review_returns
    from data.book import open_book
    from data.quarterly_form import read_forms
    from data.returns import store
    from reports.quarterly_form import write_form

    received = pd.Timestamp(arguments.received) if arguments.received else None
    read = {Path(file): read_forms(file, arguments.quarter) for file in arguments.files}
    with open_book(arguments.book, create=bool(read) and not arguments.dry_run) as book:
        checked = check_forms(book, [form for forms in read.values() for form in forms], received)
        for one in checked:
            print(f"{one.form.source} · {one.form.reporter} · {one.form.quarter}")
            for finding in one.findings:
                print(("  ✗ " if finding.severity == "error" else "  ? ") + t.say(finding.message))
        if any(one.refused for one in checked):
            raise InputError("Forms with errors go back to the prefecture; nothing is saved.")
        if read and not arguments.dry_run:
            written = store(book, read, received, os.environ.get("USERNAME", ""))
            added, changed = sum(w.added for w in written), sum(w.changed for w in written)
            print(t("{added} returns were added, {changed} replaced an earlier one.", added=added, changed=changed))
        if arguments.out:
            found = review_returns(book)
            quarter = arguments.quarter or found.quarters[-1]
            form, notes = found.form(quarter)
            for note in notes:
                print(t.say(note))
            arguments.out.mkdir(parents=True, exist_ok=True)
            print(write_form(form, arguments.out / f"附件2-{quarter}.xlsx", book.synthetic))


def _bulletin(arguments: argparse.Namespace, t: Translator) -> None:
    from data.book import open_book
    from reports.coverage_bulletin import bulletin, write_bulletin

    with open_book(arguments.book) as book:
        found = bulletin(book, arguments.on)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for path in write_bulletin(found, arguments.out, [f.strip() for f in arguments.formats.split(",") if f.strip()], t):
        print(path)


def _notices(arguments: argparse.Namespace, t: Translator) -> None:
    from analysis import review, scenario
    from analysis.plans import notices
    from data.book import open_book
    from reports.notices import write_notices

    chosen = scenario.load(arguments.scenario) if arguments.scenario else scenario.Scenario()
    with open_book(arguments.book) as book:
        batch = notices.notices(review.prepare(book, chosen), chosen, book, arguments.units)
    arguments.out.mkdir(parents=True, exist_ok=True)
    said = lambda message: print(t.say(message), file=sys.stderr)  # noqa: E731
    for path in write_notices(batch, arguments.out, t, said, pages_a_file=1 if arguments.single else None):
        print(path)


def _guide(arguments: argparse.Namespace, t: Translator) -> None:
    from data.parameters import load_parameters
    from data.parameters.guide import guide

    print(guide(load_parameters(*arguments.overlay), t.language), end="")


if __name__ == "__main__":
    sys.exit(main())
