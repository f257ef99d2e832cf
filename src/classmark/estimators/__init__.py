"""scikit-learn's estimators: classmark's models as some, and anyone's judged; torch is loaded by `fit` and `predict` alone."""
