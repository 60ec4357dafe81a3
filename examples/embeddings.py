"""Embeddings: a hidden layer with two neurons places digits in a plane."""

# %% The last hidden layer has two neurons, so the network describes each image by two numbers, and
# hidden_outputs returns them. The first two principal components do not use the labels.
import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier

from skscratch import MLPScratchClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, random_state=0)
network = MLPScratchClassifier(
    (128, 2),
    activation=["tanh", "identity"],
    batch_size=32,
    learning_rate_init=0.005,
    max_iter=150,
    tol=0,
    random_state=0,
).fit(X_train, y_train)
embeddings = {
    "Principal components": PCA(2, random_state=0).fit(X_train).transform,
    "A hidden layer of two neurons": network.hidden_outputs,
}

# %% Both are features for other estimators. The nearest neighbors in the plane of the network
# classify new digits almost as accurately as the network itself.
print(f"network: accuracy {network.score(X_test, y_test):.3f} on the test set")
figure, axes = plt.subplots(1, 2, figsize=(12, 5.4), layout="constrained")
for ax, (title, embed) in zip(axes, embeddings.items(), strict=True):
    neighbors = KNeighborsClassifier().fit(embed(X_train), y_train)
    points = embed(X_test)
    accuracy = neighbors.score(points, y_test)
    print(f"neighbors, {title.lower()}: {accuracy:.3f}")
    image = ax.scatter(*points.T, c=y_test, cmap="tab10", vmin=-0.5, vmax=9.5, s=12)
    ax.set(title=f"{title}: {accuracy:.0%} by neighbors", xticks=[], yticks=[])
figure.colorbar(image, ax=axes, ticks=range(10), label="digit")
plt.show()
