"""Fashion-MNIST from raw files to a judged, traceable classifier. Start reading at params.yaml and dvc.yaml."""
