"""Augmentation: shifted copies of the training images."""

# %% Digits of 8 x 8 pixels, centered in their images. For a network with 64 inputs, a digit that is
# shifted by one pixel is a different input. Copies of the training images, shifted by one pixel,
# teach the network that the class does not change.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skscratch import MLPScratchClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X / 16, y, train_size=800, stratify=y, random_state=0
)

FOUR_SHIFTS = [(-1, 0), (1, 0), (0, -1), (0, 1)]
EIGHT_SHIFTS = [*FOUR_SHIFTS, (-1, -1), (-1, 1), (1, -1), (1, 1)]


def shift(X, down, right):
    """Return images shifted by at most one pixel in each direction, padded with zeros."""
    images = np.pad(X.reshape(-1, 8, 8), ((0, 0), (1, 1), (1, 1)))
    return images[:, 1 - down : 9 - down, 1 - right : 9 - right].reshape(len(X), 64)


def augment(X, y, shifts):
    """Return images and labels, followed by shifted copies and their labels."""
    return np.vstack([X, *(shift(X, *move) for move in shifts)]), np.tile(y, 1 + len(shifts))


# %% Networks are trained without copies, with four and with eight copies, for several sizes of the
# training set. All networks of one size process equally many images. They are tested on the test
# images and on test images shifted in the eight directions.
X_shifted, y_shifted = augment(X_test, y_test, EIGHT_SHIFTS)
X_shifted, y_shifted = X_shifted[len(X_test) :], y_shifted[len(X_test) :]


def train(X, y, shifts, seed=0):
    """Return a network trained on images and their shifted copies."""
    network = MLPScratchClassifier(
        hidden_layer_sizes=(100,),
        learning_rate_init=0.005,
        batch_size=64,
        max_iter=90 // (1 + len(shifts)),
        tol=0,
        n_iter_no_change=np.inf,
        random_state=seed,
    )
    return network.fit(*augment(X, y, shifts))


sizes = [100, 200, 400, 800]
copies = {"no copies": [], "four copies": FOUR_SHIFTS, "eight copies": EIGHT_SHIFTS}
accuracies = np.empty((len(copies), len(sizes), 2, 2))
for i, shifts in enumerate(copies.values()):
    for j, size in enumerate(sizes):
        for seed in range(2):
            rows = np.random.default_rng(seed).permutation(len(X_train))[:size]
            network = train(X_train[rows], y_train[rows], shifts, seed)
            scores = network.score(X_test, y_test), network.score(X_shifted, y_shifted)
            accuracies[i, j, seed] = scores
means = accuracies.mean(axis=2)
print("Accuracy on centered | shifted test images, by the number of training images")
print(" " * 12, *(f"{size:^15}" for size in sizes))
for name, row in zip(copies, means, strict=True):
    print(f"{name:12}", *(f" {centered:.3f} | {shifted:.3f} " for centered, shifted in row))

# Augmentation is an assumption about new images. If they are shifted, it increases the accuracy
# more than eight times as many training images. If they are not, it can reduce the accuracy. Copies
# are added to the training set only, after the split.

# %% The figure shows a digit and its copies, and the accuracies on centered and shifted images.
figure, (digit, centered, shifted) = plt.subplots(1, 3, figsize=(12, 4.2), layout="constrained")
mosaic = np.full((3, 9, 3, 9), np.nan)
for down, right in [(0, 0), *EIGHT_SHIFTS]:
    image = shift(X_train[y_train == 3][:1], down, right)
    mosaic[1 + down, :8, 1 + right, :8] = image.reshape(8, 8)
digit.imshow(mosaic.reshape(27, 27)[:26, :26], cmap="gray_r")
digit.set(title="A digit and its copies", xticks=[], yticks=[], facecolor="lightsteelblue")
for ax, title, part in (
    (centered, "Centered test images (from 0.8)", 0),
    (shifted, "Shifted test images (from 0.2)", 1),
):
    for name, mean in zip(copies, means[..., part], strict=True):
        ax.plot(sizes, mean, "o-", label=name)
    ax.set(title=title, xlabel="training images", ylabel="accuracy", xscale="log")
    ax.set_xticks(sizes, sizes)
    ax.minorticks_off()
centered.set_ylim(0.8, 1)
shifted.set_ylim(0.2, 1)
shifted.legend()

plt.show()
