"""Custom images: preprocessing that matches the training data."""

# %% A network trained on the digits of scikit-learn.
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image, ImageDraw
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skscratch import MLPScratchClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, random_state=0)
clf = MLPScratchClassifier(
    (64,),
    learning_rate_init=0.005,
    dropout=0.2,
    batch_size=64,
    max_iter=40,
    tol=0,
    random_state=0,
)
clf.fit(X_train, y_train)
print(f"Test accuracy {clf.score(X_test, y_test):.3f}")

# %% The new images are drawn with dark ink on gray paper of uneven brightness, and saved as files.
# Replace them with photographs of handwritten digits.
temporary = tempfile.TemporaryDirectory()
folder = Path(temporary.name)
full_turn = np.linspace(0, 2 * np.pi, 40)


def arc(x, y, width, height, start=0.0, stop=1.0):
    """Return points on an ellipse; angles start on the right and increase clockwise."""
    angles = full_turn * (stop - start) + start * 2 * np.pi
    return list(zip(x + width * np.cos(angles), y + height * np.sin(angles), strict=True))


STROKES = [
    [arc(0.5, 0.5, 0.27, 0.4)],
    [[(0.38, 0.28), (0.55, 0.1), (0.55, 0.9)]],
    [[*arc(0.5, 0.3, 0.24, 0.2, -0.5, 0.1), (0.25, 0.88), (0.78, 0.88)]],
    [arc(0.47, 0.3, 0.22, 0.19, -0.4, 0.25), arc(0.47, 0.69, 0.26, 0.2, -0.25, 0.4)],
    [[(0.6, 0.1), (0.24, 0.6), (0.8, 0.6)], [(0.62, 0.4), (0.6, 0.92)]],
    [[(0.72, 0.12), (0.36, 0.12), (0.32, 0.45), *arc(0.48, 0.65, 0.25, 0.23, -0.35, 0.4)]],
    [[(0.62, 0.1), (0.36, 0.45), *arc(0.5, 0.68, 0.21, 0.21, -0.5, 0.5)]],
    [[(0.26, 0.14), (0.76, 0.14), (0.45, 0.9)], [(0.36, 0.52), (0.7, 0.5)]],
    [arc(0.5, 0.29, 0.19, 0.18), arc(0.5, 0.69, 0.23, 0.21)],
    [[*arc(0.5, 0.32, 0.21, 0.21), (0.68, 0.5), (0.6, 0.92)]],
]


def draw(digit, path):
    """Draw a digit at a random position on a sheet of paper, and save it."""
    rng = np.random.default_rng(digit)
    sheet = Image.new("L", (300, 400), 0)
    pen = ImageDraw.Draw(sheet)
    left, top = rng.uniform(20, 100, size=2)
    for stroke in STROKES[digit]:
        points = [(left + 180 * x, top + 240 * y) for x, y in stroke]
        pen.line(points, fill=255, width=22, joint="curve")
    paper = np.linspace(230, 170, 300) + rng.normal(scale=5, size=(400, 300))
    ink = np.asarray(sheet) / 255
    Image.fromarray((paper * (1 - ink) + 60 * ink).clip(0, 255).astype(np.uint8)).save(path)


paths = [folder / f"{digit}.png" for digit in range(10)]
for digit, path in enumerate(paths):
    draw(digit, path)

# %% In the training data, digits fill images of 8 x 8 pixels, and each value is the proportion of
# ink. Other inputs lead to wrong predictions with high probabilities. New images therefore need the
# same preprocessing: ink is 1 and paper 0, the digit is cropped and centered, and the image is
# reduced to 8 x 8 means.


def read(path):
    """Return the gray values of an image file, between 0 and 1."""
    return np.asarray(Image.open(path).convert("L")) / 255


def find_ink(gray):
    """Return 1 for pixels that are much darker than the lightest pixel of their column."""
    return (gray < gray.max(axis=0) - 0.35).astype(float)


def crop(ink):
    """Return the smallest square that contains the ink, with the ink in its center."""
    rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    side = max(ink.shape)
    square = np.zeros((side, side))
    top, left = ((side - length) // 2 for length in ink.shape)
    square[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return square


def reduce(image):
    """Return the means of 8 x 8 blocks."""
    small = Image.fromarray(image.astype(np.float32)).resize((8, 8), Image.Resampling.BOX)
    return np.asarray(small).ravel()


PREPROCESSING = {
    "none": lambda gray: reduce(gray),
    "ink": lambda gray: reduce(find_ink(gray)),
    "ink, cropped": lambda gray: reduce(crop(find_ink(gray))),
}
print("\nPreprocessing   predicted digits        accuracy   mean probability")
for name, prepare in PREPROCESSING.items():
    images = np.array([prepare(read(path)) for path in paths])
    probabilities = clf.predict_proba(images)
    predicted = probabilities.argmax(axis=1)
    accuracy, confidence = np.mean(predicted == np.arange(10)), probabilities.max(axis=1).mean()
    print(f"{name:15} {predicted} {accuracy:10.0%} {confidence:18.0%}")

# %% The figure shows the drawn digits, the inputs of the network, and its probabilities.
figure, axes = plt.subplots(
    3, 10, figsize=(14, 4.6), height_ratios=[1.3, 1, 0.8], layout="constrained"
)
for digit, (sheet, small, bars) in enumerate(axes.T):
    sheet.imshow(read(paths[digit]), cmap="gray", vmin=0, vmax=1)
    small.imshow(images[digit].reshape(8, 8), cmap="gray", vmin=0, vmax=1)
    for ax in (sheet, small):
        ax.set(xticks=[], yticks=[])
    color = "tab:green" if predicted[digit] == digit else "tab:red"
    bars.bar(range(10), probabilities[digit], color=color)
    bars.set(ylim=(0, 1), xticks=range(10), yticks=[0, 1] if digit == 0 else [])
    bars.tick_params(axis="x", labelsize=6)
    sheet.set_title(f"predicted: {predicted[digit]}", color=color, fontsize="medium")
for ax, label in zip(axes[:, 0], ("drawing", "input", "probability"), strict=True):
    ax.set_ylabel(label)

plt.show()
temporary.cleanup()
