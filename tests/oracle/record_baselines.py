#!/usr/bin/env python3
"""Prints the numbers of baselines_expected.h: k-means and Gaussian mixtures of scikit-learn on
points that test_baselines.c makes by the same arithmetic.

    python3 tests/oracle/record_baselines.py > tests/oracle/baselines_expected.h
"""
import numpy as np
import sklearn
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from sklearn.mixture import GaussianMixture

MASK = (1 << 64) - 1


def uniform(index):
    """SplitMix64 of the index, to [0, 1)."""
    z = (index + 1) * 0x9E3779B97F4A7C15 & MASK
    z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ z >> 27) * 0x94D049BB133111EB) & MASK
    return ((z ^ z >> 31) >> 11) * 2.0**-53


def normal(index):
    """About normal: twelve uniforms less six."""
    total = 0.0
    for k in range(12):
        total += uniform(12 * index + k)
    return total - 6


def plane():
    """600 points of three long clouds of the plane that touch each other."""
    x, y = np.zeros((600, 2)), np.zeros(600, dtype=int)
    for i in range(600):
        c = i % 3
        along, across = 2 * normal(2 * i), 0.4 * normal(2 * i + 1)
        x[i] = (along + c, 2.0 * c + 0.3 * along + across)
        y[i] = c
    return x, y


def wide():
    """900 points of 60 values: three clouds in five directions, and noise."""
    load = np.array([[normal(500000 + 60 * j + f) for f in range(60)] for j in range(5)])
    x, y = np.zeros((900, 60)), np.zeros(900, dtype=int)
    for i in range(900):
        c = i % 3
        z = [normal(100000 + 5 * i + j) + (4.0 * c if j == 0 else 0.0) for j in range(5)]
        for f in range(60):
            total = 0.0
            for j in range(5):
                total += z[j] * load[j][f]
            x[i, f] = total + 0.3 * normal(200000 + 60 * i + f)
        y[i] = c
    return x, y


def scores(found, certainty, labels, clusters):
    """Makhzani, majority and Hungarian accuracy, NMI, ARI."""
    table = np.zeros((clusters, labels.max() + 1))
    np.add.at(table, (found, labels), 1)
    chosen = [labels[np.argmax(certainty[:, k])] for k in range(clusters)]
    rows, columns = linear_sum_assignment(-table)
    n = len(labels)
    return [sum(table[k, chosen[k]] for k in range(clusters)) / n, table.max(1).sum() / n,
            table[rows, columns].sum() / n, normalized_mutual_info_score(labels, found),
            adjusted_rand_score(labels, found)]


def log_odds(joint):
    out = np.zeros_like(joint)
    for k in range(joint.shape[1]):
        out[:, k] = joint[:, k] - np.logaddexp.reduce(np.delete(joint, k, 1), axis=1)
    return out


def kmeans(x, y, clusters):
    model = KMeans(clusters, n_init=100, random_state=0, tol=0).fit(x)
    return [model.inertia_] + scores(model.labels_, -model.transform(x), y, clusters)


def mixture(x, y, clusters):
    if x.shape[1] > 50:
        x = PCA(50, svd_solver="full").fit_transform(x)
    model = GaussianMixture(clusters, n_init=20, max_iter=300, random_state=0, tol=1e-3).fit(x)
    joint = model._estimate_weighted_log_prob(x)
    return [model.score(x)] + scores(joint.argmax(1), log_odds(joint), y, clusters)


def main():
    print("/* Recorded by record_baselines.py with scikit-learn %s: fit (inertia or mean log" % sklearn.__version__)
    print(" * likelihood), acc_makhzani, acc_majority, acc_hungarian, nmi, ari. */")
    print("static const struct expected expected[] = {")
    for name, (x, y) in (("PLANE", plane()), ("WIDE", wide())):
        for method, fit in (("KMEANS", kmeans), ("MIXTURE", mixture)):
            for clusters in (3, 5) if fit is kmeans and name == "PLANE" else (3,):
                values = ", ".join("%.10g" % v for v in fit(x, y, clusters))
                print("    {%s, TSL_BASELINE_%s, %d, {%s}}," % (name, method, clusters, values))
    print("};")


main()
