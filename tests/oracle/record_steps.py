#!/usr/bin/env python3
"""record_steps.py OUT_DIR [CASE...]: training steps as PyTorch takes them, for `teasel step` to repeat.

Every case is four files: NAME.yaml (the job), NAME-network.yaml, NAME.in.h5 (weights, batches, noise) and
NAME.expected.h5 (losses, gradients, weights after, latents), of the layout in docs/step-files.md. PyTorch
computes in float64; the same steps in float32 tell how near two correct float32 programs can be, and a draw
in which that difference comes within a tenth of a tolerance, of the largest networks within half of one
(a ReLU whose input is all but zero, an Adam step whose gradient is), is drawn again. tests/oracle/steps holds the cases of `record_steps.py
tests/oracle/steps`; `conv64` and `gmvae-full` are recorded only by name, for their size.

Needs torch, numpy, h5py, yaml. Draws come from numpy's PCG64, so that the same seed gives the same inputs.
"""
import argparse
import copy
import os
import sys
import zlib

import h5py
import numpy as np
import torch
import torch.nn.functional as F
import yaml

TOLERANCES = {"loss": 1e-5, "grads": 2e-4, "latents": 1e-5, "params_after": 2e-4, "update": 5e-3}
HERE = os.path.dirname(os.path.abspath(__file__))


# ---- the network ----

def flat(x):
    return x.reshape(x.shape[0], -1)


def activate(x, name):
    return {"relu": F.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "elu": F.elu, "none": lambda v: v}[name](x)


