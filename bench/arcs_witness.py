"""arcs_witness.py [THRESHOLD [WARM_UP [SEEDS]]]: the arcs of bench/arcs.sh in PyTorch, written from the
paper's text (Dilokthanakul et al. 2016), with points and initial weights of its own: a second opinion on
what the model does there. Prints the held-out Hungarian accuracy, reconstruction and z-prior of each of
SEEDS (5) models, which are trained side by side on the same points, each with its own noise."""
import math
import sys

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment

K, HIDDEN, BATCH, EPOCHS, POINTS, HELD_OUT = 5, 120, 200, 100, 10000, 1000
threshold = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
warm_up = float(sys.argv[2]) if len(sys.argv) > 2 else 0.0
seeds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
torch.set_num_threads(1)
torch.manual_seed(0)


def arcs(generator):
    """Points (POINTS, 2) and arcs (POINTS): a ring of radius 1, arcs of 50 degrees, noise 0.05."""
    label = generator.permutation(np.arange(POINTS) % K)
    angle = 2 * np.pi * label / K + np.deg2rad(50) * (generator.random(POINTS) - 0.5)
    point = np.stack([np.cos(angle), np.sin(angle)], 1)
    return torch.tensor(point + 0.05 * generator.standard_normal(point.shape)).float(), label


class Dense(torch.nn.Module):
    """torch.nn.Linear's initial weights, `seeds` times: (seeds, rows, inputs) to (seeds, rows, outputs)."""

    def __init__(self, inputs, outputs):
        super().__init__()
        bound = 1 / math.sqrt(inputs)
        self.weight = torch.nn.Parameter(torch.empty(seeds, inputs, outputs).uniform_(-bound, bound))
        self.bias = torch.nn.Parameter(torch.empty(seeds, 1, outputs).uniform_(-bound, bound))

    def forward(self, x):
        return torch.baddbmm(self.bias, x, self.weight)


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        relu = torch.nn.ReLU
        self.encoder = torch.nn.Sequential(Dense(2, HIDDEN), relu(), Dense(HIDDEN, HIDDEN), relu())
        self.x, self.w = Dense(HIDDEN, 4), Dense(HIDDEN, 4)
        self.decoder = torch.nn.Sequential(Dense(2, HIDDEN), relu(), Dense(HIDDEN, HIDDEN), relu(), Dense(HIDDEN, 4))
        self.prior = torch.nn.Sequential(Dense(2, HIDDEN), torch.nn.Tanh(), Dense(HIDDEN, 4 * K))

    def forward(self, y, noise=1.0):
        """y (seeds, rows, 2). The four terms, each (seeds, rows), and log p(z|x,w): (seeds, rows, K)."""
        hidden = self.encoder(y)
        x_mean, x_log = self.x(hidden).chunk(2, -1)
        w_mean, w_log = self.w(hidden).chunk(2, -1)
        x = x_mean + noise * torch.exp(x_log / 2) * torch.randn_like(x_mean)
        w = w_mean + noise * torch.exp(w_log / 2) * torch.randn_like(w_mean)
        mean, log = self.decoder(x).chunk(2, -1)
        reconstruction = 0.5 * (math.log(2 * math.pi) + log + (y - mean) ** 2 * torch.exp(-log)).sum(-1)
        k_mean, k_log = self.prior(w).view(*y.shape[:2], K, 4).chunk(2, -1)
        density = -0.5 * (k_log + (x[:, :, None] - k_mean) ** 2 * torch.exp(-k_log)).sum(-1)
        log_r = torch.log_softmax(density, -1)
        difference = torch.exp(x_log)[:, :, None] + (x_mean[:, :, None] - k_mean) ** 2
        divergence = 0.5 * (k_log - x_log[:, :, None] + difference * torch.exp(-k_log) - 1).sum(-1)
        conditional = (log_r.exp() * divergence).sum(-1)
        w_prior = 0.5 * (w_mean**2 + torch.exp(w_log) - 1 - w_log).sum(-1)
        z_prior = (log_r.exp() * log_r).sum(-1) + math.log(K)
        return reconstruction, conditional, w_prior, z_prior, log_r


def accuracy(cluster, label):
    count = np.zeros((K, K))
    np.add.at(count, (cluster, label), 1)
    return count[linear_sum_assignment(-count)].sum() / len(label)


points, labels = arcs(np.random.default_rng(0))
held_out, train = points[:HELD_OUT].expand(seeds, -1, -1), points[HELD_OUT:]
model = Model()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, foreach=True)
steps = len(train) // BATCH
for step in range(EPOCHS * steps):
    if step % steps == 0:
        order = torch.randperm(len(train))
    rows = order[step % steps * BATCH :][:BATCH]
    terms = [term.mean(1) for term in model(train[rows].expand(seeds, -1, -1))[:4]]
    weight = min(1.0, step / (warm_up * EPOCHS * steps)) if warm_up > 0 else 1.0
    pressed = terms[3].clamp(min=threshold) if threshold > 0 else terms[3]
    optimizer.zero_grad()
    (terms[0] + weight * (terms[1] + terms[2] + pressed)).sum().backward()
    optimizer.step()

with torch.no_grad():
    terms, sure = model(held_out)[:4], model(held_out, noise=0.0)[4].argmax(-1).numpy()
found = [accuracy(sure[s], labels[:HELD_OUT]) for s in range(seeds)]
print(f"threshold {threshold:g}, warm-up {warm_up:g}: median accuracy {np.median(found):.3f}")
for s in np.argsort(found):
    print(f"{found[s]:.2f}  reconstruction {terms[0][s].mean():5.2f}  z-prior {terms[3][s].mean():.2f}")
