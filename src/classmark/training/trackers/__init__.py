"""Where else a run is written down: TensorBoard, MLflow, Weights & Biases; one module each."""
