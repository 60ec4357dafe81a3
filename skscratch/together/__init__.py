"""Fits that meet: what scikit-learn runs through joblib, trained together.

``backend`` is the joblib backend, whose tasks are threads. They meet in ``meeting``, which says who
runs, who waits, and when what waits is trained. ``rounds`` cuts it into stacks and trains them,
here or in workers; ``stacks`` trains one. ``memory`` keeps equal data once, and fits that may be
continued; ``notes`` says once what many fits warn of.
"""
