#!/usr/bin/env python3
"""step_pytorch.py NETWORK.yaml: milliseconds of a whole training step in PyTorch, one thread.

The same work as bench/step: a network file's encoder and decoder, Bernoulli reconstruction (Gaussian, with its
two heads, where a gmvae's decoder does not give the data's shape), the family's regulariser, Adam; forward, backward, update. Eager, and by torch.compile where it works, in both memory
layouts. Prints a line a way: `pytorch-WAY median fastest` (ms of the clock), or `pytorch-WAY - REASON`.
"""
import argparse
import math
import os
import statistics
import sys
import time

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"

import torch
import torch.nn.functional as F
import yaml
from torch import nn

WAYS = ["contiguous", "channels_last", "compiled", "compiled_channels_last"]
ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "elu": nn.ELU, "none": nn.Identity}


class Reshape(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = tuple(shape)

    def forward(self, x):
        return x.reshape((x.shape[0],) + self.shape)


def layers(entries, x):
    """The modules of one list, sized by passing x through them; and what they give for x."""
    made = []
    for entry in entries:
        (kind, o), = entry.items()
        new = []
        if kind == "reshape":
            new.append(Reshape(o))
        elif kind == "maxpool":
            new.append(nn.MaxPool2d(o["kernel"], o.get("stride", o["kernel"]), o.get("pad", 0)))
        elif kind == "upsample":
            new.append(nn.Upsample(scale_factor=o["factor"]))
        elif kind == "dropout":
            new.append(nn.Dropout(o["rate"]))
        else:
            norm = o.get("norm") == "batch"
            if kind == "dense":
                new += [nn.Flatten()] if x.dim() > 2 else []
                new.append(nn.Linear(x[0].numel(), o["units"], bias=not norm))
            else:
                operator = nn.Conv2d if kind == "conv" else nn.ConvTranspose2d
                new.append(operator(x.shape[1], o["filters"], o["kernel"], o.get("stride", 1), o.get("pad", 0),
                                    bias=not norm))
            if norm:
                new.append((nn.BatchNorm1d if kind == "dense" else nn.BatchNorm2d)(new[-1].weight.shape[
                    1 if kind == "deconv" else 0]))
            new.append(ACTIVATIONS[o.get("activation", "none")]())
        for layer in new:
            x = layer(x)
        made += new
    return nn.Sequential(*made), x


class Autoencoder(nn.Module):
    def __init__(self, network, latent):
        super().__init__()
        with torch.no_grad():
            self.encoder, hidden = layers(network["encoder"], torch.zeros((2,) + tuple(network["input"])))
            width = hidden[0].numel()
            self.decoder, _ = layers(network["decoder"], torch.zeros(2, latent))
        self.mean, self.log_variance = nn.Linear(width, latent), nn.Linear(width, latent)

    def forward(self, x):
        hidden = self.encoder(x).flatten(1)
        mean, log_variance = self.mean(hidden), self.log_variance(hidden)
        z = mean + torch.exp(log_variance / 2) * torch.randn_like(mean)
        return mean, log_variance, z, self.decoder(z).reshape(x.shape)


class MixtureAutoencoder(nn.Module):
    """Dilokthanakul et al. 2016, as family gmvae: M joint samples, all K components at once."""

    def __init__(self, network, latent, o):
        super().__init__()
        self.latent, self.components, self.samples = latent, o["components"], o.get("samples", 1)
        with torch.no_grad():
            self.encoder, hidden = layers(network["encoder"], torch.zeros((2,) + tuple(network["input"])))
            width = hidden[0].numel()
            self.decoder, decoded = layers(network["decoder"], torch.zeros(2, latent))
            units = math.prod(network["input"])
            gaussian = decoded[0].numel() != units
            self.output_heads = nn.ModuleList(nn.Linear(decoded[0].numel(), units) for _ in range(2 * gaussian))
            self.prior, hidden = layers(network["prior"], torch.zeros(2, o["latent_w"]))
        self.heads = nn.ModuleList(nn.Linear(width, n) for n in (latent, latent, o["latent_w"], o["latent_w"]))
        self.prior_heads = nn.ModuleList(nn.Linear(hidden.shape[1], latent * self.components) for _ in range(2))

    def sample(self, mean, log_variance):
        mean, log_variance = (v.repeat_interleave(self.samples, 0) if self.samples > 1 else v
                              for v in (mean, log_variance))
        return mean, log_variance, mean + torch.exp(log_variance / 2) * torch.randn_like(mean)

    def reconstruction(self, z, target):
        decoded = self.decoder(z)
        if not self.output_heads:
            return F.binary_cross_entropy_with_logits(decoded.reshape(target.shape), target, reduction="sum")
        mean, log_variance = (head(decoded).reshape(target.shape) for head in self.output_heads)
        return -log_normal(target, mean, log_variance).sum()

    def forward(self, x):
        hidden = self.encoder(x).flatten(1)
        mean, log_variance, w_mean, w_log_variance = (head(hidden) for head in self.heads)
        mean, log_variance, z = self.sample(mean, log_variance)
        prior = self.prior(self.sample(w_mean, w_log_variance)[2])
        shape = (-1, self.components, self.latent)
        m, v = (head(prior).reshape(shape) for head in self.prior_heads)
        precision = torch.exp(-v)
        density = -0.5 * (v + (z[:, None] - m) ** 2 * precision).sum(2)
        divergence = 0.5 * (v - log_variance[:, None] - 1
                            + (log_variance.exp()[:, None] + (mean[:, None] - m) ** 2) * precision).sum(2)
        log_r = torch.log_softmax(density, 1)
        r = log_r.exp()
        target = x.repeat_interleave(self.samples, 0) if self.samples > 1 else x
        loss = (self.reconstruction(z, target) + (r * (divergence + log_r)).sum()) / target.shape[0]
        return loss + 0.5 * (w_mean ** 2 + w_log_variance.exp() - 1 - w_log_variance).sum() / x.shape[0]


def log_normal(x, mean, log_variance):
    return -0.5 * (math.log(2 * math.pi) + log_variance + (x - mean) ** 2 * torch.exp(-log_variance))


def total_correlation(z, mean, log_variance, dataset):
    """Mutual information, total correlation and dimension-wise KL by minibatch-weighted sampling."""
    batch = z.shape[0]
    each = log_normal(z[:, None], mean[None], log_variance[None])  # (batch, batch, latent)
    log_qz = torch.logsumexp(each.sum(2), 1) - math.log(batch * dataset)
    log_product = (torch.logsumexp(each, 1) - math.log(batch * dataset)).sum(1)
    log_qz_x = log_normal(z, mean, log_variance).sum(1)
    zeros = torch.zeros_like(z)
    log_pz = log_normal(z, zeros, zeros).sum(1)
    return (log_qz_x - log_qz).mean(), (log_qz - log_product).mean(), (log_product - log_pz).mean()


def objective(o, x, mean, log_variance, z, output, step):
    loss = F.binary_cross_entropy_with_logits(output, x, reduction="sum") / o.batch
    if o.family == "beta_tcvae":
        terms = total_correlation(z, mean, log_variance, 7648)
        return loss + terms[0] + 6 * terms[1] + terms[2]
    kl = 0.5 * (mean ** 2 + log_variance.exp() - 1 - log_variance).sum() / o.batch
    if o.family == "c_beta_vae":
        return loss + 1000 * (kl - 6 * min(1, step / 100000)).abs()
    return loss + (4 if o.family == "beta_vae" else 1) * kl


def measure(network, o, way):
    torch.manual_seed(0)
    mixture = o.family == "gmvae"
    model = MixtureAutoencoder(network, o.latent, dict(o.option)) if mixture else Autoencoder(network, o.latent)
    x = torch.rand((o.batch,) + tuple(network["input"]))
    if way.endswith("channels_last"):
        model = model.to(memory_format=torch.channels_last)
        x = x.contiguous(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4, fused=True)

    def loss_of(step):
        if mixture:
            return model(x)
        mean, log_variance, z, output = model(x)
        return objective(o, x, mean, log_variance, z, output, step)

    if way.startswith("compiled"):
        loss_of = torch.compile(loss_of)
    clock = time.process_time if o.processor else time.perf_counter
    times = []
    for step in range(o.warmup + o.steps):
        begin = clock()
        optimizer.zero_grad()
        loss_of(0).backward()
        optimizer.step()
        if step >= o.warmup:
            times.append(1e3 * (clock() - begin))
    print("pytorch-%s %.3f %.3f" % (way, statistics.median(times), min(times)), flush=True)


def option(text):
    name, value = text.split("=")
    return name, int(value)


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("network")
    a.add_argument("--family", default="beta_vae", choices=["vae", "beta_vae", "c_beta_vae", "beta_tcvae", "gmvae"])
    a.add_argument("--option", type=option, action="append", default=[], help="of the family, NAME=WHOLE_NUMBER")
    a.add_argument("--batch", type=int, default=64)
    a.add_argument("--latent", type=int, default=10)
    a.add_argument("--steps", type=int, default=20)
    a.add_argument("--warmup", type=int, default=3)
    a.add_argument("--way", choices=WAYS, action="append", help="default: all, one after the other")
    a.add_argument("--processor", action="store_true", help="count processor time, not the clock's")
    o = a.parse_args()
    torch.set_num_threads(1)
    with open(o.network) as f:
        network = yaml.safe_load(f)
    for way in o.way or WAYS:
        if way.endswith("channels_last") and len(network["input"]) != 3:
            continue
        try:
            measure(network, o, way)
        except Exception as error:  # the compiler may be missing
            if not way.startswith("compiled"):
                raise
            print("pytorch-%s - %s" % (way, str(error).strip().splitlines()[0]), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
