#!/usr/bin/env python3
"""Records what numpy, scipy and scikit-learn make of made-up latents: writes
tests/oracle/scores_expected.h, which tests/oracle/test_scores.c compares with. The inputs are drawn
by a generator that scores_inputs.h repeats to the bit, so only results are kept.

usage: python3 tests/oracle/record_scores.py > tests/oracle/scores_expected.h
"""
import warnings

import numpy as np
from scipy.stats import rankdata
from scipy.optimize import linear_sum_assignment
from sklearn import metrics as sk
from sklearn.linear_model import Lasso
from sklearn.svm import LinearSVC

warnings.simplefilter("ignore")
MODELS, POINTS, LATENT = 9, 101, 4
SETTING = [0, 0, 0, 1, 1, 1, 1, 2, 3]
FAMILY = [0, 0, 0, 0, 0, 0, 0, 1, 2]


class Generator:
    """x -> 1103515245 x + 12345 modulo 2^31; numbers in [-0.5, 0.5) with 23 bits."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state * 1103515245 + 12345) % (1 << 31)
        return (self.state >> 8) / (1 << 23) - 0.5

    def array(self, *shape):
        return np.array([self.next() for _ in range(int(np.prod(shape)))]).reshape(shape)


def udr_inputs():
    common = Generator(1).array(POINTS, LATENT)
    mu = np.zeros((MODELS, POINTS, LATENT))
    logvar = np.full((MODELS, POINTS, LATENT), -3.0)
    for m in range(MODELS):
        noise = Generator(100 + m).array(POINTS, LATENT)
        for k in range(LATENT):
            mu[m, :, k] = common[:, (k + m) % LATENT] + 0.5 * noise[:, k]
    mu[1, :, 0] = np.floor(mu[1, :, 0] * 4) / 4  # ties
    mu[2, :, 3] = mu[2, :, 1]  # a duplicate
    mu[3, :, 2] = 0.75  # constant and informative
    mu[4, :, 0] /= 128  # uninformative, and so on
    logvar[4, :, 0] = 0
    mu[5, 17, 1] = np.nan
    logvar[6, 3, 2] = np.inf
    mu[7] = 0
    logvar[7] = 0
    return mu, logvar


def pair_score(form, full, rows, columns):
    if not rows.any() or not columns.any():
        return 0
    r = full[np.ix_(rows, columns)]
    inner_columns = full[:, columns] if form == "eq2full" else r
    inner_rows = full[rows, :] if form == "eq2full" else r

    def total(lines):
        return sum((line.max() ** 2 / line.sum()) if line.sum() > 0 else 0 for line in lines if len(line))

    a, b = total(inner_columns.T), total(inner_rows)
    n_rows, n_columns = rows.sum(), columns.sum()
    if form == "lib":
        return (a / n_columns + b / n_rows) / 2
    return (a + b) / (n_rows + n_columns)


def udr():
    mu, logvar = udr_inputs()
    finite = np.isfinite(mu).all(1) & np.isfinite(logvar).all(1)
    kl = (mu**2 + np.exp(logvar) - logvar - 1).mean(1) / 2
    kl[~finite] = np.nan
    informative = finite & (kl > 0.01)
    z = np.where(finite[:, None, :], mu, 0)
    ranks = np.apply_along_axis(rankdata, 1, z)
    constant = z.min(1) == z.max(1)
    z = z - z.mean(1, keepdims=True)
    deviation = np.where(constant, 1, z.std(1))
    z = np.where(constant[:, None, :], 0, z / deviation[:, None, :])
    spearman = np.zeros((MODELS, MODELS, LATENT, LATENT))
    lasso = np.zeros_like(spearman)
    for i in range(MODELS):
        for j in range(MODELS):
            for a in range(LATENT):
                for b in range(LATENT):
                    x, y = ranks[i, :, a] - ranks[i, :, a].mean(), ranks[j, :, b] - ranks[j, :, b].mean()
                    scale = np.sqrt((x @ x) * (y @ y))
                    spearman[i, j, a, b] = abs(x @ y) / scale if scale > 0 else 0
            if informative[i].any():
                for b in range(LATENT):
                    fit = Lasso(alpha=0.1, tol=1e-15, max_iter=1000000)
                    fit.fit(z[i][:, informative[i]], z[j][:, b])
                    lasso[i, j, informative[i], b] = abs(fit.coef_)
    out = {"kl": np.nan_to_num(kl, nan=-1), "informative": informative}
    for name, full in (("spearman", spearman), ("lasso", lasso)):
        for form in ("lib", "eq2", "eq2full"):
            if name == "lasso" and form == "eq2full":
                continue
            u = np.array(
                [
                    [0 if i == j else pair_score(form, full[i, j], informative[i], informative[j]) for j in range(MODELS)]
                    for i in range(MODELS)
                ]
            )
            out[f"{name}_{form}_pairwise"] = u
            for group, number in (("setting", SETTING), ("family", FAMILY), ("all", [0] * MODELS)):
                scores = []
                for i in range(MODELS):
                    others = [u[k, i] for k in range(MODELS) if k != i and number[k] == number[i]]
                    scores.append(np.median(others) if others else -1)
                out[f"{name}_{form}_{group}"] = np.array(scores)
    return out


def cluster_inputs():
    n, d, k = 60, 3, 4
    x = Generator(7).array(n, d)
    true = np.arange(n) * 7 % 5 % 4
    x[:, 0] += true
    q = Generator(8).array(n, k)
    q[np.arange(n), true] += 0.5
    q[20, 1] = q[30, 1] = 4.0  # two points stand for cluster 1
    pred = q.argmax(1)
    pred[pred == 3] = 2  # cluster 3 stays empty
    return x, pred, true, q


def clusters():
    x, pred, true, q = cluster_inputs()
    table = sk.cluster.contingency_matrix(true, pred)
    rows, columns = linear_sum_assignment(-table)
    label = true[q.argmax(0)]
    return {
        "silhouette": sk.silhouette_score(x, pred),
        "davies_bouldin": sk.davies_bouldin_score(x, pred),
        "calinski_harabasz": sk.calinski_harabasz_score(x, pred),
        "acc_makhzani": (label[pred] == true).mean(),
        "acc_majority": table.max(0).sum() / len(true),
        "acc_hungarian": table[rows, columns].sum() / len(true),
        "nmi": sk.normalized_mutual_info_score(true, pred),
        "ari": sk.adjusted_rand_score(true, pred),
    }


def factor_inputs(seed, n):
    d = 4
    factors = np.stack([np.floor((Generator(seed + j).array(n) + 0.5) * (j + 2)) for j in range(3)], 1)
    codes = 0.5 * Generator(seed + 10).array(n, d)
    codes[:, 0] += factors[:, 0]
    codes[:, 1] += factors[:, 1] + 0.25 * factors[:, 0]
    codes[:, 2] -= factors[:, 2]
    return codes, factors.astype(int)


def mean_gap(matrix):
    ordered = np.sort(matrix, axis=0)
    return (ordered[-1] - ordered[-2]).mean()


def factors():
    codes, values = factor_inputs(20, 150)
    test_codes, test_values = factor_inputs(50, 70)
    d, k = codes.shape[1], values.shape[1]
    binned = np.stack([np.digitize(c, np.histogram(c, 20)[1][:-1]) for c in codes.T], 1)
    information = np.array([[sk.mutual_info_score(values[:, j], binned[:, a]) for j in range(k)] for a in range(d)])
    entropy = np.array([sk.mutual_info_score(values[:, j], values[:, j]) for j in range(k)])
    ordered = np.sort(information, axis=0)
    squared = information**2
    most = squared.max(1)
    modularity = 1 - (squared.sum(1) - most) / (most * (k - 1))
    modularity[most == 0] = 0
    correlation = np.array([[np.corrcoef(codes[:, a], values[:, j])[0, 1] ** 2 for j in range(k)] for a in range(d)])
    accuracy = np.zeros((d, k))
    for a in range(d):
        for j in range(k):
            machine = LinearSVC(C=0.01, class_weight="balanced", tol=1e-12, max_iter=10000000, random_state=0)
            machine.fit(codes[:, [a]], values[:, j])
            accuracy[a, j] = (machine.predict(test_codes[:, [a]]) == test_values[:, j]).mean()
    return {
        "mig": ((ordered[-1] - ordered[-2]) / entropy).mean(),
        "modularity": modularity.mean(),
        "sap_continuous": mean_gap(correlation),
        "sap_discrete": mean_gap(accuracy),
        "sap_discrete_matrix": accuracy,
    }


def show(prefix, results):
    for name, value in results.items():
        value = np.asarray(value)
        if value.dtype == bool:
            value = value.astype(int)
        text = ",\n    ".join(repr(v.item()) for v in value.ravel())
        if value.ndim == 0:
            print(f"static const double {prefix}_{name} = {text};")
        else:
            print(f"static const double {prefix}_{name}[] = {{\n    {text}}};")


def main():
    print("/* Written by record_scores.py; -1 stands for no score. */")
    print("/* clang-format off */")
    print("#ifndef TEASEL_TESTS_SCORES_EXPECTED_H\n#define TEASEL_TESTS_SCORES_EXPECTED_H\n")
    show("udr", udr())
    show("cluster", clusters())
    show("factor", factors())
    print("\n#endif\n/* clang-format on */")


main()
