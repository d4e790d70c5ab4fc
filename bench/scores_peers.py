#!/usr/bin/env python3
"""Scores beside their peers, in one run; seconds of one core, so that a busy machine does not count.

usage: python3 bench/scores_peers.py build/release/bench/scores

Runs the program, then on the same inputs
- UDR as disentanglement_lib computes it, pair after pair with scipy's spearmanr and scikit-learn's
  Lasso; only some of the pairs, scaled to all of them;
- UDR's Spearman correlations as one numpy matrix product, the best that numpy can do for that half;
- the silhouette by scikit-learn.
Prints a Markdown table; needs numpy, scipy, scikit-learn, h5py.
"""
import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import subprocess
import sys
import tempfile
import time
import warnings

import h5py
import numpy as np
from scipy.stats import rankdata, spearmanr
from sklearn.linear_model import Lasso
from sklearn.metrics import silhouette_score

warnings.simplefilter("ignore")
SOME = 8  # models whose pairs the slow peer computes


def lib_pairs(z):
    """disentanglement_lib's way: spearmanr of both, and a Lasso for each latent."""
    models, _, d = z.shape
    begin = time.process_time()
    for i in range(SOME):
        for j in range(SOME):
            if i == j:
                continue
            spearmanr(z[i], z[j])
            for b in range(d):
                Lasso(alpha=0.1, tol=1e-10, max_iter=10000).fit(z[i], z[j][:, b])
    return (time.process_time() - begin) / (SOME * (SOME - 1)) * models * (models - 1)


def numpy_spearman(z):
    begin = time.process_time()
    models, n, d = z.shape
    ranks = np.apply_along_axis(rankdata, 0, z.transpose(1, 0, 2).reshape(n, models * d))
    ranks -= ranks.mean(0)
    ranks /= np.sqrt((ranks**2).sum(0))
    np.abs(ranks.T @ ranks)
    return time.process_time() - begin


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "scores.h5")
        lines = subprocess.run([sys.argv[1], path], check=True, capture_output=True, text=True).stdout
        ours = {line.split()[0]: [float(word) for word in line.split()[1:]] for line in lines.splitlines()}
        with h5py.File(path) as file:
            z = file["mu"][:].astype(float)
            x, pred = file["x"][:], file["pred"][:]
    z = (z - z.mean(1, keepdims=True)) / z.std(1, keepdims=True)
    udr, silhouette = ours["udr_115x1000x10"], ours["silhouette_60000x20"]
    begin = time.process_time()
    value = silhouette_score(x, pred)
    seconds = time.process_time() - begin
    slow, half = lib_pairs(z), numpy_spearman(z)
    print("| what | teasel, s | peer, s | ratio | peer |")
    print("| --- | ---: | ---: | ---: | --- |")
    for row in (
        ("UDR 115 x 1000 x 10, both similarities", udr[0], slow, f"disentanglement_lib's way, from {SOME * (SOME - 1)} pairs"),
        ("UDR 115 x 1000 x 10, Spearman", ours["udr_spearman_115x1000x10"][0], half, "numpy, the correlations alone"),
        ("silhouette 60,000 x 20", silhouette[0], seconds, "scikit-learn"),
    ):
        print(f"| {row[0]} | {row[1]:.3f} | {row[2]:.3f} | {row[2] / row[1]:.1f} | {row[3]} |")
    print(f"\nsilhouettes differ by {abs(value - silhouette[1]):.1e}")


main()
