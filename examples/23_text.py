"""Text classification with sparse input: topics of docstrings."""

# %% The corpus consists of the docstrings of Python's standard library, so that the numbers depend
# slightly on the version of Python. Duplicates are removed, because they could be in both training
# and test data, and so are texts with several topics.
import inspect
import warnings
from importlib import import_module

import matplotlib.pyplot as plt
import numpy as np
from scipy.sparse import eye_array
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import StratifiedKFold, cross_val_predict, cross_validate
from sklearn.naive_bayes import ComplementNB
from sklearn.pipeline import make_pipeline

from skscratch import MLPScratchClassifier

TOPICS = {
    "code": "ast dis importlib.abc importlib.metadata inspect symtable tokenize traceback",
    "concurrency": "asyncio concurrent.futures multiprocessing queue subprocess threading",
    "data": "configparser csv json pickle plistlib shelve xml.dom.minidom xml.etree.ElementTree",
    "dates": "calendar datetime sched time zoneinfo",
    "email": "email.charset email.header email.message email.policy email.utils mailbox",
    "files": "filecmp fileinput glob gzip io os pathlib shutil tarfile tempfile zipfile",
    "network": "ftplib http.client http.server imaplib ipaddress smtplib socket urllib.request",
    "numbers": "cmath decimal fractions math numbers random statistics",
    "testing": "doctest logging logging.handlers pdb timeit unittest unittest.mock warnings",
}


def docstrings(module_name):
    """Return the docstrings of a module's public functions and classes, and of their methods."""
    module = import_module(module_name)
    names = getattr(module, "__all__", dir(module))
    public = [getattr(module, name) for name in names if not name.startswith("_")]
    methods = [
        method
        for cls in public
        if inspect.isclass(cls)
        for name, method in vars(cls).items()
        if not name.startswith("_")
    ]
    texts = [getattr(thing, "__doc__", None) for thing in public + methods]
    return {text for text in texts if isinstance(text, str) and len(text.split()) >= 5}


topics_of = {}
for topic, module_names in TOPICS.items():
    for module_name in module_names.split():
        for text in docstrings(module_name):
            topics_of.setdefault(text, set()).add(topic)
texts = np.array(sorted(text for text, topics in topics_of.items() if len(topics) == 1))
y = np.array([min(topics_of[text]) for text in texts])
print(f"{len(texts)} texts:", end=" ")
print(", ".join(f"{count} {topic}" for topic, count in zip(*np.unique_counts(y), strict=True)))

# %% TF-IDF represents each text as a row with a number for each word of the corpus. Most numbers
# are 0. The network is trained on the sparse matrix without converting it to a dense array.
vectorizer = TfidfVectorizer(sublinear_tf=True, min_df=2)
X = vectorizer.fit_transform(texts)
dense = X.dtype.itemsize * np.prod(X.shape)
print(f"{X.shape[1]} words, {X.nnz / X.shape[0]:.0f} per text on average:", end=" ")
print(f"{X.data.nbytes / 1e6:.1f} MB of values instead of {dense / 1e6:.0f}")

# %% The network is compared with common models for text. In a pipeline, the vectorizer is fitted in
# each fold. The network's convergence warning is expected, because it is trained for few epochs.
warnings.simplefilter("ignore", ConvergenceWarning)
models = {
    "ComplementNB": ComplementNB(),
    "LogisticRegression": LogisticRegression(C=10, max_iter=1000),
    "MLPScratchClassifier": MLPScratchClassifier(
        (64,), learning_rate_init=0.005, batch_size=64, max_iter=10, random_state=0
    ),
}
folds = StratifiedKFold(n_splits=3, shuffle=True, random_state=0)
print("\n                       accuracy          seconds per fit")
for name, model in models.items():
    scores = cross_validate(make_pipeline(vectorizer, model), texts, y, cv=folds)
    accuracy, seconds = scores["test_score"], scores["fit_time"]
    print(f"{name:22} {accuracy.mean():.3f} +- {accuracy.std():.3f} {seconds.mean():10.2f}")

# %% To interpret the network, it is evaluated on texts of a single word, for all words at once: a
# sparse identity matrix. Of the words with a probability above 98%, the most frequent ones are
# shown.
pipeline = make_pipeline(vectorizer, models["MLPScratchClassifier"]).fit(texts, y)
words = vectorizer.get_feature_names_out()
probabilities = pipeline[-1].predict_proba(eye_array(len(words), format="csr"))
n_texts = X.count_nonzero(axis=0)
frequent_words = {
    topic: ", ".join(words[np.where(column > 0.98, n_texts, 0).argsort()[:-8:-1]])
    for topic, column in zip(pipeline.classes_, probabilities.T, strict=True)
}
print("\nMost frequent words with a probability above 98%")
for topic, best_words in frequent_words.items():
    print(f"    {topic:12} {best_words}")

# %% The figure shows the confusion matrix of the topics, from cross-validated predictions, and
# these words.
figure, ax = plt.subplots(figsize=(9.7, 5), layout="constrained")
ConfusionMatrixDisplay.from_predictions(
    y,
    cross_val_predict(pipeline, texts, y, cv=folds),
    normalize="true",
    values_format=".0%",
    xticks_rotation=45,
    cmap="Blues",
    colorbar=False,
    text_kw={"fontsize": "small"},
    ax=ax,
)
ax.set(title="Topics of docstrings", xlabel="predicted topic", ylabel="topic", anchor="W")
plt.setp(ax.get_xticklabels(), ha="right", rotation_mode="anchor")
ax.text(9, -0.62, "Words with a probability above 98%", fontsize="large", va="bottom")
for row, best_words in enumerate(frequent_words.values()):
    ax.text(9, row, best_words, va="center")

plt.show()