class Network:
    """One pass over the entries of a network file. Parameters are made on the first pass by `draw`,
    used on the later ones."""

    def __init__(self, network, batch, generator):
        self.network, self.batch, self.generator = network, batch, generator
        self.params, self.statistics, self.streams = {}, {}, {}
        self.making = True

    def parameter(self, name, shape, fan_in, centre=0.0):
        if self.making:
            bound = 1.0 / np.sqrt(fan_in)
            if name in ("mean.weight", "x_mean.weight", "prior_mean.weight"):  # codes that differ, so that no term is a difference of all but equal numbers
                bound *= 6
            values = centre + self.generator.uniform(-bound, bound, shape)
            self.params[name] = torch.tensor(values.astype(np.float32))
        return self.params[name]

    def stream(self, name, shape, uniform):
        if self.making:
            self.streams[name] = (tuple(shape), uniform)
            return torch.full((self.batch,) + tuple(shape), 0.5)
        return self.noise[name]

    def dense(self, x, name, units, bias=True):
        x = flat(x)
        weight = self.parameter(name + ".weight", (units, x.shape[1]), x.shape[1])
        return F.linear(x, weight, self.parameter(name + ".bias", (units,), x.shape[1]) if bias else None)

    def norm(self, x, name):
        channels = x.shape[1]
        weight = self.parameter(name + ".weight", (channels,), 4, centre=1.0)
        bias = self.parameter(name + ".bias", (channels,), 4)
        if self.making:
            self.statistics[name + ".running_mean"] = torch.tensor(
                self.generator.normal(0, 0.3, channels).astype(np.float32))
            self.statistics[name + ".running_var"] = torch.tensor(
                self.generator.uniform(0.5, 1.5, channels).astype(np.float32))
            return x
        return F.batch_norm(x, self.statistics[name + ".running_mean"], self.statistics[name + ".running_var"],
                            weight, bias, training=True, momentum=0.1, eps=1e-5)

    def entry(self, x, name, kind, o):
        if kind == "reshape":
            return x.reshape((x.shape[0],) + tuple(o))
        if kind == "maxpool":
            return F.max_pool2d(x, o["kernel"], o.get("stride", o["kernel"]), o.get("pad", 0))
        if kind == "upsample":
            return F.interpolate(x, scale_factor=o["factor"], mode="nearest")
        if kind == "dropout":
            count = sum(s.startswith("dropout") for s in self.order)
            stream = "dropout%d_uniform" % count
            self.order.append(stream)
            u = self.stream(stream, x.shape[1:], uniform=True)
            return torch.where(u >= o["rate"], x / (1.0 - o["rate"]), torch.zeros_like(x))
        norm = o.get("norm") == "batch"
        if kind == "dense":
            x = self.dense(x, name, o["units"], bias=not norm)
        else:
            kernel, stride, pad = o["kernel"], o.get("stride", 1), o.get("pad", 0)
            shape = (o["filters"], x.shape[1]) if kind == "conv" else (x.shape[1], o["filters"])
            fan_in = shape[1] * kernel * kernel
            weight = self.parameter(name + ".weight", shape + (kernel, kernel), fan_in)
            bias = None if norm else self.parameter(name + ".bias", (o["filters"],), fan_in)
            operator = F.conv2d if kind == "conv" else F.conv_transpose2d
            x = operator(x, weight, bias, stride=stride, padding=pad)
        if norm:
            x = self.norm(x, name + ".norm")
        return activate(x, o.get("activation", "none"))

    def entries(self, x, prefix):
        for i, e in enumerate(self.network.get(prefix) or []):
            (kind, options), = e.items()
            x = self.entry(x, "%s.%d" % (prefix, i), kind, options)
        return x

    def run(self, x, latent, gaussian):
        self.order = []
        hidden = self.entries(x, "encoder")
        mean = self.dense(hidden, "mean", latent)
        log_variance = self.dense(hidden, "log_variance", latent)
        noise = self.stream("z", (latent,), uniform=False)
        z = mean + torch.exp(log_variance / 2) * noise
        return (mean, log_variance, z) + self.decode(z, x.shape, gaussian)

    def decode(self, z, shape, gaussian):
        decoded = self.entries(z, "decoder")
        spread = None
        if gaussian:
            units = int(np.prod(self.network["input"]))
            spread = self.dense(decoded, "output_log_variance", units).reshape(shape)
            decoded = self.dense(decoded, "output_mean", units)
        return decoded.reshape(shape), spread

    def run_gmvae(self, x, latent, family, gaussian):
        """Heads on one encoder, M joint samples, the prior network: everything of x has B*M rows."""
        self.order = []
        m, k = family.get("samples", 1), family["components"]
        hidden = self.entries(x, "encoder")
        heads, samples = {}, {}
        for name, size in (("x", latent), ("w", family["latent_w"])):
            mean, log_variance = (self.dense(hidden, "%s_%s" % (name, head), size) for head in ("mean", "log_variance"))
            noise = self.stream(name, (m, size), uniform=False)
            samples[name] = (mean[:, None] + torch.exp(log_variance / 2)[:, None] * noise).reshape(-1, size)
            heads[name + "_mean"], heads[name + "_log_variance"] = mean, log_variance
        prior = self.entries(samples["w"], "prior")
        components = [self.dense(prior, "prior_" + head, k * latent).reshape(-1, k, latent)
                      for head in ("mean", "log_variance")]
        shape = (x.shape[0] * m,) + tuple(x.shape[1:])
        return (heads, samples, components) + self.decode(samples["x"], shape, gaussian)


# ---- the losses ----

def log_normal(x, mean, log_variance):
    return -0.5 * (np.log(2 * np.pi) + log_variance + (x - mean) ** 2 * torch.exp(-log_variance))


def reconstruction_loss(kind, x, output, spread):
    if kind == "bernoulli":
        each = F.binary_cross_entropy_with_logits(output, x, reduction="none")
    elif kind == "squared_error":
        each = (x - output) ** 2
    else:
        each = -log_normal(x, output, spread)
    return flat(each).sum(1).mean()


def total_correlation_parts(z, mean, log_variance, samples, estimator):
    """Chen et al. 2018, equation 2 and appendix C: mutual information, total correlation, dimension-wise KL."""
    batch = z.shape[0]
    if estimator == "mws":
        log_c = torch.full((batch, batch), -np.log(samples * batch), dtype=z.dtype)
    else:
        m = batch - 1
        log_c = torch.full((batch, batch), -np.log(m), dtype=z.dtype)
        for i in range(batch):
            log_c[i, i] = -np.log(samples)
            log_c[i, (i + 1) % batch] = np.log((samples - m) / (samples * m))
    pairs = log_normal(z[:, None, :], mean[None], log_variance[None])  # [i, j, d]: log q(z_id given x_j)
    log_qz = torch.logsumexp(log_c + pairs.sum(2), dim=1)
    log_qz_product = torch.logsumexp(log_c[:, :, None] + pairs, dim=1).sum(1)
    log_qzx = log_normal(z, mean, log_variance).sum(1)
    log_pz = log_normal(z, torch.zeros_like(z), torch.zeros_like(z)).sum(1)
    return ((log_qzx - log_qz).mean(), (log_qz - log_qz_product).mean(), (log_qz_product - log_pz).mean())


