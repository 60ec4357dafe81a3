"""Share a trained pipeline: a file that runs no code when it is opened, and a card that tells."""

# %% A pipeline that reads handwritten digits.
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import ConfusionMatrixDisplay, accuracy_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import MLPScratchClassifier

began = perf_counter()

try:
    import skops.io
    from skops.card import Card
except ImportError:
    print("This example needs skops: pip install skops")
    sys.exit()

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, stratify=y, random_state=0)
pipeline = make_pipeline(
    StandardScaler(),
    MLPScratchClassifier((64,), dropout=0.2, early_stopping=True, random_state=0),
)
pipeline.fit(X_train, y_train)
probabilities = pipeline.predict_proba(X_test)
metrics = {
    "accuracy": accuracy_score(y_test, pipeline.predict(X_test)),
    "log loss": log_loss(y_test, probabilities),
}

# %% What it learned and what it confuses, for the card.
network = pipeline[-1]
figure, (curves, matrix) = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
epochs = range(1, network.n_iter_ + 1)
curves.plot(epochs, network.history_["data_loss"], label="training")
curves.plot(epochs, network.history_["validation_loss"], label="validation")
curves.set(xlabel="epoch", ylabel="loss", title="Training", ylim=(0, None))
curves.legend()
ConfusionMatrixDisplay.from_estimator(
    pipeline, X_test, y_test, ax=matrix, colorbar=False, cmap="Blues"
)
matrix.set(title=f"{len(y_test)} test digits")
path = Path(__file__).parent / "figures" / "model_card.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=100)

# %% A pickle can run any code when it is opened. skops' files are arrays, values and names of
# types, and of the types that do not come from scikit-learn or NumPy, a reader sees which they are
# before opening: the network is made of one alone.
with TemporaryDirectory() as folder:
    file = Path(folder) / "digits.skops"
    skops.io.dump(pipeline, file)
    types = skops.io.get_untrusted_types(file=file)
    print(f"{file.name}: {file.stat().st_size / 1000:.0f} kB, types to trust: {types}")
    loaded = skops.io.load(file, trusted=types)
    print("The same predictions:", np.array_equal(loaded.predict_proba(X_test), probabilities))

    # %% The card is a Markdown file with the parameters and a diagram of the pipeline; what it is
    # for and where it fails is for you to say.
    card = Card(pipeline)
    card.add(
        **{
            "Model description/Intended uses & limitations": (
                "Digits of 8 x 8 pixels, as scikit-learn's `load_digits` has them. No others: it "
                "answers with one of ten classes, whatever it is shown."
            ),
            "How to Get Started with the Model": (
                "```python\n"
                "import skops.io\n\n"
                f"pipeline = skops.io.load({file.name!r}, trusted={types})\n"
                "```"
            ),
        }
    )
    card.add_metrics(**{name: f"{value:.3f}" for name, value in metrics.items()})
    card.add_plot(**{"Evaluation Results/Training and test": str(path)})
    readme = Path(folder) / "README.md"
    card.save(readme)
    lines = readme.read_text("utf-8").splitlines()
    print(f"{readme.name}: {len(lines)} lines, with the sections")
    print(*(line for line in lines if line.startswith("#")), sep="\n")

print(f"Figure: {path}, after {perf_counter() - began:.0f} seconds")
