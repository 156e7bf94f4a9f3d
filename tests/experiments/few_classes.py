"""Classifiers of a few classes, for tests of segmentation."""

import torch
from torch import nn


class FewClasses(nn.Module):
    """A classifier of one class or some, each seen where its bias lets it."""

    def __init__(self, *bias, weight=1.0):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU())
        classes = nn.Linear(4, len(bias))
        nn.init.constant_(classes.weight, weight)
        classes.bias = nn.Parameter(torch.tensor(bias))
        self.classifier = nn.Sequential(classes)

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))
