#!/usr/bin/env python3
"""What other programs take for the scores that bench/scores measures, on its own inputs.

usage: python3 bench/scores_peers.py DATA.h5 PEER...

Peers: `silhouette` scikit-learn's silhouette_score; `calls` UDR with the calls of
disentanglement_lib (Lasso().fit for a pair of models, spearmanr for each pair of latents), on some of
the pairs, scaled to all of them; `numpy` UDR's matrices by the fewest NumPy calls: ranks and one
product, and coordinate descent on Gram matrices for all targets of a model together.
Prints `name seconds value` a line; seconds of one core, value to compare with. Needs numpy, scipy,
scikit-learn, h5py.
"""
import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import sys
import time
import warnings

import h5py
import numpy as np
from scipy.stats import rankdata, spearmanr
from sklearn.linear_model import Lasso
from sklearn.metrics import silhouette_score

warnings.simplefilter("ignore")
SOME = 6  # models whose pairs the slow calls get
PENALTY = 0.1


def say(name, begin, value, scale=1.0):
    print("%s %.4f %.15g" % (name, (time.process_time() - begin) * scale, value), flush=True)


def standardised(file):
    z = file["mu"][:].astype(float)
    return (z - z.mean(1, keepdims=True)) / z.std(1, keepdims=True)


def calls(file):
    z = standardised(file)
    models, _, d = z.shape
    pairs = [(i, j) for i in range(SOME) for j in range(SOME) if i != j]
    scale = models * (models - 1) / len(pairs)
    begin = time.process_time()
    total = 0
    for i, j in pairs:
        total += np.abs(Lasso(alpha=PENALTY).fit(z[i], z[j]).coef_).sum()
    say("calls_lasso", begin, total / len(pairs), scale)
    begin = time.process_time()
    total = 0
    for i, j in pairs:
        total += sum(abs(spearmanr(z[i][:, a], z[j][:, b], nan_policy="omit")[0]) for a in range(d) for b in range(d))
    say("calls_spearman", begin, total / len(pairs), scale)


def numpy_way(file):
    z = standardised(file)
    models, n, d = z.shape
    columns = z.transpose(1, 0, 2).reshape(n, models * d)
    begin = time.process_time()
    ranks = rankdata(columns, axis=0)
    ranks -= ranks.mean(0)
    ranks /= np.sqrt((ranks**2).sum(0))
    say("numpy_spearman", begin, np.abs(ranks.T @ ranks).sum())
    begin = time.process_time()
    products = (columns.T @ columns / n).reshape(models, d, models * d)
    total = 0
    for m in range(models):
        gram, moments = np.ascontiguousarray(products[m][:, m * d : (m + 1) * d]), products[m]
        weights = np.zeros_like(moments)
        for _ in range(1000):
            before = weights.copy()
            for k in range(d):
                new = moments[k] - gram[k] @ weights + gram[k, k] * weights[k]
                weights[k] = (np.maximum(new - PENALTY, 0) + np.minimum(new + PENALTY, 0)) / gram[k, k]
            if np.abs(weights - before).max() < 1e-11:
                break
        total += np.abs(weights).sum()
    say("numpy_lasso", begin, total)


def silhouette(file):
    x, pred = file["x"][:], file["pred"][:]
    begin = time.process_time()
    say("scikit_silhouette", begin, silhouette_score(x, pred))


PEERS = {"silhouette": silhouette, "calls": calls, "numpy": numpy_way}
with h5py.File(sys.argv[1]) as data:
    for peer in sys.argv[2:]:
        PEERS[peer](data)
