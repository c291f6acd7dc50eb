#!/usr/bin/env python3
"""Asks DuckDB and Polars the three questions of `aftercart bench segments`, on the same Parquet.

    scripts/segments_beside.py [--customers N] [--events N] [--keep DIR]

It runs `aftercart bench segments --export DIR --json` (the binary is $AFTERCART, else
`target/release/aftercart`, else the one on the path), which generates a shop, measures itself and
leaves the archive as Parquet, with the shop's products and their relations beside. Then the other
programs, installed from PyPI into the user's cache folder, answer the same questions on the same
cores, from the files and from tables that they hold in memory. All must count the same. Every
figure is the best of three runs; the ratios are theirs over ours.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PACKAGES = ["duckdb==2.0.0", "polars==2.1.0"]
RUNS = 3
NOW_MS = 1_772_366_400_000  # 2026-03-01T12:00:00Z, the generated shop's present.
DAY_MS = 86_400_000
ORDER, LINE, VIEWED, OPENED, CLICKED = 10, 13, 20, 44, 45
NAMES = ["upsell", "three orders worth 200", "no email opened"]


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--customers", type=int, default=1_000_000)
    options.add_argument("--events", type=int, default=20_000_000)
    options.add_argument("--keep", type=Path, help="a folder that keeps the Parquet files")
    options = options.parse_args()
    in_own_environment()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch) / "archive"
        folder.mkdir(parents=True, exist_ok=True)
        ours = bench(folder, options)
        answers = [("aftercart, one pass", None, ours["ms"], ours["counts"])]
        for name, ask in (("DuckDB", duckdb_answers), ("Polars", polars_answers)):
            answers += [(f"{name}, {how}", own, ms, counts) for how, own, ms, counts in ask(folder)]
    show(answers, ours["customers"])


def in_own_environment():
    """Runs this script again with a Python that has the packages, unless it is that one."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "aftercart"
    python = cache / "beside" / "bin" / "python"
    if Path(sys.prefix).resolve() == (cache / "beside").resolve():
        return
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", cache / "beside"], check=True)
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, *PACKAGES], check=True)
    os.execv(python, [python, *sys.argv])


def bench(folder, options):
    binary = os.environ.get("AFTERCART") or "target/release/aftercart"
    if not Path(binary).exists():
        binary = shutil.which("aftercart") or sys.exit(
            "no `aftercart` is built; run `cargo build --release` or set AFTERCART"
        )
    command = [binary, "bench", "segments", "--json", "--export", folder]
    command += ["--customers", str(options.customers), "--events", str(options.events)]
    lines = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    counted = next(it for it in lines if it["what"] == "three conditions in one pass")
    return {"ms": counted["ms"], "counts": counted["members"], "customers": options.customers}


def best(ask):
    """The answer and its milliseconds."""
    took = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        answer = ask()
        took.append((time.perf_counter() - begin) * 1000)
    return min(took), answer


# What "related to" and "better than their last order" ask: of those whose newest order is within 30
# days, whether a view or click after it is of a product that goes with a line of it or betters it.
# Rows of one customer stand by time, an order's lines right behind it, so that "after" is by place.
UPSELL = f"""
WITH placed AS (
  SELECT customer, max(place) AS place, max_by("at", place) AS ordered
  FROM history WHERE kind = {ORDER} GROUP BY customer
), lately AS (
  SELECT customer, place FROM placed WHERE epoch_ms(ordered) > {NOW_MS - 30 * DAY_MS}
), rows AS (
  SELECT h.customer, h.place, h.kind, h.subject FROM history h JOIN lately l
    ON h.customer = l.customer AND h.place > l.place
), looks AS (
  SELECT customer, place, subject FROM rows WHERE kind IN ({VIEWED}, {CLICKED})
)
SELECT count(DISTINCT looks.customer)
FROM looks JOIN rows bought ON bought.customer = looks.customer AND bought.kind = {LINE}
  JOIN related r ON r.product = bought.subject AND r.other = looks.subject
"""
THREE = f"""
SELECT count(*) FROM (
  SELECT customer FROM history
  WHERE kind = {ORDER} AND epoch_ms("at") > {NOW_MS - 365 * DAY_MS}
  GROUP BY customer HAVING count(*) >= 3 AND sum(amount) >= 20000
)
"""
OPENED_LATELY = f"""
SELECT count(DISTINCT customer) FROM history
WHERE kind = {OPENED} AND epoch_ms("at") > {NOW_MS - 90 * DAY_MS}
"""


