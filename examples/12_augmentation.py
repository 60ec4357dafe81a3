"""Augmentation: more training images, made from those there are."""

# %% Digits of 8 x 8 pixels, each in the middle of its image. To a network that sees 64 numbers, the
# same digit one pixel further to the left is another one. We know better, and can tell it by
# examples: copies of the training images, moved by one pixel.
from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skscratch import MLPScratchClassifier

began = perf_counter()

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X / 16, y, train_size=800, stratify=y, random_state=0
)

FOUR = [(-1, 0), (1, 0), (0, -1), (0, 1)]
EIGHT = [*FOUR, (-1, -1), (-1, 1), (1, -1), (1, 1)]


def moved(X, down, right):
    """Return images moved by one pixel or none; what enters at the edge is empty."""
    images = np.pad(X.reshape(-1, 8, 8), ((0, 0), (1, 1), (1, 1)))
    return images[:, 1 - down : 9 - down, 1 - right : 9 - right].reshape(len(X), 64)


def augmented(X, y, moves):
    """Return images and labels, followed by those of their copies."""
    return np.vstack([X, *(moved(X, *move) for move in moves)]), np.tile(y, 1 + len(moves))


# %% Train with no copies, four and eight, on few images and on many; every network is shown as many
# images in all. Test on the test images as they are, and moved in the eight directions.
X_moved, y_moved = augmented(X_test, y_test, EIGHT)
X_moved, y_moved = X_moved[len(X_test) :], y_moved[len(X_test) :]


def train(X, y, moves, seed=0):
    """Return a network trained on images and their copies."""
    network = MLPScratchClassifier(
        hidden_layer_sizes=(100,),
        learning_rate_init=0.005,
        batch_size=64,
        max_iter=135 // (1 + len(moves)),
        tol=0,
        n_iter_no_change=np.inf,
        random_state=seed,
    )
    return network.fit(*augmented(X, y, moves))


sizes = [100, 200, 400, 800]
copies = {"no copies": [], "four copies": FOUR, "eight copies": EIGHT}
accuracies = np.empty((len(copies), len(sizes), 2, 2))
for i, moves in enumerate(copies.values()):
    for j, size in enumerate(sizes):
        for seed in range(2):
            rows = np.random.default_rng(seed).permutation(len(X_train))[:size]
            network = train(X_train[rows], y_train[rows], moves, seed)
            scores = network.score(X_test, y_test), network.score(X_moved, y_moved)
            accuracies[i, j, seed] = scores
means = accuracies.mean(axis=2)
print("Accuracy on test images as they are | moved, by the number of training images")
print(" " * 12, *(f"{size:^15}" for size in sizes))
for name, row in zip(copies, means, strict=True):
    print(f"{name:12}", *(f" {still:.3f} | {move:.3f} " for still, move in row))

# Copies are a statement about the images to come. If these are moved it is true, and worth more
# than eight times as many images. If not it is false: the network spends itself on what it never
# meets. And copies are for training only, made after the test images are set aside.

# %% A digit and its copies, and what copies do for images in the middle and for moved ones.
figure, (digit, still, move) = plt.subplots(1, 3, figsize=(15, 4.8), layout="constrained")
mosaic = np.full((3, 9, 3, 9), np.nan)
for down, right in [(0, 0), *EIGHT]:
    image = moved(X_train[y_train == 3][:1], down, right)
    mosaic[1 + down, :8, 1 + right, :8] = image.reshape(8, 8)
digit.imshow(mosaic.reshape(27, 27)[:26, :26], cmap="gray_r")
digit.set(title="A digit and its copies", xticks=[], yticks=[], facecolor="lightsteelblue")
for ax, title, part in ((still, "Test images as they are", 0), (move, "Test images, moved", 1)):
    for name, mean in zip(copies, means[..., part], strict=True):
        ax.plot(sizes, mean, "o-", label=name)
    ax.set(title=title, xlabel="training images", ylabel="accuracy", xscale="log")
    ax.set_xticks(sizes, sizes)
    ax.minorticks_off()
move.legend()

path = Path(__file__).parent / "figures" / "12_augmentation.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=100)
print(f"Figure: {path}, after {perf_counter() - began:.0f} seconds")
