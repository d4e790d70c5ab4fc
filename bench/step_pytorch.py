#!/usr/bin/env python3
"""step_pytorch.py NETWORK.yaml: milliseconds of a whole beta-VAE training step in PyTorch, one thread.

The same work as bench/step: a network file's encoder and decoder, Bernoulli reconstruction, beta = 4, Adam;
forward, backward, update. Eager mode. Prints one line a layout: `pytorch-LAYOUT median minimum` (ms).
"""
import argparse
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
    def __init__(self, network, latent, batch):
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
        return mean, log_variance, self.decoder(z).reshape(x.shape)


def measure(network, o, layout):
    torch.manual_seed(0)
    model = Autoencoder(network, o.latent, o.batch)
    x = torch.rand((o.batch,) + tuple(network["input"]))
    if layout == "channels_last":
        model = model.to(memory_format=torch.channels_last)
        x = x.contiguous(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)
    times = []
    for step in range(o.warmup + o.steps):
        begin = time.perf_counter()
        mean, log_variance, output = model(x)
        reconstruction = F.binary_cross_entropy_with_logits(output, x, reduction="sum") / o.batch
        kl = 0.5 * (mean ** 2 + log_variance.exp() - 1 - log_variance).sum() / o.batch
        optimizer.zero_grad()
        (reconstruction + 4 * kl).backward()
        optimizer.step()
        if step >= o.warmup:
            times.append(1e3 * (time.perf_counter() - begin))
    print("pytorch-%s %.3f %.3f" % (layout, statistics.median(times), min(times)), flush=True)


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("network")
    a.add_argument("--batch", type=int, default=64)
    a.add_argument("--latent", type=int, default=10)
    a.add_argument("--steps", type=int, default=20)
    a.add_argument("--warmup", type=int, default=3)
    a.add_argument("--layout", choices=["contiguous", "channels_last"], help="default: both, one after the other")
    o = a.parse_args()
    torch.set_num_threads(1)
    with open(o.network) as f:
        network = yaml.safe_load(f)
    for layout in [o.layout] if o.layout else ["contiguous", "channels_last"]:
        if layout == "channels_last" and len(network["input"]) != 3:
            continue
        measure(network, o, layout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