def duckdb_answers(folder):
    import duckdb

    everybody = json.loads((folder / "shop.json").read_text())["customers"]
    for how in ("Parquet", "in memory"):
        connection = duckdb.connect()
        connection.execute(f"SET threads = {len(os.sched_getaffinity(0))}")
        # The number of a row within its file keeps the order of rows, since no customer is in two.
        files = (
            "SELECT customer, \"at\", kind, subject, amount, file_row_number AS place "
            f"FROM read_parquet('{folder}/block-*.parquet', file_row_number = true)"
        )
        kind = "VIEW" if how == "Parquet" else "TABLE"
        connection.execute(f"CREATE {kind} history AS {files}")
        connection.execute(
            f"CREATE TABLE related AS SELECT * FROM read_csv('{folder}/related.csv', header = true)"
        )
        answers = []
        for sql in (UPSELL, THREE, OPENED_LATELY):
            answers.append(best(lambda: connection.execute(sql).fetchone()[0]))
        counts = [it[1] for it in answers]
        counts[2] = everybody - counts[2]
        yield how, [it[0] for it in answers], sum(it[0] for it in answers), counts


def polars_answers(folder):
    import polars as pl

    everybody = json.loads((folder / "shop.json").read_text())["customers"]
    related = pl.read_csv(
        folder / "related.csv", schema={"product": pl.UInt32, "other": pl.UInt32}
    ).lazy()
    columns = ["customer", "at", "kind", "subject", "amount"]
    # Numbered over all files: no customer is in two.
    scanned = pl.scan_parquet(f"{folder}/block-*.parquet", row_index_name="place")
    scanned = scanned.select(["place", *columns])

    def since(days):
        return pl.col("at").dt.epoch("ms") > NOW_MS - days * DAY_MS

    def questions(history):
        placed = history.filter(pl.col("kind") == ORDER)
        last = placed.group_by("customer").agg(pl.col("place").max(), pl.col("at").max())
        lately = last.filter(since(30)).select("customer", pl.col("place").alias("placed"))
        rows = history.filter(pl.col("kind").is_in([LINE, VIEWED, CLICKED]))
        rows = rows.join(lately, on="customer").filter(pl.col("place") > pl.col("placed"))
        looks = rows.filter(pl.col("kind") != LINE).select("customer", "subject")
        bought = rows.filter(pl.col("kind") == LINE).select("customer", "subject")
        pairs = bought.join(related, left_on="subject", right_on="product")
        upsell = looks.join(
            pairs, left_on=["customer", "subject"], right_on=["customer", "other"], how="semi"
        ).select(pl.col("customer").n_unique())
        three = placed.filter(since(365)).group_by("customer")
        three = three.agg(pl.len().alias("orders"), pl.col("amount").sum())
        three = three.filter((pl.col("orders") >= 3) & (pl.col("amount") >= 20_000))
        three = three.select(pl.len())
        opened = history.filter((pl.col("kind") == OPENED) & since(90))
        return upsell, three, opened.select(pl.col("customer").n_unique())

    for how in ("Parquet", "in memory"):
        history = scanned if how == "Parquet" else scanned.collect().lazy()
        alone = [best(lambda: it.collect().item()) for it in questions(history)]
        # Together they share what they have in common.
        together, frames = best(lambda: pl.collect_all(list(questions(history))))
        counts = [it.item() for it in frames]
        assert counts == [it[1] for it in alone]
        counts[2] = everybody - counts[2]
        yield how, [it[0] for it in alone], min(together, sum(it[0] for it in alone)), counts


def show(answers, customers):
    ours, expected = answers[0][2], answers[0][3]
    cores = len(os.sched_getaffinity(0))
    print(f"{customers:,} customers, {cores} cores, milliseconds, best of {RUNS}\n")
    print(f"{'':24}{'all three':>12}{'times ours':>12}   " + "  ".join(NAMES))
    for name, own, ms, counts in answers:
        own = "  ".join(f"{it:.0f}" for it in own) if own else ""
        print(f"{name:24}{ms:>12.1f}{ms / ours:>12.1f}   {own}")
    wrong = [(name, counts) for name, _, _, counts in answers if counts != expected]
    for name, counts in wrong:
        print(f"\n{name} counts {counts}, and we {expected}")
    print(f"\nmembers: {', '.join(f'{it:,}' for it in expected)}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
