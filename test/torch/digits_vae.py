"""A VAE on scikit-learn's digits (8x8, 0 to 16) as a person would write it in PyTorch; prints its mean test loss, in nats.

    python3 digits_vae.py TABLE.csv.gz SEED EPOCHS
"""
import gzip
import sys

import torch
from torch import nn
from torch.nn import functional as F

TRAIN, BATCH, LATENT, HIDDEN = 1500, 50, 8, 64
path, seed, epochs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.manual_seed(seed)
with gzip.open(path, "rt") as file:
    rows = torch.tensor([[float(x) for x in line.split(",")] for line in file])
pixels = rows[:, :64] / 16
train, test = pixels[:TRAIN], pixels[TRAIN:]


class Vae(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(64, HIDDEN), nn.ReLU())
        self.mu, self.log_var = nn.Linear(HIDDEN, LATENT), nn.Linear(HIDDEN, LATENT)
        self.decoder = nn.Sequential(nn.Linear(LATENT, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 64))

    def loss(self, x):
        """Summed over pixels and code, mean over rows."""
        top = self.encoder(x)
        mu, log_var = self.mu(top), self.log_var(top)
        z = mu + torch.randn_like(mu) * torch.exp(log_var / 2)
        bce = F.binary_cross_entropy_with_logits(self.decoder(z), x, reduction="sum")
        kl = 0.5 * (mu**2 + log_var.exp() - 1 - log_var).sum()
        return (bce + kl) / len(x)


model = Vae()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for _ in range(epochs):
    for batch in train[torch.randperm(TRAIN)].split(BATCH):
        optimizer.zero_grad()
        model.loss(batch).backward()
        optimizer.step()
with torch.no_grad():
    print(sum(model.loss(test).item() for _ in range(20)) / 20)