def gmvae_losses(job, x, passed):
    """Dilokthanakul et al. 2016, equations 3 to 6; means over batch and joint samples."""
    heads, samples, (mean, log_variance), output, spread = passed
    family, = job["families"]
    m = family.get("samples", 1)
    qx_mean, qx_log_variance = (heads[k].repeat_interleave(m, 0)[:, None] for k in ("x_mean", "x_log_variance"))
    log_r = torch.log_softmax(log_normal(samples["x"][:, None], mean, log_variance).sum(2), dim=1)
    kl = 0.5 * (log_variance - qx_log_variance - 1
                + (qx_log_variance.exp() + (qx_mean - mean) ** 2) * torch.exp(-log_variance)).sum(2)
    terms = {"reconstruction": reconstruction_loss(job["reconstruction"], x.repeat_interleave(m, 0), output, spread),
             "conditional_prior": (log_r.exp() * kl).sum(1).mean(),
             "w_prior": 0.5 * (heads["w_mean"] ** 2 + heads["w_log_variance"].exp() - 1
                               - heads["w_log_variance"]).sum(1).mean(),
             "z_prior": (log_r.exp() * log_r).sum(1).mean() + np.log(family["components"])}
    pressed = terms["z_prior"].clamp(min=family.get("z_prior_threshold", 0))
    terms["total"] = terms["reconstruction"] + terms["conditional_prior"] + terms["w_prior"] + pressed
    return terms


