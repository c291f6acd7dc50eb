#!/usr/bin/env python3
"""Lets other programs learn from the orders of `aftercart bench recommend`, in one run.

    scripts/recommend_beside.py --history DIR

DIR holds `history.csv` (customer, ts, order, product, unit_price) and `products.csv` (product,
name). It runs `aftercart bench recommend --history DIR --json` (the binary is $AFTERCART, else
`target/release/aftercart`, else the one on the path), which uses all cores. Then `implicit` (PyPI;
ALS and BM25, one thread, as its authors advise for timing) and EASE (H. Steck, WWW 2019; one inverse
in numpy) learn from customers and products of the same history, in one thread each. All times are
wall time, the best of three runs; none includes reading files.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

PACKAGES = ["implicit==0.7.3", "numpy==2.4.6", "pandas==3.1.1", "scipy==1.17.1"]
RUNS = 3
ONE_THREAD = {
    name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
}


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--history", type=Path, required=True)
    options = options.parse_args()
    in_own_environment()
    ours = bench(options.history)
    customers = customers_by_products(options.history)
    lines = [("Aftercart, all cores", ours["training_seconds"], ours["four_products_ms"])]
    lines += [(name, *learn(customers)) for name, learn in (
        ("implicit, ALS, one thread", als),
        ("implicit, BM25, one thread", bm25),
        ("EASE in numpy, one thread", ease),
    )]
    print(f"{'':32}{'training':>12}{'4 products':>14}")
    for name, seconds, milliseconds in lines:
        print(f"{name:32}{seconds:>10.2f} s{milliseconds:>11.2f} ms")


def in_own_environment():
    """Runs this script again with a Python that has the packages, unless it is that one."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "aftercart"
    python = cache / "beside-recommend" / "bin" / "python"
    if Path(sys.prefix).resolve() == python.parent.parent.resolve():
        return
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", python.parent.parent], check=True)
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, *PACKAGES], check=True)
    # implicit warns of the form it gets its own matrix in.
    os.execve(python, [python, "-W", "ignore", *sys.argv], {**os.environ, **ONE_THREAD})


def bench(history):
    binary = os.environ.get("AFTERCART") or "target/release/aftercart"
    if not Path(binary).exists():
        binary = shutil.which("aftercart") or sys.exit(
            "no `aftercart` is built; run `cargo build --release` or set AFTERCART"
        )
    command = [binary, "bench", "recommend", "--json", "--history", history]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def customers_by_products(history):
    import pandas
    import scipy.sparse

    lines = pandas.read_csv(history / "history.csv", dtype=str, keep_default_na=False)
    lines = lines[lines.customer != ""].drop_duplicates(["customer", "product"])
    rows, columns = (pandas.factorize(lines[it])[0] for it in ("customer", "product"))
    ones = [1.0] * len(lines)
    return scipy.sparse.csr_matrix((ones, (rows, columns)), dtype="float32")


def als(customers):
    from implicit.als import AlternatingLeastSquares

    return implicit(
        lambda: AlternatingLeastSquares(factors=64, num_threads=1, random_state=1), customers
    )


def bm25(customers):
    from implicit.nearest_neighbours import BM25Recommender

    return implicit(lambda: BM25Recommender(K=150, num_threads=1), customers)


def implicit(model, customers):
    def fit():
        fitted = model()
        fitted.fit(customers, show_progress=False)
        return fitted

    seconds, fitted = best(fit)
    return seconds, milliseconds_of(lambda row: fitted.recommend(row, customers[row], N=4), customers)


def ease(customers):
    import numpy

    def fit():
        gram = (customers.T @ customers).toarray()
        gram[numpy.diag_indices_from(gram)] += 100.0
        inverse = numpy.linalg.inv(gram)
        weights = inverse / -numpy.diag(inverse)
        numpy.fill_diagonal(weights, 0.0)
        return weights

    seconds, weights = best(fit)

    def four(row):
        own = customers[row]
        score = own @ weights
        score[0, own.indices] = -numpy.inf
        return numpy.argpartition(-score[0], 4)[:4]

    return seconds, milliseconds_of(four, customers)


def best(learn):
    """The shortest time and what was learned."""
    took = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        learned = learn()
        took.append(time.perf_counter() - begin)
    return min(took), learned


def milliseconds_of(four, customers, asked=1_000):
    rows = range(0, customers.shape[0], max(1, customers.shape[0] // asked))
    begin = time.perf_counter()
    for row in rows:
        four(row)
    return (time.perf_counter() - begin) * 1000 / len(rows)


if __name__ == "__main__":
    main()