def losses(job, step, samples, x, passed):
    if job["families"][0]["model"] == "gmvae":
        return gmvae_losses(job, x, passed)
    mean, log_variance, z, output, spread = passed
    family, = job["families"]
    beta = family.get("beta", 1)
    kl_per_dim = 0.5 * (mean ** 2 + log_variance.exp() - 1 - log_variance).mean(0)
    terms = {"reconstruction": reconstruction_loss(job["reconstruction"], x, output, spread),
             "kl": kl_per_dim.sum(), "kl_per_dim": kl_per_dim}
    if family["model"] == "c_beta_vae":
        train = job["train"]
        run = train["iterations"] if "iterations" in train else train["epochs"] * (samples // train["batch"])
        steps = family.get("capacity_steps", run)
        capacity = family["capacity"] * min(1.0, step / steps)
        terms["capacity"] = torch.tensor(capacity, dtype=torch.float64)
        terms["total"] = terms["reconstruction"] + beta * torch.abs(terms["kl"] - capacity)
    elif family["model"] == "beta_tcvae":
        names = ("mutual_information", "total_correlation", "dimension_kl")
        parts = total_correlation_parts(z, mean, log_variance, samples, family.get("estimator", "mws"))
        terms.update(zip(names, parts))
        del terms["kl_per_dim"]
        terms["total"] = terms["reconstruction"] + parts[0] + beta * parts[1] + parts[2]
    elif family.get("kl") == "sampled":
        zero = torch.zeros_like(z)
        terms["kl"] = (log_normal(z, mean, log_variance) - log_normal(z, zero, zero)).sum(1).mean()
        del terms["kl_per_dim"]
        terms["total"] = terms["reconstruction"] + beta * terms["kl"]
    else:
        terms["total"] = terms["reconstruction"] + beta * terms["kl"]
    return terms


# ---- a case ----

def optimizer_of(train, params):
    kind, rate = train["optimizer"], train["learning_rate"]
    if kind == "sgd":
        return torch.optim.SGD(params, lr=rate, momentum=train.get("momentum", 0))
    kinds = {"adam": torch.optim.Adam, "adamax": torch.optim.Adamax}
    return kinds[kind](params, lr=rate, betas=(train["beta1"], train["beta2"]), eps=train["epsilon"])


def run(model, job, x):
    family, = job["families"]
    latent, gaussian = job.get("latent", 10), job["reconstruction"] == "gaussian"
    if family["model"] == "gmvae":
        return model.run_gmvae(x, latent, family, gaussian)
    return model.run(x, latent, gaussian)


def draw(case, seed):
    """Weights, batches and noise of a case: what stands in its .in.h5."""
    job, network = case["job"], case["network"]
    generator = np.random.Generator(np.random.PCG64([seed, zlib.crc32(job["name"].encode())]))
    batch, steps = job["train"]["batch"], case["steps"]
    model = Network(network, batch, generator)
    run(model, job, torch.zeros((batch,) + tuple(network["input"])))
    for name, factor in case.get("factors", {}).items():
        model.params[name] *= factor
    given = {"params/" + k: v.numpy() for k, v in {**model.params, **model.statistics}.items()}
    given["batch"] = generator.uniform(0, 1, (steps, batch) + tuple(network["input"])).astype(np.float32)
    for name, (shape, uniform) in model.streams.items():
        size = (steps, batch) + shape
        values = generator.uniform(0, 1, size) if uniform else generator.normal(0, 1, size)
        given["noise/" + name] = np.minimum(values.astype(np.float32), np.float32(1) if not uniform
                                            else np.nextafter(np.float32(1), np.float32(0))) if uniform \
            else values.astype(np.float32)
    return given, model


def replay(case, given, drawn, dtype):
    """All steps of the case in dtype: what stands in its .expected.h5."""
    job = case["job"]
    model = copy.deepcopy(drawn)
    model.making = False
    for table in (model.params, model.statistics):
        for k in table:
            table[k] = torch.tensor(given["params/" + k]).to(dtype)
    for p in model.params.values():
        p.requires_grad_(True)
    optimizer = optimizer_of(job["train"], list(model.params.values()))
    out = {}
    for t in range(case["steps"]):
        x = torch.tensor(given["batch"][t]).to(dtype)
        model.noise = {k: torch.tensor(given["noise/" + k][t]).to(dtype) for k in model.streams}
        passed = run(model, job, x)
        terms = losses(job, case["first_step"] + t, case["dataset_size"], x, passed)
        optimizer.zero_grad()
        terms["total"].backward()
        if t == 0:
            out.update({"grads/" + k: p.grad.numpy().copy() for k, p in model.params.items()})
            heads = passed[0] if isinstance(passed[0], dict) else {"mean": passed[0], "log_variance": passed[1]}
            out.update({"latents/" + k: v.detach().numpy().copy() for k, v in heads.items()})
        for k, v in terms.items():
            out.setdefault("loss/" + k, []).append(v.detach().numpy().astype(np.float64))
        optimizer.step()
    for table in (model.params, model.statistics):
        out.update({"params_after/" + k: v.detach().numpy().copy() for k, v in table.items()})
    return {k: np.array(v) for k, v in out.items()}


def distance(name, value, reference, before):
    """The two errors that the comparing test computes, as fractions of what it allows."""
    group = name.split("/")[0]
    worst = np.max(np.abs(value - reference)) / (np.max(np.abs(reference)) or 1.0) / TOLERANCES[group]
    update = 0.0
    if group == "params_after":
        update = np.linalg.norm(reference - before["params/" + name.split("/", 1)[1]])
        if update > 0:
            worst = max(worst, np.linalg.norm(value - reference) / update / TOLERANCES["update"])
    return worst, update


def record(case, folder, seed):
    name = case["job"]["name"]
    for attempt in range(50):
        given, drawn = draw(case, seed + attempt)
        expected = replay(case, given, drawn, torch.float64)
        single = replay(case, given, drawn, torch.float32)
        near = {k: distance(k, single[k], v, given) for k, v in expected.items()}
        worst = max(v[0] for v in near.values())
        if worst < case.get("near", 0.1):
            break
    else:
        sys.exit("%s: no draw whose float32 steps are near enough (%g of the tolerance)" % (name, worst))
    job = dict(case["job"])
    if "network" not in job:
        job["network"] = "./%s-network.yaml" % name
        dump(os.path.join(folder, name + "-network.yaml"), case["network"])
    dump(os.path.join(folder, name + ".yaml"), job)
    with h5py.File(os.path.join(folder, name + ".in.h5"), "w", libver=("earliest", "v110")) as f:
        f.attrs["first_step"] = case["first_step"]
        f.attrs["dataset_size"] = case["dataset_size"]
        for k, v in given.items():
            f.create_dataset(k, data=v, track_times=False)
    with h5py.File(os.path.join(folder, name + ".expected.h5"), "w", libver=("earliest", "v110")) as f:
        f.attrs["torch"] = str(torch.__version__)
        for k, v in expected.items():
            d = f.create_dataset(k, data=v if k.startswith("loss/") else v.astype(np.float32), track_times=False)
            if near[k][1] > 0:
                d.attrs["update_norm"] = near[k][1]
    print("%-32s attempt %d, float32 at %.3f of the tolerances" % (name, attempt, worst))


def dump(path, value):
    with open(path, "w") as f:
        f.write("# recorded by record_steps.py\n")
        yaml.safe_dump(value, f, default_flow_style=None, sort_keys=False, width=110)


# ---- the cases ----

OPTIMIZERS = {"adam": dict(optimizer="adam", learning_rate=0.002, beta1=0.9, beta2=0.999, epsilon=0.001),
              "adamax": dict(optimizer="adamax", learning_rate=0.002, beta1=0.9, beta2=0.999, epsilon=0.001),
              "sgd": dict(optimizer="sgd", learning_rate=0.003, momentum=0.9)}
FAMILIES = {"vae": dict(model="vae"), "beta_vae": dict(model="beta_vae", beta=4),
            "c_beta_vae": dict(model="c_beta_vae", beta=20, capacity=3, capacity_steps=40),
            "beta_tcvae_mws": dict(model="beta_tcvae", beta=6, estimator="mws"),
            "beta_tcvae_mss": dict(model="beta_tcvae", beta=6, estimator="mss")}


def case(name, family, network, reconstruction="bernoulli", optimizer="adam", batch=8, shards=2, latent=3, steps=3,
         first_step=0, iterations=100, dataset_size=700):
    train = dict(iterations=iterations, batch=batch, shards=shards, **OPTIMIZERS[optimizer])
    job = dict(name=name, dataset="none", latent=latent, reconstruction=reconstruction, train=train, seeds=[0],
               families=[family])
    if isinstance(network, str):  # a network file of the project, by its path
        job["network"] = network
        with open(network) as f:
            network = yaml.safe_load(f)
    return dict(job=job, network=network, steps=steps, first_step=first_step, dataset_size=dataset_size)


def conv(filters, kernel, stride=1, pad=0, **more):
    return {"conv": dict(filters=filters, kernel=kernel, stride=stride, pad=pad, **more)}


def deconv(filters, kernel, stride=1, pad=0, **more):
    return {"deconv": dict(filters=filters, kernel=kernel, stride=stride, pad=pad, **more)}


def dense(units, **more):
    return {"dense": dict(units=units, **more)}


def small_cases():
    vector = dict(input=[11], encoder=[dense(9, activation="tanh")], decoder=[dense(9, activation="tanh"), dense(11)])
    for family, options in FAMILIES.items():
        for reconstruction in ("bernoulli", "squared_error", "gaussian"):
            for optimizer in OPTIMIZERS:
                yield case("%s-%s-%s" % (family, reconstruction, optimizer), options, vector, reconstruction, optimizer,
                           first_step=17 if family == "c_beta_vae" else 0)
    yield case("c_beta_vae-start", FAMILIES["c_beta_vae"], vector, first_step=0)
    yield case("c_beta_vae-end", FAMILIES["c_beta_vae"], vector, first_step=39)
    yield case("c_beta_vae-default_steps", dict(model="c_beta_vae", beta=20, capacity=3), vector, first_step=50)
    epochs = case("c_beta_vae-epochs", dict(model="c_beta_vae", beta=20, capacity=3), vector, first_step=50)
    del epochs["job"]["train"]["iterations"]
    epochs["job"]["train"]["epochs"] = 2
    yield epochs
    for optimizer, change in (("adam", dict(epsilon=1e-8)), ("adamax", dict(epsilon=1e-8)), ("sgd", dict(momentum=0))):
        plain = case("optimizer-%s" % optimizer, FAMILIES["beta_vae"], vector, optimizer=optimizer)
        plain["job"]["train"].update(change)
        yield plain
    yield case("vae-beta", dict(model="vae", beta=2.5), vector)
    for family in FAMILIES:
        yield case("%s-shards" % family, FAMILIES[family], vector, batch=16, shards=8, first_step=5)
    yield case("beta_tcvae-small_data", dict(model="beta_tcvae", beta=4, estimator="mss"), vector, dataset_size=8)
    yield case("latent_one", FAMILIES["beta_vae"], vector, latent=1)
    for activation in ("relu", "tanh", "sigmoid", "elu", "none"):
        network = dict(input=[2, 7, 5],
                       encoder=[conv(5, 3, 2, 1, activation=activation), dense(7, activation=activation)],
                       decoder=[dense(4 * 4 * 3, activation=activation), {"reshape": [4, 4, 3]},
                                deconv(5, 3, 1, 1, activation=activation), deconv(2, 3, 2, 1, activation="none")])
        yield case("activation-%s" % activation, FAMILIES["beta_vae"], network)
    yield case("conv-strides", FAMILIES["beta_vae"], dict(
        input=[3, 12, 8],
        encoder=[conv(6, 4, 2, 1, activation="relu"), conv(9, 3, 1, 1, activation="elu"), conv(4, 2, 2, 0),
                 dense(10, activation="relu")],
        decoder=[dense(24, activation="relu"), {"reshape": [4, 3, 2]}, deconv(9, 2, 2, 0, activation="elu"),
                 deconv(5, 3, 1, 1, activation="tanh"), deconv(3, 4, 2, 1)]), batch=8, shards=4)
    yield case("pool-upsample", FAMILIES["beta_vae"], dict(
        input=[2, 8, 8],
        encoder=[conv(4, 3, 1, 1, activation="tanh"), {"maxpool": dict(kernel=2)}, conv(6, 3, 1, 1, activation="tanh"),
                 {"maxpool": dict(kernel=3, stride=2, pad=1)}, dense(8, activation="tanh")],
        decoder=[dense(24, activation="tanh"), {"reshape": [6, 2, 2]}, {"upsample": dict(factor=2)},
                 conv(4, 3, 1, 1, activation="tanh"), {"upsample": dict(factor=2)}, conv(2, 3, 1, 1)]))
    dropping = dict(
        input=[2, 6, 6],
        encoder=[conv(4, 4, 2, 1, activation="tanh"), {"dropout": dict(rate=0.25)}, dense(8, activation="elu"),
                 {"dropout": dict(rate=0.5)}],
        decoder=[dense(36, activation="tanh"), {"dropout": dict(rate=0.2)}, {"reshape": [4, 3, 3]}, deconv(2, 4, 2, 1)])
    yield case("dropout", FAMILIES["beta_vae"], dropping, shards=4)
    normed = dict(
        input=[2, 6, 6],
        encoder=[conv(4, 4, 2, 1, norm="batch", activation="relu"), dense(8, norm="batch", activation="tanh")],
        decoder=[dense(36, norm="batch", activation="relu"), {"reshape": [4, 3, 3]},
                 deconv(5, 3, 1, 1, norm="batch", activation="elu"), deconv(2, 4, 2, 1)])
    yield case("batch_norm", FAMILIES["beta_vae"], normed, shards=1)
    yield case("batch_norm-shards", FAMILIES["beta_tcvae_mws"], normed, batch=16, shards=8)
    yield case("vae-sampled", dict(model="vae", kl="sampled"), vector)
    yield case("vae-sampled-gaussian", dict(model="vae", kl="sampled", beta=2), vector, "gaussian")
    yield case("image-gaussian", FAMILIES["beta_vae"], dict(
        input=[1, 4, 4], encoder=[conv(3, 4, 2, 1, activation="tanh"), dense(6, activation="tanh")],
        decoder=[dense(6, activation="tanh"), dense(8, activation="tanh")]), "gaussian")
    yield from gmvae_cases()


def gmvae_cases():
    points = dict(input=[2], encoder=[dense(20, activation="tanh"), dense(20, activation="tanh")],
                  decoder=[dense(20, activation="tanh"), dense(20, activation="tanh")],
                  prior=[dense(16, activation="tanh")])
    # Channels that fill no block of 16, whose padding must not reach a gradient.
    normed = dict(input=[1, 12, 12],
                  encoder=[conv(6, 4, 2, 1, norm="batch", activation="relu"),
                           conv(8, 4, 2, 1, norm="batch", activation="relu"),
                           dense(24, norm="batch", activation="relu")],
                  decoder=[dense(72, norm="batch", activation="relu"), {"reshape": [8, 3, 3]},
                           deconv(6, 4, 2, 1, norm="batch", activation="relu"), deconv(1, 4, 2, 1)],
                  prior=[dense(16, activation="tanh")])
    dropping = dict(input=[6], encoder=[dense(16, activation="tanh"), {"dropout": dict(rate=0.25)}],
                    decoder=[dense(16, activation="tanh"), {"dropout": dict(rate=0.25)}, dense(6)],
                    prior=[dense(16, activation="tanh")])
    for samples in (1, 3):
        family = dict(model="gmvae", latent_w=2, components=4, samples=samples)
        of = "points-m%d" % samples
        yield case("gmvae-" + of, family, points, "gaussian", latent=2)
        for title, threshold in (("above", 0.05), ("below", 1.2)):
            yield case("gmvae-%s-threshold-%s" % (of, title), dict(family, z_prior_threshold=threshold), points,
                       "gaussian", latent=2)
        yield case("gmvae-norm-m%d" % samples, dict(family, latent_w=3), normed, latent=5, batch=16, shards=4)
    yield case("gmvae-one-dimension", dict(model="gmvae", latent_w=1, components=3), points, "gaussian", latent=1)
    yield case("gmvae-dropout", dict(model="gmvae", latent_w=2, components=3), dropping, "squared_error")
    far = case("gmvae-far", dict(model="gmvae", latent_w=2, components=5, samples=2), points, "gaussian", latent=3)
    far["factors"] = {"prior_mean.bias": 40}  # components so far apart that responsibilities are 0 and 1
    yield far


def large_cases():
    network = os.path.abspath(os.path.join(HERE, "../../configs/networks/conv64.yaml"))
    for family in ("beta_vae", "beta_tcvae_mws", "c_beta_vae"):
        yield case("conv64-" + family, FAMILIES[family], network, batch=64, shards=8, latent=10, steps=2,
                   first_step=20 if family == "c_beta_vae" else 0, dataset_size=7648)
    # By SGD: of thousands of weights some have a gradient of all but 0, whose sign is Adam's first step. The
    # components begin close together, as with prior_scale: 0.1; far apart in 200 dimensions their
    # responsibilities would be 0 and 1.
    for name, components in (("mnist", 16), ("svhn", 20)):
        network = os.path.abspath(os.path.join(HERE, "../../configs/networks/gmvae-%s.yaml" % name))
        full = case("gmvae-full-" + name, dict(model="gmvae", latent_w=150, components=components, samples=1), network,
                    optimizer="sgd", batch=16, latent=200, steps=2, dataset_size=60000)
        full["factors"] = {"x_mean.weight": 1 / 6, "prior_mean.weight": 0.1 / 6, "prior_mean.bias": 0.1,
                           "prior_log_variance.weight": 0.1}
        full["near"] = 0.5
        yield full


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("folder")
    a.add_argument("case", nargs="*", help="beginnings of names; without any: all but the largest")
    a.add_argument("--seed", type=int, default=0)
    o = a.parse_args()
    torch.use_deterministic_algorithms(True)
    os.makedirs(o.folder, exist_ok=True)
    large = any(c.startswith(("conv64", "gmvae-full")) for c in o.case)
    chosen = [c for c in (large_cases() if large else small_cases())
              if not o.case or any(c["job"]["name"].startswith(n) for n in o.case)]
    for c in chosen:
        record(c, o.folder, o.seed)
    return 0 if chosen else "no case has such a name"


if __name__ == "__main__":
    sys.exit(main())
